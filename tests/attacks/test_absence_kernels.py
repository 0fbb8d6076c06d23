"""Law 1, absence is no proof: a kernel that is killed during the reply of a Run pays nothing twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.kernels import Kernels
from tests.attacks.sweeps import assert_right_pictures, statuses
from tests.hostile import answers
from tests.hostile.fixtures import FAST, MakeClient
from tests.hostile.http_wire import CUT, Answer
from tests.hostile.server import HostileServer
from tests.hostile.task_api import refused
from tests.sandbox_clients import wait_for
from wiro_widgets.client.sync_client import Client
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.timing import Timing

VALUES = {"prompt": "  A lighthouse\nat DUSK, with a long tail of words  ", "steps": "20"}
SEEDS = [1, 2]
ASK: dict[str, Any] = {"unknown": "ask"}
SEND: dict[str, Any] = {"unknown": "send"}
Habit = Callable[[HostileServer], object]


def begin_again(client: Client, **options: Any) -> Sweep:
    """Begin the sweep of the kernel once more and wait for it."""
    return client.sweep("a/b", VALUES, seed=SEEDS, **options).wait(60)


@pytest.fixture
def kill_during_replies(kernels: Kernels, server: HostileServer, tmp_path: Path) -> Callable[[], None]:
    """Return a function that lets a kernel begin the sweep, and kills it when Wiro has its Runs and it has no reply."""

    def kill() -> None:
        gates = [server.gate() for _ in SEEDS]
        server.script("Run", *gates)
        kernel = kernels.start(server, tmp_path, model="a/b", values=VALUES, axes={"seed": SEEDS})
        for gate in gates:
            gate.await_call()
        kernel.kill()
        for gate in gates:
            gate.open()

    return kill


def show_as(show_values: Any) -> Habit:
    """Return a habit of showing values so."""
    return lambda server: setattr(server, "show_values", show_values)


def skew(seconds: float) -> Habit:
    """Return a habit of having another time."""
    return lambda server: setattr(server, "clock_skew", seconds)


FINDABLE: dict[str, Habit] = {
    "a good day": lambda _server: None,
    "a clock ten minutes ahead": skew(600),
    "a clock ten minutes behind": skew(-600),
    "a clock a day behind": skew(-86_400),
}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("habit", FINDABLE.values(), ids=FINDABLE)
def test_tasks_that_can_be_found(
    server: HostileServer, client: Client, kill_during_replies: Callable[[], None], habit: Habit
) -> None:
    """The same sweep in a new kernel takes the tasks that Wiro's list has, whatever the clocks say."""
    habit(server)
    kill_during_replies()
    sweep = begin_again(client)
    assert statuses(sweep) == ["succeeded"] * 2
    assert_right_pictures(sweep, VALUES)
    assert server.count("Run") == 2
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("skew_seconds", [-86_400, -600, 600, 86_400])
def test_recover_under_any_skew(
    server: HostileServer, client: Client, kill_during_replies: Callable[[], None], skew_seconds: float
) -> None:
    """`recover` finds the runs although an equal task of an hour ago is listed as well, whatever the clocks say."""
    server.clock_skew = skew_seconds
    for number in SEEDS:
        server.add_task("a/b", **VALUES, seed=str(number)).created -= 3600
    kill_during_replies()
    tasks = {str(task.values["seed"]): task.wait(60).record.task_id for task in client.recover()}
    assert tasks == {"1": server.task(2).id, "2": server.task(3).id} or tasks == {
        "1": server.task(3).id,
        "2": server.task(2).id,
    }
    for seed, task_id in tasks.items():
        assert server.tasks[task_id or ""].parameters["seed"] == seed
    assert client.history.unfinished() == []


def answer_the_probe_only(server: HostileServer) -> None:
    """Answer the first call of Task/List, and no other."""
    server.script("Task/List", server.normal_answer)
    server.always("Task/List", answers.UNAVAILABLE)


def list_always(answer: Answer) -> Habit:
    """Return a habit of answering Task/List so."""
    return lambda server: server.always("Task/List", answer)


