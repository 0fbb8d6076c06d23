"""`client.history.sync` rebuilds a history, and what runs have cost, from Wiro's list of tasks."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.fixtures import MakeClient
from tests.hostile.http_wire import Call
from tests.hostile.server import CUT, KEY, SECRET, HostileServer
from tests.hostile.task_api import RemoteTask, ok, refused
from tests.sandbox_clients import FLUX, SMALL, wait_for
from tests.sandbox_clients import MakeClient as MakeSandboxClient
from wiro_widgets import (
    AsyncClient,
    Client,
    ConfigurationError,
    RunOutcomeUnknown,
    Sandbox,
    TransportError,
    WiroWarning,
)
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.runs.task_list.task_pages import PAGE

OVER: dict[str, Any] = {"elapsedseconds": "2", "totalcost": "0.04"}


def add(server: HostileServer, number: int = 1, *, ago: float = 0.0, **more: Any) -> RemoteTask:
    """Make a task of another machine that has succeeded."""
    for _ in range(number):
        task = server.add_task(prompt="a lighthouse", steps="20")
        task.created -= ago
        task.status, task.pexit, task.more = "task_postprocess_end", "0", {**OVER, **more}
    return task


def test_a_new_machine_gets_the_history(server: HostileServer, client: Client) -> None:
    """Tasks that have ended are records with model, values, times and cost; their files are not here."""
    add(server, outputs=[server.serve_file(b"x")])
    failure = add(server, pexit="1", debugerror="out of memory", totalcost="0")
    summary = client.history.sync()
    assert (summary.new, summary.present, summary.running, summary.is_complete) == (2, 0, (), True)
    newest, oldest = client.history
    assert (newest.task_id, newest.outcome, newest.error) == (failure.id, "failed", "out of memory")
    assert (oldest.model, oldest.prompt, oldest.outcome, oldest.total_cost) == (
        "a/b",
        "a lighthouse",
        "succeeded",
        0.04,
    )
    assert (oldest.output_count, oldest.output_paths, len(oldest.output_urls)) == (1, (), 1)
    assert client.history.spending() == {"a/b": 0.04}
    assert client.history.unfinished() == []


def test_syncing_again_changes_nothing(server: HostileServer, client: Client) -> None:
    """What is there is counted and left; what a person wrote of it stays."""
    task = add(server, 3)
    client.history.sync()
    client.history.star(task.id)
    summary = client.history.sync()
    assert (summary.new, summary.corrected, summary.present) == (0, 0, 3)
    assert len(client.history) == 3
    assert client.history[task.id].star


def test_the_parameters_have_their_types(make_sandbox_client: MakeSandboxClient) -> None:
    """Wiro gives values as texts; with the catalogue's schema they are numbers again, as in the run itself."""
    task = make_sandbox_client().run(FLUX, prompt="x", seed=7, **SMALL)
    record = task.wait(60).record
    other = make_sandbox_client(journal=False)
    assert other.history.sync().new == 1
    copy = other.history[record.task_id or ""]
    assert copy.parameters == {**record.parameters, **copy.parameters}
    assert (copy.parameters["steps"], copy.seed, copy.total_cost) == (2, 7, record.total_cost)
    assert copy.model == FLUX


def test_a_run_of_this_journal_is_there_once(server: HostileServer, client: Client) -> None:
    """A run that is in the journal stays as it is; only its cost is corrected, as Wiro says it."""
    task = client.run("a/b", prompt="x")
    server.task().more["totalcost"] = "0.03"
    server.finish(server.task(), [])
    task.wait(20)
    server.task().more["totalcost"] = "0.05"
    summary = client.history.sync()
    assert (summary.new, summary.corrected, summary.present) == (0, 1, 1)
    (record,) = client.history
    assert (record.total_cost, record.prompt) == (0.05, "x")


def test_a_cost_is_not_lost_to_a_poorer_list(server: HostileServer, client: Client) -> None:
    """A list that says nothing, or zero, of a cost that is known changes nothing."""
    task = client.run("a/b", prompt="x")
    server.task().more["totalcost"] = "0.03"
    server.finish(server.task(), [])
    task.wait(20)
    for cost in ("0.000", None, "much"):
        server.task().more["totalcost"] = cost
        assert client.history.sync().corrected == 0
    assert [record.total_cost for record in client.history] == [0.03]


