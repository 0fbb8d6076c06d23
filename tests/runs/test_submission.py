"""A Run is sent again only when it certainly had no effect."""

import socket
import threading
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Answer, Call, Endless, Hang, Reply
from tests.hostile.server import CUT, HostileServer
from tests.hostile.task_api import ok, refused
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    InsufficientBalance,
    InvalidParameter,
    RateLimited,
    RunOutcomeUnknown,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.events import Notice
from wiro_widgets.protocol.replies import AddressRefused

HUGE = Reply(b" " * (16 * 1024 * 1024 + 1))
AMBIGUOUS: dict[str, Answer] = {
    "the connection is cut": CUT,
    "the answer is cut": Reply({"result": True, "taskid": "1"}, cut=8),
    "502": Reply(b"<html>bad gateway</html>", 502, {"content-type": "text/html"}),
    "503 with an envelope": refused("try later", 0, 503),
    "408": refused("too slow", 0, 408),
    "408 with code 96": refused("too many", 96, 408),
    "502 with code 96": refused("too many", 96, 502),
    "503 with code 97": refused("no balance", 97, 503),
    "303": Reply(b"", 303, {"location": "https://example.org/"}),
    "304": Reply(b"", 304),
    "409 of a gateway": Reply({"message": "conflict"}, 409),
    "460": Reply({"message": "the client went away"}, 460),
    "499": refused("the client went away", 0, 499),
    "500 that knows no model": refused("tool-not-accessible", 1, 500),
    "no JSON": Reply(b"certainly"),
    "half of a JSON": Reply(b'{"result": true, "taskid": "5'),
    "no task": ok(socketaccesstoken="token-without-a-task"),
    "only a message": Reply({"message": "task could not be created"}),
    "17 MiB": HUGE,
    "broken gzip": Reply(b"no gzip", headers={"content-encoding": "gzip"}),
    "an encoding nobody asked for": Reply(b"{}", headers={"content-encoding": "br"}),
}
REFUSED: dict[str, tuple[Answer, type[WiroError]]] = {
    "code 97": (refused("no balance", 97), InsufficientBalance),
    "401": (refused("Project authorization is not valid.", 98, 401), AuthenticationError),
    "an address": (refused("Requested ip 203.0.113.8 is not allowed.", 0, 401), AddressRefused),
    "a field in a message at the top": (
        Reply({"result": False, "message": "Request parameter [prompt] required"}),
        InvalidParameter,
    ),
    "a field": (refused("Request parameter [prompt] required", 0), InvalidParameter),
    "a general failure": (refused("no", 0), ApiError),
    "307": (Reply(b"", 307, {"location": "https://example.org/"}), ApiError),
    "a wait of an hour": (refused("slow down", 0, 429, retry_after="3600"), RateLimited),
}


@pytest.mark.parametrize("answer", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_ambiguous_answer_is_never_followed_by_a_second_run(
    server: HostileServer, client: Client, answer: Answer
) -> None:
    """After an answer that leaves open whether there is a task, the Run is not repeated and its row stays open."""
    server.script("Run", answer)
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt="x")
    assert server.count("Run") == 1
    (row,) = client.history.unfinished()
    assert (row.outcome, row.id, row.task_id) == ("unknown", info.value.journal_id, None)


@pytest.mark.parametrize("code", [0, 96, 97])
@pytest.mark.parametrize("status", [200, 307, 409, 429, 502])
def test_an_answer_that_names_a_task_is_a_receipt(
    server: HostileServer, client: Client, status: int, code: int
) -> None:
    """Whatever else the answer says, the Run is not repeated: its task is followed, to be stopped or paid for."""

    def handler(call: Call) -> Reply:
        more = {"errors": [{"code": code, "message": "no"}], "result": False}
        return Reply({**server.normal_answer(call).content, **more}, status, {"location": "/v1/elsewhere"})

    server.script("Run", handler)
    task = client.run("a/b", prompt="x")
    server.finish(server.task())
    assert task.wait(60).record.task_id == server.task().id
    assert server.count("Run") == 1


@pytest.mark.parametrize("number", [0, "0", "", None, False])
def test_a_number_that_is_none_is_no_receipt(server: HostileServer, client: Client, number: object) -> None:
    """A refusal with an empty task id is a refusal."""
    answer = {"result": False, "errors": [{"code": 0, "message": "no"}], "taskid": number}
    server.script("Run", Reply(answer))
    with pytest.raises(ApiError):
        client.run("a/b", prompt="x")
    assert client.history.unfinished() == []


@pytest.mark.parametrize("drip", [b"x-drip: 1\r\n", b""], ids=["headers", "early hints"])
def test_an_answer_that_never_begins_is_ambiguous(
    server: HostileServer, make_client: MakeClient, drip: bytes
) -> None:
    """A Run whose server only sends headers or interim answers is given up after some timeouts."""
    server.script("Run", Endless(b"HTTP/1.1 200 -\r\n" if drip else b"", drip or b"HTTP/1.1 103 -\r\n\r\n"))
    client = make_client(timeout=0.5)
    began = time.monotonic()
    with pytest.raises(RunOutcomeUnknown, match="no answer within"):
        client.run("a/b", prompt="x")
    assert 0.5 <= time.monotonic() - began < 30
    assert server.count("Run") == 1


