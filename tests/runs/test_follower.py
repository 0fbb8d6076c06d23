"""A task is followed to its end whatever the socket does; Task/Detail decides how it ended."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from websockets.asyncio.server import ServerConnection

from tests.hostile.fixtures import ONLY_SOCKET, MakeClient
from tests.hostile.server import HostileServer
from tests.hostile.task_api import RemoteTask
from tests.hostile.task_texts import log_lines, notices
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.protocol.errors import TaskError
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport import task_socket
from wiro_widgets.transport.task_socket import TaskSocket


@ONLY_SOCKET
def test_a_terminal_frame_is_followed_by_one_read(server: HostileServer, client: Client) -> None:
    """After the terminal frame Task/Detail is read, at once, and settles the task."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    start = time.monotonic()
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"
    assert time.monotonic() - start < 30
    assert server.count("Task/Detail") == 1


def test_without_any_socket_the_task_settles(server: HostileServer, make_client: MakeClient) -> None:
    """Without a socket, reads of Task/Detail follow the task, and one notice says so."""
    client = make_client(socket_url="ws://127.0.0.1:1/v1")
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.count("Task/Detail") > 1, "a read")
    server.finish(server.task())
    task.wait(60)
    assert len(notices(task)) == 1
    assert "There is no live connection" in notices(task)[0]


@ONLY_SOCKET
def test_it_registers_again_after_a_cut(server: HostileServer, run: Task) -> None:
    """A cut connection is opened and registered again, and Task/Detail is read for what was missed."""
    server.cut_sockets(server.task())
    server.wait(lambda: len(server.registrations) > 1, "the second registration")
    server.wait(lambda: server.task().listeners, "the second listener")
    server.emit(server.task(), "task_output", "after the cut")
    server.finish(server.task())
    run.wait(60)
    assert "after the cut" in log_lines(run)
    assert server.count("Task/Detail") >= 2


@ONLY_SOCKET
def test_an_end_that_was_missed_during_a_cut(server: HostileServer, run: Task) -> None:
    """A task that ended while there was no connection settles by the read on the reconnect."""
    server.finish(server.task(), quietly=True)
    server.cut_sockets(server.task())
    assert run.wait(60).record.outcome == "succeeded"


def test_a_terminal_frame_that_never_comes(server: HostileServer, run: Task) -> None:
    """A task whose terminal frame is lost settles by the reads during the silence."""
    server.finish(server.task(), quietly=True)
    assert run.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(silence=(3600.0,), socket_ping=0.1)
def test_a_half_open_connection_is_noticed(server: HostileServer, client: Client) -> None:
    """A peer that neither reads nor writes is noticed by the heartbeat, and another connection is made."""
    server.on_socket = half_open
    task = client.run("a/b", prompt="x")
    server.wait(lambda: len(server.registrations) > 1, "another connection")
    server.finish(server.task(), quietly=True)
    assert task.wait(60).record.outcome == "succeeded"


async def half_open(connection: ServerConnection, _task: RemoteTask) -> None:
    """Read no more and answer no ping."""
    connection.transport.pause_reading()
    await asyncio.Event().wait()


@pytest.mark.timing(silence=(0.02,), stale_socket=0.15)
def test_a_silent_connection_is_made_anew(server: HostileServer, client: Client) -> None:
    """A socket that answers pings but sends no frames while the task goes on is replaced."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: len(server.registrations) > 2, "a third registration")
    server.finish(server.task())
    task.wait(60)


def test_pauses_grow_and_differ() -> None:
    """Pauses between reconnects double up to a maximum, and vary at random."""

    async def pauses_of(chance: float) -> list[float]:
        pauses: list[float] = []
        handler = _Deaf()
        connecting = TaskSocket(
            "ws://127.0.0.1:1/v1", "token", handler, timing=Timing(), chance=lambda: chance
        )
        real = asyncio.sleep

        async def sleep(seconds: float, *_: object) -> None:
            pauses.append(seconds)
            if len(pauses) == 9:
                raise asyncio.CancelledError
            await real(0)

        task_socket.asyncio.sleep = sleep  # type: ignore[attr-defined]  # the clock of this loop
        try:
            await connecting.run()
        except asyncio.CancelledError:
            return pauses
        finally:
            task_socket.asyncio.sleep = real  # type: ignore[attr-defined]
        raise AssertionError

    longest = asyncio.run(pauses_of(1.0))
    shortest = asyncio.run(pauses_of(0.0))
    assert longest == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]
    assert shortest == [pause / 2 for pause in longest]


class _Deaf:
    def on_connect(self) -> None:
        pass

    def on_frames(self, frames: Sequence[str | bytes]) -> None:
        pass

    def on_disconnect(self, reason: str, *, was_open: bool) -> None:
        pass


def test_a_redirect_of_the_socket_is_not_followed(server: HostileServer, client: Client) -> None:
    """The token goes to the address that was given and nowhere else."""
    server.redirect_sockets = "ws://127.0.0.1:9/v1"
    task = client.run("a/b", prompt="x")
    server.wait(lambda: notices(task), "the notice")
    assert "HTTP 307" in notices(task)[0]
    server.finish(server.task())
    task.wait(60)
    assert server.registrations == []


def test_closing_while_a_task_runs(server: HostileServer, client: Client, run: Task) -> None:
    """The tasks of a closed client go on at Wiro, and the error says how to follow them."""
    client.close()
    with pytest.raises(TaskError, match=rf"client\.attach\('{run.id}'\)"):
        run.wait()
    assert server.task().stops == 0
    server.wait(lambda: not server.task().listeners, "the socket's end")
