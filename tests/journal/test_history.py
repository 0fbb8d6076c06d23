import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox_clients import wait_for
from wiro_widgets.journal import event_log, process
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, NotFound, WiroWarning
from wiro_widgets.protocol.events import Log
from wiro_widgets.protocol.record import Outcome, TaskRecord

SERVER = "https://api.wiro.ai/v1"


def add_run(journal: Journal, task_id: str, model: str, outcome: Outcome, prompt: str) -> None:
    """Add a run with this outcome."""
    run_id = journal.begin(SERVER, model, {"prompt": prompt})
    journal.submitted(run_id, task_id)
    created = datetime(2026, 5, 1, 12, 30, int(task_id), tzinfo=UTC)
    journal.settle(run_id, TaskRecord(task_id, model, outcome=outcome, prompt=prompt, created_at=created))


@pytest.fixture
def history(place: Path | str) -> Iterator[History]:
    """Yield a history of three settled runs and one that still runs."""
    with Journal.open(place) as journal:
        add_run(journal, "1", "a/b", "succeeded", "a cat")
        add_run(journal, "2", "a/b", "failed", "a dog")
        add_run(journal, "3", "c/d", "succeeded", "a CAT")
        journal.submitted(journal.begin(SERVER, "c/d", {"prompt": "cut off"}), "4")
        yield History(journal, SERVER)


def ids(records: list[TaskRecord]) -> list[str | None]:
    """Return the task ids of records."""
    return [record.task_id for record in records]


def test_newest_first(history: History) -> None:
    """A history is a sequence of records, newest first."""
    assert ids(list(history)) == ids(history.records()) == ["4", "3", "2", "1"]
    assert (len(history), ids(history.records(limit=2))) == (4, ["4", "3"])


def test_one_task(history: History) -> None:
    """A task is found by its id, and a KeyError says where else to look."""
    assert history["2"].prompt == "a dog"
    with pytest.raises(KeyError, match=r"no task 99 in this history; client.attach\('99'\)"):
        history["99"]


def test_finding(history: History) -> None:
    """Records are found by model, outcome, text and number."""
    assert ids(history.find("a/b")) == ["2", "1"]
    assert ids(history.find(outcome="failed")) == ["2"]
    assert ids(history.find(text="cat")) == ["3", "1"]
    assert ids(history.find(text="cat", limit=1)) == ["3"]
    assert ids(history.find(outcome="running")) == ["4"]


def test_finding_by_time(history: History) -> None:
    """Times are datetimes or ISO text; anything else is a ValueError."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert len(history.find(since=hour_ago)) == 4
    assert history.find(until=hour_ago.isoformat()) == []
    assert history.find(until="2020-01-01") == []
    with pytest.raises(ValueError, match="yesterday"):
        history.find(since="yesterday")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has one time zone for all processes")
def test_times_without_a_zone_are_local(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time without a zone is local time."""
    monkeypatch.setitem(os.environ, "TZ", "Asia/Tokyo")
    time.tzset()
    try:
        soon = datetime.now() + timedelta(minutes=5)  # noqa: DTZ005 - the point
        assert len(history.find(until=soon)) == 4
        assert history.find(since=soon) == []
    finally:
        monkeypatch.undo()
        time.tzset()


def test_unfinished(history: History) -> None:
    """An unfinished run is listed with what is needed to attach to it."""
    (row,) = history.unfinished()
    assert (row.task_id, row.model, row.parameters) == ("4", "c/d", {"prompt": "cut off"})


def test_repr_counts(history: History) -> None:
    """The repr is one line with counts."""
    assert repr(history).startswith(f"<History of {SERVER}: 4 runs, newest 20")
    assert repr(history).endswith(" UTC, 1 unfinished, which client.recover() picks up>")
    assert repr(History(Journal.open(None), SERVER)) == f"<History of {SERVER}: 0 runs>"


