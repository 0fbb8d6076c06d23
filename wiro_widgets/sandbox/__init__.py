"""A Wiro on your own machine: HTTP and WebSocket on one loopback port.

It is written from the protocol and never imports the client, so that one mistake cannot hide in both.
"""

try:
    import python_multipart
    import starlette
    import uvicorn
except ImportError as exc:
    raise ImportError(
        'The sandbox needs three more packages: pip install "wiro-widgets[sandbox]"', name=exc.name
    ) from exc

from wiro_widgets.sandbox.faults.faults import Calls, Faults, fault_catalogue, parse_faults
from wiro_widgets.sandbox.server import SandboxServer
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.world import ReceivedRequest

__all__ = [
    "Calls",
    "Faults",
    "ReceivedRequest",
    "SandboxServer",
    "SandboxSettings",
    "fault_catalogue",
    "parse_faults",
]

del python_multipart, starlette, uvicorn
