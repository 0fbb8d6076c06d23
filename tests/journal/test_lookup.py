"""Absence is no proof: what the journal says of a run that it does not have."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from wiro_widgets.journal.database import MIGRATIONS
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import JournalRow, Query
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.lookup import Absent, Present, Unknown
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"
ELSEWHERE = Query(server=SERVER, contents=("another run",))

pytestmark = pytest.mark.filterwarnings("ignore::wiro_widgets.protocol.errors.WiroWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a journal of 20 runs that succeeded, and return its path."""
    path = tmp_path / "data" / "journal.sqlite3"
    with Journal.open(path) as journal:
        for number in range(20):
            add_run(journal, f"cell {number}")
    return path


def add_run(journal: Journal, content: str, cell: int | None = 0) -> None:
    """Add a run that succeeded."""
    run_id = journal.begin(SERVER, "a/b", {"prompt": "x" * 1000}, content=content, cell=cell)
    journal.settle(run_id, TaskRecord(task_id=content, outcome="succeeded"))


def look_up(path: Path, query: Query = ELSEWHERE) -> Present[list[JournalRow]] | Absent | Unknown:
    """Ask a journal that was opened just now."""
    with Journal.open(path) as journal:
        return journal.look_up(query)


def claim(journal: Journal, content: str = "another run", patience: float = 0.0) -> JournalRow | None:
    """Claim a run that no equal one may precede."""
    return journal.claim(
        "mine", SERVER, "a/b", {}, content=content, cell=0, conflicts=lambda _: True, patience=patience
    )


def cut_to_half(path: Path) -> None:
    """Cut the file to half of its length."""
    os.truncate(path, path.stat().st_size // 2)


def cut_within_a_page(path: Path) -> None:
    """Cut the file in the middle of a page."""
    os.truncate(path, path.stat().st_size - 2_000)


def empty(path: Path) -> None:
    """Cut the file to nothing."""
    os.truncate(path, 0)


def damage_the_header(path: Path) -> None:
    """Overwrite the first bytes."""
    with path.open("rb+") as file:
        file.write(b"\xff" * 100)


def damage_the_pages(path: Path) -> None:
    """Overwrite all behind the header."""
    with path.open("rb+") as file:
        file.seek(100)
        file.write(b"\xff" * (path.stat().st_size - 100))


def lose_an_index_entry(path: Path) -> None:
    """Let the index of contents miss a run, as a lost page does, so that SQLite finds nothing and does not complain."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        sql = "SELECT sql FROM sqlite_master WHERE name = 'runs_by_content'"
        connection.execute(
            "UPDATE sqlite_master SET sql = sql || ' WHERE content <> ''cell 3''' WHERE name = 'runs_by_content'"
        )
        version = connection.execute("PRAGMA schema_version").fetchone()[0]
        connection.execute(f"PRAGMA schema_version = {version + 1}")
        assert connection.execute(sql).fetchone()[0].endswith("'cell 3'")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("REINDEX runs_by_content")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' WHERE content <> ''cell 3''', '') "
            "WHERE name = 'runs_by_content'"
        )
        connection.execute(f"PRAGMA schema_version = {version + 3}")


def make_newer(path: Path) -> None:
    """Mark the file as one of a newer version."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def make_foreign(path: Path) -> None:
    """Mark the file as another program's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA application_id = 1")


def remove_all_but_the_log(path: Path) -> None:
    """Remove the file while its log, with what was written last, stays."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET star = 1")
        log = path.with_name(f"{path.name}-wal")
        log_bytes = log.read_bytes()
    path.unlink()
    log.write_bytes(log_bytes)


def damage_the_keys(path: Path) -> None:
    """Replace what a run is looked up by with bytes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET content = x'00ff' WHERE content = 'cell 3'")


def damage_the_outcomes(path: Path) -> None:
    """Replace how a run ended with another word."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET outcome = 'odd' WHERE content = 'cell 3'")


DAMAGES: list[Callable[[Path], None]] = [
    damage_the_keys,
    damage_the_outcomes,
    cut_to_half,
    cut_within_a_page,
    empty,
    damage_the_header,
    damage_the_pages,
    lose_an_index_entry,
    make_newer,
    make_foreign,
    remove_all_but_the_log,
]


def test_present_and_absent(path: Path) -> None:
    """A sound journal says which rows there are, and that there is none."""
    answer = look_up(path, Query(server=SERVER, contents=("cell 3",)))
    assert isinstance(answer, Present)
    assert [row.task_id for row in answer.value] == ["cell 3"]
    assert look_up(path) == Absent("the journal has no such run")


