import json
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wiro_widgets.journal import event_log
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import ConfigurationError, WiroError, WiroWarning
from wiro_widgets.protocol.events import Log
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Yield a history of two runs, one of them with a star, a tag, a note and an event log."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        for task_id in ("1", "2"):
            run_id = journal.begin(
                SERVER, "a/b", {"prompt": "a cat\nin the hat", "seed": 2**40}, content=task_id
            )
            created = datetime(2026, 5, 1, tzinfo=UTC)
            record = TaskRecord(task_id, "a/b", outcome="succeeded", created_at=created, total_cost=0.1)
            journal.settle(run_id, record, ["/0.png"], event_log.pack([Log("output", "hello", 1.0)]))
        history = History(journal, SERVER)
        history.star("1")
        history.tag("1", "good")
        history.note("1", "a note")
        yield history


def elsewhere() -> History:
    """Return an empty history."""
    return History(Journal.open(None), SERVER)


def test_a_history_is_imported_whole(history: History, tmp_path: Path) -> None:
    """A history that was exported as JSON lines is imported with records, stars, tags, notes and events."""
    assert history.export_to(tmp_path / "runs.jsonl") == 2
    other = elsewhere()
    assert other.import_from(tmp_path / "runs.jsonl") == 2
    assert list(other) == list(history)
    assert other.events_to_pandas("1")["text"].tolist() == ["hello"]


def test_an_imported_history_owns_no_files(tmp_path: Path, history: History) -> None:
    """Forgetting an imported run does not delete its files, whatever the history file says, and names them."""
    precious = tmp_path / "thesis.txt"
    precious.write_text("precious")
    history.export_to(tmp_path / "runs.jsonl")
    header, line, _ = (tmp_path / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    values = {**json.loads(line), "paths": json.dumps([str(precious)]), "pid": 1, "host": platform.node()}
    (tmp_path / "runs.jsonl").write_text(f"{header}\n{json.dumps(values)}\n")
    other = elsewhere()
    other.import_from(tmp_path / "runs.jsonl")
    with pytest.warns(WiroWarning, match=r"was imported, so the files that it names are left: .*thesis\.txt"):
        other.forget("1", files=True)
    assert (precious.read_text(), len(other)) == ("precious", 0)


def test_runs_are_imported_once(history: History, tmp_path: Path) -> None:
    """Importing runs that are already there changes nothing."""
    history.export_to(tmp_path / "runs.jsonl")
    history.note("1", "newer")
    assert history.import_from(tmp_path / "runs.jsonl") == 0
    assert (len(history), history["1"].note) == (2, "newer")


def test_an_export_names_no_machine(history: History, tmp_path: Path) -> None:
    """An export does not say which machine or process made the runs."""
    history.export_to(tmp_path / "runs.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert not any("host" in line or "pid" in line for line in lines)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "damaged at line"),
        (lambda text: text.replace('"a/b"', "null", 1).replace('"id"', '"di"', 1), "damaged at line 2"),
        (lambda _text: "", "is empty"),
        (lambda _text: "task_id,model\n1,a/b\n", "damaged at line 1"),
        (lambda _text: "[1, 2]\n", "no file that export_to wrote"),
        (lambda text: text.replace('"wiro_history": 1', '"wiro_history": 2'), "newer version"),
    ],
)
def test_a_damaged_file_names_the_line(
    history: History, tmp_path: Path, damage: object, message: str
) -> None:
    """A damaged history file is refused with the line that is wrong, and nothing is imported."""
    path = tmp_path / "runs.jsonl"
    history.export_to(path)
    assert callable(damage)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    other = elsewhere()
    with pytest.raises(WiroError, match=message):
        other.import_from(path)
    assert len(other) == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("events", 123),
        ("events", "\u00e9"),
        ("events", "@@@"),
        ("cell", "first"),
        ("intent_at", "yesterday"),
        ("outcome", "splendid"),
    ],
)
def test_a_damaged_value_names_the_line(history: History, tmp_path: Path, column: str, value: object) -> None:
    """A value that its column cannot hold is refused with its line, also that of an event log."""
    path = tmp_path / "runs.jsonl"
    history.export_to(path)
    header, first, _ = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header}\n{first}\n{json.dumps({**json.loads(first), column: value})}\n")
    other = elsewhere()
    with pytest.raises(WiroError, match="damaged at line 3"):
        other.import_from(path)
    assert len(other) == 0


@pytest.mark.parametrize(
    "prompt", ["a\u2028b", "a\u2029b", "a\x85b", "a\x1cb", "a\vb\fc", "a\nb", "a\r\nb"], ids=ascii
)
def test_any_character_may_stand_in_a_prompt(tmp_path: Path, prompt: str) -> None:
    """A history is imported whole, whatever line separators its prompts hold."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        run_id = journal.begin(SERVER, "a/b", {"prompt": prompt})
        journal.settle(run_id, TaskRecord("1", "a/b", prompt=prompt, outcome="succeeded"))
        History(journal, SERVER).export_to(tmp_path / "runs.jsonl")
    other = elsewhere()
    assert other.import_from(tmp_path / "runs.jsonl") == 1
    assert other["1"].prompt == prompt


def test_a_run_twice_in_a_file_is_imported_once(history: History, tmp_path: Path) -> None:
    """A run that is in the file twice, or is here under another server, is counted right and removes nothing."""
    path = tmp_path / "runs.jsonl"
    history.export_to(path)
    path.write_text(path.read_text(encoding="utf-8") + path.read_text(encoding="utf-8").split("\n")[1] + "\n")
    other = elsewhere()
    assert (other.import_from(path), len(other)) == (2, 2)
    other_server = History(history._journal, "http://127.0.0.1:1/v1")
    assert (other_server.import_from(path), len(history)) == (0, 2)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file that is not text, or does not exist, is a clear error."""
    (tmp_path / "runs.jsonl").write_bytes(b"\xff\xfe\x00")
    for name in ("runs.jsonl", "missing.jsonl"):
        with pytest.raises(WiroError, match="cannot be read"):
            elsewhere().import_from(tmp_path / name)


def test_an_unknown_ending(history: History, tmp_path: Path) -> None:
    """Another ending is refused before anything is written."""
    with pytest.raises(ConfigurationError, match=r"\.jsonl, \.csv or \.parquet"):
        history.export_to(tmp_path / "runs.xlsx")
    assert not (tmp_path / "runs.xlsx").exists()