def remove_others(server: HostileServer) -> None:
    """Forget the tasks of others."""
    for task in tuple(server.tasks.values()):
        if task.model != "a/b":
            del server.tasks[task.id]


HIDDEN: dict[str, tuple[Habit, Habit]] = {
    "listed late": (lambda server: setattr(server, "lists_late", True), HostileServer.list_all),
    "the list answers the probe alone": (
        answer_the_probe_only,
        lambda server: server.clear_script("Task/List"),
    ),
    "the list is empty once": (
        lambda server: server.script("Task/List", answers.EMPTY_LIST, answers.EMPTY_LIST),
        lambda server: server.clear_script("Task/List"),
    ),
    "values are trimmed": (show_as(answers.trimmed), show_as(dict)),
    "values are converted": (show_as(answers.converted), show_as(dict)),
    "values are not shown": (show_as(answers.nothing), show_as(dict)),
    "values are unreadable": (show_as(answers.unreadable), show_as(dict)),
    **{
        f"the list is {name}": (list_always(answer), lambda server: server.clear_script("Task/List"))
        for name, answer in answers.NO_ANSWERS.items()
    },
}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(("hide", "reveal"), HIDDEN.values(), ids=HIDDEN)
def test_tasks_that_cannot_be_found(
    server: HostileServer,
    client: Client,
    kill_during_replies: Callable[[], None],
    hide: Habit,
    reveal: Habit,
) -> None:
    """What the list does not show is unknown and not sent again; when the list shows it, `resume` takes it."""
    hide(server)
    kill_during_replies()
    sweep = begin_again(client)
    assert server.count("Run") == 2
    assert set(statuses(sweep)) <= {"unknown", "succeeded"}
    assert_right_pictures(sweep, VALUES)
    reveal(server)
    sweep.resume().wait(60)
    assert server.count("Run") == 2
    assert statuses(sweep) == ["succeeded"] * 2
    assert_right_pictures(sweep, VALUES)
    assert client.history.unfinished() == []


@pytest.mark.usefixtures("worker")
def test_more_newer_tasks_than_are_read(
    server: HostileServer, client: Client, kill_during_replies: Callable[[], None]
) -> None:
    """A task that stands behind a thousand newer ones is found, or unknown; it is not sent again."""
    kill_during_replies()
    server.add_crowd(1100)
    sweep = begin_again(client)
    assert server.count("Run") == 2
    assert set(statuses(sweep)) <= {"unknown", "succeeded"}
    remove_others(server)
    sweep.resume().wait(60)
    assert server.count("Run") == 2
    assert statuses(sweep) == ["succeeded"] * 2


@pytest.mark.usefixtures("worker")
def test_unknown_is_asked_and_sent(
    server: HostileServer, client: Client, kill_during_replies: Callable[[], None]
) -> None:
    """An unknown cell says so with what to do, stays unknown on `resume`, and is sent once if the user says "send"."""
    server.lists_late = True
    kill_during_replies()
    sweep = begin_again(client, **ASK)
    assert statuses(sweep) == ["unknown"] * 2
    assert all(cell.error is not None and "send" in str(cell.error) for cell in sweep.cells)
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (2, ["unknown"] * 2)
    sweep.resume(**SEND).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (4, ["succeeded"] * 2)
    assert_right_pictures(sweep, VALUES)


@pytest.mark.usefixtures("worker")
def test_a_sweep_that_may_send_what_is_unknown(
    server: HostileServer, client: Client, kill_during_replies: Callable[[], None]
) -> None:
    """With `unknown="send"` from the beginning the cells that may have been run are run again, once."""
    server.lists_late = True
    kill_during_replies()
    sweep = begin_again(client, **SEND)
    assert (server.count("Run"), statuses(sweep)) == (4, ["succeeded"] * 2)
    begin_again(client, **SEND)
    assert server.count("Run") == 4