def test_to_pandas(history: History) -> None:
    """The history as a table has one row a task."""
    assert list(history.to_pandas()["task_id"]) == ["4", "3", "2", "1"]
    assert "param.prompt" in history.to_pandas(expand=True)


def test_finding_by_parameters(history: History) -> None:
    """Parameter values are compared as numbers or texts; all of the query must be equal."""
    run_id = history._journal.begin(SERVER, "a/b", {"steps": "20", "scale": 3.5, "image": b"123"})
    history._journal.submitted(run_id, "9")
    assert ids(history.find(parameters={"steps": 20})) == ["9"]
    assert ids(history.find(parameters={"steps": 20.0, "scale": "3.5", "image": "bytes"})) == ["9"]
    assert ids(history.find(parameters={"steps": 20, "scale": 4})) == []


def test_annotations(history: History) -> None:
    """Stars, tags and notes are set by task, are part of the record, and can be searched for."""
    history.star("1")
    history.tag("1", "good", "sea")
    history.tag("3", "sea")
    history.note("3", "Too Dark")
    assert (history["1"].star, history["1"].tags, history["3"].note) == (True, ("good", "sea"), "Too Dark")
    assert ids(history.find(star=True)) == ["1"]
    assert ids(history.find(star=False)) == ["4", "3", "2"]
    assert ids(history.find(tag="sea")) == ["3", "1"]
    assert ids(history.find(tag=["sea", "good"])) == ["1"]
    assert ids(history.find(note="dark")) == ["3"]
    assert history.to_pandas().set_index("task_id").loc["1", "tags"] == '["good","sea"]'


def test_annotations_can_be_removed(history: History) -> None:
    """Stars and tags can be removed."""
    history.star("1")
    history.star("1", False)
    history.tag("1", "a", "b", "c")
    history.untag("1", "b")
    assert (history["1"].star, history["1"].tags) == (False, ("a", "c"))
    history.untag("1")
    assert history["1"].tags == ()


def test_a_run_never_overwrites_annotations(history: History) -> None:
    """A star on a running task is still there when it has ended."""
    history.star("4")
    row = history._journal.find("4", SERVER)
    assert row is not None
    history._journal.settle(row.id, TaskRecord("4", "c/d", outcome="succeeded"))
    assert (history["4"].star, history["4"].outcome) == (True, "succeeded")


def test_a_star_on_a_task_that_is_not_there(history: History) -> None:
    """Annotating an unknown task is a KeyError that says where to look."""
    with pytest.raises(KeyError, match="no task 99 in this history"):
        history.star("99")


def test_forgetting(history: History, tmp_path: Path) -> None:
    """A forgotten run is gone from the history, and with `files=True` its files as well."""
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for task_id, path in (("1", first), ("2", second)):
        path.write_bytes(b"picture")
        row = history._journal.find(task_id, SERVER)
        assert row is not None
        history._journal.settle(row.id, TaskRecord(task_id, "a/b", outcome="succeeded"), [path])
    history.forget("1")
    history.forget("2", files=True)
    assert ids(list(history)) == ["4", "3"]
    assert (first.exists(), second.exists()) == (True, False)


def test_forgetting_at_wiro_comes_first(history: History) -> None:
    """When Wiro cannot delete a task's files, the run stays in the history."""

    def refuse(_task_id: str) -> None:
        raise NotFound("no task")

    online = History(history._journal, SERVER, delete_files=refuse)
    with pytest.raises(NotFound):
        online.forget("1", server=True)
    assert history["1"].task_id == "1"
    with pytest.raises(ConfigurationError, match="delete_files"):
        history.forget("1", server=True)


