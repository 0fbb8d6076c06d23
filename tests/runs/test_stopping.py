"""Stop works in every state of a task, two stops are one, and a server that does not stop it is an error."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hostile.http_wire import Call, Hang, Reply
from tests.hostile.server import CUT, HostileServer
from tests.hostile.task_api import refused
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.protocol.errors import (
    ApiError,
    ConfigurationError,
    InvalidParameter,
    TaskCancelled,
    TransportError,
)
from wiro_widgets.protocol.events import Notice

WRONG_STATE = refused("Task is not in a cancellable state.", 1)


def calls(server: HostileServer) -> tuple[int, int]:
    """Return how often Cancel and Kill were called."""
    return server.count("Task/Cancel"), server.count("Task/Kill")


def running(server: HostileServer, client: Client) -> Task:
    """Return a task that runs, after its state says so."""
    task = client.run("a/b", prompt="x")
    server.wait(lambda: server.task().listeners, "the registration")
    server.task().status = "task_start"
    server.emit(server.task(), "task_start")
    server.wait(lambda: task.status == "running", "the start")
    return task


def test_a_queued_task_is_cancelled(server: HostileServer, client: Client) -> None:
    """A task in the queue is stopped by one Cancel."""
    task = client.run("a/b", prompt="x")
    task.stop()
    assert task.status == "cancelled"
    assert calls(server) == (1, 0)
    with pytest.raises(TaskCancelled):
        task.wait(60)


def test_a_running_task_is_killed(server: HostileServer, client: Client) -> None:
    """A task that runs is stopped by one Kill."""
    task = running(server, client)
    task.stop()
    assert task.status == "cancelled"
    assert calls(server) == (0, 1)
    assert client.history[str(task.id)].outcome == "cancelled"


def test_a_task_that_moved_on_unheard(server: HostileServer, client: Client) -> None:
    """When Cancel comes too late, Kill follows."""
    task = client.run("a/b", prompt="x")
    server.task().status = "task_start"
    task.stop()
    assert task.status == "cancelled"
    assert calls(server) == (1, 1)


def test_a_task_that_was_requeued_unheard(server: HostileServer, client: Client) -> None:
    """When Kill comes too early, Cancel follows."""
    task = running(server, client)
    server.task().status = "task_queue"
    task.stop()
    assert task.status == "cancelled"
    assert server.task().stops == 1


def test_a_task_that_is_over_stays_as_it_is(server: HostileServer, client: Client) -> None:
    """A stop after the end does nothing."""
    task = client.run("a/b", prompt="x")
    server.finish(server.task())
    task.wait(60)
    task.stop()
    task.stop_soon()
    assert task.status == "succeeded"
    assert calls(server) == (0, 0)


def test_a_task_that_ended_unheard(server: HostileServer, client: Client) -> None:
    """A task that ended just before the stop has succeeded."""
    task = running(server, client)
    server.finish(server.task(), quietly=True)
    task.stop()
    assert task.wait(60).record.outcome == "succeeded"


def test_two_stops_are_one(server: HostileServer, client: Client) -> None:
    """Stops at the same time, and again later, send one call."""
    task = running(server, client)
    gate = server.gate()
    server.script("Task/Kill", gate)
    with ThreadPoolExecutor() as pool:
        stops = [pool.submit(task.stop) for _ in range(5)]
        gate.await_call()
        gate.open()
        for stop in stops:
            stop.result(60)
    task.stop()
    assert calls(server) == (0, 1)


def test_a_stop_before_the_reply(server: HostileServer, client: Client) -> None:
    """A stop that is pressed before the Run's reply stops the task as soon as its id is known."""
    gate = server.gate()
    server.script("Run", gate)
    task = client.start("a/b", {"prompt": "x"}, None)
    gate.await_call()
    task.stop_soon()
    task.stop_soon()
    assert calls(server) == (0, 0)
    gate.open()
    with pytest.raises(TaskCancelled):
        task.wait(60)
    assert server.task().stops == 1


class SlowFile(io.BytesIO):
    """A file that is read only when the test says so."""

    def __init__(self) -> None:
        super().__init__(b"some bytes")
        self.reading, self.may_go_on = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        """Wait, then read."""
        self.reading.set()
        assert self.may_go_on.wait(60)
        return super().read(size)


