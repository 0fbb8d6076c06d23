import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wiro_widgets.journal.dataframe import from_pandas
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import ConfigurationError, WiroError
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
VALUES: dict[str, Any] = {"prompt": "a cat\nin the hat", "seed": 2**40, "steps": 20}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Yield a history of two runs, one of them with a star, a tag and a note."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        for task_id in ("1", "2"):
            created = datetime(2026, 5, 1, tzinfo=UTC)
            record = TaskRecord(
                task_id,
                "a/b",
                outcome="succeeded",
                prompt=VALUES["prompt"],
                seed=VALUES["seed"],
                parameters=VALUES,
                created_at=created,
                total_cost=0.1,
            )
            journal.settle(journal.begin(SERVER, "a/b", VALUES), record, ["/0.png"])
        history = History(journal, SERVER)
        history.star("1")
        history.tag("1", "good")
        history.note("1", "a note")
        journal.reused(history._row("1").id)
        yield history


def elsewhere() -> History:
    """Return an empty history."""
    return History(Journal.open(None), SERVER)


def test_tables_for_other_programs(history: History, tmp_path: Path) -> None:
    """A history is written as CSV and Parquet, and read back as the same records."""
    for name in ("runs.csv", "runs.parquet"):
        assert history.export_to(tmp_path / name) == 2
    assert from_pandas(pd.read_parquet(tmp_path / "runs.parquet")) == list(history)
    assert from_pandas(pd.read_csv(tmp_path / "runs.csv")) == list(history)


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet", "RUNS.CSV"])
@pytest.mark.parametrize("expand", [False, True], ids=["plain", "expanded"])
def test_tables_are_imported(history: History, tmp_path: Path, name: str, expand: bool) -> None:
    """A history that was exported as a table is imported once, with stars, tags and notes."""
    history.export_to(tmp_path / name, expand=expand)
    assert ("param.steps" in (tmp_path / name).read_bytes().decode("latin-1")) is expand
    other = elsewhere()
    assert (other.import_from(tmp_path / name), other.import_from(tmp_path / name)) == (2, 0)
    assert list(other) == list(history)
    assert ([record.task_id for record in other.find(tag="good")], len(other.unfinished())) == (["1"], 0)
    assert history.import_from(tmp_path / name) == 0


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_odd_runs_are_imported(tmp_path: Path, name: str) -> None:
    """Unfinished runs, large seeds, odd texts and runs without a task are imported unchanged."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        odd = {"prompt": "NA", "seed": 2**70, "scale": 0.1}
        run_id = journal.begin(SERVER, "a/b", odd)
        record = TaskRecord(
            "1", "a/b", outcome="succeeded", prompt="NA", seed=2**70, parameters=odd, text="007"
        )
        journal.settle(
            run_id, replace(record, note="null", created_at=datetime(2026, 5, 1, 1, 2, 3, 4, tzinfo=UTC))
        )
        journal.submitted(journal.begin(SERVER, "a/b", {"prompt": "cut off"}), "2")
        journal.unknown(journal.begin(SERVER, "a/b", {"prompt": "lost"}), "no reply")
        History(journal, SERVER).export_to(tmp_path / name)
        before = list(History(journal, SERVER))
    other = elsewhere()
    assert other.import_from(tmp_path / name) == 3
    assert sorted(other, key=lambda record: str(record.task_id)) == sorted(
        before, key=lambda record: str(record.task_id)
    )
    assert len(other.unfinished()) == 2


FORMULAS = ["=1+1", "+x", "-x", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "'=1", "''=1", "'-5"]
TEXTS_AS_THEY_ARE = ["-5", "+3", "-1.5e3", "'a'", "a=1", "", "'", "{=1}", "- a list", "-", "--", "+-1"]


@pytest.mark.parametrize("text", [*FORMULAS, *TEXTS_AS_THEY_ARE])
def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path, text: str) -> None:
    """A text that a spreadsheet would calculate stands behind an apostrophe, and is imported as it was."""
    with Journal.open(tmp_path / "journal.sqlite3") as journal:
        run_id = journal.begin(SERVER, "a/b", {"prompt": text, "scale": -1.5})
        record = TaskRecord(
            "-7",
            "=a/b",
            outcome="succeeded",
            prompt=text,
            seed="-3",
            parameters={"prompt": text, "scale": -1.5},
            error=text or None,
            text=text or None,
            note=text,
            total_cost=0.5,
        )
        journal.settle(run_id, record)
        journal.annotate(run_id, notes=text)
        before = History(journal, SERVER)["-7"]
        History(journal, SERVER).export_to(tmp_path / "runs.csv", expand=True)
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    for name, cell in row.items():
        assert name[:1].isalpha()
        assert cell[:1] not in {*"=@\t\r"}
        assert cell[:1] not in {*"+-"} or float(cell) is not None
    assert (row["task_id"], row["seed"], row["param.scale"], row["total_cost"]) == ("-7", "-3", "-1.5", "0.5")
    assert (row["prompt"] != text) is (text[:1] in {*"=+-@\t\r"} and text not in {"-5", "+3", "-1.5e3"}) or (
        text.startswith("'")
    )
    other = elsewhere()
    assert other.import_from(tmp_path / "runs.csv") == 1
    after = other["-7"]
    assert (after.model, after.note, after.error, after.text) == ("=a/b", text, before.error, before.text)
    assert (after.prompt or "") == text
    assert after.parameters == before.parameters


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("runs.csv", b"", "cannot be read"),
        (
            "runs.csv",
            b"colour,size\nred,4\n",
            "no table that export_to wrote: it has no column created_at",
        ),
        (
            "runs.csv",
            b'task_id,model,parameters,created_at,outcome\n1,a/b,{"x": 1},noon,failed\n',
            "cannot be read",
        ),
        (
            "runs.csv",
            b"task_id,model,parameters,created_at,outcome\n1,a/b,{},noon,failed\n",
            "the column created_at",
        ),
        ("runs.csv", b"\xff\xfe\x00", "cannot be read"),
        ("runs.parquet", b"PAR1 of another kind", "cannot be read"),
        ("runs.parquet", None, "cannot be read"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    """A table that is damaged, of another kind or missing is refused as a whole."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    other = elsewhere()
    with pytest.raises(WiroError, match=message):
        other.import_from(tmp_path / name)
    assert len(other) == 0


def test_parquet_without_pyarrow(history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow the error says what to install, and no partial file remains."""
    for name in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match="pip install pyarrow"):
        history.export_to(tmp_path / "runs.parquet")
    assert sorted(path.name for path in tmp_path.glob("*runs*")) == []
