import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.journal import event_log
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.protocol.events import Lifecycle, Log, Notice, Progress, TaskEvent, TextSnapshot, Unknown
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.text.text_content import TextContent

SERVER = "https://api.wiro.ai/v1"
EVENTS: list[TaskEvent] = [
    Lifecycle("task_start", 1_777_000_000.25),
    Log("output", "Loading", 1_777_000_000.5),
    Progress(1_777_000_001.25, 0.5, 5, 10, "1.2 it/s", label="Generate"),
    Log("error", "warning", 1_777_000_002.25),
    TextSnapshot(TextContent(answer=("It scatters.",)), 1_777_000_003.25),
    Notice("connecting again", 1_777_000_004.25),
    Unknown("task_dance", 1_777_000_005.25, "left, right"),
]


def test_events_as_a_table() -> None:
    """Each event is a row with its time, its seconds since the first, its kind, its text and its progress."""
    table = event_log.to_pandas(event_log.pack(EVENTS))
    assert table["seconds"].tolist() == [0, 0.25, 1, 2, 3, 4, 5]
    assert list(table["kind"]) == ["stage", "output", "progress", "error", "answer", "notice", "unknown"]
    assert list(table["text"])[1:3] == ["Loading", "Generate 1.2 it/s"]
    assert (table["fraction"][2], table["step"][2], table["total"][2]) == (0.5, 5, 10)
    assert str(table["at"].dtype) == "datetime64[us, UTC]"
    assert table["at"][0].timestamp() == 1_777_000_000.25


def test_a_task_without_events_has_an_empty_table() -> None:
    """Without a log the table has no row and the same columns."""
    empty, full = event_log.to_pandas(None), event_log.to_pandas(event_log.pack(EVENTS))
    assert (len(empty), empty.dtypes.astype(str).to_dict()) == (0, full.dtypes.astype(str).to_dict())


@given(st.binary(max_size=64))
def test_a_damaged_log_is_empty(data: bytes) -> None:
    """Bytes that are not an event log give no events."""
    assert event_log.unpack(data) == []


@pytest.mark.parametrize(
    "line",
    [
        '[1e300, "a", "output", "t"]',
        '{"a": 1}',
        '""',
        "[1, 2]",
        '[1, "a", "output", 5]',
        '[null, "a", "output", "t"]',
        '[1, "a", "progress", "t", "half", 1, 2]',
        "[" * 100_000,
    ],
    ids=lambda line: line[:12],
)
def test_lines_of_something_else_are_no_log(line: str) -> None:
    """A log with a line that is not an event gives an empty table, even if the line is JSON."""
    good = '[1, "a", "output", "t"]'
    assert len(event_log.to_pandas(zlib.compress(f"{good}\n{line}".encode()))) == 0


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\x1cb", "a\vb", "a\nb", "a\r\nb"], ids=ascii)
def test_any_character_may_stand_in_a_line(text: str) -> None:
    """A line or paragraph separator within a text ends no event."""
    events = [Log("output", "one", 1.0), Log("output", text, 2.0), Log("output", "three", 3.0)]
    assert [row["text"] for row in event_log.unpack(event_log.pack(events))] == ["one", text, "three"]


def test_half_a_character_in_a_line() -> None:
    """A lone surrogate is stored as a question mark."""
    assert [row["text"] for row in event_log.unpack(event_log.pack([Log("output", "a\ud83d", 1.0)]))] == [
        "a?"
    ]


def test_a_long_log_keeps_both_ends() -> None:
    """If there are too many events, the first and the last are stored, and the gap says how many are missing."""
    events = [Log("output", f"line {n}", float(n)) for n in range(3 * event_log.MAX_EVENTS)]
    rows = event_log.unpack(event_log.pack(events))
    (gap,) = [row for row in rows if row["type"] == "left out"]
    assert (rows[0]["text"], rows[-1]["text"]) == ("line 0", f"line {len(events) - 1}")
    assert gap["text"] == f"{2 * event_log.MAX_EVENTS} events"


def test_a_huge_log_stays_small() -> None:
    """A log takes no more than the bound, however long its texts."""
    events = [Log("output", f"{n}" * 5_000, float(n)) for n in range(2_000)]
    rows = event_log.unpack(event_log.pack(events))
    assert sum(len(row["text"]) for row in rows) <= event_log.MAX_BYTES
    assert rows[-1]["type"] == "left out"


@pytest.mark.parametrize("has_file", [True, False], ids=["in a file", "in memory"])
def test_the_history_has_the_events(tmp_path: Path, has_file: bool) -> None:
    """`history.events_to_pandas` finds the log by the task, also in a journal without a file."""
    with Journal.open(tmp_path / "journal.sqlite3" if has_file else None) as journal:
        run_id = journal.begin(SERVER, "a/b", {})
        journal.settle(run_id, TaskRecord("7", "a/b", outcome="succeeded"), (), event_log.pack(EVENTS))
        history = History(journal, SERVER)
        assert len(history.events_to_pandas("7")) == len(EVENTS)
        history.forget("7")
        with pytest.raises(KeyError):
            history.events_to_pandas("7")


def test_events_survive_the_process(tmp_path: Path) -> None:
    """Another process reads the log from the file."""
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        run_id = journal.begin(SERVER, "a/b", {})
        journal.settle(run_id, TaskRecord("7", "a/b", outcome="succeeded"), (), event_log.pack(EVENTS))
    with Journal.open(path) as journal:
        assert len(History(journal, SERVER).events_to_pandas("7")) == len(EVENTS)


def test_a_run_is_over_once_its_events_are_written(tmp_path: Path) -> None:
    """The row and its log reach the disk in one transaction: if the log does not, the run stays open in the file."""
    path = tmp_path / "journal.sqlite3"
    with Journal.open(path) as journal:
        run_id = journal.begin(SERVER, "a/b", {})
        refuse = "BEGIN SELECT RAISE(ABORT, 'no logs'); END"
        with closing(sqlite3.connect(path)) as other:
            other.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON events {refuse}")
        with pytest.warns(WiroWarning, match="no logs"):
            journal.settle(run_id, TaskRecord("7", "a/b", outcome="succeeded"), (), event_log.pack(EVENTS))
        with Journal.open(path) as reader:
            assert [row.id for row in reader.unfinished(SERVER)] == [run_id]
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TRIGGER refuse")
    with Journal.open(path) as reader:
        assert reader.unfinished(SERVER) == []
        assert len(History(reader, SERVER).events_to_pandas("7")) == len(EVENTS)
