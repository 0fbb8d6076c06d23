"""What people do with a table: compare, group, and write it to CSV, Parquet, SQL and Excel."""

import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wiro_widgets.journal.dataframe import SweepRow, from_pandas, sweep_to_pandas, to_pandas
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
RECORD = TaskRecord(
    task_id="1",
    model="a/b",
    prompt="a cat",
    seed=7,
    parameters={"prompt": "a cat", "loras": ["x", "y"], "box": {"x": 1}, "seed": 7},
    created_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
    ended_at=datetime(2026, 5, 1, 12, 0, 8, tzinfo=UTC),
    output_urls=("https://files.example/0.png",),
    output_paths=("/pictures/\N{CAT FACE}.png", "/pictures/1.png"),
    outcome="succeeded",
    tags=("good", "sea"),
)
RECORDS = [RECORD, replace(RECORD), replace(RECORD, task_id="2", output_paths=(), tags=())]


def _history(tmp_path: Path) -> pd.DataFrame:
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        for record in RECORDS:
            run_id = journal.begin(SERVER, "a/b", {"prompt": "a cat"})
            journal.submitted(run_id, f"{record.task_id}-{run_id}")
            journal.settle(run_id, record)
            journal.annotate(run_id, tags=record.tags)
        return History(journal, SERVER).to_pandas(expand=True)


TABLES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "records": lambda _: to_pandas(RECORDS),
    "records, expanded": lambda _: to_pandas(RECORDS, expand=True),
    "no records": lambda _: to_pandas([], expand=True),
    "a sweep": lambda _: sweep_to_pandas(
        {"loras": [["x"] for _ in RECORDS]},
        [SweepRow("succeeded", record, value={"score": [1, 2]}) for record in RECORDS],
        expand=True,
    ),
    "history": _history,
}


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> pd.DataFrame:
    """Lend each kind of table."""
    return TABLES[request.param](tmp_path)


def test_no_cell_is_a_container(table: pd.DataFrame) -> None:
    """Every cell can be compared and hashed."""
    cells = [cell for name in table.columns for cell in table[name]]
    assert [cell for cell in cells if isinstance(cell, list | tuple | dict | set)] == []


def test_rows_are_compared_and_counted(table: pd.DataFrame) -> None:
    """`drop_duplicates`, `nunique`, `value_counts` and `merge` take every column."""
    assert len(table.drop_duplicates()) <= len(table)
    assert set(table.nunique().index) == set(table.columns)
    for name in table.columns:
        table[name].value_counts()
        assert len(table.groupby(name, observed=True)) <= len(table)
    assert len(table.merge(table.drop_duplicates())) == len(table)


def test_a_record_twice_is_one_row() -> None:
    """Equal rows are found."""
    assert to_pandas(RECORDS, expand=True).drop_duplicates()["task_id"].tolist() == ["1", "2"]


def test_sql(table: pd.DataFrame) -> None:
    """`to_sql` writes every column, and the lists come back as records have them."""
    with closing(sqlite3.connect(":memory:")) as database:
        table.to_sql("runs", database, index=False)
        again = pd.read_sql("SELECT * FROM runs", database)
    assert again["output_paths"].tolist() == table["output_paths"].tolist()
    assert [record.tags for record in from_pandas(again)] == [record.tags for record in from_pandas(table)]


def test_csv_and_parquet(table: pd.DataFrame, tmp_path: Path) -> None:
    """Lists come back from CSV and Parquet."""
    table.to_parquet(tmp_path / "runs.parquet")
    from_csv = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    expected = [(record.output_paths, record.tags, record.parameters) for record in from_pandas(table)]
    for again in (pd.read_parquet(tmp_path / "runs.parquet"), from_csv):
        assert [(item.output_paths, item.tags, item.parameters) for item in from_pandas(again)] == expected


def test_excel(tmp_path: Path) -> None:
    """Without a zone the table goes to Excel, and its records come back with their times in UTC."""
    pytest.importorskip("openpyxl")
    to_pandas(RECORDS, expand=True, tz=None).to_excel(tmp_path / "runs.xlsx", index=False)
    again = from_pandas(pd.read_excel(tmp_path / "runs.xlsx"))
    assert [(item.created_at, item.tags) for item in again] == [
        (item.created_at, item.tags) for item in RECORDS
    ]


@pytest.mark.parametrize(
    ("tz", "dtype", "hour"),
    [
        ("UTC", "datetime64[us, UTC]", 12),
        (None, "datetime64[us]", 12),
        ("Europe/Istanbul", "datetime64[us, Europe/Istanbul]", 15),
    ],
)
def test_zones(tz: Any, dtype: str, hour: int, tmp_path: Path) -> None:
    """`tz` is the zone of all times; None is UTC without a zone. Records come back the same from each."""
    table = to_pandas(RECORDS, tz=tz)
    for name in ("created_at", "started_at", "ended_at"):
        assert str(table[name].dtype) == dtype
    assert table["created_at"][0].hour == hour
    assert from_pandas(table) == RECORDS
    sweep = sweep_to_pandas({}, [SweepRow("succeeded", RECORD)], expand=False, tz=tz)
    assert str(sweep["ended_at"].dtype) == dtype
    assert str(to_pandas([], tz=tz)["ended_at"].dtype) == dtype
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        history = History(journal, SERVER)
        assert str(history.to_pandas(tz=tz)["created_at"].dtype) == dtype  # without a run
        run_id = journal.begin(SERVER, "a/b", {"prompt": "a cat"})
        journal.submitted(run_id, "1")
        journal.settle(run_id, RECORD)
        assert str(history.to_pandas(tz=tz)["created_at"].dtype) == dtype
        assert history.to_pandas(tz=tz)["created_at"][0].hour == hour
        assert str(history.events_to_pandas("1", tz=tz)["at"].dtype) == dtype


def test_an_unknown_zone() -> None:
    """A zone that does not exist is an error that names it."""
    with pytest.raises(LookupError, match="Mars/Olympus"):
        to_pandas(RECORDS, tz="Mars/Olympus")
