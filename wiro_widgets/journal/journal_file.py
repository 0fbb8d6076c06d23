"""JournalFile: the journal's file, which may be damaged, full, locked, moved, of a newer version or not a journal."""

from __future__ import annotations

import os
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from wiro_widgets.journal.database import ForeignDatabaseError, NewerVersionError, Store, identity
from wiro_widgets.protocol.errors import WiroWarning

T = TypeVar("T")

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SQLITE_HEADER: Final = b"SQLite format 3\0"
_SUFFIXES: Final = (".sqlite3", ".sqlite", ".db", ".db3")  # damaged files with these names are set aside
_TROUBLES: Final = (sqlite3.Error, OSError, NewerVersionError, ForeignDatabaseError)


class JournalFile:
    """A store that is opened on demand; if it cannot be used, it warns instead of raising.

    `usable` is False if there is no file, or one that must not be touched. Not for several threads at once.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.usable = path is not None
        self.trouble: str | None = None
        self._store: Store | None = None
        self._identity: tuple[int, int] | None = None  # of the file that was opened last
        self._is_replaced = False
        self._damage_reported = False

    def use(self, action: Callable[[Store], T]) -> T | None:
        """Do something with the open file and return its result; None if the file cannot be used."""
        for _ in range(2 if self.usable else 0):
            try:
                store = self._open()
                result = action(store)
            except _TROUBLES as exc:
                if not self._recover(exc):
                    break
            else:
                self._report_damage(store)
                return result
        return None

    def write(self, action: Callable[[Store], object]) -> bool:
        """Do something with the open file and return True once it is done; False if the file cannot be used."""

        def act(store: Store) -> bool:
            action(store)
            return True

        return self.use(act) is True

    def pop_replaced(self) -> bool:
        """Return True, once, if another file has taken the place of the one that was used before."""
        is_replaced, self._is_replaced = self._is_replaced, False
        return is_replaced

    def close(self) -> None:
        """Close the file until it is needed again."""
        if self._store is not None:
            with suppress(sqlite3.Error):
                self._store.close()
            self._store = None

    def warn(self, message: str) -> None:
        """Warn, once for the same trouble in a row."""
        if message == self.trouble:
            return
        self.trouble = message
        with suppress(WiroWarning):  # a paid run goes on even if warnings are errors
            warnings.warn(message, WiroWarning, stacklevel=5)

    def _open(self) -> Store:
        path = Path(self.path or "")
        if self._store is not None and self._store.identity != identity(path):
            self.close()  # moved or removed: writing to it would leave the runs in a file without a name
        if self._store is None:
            _check(path)
            self._store = Store(path)
            self._is_replaced |= self._identity not in {None, self._store.identity}
            self._identity = self._store.identity
        return self._store

    def _report_damage(self, store: Store) -> None:
        if store.damaged_ids and not self._damage_reported:
            self._damage_reported = True
            runs = f"{len(store.damaged_ids)} damaged runs, beginning with {min(store.damaged_ids)}"
            self.warn(f"The run journal {self.path} has {runs}; what cannot be read of them is left out.")

    def _recover(self, exc: Exception) -> bool:
        """Do what can be done about a trouble, and return True if it is worth trying again."""
        path = Path(self.path or "")
        damaged_identity = self._store.identity if self._store else identity(path)
        self.close()
        if isinstance(exc, sqlite3.Error) and getattr(exc, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            with suppress(OSError):
                self._set_aside(path, damaged_identity)
                return True
        if isinstance(exc, NewerVersionError | ForeignDatabaseError):
            self.usable = False
        self.warn(
            f"The run journal {path} cannot be used: {_reason(exc)}. "
            "Runs are kept in memory until it can, and are lost with this process.",
        )
        return False

    def _set_aside(self, path: Path, damaged_identity: tuple[int, int] | None) -> None:
        """Rename a damaged file, its side files first: a new one must not take over an old log."""
        if identity(path) != damaged_identity:
            return  # another process was faster
        aside = f"{path}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        self.warn(
            f"The run journal {path} was damaged and is kept as {Path(aside).name}; a new one was begun."
        )


def _check(path: Path) -> None:
    """Raise ForeignDatabaseError for a file that was never a journal: neither a database nor named like one."""
    if path.suffix.lower() in _SUFFIXES or not path.is_file():
        return
    with path.open("rb") as file:
        header = file.read(len(_SQLITE_HEADER))
    if header not in (b"", _SQLITE_HEADER):
        raise ForeignDatabaseError


def _reason(exc: Exception) -> str:
    if isinstance(exc, NewerVersionError):
        return "a newer version of wiro-widgets wrote it; upgrade to read it"
    if isinstance(exc, ForeignDatabaseError):
        return "it is no journal but another file"
    return str(getattr(exc, "strerror", None) or exc)
