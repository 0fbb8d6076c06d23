"""Code 96: a run waits for one of our own tasks to end, says so, and gives up at last."""

import asyncio
import time

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Call, Reply
from tests.hostile.server import HostileServer
from tests.hostile.task_api import refused
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import ConcurrencyLimit, TaskCancelled
from wiro_widgets.protocol.events import Notice
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.runs.balance_queue import BalanceQueue

FULL = refused("Concurrent task limit reached", 96)
WAITING = "Your balance allows no further task at once; waiting for one of yours to end"


def one_at_a_time(server: HostileServer) -> None:
    """Refuse every Run with code 96 while a task is under way."""

    def handler(call: Call) -> Reply:
        busy = any(
            task.status not in ("task_postprocess_end", "task_cancel") for task in server.tasks.values()
        )
        return FULL if busy else server.normal_answer(call)

    server.script("Run", *[handler] * 200)


@pytest.mark.timing(balance_pauses=(60.0, 60.0))
def test_it_waits_for_a_task_of_ours(server: HostileServer, client: Client) -> None:
    """The second run is sent again as soon as the first one's task has ended, not after a pause."""
    one_at_a_time(server)
    first = client.run("a/b", prompt="1")
    second = client.start("a/b", {"prompt": "2"}, None)
    server.wait(lambda: server.count("Run") == 2, "the second run")
    assert second.status == "submitting"
    server.finish(server.task(0))
    first.wait(60)
    server.finish(server.task(1))
    second.wait(60)
    assert server.count("Run") == 3
    assert [event.text for event in second.events_so_far() if isinstance(event, Notice)] == [WAITING]


def test_the_state_says_why_it_waits(server: HostileServer, client: Client) -> None:
    """While it waits the state has a note; when there is a receipt the note is gone."""
    one_at_a_time(server)
    client.run("a/b", prompt="1")
    notes: list[str | None] = []
    second = client.start("a/b", {"prompt": "2"}, None)
    second.watch(lambda: notes.append(second.state.note))
    server.wait(lambda: WAITING in notes or second.state.note == WAITING, "the note")
    server.finish(server.task(0))
    server.task(1)
    server.wait(lambda: second.id is not None, "the receipt")
    assert second.state.note is None


@pytest.mark.timing(balance_pauses=(0.02, 60.0))
def test_without_tasks_of_ours_it_asks_again(server: HostileServer, client: Client) -> None:
    """When tasks of other processes use the balance, the run is sent again after pauses."""
    server.script("Run", FULL, FULL, FULL)
    client.run("a/b", prompt="1")
    assert server.count("Run") == 4
    assert client.history.unfinished()[0].outcome == "running"


@pytest.mark.timing(balance_pauses=(0.05, 60.0), balance_patience=0.3)
def test_it_gives_up_when_nothing_moves(server: HostileServer, client: Client) -> None:
    """When no task of ours ends for too long, every run that waits is given up, and no task was made."""
    server.script("Run", *[FULL] * 100)
    runs = [client.start("a/b", {"prompt": str(n)}, None) for n in range(3)]
    for run in runs:
        with pytest.raises(ConcurrencyLimit, match="none of your tasks ended"):
            run.wait(60)
    assert server.tasks == {}
    assert client.history.unfinished() == []


def test_a_stop_ends_the_waiting(server: HostileServer, client: Client) -> None:
    """A run that waits for its turn and is stopped is never sent again: it is cancelled, and nothing was made."""
    one_at_a_time(server)
    client.run("a/b", prompt="1")
    second = client.start("a/b", {"prompt": "2"}, None)
    server.wait(lambda: server.count("Run") == 2, "the second run")
    server.wait(lambda: second.state.note == WAITING, "the wait")
    second.stop()
    with pytest.raises(TaskCancelled):
        second.wait(60)
    assert second.status == "cancelled"
    assert len(server.tasks) == 1
    assert [row.task_id for row in client.history.unfinished()] == [server.task(0).id]


def test_closing_ends_the_waiting(server: HostileServer, make_client: MakeClient) -> None:
    """Closing a client ends the waiting of its runs."""
    client = make_client()
    one_at_a_time(server)
    client.run("a/b", prompt="1")
    second = client.start("a/b", {"prompt": "2"}, None)
    server.wait(lambda: second.state.note == WAITING, "the wait")
    start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 30
    assert second.status == "cancelled"


def test_first_come_first_served(server: HostileServer, client: Client) -> None:
    """Runs are accepted in the order in which they began to wait."""
    one_at_a_time(server)
    waiting = [client.run("a/b", prompt="0")]
    for number in range(1, 5):
        waiting.append(client.start("a/b", {"prompt": str(number)}, None))
        task = waiting[-1]
        server.wait(lambda task=task: task.state.note == WAITING, "the wait")  # type: ignore[misc]
    for number, task in enumerate(waiting):
        server.finish(server.task(number))
        task.wait(60)
    assert [task.parameters["prompt"] for task in server.tasks.values()] == list("01234")


def test_only_the_first_in_line_asks() -> None:
    """A run behind another one waits without asking."""
    timing = Timing()

    async def line() -> tuple[float, float, float]:
        queue = BalanceQueue(timing)
        with queue.place() as first, queue.place() as second:
            first.join()
            second.join()
            queue.task_ended()
            before = (first.seconds, second.seconds)
            first.use()
            return (*before, first.seconds)

    ready, behind, later = asyncio.run(line())
    assert ready == 0
    assert behind == timing.balance_patience
    assert later > 0
