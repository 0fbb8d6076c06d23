"""What counts as news of a task: its own frames, and a status that moves on (docs/protocol.md, Socket)."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.server import ServerConnection

from tests.hostile.fixtures import MakeClient
from tests.hostile.server import HostileServer
from tests.hostile.task_api import RemoteTask, refused
from tests.hostile.task_texts import notices
from wiro_widgets import Client, Sandbox, TaskFailed
from wiro_widgets.client.sync_client import Task
from wiro_widgets.protocol.errors import SetUpFailed, TaskError
from wiro_widgets.protocol.events import Unknown

WELCOME = {"type": "connected", "version": "1.0"}
SET_UP_ERROR = "Traceback\nCUDA out of memory"


def greet_with(frame: object) -> "Greeting":
    """Return a socket that sends this frame again and again, and nothing else."""
    return Greeting(json.dumps(frame))


class Greeting:
    """A socket that only greets."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def __call__(self, connection: ServerConnection, _task: RemoteTask) -> None:
        """Greet every now and then."""
        while True:
            await connection.send(self.text)
            await asyncio.sleep(0.05)


@pytest.mark.timing(silence=(0.1, 3600.0))
@pytest.mark.parametrize(
    "frame",
    [WELCOME, {**WELCOME, "id": None, "tasktoken": ""}, {"type": "ping"}, {"type": 5}, {}, {"message": "hi"}],
)
def test_a_greeting_delays_no_read(server: HostileServer, client: Client, frame: object) -> None:
    """A task that ended before the connection is noticed at the first step of the silence, whatever greets."""
    server.on_socket = greet_with(frame)
    task = client.run("a/b", prompt="x")
    server.finish(server.task(), quietly=True)
    assert task.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(silence=(0.02,))
def test_a_greeting_is_no_sign_of_an_unknown_task(server: HostileServer, client: Client) -> None:
    """A task that Wiro does not know is given up, though the socket greets."""
    server.on_socket = greet_with(WELCOME)
    server.always("Task/Detail", refused("There is no task yet.", 1))
    task = client.run("a/b", prompt="x")
    with pytest.raises(TaskError, match="does not know task"):
        task.wait(60)


@pytest.mark.timing(silence=(0.02,), stale_socket=0.15)
def test_a_connection_that_only_greets_is_replaced(server: HostileServer, client: Client) -> None:
    """A greeting does not make a silent connection a good one."""
    server.on_socket = greet_with(WELCOME)
    task = client.run("a/b", prompt="x")
    server.wait(lambda: len(server.registrations) > 2, "a third registration")
    server.finish(server.task(), quietly=True)
    task.wait(60)


@pytest.mark.timing(silence=(0.1, 0.1, 3600.0))
@pytest.mark.parametrize(
    "frame", [{"type": "task_output", "message": "a line"}, {"type": "ping", "id": "701"}]
)
def test_a_frame_of_the_task_is_news(server: HostileServer, run: Task, frame: dict[str, object]) -> None:
    """A frame of a task's type, or one that names the task, counts: it is at work."""
    frame = {**frame, "id": server.task().id} if "id" in frame else frame
    server.emit_raw(server.task(), json.dumps(frame))
    server.wait(lambda: frame["type"] in [event.type for event in run.events_so_far()], "the frame")
    reads = server.count("Task/Detail")
    time.sleep(0.3)
    assert server.count("Task/Detail") <= reads + 1
    server.finish(server.task())
    run.wait(60)


def test_a_greeting_is_an_event(server: HostileServer, run: Task) -> None:
    """Who reads the events sees it, as all that is unknown."""
    server.emit_raw(server.task(), json.dumps(WELCOME))
    server.finish(server.task())
    run.wait(60)
    assert [event.type for event in run.events_so_far() if isinstance(event, Unknown)] == ["connected"]


# A set-up that failed, as a persisted status


@pytest.mark.timing(silence=(0.02,), requeue=0.3)
def test_a_failed_set_up_is_said_and_bounded(server: HostileServer, client: Client) -> None:
    """It is waited for, then it has failed for us; the task can be attached to and may still succeed."""
    task = client.run("a/b", prompt="x")
    remote = server.task()
    remote.status, remote.more = "task_error", {"debugerror": SET_UP_ERROR}
    start = time.monotonic()
    with pytest.raises(TaskFailed, match=r"CUDA out of memory.*client\.attach") as caught:
        task.wait(60)
    assert time.monotonic() - start >= 0.25
    assert isinstance(caught.value, SetUpFailed)
    assert (caught.value.task_id, caught.value.exit_code, caught.value.error_text) == (
        task.id,
        None,
        SET_UP_ERROR,
    )
    assert any("could not set the task up (CUDA out of memory)" in text for text in notices(task))
    assert task.status == "unknown"  # it may be queued again and billed
    remote.more = {}
    server.finish(remote)
    assert client.attach(task.id or "").wait(60).record.outcome == "succeeded"
    assert server.count("Run/") == 1


@pytest.mark.timing(silence=(0.02,), requeue=0.3)
def test_a_failed_set_up_stays_open_in_the_journal(
    server: HostileServer, client: Client, make_client: MakeClient
) -> None:
    """`recover` finds the run again and sends nothing."""
    task = client.run("a/b", prompt="x")
    remote = server.task()
    remote.status = "task_error"
    with pytest.raises(TaskFailed, match="Wiro gives no reason"):
        task.wait(60)
    client.close()
    server.finish(remote)
    later = make_client()
    assert [row.task_id for row in later.history.unfinished()] == [remote.id]
    (found,) = later.recover()
    assert found.wait(60).record.outcome == "succeeded"
    assert server.count("Run/") == 1


@pytest.mark.timing(silence=(0.02,), requeue=0.4)
def test_any_other_sign_is_waited_for(server: HostileServer, run: Task) -> None:
    """A line, another status and another failure begin the time anew."""
    remote = server.task()
    remote.status, remote.more = "task_error", {"debugerror": "no GPU was free"}
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        server.emit(remote, "task_error", "loading again")
        time.sleep(0.1)
    assert not run.over
    assert run.state.note == "no GPU was free"
    server.finish(remote)
    assert run.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(silence=(3600.0,))
def test_the_next_try_is_seen_at_once(server: HostileServer, run: Task) -> None:
    """A frame of the task's life after a failed set-up has Task/Detail read, so that the notice goes."""
    remote = server.task()
    remote.status, remote.more = "task_error", {"debugerror": "no GPU was free"}
    server.cut_sockets(remote)  # the reconnect reads
    server.wait(lambda: run.state.note and remote.listeners, "the note")
    remote.status, remote.more = "task_start", {}
    server.emit(remote, "task_start")
    server.wait(lambda: not run.state.note, "the end of the note")
    server.finish(remote)
    run.wait(60)


def test_a_set_up_of_the_sandbox_that_fails_for_ever(sandbox: Sandbox) -> None:
    """The sandbox can leave a task there; once it goes on the task succeeds."""
    sandbox.faults = {"requeue": 1, "stuck": "setup"}
    with sandbox.client(journal=False) as client:
        task = client.run("wiro/sandbox-sketch", prompt="x", width=64, height=64)
        for _ in range(1000):
            if task.state.note:
                break
            time.sleep(0.01)
        assert "CUDA out of memory" in (task.state.note or "")
        sandbox.faults = {}
        assert task.wait(60).record.outcome == "succeeded"
