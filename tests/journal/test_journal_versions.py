import sqlite3
from pathlib import Path

import pytest

from wiro_widgets.journal.database import APPLICATION_ID, MIGRATIONS, Store
from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a journal."""
    return tmp_path / "journal.sqlite3"


def run(journal: Journal, task_id: str = "12") -> None:
    """Add a run that succeeded."""
    run_id = journal.begin(SERVER, "a/b", {"prompt": "x" * 1000})
    journal.submitted(run_id, task_id)
    journal.settle(run_id, TaskRecord(task_id=task_id, outcome="succeeded"), ["/0.png"])


def tasks(journal: Journal) -> list[str | None]:
    """Return the task ids in the journal, oldest first."""
    return [row.task_id for row in journal.records(SERVER)][::-1]


def test_a_newer_version_is_left_alone(path: Path) -> None:
    """A journal of a newer version is not touched: a warning says to upgrade, and runs stay in memory."""
    Journal.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        connection.execute("ALTER TABLE runs RENAME TO renamed")
    connection.close()
    before = path.read_bytes()
    with pytest.warns(WiroWarning, match="a newer version of wiro-widgets wrote it; upgrade to read it"):
        journal = Journal.open(path)
    run(journal)
    assert tasks(journal) == ["12"]
    journal.close()
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(path: Path) -> None:
    """A database of another program is not touched."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.warns(WiroWarning, match="no journal but another file"), Journal.open(path) as journal:
        run(journal)
    assert path.read_bytes() == before


def test_migrations_run_from_any_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of an older version is brought up to date and keeps its runs."""
    with Journal.open(path) as journal:
        run(journal)
    monkeypatch.setattr(
        "wiro_widgets.journal.database.MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (x TEXT)")
    )
    with Journal.open(path) as journal:
        assert tasks(journal) == ["12"]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    connection.close()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_journals_of_every_version_are_read(path: Path, version: int) -> None:
    """A journal that any earlier version of this package wrote has its runs, and takes new ones."""
    with sqlite3.connect(path) as connection:
        connection.executescript(";".join(MIGRATIONS[:version]))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(
            "INSERT INTO runs (id, server, model, parameters, intent_at, outcome, task_id) "
            "VALUES ('x', ?, 'a/b', '{}', '2026-05-01T00:00:00.000000+00:00', 'succeeded', '11')",
            (SERVER,),
        )
    connection.close()
    with Journal.open(path) as journal:
        run(journal)
        assert (tasks(journal), journal.trouble) == (["11", "12"], None)


def test_a_failed_migration_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration happens as a whole or not at all."""
    Journal.open(path).close()
    steps = (*MIGRATIONS, "CREATE TABLE more (x TEXT); NONSENSE")
    with monkeypatch.context() as patch:
        patch.setattr("wiro_widgets.journal.database.MIGRATIONS", steps)
        with pytest.raises(sqlite3.OperationalError):
            Store(path)
    with Journal.open(path) as journal:
        run(journal)
        assert journal.trouble is None


@pytest.mark.parametrize("content", [b"x", b"my notes\n", b"\x89PNG\r\n\x1a\n" + bytes(5_000)])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    """A file at a wrong path is neither renamed nor written, and the runs are kept in memory."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.warns(WiroWarning, match="no journal but another file"), Journal.open(path) as journal:
        journal.begin("https://api.wiro.ai/v1", "a/b", {})
    assert path.read_bytes() == content
    assert [item.name for item in tmp_path.iterdir()] == ["notes.txt"]
