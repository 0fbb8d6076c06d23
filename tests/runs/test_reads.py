"""Failed reads of Task/Detail end nothing, and a good one decides how the task ended."""

import time

import pytest
from websockets.asyncio.server import ServerConnection

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Answer, Call, Hang, Reply
from tests.hostile.server import CUT, HostileServer
from tests.hostile.task_api import RemoteTask, ok, refused
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import AuthenticationError, TaskCancelled


@pytest.mark.timing(silence=(0.01,), detail_read=0.1)
def test_reads_that_fail_end_nothing(server: HostileServer, client: Client) -> None:
    """Ten failed reads in a row, of every kind, do not end a task that the server still runs."""
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
    assert task.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(detail_read=0.2)
def test_a_read_that_hangs_delays_little(server: HostileServer, make_client: MakeClient) -> None:
    """A read that is never answered is given up soon, however patient the client is otherwise."""
    server.script("Task/Detail", Hang())
    task = make_client(timeout=60).run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") == 1, "the read")
    server.finish(server.task())
    start = time.monotonic()
    task.wait(60)
    assert time.monotonic() - start < 30


@pytest.mark.timing(silence=(0.01,))
def test_retry_after_is_honoured_by_reads(server: HostileServer, client: Client) -> None:
    """A read that is refused with 429 is repeated no sooner than asked."""
    times: list[float] = []

    def late(call: Call) -> Reply:
        times.append(time.monotonic())
        return (
            refused("slow down", 0, 429, retry_after="0.4") if len(times) == 1 else server.normal_answer(call)
        )

    server.script("Task/Detail", late, late)
    client.run("a/b", prompt="x")
    server.wait(lambda: len(times) == 2, "the second read")
    assert times[1] - times[0] >= 0.4


@pytest.mark.timing(silence=(0.01,))
def test_a_stop_does_not_wait_for_retry_after(server: HostileServer, client: Client) -> None:
    """After a Kill Task/Detail is read at once, although the server asked to wait a minute."""
    server.script("Task/Detail", refused("slow down", 0, 429, retry_after="55"))
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") == 1, "the refused read")
    server.task().status = "task_start"

    def kill(call: Call) -> Reply:
        server.normal_answer(call)
        return ok()  # and does not say what has become of the task

    server.script("Task/Kill", kill)
    start = time.monotonic()
    task.stop()
    with pytest.raises(TaskCancelled):
        task.wait(60)
    assert time.monotonic() - start < 40


@pytest.mark.timing(silence=(0.01,))
def test_a_key_that_is_revoked_ends_the_following(server: HostileServer, client: Client) -> None:
    """After five refusals in a row the task is unknown, with the refusal as its error; its row stays open."""
    refusal = refused("Project authorization is not valid.", 98, 401)
    server.script("Task/Detail", *[refusal] * 4, server.normal_answer, *[refusal] * 9)
    task = client.run("a/b", prompt="x")
    with pytest.raises(AuthenticationError):
        task.wait(60)
    assert (task.status, server.count("Task/Detail")) == ("unknown", 10)
    assert [row.task_id for row in client.history.unfinished()] == [task.id]


@pytest.mark.timing(silence=(0.01,))
def test_a_task_that_nobody_knows_is_given_up(server: HostileServer, client: Client) -> None:
    """A task that Task/Detail never lists and that sends no frame ends as unknown, and its row stays."""
    server.on_socket = hang_up
    server.script("Task/Detail", *[refused("There is no task yet.", 1)] * 50)
    task = client.run("a/b", prompt="x")
    with pytest.raises(Exception, match="There is no task yet"):
        task.wait(60)
    assert task.status == "unknown"
    assert [row.task_id for row in client.history.unfinished()] == [task.id]


async def hang_up(connection: ServerConnection, _task: RemoteTask) -> None:
    """Close at once."""
    await connection.close()


def test_a_late_list_is_waited_for(server: HostileServer, client: Client) -> None:
    """The words "There is no task yet" right after the Run do not end the following."""
    server.script("Task/Detail", *[refused("There is no task yet.", 1)] * 3)
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") >= 3, "the reads")
    server.finish(server.task())
    task.wait(60)


def test_a_failed_set_up_is_waited_out(server: HostileServer, client: Client) -> None:
    """The persisted status task_error does not end a task: the state's note has the reason, and it settles later."""
    task = client.run("a/b", prompt="x")
    server.task().status, server.task().more = "task_error", {"debugerror": "no GPU was free"}
    server.wait(lambda: task.state.note == "no GPU was free", "the note")
    assert not task.over
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"