@pytest.mark.usefixtures("worker")
def test_a_run_that_never_arrived(
    server: HostileServer, kernels: Kernels, client: Client, tmp_path: Path
) -> None:
    """A Run that Wiro never read is unknown too: nobody knows that it made no task."""
    gate = server.gate(CUT)
    gate.effect = False
    server.script("Run", gate)
    kernel = kernels.start(server, tmp_path, model="a/b", values=VALUES, axes={"seed": [1]})
    gate.await_call()
    kernel.kill()
    sweep = client.sweep("a/b", VALUES, seed=[1]).wait(60)
    assert (server.count("Run"), statuses(sweep)) == (1, ["unknown"])


@pytest.mark.usefixtures("worker")
def test_a_kernel_that_is_killed_before_its_run(
    server: HostileServer, kernels: Kernels, make_client: MakeClient, tmp_path: Path
) -> None:
    """A kernel that is killed while the schema is read has sent nothing, and the sweep runs as if it were the first."""
    gate = server.gate()
    server.script("Tool/Detail", gate)
    kernel = kernels.start(server, tmp_path, model="a/b", values=VALUES, axes={"seed": SEEDS})
    gate.await_call()
    kernel.kill()
    sweep = begin_again(make_client())
    assert (server.count("Run"), statuses(sweep)) == (2, ["succeeded"] * 2)


@pytest.fixture
def kill_in_the_balance_queue(
    kernels: Kernels, server: HostileServer, tmp_path: Path
) -> Callable[[int], None]:
    """Return a function that kills a kernel whose Runs Wiro has refused with code 96, so many times at least."""

    def kill(refusals: int) -> None:
        server.always("Run", refused("The balance allows no further task.", 96))
        quick = replace(FAST, balance_pauses=(0.02, 0.02))
        order: dict[str, Any] = {"model": "a/b", "values": VALUES, "axes": {"seed": SEEDS}}
        kernel = kernels.start(server, tmp_path, timing=quick, **order)
        rows = Journal.open(tmp_path / "journal.sqlite3").rows

        def is_waiting() -> bool:
            os.kill(kernel.pid, signal.SIGSTOP)  # or it leaves the queue before it is killed
            if server.count("Run") >= refusals and all(row.is_waiting for row in rows(Query())):
                return True
            os.kill(kernel.pid, signal.SIGCONT)
            return False

        wait_for(is_waiting)
        kernel.kill()
        server.clear_script("Run")

    return kill


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("refusals", [2, 6])
@pytest.mark.parametrize("way", ["sweep", "recover"])
def test_a_kernel_that_is_killed_in_the_balance_queue(
    server: HostileServer,
    client: Client,
    kill_in_the_balance_queue: Callable[[int], None],
    refusals: int,
    way: str,
) -> None:
    """Code 96 is evidence that there is no task: the cells are sent, nobody is asked, nothing stays unfinished."""
    kill_in_the_balance_queue(refusals)
    refused_runs = server.count("Run")
    if way == "recover":
        recovered = client.recover()
        assert (recovered, recovered.problems) == ([], ())
        assert client.history.unfinished() == []
    sweep = begin_again(client)
    assert statuses(sweep) == ["succeeded"] * 2
    assert server.count("Run") == refused_runs + 2


@pytest.mark.timing(balance_pauses=(0.02, 0.02))
@pytest.mark.usefixtures("worker")
def test_a_kernel_that_is_killed_after_it_left_the_balance_queue(
    kernels: Kernels, server: HostileServer, client: Client, tmp_path: Path, timing: Timing
) -> None:
    """A Run that was refused and is sent again may have made a task: it is looked for, and not sent once more."""
    gate = server.gate()
    server.lists_late = True
    server.script("Run", refused("The balance allows no further task.", 96), gate)
    order: dict[str, Any] = {"model": "a/b", "values": VALUES, "axes": {"seed": [1]}}
    kernel = kernels.start(server, tmp_path, timing=timing, **order)
    gate.await_call()
    kernel.kill()
    gate.open()
    assert statuses(client.sweep("a/b", VALUES, seed=[1]).wait(60)) == ["unknown"]
    server.list_all()
    assert statuses(client.sweep("a/b", VALUES, seed=[1]).wait(60)) == ["succeeded"]
    assert server.count("Run") == 2
