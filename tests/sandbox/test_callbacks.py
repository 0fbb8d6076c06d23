import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.raw import PATIENCE, Caller, png
from wiro_widgets.sandbox.tasks.work import is_loopback_url, request_loopback


class Hook(HTTPServer):
    """Takes one callback after another and serves one picture."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[dict[str, Any]] = []
        self.arrival = threading.Event()

    @property
    def url(self) -> str:
        """Where to call."""
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"


class Handler(BaseHTTPRequestHandler):
    """Notes POSTs, answers GETs with a picture."""

    server: Hook

    def do_POST(self) -> None:
        """Note the body."""
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._answer(b"")
        self.server.arrival.set()

    def do_GET(self) -> None:
        """Serve a picture."""
        self._answer(png((9, 8, 7)))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it so)
        """Be quiet."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Listen on loopback."""
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_finished_task_is_posted_to_its_callback(caller: Caller, hook: Hook) -> None:
    """What arrives is Task/Detail's reply."""
    task = caller.finish(callbackUrl=hook.url)
    assert hook.arrival.wait(PATIENCE)
    assert hook.bodies[0]["tasklist"] == [task]


def test_a_cancelled_task_is_posted_too(caller: Caller, hook: Hook) -> None:
    """A stop is an end like another."""
    caller.server.faults = {"stuck": "queue"}
    receipt = caller.run(callbackUrl=hook.url)
    caller.call("Task/Cancel", {"taskid": receipt["taskid"]})
    assert hook.arrival.wait(PATIENCE)
    assert hook.bodies[0]["tasklist"][0]["status"] == "task_cancel"


def test_a_callback_that_nobody_takes_harms_nothing(caller: Caller) -> None:
    """The task ends as it would have."""
    assert caller.finish(callbackUrl="http://127.0.0.1:9/")["pexit"] == "0"


def test_an_input_is_fetched_from_loopback(caller: Caller, hook: Hook) -> None:
    """A server of the user's own machine may hold the input."""
    task = caller.finish(inputImage=hook.url, strength="0")
    assert caller.picture(task).getpixel((5, 5)) == (9, 8, 7)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:80/x", True),
        ("https://127.0.0.1/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://example.com/", False),
        ("http://[/", False),
        ("Optional: Webhook URL for task completion notifications", False),
        ("", False),
    ],
)
def test_only_plain_http_on_this_machine_is_called(url: str, loopback: bool) -> None:
    """Everything else is ignored."""
    assert is_loopback_url(url) is loopback


def test_nothing_else_can_be_fetched() -> None:
    """The fetch itself refuses what is not on this machine."""
    with pytest.raises(OSError, match=r"makes no requests to example\.com"):
        request_loopback("http://example.com/")
