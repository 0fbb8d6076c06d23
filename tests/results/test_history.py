import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wiro_widgets.protocol.record import Outcome, TaskRecord
from wiro_widgets.results.history import History
from wiro_widgets.results.journal import Journal

SERVER = "https://api.wiro.ai/v1"


def settled(journal: Journal, task_id: str, model: str, outcome: Outcome, prompt: str) -> None:
    """Take a run through its life."""
    run_id = journal.begin(SERVER, model, {"prompt": prompt})
    journal.submitted(run_id, task_id)
    created = datetime(2026, 5, 1, 12, 30, int(task_id), tzinfo=UTC)
    journal.settle(run_id, TaskRecord(task_id, model, outcome=outcome, prompt=prompt, created_at=created))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a history of three runs that ended and one that did not."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        settled(journal, "1", "a/b", "succeeded", "a cat")
        settled(journal, "2", "a/b", "failed", "a dog")
        settled(journal, "3", "c/d", "succeeded", "a CAT")
        journal.submitted(journal.begin(SERVER, "c/d", {"prompt": "cut off"}), "4")
        yield History(journal, SERVER)


def ids(records: list[TaskRecord]) -> list[str | None]:
    """Return the tasks of records."""
    return [record.task_id for record in records]


def test_newest_first(history: History) -> None:
    """A history is a sequence of records, newest first."""
    assert ids(list(history)) == ids(history.records()) == ["4", "3", "2", "1"]
    assert (len(history), ids(history.records(limit=2))) == (4, ["4", "3"])


def test_one_task(history: History) -> None:
    """A task is found by its id, and a KeyError says how to look further."""
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
    """Times are datetimes or ISO text; a time that is none is a ValueError."""
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert len(history.find(since=hour_ago)) == 4
    assert history.find(until=hour_ago.isoformat()) == []
    assert history.find(until="2020-01-01") == []
    with pytest.raises(ValueError, match="yesterday"):
        history.find(since="yesterday")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has one time zone for all processes")
def test_times_without_a_zone_are_local(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time without a zone is the user's own clock."""
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
    """A run that did not end is listed with what is needed to attach to it."""
    (row,) = history.unfinished()
    assert (row.task_id, row.model, row.parameters) == ("4", "c/d", {"prompt": "cut off"})


def test_repr_counts(history: History) -> None:
    """A repr is one calm line."""
    assert repr(history).startswith(f"<History of {SERVER}: 4 runs, newest 20")
    assert repr(History(Journal.open(None), SERVER)) == f"<History of {SERVER}: 0 runs>"


def test_to_pandas(history: History) -> None:
    """The history as a table has one row a task."""
    assert list(history.to_pandas()["task_id"]) == ["4", "3", "2", "1"]
    assert "param.prompt" in history.to_pandas(expand=True)
