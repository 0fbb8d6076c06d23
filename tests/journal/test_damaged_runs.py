"""A damaged run, or one with nonsense from Wiro, never hides the others."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wiro_widgets.journal.dataframe import to_pandas
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
USES: list[Callable[[History], object]] = [
    list,
    len,
    repr,
    History._repr_html_,
    History.spending,
    lambda history: history.spending(by="day"),
    lambda history: history.to_pandas(expand=True),
    History.unfinished,
    lambda history: history.find(text="cat", since="2020-01-01", parameters={"steps": 2}),
]


def add_run(journal: Journal, task_id: str, **fields: Any) -> None:
    """Add a run that succeeded."""
    run_id = journal.begin(SERVER, "a/b", {"prompt": "a cat"})
    journal.submitted(run_id, task_id)
    journal.settle(run_id, TaskRecord(task_id, "a/b", outcome="succeeded", **fields))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a journal of two runs, and return its path."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        add_run(journal, "1", total_cost=0.1)
        add_run(journal, "2", total_cost=0.2)
    return tmp_path / "journal.sqlite3"


def damage(path: Path, column: str, value: object) -> None:
    """Write a value into a column of task 2 alone."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE runs SET {column} = ? WHERE task_id = '2'", (value,))  # noqa: S608 - ours
    connection.close()


@pytest.fixture(
    params=[
        ("parameters", "{not json"),
        ("parameters", "[]"),
        ("parameters", "[" * 100_000),
        ("parameters", b"\xff\xfe"),
        ("intent_at", "never"),
        ("settled_at", "2026-13-45"),
        ("record", "[1]"),
        ("record", '{"model'),
        ("paths", "5"),
        ("tags", "[1]"),
        ("notes", b"\xff"),
    ],
    ids=lambda param: f"{param[0]} {param[1][:8]!r}",
)
def damaged_path(request: pytest.FixtureRequest, path: Path) -> Path:
    """Damage one of two runs."""
    damage(path, *request.param)
    return path


def test_a_damaged_run_hides_no_other(damaged_path: Path) -> None:
    """A history with a damaged run can be read in every way, and warns once."""
    with Journal.open(damaged_path) as journal, warnings.catch_warnings(record=True) as warning_list:
        warnings.simplefilter("always")
        history = History(journal, SERVER)
        for use in USES:
            use(history)
        assert {record.task_id for record in history} == {"1", "2"}
        assert history["2"].model == "a/b"
        assert history.spending()["a/b"] in (0.1, 0.3)
    assert [item.category for item in warning_list] == [WiroWarning]
    assert "has 1 damaged runs" in str(warning_list[0].message)


def test_a_damaged_run_without_a_task_is_left_out(path: Path) -> None:
    """A damaged run without a task id is left out: it could be taken for another."""
    damage(path, "parameters", "{not json")
    damage(path, "task_id", None)
    with Journal.open(path) as journal, pytest.warns(WiroWarning, match="damaged"):
        assert [record.task_id for record in History(journal, SERVER)] == ["1"]


def test_text_that_is_no_utf8_is_read(path: Path) -> None:
    """A text that is no UTF-8 is read with replacement characters."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE runs SET notes = CAST(x'ff61' AS TEXT)")
    connection.close()
    with Journal.open(path) as journal:
        assert History(journal, SERVER)["2"].note == "\ufffda"


@pytest.fixture(params=["file", "memory"])
def journal(request: pytest.FixtureRequest, path: Path) -> Iterator[Journal]:
    """Open a journal on disk or in memory."""
    with Journal.open(path if request.param == "file" else None) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exit_code", 2**70),
        ("exit_code", "SIGKILL"),
        ("total_cost", 1e308),
        ("total_cost", -1000.0),
        ("total_cost", float("nan")),
        ("total_cost", float("inf")),
        ("elapsed_seconds", 1e308),
        ("run_seconds", -5.0),
        ("output_count", 2**70),
        ("success", "maybe"),
    ],
)
def test_values_out_of_range_are_missing(journal: Journal, name: str, value: Any) -> None:
    """A value out of range is missing, and the rest of the run is there."""
    add_run(journal, "7", prompt="a cat", **{name: value})
    history = History(journal, SERVER)
    for use in USES:
        use(history)
    row = history.to_pandas().set_index("task_id").loc["7"]
    assert pd.isna(row[name]) or row[name] == 0
    assert row["prompt"] == "a cat"
    assert all(0 <= dollars < 1 for dollars in history.spending().values())


def test_tables_of_odd_records() -> None:
    """A table takes records with values of wrong types."""
    odd: Any = TaskRecord(model=5, status=[1], prompt="\ud800", seed=True, parameters=[], error={})  # type: ignore[arg-type]
    row = to_pandas([odd], expand=True).iloc[0]
    assert (row["model"], row["prompt"]) == ("5", "?")
    assert row[["status", "seed", "error"]].isna().all()
