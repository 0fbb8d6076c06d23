"""A task is followed to its end whatever the socket does, and Task/Detail has the last word."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tests.client.conftest import MakeClient
from tests.client.hostile import CUT, Hostile, Made, ok, refused
from tests.client.wire import Answer, Call, Hang, Reply
from wiro_widgets.client import following
from wiro_widgets.client import socket as task_socket
from wiro_widgets.client.socket import TaskSocket
from wiro_widgets.client.sync import Client, Task
from wiro_widgets.protocol.errors import AuthenticationError, TaskCancelled, TaskError
from wiro_widgets.protocol.events import Log, Notice, Unknown

NEVER = (3600.0,)


@pytest.fixture
def run(server: Hostile, client: Client) -> Task:
    """Start a run whose socket is registered."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    return task


@pytest.fixture
def only_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let silence alone cause no read of Task/Detail."""
    monkeypatch.setattr(following, "SILENCE", NEVER)


def notices(task: Task) -> list[str]:
    """Return what the client itself had to say."""
    return [event.text for event in task.seen() if isinstance(event, Notice)]


def lines(task: Task) -> list[str]:
    """Return the log."""
    return [event.text for event in task.seen() if isinstance(event, Log)]


@pytest.mark.usefixtures("only_socket")
def test_a_terminal_frame_is_followed_by_one_read(server: Hostile, client: Client) -> None:
    """After the terminal frame Task/Detail is read, at once, and settles the task."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    begun = time.monotonic()
    server.finish(server.task())
    assert task.wait(5).record.outcome == "succeeded"
    assert time.monotonic() - begun < 1
    assert server.count("Task/Detail") == 1


def test_without_any_socket_the_task_settles(server: Hostile, make_client: MakeClient) -> None:
    """When no socket can be had, reads of Task/Detail follow the task, and it is said once."""
    client = make_client(socket_url="ws://127.0.0.1:1/v1")
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") > 1, "a read")
    server.finish(server.task())
    task.wait(5)
    assert len(notices(task)) == 1
    assert "There is no live connection" in notices(task)[0]


@pytest.mark.usefixtures("only_socket")
def test_it_registers_again_after_a_cut(server: Hostile, run: Task) -> None:
    """A connection that is cut is made and registered again, and Task/Detail tells what was missed."""
    server.cut_sockets(server.task())
    server.wait(lambda: len(server.registrations) > 1, "the second registration")
    server.wait(lambda: server.task().listeners, "the second listener")
    server.emit(server.task(), "task_output", "after the cut")
    server.finish(server.task())
    run.wait(5)
    assert "after the cut" in lines(run)
    assert server.count("Task/Detail") >= 2


@pytest.mark.usefixtures("only_socket")
def test_an_end_that_was_missed_during_a_cut(server: Hostile, run: Task) -> None:
    """A task that ended while there was no connection settles by the read on the reconnect."""
    server.finish(server.task(), quietly=True)
    server.cut_sockets(server.task())
    assert run.wait(5).record.outcome == "succeeded"


def test_a_terminal_frame_that_never_comes(server: Hostile, run: Task) -> None:
    """A task whose terminal frame is lost settles by the reads during the silence."""
    server.finish(server.task(), quietly=True)
    assert run.wait(5).record.outcome == "succeeded"


