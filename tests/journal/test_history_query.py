"""What `History.find` takes, and what it says about a wrong argument."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
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
