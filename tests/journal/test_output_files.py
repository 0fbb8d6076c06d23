"""A file answers for a run only while its bytes are the ones that were noted."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from wiro_widgets.journal.database import ADDED_COLUMNS, APPLICATION_ID, MIGRATIONS, Store
from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.output_files import verified_paths, verify
from wiro_widgets.journal.row import JournalRow, OutputFile
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Make an output folder with two pictures."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    for number in range(2):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def journal(tmp_path: Path, outputs: Path) -> Journal:
    """Make a journal of one run with both pictures."""
    journal = Journal.open(tmp_path / "journal.sqlite3")
    run_id = journal.begin(SERVER, "a/b", {"prompt": "a cat"}, content="1")
    journal.submitted(run_id, "1")
    paths = sorted(map(str, outputs.iterdir()))
    record = TaskRecord(
        "1",
        "a/b",
        outcome="succeeded",
        output_paths=tuple(paths),
        output_count=2,
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
    )
    journal.settle(run_id, record, paths)
    return journal


def row_of(journal: Journal) -> JournalRow:
    """Return the row of the only run."""
    row = journal.find("1", SERVER)
    assert row is not None
    return row


def test_a_settled_run_notes_its_files(journal: Journal, outputs: Path) -> None:
    """The row of a settled run has path, size and digest of each file, in every process."""
    data = (outputs / "0.png").read_bytes()
    with Journal.open(journal.path) as again:
        row = row_of(again)
    assert row.files[0] == OutputFile(str(outputs / "0.png"), len(data), hashlib.sha256(data).hexdigest())
    assert verify(row)
    assert verified_paths(row) == row.paths


def replace_by_a_link(path: Path) -> None:
    """Put a link to an equal file in place of the file."""
    path.rename(path.with_name("moved.png"))
    path.symlink_to(path.with_name("moved.png"))


def replace_by_a_folder(path: Path) -> None:
    """Put a folder in place of the file."""
    path.unlink()
    path.mkdir()


def replace_by_a_pipe(path: Path) -> None:
    """Put a pipe in place of the file, whose reader would wait forever."""
    path.unlink()
    os.mkfifo(path)


def flip_a_byte(path: Path) -> None:
    """Change one byte, and set the times back."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


CHANGES: list[Callable[[Path], object]] = [
    lambda path: os.truncate(path, 0),
    lambda path: os.truncate(path, 20),
    lambda path: path.write_bytes(bytes(path.stat().st_size)),
    lambda path: shutil.copyfile(path.with_name("1.png"), path),
    lambda path: path.write_bytes(path.read_bytes() + b"x"),
    Path.unlink,
    replace_by_a_link,
    replace_by_a_folder,
    replace_by_a_pipe,
    flip_a_byte,
]