def test_a_new_journal_has_no_past(tmp_path: Path) -> None:
    """A journal that was never there, and one that the user does without, have no run for certain."""
    assert isinstance(look_up(tmp_path / "new" / "journal.sqlite3"), Absent)
    assert isinstance(Journal.open(None).look_up(ELSEWHERE), Absent)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_journal_that_was_lost_is_no_empty_journal(path: Path, damage: Callable[[Path], None]) -> None:
    """Of a journal that cannot be read, or has lost runs, nobody knows what it had; in no process, at no later time."""
    damage(path)
    for _ in range(2):
        assert not isinstance(look_up(path, Query(server=SERVER, contents=("cell 3",))), Absent)
        answer = look_up(path)
        assert isinstance(answer, Unknown)
        assert str(path) in answer.reason
        with Journal.open(path) as journal:
            with pytest.raises(ConfigurationError, match=r"Nothing was sent.*\n.*journal=False"):
                claim(journal)
            assert journal.rows(Query(id="mine")) == []


@pytest.mark.parametrize(
    "damage", [cut_to_half, empty, damage_the_header], ids=lambda damage: damage.__name__
)
def test_the_past_returns_with_the_file(path: Path, damage: Callable[[Path], None]) -> None:
    """What is not known names the file that was set aside; restored or removed, it does not stand in the way."""
    copy = path.read_bytes()
    damage(path)
    answer = look_up(path)
    (aside,) = path.parent.glob("*.damaged-*")
    assert isinstance(answer, Unknown)
    assert f"remove {aside.name}* to begin anew" in answer.reason
    with Journal.open(path) as journal:
        add_run(journal, "new")
        assert isinstance(journal.look_up(Query(contents=("new",))), Present)
        aside.unlink()
        assert isinstance(journal.look_up(ELSEWHERE), Absent)
    path.write_bytes(copy)
    assert isinstance(look_up(path, Query(contents=("cell 3",))), Present)


@pytest.mark.parametrize(
    "damage", [damage_the_pages, empty, cut_to_half, Path.unlink], ids=lambda damage: damage.__name__
)
def test_damage_while_in_use(path: Path, damage: Callable[[Path], None]) -> None:
    """A file that is damaged, emptied or removed while it is open is no empty journal either."""
    with Journal.open(path) as journal:
        for content in ("cell 3", "cell 21"):
            add_run(journal, content)
            damage(path)
            assert not isinstance(journal.look_up(Query(contents=("cell 5",))), Absent)
    assert not isinstance(look_up(path, Query(contents=("cell 5",))), Absent)


def test_a_folder_that_vanishes(path: Path) -> None:
    """If the folder of a journal in use vanishes, its runs are unknown until it is back."""
    journal = Journal.open(path)
    assert isinstance(journal.look_up(ELSEWHERE), Absent)
    other_place = path.parent.rename(path.parent.with_name("moved"))
    for _ in range(2):
        answer = journal.look_up(ELSEWHERE)
        assert isinstance(answer, Unknown)
        assert "removed or replaced while it was in use" in answer.reason
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    other_place.rename(path.parent)
    assert isinstance(journal.look_up(Query(contents=("cell 3",))), Present)
    assert isinstance(journal.look_up(ELSEWHERE), Absent)
    journal.close()


def test_a_file_that_may_not_be_touched_is_not_known(plain_user: Path) -> None:
    """A journal that may not be read or written says nothing of a run."""
    path = plain_user / "journal.sqlite3"
    with Journal.open(path) as journal:
        add_run(journal, "cell 3")
    for mode in (0o000, 0o400):
        path.chmod(mode)
        answer = look_up(path)
        assert isinstance(answer, Unknown)
        assert "Permission denied" in answer.reason


