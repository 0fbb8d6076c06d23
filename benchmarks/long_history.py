"""A history of a million runs: what is asked of it beside SQLite by hand, and the gallery's first screen."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from benchmarks.measure import Promise, Result, pairs
from benchmarks.records import BEGAN, COLUMNS, DAYS, HAND, MODELS, SERVER, make_row, plain_value, with_dtypes
from wiro_widgets.journal.dataframe import to_pandas
from wiro_widgets.journal.gallery.run_collection import RunCollection
from wiro_widgets.journal.gallery.run_listing import Filter
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import ROW_COLUMNS, to_plain
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.widget.gallery import cards
from wiro_widgets.widget.gallery.listings import FIRST, FIRST_ITEMS

FLOOR = "sqlite3 + pandas by hand"
NEWEST = Promise("history of 1,000,000 runs: open, the newest 100, as a table", "ms", "lower", 1.5, FLOOR)
DAY = Promise("history of 1,000,000 runs: open, a model's day, as a table", "ms", "lower", 1.5, FLOOR)
SEARCH = Promise("history of 1,000,000 runs: open, search the prompts, as a table", "ms", "lower", 1.5, FLOOR)
SCREEN = Promise("gallery of 1,000,000 runs: its first screen", "ms", "lower", 1.5, "that of 100 runs")
FEW = 100
# What stands in the template of a row for what differs from row to row.
NUMBER = 987_654_321
MODEL = f"owner/model-{NUMBER % MODELS}"
SECONDS = (0, 2, 9)  # after which a run is created, started and over

Find = Callable[[History], list[TaskRecord]]


def long_history(count: int = 1_000_000, rounds: int = 5) -> list[Result]:
    """Measure each question, opening included, and see to it that both find the same number of runs."""
    day = BEGAN + timedelta(days=DAYS // 2)
    next_day = day + timedelta(days=1)
    needle = f"number {count // 2}"
    questions: list[tuple[Promise, Find, str, Sequence[str]]] = [
        (NEWEST, lambda history: history.records(FEW), "ORDER BY created_at DESC LIMIT 100", ()),
        (
            DAY,
            lambda history: history.find(model=MODEL, since=day, until=next_day),
            "WHERE model = ? AND created_at BETWEEN ? AND ? ORDER BY created_at DESC",
            (MODEL, day.isoformat(), next_day.isoformat()),
        ),
        (
            SEARCH,
            lambda history: history.find(text=needle),
            "WHERE prompt LIKE ? ORDER BY created_at DESC",
            (f"%{needle}%",),
        ),
    ]
    with TemporaryDirectory(prefix="wiro-bench-") as folder:
        long, short, hand = (Path(folder, f"{name}.sqlite3") for name in ("long", "short", "hand"))
        fill_journal(long, count)
        fill_journal(short, FEW)
        fill_by_hand(hand, count)
        results = [
            pairs(promise, _ms_of(ask, long), _ms_by_hand(sql, values, hand), rounds=rounds)
            for promise, ask, sql, values in questions
        ]
        for _, ask, sql, values in questions:
            _check(ask, long, sql, values, hand)
        for path in (long, short):
            _index(path)
        note = "index, choices and 100 cards, opening included; the index is built before"
        return [
            *results,
            pairs(SCREEN, lambda: _screen(long), lambda: _screen(short), rounds=rounds, note=note),
        ]


def fill_journal(path: Path, count: int) -> None:
    """Make a journal of so many runs; what its trigger would note of each is written at the end."""
    with Journal.open(path) as opened:
        opened.adopt([make_row(0, BEGAN)], {})  # makes the tables
    with closing(sqlite3.connect(path)) as database:
        [(trigger,)] = database.execute("SELECT sql FROM sqlite_master WHERE name = 'run_insert'").fetchall()
        for statement in ("DELETE FROM runs", "DELETE FROM changes", "DROP TRIGGER run_insert"):
            database.execute(statement)
        names, marks = ", ".join(ROW_COLUMNS), ", ".join("?" * len(ROW_COLUMNS))
        rows = _rows(to_plain(make_row(NUMBER, BEGAN)).values(), count)
        database.executemany(f"INSERT INTO runs ({names}) VALUES ({marks})", rows)
        database.execute("INSERT INTO changes (run_id) SELECT id FROM runs ORDER BY rowid")
        database.execute(trigger)
        database.commit()


def fill_by_hand(path: Path, count: int) -> None:
    """Make a table of the same runs, as a person would."""
    record = make_row(NUMBER, BEGAN).record
    values = record.to_dict() if record else {}
    with closing(sqlite3.connect(path)) as database:
        database.execute(HAND)
        database.execute("CREATE INDEX by_time ON runs (created_at)")
        rows = _rows([plain_value(values[name]) for name in COLUMNS], count)
        database.executemany(f"INSERT INTO runs VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        database.commit()


def _rows(template: Iterable[Any], count: int) -> Iterator[list[Any]]:
    """Yield so many rows: the template with another number, model and time in each."""
    cells = list(template)
    times = [_time(seconds) for seconds in SECONDS]
    texts = [
        place
        for place, cell in enumerate(cells)
        if isinstance(cell, str) and any(mark in cell for mark in (str(NUMBER), MODEL, *times))
    ]
    numbers = [place for place, cell in enumerate(cells) if cell == NUMBER]
    step = DAYS * 86_400 / count
    for number in range(count):
        row = cells.copy()
        news = [_time(number * step + seconds) for seconds in SECONDS]
        for place in texts:
            text = cells[place].replace(str(NUMBER), str(number))
            text = text.replace(MODEL, f"owner/model-{number % MODELS}")
            for old, new in zip(times, news, strict=True):
                text = text.replace(old, new)
            row[place] = text
        for place in numbers:
            row[place] = number
        yield row


def _time(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=int(seconds))).replace(tzinfo=None).isoformat()


def _ask(ask: Find, path: Path) -> int:
    with Journal.open(path) as opened:
        return len(to_pandas(ask(History(opened, SERVER))))


def _ask_by_hand(sql: str, values: Sequence[str], path: Path) -> int:
    with closing(sqlite3.connect(path)) as opened:
        return len(with_dtypes(pd.read_sql(f"SELECT * FROM runs {sql}", opened, params=tuple(values))))


def _ms_of(ask: Find, path: Path) -> Callable[[], float]:
    return lambda: _ms(lambda: _ask(ask, path))


def _ms_by_hand(sql: str, values: Sequence[str], path: Path) -> Callable[[], float]:
    return lambda: _ms(lambda: _ask_by_hand(sql, values, path))


def _check(ask: Find, path: Path, sql: str, values: Sequence[str], hand: Path) -> None:
    """Raise RuntimeError if the two find different runs."""
    ours, floor = _ask(ask, path), _ask_by_hand(sql, values, hand)
    if ours != floor or not ours:
        raise RuntimeError(f"{sql}: ours has {ours} runs, by hand there are {floor}")


def _index(path: Path) -> None:
    with Journal.open(path) as opened, closing(History(opened, SERVER).collection()) as collection:
        while not collection.index.sync(60):
            pass


def _screen(path: Path) -> float:
    """Return the ms until a page has its first cards, as `Listings.find` makes them."""
    start = time.perf_counter()
    with Journal.open(path) as opened, closing(RunCollection(opened, SERVER, None)) as collection:
        collection.index.sync(0.05)
        listing = collection.listing([Filter()], FIRST)
        listing.days()
        ids = collection.ids(listing.numbers[:FIRST_ITEMS])
        if len([cards.card(row) for row in collection.rows(ids)]) != FEW:
            raise RuntimeError(f"the first screen has not {FEW} cards")
    return (time.perf_counter() - start) * 1000


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