def test_tasks_that_are_not_over_are_named(server: HostileServer, client: Client) -> None:
    """They are no part of the history yet, so that nothing follows another person's runs; a later sync has them."""
    task = server.add_task(prompt="x")
    task.status = "task_start"
    summary = client.history.sync()
    assert summary.running == (task.id,)
    assert f"task {task.id}" in str(summary)
    assert len(client.history) == 0
    assert client.recover() == []
    task.status, task.pexit = "task_postprocess_end", "0"
    assert client.history.sync().new == 1


def test_a_poor_entry_is_asked_for(server: HostileServer, client: Client) -> None:
    """An entry that does not say how its task ended is read by itself, before anything is believed."""
    task = add(server)

    def poorly(call: Call) -> Any:
        reply = server.normal_answer(call)
        for entry in reply.content["tasklist"]:
            del entry["pexit"]
        return reply

    server.script("Task/List", poorly)
    assert client.history.sync().new == 1
    assert client.history[task.id].outcome == "succeeded"


@pytest.mark.parametrize("count", [0, 1, 2, PAGE - 1, PAGE, PAGE + 1, 1234])
def test_every_task_of_long_lists(server: HostileServer, client: Client, count: int) -> None:
    """All pages are read, each task once, however many there are."""
    add(server, count) if count else None
    summary = client.history.sync()
    assert (summary.new, summary.is_complete) == (count, True)
    assert len(client.history) == count
    assert server.count("Task/List") <= count // (PAGE - 10) + 3


def test_a_server_with_small_pages(server: HostileServer, client: Client) -> None:
    """A server that gives fewer tasks at once than were asked for is read to its end."""
    add(server, 95)

    def small(call: Call) -> Any:
        return server.normal_answer(with_fields(call, limit="20"))

    server.always("Task/List", small)
    summary = client.history.sync()
    assert (summary.new, summary.is_complete) == (95, True)


def with_fields(call: Call, **fields: str) -> Call:
    """Return a call with other fields in its body."""
    return replace(call, body=json.dumps({**call.json, **fields}).encode())


def moving(server: HostileServer, move: Callable[[int], object]) -> None:
    """Change the tasks before each page is read."""
    pages = iter(range(1000))

    def answer(call: Call) -> Any:
        move(next(pages))
        return server.normal_answer(call)

    server.always("Task/List", answer)


def test_tasks_that_begin_meanwhile(server: HostileServer, client: Client) -> None:
    """New tasks push the others down: none is taken twice, and none is left out."""
    add(server, 250)
    old = set(server.tasks)
    moving(server, lambda page: add(server, 35) if page else None)
    client.history.sync()
    ids = [record.task_id for record in client.history]
    assert len(ids) == len(set(ids))
    assert old <= set(ids)


@pytest.mark.parametrize("number", [5, 60, 150])
def test_tasks_that_vanish_meanwhile(server: HostileServer, client: Client, number: int) -> None:
    """Tasks that are deleted pull the older ones up: what is left is all there."""
    add(server, 380)

    def vanish(page: int) -> None:
        if page == 1:
            for task_id in sorted(server.tasks, key=int, reverse=True)[:number]:
                del server.tasks[task_id]

    moving(server, vanish)
    assert client.history.sync().is_complete
    assert set(server.tasks) <= {record.task_id for record in client.history}


def test_a_server_that_repeats_itself(server: HostileServer, client: Client) -> None:
    """A list that shows the same page for ever is left after a few pages, and the end is not claimed."""
    add(server, 30)

    def same(call: Call) -> Any:
        return server.normal_answer(with_fields(call, start="0"))

    server.always("Task/List", same)
    summary = client.history.sync()
    assert (summary.new, summary.is_complete) == (30, False)
    assert "the end of Wiro's list was not seen" in str(summary)
    assert server.count("Task/List") < 20


def test_an_account_without_tasks(server: HostileServer, client: Client) -> None:
    """Wiro's refusal for want of tasks is an empty list."""
    server.always("Task/List", refused("There is no task yet.", 1))
    assert client.history.sync().new == 0


