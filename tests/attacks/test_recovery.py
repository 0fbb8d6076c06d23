"""Law 4, one bad item spoils nothing: recovery goes on past what it cannot read, and says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.sweeps import statuses
from tests.hostile import answers
from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import CUT, Answer, Call, Hang
from tests.hostile.server import HostileServer
from tests.hostile.task_api import ok
from tests.hostile.worker import Worker
from wiro_widgets.client.sync_client import Client
from wiro_widgets.protocol.errors import RunOutcomeUnknown, WiroError

BAD: dict[str, Answer] = {**answers.NO_ANSWERS, "a cut": CUT, "nothing": Hang()}


def recover(client: Client) -> Any:
    """Recover, and return what came of it."""
    return client.recover()


def begin_and_leave(server: HostileServer, make_client: MakeClient, count: int = 3) -> None:
    """Begin runs that go on when their client is closed, and end them."""
    with make_client() as client:
        for number in range(count):
            client.run("a/b", prompt=f"run {number}")
    Worker(server).finish_all()


def unless(bad_id: str, server: HostileServer, answer: Answer) -> Callable[[Call], Answer]:
    """Return a handler that answers of one task so, and of others as always."""
    return lambda call: answer if call.json.get("taskid") == bad_id else server.normal_answer(call)


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_one_task_that_cannot_be_read(server: HostileServer, make_client: MakeClient, answer: Answer) -> None:
    """The others are picked up, the problem names the one, and a later `recover` takes it."""
    begin_and_leave(server, make_client)
    bad = server.task(1).id
    client = make_client(timeout=0.5)
    server.always("Task/Detail", unless(bad, server, answer))
    recovered = recover(client)
    assert {task.wait(60).record.task_id for task in recovered} == set(server.tasks) - {bad}
    assert [bad in str(problem) for problem in recovered.problems] == [True]
    assert [row.task_id for row in client.history.unfinished()] == [bad]
    server.clear_script("Task/Detail")
    recovered = recover(client)
    assert [task.wait(60).record.task_id for task in recovered] == [bad]
    assert not recovered.problems
    assert client.history.unfinished() == []


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_a_list_that_cannot_be_read(server: HostileServer, make_client: MakeClient, answer: Answer) -> None:
    """A lost run whose list cannot be read is a problem, and keeps nobody else from being picked up."""
    begin_and_leave(server, make_client, 2)
    client = make_client(timeout=0.5)
    server.always("Task/List", answer)
    server.script("Run", server.effect_then(CUT))
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", prompt="lost")
    recovered = recover(client)
    assert len(recovered) == 2
    assert len(recovered.problems) == 1
    Worker(server).finish_all()
    server.clear_script("Task/List")
    recovered = recover(client)
    assert server.task().id in {task.id for task in recovered}
    assert not recovered.problems


def test_nothing_to_recover(client: Client) -> None:
    """A recovery of nothing has no problems."""
    recovered = recover(client)
    assert (list(recovered), list(recovered.problems)) == ([], [])


def test_a_detail_without_an_id_is_no_task(server: HostileServer, client: Client) -> None:
    """A task that a reply does not name is not the one that was asked for."""
    task = server.add_task("a/b", prompt="x")
    nameless = ok(total="1", tasklist=[answers.without_id(task.entry())])
    server.always("Task/Detail", nameless)
    for call in (client.detail, client.attach):
        with pytest.raises(WiroError):
            call(task.id)
    assert client.history.unfinished() == []
    assert len(client.history) == 0


def test_a_detail_of_another_task_is_not_this_one(server: HostileServer, client: Client) -> None:
    """A task with another id is not the one that was asked for."""
    task, other = server.add_task("a/b", prompt="x"), server.add_task("a/b", prompt="y")
    server.always("Task/Detail", ok(total="1", tasklist=[other.entry()]))
    for call in (client.detail, client.attach):
        with pytest.raises(WiroError):
            call(task.id)
    assert len(client.history) == 0


def test_a_list_entry_without_an_id_is_no_task(server: HostileServer, client: Client) -> None:
    """What has no id in the list is neither picked up nor a candidate."""
    server.script("Run", server.effect_then(CUT))
    server.always(
        "Task/List",
        lambda _: ok(tasklist=[answers.without_id(task.entry()) for task in server.tasks.values()]),
    )
    with pytest.raises(RunOutcomeUnknown) as error:
        client.run("a/b", prompt="x")
    assert error.value.candidates == ()
    assert list(client.recover()) == []


@pytest.mark.usefixtures("worker")
def test_a_run_that_was_never_made_is_closed(server: HostileServer, make_client: MakeClient) -> None:
    """Closed by hand, with a note, the row is open no more, and its cell is sent: the user has said that it may be."""
    client = make_client()
    server.script("Run", CUT)
    sweep = client.sweep("a/b", prompt="x", seed=[1]).wait(60)
    assert statuses(sweep) == ["unknown"]
    (row,) = client.history.unfinished()
    client.history.close(row.id, note="never made")
    assert client.history.unfinished() == []
    assert not recover(client).problems
    sweep.resume().wait(60)
    assert (server.count("Run"), statuses(sweep)) == (2, ["succeeded"])
    with pytest.raises(KeyError):
        client.history.close("no such row")


def test_thirty_runs_that_were_never_made(server: HostileServer, client: Client, tmp_path: Path) -> None:
    """Thirty lost runs are looked for in one reading of the list, and closed without a call."""
    server.always("Run", CUT)
    server.add_crowd(20)
    sweep = client.sweep("a/b", prompt="x", seed=range(30), concurrency=10).wait(30)
    assert statuses(sweep) == ["unknown"] * 30
    assert server.count("Run") == 30
    calls, begin = len(server.calls), time.monotonic()
    recovered = recover(client)
    assert (len(recovered), len(recovered.problems)) == (0, 30)
    assert len(server.calls) - calls < 30
    assert time.monotonic() - begin < 30
    calls = len(server.calls)
    sweep.resume().wait(60)
    assert server.count("Run") == 30
    assert len(server.calls) - calls < 60
    calls = len(server.calls)
    for row in client.history.unfinished():
        client.history.close(row.id)
    assert client.history.unfinished() == []
    assert len(server.calls) == calls
    assert (tmp_path / "journal.sqlite3").exists()