@pytest.mark.usefixtures("only_socket")
def test_a_half_open_connection_is_noticed(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that neither reads nor writes is noticed by the heartbeat, and another connection is made."""
    monkeypatch.setattr(task_socket, "PING_SECONDS", 0.1)
    server.on_socket = half_open
    task = client.run("a/b", prompt="x")
    server.wait(lambda: len(server.registrations) > 1, "another connection")
    server.finish(server.task(), quietly=True)
    assert task.wait(5).record.outcome == "succeeded"


async def half_open(connection: ServerConnection, _task: Made) -> None:
    """Read no more and answer no ping."""
    connection.transport.pause_reading()
    await asyncio.Event().wait()


def test_a_silent_connection_is_made_anew(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that answers pings but tells nothing of a task that goes on is replaced."""
    monkeypatch.setattr(following, "SILENCE", (0.02,))
    monkeypatch.setattr(following, "STALE_SECONDS", 0.15)
    task = client.run("a/b", prompt="x")
    server.wait(lambda: len(server.registrations) > 2, "a third registration")
    server.finish(server.task())
    task.wait(5)


@pytest.mark.usefixtures("only_socket")
def test_frames_that_make_no_sense(server: Hostile, run: Task) -> None:
    """Broken JSON, JSON that is no object, binary frames and unknown types are survived, nonsense said once."""
    task = server.task()
    for data in ("{broken", "[1]", "null", "", '"text"', b"token|\x00\x01", "[" * 100_000, "9" * 10_000):
        server.emit_raw(task, data)
    server.emit(task, "task_new_thing", {"a": 1})
    server.emit(task, "task_output", "still here")
    server.finish(task)
    run.wait(5)
    assert lines(run) == ["still here"]
    assert sorted(event.type for event in run.seen() if isinstance(event, Unknown)) == [
        "invalid",
        "task_new_thing",
    ]


@pytest.mark.usefixtures("only_socket")
def test_a_foreign_end_ends_nothing(server: Hostile, run: Task) -> None:
    """Frames of another task, its end included, are left alone."""
    other = {"id": "999", "tasktoken": "another-token", "message": "not yours"}
    for kind in ("task_output", "task_postprocess_end", "task_cancel"):
        server.emit_raw(server.task(), json.dumps({"type": kind, **other}))
    server.emit(server.task(), "task_output", "mine")
    server.wait(lambda: "mine" in lines(run), "the line")
    assert run.status == "running"
    assert lines(run) == ["mine"]
    server.finish(server.task())
    run.wait(5)


@pytest.mark.usefixtures("only_socket")
def test_frames_without_id_and_token_are_ours(server: Hostile, run: Task) -> None:
    """What a frame lacks is not held against it."""
    server.emit_raw(server.task(), json.dumps({"type": "task_output", "message": "bare"}))
    server.task().status = "task_cancel"
    server.emit_raw(server.task(), json.dumps({"type": "task_cancel"}))
    run.stop()
    assert lines(run) == ["bare"]
    assert run.status == "cancelled"


@pytest.mark.usefixtures("only_socket")
def test_a_frame_of_eight_mebibytes(server: Hostile, run: Task) -> None:
    """A frame at the limit passes on the same connection."""
    task = server.task()
    frame = {"type": "task_output", "id": task.id, "message": ""}
    frame["message"] = "x" * (task_socket.MAX_FRAME_BYTES - len(json.dumps(frame)))
    server.emit_raw(task, json.dumps(frame))
    server.emit(task, "task_output", "after")
    server.finish(task)
    run.wait(5)
    assert lines(run)[-1] == "after"
    assert len(server.registrations) == 1


@pytest.mark.usefixtures("only_socket")
def test_a_frame_beyond_the_limit(server: Hostile, run: Task) -> None:
    """A frame over the limit costs the connection, is named, and the task goes on."""
    server.emit_raw(server.task(), "x" * (task_socket.MAX_FRAME_BYTES + 1))
    server.wait(lambda: len(server.registrations) > 1, "the second registration")
    server.finish(server.task(), quietly=True)
    server.cut_sockets(server.task())
    run.wait(5)
    assert any("a frame is larger than 8 MiB" in text for text in notices(run))


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_duplication_gives_the_same_end(server: Hostile, client: Client, seed: int) -> None:
    """Shuffled and repeated frames end in the same record."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    task = client.run("a/b", prompt="x")
    made = server.task()
    server.wait(lambda: made.listeners, "the registration")
    frames: list[tuple[str, Any]] = [
        ("task_accept", None),
        ("task_start", None),
        (
            "task_output",
            {"type": "progressGenerate", "percentage": "60", "stepCurrent": "6", "stepTotal": "10"},
        ),
        ("task_output_full", {"raw": "all of it"}),
        ("task_end", None),
        ("task_postprocess_start", None),
        ("task_postprocess_end", []),
    ]
    frames += chance.sample(frames, 4)
    chance.shuffle(frames)
    made.status, made.pexit, made.more = (
        "task_postprocess_end",
        "0",
        {"debugoutput": "all of it", "totalcost": "0.1"},
    )
    for kind, message in frames:
        server.emit(made, kind, message)
    result = task.wait(5)
    assert (result.record.outcome, result.record.total_cost) == ("succeeded", 0.1)
    assert (task.state.output_text, task.status, task.state.progress) == ("all of it", "succeeded", 1.0)


def test_reads_that_fail_end_nothing(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten failed reads in a row, of every kind, do not end a task that the server still runs."""
    monkeypatch.setattr(following, "SILENCE", (0.01,))
    monkeypatch.setattr(following, "READ_SECONDS", 0.1)
    bad: list[Answer] = [
        Hang(),
        CUT,
        Reply(b"nonsense"),
        refused("busy", 0, 503),
        refused("no", 0),
        refused("x", 1, 404),
    ]
    server.script("Task/Detail", *bad, *bad[1:5])
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") > 10, "the reads")
    assert not task.over
    server.finish(server.task())
    assert task.wait(5).record.outcome == "succeeded"


def test_a_read_that_hangs_delays_little(
    server: Hostile, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that is never answered is given up soon, however patient the client is otherwise."""
    monkeypatch.setattr(following, "READ_SECONDS", 0.2)
    server.script("Task/Detail", Hang())
    task = make_client(timeout=60).run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") == 1, "the read")
    server.finish(server.task())
    begun = time.monotonic()
    task.wait(5)
    assert time.monotonic() - begun < 2


def test_retry_after_is_honoured_by_reads(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that is refused with 429 is repeated no sooner than asked."""
    monkeypatch.setattr(following, "SILENCE", (0.01,))
    times: list[float] = []

    def late(call: Call) -> Reply:
        times.append(time.monotonic())
        return refused("slow down", 0, 429, retry_after="0.4") if len(times) == 1 else server.honest(call)

    server.script("Task/Detail", late, late)
    client.run("a/b", prompt="x")
    server.wait(lambda: len(times) == 2, "the second read")
    assert times[1] - times[0] >= 0.4


def test_a_stop_does_not_wait_for_retry_after(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is killed is looked at at once, although a read was told to come back in a minute."""
    monkeypatch.setattr(following, "SILENCE", (0.01,))
    server.script("Task/Detail", refused("slow down", 0, 429, retry_after="55"))
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") == 1, "the refused read")
    server.task().status = "task_start"

    def kill(call: Call) -> Reply:
        server.honest(call)
        return ok()  # and does not say what has become of the task

    server.script("Task/Kill", kill)
    begun = time.monotonic()
    task.stop()
    with pytest.raises(TaskCancelled):
        task.wait(5)
    assert time.monotonic() - begun < 5


def test_a_key_that_is_revoked_ends_the_following(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five refusals in a row the task is unknown, with the refusal as its error; its row stays open."""
    monkeypatch.setattr(following, "SILENCE", (0.01,))
    refusal = refused("Project authorization is not valid.", 98, 401)
    server.script("Task/Detail", *[refusal] * 4, server.honest, *[refusal] * 9)
    task = client.run("a/b", prompt="x")
    with pytest.raises(AuthenticationError):
        task.wait(5)
    assert (task.status, server.count("Task/Detail")) == ("unknown", 10)
    assert [row.task_id for row in client.history.unfinished()] == [task.id]


def test_a_task_that_nobody_knows_is_given_up(
    server: Hostile, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Task/Detail never lists a task that was never heard of, it ends as unknown and its row stays."""
    monkeypatch.setattr(following, "SILENCE", (0.01,))
    server.on_socket = hang_up
    server.script("Task/Detail", *[refused("There is no task yet.", 1)] * 50)
    task = client.run("a/b", prompt="x")
    with pytest.raises(Exception, match="There is no task yet"):
        task.wait(5)
    assert task.status == "unknown"
    assert [row.task_id for row in client.history.unfinished()] == [task.id]


async def hang_up(connection: ServerConnection, _task: Made) -> None:
    """Close at once."""
    await connection.close()


def test_a_late_list_is_waited_for(server: Hostile, client: Client) -> None:
    """The words "There is no task yet" right after the Run are no end."""
    server.script("Task/Detail", *[refused("There is no task yet.", 1)] * 3)
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") >= 3, "the reads")
    server.finish(server.task())
    task.wait(5)


def test_a_failed_set_up_is_waited_out(server: Hostile, client: Client) -> None:
    """The persisted status task_error is no end: its reason shows, and the task settles later."""
    task = client.run("a/b", prompt="x")
    server.task().status, server.task().more = "task_error", {"debugerror": "no GPU was free"}
    server.wait(lambda: task.state.note == "no GPU was free", "the note")
    assert not task.over
    server.finish(server.task())
    assert task.wait(5).record.outcome == "succeeded"


def test_pauses_grow_and_differ() -> None:
    """Reconnects come ever slower up to a cap, each at a moment of its own."""

    async def pauses_of(chance: float) -> list[float]:
        asked: list[float] = []
        handler = _Deaf()
        connecting = TaskSocket("ws://127.0.0.1:1/v1", "token", handler, chance=lambda: chance)
        real = asyncio.sleep

        async def sleep(seconds: float, *_: object) -> None:
            asked.append(seconds)
            if len(asked) == 9:
                raise asyncio.CancelledError
            await real(0)

        task_socket.asyncio.sleep = sleep  # type: ignore[attr-defined]  # the clock of this loop
        try:
            await connecting.run()
        except asyncio.CancelledError:
            return asked
        finally:
            task_socket.asyncio.sleep = real  # type: ignore[attr-defined]
        raise AssertionError

    longest = asyncio.run(pauses_of(1.0))
    shortest = asyncio.run(pauses_of(0.0))
    assert longest == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert shortest == [pause / 2 for pause in longest]


class _Deaf:
    def connected(self) -> None:
        pass

    def received(self, frames: Sequence[str | bytes]) -> None:
        pass

    def lost(self, reason: str, *, was_open: bool) -> None:
        pass


def test_a_redirect_of_the_socket_is_not_followed(server: Hostile, client: Client) -> None:
    """The token goes to the address that was given and nowhere else."""
    server.redirect_sockets = "ws://127.0.0.1:9/v1"
    task = client.run("a/b", prompt="x")
    server.wait(lambda: notices(task), "the notice")
    assert "HTTP 307" in notices(task)[0]
    server.finish(server.task())
    task.wait(5)
    assert server.registrations == []


def test_closing_while_a_task_runs(server: Hostile, client: Client, run: Task) -> None:
    """A client that is closed lets go of its tasks: they go on at Wiro, and the error says how to follow them."""
    client.close()
    with pytest.raises(TaskError, match=rf"client\.attach\('{run.id}'\)"):
        run.wait()
    assert server.task().stops == 0
    server.wait(lambda: not server.task().listeners, "the socket's end")
