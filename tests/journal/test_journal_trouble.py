import resource
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wiro_widgets.journal.journal import Journal
from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a journal."""
    return tmp_path / "journal.sqlite3"


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Limit the size of files that this process writes, as a full disk does."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def run(journal: Journal, task_id: str = "12") -> None:
    """Add a run that succeeded."""
    run_id = journal.begin(SERVER, "a/b", {"prompt": "x" * 1000})
    journal.submitted(run_id, task_id)
    journal.settle(run_id, TaskRecord(task_id=task_id, outcome="succeeded"), ["/0.png"])


def tasks(journal: Journal) -> list[str | None]:
    """Return the task ids in the journal, oldest first."""
    return [row.task_id for row in journal.records(SERVER)][::-1]


def test_a_file_that_is_no_database(path: Path) -> None:
    """A file that is not a database is renamed, and a new journal is begun with a warning that names both."""
    path.write_bytes(b"this was my thesis" * 100)
    with pytest.warns(
        WiroWarning, match=r"journal.sqlite3 was damaged and is kept as journal.sqlite3.damaged-"
    ):
        journal = Journal.open(path)
    run(journal)
    journal.close()
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == b"this was my thesis" * 100
    with Journal.open(path) as again:
        assert tasks(again) == ["12"]


def damage(path: Path) -> None:
    """Overwrite a database's pages behind its header."""
    with path.open("rb+") as file:
        file.seek(100)
        file.write(b"\xff" * (path.stat().st_size - 100))


def test_a_file_damaged_while_in_use(path: Path) -> None:
    """Runs that are under way when the file turns out to be damaged continue in the new file."""
    with Journal.open(path) as journal:
        run_id = journal.begin(SERVER, "a/b", {})
        journal.submitted(journal.begin(SERVER, "a/b", {}), "11")
    damage(path)
    with pytest.warns(WiroWarning, match="was damaged"):
        journal.submitted(run_id, "12")
    with Journal.open(path) as again:
        assert [row.task_id for row in again.unfinished(SERVER)] == ["11", "12"]
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def test_damage_while_reading(path: Path) -> None:
    """Reading a damaged file warns and returns the runs that are under way."""
    with Journal.open(path) as journal:
        run(journal)
        journal.submitted(journal.begin(SERVER, "a/b", {}), "13")
    damage(path)
    with pytest.warns(WiroWarning, match="was damaged"):
        assert tasks(journal) == ["13"]
    with Journal.open(path) as again:
        assert tasks(again) == ["13"]


def test_an_old_log_is_moved_with_its_file(path: Path) -> None:
    """The log of a damaged journal that others have open is moved with it, and the others follow to the new file."""
    Journal.open(path).close()
    with Journal.open(path) as other:
        assert tasks(other) == []
        damage(path)
        with pytest.warns(WiroWarning, match="was damaged"), Journal.open(path) as journal:
            run(journal, "of the finder")
        assert {file.name[-4:] for file in path.parent.glob("*.damaged-*")} >= {"-wal", "-shm"}
        run(other, "of the other")
        assert set(tasks(other)) == {"of the finder", "of the other"}


def test_a_file_that_another_process_replaced(path: Path) -> None:
    """A new file that another process has begun is used and not moved."""
    first = Journal.open(path)
    run_id = first.begin(SERVER, "a/b", {})
    path.rename(path.with_name("moved"))
    second = Journal.open(path)
    run(second, "of the second")
    first.submitted(run_id, "of the first")
    assert set(tasks(second)) == {"of the first", "of the second"}
    first.close()
    second.close()


def test_a_removed_folder_comes_back(tmp_path: Path) -> None:
    """A folder that is removed during a run is made again, with the run."""
    folder = tmp_path / "data"
    journal = Journal.open(folder / "journal.sqlite3")
    run_id = journal.begin(SERVER, "a/b", {})
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    journal.submitted(run_id, "12")
    journal.close()
    with Journal.open(folder / "journal.sqlite3") as again:
        assert [row.task_id for row in again.unfinished(SERVER)] == ["12"]