@pytest.mark.parametrize("skew", [-7200.0, 0.0, 7200.0])
def test_since_is_of_this_clock(server: HostileServer, client: Client, skew: float) -> None:
    """`since` is a time of this machine, wherever Wiro's clock stands; the pages before it are not read."""
    server.clock_skew = skew
    for _ in range(5):
        add(server, PAGE, ago=86400.0)
    recent = add(server, 2, ago=600.0)
    summary = client.history.sync(datetime.now(UTC) - timedelta(hours=1))
    assert summary.new == 2
    assert server.count("Task/List") < 4
    (record, _) = client.history.find(since=datetime.now(UTC) - timedelta(minutes=11))
    assert record.task_id == recent.id


def test_a_wrong_since_is_refused(client: Client, server: HostileServer) -> None:
    """Nothing is asked for a time that is none."""
    with pytest.raises(ValueError, match="since is a time"):
        client.history.sync("last week")
    assert server.count("Task/List") == 0


def test_what_was_read_before_a_failure_stays(server: HostileServer, client: Client) -> None:
    """A list that breaks off raises, keeps what was read, and the next sync goes on."""
    add(server, 150)
    server.script("Task/List", server.normal_answer, *[CUT] * 10)
    with pytest.raises(TransportError):
        client.history.sync()
    assert len(client.history) == PAGE
    server.clear_script("Task/List")
    assert client.history.sync().new == 50
    assert len(client.history) == 150


def test_damaged_entries_spoil_nothing(server: HostileServer, client: Client) -> None:
    """Entries that are no tasks are left out; the others are taken."""
    task = add(server)
    entries = [
        None,
        3,
        {},
        {"id": ""},
        {"id": "9", "status": 5},
        {"status": "task_postprocess_end"},
        task.entry(),
    ]
    server.script("Task/List", ok(tasklist=entries), ok(tasklist=[]))
    client.history.sync()
    assert [record.task_id for record in client.history] == [task.id]


# Never pay twice, never lose what was paid for


def test_a_lost_run_keeps_its_task(server: HostileServer, client: Client) -> None:
    """A task that the list gave is still matched to the lost run that became it, and then is in the history once."""
    server.script("Run", server.effect_then(CUT))
    server.script("Task/List", *[CUT] * 10)
    with pytest.raises(RunOutcomeUnknown):
        client.run("a/b", prompt="x")
    server.clear_script("Task/List")
    task = server.task()
    server.finish(task, [], quietly=True)
    assert client.history.sync().new == 1
    client.history.tag(task.id, "lost")
    (lost_task,) = client.recover()
    assert lost_task.id == task.id
    lost_task.wait(20)
    (record,) = client.history
    assert (record.task_id, record.tags) == (task.id, ("lost",))
    assert client.history.unfinished() == []
    assert server.count("Run") == 1


def test_a_lost_run_after_a_sync(server: HostileServer, client: Client) -> None:
    """Rows of the list, however many, do not hide the last run of this machine, after which a lost one was made."""
    task = client.run("a/b", prompt="earlier")
    server.finish(server.task(), [])
    task.wait(20)
    add(server, 2 * PAGE, createtime=datetime.now(UTC).isoformat())
    assert client.history.sync().new == 2 * PAGE
    # Wiro's times are whole seconds.
    wait_for(lambda: len(client.history.find(until=datetime.now(UTC))) == 2 * PAGE + 1)
    assert [row.is_synced for row in client._client._engine.journal.rows(Query(), 50)] == [True] * 50
    server.on_run = lambda remote: remote.more.update(createtime="")  # so that no clock can tell
    server.script("Run", server.effect_then(CUT))
    with pytest.raises(RunOutcomeUnknown) as info:
        client.run("a/b", prompt="lost")
    assert info.value.candidates == (server.task().id,)
    (lost_task,) = client.recover()
    assert lost_task.id == server.task().id


def test_a_receipt_that_comes_after_the_sync(server: HostileServer, client: Client, tmp_path: Path) -> None:
    """A run that is on the wire while the list is read is in the history once."""
    gate = server.gate()
    server.script("Run", gate)
    other = Client(
        KEY,
        SECRET,
        base_url=server.base_url,
        socket_url=server.socket_url,
        journal=tmp_path / "journal.sqlite3",
        output_dir=tmp_path / "outputs",
    )

    async def both() -> None:
        work = asyncio.to_thread(lambda: client.run("a/b", prompt="x"))
        run = asyncio.create_task(work)
        await asyncio.to_thread(gate.await_call)
        server.finish(server.task(), [], quietly=True)
        summary = await asyncio.to_thread(other.history.sync)
        assert summary.new == 1
        gate.open()
        task = await run
        await asyncio.to_thread(task.wait, 20)

    with other:
        asyncio.run(both())
    assert len(client.history) == 1