def test_a_forgotten_run_is_gone_from_the_file(tmp_path: Path) -> None:
    """No text of a forgotten run is left in the journal's file."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        add_run(journal, "1", "a/b", "succeeded", "a planted prompt")
        History(journal, SERVER).forget("1")
    assert b"planted" not in (tmp_path / "journal.sqlite3").read_bytes()


def test_spending(history: History) -> None:
    """Spending is added up exactly, by model or by day; another `by` is a ValueError."""
    for task_id, model, cost in (("1", "a/b", 0.1), ("2", "a/b", 0.2), ("3", "c/d", 0.7)):
        row = history._journal.find(task_id, SERVER)
        assert row is not None
        created = datetime(2026, 5, int(task_id), 12, tzinfo=UTC)
        history._journal.settle(
            row.id, TaskRecord(task_id, model, outcome="succeeded", total_cost=cost, created_at=created)
        )
    assert history.spending() == {"c/d": 0.7, "a/b": 0.3}
    assert list(history.spending(by="model")) == ["c/d", "a/b"]
    days = history.spending(by="day")
    assert list(days)[1:] == ["2026-05-03", "2026-05-02", "2026-05-01"]
    assert days["2026-05-02"] == 0.2
    with pytest.raises(ValueError, match="not by 'week'"):
        history.spending(by="week")  # type: ignore[arg-type]


def test_counting_reads_no_run(tmp_path: Path) -> None:
    """The length of a history is counted by SQLite, and in memory for runs that are not written."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        for number in range(5):
            add_run(journal, str(number), "a/b", "succeeded", "a cat")
        journal.refused(journal.begin(SERVER, "a/b", {}), "no balance")
        history = History(journal, SERVER)
        assert len(history) == len(list(history)) == 5
    in_memory = Journal.open(None)
    add_run(in_memory, "1", "a/b", "succeeded", "a cat")
    assert len(History(in_memory, SERVER)) == 1


def lost_run(journal: Journal, server: str = SERVER) -> str:
    """Add a run whose reply was lost, and return its id."""
    run_id = journal.begin(server, "a/b", {"prompt": "lost"}, content="c", cell=0)
    journal.unknown(run_id, "the reply was lost")
    return run_id


def test_a_run_that_was_never_made_is_closed(history: History, place: Path | str) -> None:
    """A closed run is not unfinished any more, in this process and in others, and its cell may be sent again."""
    journal = history._journal
    run_id = lost_run(journal)
    history.close(run_id, "not in my list at Wiro")
    history.close(run_id)  # twice is fine
    assert [row.task_id for row in history.unfinished()] == ["4"]
    with Journal.open(place) as other:
        row = other.row(run_id)
        assert row is not None
        assert (row.outcome, row.settled_at is not None) == ("refused", True)
        assert row.error == "It was closed in the history, since no task came of it: not in my list at Wiro"
        conflicts = {"submitting", "running", "unknown", "succeeded"}
        claim_result = other.claim(
            "new", SERVER, "a/b", {}, content="c", cell=0, conflicts=lambda row: row.outcome in conflicts
        )
        assert claim_result is None


def test_a_closed_run_that_has_a_task_after_all_is_settled(history: History) -> None:
    """If the task of a closed run turns up and settles, its row says so: what is known is not lost to a guess."""
    run_id = lost_run(history._journal)
    history.close(run_id)
    history._journal.settle(run_id, TaskRecord("77", "a/b", outcome="succeeded"))
    assert history["77"].outcome == "succeeded"


def test_closing_a_run_needs_a_reason_to_believe_it(history: History) -> None:
    """A run that has a task, is unknown, or is being sent, is not closed, and the error says what to do."""
    journal = history._journal
    with_task = history.unfinished()[0].id
    elsewhere = lost_run(journal, "http://127.0.0.1:1/v1")
    sent_now = journal.begin(SERVER, "a/b", {})
    process.sending.add(sent_now)
    try:
        for run_id, reason in (
            (with_task, r"became task 4; client\.attach\('4'\) picks it up"),
            (sent_now, rf"process {os.getpid()} is sending the run at this moment"),
        ):
            with pytest.raises(InvalidParameter, match=reason):
                history.close(run_id)
        for run_id in ("nonsense", elsewhere):
            with pytest.raises(
                KeyError, match=rf"no run {run_id} in this history; client\.history\.unfinished"
            ):
                history.close(run_id)
    finally:
        process.sending.discard(sent_now)
    history.close(sent_now)
    assert [row.id for row in history.unfinished()] == [with_task]


