"""A journal on a drive that cannot do what SQLite needs backs off after the first failure, and says what is kept."""

import fcntl
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from wiro_widgets.journal import database, journal_file
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.errors import ConfigurationError, WiroWarning
from wiro_widgets.protocol.lookup import Absent, Present, Unknown
from wiro_widgets.protocol.record import TaskRecord

SERVER = "https://api.wiro.ai/v1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path for a journal."""
    return tmp_path / "journal.sqlite3"


@pytest.fixture(autouse=True)
def unknown_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what this process knows of its drives."""
    monkeypatch.setattr(database, "_drives_with_locks", set())
    monkeypatch.setattr(journal_file, "_drives_without_memory", set())


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, bool], int | None]], list[str]]:
    """Return what lets statements fail: a function from SQL and mode to an error code. It returns the failed ones."""

    def install(code_of: Callable[[str, bool], int | None]) -> list[str]:
        failed_statements: list[str] = []

        class Connection(sqlite3.Connection):
            """A connection on a bad drive; it has a log until the journal mode is set to another one."""

            has_log = True

            def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
                if sql == "PRAGMA locking_mode = EXCLUSIVE":
                    self.has_log = False
                code = code_of(sql, self.has_log)
                if code is not None:
                    failed_statements.append(sql)
                    error = sqlite3.OperationalError("disk I/O error")
                    error.sqlite_errorcode = code
                    raise error
                return super().execute(sql, *args)

        real_connect = sqlite3.connect

        def connect_badly(*args: Any, **options: Any) -> sqlite3.Connection:
            return real_connect(*args, factory=Connection, **options)

        monkeypatch.setattr(sqlite3, "connect", connect_badly)
        return failed_statements

    return install


def run(journal: Journal, task_id: str) -> None:
    """Add a run that succeeded, as a kernel writes it."""
    run_id = journal.begin(SERVER, "a/b", {"prompt": "a cat"}, content=task_id, cell=0)
    journal.submitted(run_id, task_id)
    journal.settle(run_id, TaskRecord(task_id, "a/b", outcome="succeeded"), events=b"x")


def claim(journal: Journal, content: str) -> object:
    """Claim a cell of a sweep."""
    return journal.claim(
        f"claim of {content}",
        SERVER,
        "a/b",
        {},
        content=content,
        cell=0,
        conflicts=lambda _: True,
        patience=0,
    )


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_SHMLOCK,
    ],
)
@pytest.mark.parametrize("first_mode", ["wal", "none"])
def test_a_drive_without_shared_memory(
    path: Path,
    connect: Callable[[Callable[[str, bool], int | None]], list[str]],
    code: int,
    first_mode: str,
) -> None:
    """Without shared memory the journal goes on with a rollback journal: all is kept, and one warning says so."""
    if first_mode == "wal":
        with Journal.open(path) as journal:
            run(journal, "earlier")
    failed_statements = connect(
        lambda sql, has_log: code if has_log and ("journal_mode" in sql or "runs" in sql) else None
    )
    with warnings.catch_warnings(record=True) as warning_list:
        warnings.simplefilter("always")
        journal = Journal.open(path)
        for number in range(4):
            run(journal, str(number))
        assert claim(journal, "new") is None
        assert claim(journal, "0") is not None
        second = Journal.open(path)  # of the same kernel
        assert isinstance(second.look_up(Query(contents=("other",))), Absent)
        assert isinstance(second.look_up(Query(contents=("3",))), Present)
        journal.close()
        second.close()
    assert len(failed_statements) == 1
    assert [item.category for item in warning_list] == [WiroWarning]
    assert "All runs are kept" in str(warning_list[0].message)
    with Journal.open(path) as again:
        assert len(again.rows(Query())) == (6 if first_mode == "wal" else 5)
    assert path.read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log (https://sqlite.org/fileformat2.html)


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_IOERR_LOCK,
        sqlite3.SQLITE_IOERR_RDLOCK,
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
        sqlite3.SQLITE_PROTOCOL,
    ],
)
def test_a_drive_that_cannot_lock(
    path: Path, connect: Callable[[Callable[[str, bool], int | None]], list[str]], code: int
) -> None:
    """If no mode of SQLite can lock, runs are kept in memory with one warning, and the drive is left alone."""
    with Journal.open(path) as journal:
        run(journal, "earlier")
    before = path.read_bytes()
    failed_statements = connect(
        lambda sql, _has_log: code if "BEGIN" in sql or "PRAGMA journal" in sql else None
    )
    with warnings.catch_warnings(record=True) as warning_list:
        warnings.simplefilter("always")
        journal = Journal.open(path)
        for number in range(4):
            run(journal, str(number))
        assert len(journal.records(SERVER)) == 4
        assert isinstance(journal.look_up(Query(contents=("earlier",))), Unknown)
        with pytest.raises(ConfigurationError, match="cannot be used"):
            claim(journal, "earlier")
        journal.close()
    assert len(failed_statements) <= 2
    messages = [str(item.message) for item in warning_list]
    assert sum("cannot lock files" in message for message in messages) == 1
    assert len(messages) == 1
    assert path.read_bytes() == before


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the system refuse file locks as an old NFS does."""
    calls: list[int] = []

    def refuse(descriptor: int, *_: int) -> None:
        calls.append(descriptor)
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    return calls