def test_imported_rows_answer_for_nothing(sandbox: Sandbox, make_sandbox_client: MakeSandboxClient) -> None:
    """A run that was summary is neither reused nor taken for a sweep's cell: its pictures are not here."""
    values = {"prompt": "x", "seed": 7, **SMALL}
    make_sandbox_client(journal=False).run(FLUX, **values).wait(60)
    client = make_sandbox_client()
    assert client.history.sync().new == 1
    task = client.run(FLUX, reuse=True, **values)
    assert task.wait(60).record.reused_from is None
    assert client.sweep(FLUX, **values).wait().counts == {"succeeded": 1}
    assert sum("/Run/" in request.path for request in sandbox.requests) >= 2


def test_attaching_brings_the_pictures(sandbox: Sandbox, make_sandbox_client: MakeSandboxClient) -> None:
    """A summary run is attached to for its pictures; it becomes a run of this journal, with its star."""
    first = make_sandbox_client(journal=False)
    task_id = first.run(FLUX, prompt="x", seed=7, **SMALL).wait(60).record.task_id or ""
    client = make_sandbox_client()
    client.history.sync()
    client.history.star(task_id)
    (entry,) = client._client._engine.journal.rows(Query())
    assert len(client.attach(task_id).wait(60).images) == 1
    (record,) = client.history
    assert record.star
    (row,) = client._client._engine.journal.rows(Query())
    assert (row.is_imported, row.is_synced, row.intent_at) == (False, False, entry.intent_at)
    assert client.history.unfinished() == []
    assert len(client.history.result(task_id).images) == 1
    assert sum("/Run/" in request.path for request in sandbox.requests) == 1


def test_a_sandbox_that_counts_anew(server: HostileServer, client: Client) -> None:
    """On this machine a number names another task after a restart, which is another run."""
    task = client.run("a/b", prompt="x")
    server.finish(server.task(), [])
    task.wait(20)
    server.tasks.clear()
    server.restart_numbers()
    other = add(server, ago=-90000.0)
    assert other.id == task.id
    assert client.history.sync().new == 1
    assert len(client.history) == 2


def test_awaiting_it(server: HostileServer, tmp_path: Path) -> None:
    """The history of an AsyncClient awaits it."""
    add(server, 2)

    async def sync() -> int:
        path = tmp_path / "other.sqlite3"
        async with AsyncClient(
            KEY, SECRET, base_url=server.base_url, socket_url=server.socket_url, journal=path
        ) as client:
            summary = await client.history.sync()
            assert len(client.history) == summary.new
            return summary.new

    assert asyncio.run(sync()) == 2


def test_two_machines_of_one_journal(server: HostileServer, make_client: MakeClient) -> None:
    """Two processes that sync at once into one journal give each task one row."""
    add(server, 120)
    clients = [make_client(), make_client()]

    async def both() -> None:
        await asyncio.gather(*(asyncio.to_thread(client.history.sync) for client in clients))

    asyncio.run(both())
    assert len(clients[0].history) == 120


def test_the_line_of_progress(
    server: HostileServer, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """Somebody who waits sees how far it is, and how it ended."""
    add(server, 3)
    client.history.sync(progress=True)
    assert "History: 3 new runs, 0 already there" in capfd.readouterr().err


def test_a_journal_that_cannot_be_read(
    server: HostileServer, make_client: MakeClient, tmp_path: Path
) -> None:
    """Without its journal a history cannot tell what is there: nothing is taken in."""
    path = tmp_path / "notes.txt"
    path.write_text("not a journal, but something that a person wrote")
    add(server)
    with pytest.warns(WiroWarning, match="no journal"):
        client = make_client(journal=path)
    with pytest.raises(ConfigurationError, match="journal cannot be used"):
        client.history.sync()
    assert server.count("Task/List") == 0


def test_a_history_without_a_client(tmp_path: Path) -> None:
    """A history by itself has nobody to ask, and says who has."""
    from wiro_widgets.journal.history import History  # noqa: PLC0415 - for this test alone

    with (
        Journal.open(tmp_path / "journal.sqlite3") as journal,
        pytest.raises(ConfigurationError, match="client"),
    ):
        History(journal, "https://api.example.com/v1").sync()