def test_a_read_only_file(plain_user: Path) -> None:
    """A journal that may not be written warns once, and the runs of this process are kept in memory."""
    path = plain_user / "journal.sqlite3"
    with Journal.open(path) as journal:
        run(journal, "old")
    path.chmod(0o400)
    with pytest.warns(WiroWarning, match="cannot be used: Permission denied"):
        journal = Journal.open(path)
    with warnings.catch_warnings(action="error"):
        run(journal)
    assert tasks(journal) == ["12"]
    journal.close()


def test_a_link_to_a_file_that_is_not_there_yet(path: Path, tmp_path: Path) -> None:
    """A journal whose path links to a missing file is made there, for its owner alone."""
    target = tmp_path / "elsewhere.sqlite3"
    path.symlink_to(target)
    with Journal.open(path) as journal:
        run(journal)
    assert (target.stat().st_mode & 0o777, path.is_symlink()) == (0o600, True)


def test_a_folder_that_may_not_be_written(plain_user: Path) -> None:
    """A journal whose folder may not be written to warns, and works in memory."""
    plain_user.chmod(0o500)
    with pytest.warns(WiroWarning, match="cannot be used"):
        journal = Journal.open(plain_user / "journal.sqlite3")
    run(journal)
    assert tasks(journal) == ["12"]
    plain_user.chmod(0o700)
    journal.close()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path that cannot exist is a warning, not an error."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.warns(WiroWarning, match="cannot be used"):
        journal = Journal.open(tmp_path / "file" / "journal.sqlite3")
    run(journal)
    assert tasks(journal) == ["12"]


def test_a_full_disk(path: Path) -> None:
    """On a full disk runs wait in memory, and reach the file as soon as there is room."""
    with Journal.open(path) as journal:
        run(journal, "before")
    journal = Journal.open(path)
    with pytest.warns(WiroWarning, match="cannot be used"), full_disk(4096):
        run(journal, "full")
    assert tasks(journal) == ["before", "full"]
    assert repr(journal).endswith("1 runs not on disk>")
    run(journal, "after")
    journal.close()
    with Journal.open(path) as again:
        assert tasks(again) == ["before", "full", "after"]


def test_a_disk_full_until_the_end(path: Path) -> None:
    """Rows that could not be written are tried once more when the journal is closed."""
    journal = Journal.open(path)
    with pytest.warns(WiroWarning, match="cannot be used"), full_disk(100):
        run(journal)
    journal.close()
    with Journal.open(path) as again:
        assert tasks(again) == ["12"]


def test_a_locked_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another process locks for too long is a warning; the runs follow when the lock is released."""
    monkeypatch.setattr("wiro_widgets.journal.database.BUSY_SECONDS", 0.01)
    with Journal.open(path) as journal:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.warns(WiroWarning, match="database is locked"):
            run(journal, "while locked")
        holder.execute("ROLLBACK")
        holder.close()
        run(journal, "later")
    with Journal.open(path) as again:
        assert tasks(again) == ["while locked", "later"]


def test_warnings_as_errors_do_not_stop_a_run(tmp_path: Path) -> None:
    """A run is written down even if warnings are errors: it costs money, the warning does not."""
    (tmp_path / "file").write_bytes(b"")
    with warnings.catch_warnings(action="error"):
        journal = Journal.open(tmp_path / "file" / "journal.sqlite3")
        run(journal)
    assert tasks(journal) == ["12"]
    assert "cannot be used" in str(journal.trouble)


def test_an_unknown_run_is_a_warning() -> None:
    """A change of a run that the journal does not have is a warning, not an error."""
    with pytest.warns(WiroWarning, match="no run nonsense"):
        Journal.open(None).submitted("nonsense", "12")
