"""A Run whose reply was lost is looked for in Wiro's list, never sent again."""

import io
import os
import sqlite3
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.server import CUT, HostileServer
from wiro_widgets.client.sync_client import Client
from wiro_widgets.journal.process import start_time
from wiro_widgets.protocol.errors import RunOutcomeUnknown


def lose(server: HostileServer, client: Client, **values: Any) -> RunOutcomeUnknown:
    """Make a task whose receipt is lost, and return the error."""
    server.script("Run", server.effect_then(CUT))
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", **values)
    return info.value


def cut_off(server: HostileServer, client: Client) -> None:
    """Make a task whose run got no reply and was not looked for, as when its process was killed."""
    server.script("Task/List", CUT, CUT)
    lose(server, client, prompt="x")


def test_the_task_is_named(server: HostileServer, client: Client) -> None:
    """The error names the one task that fits and says how to pick it up."""
    error = lose(server, client, prompt="x", steps=20, scale=3.50)
    assert error.candidates == (server.task().id,)
    assert f"client.attach({server.task().id!r}) picks it up" in str(error)
    assert server.count("Run") == 1


def test_attaching_to_it_closes_its_row(server: HostileServer, client: Client) -> None:
    """The task that is picked up by its id settles, and recover finds it for its row."""
    error = lose(server, client, prompt="x")
    (task,) = client.recover()
    assert task.id == error.candidates[0]
    server.finish(server.task())
    assert task.wait(60).record.prompt == "x"
    assert client.history.unfinished() == []
    assert len(client.history) == 1


def test_a_task_that_appears_late_is_found(server: HostileServer, client: Client) -> None:
    """A task that is listed only a moment later is found by the second look."""
    server.script("Run", CUT)
    server.script("Task/List", lambda call: (server.normal_answer(call), server.add_task(prompt="x"))[0])
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt="x")
    assert info.value.candidates == (server.task().id,)


@pytest.mark.parametrize(
    ("model", "values", "created"),
    [
        ("a/other", {"prompt": "x"}, 0.0),
        ("a/b", {"prompt": "another"}, 0.0),
        ("a/b", {"prompt": "x"}, -3600.0),
    ],
    ids=["another model", "another prompt", "an hour ago"],
)
def test_other_tasks_are_left_alone(
    server: HostileServer, client: Client, model: str, values: dict[str, str], created: float
) -> None:
    """A task of another model, with other values or from before the run is no candidate."""
    server.add_task(model, **values).created += created
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt="x")
    assert info.value.candidates == ()
    assert client.recover() == []


def test_a_task_of_another_row_is_no_candidate(server: HostileServer, client: Client) -> None:
    """The task of another row is not matched to a lost run."""
    client.run("a/b", prompt="x")
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt="x")
    assert info.value.candidates == ()


def test_several_candidates_are_all_named(server: HostileServer, client: Client) -> None:
    """If two tasks fit, both are named and none is picked up."""
    server.add_task(prompt="x")
    error = lose(server, client, prompt="x")
    assert set(error.candidates) == set(server.tasks)
    recovered = client.recover()
    assert recovered == []
    (problem,) = recovered.problems
    assert set(problem.candidates) == set(server.tasks)
    assert "client.history.close" in problem.reason
    assert len(client.history.unfinished()) == 1


@pytest.mark.parametrize(
    "shown", [{}, {"prompt": " X "}, {"prompt": "x and m"}], ids=["not", "trimmed", "cut"]
)
def test_what_cannot_be_compared_is_a_question(
    server: HostileServer, client: Client, shown: dict[str, str]
) -> None:
    """A task whose values are not shown as they were sent is named as a candidate and not picked up."""
    prompt = "x and more" if shown.get("prompt") == "x and m" else "x"
    server.add_task("a/b", **shown)
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt=prompt)
    assert info.value.candidates == (server.task().id,)
    assert client.recover() == []


def test_equal_runs_take_equal_tasks(server: HostileServer, make_client: MakeClient) -> None:
    """Two equal runs that were cut off before their replies are both picked up, each with a task of its own."""
    client = make_client()
    for _ in range(2):
        cut_off(server, client)
    tasks = make_client().recover()
    assert {task.id for task in tasks} == set(server.tasks)
    rows = client.history.unfinished()
    assert {row.task_id for row in rows} == set(server.tasks)


def test_of_equal_runs_one_that_never_came_is_left(server: HostileServer, make_client: MakeClient) -> None:
    """If one of two equal runs became a task, one is picked up and the other stays unfinished."""
    client = make_client()
    cut_off(server, client)
    server.script("Run", CUT)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", prompt="x")
    with warnings.catch_warnings(action="error"):
        assert [task.id for task in make_client().recover()] == list(server.tasks)
    assert sorted(row.task_id is None for row in client.history.unfinished()) == [False, True]