def test_a_folder_that_may_not_be_written_is_not_known(plain_user: Path) -> None:
    """A journal in a folder without the right to write says nothing of a run."""
    path = plain_user / "journal.sqlite3"
    with Journal.open(path) as journal:
        add_run(journal, "cell 3")
    plain_user.chmod(0o500)
    try:
        assert isinstance(look_up(path), Unknown)
    finally:
        plain_user.chmod(0o700)


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(f"PRAGMA locking_mode = {sys.argv[2]}")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE runs SET star = 0")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
connection.close()
print("unlocked", flush=True)
"""


@contextmanager
def lock(path: Path, mode: str = "NORMAL") -> Iterator[Callable[[], object]]:
    """Lock the journal from another process; yield what unlocks it."""
    arguments = [sys.executable, "-c", LOCKER, str(path), mode]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield lambda: process.communicate("\n")
        if process.poll() is None:
            process.communicate("\n")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite give up early on a lock."""
    monkeypatch.setattr("wiro_widgets.journal.database.BUSY_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
def test_a_claim_waits_for_a_lock(path: Path) -> None:
    """A claim that fails for a lock is repeated when the lock is gone; until then it says why it waits."""
    reasons: list[str] = []
    with Journal.open(path) as journal, lock(path) as unlock:
        threading.Timer(0.5, unlock).start()
        row = journal.claim(
            "mine",
            SERVER,
            "a/b",
            {},
            content="cell 3",
            cell=0,
            conflicts=lambda _: True,
            notify=reasons.append,
        )
        assert row is not None
        assert row.task_id == "cell 3"
        assert claim(journal) is None
    assert set(reasons) == {"Another process has locked the run journal; waiting until it is free"}
    assert isinstance(look_up(path), Present)


@pytest.mark.usefixtures("impatient")
def test_a_claim_is_not_granted_while_the_journal_is_locked(path: Path) -> None:
    """After its patience a claim on a locked journal is refused; one whose outcome the user chose to ignore is not."""
    with Journal.open(path) as journal, lock(path) as unlock:
        with pytest.raises(ConfigurationError, match="another process has locked it"):
            claim(journal, patience=0.3)
        claim_result = journal.claim(
            "sent",
            SERVER,
            "a/b",
            {},
            content="cell 3",
            cell=0,
            conflicts=lambda _: False,
            unknown="send",
            patience=0.3,
        )
        assert claim_result is None
        unlock()
    with Journal.open(path) as journal:
        assert (journal.row("mine"), journal.row("sent") is None) == (None, False)


@pytest.mark.usefixtures("impatient")
def test_a_wait_for_a_lock_can_be_ended(path: Path) -> None:
    """What the callback of a waiting claim raises ends the wait, and nothing is written."""

    def stop(reason: str) -> None:
        raise RuntimeError(reason)

    with Journal.open(path) as journal, lock(path):
        with pytest.raises(RuntimeError, match="locked"):
            journal.claim("mine", SERVER, "a/b", {}, content="x", conflicts=lambda _: True, notify=stop)
        assert journal.rows(Query(id="mine")) == []


@pytest.mark.usefixtures("impatient")
def test_a_journal_that_nobody_else_may_read_is_unknown(path: Path) -> None:
    """A file that another process keeps for itself says nothing of a run, until it is free; other threads go on."""
    with lock(path, "EXCLUSIVE") as unlock, Journal.open(path) as journal:
        answer = journal.look_up(Query(contents=("cell 3",)))
        assert isinstance(answer, Unknown)
        assert "another process has locked it" in answer.reason
        readings = []
        waiting = threading.Thread(
            target=lambda: readings.append(journal.read(Query(contents=("cell 3",)), patience=30.0))
        )
        waiting.start()
        start = time.monotonic()
        assert journal.rows(Query()) == []
        assert time.monotonic() - start < 10
        unlock()
        waiting.join()
    assert [row.task_id for row in readings[0].rows] == ["cell 3"]
    assert isinstance(readings[0].absence, Absent)


def test_a_plain_run_is_written_down_in_memory(path: Path) -> None:
    """A run that the user asked for is sent although its journal cannot be read: nothing is decided by the past."""
    make_newer(path)
    with Journal.open(path) as journal:
        assert journal.claim("mine", SERVER, "a/b", {}, content="cell 3") is None
        assert [row.id for row in journal.rows(Query())] == ["mine"]


def test_rows_of_one_cell_say_nothing_of_another(path: Path) -> None:
    """Beside a damaged file, a claim of a cell that the new file knows is granted, and one of another cell is not."""
    damage_the_header(path)
    with Journal.open(path) as journal:
        run_id = journal.begin(SERVER, "a/b", {}, content="cell 3", cell=0)
        journal.refused(run_id, "no")
        failed = journal.begin(SERVER, "a/b", {}, content="cell 3", cell=0)
        journal.settle(failed, TaskRecord(task_id="7", outcome="failed"))
        reading = journal.read(Query(contents=("cell 3", "cell 4")))
        assert (len(reading.rows), type(reading.absence)) == (2, Unknown)

        def claim_cell(cell: int) -> JournalRow | None:
            return journal.claim(
                f"mine {cell}", SERVER, "a/b", {}, content="cell 3", cell=cell, conflicts=lambda _: False
            )

        assert claim_cell(0) is None
        with pytest.raises(ConfigurationError, match="was damaged once"):
            claim_cell(1)


def test_a_file_that_is_mended_is_used_again(path: Path) -> None:
    """A journal of a newer version that is replaced by a readable one is read without a new client."""
    copy = path.read_bytes()
    make_newer(path)
    with Journal.open(path) as journal:
        assert isinstance(journal.look_up(ELSEWHERE), Unknown)
        path.unlink()
        path.write_bytes(copy)
        assert isinstance(journal.look_up(Query(contents=("cell 3",))), Present)
        assert isinstance(journal.look_up(ELSEWHERE), Absent)
