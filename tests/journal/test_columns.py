"""The history's table, read by SQLite at once, is the one that its records make one by one."""

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
    """Open a journal of its own."""
    with Journal.open(tmp_path / "journal.sqlite3") as opened:
        yield opened


def _keep(journal: Journal, *records: TaskRecord) -> None:
    for record in records:
        run_id = journal.begin(SERVER, record.model or "a/b", record.parameters)
        journal.submitted(run_id, record.task_id or "1")
        journal.settle(run_id, record, record.output_paths)


def _both(journal: Journal, *, fast: bool = True) -> pd.DataFrame:
    """Return the table, once it is certain that both ways lead to it; `fast` tells whether the first was taken."""
    history = History(journal, SERVER)
    cells = journal.cells(SERVER, CELLS_SQL)
    assert (cells is not None and from_cells(cells) is not None) is fast
    for expand in (False, True):
        found = history.to_pandas(expand=expand)
        pd.testing.assert_frame_equal(found, to_pandas(history.records(), expand=expand))
    return found


def test_what_a_record_can_have(journal: Journal) -> None:
    """Every digit, every sign and every type of a full record, an empty one, and what a person said of them."""
    _keep(journal, WHOLE, replace(WHOLE, task_id="2", success=False, seed=None), TaskRecord("3"))
    history = History(journal, SERVER)
    history.star("1")
    history.tag("1", "good", 'a "tag"')
    history.note("2", "a note")
    found = _both(journal)
    assert found["queue_seconds"].tolist()[1:] == [0.1 + 0.2] * 2
    assert found["seed"].iloc[-1] == 2**63 - 1
    assert found["star"].tolist() == [False, False, True]


def test_an_empty_history(journal: Journal) -> None:
    """The same columns, with the same types."""
    assert len(_both(journal)) == 0


def test_runs_that_have_no_record_yet(journal: Journal) -> None:
    """One that goes on, one that nobody knows of, one that was cut off."""
    _keep(journal, WHOLE)
    journal.submitted(journal.begin(SERVER, "c/d", {"prompt": "on its way", "seed": 7}), "4")
    journal.unknown(journal.begin(SERVER, "c/d", {"seed": "text"}), "lost")
    found = _both(journal, fast=False)  # a text in place of a seed makes that column another
    assert found["outcome"].tolist() == ["unknown", "running", "succeeded"]


def test_a_run_that_goes_on_takes_nothing_of_the_speed(journal: Journal) -> None:
    """It is told from what was to be run."""
    _keep(journal, WHOLE)
    journal.submitted(journal.begin(SERVER, "c/d", {"prompt": "on its way", "seed": 7}), "4")
    assert _both(journal)["prompt"].iloc[0] == "on its way"


@pytest.mark.parametrize(
    "told", [{"seed": 2**64}, {"seed": "cat"}, {"seed": -(2**64)}], ids=["large", "text", "small"]
)
def test_seeds_that_are_no_number_of_64_bits(journal: Journal, told: dict[str, Any]) -> None:
    """Their column is one of texts, whichever way it is read."""
    _keep(journal, WHOLE, replace(WHOLE, task_id="2", **told))
    assert _both(journal, fast=False)["seed"].dtype == "string"


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
def test_what_is_not_sound_is_read_one_by_one(journal: Journal, record: object) -> None:
    """And mended there, so that it hides no other."""
    _keep(journal, WHOLE, replace(WHOLE, task_id="2"))
    journal.close()
    with sqlite3.connect(str(journal.path)) as connection:
        connection.execute("UPDATE runs SET record = ? WHERE task_id = '2'", (record,))
    connection.close()
    history = History(journal, SERVER)
    found = history.to_pandas(expand=True)
    pd.testing.assert_frame_equal(found, to_pandas(history.records(), expand=True))
    assert "1" in found["task_id"].dropna().tolist()


def test_what_is_not_on_the_disk_is_in_the_table(tmp_path: Path) -> None:
    """A journal in memory alone has no file to ask."""
    with Journal.open(None) as journal:
        _keep(journal, WHOLE)
        assert len(_both(journal, fast=False)) == 1
    assert list(tmp_path.iterdir()) == []


def test_another_wiros_runs_are_not_in_the_table(journal: Journal) -> None:
    """The file may have those of several."""
    _keep(journal, WHOLE)
    journal.submitted(journal.begin("http://127.0.0.1:1/v1", "a/b", {}), "9")
    assert _both(journal)["task_id"].tolist() == ["1"]


def test_what_was_taken_in_names_no_secret(journal: Journal) -> None:
    """A history of somebody else's may; here it is left out as it is of one's own."""
    _keep(journal, WHOLE)
    [row] = journal.rows(Query())
    told = {"prompt": "x", "api_key": "k-123"}
    journal.adopt([replace(row, id="other", record=replace(WHOLE, task_id="5", parameters=told))], {})
    assert "k-123" not in "".join(_both(journal)["parameters"])