def test_a_stop_before_anything_is_sent(server: HostileServer, client: Client) -> None:
    """A run that is stopped while its files are read is never sent."""
    file = SlowFile()
    task = client.start("a/b", {"inputImage": file}, None)
    assert file.reading.wait(60)
    task.stop_soon()
    runner = task._task.runner
    assert runner is not None
    server.wait(lambda: runner.stop_requested, "the stop")
    file.may_go_on.set()
    with pytest.raises(TaskCancelled):
        task.wait(60)
    assert (server.count("Run"), server.tasks) == (0, {})
    assert client.history.unfinished() == []


@pytest.mark.parametrize("task_id", [None, "", " "])
def test_a_run_that_never_became_a_task(server: HostileServer, client: Client, task_id: str | None) -> None:
    """An empty id, as of a run that was stopped before it was sent, raises without a call."""
    for ask in (client.detail, client.attach):
        with pytest.raises(InvalidParameter, match="stopped before it was sent"):
            ask(task_id)  # type: ignore[arg-type]
    assert server.calls == []


def test_while_it_finishes(server: HostileServer, client: Client) -> None:
    """A task that collects its outputs refuses to be stopped, and settles by itself."""
    task = running(server, client)
    remote = server.task()

    def refuse(_call: Call) -> Reply:
        if calls(server)[1] > 2:
            server.finish(remote, quietly=True)
        return WRONG_STATE

    server.script("Task/Kill", *[refuse] * 9)
    server.script("Task/Cancel", *[WRONG_STATE] * 9)
    task.stop()
    assert task.wait(60).record.outcome == "succeeded"


@pytest.mark.timing(stop=0.6)
def test_a_server_that_refuses_both(server: HostileServer, client: Client) -> None:
    """When the server refuses both calls for too long, the stop raises, the task goes on, and a second one works."""
    task = running(server, client)
    server.script("Task/Kill", *[refused("Task could not be killed: the worker is deaf", 1)] * 50)
    server.script("Task/Cancel", *[WRONG_STATE] * 50)
    with pytest.raises(ApiError, match=r"was not stopped in 0\.6 s and may go on"):
        task.stop()
    assert not task.over
    assert any(
        "could not be stopped" in event.text for event in task.events_so_far() if isinstance(event, Notice)
    )
    server.clear_script("Task/Kill")
    task.stop()
    assert task.status == "cancelled"


@pytest.mark.parametrize("answer", [Hang(), CUT, refused("down", 0, 503), Reply(b"nonsense")])
@pytest.mark.timing(stop=0.7, stop_call=0.2)
def test_a_server_that_does_not_answer(server: HostileServer, client: Client, answer: Reply) -> None:
    """When the calls are not answered, the stop raises in time."""
    task = running(server, client)
    for endpoint in ("Task/Kill", "Task/Cancel"):
        server.script(endpoint, *[answer] * 50)
    start = time.monotonic()
    with pytest.raises((TransportError, ApiError), match="was not stopped"):
        task.stop()
    assert time.monotonic() - start < 20
    assert not task.over


def test_one_answer_that_is_lost(server: HostileServer, client: Client) -> None:
    """A Kill that took effect and was not answered counts as a stop."""
    task = running(server, client)
    server.script("Task/Kill", server.effect_then(CUT))
    task.stop()
    assert task.status == "cancelled"


def test_cancel_and_kill_by_themselves(server: HostileServer, client: Client) -> None:
    """The two calls by themselves raise what the server says."""
    task = running(server, client)
    with pytest.raises(ApiError, match="cancellable"):
        task.cancel()
    task.kill()
    with pytest.raises(TaskCancelled):
        task.wait(60)


def test_a_callback_that_would_wait_for_itself(server: HostileServer, client: Client) -> None:
    """A callback that would wait for its own thread gets an error that says what to do instead."""
    errors: list[Exception] = []

    def stop(_event: object) -> None:
        try:
            task.stop()
        except ConfigurationError as error:
            errors.append(error)
            task.stop_soon()

    task = client.run("a/b", prompt="x")
    task.add_callback(stop)
    server.wait(lambda: server.task().listeners, "the registration")
    server.emit(server.task(), "task_accept")
    with pytest.raises(TaskCancelled):
        task.wait(60)
    assert "stop_soon" in str(errors[0])
