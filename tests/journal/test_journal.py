import json
import os
import sqlite3
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import JournalRow, Query
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
MODEL = "tencent/hunyuan-flux-srpo"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a journal, in a folder that does not exist yet."""
    return tmp_path / "data" / "journal.sqlite3"


def record(task_id: str = "12", **more: object) -> TaskRecord:
    """Return the record of a run that succeeded."""
    fields = {"task_id": task_id, "model": MODEL, "outcome": "succeeded", "created_at": datetime.now(UTC)}
    return TaskRecord(**{**fields, **more})  # type: ignore[arg-type]  # fields of mixed types


def only_row(rows: list[JournalRow]) -> JournalRow:
    """Return the only row."""
    (row,) = rows
    return row


def test_a_run_is_on_disk_before_it_is_sent(place: Path | str) -> None:
    """When `begin` returns, another connection sees the run."""
    with Journal.open(place) as journal, Journal.open(place) as other:
        run_id = journal.begin(SERVER, MODEL, {"prompt": "a cat"})
        row = only_row(other.unfinished(SERVER))
    assert (row.id, row.outcome, row.parameters) == (run_id, "submitting", {"prompt": "a cat"})
    assert (row.task_id, row.pid) == (None, os.getpid())


def test_a_run_gets_its_task(place: Path | str) -> None:
    """After the reply the run has its task's id and is found by it."""
    with Journal.open(place) as journal:
        run_id = journal.begin(SERVER, MODEL, {})
        journal.submitted(run_id, "534574")
        row = journal.find("534574", SERVER)
    assert row is not None
    assert (row.id, row.outcome, row.settled_at) == (run_id, "running", None)
    assert row.submitted_at is not None
    assert row.submitted_at >= row.intent_at


def test_a_settled_run_has_record_and_paths(place: Path | str) -> None:
    """A settled run is no longer unfinished, and has its record with the paths of its outputs."""
    with Journal.open(place) as journal:
        run_id = journal.begin(SERVER, MODEL, {})
        journal.submitted(run_id, "12")
        journal.settle(run_id, record(total_cost=0.1, seed=7350148318), [Path("/pictures/0.png")])
    with Journal.open(place) as journal:
        assert journal.unfinished(SERVER) == []
        run_record = journal.records(SERVER)[0]
    assert (run_record.total_cost, run_record.seed, run_record.output_paths) == (
        0.1,
        7350148318,
        ("/pictures/0.png",),
    )
    assert run_record.outcome == "succeeded"


def test_a_refused_run_is_no_task(place: Path | str) -> None:
    """A run that the server refused is neither unfinished nor in the records."""
    with Journal.open(place) as journal:
        journal.refused(journal.begin(SERVER, MODEL, {}), "balance")
        assert (journal.unfinished(SERVER), journal.records(SERVER)) == ([], [])


def test_an_ambiguous_run_stays_open(place: Path | str) -> None:
    """A run whose reply was lost stays among the unfinished, and in the records as unknown."""
    with Journal.open(place) as journal:
        journal.unknown(journal.begin(SERVER, MODEL, {"prompt": "x", "seed": 3}), "connection broken")
        row = only_row(journal.unfinished(SERVER))
        (run_record,) = journal.records(SERVER)
    assert (row.outcome, row.error) == ("unknown", "connection broken")
    assert (run_record.outcome, run_record.prompt, run_record.seed, run_record.model) == (
        "unknown",
        "x",
        3,
        MODEL,
    )


def test_a_detached_run_stays_open(place: Path | str) -> None:
    """A record that still runs does not close its row."""
    with Journal.open(place) as journal:
        run_id = journal.begin(SERVER, MODEL, {})
        journal.settle(run_id, record(outcome="running"))
        assert only_row(journal.unfinished(SERVER)).task_id == "12"


def test_a_late_write_does_not_unsettle(place: Path | str) -> None:
    """A process that missed the end of a run cannot unsettle it."""
    with Journal.open(place) as first, Journal.open(place) as second:
        run_id = first.begin(SERVER, MODEL, {})
        second.settle(run_id, record())
        first.submitted(run_id, "12")
        assert second.unfinished(SERVER) == []
        assert [row.outcome for row in second.records(SERVER)] == ["succeeded"]