def test_no_locks_and_no_journal_yet(path: Path, no_locks: list[int]) -> None:
    """On a drive without locks that never had a journal, a sweep goes on in memory: there is no past to be missed."""
    with pytest.warns(
        WiroWarning, match=r"cannot lock files .*No locks available.*other kernels do not know of them"
    ):
        journal = Journal.open(path)
    start = time.monotonic()
    with warnings.catch_warnings(action="error"):
        for number in range(4):
            assert isinstance(journal.look_up(Query(contents=(str(number),))), Absent)
            assert claim(journal, str(number)) is None
            assert claim(journal, str(number)) is not None
    journal.close()
    assert time.monotonic() - start < 20
    assert len(no_locks) == 1
    assert list(path.parent.iterdir()) == []


def test_locks_that_come_back(path: Path, no_locks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A drive that cannot lock for a while gets the runs once it can."""
    monkeypatch.setattr(journal_file, "_REST", 0.0)
    with pytest.warns(WiroWarning, match="cannot lock files"):
        journal = Journal.open(path)
    run(journal, "1")
    assert len(no_locks) > 1
    monkeypatch.undo()
    run(journal, "2")
    journal.close()
    with Journal.open(path) as again:
        assert {row.task_id for row in again.rows(Query())} == {"1", "2"}


REFUSER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static int refuses(const char *what) {
    const char *name = getenv("REFUSE");
    return name && !strcmp(name, what);
}
#define LOCKING(NAME) \\
    int NAME(int fd, int cmd, ...) { \\
        va_list list; va_start(list, cmd); void *argument = va_arg(list, void *); va_end(list); \\
        if (refuses("locks") && (cmd == F_SETLK || cmd == F_SETLKW || cmd == F_GETLK)) { errno = ENOLCK; return -1; } \\
        return ((int (*)(int, int, ...)) dlsym(RTLD_NEXT, #NAME))(fd, cmd, argument); \\
    }
LOCKING(fcntl)
LOCKING(fcntl64)
#define MAPPING(NAME, OFFSET) \\
    void *NAME(void *at, size_t size, int protection, int flags, int fd, OFFSET offset) { \\
        if (refuses("memory") && (flags & MAP_SHARED) && fd >= 0) { errno = ENODEV; return MAP_FAILED; } \\
        return ((void *(*)(void *, size_t, int, int, int, OFFSET)) \\
            dlsym(RTLD_NEXT, #NAME))(at, size, protection, flags, fd, offset); \\
    }
MAPPING(mmap, off_t)
MAPPING(mmap64, off64_t)
"""
KERNEL = """
import sys, time, warnings
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.record import TaskRecord
warnings.simplefilter("always")
start = time.monotonic()
journal = Journal.open(sys.argv[1])
for number in range(4):
    content = f"{sys.argv[2]}-{number}"
    run_id = journal.begin("s", "a/b", {}, content=content)
    journal.submitted(run_id, content)
    journal.settle(run_id, TaskRecord(content, "a/b", outcome="succeeded"))
print(type(journal.look_up(Query(contents=("kernel-0",)))).__name__)
print(type(journal.look_up(Query(contents=("never",)))).__name__)
journal.close()
print(time.monotonic() - start)
"""


@pytest.fixture(scope="module")
def refuser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a library that, loaded before the system's own, refuses what $REFUSE names."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    folder = tmp_path_factory.mktemp("refuser")
    (folder / "refuser.c").write_text(REFUSER)
    library = folder / "refuser.so"
    arguments = [compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "refuser.c"), "-ldl"]
    subprocess.run(arguments, check=True)
    return library


