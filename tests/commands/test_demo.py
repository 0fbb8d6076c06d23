"""`wiro-widgets demo`."""

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.commands.terminal import Terminal, descendants


def _ask(url: str, path: str, method: str = "GET") -> bytes:
    """Ask the JupyterLab whose printed address this is."""
    parts = urlsplit(url)
    request = urllib.request.Request(
        f"http://{parts.netloc}{path}", method=method, headers={"Authorization": f"token {_token(url)}"}
    )
    with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310 - the same
        answer: bytes = reply.read()
    return answer


def _token(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def _eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _arguments(pid: int) -> str:
    """Read what anybody on the machine may read of a process; nothing of one that has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_from_start_to_end(number: signal.Signals, bare_terminal: Terminal) -> None:
    """`demo --no-browser` prints an address that answers with the quickstart; a signal ends every child."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        command = bare_terminal.start("demo", "--no-browser", "--port", port)
        url = command.line("http://127.0.0.1:").partition(": ")[2]
    assert urlsplit(url).path == "/lab/tree/quickstart.ipynb"
    assert port not in urlsplit(url).netloc
    notebook = json.loads(_ask(url, "/api/contents/quickstart.ipynb"))
    assert "wiro.Panel" in json.dumps(notebook["content"])
    _ask(url, "/api/kernels", "POST")
    children = set(descendants(command.process.pid))
    assert len(children) >= 2
    assert not any(_token(url) in _arguments(pid) for pid in children)
    command.interrupt(number)
    status, out, err = command.end()
    assert (status, out) == (0, "")
    assert "Traceback" not in err
    _eventually(lambda: not any(map(_alive, children)))


def test_a_demo_that_is_ended_early(bare_terminal: Terminal) -> None:
    """A signal while JupyterLab still starts ends it too."""
    command = bare_terminal.start("demo", "--no-browser")
    _eventually(lambda: any(descendants(command.process.pid)))
    children = set(descendants(command.process.pid))
    command.interrupt(signal.SIGTERM)
    assert command.end()[:2] == (0, "")
    _eventually(lambda: not any(map(_alive, children)))