@pytest.mark.parametrize(("answer", "kind"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_raised_as_it_is(
    server: HostileServer, client: Client, answer: Answer, kind: type[WiroError]
) -> None:
    """An answer that says that no task was made is raised at once, and nothing stays open."""
    server.script("Run", answer)
    with pytest.raises(kind):
        client.run("a/b", prompt="x")
    assert server.count("Run") == 1
    assert client.history.unfinished() == []


def test_no_answer_in_time_is_ambiguous(server: HostileServer, make_client: MakeClient) -> None:
    """A Run that is not answered in time may have been received."""
    server.script("Run", Hang())
    with pytest.raises(RunOutcomeUnknown, match=r"no answer within 0\.3 s"):
        make_client(timeout=0.3).run("a/b", prompt="x")
    assert server.count("Run") == 1


def test_a_trickled_answer_is_ambiguous(server: HostileServer, make_client: MakeClient) -> None:
    """A reply that comes byte by byte does not make a Run wait for ever."""
    server.script("Run", server.effect_then(Reply({"result": True, "padding": "x" * 500}, trickle=0.05)))
    with pytest.raises(RunOutcomeUnknown, match="no answer within"):
        make_client(timeout=0.4).run("a/b", prompt="x")
    assert server.count("Run") == 1


def test_429_is_waited_out(server: HostileServer, client: Client) -> None:
    """A Run that is refused with 429 is sent again after Retry-After, and says so."""
    server.script("Run", refused("busy", 0, 429, retry_after="0.2"), refused("busy", 0, 429))
    task = client.run("a/b", prompt="x")
    assert server.count("Run") == 3
    notices = [event.text for event in task.events_so_far() if isinstance(event, Notice)]
    assert notices[0] == "Wiro is busy; trying again in 0 s"
    assert task.state.note is None


def test_429_for_ever_is_given_up(server: HostileServer, client: Client) -> None:
    """After five tries a Run that is always refused with 429 is given up."""
    server.script("Run", *[refused("busy", 0, 429, retry_after="0")] * 9)
    with pytest.raises(RateLimited):
        client.run("a/b", prompt="x")
    assert server.count("Run") == 5


def test_a_refused_connection_is_tried_again(make_client: MakeClient) -> None:
    """A Run that reached nobody is tried five times, then raised as safe to repeat; nothing stays open."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = make_client(base_url=f"http://127.0.0.1:{port}/v1")
    task = client.start("a/b", {"prompt": "x"}, None)
    with pytest.raises(TransportError) as info:
        task.wait(60)
    assert info.value.safe_to_retry
    assert sum(isinstance(event, Notice) for event in task.events_so_far()) == 4
    assert client.history.unfinished() == []


def test_a_server_that_comes_back_gets_the_run(server: HostileServer, make_client: MakeClient) -> None:
    """A Run that met a closed port is sent once the port is open."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = make_client(base_url=f"http://127.0.0.1:{port}/v1")
    task = client.start("a/b", {"prompt": "x"}, None)
    while not task.events_so_far():
        threading.Event().wait(0.005)
    server.also_listen(port)
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"
    assert server.count("Run") == 1


def test_a_file_that_shrinks_while_it_is_sent(server: HostileServer, client: Client, tmp_path: Path) -> None:
    """A file that becomes shorter ends the Run; the server never had all of it, so nothing stays open."""
    path = tmp_path / "clip.bin"
    path.write_bytes(b"x" * 4_000_000)
    with path.open("r+b") as handle, pytest.raises(TransportError, match=r"clip\.bin became shorter"):
        client.run("a/b", file=_ShrinkingFile(handle))
    assert server.tasks == {}
    assert client.history.unfinished() == []


class _ShrinkingFile:
    """A file that somebody truncates once it is being read for sending."""

    def __init__(self, handle: BinaryIO) -> None:
        self._file = handle
        self.name = handle.name

    def read(self, count: int = -1) -> bytes:
        if self._file.tell() > 1_000_000:
            self._file.truncate(1_000_000)
        return self._file.read(count)

    def seek(self, *place: int) -> int:
        return self._file.seek(*place)


def test_the_journal_is_written_before_the_run_leaves(server: HostileServer, client: Client) -> None:
    """When the Run arrives, its row is on the disk."""
    outcomes: list[str] = []

    def look(_call: object) -> Answer:
        outcomes.extend(row.outcome for row in client.history.unfinished())
        return refused("no", 0)

    server.script("Run", look)
    with pytest.raises(ApiError):
        client.run("a/b", prompt="x")
    assert outcomes == ["submitting"]


def test_each_attempt_is_signed_anew(server: HostileServer, client: Client) -> None:
    """No nonce is used twice."""
    server.script("Run", *[refused("busy", 0, 429, retry_after="0")] * 3)
    client.run("a/b", prompt="x")
    runs = [call for call in server.calls if "/Run/" in call.path]
    assert len({call.headers["x-nonce"] for call in runs}) == len(runs) == 4


def test_a_closed_client_sends_nothing(server: HostileServer, client: Client) -> None:
    """A client that was closed refuses to run."""
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        client.run("a/b", prompt="x")
    assert server.calls == []