def test_servers_are_kept_apart(place: Path | str) -> None:
    """Runs of the sandbox are not among those of Wiro."""
    with Journal.open(place) as journal:
        journal.begin("http://127.0.0.1:1/v1", MODEL, {})
        assert journal.unfinished(SERVER) == []


def test_records_are_found_by_a_query(place: Path | str) -> None:
    """Records are selected by model, outcome, time, text and limit, newest first."""
    with Journal.open(place) as journal:
        for number, (model, prompt) in enumerate(
            [("a/b", "Ein Kätzchen"), ("a/b", "dog"), ("c/d", "KÄTZCHEN")]
        ):
            run_id = journal.begin(SERVER, model, {"prompt": prompt})
            outcome = "failed" if number == 1 else "succeeded"
            journal.settle(run_id, record(str(number), outcome=outcome))

        def task_ids(limit: int | None = None, **query: Any) -> list[str | None]:
            return [row.task_id for row in journal.records(SERVER, Query(**query), limit)]

        now = datetime.now(UTC)
        assert task_ids() == ["2", "1", "0"]
        assert task_ids(limit=2) == ["2", "1"]
        assert task_ids(model="a/b") == ["1", "0"]
        assert task_ids(outcomes=("failed",)) == ["1"]
        assert task_ids(text="kätz") == ["2", "0"]
        assert task_ids(text="kätz", limit=1) == ["2"]
        assert (task_ids(since=now), task_ids(until=now - timedelta(hours=1))) == ([], [])
        assert task_ids(since=now - timedelta(hours=1), until=now) == ["2", "1", "0"]


def test_nothing_secret_is_written(path: Path) -> None:
    """Contents of files and texts that are named like credentials never reach the file."""
    with Journal.open(path) as journal:
        values = {"image": b"planted bytes", "api_secret": "planted secret", "prompt": "x"}
        run_id = journal.begin(SERVER, MODEL, values)
        journal.settle(run_id, record(parameters=values))
    assert not any(b"planted" in file.read_bytes() for file in path.parent.iterdir())


def test_lone_surrogates(place: Path | str, tmp_path: Path) -> None:
    """Texts are stored with a question mark in place of a lone surrogate, which no file can hold."""
    with Journal.open(place) as journal:
        run_id = journal.begin(SERVER, MODEL, {"prompt": "a \ud83d"})
        journal.unknown(run_id, "lost \ud83d")
        journal.settle(run_id, record(error="an error \ud83d"))
        journal.annotate(run_id, notes="mine \ud83d", tags=("\ud83d",))
        journal.settle(journal.begin(SERVER, MODEL, {}), record("13"))
    with Journal.open(place) as journal:
        after, run_record = journal.records(SERVER)
        exported_count = History(journal, SERVER).export_to(tmp_path / "runs.jsonl")
    assert (run_record.error, run_record.note, run_record.tags, after.task_id) == (
        "an error ?",
        "mine ?",
        ("?",),
        "13",
    )
    assert exported_count == 2


def test_reuses_are_counted_while_a_run_is_written(place: Path | str) -> None:
    """A count is never overwritten by a process that writes the run again."""
    with Journal.open(place) as journal, Journal.open(place) as other:
        run_id = journal.begin(SERVER, MODEL, {})
        journal.settle(run_id, record())
        other.reused(run_id)
        journal.reused(run_id)
        other.settle(run_id, record(total_cost=0.1))
        assert [(row.reuses, row.total_cost) for row in journal.records(SERVER)] == [(2, 0.1)]


def test_only_the_owner_reads_it(path: Path) -> None:
    """Only the user may read the folder and the files, which hold prompts."""
    with Journal.open(path) as journal:
        journal.begin(SERVER, MODEL, {})
        modes = {file.stat().st_mode & 0o077 for file in (path.parent, *path.parent.iterdir())}
    assert modes == {0}


def test_memory_alone() -> None:
    """A journal without a file keeps its runs in memory, silently."""
    with warnings.catch_warnings(action="error"), Journal.open(None) as journal:
        run_id = journal.begin(SERVER, MODEL, {"prompt": "x"})
        journal.settle(run_id, record())
        assert [row.task_id for row in journal.records(SERVER)] == ["12"]
    assert repr(journal) == "<Journal in memory, closed>"


