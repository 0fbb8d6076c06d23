"""`wiro-widgets sandbox`: a Wiro on this machine, until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence

from wiro_widgets.commands import console
from wiro_widgets.protocol.errors import ConfigurationError

POLL_SECONDS = 0.1  # between looks at whether a signal has come


def main(
    *, port: int, workers: int, speed: float, faults: Sequence[str], lists_faults: bool, as_json: bool
) -> int:
    """Serve; once it listens, print exactly four `export` lines on stdout. Everything else goes to stderr."""
    if lists_faults:
        return _list_faults(as_json=as_json)
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
        variables = {
            "WIRO_BASE_URL": server.base_url,
            "WIRO_SOCKET_URL": server.socket_url,
            "WIRO_API_KEY": server.api_key,
            "WIRO_API_SECRET": server.api_secret,
        }
        exports = "\n".join(f"export {name}={value}" for name, value in variables.items())
        if not (console.out_json(variables) if as_json else console.out(exports)):
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


def _list_faults(*, as_json: bool) -> int:
    """Print what a sandbox can do wrong, a line each."""
    try:
        from wiro_widgets.sandbox import fault_catalogue  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(str(error)) from error
    faults = fault_catalogue()
    if as_json:
        results = [console.out_json({"name": name, "description": words}) for name, words in faults.items()]
        return 0 if all(results) else 1
    return 0 if console.out("\n".join(f"{name:24} {words}" for name, words in faults.items())) else 1
