"""`wiro-widgets sandbox`: a Wiro on this machine, until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from wiro_widgets.commands import console
from wiro_widgets.protocol.errors import ConfigurationError

POLL_SECONDS = 0.1  # between looks at whether a signal has come


def main(port: int, workers: int, speed: float, faults: Sequence[str]) -> int:
    """Serve; once it listens, print exactly four `export` lines on stdout. Everything else goes to stderr."""
    try:
        from wiro_widgets.sandbox import SandboxServer, parse_faults  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(str(error)) from error
    try:
        server = SandboxServer(port, workers=workers, speed=speed, faults=parse_faults(list(faults)))
        server.start()
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"The sandbox cannot start: {error}") from error
    signals = note_signals()
    with server:
        if not console.out(exports(server.base_url, server.socket_url, server.api_key, server.api_secret)):
            return 1
        console.err(f"The sandbox serves {server.base_url}; Ctrl-C ends it.")
        while not signals:
            time.sleep(POLL_SECONDS)
    return 0


def note_signals() -> list[int]:
    """Return a list that gets each SIGINT and SIGTERM from now on.

    A handler runs inside of whatever the main thread does, so it takes no lock: an Event that is waited for has one.
    """
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: signals.append(number))
    return signals


def list_faults() -> int:
    """Print what a sandbox can do wrong, a line each."""
    try:
        from wiro_widgets.sandbox import fault_catalogue  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(str(error)) from error
    lines = [f"{name:24} {words}" for name, words in fault_catalogue().items()]
    return 0 if console.out("\n".join(lines)) else 1


def exports(base_url: str, socket_url: str, api_key: str, api_secret: str) -> str:
    """Return the four lines that point a shell at a Wiro."""
    names = ("WIRO_BASE_URL", "WIRO_SOCKET_URL", "WIRO_API_KEY", "WIRO_API_SECRET")
    values = (base_url, socket_url, api_key, api_secret)
    return "\n".join(f"export {name}={value}" for name, value in zip(names, values, strict=True))
