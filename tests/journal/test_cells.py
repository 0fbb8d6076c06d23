"""The history's table that SQLite selects at once equals the one made of its records one by one."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wiro_widgets.journal.dataframe import CELLS_SQL, from_cells, to_pandas
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
AT = datetime(2026, 5, 1, 12, 30, 7, 123456, tzinfo=UTC)
WHOLE = TaskRecord(
    task_id="1",
    model="a/b",
    status="task_postprocess_end",
    success=True,
    exit_code=0,
    prompt='a "cat", \u732b\\ \x00 at\nnight',
    seed=2**63 - 1,
    parameters={
        "prompt": "a cat",
        "scale": 0.1 + 0.2,
        "steps": 20,
        "big": 2**70,
        "on": True,
        "nested": {"a": [1]},
    },
    created_at=AT,
    started_at=AT + timedelta(seconds=1),
    ended_at=AT.replace(microsecond=0),
    queue_seconds=0.1 + 0.2,
    run_seconds=5e-324,
    elapsed_seconds=7,
    total_cost=0.0023985,
    output_count=2,
    output_urls=("https://files.example/0.png?a=1,2", "https://files.example/1.png"),
    output_paths=("outputs/\u732b.png",),
    error="a\u2028b",
    outcome="succeeded",
    text="said",
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Open a new journal."""
    with Journal.open(tmp_path / "journal.sqlite3") as opened:
        yield opened


def _add(journal: Journal, *records: TaskRecord) -> None:
    for record in records:
        run_id = journal.begin(SERVER, record.model or "a/b", record.parameters)
        journal.submitted(run_id, record.task_id or "1")
        journal.settle(run_id, record, record.output_paths)


def _table_both_ways(journal: Journal, *, fast: bool = True) -> pd.DataFrame:
    """Return the table after checking that both ways give it; `fast` says if SQLite alone can."""
    history = History(journal, SERVER)
    cells = journal.cells(SERVER, CELLS_SQL)
    assert (cells is not None and from_cells(cells) is not None) is fast
    for expand in (False, True):
        table = history.to_pandas(expand=expand)
        pd.testing.assert_frame_equal(table, to_pandas(history.records(), expand=expand))
    return table


def test_what_a_record_can_have(journal: Journal) -> None:
    """A full record, an empty one and their annotations keep every digit, character and type."""
    _add(journal, WHOLE, replace(WHOLE, task_id="2", success=False, seed=None), TaskRecord("3"))
    history = History(journal, SERVER)
    history.star("1")
    history.tag("1", "good", 'a "tag"')
    history.note("2", "a note")
    table = _table_both_ways(journal)
    assert table["queue_seconds"].tolist()[1:] == [0.1 + 0.2] * 2
    assert table["seed"].iloc[-1] == 2**63 - 1
    assert table["star"].tolist() == [False, False, True]


def test_an_empty_history(journal: Journal) -> None:
    """An empty history has the same columns and types."""
    assert len(_table_both_ways(journal)) == 0


def test_runs_that_have_no_record_yet(journal: Journal) -> None:
    """A running task, and a run whose outcome is unknown, have rows made from what was to be run."""
    _add(journal, WHOLE)
    journal.submitted(journal.begin(SERVER, "c/d", {"prompt": "on its way", "seed": 7}), "4")
    journal.unknown(journal.begin(SERVER, "c/d", {"seed": "text"}), "lost")
    table = _table_both_ways(journal, fast=False)  # a text in place of a seed makes that column another
    assert table["outcome"].tolist() == ["unknown", "running", "succeeded"]


def test_a_running_task_keeps_the_table_fast(journal: Journal) -> None:
    """A running task without a record is selected by SQLite as well."""
    _add(journal, WHOLE)
    journal.submitted(journal.begin(SERVER, "c/d", {"prompt": "on its way", "seed": 7}), "4")
    assert _table_both_ways(journal)["prompt"].iloc[0] == "on its way"


@pytest.mark.parametrize(
    "changes", [{"seed": 2**64}, {"seed": "cat"}, {"seed": -(2**64)}], ids=["large", "text", "small"]
)
def test_seeds_that_are_no_number_of_64_bits(journal: Journal, changes: dict[str, Any]) -> None:
    """A seed that does not fit into 64 bits makes the column one of texts, both ways."""
    _add(journal, WHOLE, replace(WHOLE, task_id="2", **changes))
    assert _table_both_ways(journal, fast=False)["seed"].dtype == "string"


@pytest.mark.parametrize(
    "record",
    [
        "{not json",
        "[]",
        '{"task_id": 5}',
        '{"seed": 1.5}',
        '{"total_cost": -1}',
        '{"total_cost": 1e999}',
        '{"total_cost": "1"}',
        '{"success": "yes"}',
        '{"output_urls": [1]}',
        '{"output_urls": {}}',
        '{"output_count": -1}',
        '{"exit_code": 99999999999999999999}',
        '{"created_at": "yesterday"}',
        '{"outcome": "splendid"}',
        '{"parameters": []}',
        '{"prompt": ["a"]}',
        b"\xff\xfe",
    ],
)
@pytest.mark.filterwarnings("ignore::wiro_widgets.protocol.errors.WiroWarning")
def test_a_record_that_is_not_sound_is_read_one_by_one(journal: Journal, record: object) -> None:
    """A record that SQLite cannot select is converted by itself, and hides no other."""
    _add(journal, WHOLE, replace(WHOLE, task_id="2"))
    journal.close()
    with sqlite3.connect(str(journal.path)) as connection:
        connection.execute("UPDATE runs SET record = ? WHERE task_id = '2'", (record,))
    connection.close()
    history = History(journal, SERVER)
    table = history.to_pandas(expand=True)
    pd.testing.assert_frame_equal(table, to_pandas(history.records(), expand=True))
    assert "1" in table["task_id"].dropna().tolist()


def test_lists_without_any_text_are_read_one_by_one(journal: Journal) -> None:
    """A number in a list is found although no list of the history has a text."""
    _add(journal, TaskRecord("1"))
    journal.close()
    with sqlite3.connect(str(journal.path)) as connection:
        connection.execute('UPDATE runs SET record = \'{"task_id": "1", "output_urls": [1]}\'')
    connection.close()
    assert _table_both_ways(journal, fast=False)["output_urls"].tolist() == ['["1"]']


def test_runs_in_memory_are_in_the_table(tmp_path: Path) -> None:
    """A journal in memory alone gives the table without a file."""
    with Journal.open(None) as journal:
        _add(journal, WHOLE)
        assert len(_table_both_ways(journal, fast=False)) == 1
    assert list(tmp_path.iterdir()) == []


def test_another_servers_runs_are_not_in_the_table(journal: Journal) -> None:
    """The table has the runs of one server, although the file has those of several."""
    _add(journal, WHOLE)
    journal.submitted(journal.begin("http://127.0.0.1:1/v1", "a/b", {}), "9")
    assert _table_both_ways(journal)["task_id"].tolist() == ["1"]


def test_an_imported_run_names_no_secret(journal: Journal) -> None:
    """A parameter of an imported run that is named like a credential is left out, as it is of one's own."""
    _add(journal, WHOLE)
    [row] = journal.rows(Query())
    changes = {"prompt": "x", "api_key": "k-123"}
    journal.adopt([replace(row, id="other", record=replace(WHOLE, task_id="5", parameters=changes))], {})
    assert "k-123" not in "".join(_table_both_ways(journal)["parameters"])
