"""JournalFile: the journal's store on disk, opened on demand and reopened; it says why it cannot be used, if so."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from platformdirs import user_data_path

from wiro_widgets.journal.database import (
    EmptiedDatabaseError,
    ForeignDatabaseError,
    NewerVersionError,
    NoLocksError,
    Store,
    check_locks,
    identity,
)
from wiro_widgets.journal.postgres.backing import Backing, RowStore
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol.lookup import Absent, Present, Unknown

T = TypeVar("T")

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOCKS: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_HEADER: Final = b"SQLite format 3\0"
_SUFFIXES: Final = (".sqlite3", ".sqlite", ".db", ".db3")  # damaged files with these names are set aside
_TROUBLES: Final = (
    sqlite3.Error, OSError, NewerVersionError, ForeignDatabaseError, EmptiedDatabaseError, NoLocksError,
)  # fmt: skip
_NO_SHARED_MEMORY: Final = frozenset({  # but not SHMSIZE, which a full disk gives
    sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_PROTOCOL,
})  # fmt: skip
_NO_LOCKS: Final = frozenset({
    sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_UNLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
})  # fmt: skip
_REST: Final = 60.0  # seconds until a drive that cannot lock files is tried again
# Seconds of a statement, while the last one waited in vain for another process's lock.
_BUSY_AGAIN_SECONDS: Final = 0.1
_ASIDE: Final = ".damaged-"

_opened: set[tuple[int, int]] = set()  # files that this process has used as journals
_drives_without_memory: set[int] = set()  # where a write-ahead log was refused


class JournalFile(Backing):
    """A store in a file; after a lock of another process, `is_locked` is True.

    A drive without shared memory gets a rollback journal; one that cannot lock files is left alone for `_REST` seconds.
    """

    has_json_functions = True
    patience = 30.0
    wait_reason = "Another process has locked the run journal; waiting until it is free"

    def __init__(self, path: Path | None) -> None:
        super().__init__(str(path), path)  # `may_have_written` stays False: a commit that fails wrote nothing
        self._store: Store | None = None
        self._identity: tuple[int, int] | None = None  # of the file that was opened last
        # The state of a file that is not ours, and why.
        self._refused: tuple[tuple[int, ...], str] | None = None
        self._rest: tuple[float, str] | None = None  # until when the drive is left alone, and why
        self._memory_trouble: str | None = None  # not reported yet
        self._sound_id: str | None = None  # of the journal whose tables were inspected

    @property
    def usable(self) -> bool:
        """False if there is no file, or one that must not be touched."""
        return self.path is not None and self._refusal() is None

    @property
    def has_no_past(self) -> bool:
        """True if the drive, which cannot lock files, has no journal and had none: nothing can be missing from it."""
        if self._rest is None or self.path is None or self._journal_id is not None:
            return False
        path = self.path.resolve()
        try:
            return not [item for item in path.parent.iterdir() if item.name.startswith(path.name)]
        except OSError:
            return False

    def attempt(self, action: Callable[[Store], T]) -> Present[T] | Unknown:
        """Do something with the open file and return its result, or why the file cannot be used."""
        was_locked, self.is_locked = self.is_locked, False
        reason = self._refusal() or "the journal is in memory alone"
        for _ in range(3 if self.usable else 0):
            try:
                store = self._open(was_locked=was_locked)
                result = action(store)
                if was_locked:
                    store.wait_for_locks()
            except _TROUBLES as exc:
                reason = _reason(exc)
                if not self._recover(exc):
                    break
            else:
                self._rest = None
                self._report_memory_trouble()
                self._report_damage(store)
                if store.has_rows and self._journal_id is None:
                    self._journal_id = store.journal_id
                return Present(result)
        return self._unknown(reason)

    def save(self, rows: Collection[JournalRow], logs: Mapping[str, bytes]) -> bool:
        """Write rows and event logs, open the file even if there are none, and return True once they are on disk."""
        return isinstance(self.attempt(lambda store: store.save(rows, logs)), Present)

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete runs and their event logs."""
        self.attempt(lambda store: store.delete(run_ids))

    def absence(self, store: RowStore) -> Absent | Unknown:
        """Return what it means that the open file does not have a run: nothing, if it may have lost runs."""
        path = Path(self.path or "").resolve()
        if aside := _set_aside_files(path):
            return Unknown(
                f"the run journal {path} was damaged once, and {aside[0]} beside it may have the run: restore it, "
                f"or remove {aside[0]}* to begin anew, or use journal=False"
            )
        if self._journal_id not in {None, store.journal_id}:
            return Unknown(
                f"the run journal {path} was emptied, removed or replaced while it was in use: "
                "restore it, or make a new client to begin anew"
            )
        if store.unreadable_ids:
            return Unknown(
                f"{len(store.unreadable_ids)} damaged runs of the run journal {path} cannot be read"
            )
        if self._sound_id != store.journal_id:
            if damage := store.damage():
                return Unknown(
                    f"the run journal {path} is damaged ({damage}): restore it, or use journal=False"
                )
            self._sound_id = store.journal_id
        return Absent("the journal has no such run")

    def close(self) -> None:
        """Close the file until it is needed again."""
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.close()
            self._store = None

    def _refusal(self) -> str | None:
        """Return why the file that stands here must not be touched, or its drive be left alone."""
        if self._rest is not None and time.monotonic() < self._rest[0]:
            return self._rest[1]
        if self._refused is None or self._refused[0] != _state(Path(self.path or "")):
            return None
        return self._refused[1]

    def _open(self, *, was_locked: bool) -> Store:
        path = Path(self.path or "")
        if self._store is not None and self._store.identity != identity(path):
            self.close()  # moved, removed or emptied: writing to it would leave the runs in a file without a name
        if self._store is None:
            _check(path)
            self._store = Store(
                path,
                has_log=_drive(path) not in _drives_without_memory,
                busy_seconds=_BUSY_AGAIN_SECONDS if was_locked else None,
            )
            self._is_replaced |= self._identity not in {None, self._store.identity}
            self._identity = self._store.identity
            if self._identity is not None:
                _opened.add(self._identity)
        return self._store

    def _report_memory_trouble(self) -> None:
        if self._memory_trouble:
            self.warn(
                f"The drive of the run journal {self.path} has no shared memory ({self._memory_trouble}); the journal "
                "does without. All runs are kept; kernels that share it wait longer for each other."
            )
            self._memory_trouble = None

    def _recover(self, exc: Exception) -> bool:
        """Do what can be done about a trouble, and return True if it is worth trying again."""
        path = Path(self.path or "")
        damaged_identity = self._store.identity if self._store else identity(path)
        self.close()
        code = getattr(exc, "sqlite_errorcode", 0)
        if code & 0xFF in _DAMAGE or isinstance(exc, EmptiedDatabaseError):
            with suppress(OSError):
                self._set_aside(path.resolve(), damaged_identity, "damaged" if code else "emptied")
                return True
        if code in _NO_SHARED_MEMORY and _drive(path) not in _drives_without_memory:
            _drives_without_memory.add(_drive(path))
            self._memory_trouble = str(exc)
            return True
        if isinstance(exc, NewerVersionError | ForeignDatabaseError):
            self._refused = (_state(path), _reason(exc))
        self.is_locked = code & 0xFF in _LOCKS
        if self._cannot_lock(code, exc):
            self.is_locked = False
            self._rest = (time.monotonic() + _REST, _reason(exc))
            self.warn(
                f"The drive of the run journal {path} cannot lock files ({_reason(exc)}). Pictures are kept, and what "
                "the journal has stays there; runs are kept in memory: other kernels do not know of them, and they are "
                "lost with this process. Use Client(journal=...) with a path on a local disk."
            )
            return False
        self.warn(
            f"The run journal {path} cannot be used: {_reason(exc)}. "
            "Runs are kept in memory until it can, and are lost with this process.",
        )
        return False

    def _cannot_lock(self, code: int, exc: Exception) -> bool:
        """Return True if the drive is to blame for a failure, and not another process."""
        if isinstance(exc, NoLocksError) or code in _NO_LOCKS | _NO_SHARED_MEMORY:
            return True
        try:
            if self.is_locked:
                check_locks(Path(self.path or "").resolve(), again=True)
        except NoLocksError:
            return True
        except OSError:
            pass
        return False

    def _set_aside(self, path: Path, damaged_identity: tuple[int, int] | None, state: str) -> None:
        """Rename a damaged file, its side files first: a new one must not take over an old log."""
        if identity(path) != damaged_identity:
            return  # another process was faster
        aside = f"{path}{_ASIDE}{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
        for suffix in ("-wal", "-shm", "-journal", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        self.warn(
            f"The run journal {path} was {state} and is kept as {Path(aside).name}; a new one was begun. "
            "Until that file is restored or removed, a run that may stand in it is not sent again unasked."
        )


def data_folder() -> Path:
    """Return the folder of the user for what this package keeps."""
    return user_data_path("wiro-widgets", appauthor=False)


def _set_aside_files(path: Path) -> list[str]:
    """Return the names of damaged journals that stand beside this one, without those of their side files."""
    names = [item.name for item in path.parent.iterdir() if item.name.startswith(f"{path.name}{_ASIDE}")]
    return sorted({re.sub("-(wal|shm|journal)$", "", name) for name in names})


def _check(path: Path) -> None:
    """Raise ForeignDatabaseError for a file that was never a journal: neither a database nor named like one."""
    if path.suffix.lower() in _SUFFIXES or not path.is_file() or identity(path) in _opened:
        return
    # Closing it drops the locks that this process has on it, so only before it has any.
    with path.open("rb") as file:
        header = file.read(len(_SQLITE_HEADER))
    if header not in (b"", _SQLITE_HEADER):
        raise ForeignDatabaseError


def _drive(path: Path) -> int:
    """Return which drive the file is on; 0 if that cannot be told."""
    try:
        return path.resolve().parent.stat().st_dev
    except OSError:
        return 0


def _state(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced."""
    with suppress(OSError):
        status = path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return ()


def _reason(exc: Exception) -> str:
    if isinstance(exc, NewerVersionError):
        return "a newer version of wiro-widgets wrote it; upgrade to read it"
    if isinstance(exc, ForeignDatabaseError):
        return "it is no journal but another file"
    if isinstance(exc, EmptiedDatabaseError):
        return "it was emptied"
    if isinstance(exc, NoLocksError):
        return f"its drive cannot lock files: {exc}"
    if getattr(exc, "sqlite_errorcode", 0) & 0xFF in _LOCKS:
        return "another process has locked it (database is locked)"
    return str(getattr(exc, "strerror", None) or exc)