def test_closing_twice_and_settling_late(path: Path) -> None:
    """Closing twice is fine, no file stays open, and a later settle still reaches the disk."""
    journal = Journal.open(path)
    run_id = journal.begin(SERVER, MODEL, {})
    journal.close()
    journal.close()
    journal.settle(run_id, record())
    assert sorted(file.name for file in path.parent.iterdir()) == ["journal.sqlite3"]
    with Journal.open(path) as again:
        assert [row.task_id for row in again.records(SERVER)] == ["12"]


def test_repr_says_where(path: Path) -> None:
    """A journal's repr is its path."""
    with Journal.open(path) as journal:
        assert repr(journal) == f"<Journal {path}>"


def test_rows_are_plain_sqlite(path: Path) -> None:
    """Anybody can read the journal with SQLite: text, JSON and ISO times."""
    with Journal.open(path) as journal:
        journal.settle(journal.begin(SERVER, MODEL, {"prompt": "猫"}), record())
    with sqlite3.connect(path) as connection:
        row = connection.execute("SELECT parameters, record, intent_at FROM runs").fetchone()
    connection.close()
    assert json.loads(row[0]) == {"prompt": "猫"}
    assert json.loads(row[1])["task_id"] == "12"
    assert datetime.fromisoformat(row[2]).utcoffset() == timedelta(0)


@pytest.mark.parametrize("is_in_memory", [False, True])
def test_a_run_is_not_written_where_another_stands(place: Path | str, is_in_memory: bool) -> None:
    """A claim returns a conflicting run with the same content and server, and writes its own if there is none."""
    with Journal.open(None if is_in_memory else place) as journal:
        assert journal.claim("1", SERVER, MODEL, {}, content="k", cell=0, conflicts=lambda _: True) is None
        assert journal.claim("2", SERVER, MODEL, {}, content="k", conflicts=lambda row: row.cell == 1) is None
        assert journal.claim("3", SERVER, MODEL, {}, content="another", conflicts=lambda _: True) is None
        assert (
            journal.claim("4", "https://b.example", MODEL, {}, content="k", conflicts=lambda _: True) is None
        )
        other = journal.claim("5", SERVER, MODEL, {}, content="k", conflicts=lambda row: row.cell == 0)
        assert other is not None
        assert (other.id, sorted(row.id for row in journal.rows(Query()))) == ("1", ["1", "2", "3", "4"])
        journal.refused("1", "no balance")
        assert journal.claim("6", SERVER, MODEL, {}, content="k", conflicts=lambda row: row.cell == 0) is None


VALUES_APART: list[Any] = [
    None,
    "None",
    "null",
    True,
    "true",
    "True",
    1,
    1.0,
    "1",
    "1.0",
    0,
    False,
    0.0,
    -0.0,
    "",
    [],
    {},
    [None],
]


def test_values_that_look_alike_stay_apart(place: Path | str, tmp_path: Path) -> None:
    """A row has each value with its type, as it was given: through the file, an export and an import."""
    parameters: dict[str, Any] = {f"p{number}": value for number, value in enumerate(VALUES_APART)}
    parameters |= {"list": VALUES_APART, "nested": {"values": VALUES_APART}}
    with Journal.open(place) as journal:
        run_id = journal.begin(SERVER, "a/b", parameters)
        record = TaskRecord("1", "a/b", outcome="succeeded", parameters=parameters)
        journal.settle(run_id, record)
        for name in ("runs.jsonl", "runs.csv", "runs.parquet"):
            History(journal, SERVER).export_to(tmp_path / name)
    rows = []
    with Journal.open(place) as journal:
        rows += journal.rows(Query())
    for name in ("runs.jsonl", "runs.csv", "runs.parquet"):
        with Journal.open(tmp_path / f"{name}.sqlite3") as journal:
            History(journal, SERVER).import_from(tmp_path / name)
            rows += journal.rows(Query())
    assert len(rows) == 4
    for row in rows:
        assert row.record is not None
        assert repr(row.parameters) == repr(parameters)
        assert repr(row.record.parameters) == repr(parameters)