SENDER = """
import sys
from wiro_widgets.journal.journal import Journal
journal = Journal.open(sys.argv[1])
print(journal.begin(sys.argv[2], "a/b", {}), flush=True)
sys.stdin.readline()
"""


def test_a_run_of_a_living_process_is_not_closed(history: History, place: Path | str) -> None:
    """A run that another process sends is closed once that process has ended, and not before."""
    arguments = [sys.executable, "-c", SENDER, str(place), SERVER]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        run_id = sender.stdout.readline().strip()
        with pytest.raises(InvalidParameter, match=f"process {sender.pid} is sending the run"):
            history.close(run_id)
        sender.kill()
    # A server learns of it a moment later.
    wait_for(lambda: not any(map(process.is_attended, history.unfinished())))
    history.close(run_id)
    assert run_id not in {row.id for row in history.unfinished()}


def test_closing_in_memory_and_without_a_file(tmp_path: Path) -> None:
    """Without a journal a run is closed in memory; in a journal that cannot be read, nothing is closed in silence."""
    in_memory = Journal.open(None)
    run_id = lost_run(in_memory)
    History(in_memory, SERVER).close(run_id)
    assert in_memory.unfinished(SERVER) == []
    path = tmp_path / "newer.sqlite3"
    with Journal.open(path) as journal:
        run_id = lost_run(journal)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.warns(WiroWarning, match="newer version"):
        history = History(Journal.open(path), SERVER)
    with pytest.raises(ConfigurationError, match=r"was not closed: .*newer version"):
        history.close(run_id)


def test_two_servers_may_have_equal_task_numbers(tmp_path: Path) -> None:
    """Tasks of the same number at two servers are two runs in one journal: each finds, changes and deletes its own."""
    other_server = "http://127.0.0.1:1/v1"
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        paths = {}
        for number, server in enumerate((SERVER, other_server)):
            run_id = journal.begin(server, "a/b", {"prompt": server}, content="same", cell=0)
            journal.submitted(run_id, "7")
            paths[server] = tmp_path / f"{number}.txt"
            paths[server].write_text(server)
            record = TaskRecord("7", "a/b", outcome="succeeded", prompt=server, output_count=1)
            log = event_log.pack([Log("output", server, 1.0)])
            journal.settle(run_id, record, [str(paths[server])], log)
        ours, theirs = History(journal, SERVER), History(journal, other_server)
        ours.star("7")
        ours.tag("7", "ours")
        theirs.note("7", "theirs")
        for history, server in ((ours, SERVER), (theirs, other_server)):
            assert history["7"].prompt == server
            assert [record.prompt for record in history] == [server]
            assert history.result("7").outputs[0].bytes() == server.encode()
            assert history.events_to_pandas("7")["text"].tolist() == [server]
            row = journal.find("7", server)
            assert row is not None
            assert row.server == server
            conflict = journal.claim(
                "x", server, "a/b", {}, content="same", cell=0, conflicts=lambda row: row.task_id == "7"
            )
            assert conflict is not None
            assert conflict.server == server
        assert (ours["7"].star, ours["7"].tags, ours["7"].note) == (True, ("ours",), "")
        assert (theirs["7"].star, theirs["7"].tags, theirs["7"].note) == (False, (), "theirs")
        lost = lost_run(journal, other_server)
        with pytest.raises(KeyError, match="no run"):
            ours.close(lost)
        theirs.close(lost)
        theirs.export_to(tmp_path / "theirs.jsonl")
        ours.forget("7", files=True)
        assert (len(ours), len(theirs)) == (0, 1)
        assert theirs.result("7").outputs[0].bytes() == other_server.encode()
        assert not paths[SERVER].exists()
        assert theirs.events_to_pandas("7")["text"].tolist() == [other_server]
