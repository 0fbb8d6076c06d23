"""`wiro-widgets demo`."""

import json
import signal
import socket
import subprocess
import sys
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


def test_the_gallery(terminal: Terminal) -> None:
    """`gallery` opens a notebook that shows the runs of the journal, also of one that is named by a relative path."""
    assert terminal.run("run", "wiro/sandbox-chat", "-p", "prompt=for the gallery")[0] == 0
    terminal.env["WIRO_JOURNAL"] = "journal.sqlite3"
    command = terminal.start("gallery", "--no-browser", "--json")
    url = json.loads(command.line("http://127.0.0.1:"))["url"]
    assert urlsplit(url).path == "/lab/tree/gallery.ipynb"
    notebook = json.loads(_ask(url, "/api/contents/gallery.ipynb"))["content"]
    (cell,) = notebook["cells"]
    (lab,) = [pid for pid in descendants(command.process.pid) if "jupyterlab" in _arguments(pid)]
    names = Path(f"/proc/{lab}/environ").read_text().split("\0")
    environment = dict(item.split("=", 1) for item in names if item)
    source = cell["source"] + ".find()[0].prompt"  # in a process with the variables that a kernel inherits
    program = source.replace("\ngallery.find", "\nprint(gallery.find") + ", os.getcwd())"
    process = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd="/", capture_output=True, text=True, check=True
    )
    assert process.stdout == f"for the gallery {terminal.folder}\n"
    command.interrupt(signal.SIGTERM)
    assert command.end()[0] == 0


def test_a_gallery_without_a_key(bare_terminal: Terminal) -> None:
    """It says which variables to set, before JupyterLab starts."""
    status, out, err = bare_terminal.run("gallery", "--no-browser")
    assert (status, out, "WIRO_API_KEY" in err) == (1, "", True)