def kernel(path: Path, name: str, library: Path, refuse: str) -> tuple[list[str], list[str]]:
    """Run four runs in a process whose system refuses something; return what it printed, and its warnings."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "REFUSE": refuse}
    arguments = [sys.executable, "-c", KERNEL, str(path), name]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, env=environment, timeout=60)
    return done.stdout.split(), re.findall("WiroWarning: (.*)", done.stderr)


def test_a_system_that_refuses_locks(path: Path, refuser: Path) -> None:
    """Where the system refuses locks (ENOLCK), four runs take no time, and a journal that is there stays unknown."""
    (own, other, seconds), messages = kernel(path, "kernel", refuser, "locks")
    assert ([own, other], len(messages)) == (["Present", "Absent"], 1)
    assert float(seconds) < 20
    assert kernel(path, "kernel", refuser, "nothing")[0][:2] == ["Present", "Absent"]
    before = path.read_bytes()
    (own, other, seconds), messages = kernel(path, "second", refuser, "locks")
    assert ([own, other], len(messages)) == (["Unknown", "Unknown"], 1)
    assert "cannot lock files" in messages[0]
    assert float(seconds) < 20
    assert path.read_bytes() == before


@pytest.mark.parametrize("is_new", [True, False])
def test_a_system_that_refuses_shared_memory(path: Path, refuser: Path, is_new: bool) -> None:
    """Where the system refuses shared memory, all runs are kept, and other kernels find them."""
    if not is_new:
        assert kernel(path, "earlier", refuser, "nothing")[1] == []
    for name in ("kernel", "second"):
        (own, other, seconds), messages = kernel(path, name, refuser, "memory")
        assert [own, other] == ["Present", "Absent"]
        assert float(seconds) < 20
        assert len(messages) == 1
        assert "All runs are kept" in messages[0]
    with Journal.open(path) as journal:
        assert len(journal.rows(Query())) == (8 if is_new else 12)
        assert journal.trouble is None


def test_a_lock_that_another_process_holds_is_waited_for_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one statement has waited in vain for a lock, the next ones do not wait as long, until one gets through."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 3.0)
    monkeypatch.setattr(journal_file, "_BUSY_AGAIN_SECONDS", 0.01)
    journal = Journal.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.warns(WiroWarning, match="another process has locked it"):
            run(journal, "1")
        run(journal, "2")
        assert 2.9 < time.monotonic() - start < 12
        holder.execute("ROLLBACK")
        run(journal, "3")
        start = time.monotonic()
        holder.execute("BEGIN IMMEDIATE")
        journal.begin(SERVER, "a/b", {})
        assert time.monotonic() - start > 0.9
    journal.close()
    with Journal.open(path) as again:
        assert len(again.rows(Query())) == 4
