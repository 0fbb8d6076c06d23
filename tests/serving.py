"""Starts a server for tests as a process group of its own, waits until it answers, and ends it with the block."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

START_SECONDS = 90  # a slow machine that starts other things too


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    answers_at: str,
    headers: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Run a command until the block ends, which begins when the address answers."""
    with tempfile.TemporaryDirectory(prefix="wiro-server-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "server.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            _wait_until_it_answers(process, answers_at, headers or {}, log)
            yield
        finally:
            _end(process)


def environment(own: Mapping[str, object]) -> dict[str, str]:
    """Return this process's variables without WIRO_ ones, and `own` over them."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("WIRO_")}
    return variables | {name: str(value) for name, value in own.items()}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], address: str, headers: Mapping[str, str], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            request = urllib.request.Request(address, headers=dict(headers))  # noqa: S310 - our own loopback server
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - the same
            return
    raise RuntimeError(f"The server did not start; its log ends with:\n{log.read_text()[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
            return
