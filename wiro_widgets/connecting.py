"""`connect`: your Wiro project, or a sandbox where there is none; the one line that a notebook begins with."""

from __future__ import annotations

import atexit
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.credentials import KEY_NAME
from wiro_widgets.protocol.errors import ConfigurationError

if TYPE_CHECKING:
    from wiro_widgets.local import Sandbox

_SANDBOX_LINE = (
    f"No {KEY_NAME} was found: this is a sandbox on this machine; its pictures are drawn, not generated."
)
_OF_A_PROJECT = {"api_key", "api_secret", "base_url", "socket_url"}


def connect(**settings: Any) -> Client:
    """Return a Client for your Wiro project, or one for a sandbox on this machine where no key is found.

    `settings` are those of Client. The sandbox is started once, says so, and lives as long as the process.
    Raises ConfigurationError.
    """
    try:
        return Client(**settings)
    except ConfigurationError as error:
        if _OF_A_PROJECT & settings.keys() or os.environ.get(KEY_NAME):
            raise
        missing = error
    try:
        sandbox = _shared_sandbox()
    except ImportError as error:
        raise ConfigurationError(f"{missing} {error}") from None
    print(_SANDBOX_LINE)  # noqa: T201 - the one line that a notebook shows
    return sandbox.client(**settings)


@lru_cache(maxsize=1)
def _shared_sandbox() -> Sandbox:
    from wiro_widgets.local import Sandbox  # noqa: PLC0415 - an extra that a project with a key does not need

    sandbox = Sandbox().start()
    atexit.register(sandbox.close)
    return sandbox
