"""What `History.find` takes, and what it says about a wrong argument."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wiro_widgets.journal import database, row
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.record import Outcome, TaskRecord

SERVER = "https://api.wiro.ai/v1"


@pytest.fixture(params=["file", "memory"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """Yield a history of three runs of three models, all of today."""
    with Journal.open(tmp_path / "journal.sqlite3" if request.param == "file" else None) as journal:
        runs: list[tuple[str, str, Outcome]] = [
            ("1", "a/b", "succeeded"),
            ("2", "c/d", "failed"),
            ("3", "e/f", "cancelled"),
        ]
        for task_id, model, outcome in runs:
            journal.settle(journal.begin(SERVER, model, {}), TaskRecord(task_id, model, outcome=outcome))
        yield History(journal, SERVER)


def task_ids(history: History, **query: Any) -> list[str | None]:
    """Return the task ids that match, oldest first."""
    return [record.task_id for record in history.find(**query)][::-1]


def test_several_models_and_outcomes(history: History) -> None:
    """A run matches one of several models or outcomes, and none of an empty list."""
    assert task_ids(history, model=["a/b", "c/d"]) == ["1", "2"]
    assert task_ids(history, model=("e/f",), outcome="cancelled") == ["3"]
    assert task_ids(history, outcome=["failed", "cancelled"]) == ["2", "3"]
    assert task_ids(history, outcome=(name for name in ("failed", "unknown"))) == ["2"]
    assert task_ids(history, model=[]) == task_ids(history, outcome=[]) == []


def test_days(history: History) -> None:
    """A day counts whole, from its first local moment to its last, as a date or as text."""
    today = datetime.now().astimezone().date()
    for one in (today, today.isoformat()):
        assert task_ids(history, since=one) == task_ids(history, until=one) == ["1", "2", "3"]
        assert task_ids(history, since=one, until=one) == ["1", "2", "3"]
    assert (
        task_ids(history, since=today + timedelta(days=1))
        == task_ids(history, until=today - timedelta(days=1))
        == []
    )
    assert task_ids(history, since=pd.Timestamp(today), until=pd.Timestamp.now("UTC")) == ["1", "2", "3"]
    assert task_ids(history, since=datetime.now(UTC)) == []
    assert sum(history.spending(since=today).values()) == 0.0


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"outcome": "suceeded"}, "'suceeded' is no outcome. Did you mean 'succeeded'?"),
        (
            {"outcome": ["failed", "x"]},
            "'x' is no outcome. A run is one of succeeded, failed, cancelled, running",
        ),
        ({"outcome": 5}, "outcome is a text or several, not 5"),
        ({"model": 5}, "model is a text or several, not 5"),
        ({"model": ["a/b", None]}, r"model is a text or several, not \['a/b', None\]"),
        ({"tag": True}, "tag is a text or several, not True"),
        ({"since": "yesterday"}, "since is a time, a day or ISO 8601 text, not 'yesterday'"),
        ({"until": 5}, "until is a time, a day or ISO 8601 text, not 5"),
        ({"since": np.datetime64("2026-05-01")}, "since is a time, a day or ISO 8601 text"),
        ({"text": 5}, "text is a text, not 5"),
        ({"note": ["x"]}, r"note is a text, not \['x'\]"),
        ({"star": "yes"}, "star is True, False or None for any, not 'yes'"),
        ({"parameters": ["steps"]}, "parameters is a dict of values by their ids"),
        ({"limit": -1}, "limit is a number of runs or None, not -1"),
        ({"limit": "3"}, "limit is a number of runs or None, not '3'"),
    ],
    ids=str,
)
def test_wrong_arguments(history: History, query: dict[str, Any], message: str) -> None:
    """A wrong value is a ValueError that says what would be right, never an empty answer."""
    with pytest.raises(ValueError, match=message):
        history.find(**query)


def test_limits(history: History) -> None:
    """A limit of 0 gives nothing, and `records` takes a limit as `find` does."""
    assert history.find(limit=0) == history.records(limit=0) == []
    with pytest.raises(ValueError, match="limit is a number of runs"):
        history.records(limit=-1)


TEXTS = (
    "a Lighthouse at dusk",
    'say "dusk" twice',
    "C:\\dusk\\new",
    "two\nlines of dusk",
    "100 % of it_self!",
    "Straße am Abend",
    "\u017fun and \u212aelvin",
    "İstanbul, güneş",
    "灯台 \N{WATER WAVE}",
    "half \ud83d of a character",
    "x" * 3_000 + " far away",
)
NEEDLES = (
    *(
        "lighthouse",
        "DUSK",
        '"dusk"',
        "k\\N",
        "O\nl",
        "0 %",
        "t_s",
        "f!",
        "f_",
        "STRASSE",
        "ß",
        "sun",
        "kelvin",
    ),
    *(
        "i",
        "güneş",
        "İ",
        "灯",
        "\N{WATER WAVE}",
        "half",
        "of a CHAR",
        "prompt",
        "n",
        "%",
        "_",
        "\\",
        "x" * 2_000 + " far",
    ),
)


@pytest.fixture
def histories(tmp_path: Path) -> Iterator[tuple[History, History]]:
    """Yield the same runs in a file, where SQLite looks for them first, and in memory."""
    with Journal.open(tmp_path / "journal.sqlite3") as file, Journal.open(None) as memory:
        for journal in (file, memory):
            for number, text in enumerate(TEXTS):
                run_id = journal.begin(SERVER, "a/b", {"prompt": text, "steps": 20})
                journal.settle(run_id, TaskRecord(str(number), "a/b", outcome="succeeded"))
        yield History(file, SERVER), History(memory, SERVER)


@pytest.mark.parametrize("needle", NEEDLES)
def test_a_text_is_looked_for_whatever_its_case(histories: tuple[History, History], needle: str) -> None:
    """What SQLite leaves out matches nothing: quotes, lines, signs of LIKE, other alphabets and double letters."""
    in_file, in_memory = (task_ids(history, text=needle) for history in histories)
    assert in_file == in_memory
    assert task_ids(histories[0], text=needle, limit=1) == in_memory[-1:]


def test_annotations_are_looked_for(histories: tuple[History, History]) -> None:
    """Stars, tags and notes are found in a file as in memory."""
    for history in histories:
        history.star("1")
        history.tag("2", "Meer", "see")
        history.note("3", "Guter Wurf")
        assert task_ids(history, star=True) == ["1"]
        assert len(task_ids(history, star=False)) == len(TEXTS) - 1
        assert task_ids(history, tag="see") == task_ids(history, tag=["see", "Meer"]) == ["2"]
        assert task_ids(history, note="wurf") == ["3"]
        assert task_ids(history, note="") == task_ids(history)


def test_only_rows_that_may_match_are_read(
    histories: tuple[History, History], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search of a long history does not make a record of each run."""
    count = 0
    read = row.from_plain

    def from_plain(values: Mapping[str, Any]) -> row.JournalRow:
        nonlocal count
        count += 1
        return read(values)

    monkeypatch.setattr(row, "from_plain", from_plain)
    history, _ = histories
    history.star("1")
    count = 0
    assert len(task_ids(history, text="lighthouse")) == len(task_ids(history, star=True)) == 1
    assert count <= 2 + 1  # and the one with half a character, which JSON writes as an escape


def test_the_day_of_a_model_is_read_along_an_index(tmp_path: Path) -> None:
    """Neither the other days nor the other models are looked at, and the newest come first without being sorted."""
    now = datetime.now(UTC)
    query = Query(server=SERVER, model="a/b", since=now - timedelta(days=1), until=now)
    where, values = database._conditions(query)
    sql = f"EXPLAIN QUERY PLAN SELECT * FROM runs WHERE {where} ORDER BY intent_at DESC, rowid DESC"  # noqa: S608 - our own
    with closing(database.Store(tmp_path / "journal.sqlite3")) as store:
        plan = str(store.fetch(sql, values))
    assert "runs_by_model (model=? AND intent_at>? AND intent_at<?)" in plan
    assert "TEMP B-TREE" not in plan


def test_a_journal_without_the_index_gets_it(tmp_path: Path) -> None:
    """A journal of an earlier version is looked through as fast."""
    path = tmp_path / "journal.sqlite3"
    database.Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP INDEX runs_by_model")
    with closing(database.Store(path)) as store:
        assert store.fetch("SELECT 1 FROM sqlite_master WHERE name = 'runs_by_model'", {}) == [(1,)]