@pytest.mark.parametrize("is_at_rest", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_answers_for_nothing(
    journal: Journal,
    outputs: Path,
    change: Callable[[Path], object],
    is_at_rest: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An emptied, cut, overwritten or replaced file makes its run not whole, also if its digest is remembered."""
    if is_at_rest:
        monkeypatch.setattr("wiro_widgets.journal.output_files._SETTLED_NS", -(10**18))
    row = row_of(journal)
    assert verify(row)
    change(outputs / "0.png")
    assert not verify(row)
    assert verified_paths(row) == (str(outputs / "1.png"),)
    first, second = History(journal, SERVER).result("1").outputs
    assert isinstance(first.error, OutputError)
    assert second.image().size == (8, 8)


def test_rows_of_earlier_versions_have_no_digests(journal: Journal, outputs: Path) -> None:
    """A run whose files were never noted is whole while they are files that are not empty."""
    row = replace(row_of(journal), files=())
    assert verify(row)
    (outputs / "0.png").write_bytes(b"other")
    assert verify(row)
    (outputs / "0.png").write_bytes(b"")
    assert not verify(row)


def import_edited(journal: Journal, folder: Path, **changes: object) -> Journal:
    """Export the run, edit its line, and return a journal that has imported it."""
    path = folder / "runs.jsonl"
    History(journal, SERVER).export_to(path)
    header, line = path.read_text(encoding="utf-8").splitlines()
    values = json.loads(line) | changes
    path.write_text(f"{header}\n{json.dumps(values)}\n", encoding="utf-8")
    other = Journal.open(folder / "other.sqlite3")
    assert History(other, SERVER).import_from(path) == 1
    return other


def test_an_imported_run_is_whole_in_the_output_folder(
    journal: Journal, outputs: Path, tmp_path: Path
) -> None:
    """An imported run is whole if its files lie in the output folder with the noted bytes, and only then."""
    other = import_edited(journal, tmp_path)
    row = row_of(other)
    assert row.is_imported
    assert verify(row, outputs)
    assert not verify(row)
    assert not verify(row, tmp_path / "elsewhere")
    assert len(History(other, SERVER, output_dir=outputs).result("1").images) == 2
    flip_a_byte(outputs / "0.png")
    assert not verify(row, outputs)


@pytest.mark.parametrize("column", ["paths", "record"])
@pytest.mark.parametrize(
    "name",
    [
        "{secret}",
        "{outputs}/../secret.png",
        "{outputs}/link.png",
        "{outputs}/folder/secret.png",
        "a\x00b",
        "",
    ],
)
def test_an_edited_history_reads_no_private_file(
    journal: Journal, outputs: Path, tmp_path: Path, name: str, column: str
) -> None:
    """Whatever path an imported history names, in row or record, no file outside the output folder is opened."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (3, 3)).save(secret)
    (outputs / "link.png").symlink_to(secret)
    (outputs / "folder").symlink_to(tmp_path)
    path = name.format(secret=secret, outputs=outputs)
    data = secret.read_bytes()
    files = json.dumps([{"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}])
    record = row_of(journal).record
    assert record is not None
    edited_record = replace(record, output_paths=(path,), output_urls=(), output_count=1).to_dict()
    changes: dict[str, object] = {"files": files, "record": json.dumps(edited_record)}
    if column == "paths":
        changes["paths"] = json.dumps([path])
    other = import_edited(journal, tmp_path, **changes)
    row = row_of(other)
    history = History(other, SERVER, output_dir=outputs)
    html_of_edited = history._repr_html_()
    if column == "paths":
        assert not verify(row, outputs)
        assert verified_paths(row, outputs) == ()
        with pytest.raises(OutputError):
            history.result("1").outputs[0].bytes()
        assert "<img" not in html_of_edited
    else:  # the record does not decide where the files are
        assert path not in history["1"].output_paths
        assert [output.path for output in history.result("1").outputs] == [
            outputs / "0.png",
            outputs / "1.png",
        ]


def test_an_imported_answer_without_files_answers_for_nothing(journal: Journal, outputs: Path) -> None:
    """An imported run that names no file is not whole: what it says cannot be verified."""
    row = replace(row_of(journal), pid=None, paths=(), files=())
    assert not verify(row, outputs)


def test_an_earlier_version_shares_the_journal(tmp_path: Path) -> None:
    """The new column does not make the journal one of a newer version: an earlier one goes on writing to it."""
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";".join(MIGRATIONS))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(runs)")}
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        connection.execute(  # as an earlier version writes a row
            "INSERT INTO runs (id, server, model, parameters, intent_at, outcome, task_id, pid) "
            "VALUES ('x', ?, 'a/b', '{}', '2026-05-01T00:00:00.000000+00:00', 'succeeded', '1', 7)",
            (SERVER,),
        )
        connection.commit()
    assert columns >= ADDED_COLUMNS.keys()
    with Journal.open(path) as journal:
        row = row_of(journal)
        assert (row.files, row.is_imported) == ((), False)
