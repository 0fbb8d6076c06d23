"""`connect`: a client of your Wiro project, or of a sandbox where there is no key; how a notebook begins."""

from __future__ import annotations

import atexit
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.credentials import KEY_NAME
from wiro_widgets.protocol.errors import ConfigurationError

if TYPE_CHECKING:
    from wiro_widgets.local_sandbox import Sandbox

_SANDBOX_LINE = (
    f"No {KEY_NAME} was found: this is a sandbox on this machine; its pictures are drawn, not generated."
)
_PROJECT_SETTINGS = {"api_key", "api_secret", "base_url", "socket_url"}


def connect(**settings: Any) -> Client:
    """Return a Client for your Wiro project, or one for a sandbox on this machine if no key is found.

    `settings` are those of Client. The sandbox is started once, prints one line, and lives as long as the process.
    Raises ConfigurationError.

    >>> client = connect()
    >>> client.is_sandbox
    """
    try:
        return Client(**settings)
    except ConfigurationError as error:
        if _PROJECT_SETTINGS & settings.keys() or os.environ.get(KEY_NAME):
            raise
        no_key = error
    try:
        sandbox = shared_sandbox()
    except ImportError as error:
        raise ConfigurationError(f"{no_key} {error}") from None
    print(_SANDBOX_LINE)  # noqa: T201 - the one line that a notebook shows
    return sandbox.client(**settings)


@lru_cache(maxsize=1)
def shared_sandbox() -> Sandbox:
    """Return the process's sandbox, started; raises ImportError if its packages are not installed."""
    # Imported here, so that a project with a key needs neither the extra nor the time that a web server takes to load.
    from wiro_widgets.local_sandbox import Sandbox  # noqa: PLC0415 - the reason above

    sandbox = Sandbox().start()
    atexit.register(sandbox.close)
    return sandbox
