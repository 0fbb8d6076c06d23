"""A history of 100,000 records against sqlite3 and pandas by hand."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks.measure import Promise, Result, pairs
from wiro_widgets.journal.dataframe import to_pandas
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol.record import TaskRecord

FLOOR = "sqlite3 + pandas by hand"
QUERY = Promise("history of 100,000 records: open, a model's day, as a table", "ms", "lower", 1.3, FLOOR)
TABLE = Promise("history of 100,000 records: open, all as a table", "ms", "lower", 1.3, FLOOR)
SERVER = "https://api.example/v1"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MODELS = 20
DAYS = 100


HAND = """CREATE TABLE runs (task_id TEXT, model TEXT, status TEXT, success INTEGER, exit_code INTEGER, prompt TEXT,
    seed INTEGER, parameters TEXT, created_at TEXT, started_at TEXT, ended_at TEXT, queue_seconds REAL,
    run_seconds REAL, elapsed_seconds REAL, total_cost REAL, output_count INTEGER, output_urls TEXT,
    output_paths TEXT, error TEXT, outcome TEXT, text TEXT, parents TEXT, finish_reason TEXT, usage TEXT,
    reused_from TEXT, star INTEGER, tags TEXT, note TEXT, reuses INTEGER)"""
LISTS = ("output_urls", "output_paths", "parents", "tags")
KINDS = {
    **dict.fromkeys(("model", "status", "outcome"), "category"),
    **dict.fromkeys(("seed", "exit_code"), "Int64"),
    **dict.fromkeys(("success", "star"), "boolean"),
    **dict.fromkeys(
        (
            "task_id",
            "prompt",
            "parameters",
            "error",
            "text",
            "finish_reason",
            "usage",
            "reused_from",
            "note",
            *LISTS,
        ),
        "string",
    ),
}
TIMES = ["created_at", "started_at", "ended_at"]


def records(count: int = 100_000, rounds: int = 3) -> list[Result]:
    """Measure both, on a journal and on a table by hand that hold the same."""
    with TemporaryDirectory(prefix="wiro-bench-") as folder:
        journal, hand = Path(folder, "journal.sqlite3"), Path(folder, "hand.sqlite3")
        _fill(journal, hand, count)
        return [
            _measure(QUERY, _count, _asked_by_hand, journal, hand, rounds),
            _measure(TABLE, _table, _table_by_hand, journal, hand, rounds),
        ]


def _measure(
    promise: Promise,
    ours: Callable[[History], int],
    by_hand: Callable[[sqlite3.Connection], int],
    journal: Path,
    hand: Path,
    rounds: int,
) -> Result:
    """Measure one, opening included, and see to it that both find the same."""
    records = []

    def measure() -> float:
        start = time.perf_counter()
        with Journal.open(journal) as opened:
            records.append(ours(History(opened, SERVER)))
        return (time.perf_counter() - start) * 1000

    def measured_by_hand() -> float:
        start = time.perf_counter()
        with closing(sqlite3.connect(hand)) as opened:
            records.append(by_hand(opened))
        return (time.perf_counter() - start) * 1000

    result = pairs(promise, measure, measured_by_hand, rounds=rounds)
    if len(set(records)) != 1:
        raise RuntimeError(f"{promise.name}: {records}")
    return result


def _count(history: History) -> int:
    day = BEGAN + timedelta(days=DAYS // 2)
    records = history.find(model="owner/model-3", since=day, until=day + timedelta(days=1))
    return len(to_pandas(records))


def _asked_by_hand(opened: sqlite3.Connection) -> int:
    day = BEGAN + timedelta(days=DAYS // 2)
    arguments = ("owner/model-3", day.isoformat(), (day + timedelta(days=1)).isoformat())
    return len(
        with_dtypes(
            pd.read_sql(
                "SELECT * FROM runs WHERE model = ? AND created_at BETWEEN ? AND ?", opened, params=arguments
            )
        )
    )


def _table(history: History) -> int:
    return len(history.to_pandas())


def _table_by_hand(opened: sqlite3.Connection) -> int:
    return len(with_dtypes(pd.read_sql("SELECT * FROM runs ORDER BY created_at DESC", opened)))


def with_dtypes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the types that its columns have in ours."""
    for name in TIMES:
        table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table.astype(KINDS)


def _fill(journal: Path, hand: Path, count: int) -> None:
    step = timedelta(days=DAYS) / count
    rows = [make_row(number, BEGAN + number * step) for number in range(count)]
    with Journal.open(journal) as opened:
        opened.adopt(rows, {})
    with closing(sqlite3.connect(hand)) as database:
        database.execute(HAND)
        database.execute("CREATE INDEX by_time ON runs (created_at)")
        plain = [row.record.to_dict() for row in rows if row.record]
        values = [[plain_value(record[name]) for name in COLUMNS] for record in plain]
        database.executemany(f"INSERT INTO runs VALUES ({', '.join('?' * len(COLUMNS))})", values)
        database.commit()


def plain_value(value: object) -> object:
    """Return a value as SQLite takes it."""
    return json.dumps(value) if isinstance(value, dict | list) else value


def make_row(number: int, at: datetime) -> JournalRow:
    """Return a run that has succeeded."""
    model = f"owner/model-{number % MODELS}"
    parameters = {
        "prompt": f"a lighthouse at dusk, number {number}",
        "steps": 20,
        "seed": number,
        "width": 1024,
    }
    record = TaskRecord(
        task_id=str(number),
        model=model,
        status="task_postprocess_end",
        success=True,
        exit_code=0,
        prompt=str(parameters["prompt"]),
        seed=number,
        parameters=parameters,
        created_at=at,
        started_at=at + timedelta(seconds=2),
        ended_at=at + timedelta(seconds=9),
        queue_seconds=2.0,
        run_seconds=6.5,
        elapsed_seconds=9.0,
        total_cost=0.0035,
        output_count=1,
        output_urls=(f"https://files.example/{number}/0.png",),
        output_paths=(f"outputs/model-{number}-0.png",),
        outcome="succeeded",
    )
    return JournalRow(
        id=str(number),
        server=SERVER,
        model=model,
        parameters=parameters,
        intent_at=at,
        outcome="succeeded",
        task_id=str(number),
        submitted_at=at,
        settled_at=at + timedelta(seconds=9),
        record=record,
        paths=record.output_paths,
    )


COLUMNS = tuple(TaskRecord().to_dict())
