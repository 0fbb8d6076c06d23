"""A Wiro on your own machine: HTTP and WebSocket on one loopback port, written from the protocol and never from the client."""

try:
    import python_multipart
    import starlette
    import uvicorn
except ImportError as exc:
    raise ImportError(
        'The sandbox needs three more packages: pip install "wiro-widgets[sandbox]"', name=exc.name
    ) from exc

from wiro_widgets.sandbox.recorder import ReceivedRequest
from wiro_widgets.sandbox.server import SandboxServer
from wiro_widgets.sandbox.settings import SandboxSettings

__all__ = ["ReceivedRequest", "SandboxServer", "SandboxSettings"]

del python_multipart, starlette, uvicorn