def test_more_equal_tasks_than_lost_runs(server: HostileServer, make_client: MakeClient) -> None:
    """If three tasks fit two lost runs, none is picked up and all are named."""
    client = make_client()
    for _ in range(2):
        cut_off(server, client)
    server.add_task(prompt="x")
    recovered = make_client().recover()
    assert recovered == []
    assert [set(problem.candidates) for problem in recovered.problems] == [set(server.tasks)] * 2


def test_a_list_that_fails_loses_nothing(server: HostileServer, client: Client) -> None:
    """When the list cannot be read either, the row stays and a later look finds the task."""
    server.script("Task/List", CUT, CUT)
    error = lose(server, client, prompt="x")
    assert error.candidates == ()
    assert "client.recover()" in str(error)
    assert [task.id for task in client.recover()] == [server.task().id]


def test_files_do_not_stand_in_the_way(server: HostileServer, client: Client) -> None:
    """A file has another name at Wiro; the other values decide."""
    image = io.BytesIO(b"some bytes of a file")
    server.script("Run", lambda _: (server.add_task(prompt="x", inputImage="https://cdn/1.bin"), CUT)[1])
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt="x", inputImage=image)
    assert info.value.candidates == (server.task().id,)


def test_long_lists_are_read_to_the_time_of_the_run(server: HostileServer, client: Client) -> None:
    """The task is found behind more than a page of newer ones."""
    lose(server, client, prompt="x")
    for number in range(120):
        server.add_task(prompt=f"other {number}")
    assert [task.id for task in client.recover()] == [server.task(0).id]


def test_a_stop_before_the_reply_is_lost(server: HostileServer, client: Client) -> None:
    """A stop before a reply that never comes raises RunOutcomeUnknown, which names the task to look at."""
    gate = server.gate(CUT)
    server.script("Run", gate)
    task = client.start("a/b", {"prompt": "x"}, None)
    gate.await_call()
    with ThreadPoolExecutor() as pool:
        stopping = pool.submit(task.stop)
        gate.open()
        for answer in (stopping.result, task.wait):
            with pytest.raises(RunOutcomeUnknown) as info:
                answer(5)
            assert info.value.candidates == (server.task().id,)
    assert server.count("Task/Kill") + server.count("Task/Cancel") == 0


def test_a_run_of_another_living_process_is_left_to_it(server: HostileServer, client: Client) -> None:
    """A run that is just being sent is not picked up as a lost one."""
    gate = server.gate()
    server.script("Run", gate)
    task = client.start("a/b", {"prompt": "x"}, None)
    gate.await_call()
    assert client.recover() == []
    gate.open()
    server.finish(server.task())
    assert task.wait(60).record.outcome == "succeeded"


@pytest.mark.parametrize("way", ["attach", "recover"])
def test_a_run_that_ended_meanwhile_is_closed(
    server: HostileServer, make_client: MakeClient, way: str
) -> None:
    """A run whose task ended while no client followed it is closed once it is picked up."""
    first = make_client()
    task = first.run("a/b", prompt="x")
    first.close()
    server.finish(server.task(), quietly=True)
    client = make_client()
    again = client.recover()[0] if way == "recover" else client.attach(task.id or "")
    assert again.wait(60).record.outcome == "succeeded"
    assert client.history.unfinished() == []
    assert "unfinished" not in repr(client.history)


def test_a_run_that_wiro_forgot_runs_no_more(server: HostileServer, make_client: MakeClient) -> None:
    """A run whose task is not at Wiro any more is unknown after `recover`."""
    first = make_client()
    task = first.run("a/b", prompt="x")
    first.close()
    server.tasks.clear()
    client = make_client()
    assert client.recover() == []
    record = client.history[task.id or ""]
    assert record.outcome == "unknown"
    assert "no task" in str(record.error)


def give_rows_to_parent(client: Client, journal: Path, started: str | None) -> None:
    """Make every row one of this process's parent."""
    client.close()
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE runs SET pid = ?, born = ?", (os.getppid(), started))
    connection.close()


def test_a_run_whose_process_number_was_given_out_again(
    server: HostileServer, make_client: MakeClient, tmp_path: Path
) -> None:
    """A run of a process that ended is recovered although another process has its number now."""
    client = make_client()
    task = client.run("a/b", prompt="x")
    give_rows_to_parent(client, tmp_path / "journal.sqlite3", started=start_time(os.getppid()))
    assert make_client().recover() == []
    give_rows_to_parent(make_client(), tmp_path / "journal.sqlite3", started="1.00")
    (again,) = make_client().recover()
    assert again.id == task.id == server.task().id
