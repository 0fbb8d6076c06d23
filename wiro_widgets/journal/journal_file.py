"""JournalFile: the journal's file on a bad day, when it is damaged, full, locked, moved, newer or not ours."""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from wiro_widgets.journal.database import Store, identity
from wiro_widgets.journal.migrations import ForeignDatabaseError, NewerVersionError
from wiro_widgets.protocol.errors import WiroWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from wiro_widgets.journal.row import JournalRow, Query

T = TypeVar("T")

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_HEAD: Final = b"SQLite format 3\0"
_SUFFIXES: Final = (".sqlite3", ".sqlite", ".db", ".db3")  # of files that are set aside when they are damaged
_TROUBLES: Final = (sqlite3.Error, OSError, NewerVersionError, ForeignDatabaseError)


class JournalFile:
    """A store that is opened when it is needed, and that says when it cannot be used instead of raising.

    `usable` is False when there is no file, or one that must not be touched. Not for several threads at once.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.usable = path is not None
        self.trouble: str | None = None
        self._store: Store | None = None
        self._last: tuple[int, int] | None = None
        self._renewed = False
        self._told_damage = False

    def write(self, rows: Collection[JournalRow]) -> bool:
        """Bring rows to the file and tell whether they are there."""

        def save(store: Store) -> bool:
            if rows:
                store.save(rows)
            return True

        return self.use(save) is True

    def read(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that fit, newest first; none from a file that cannot be read."""
        found = self.use(lambda store: store.select(query, limit)) or []
        if self._store is not None and self._store.damaged and not self._told_damage:
            self._told_damage = True
            runs = f"{len(self._store.damaged)} damaged runs, beginning with {min(self._store.damaged)}"
            self.warn(f"The run journal {self.path} has {runs}; what cannot be read of them is left out.")
        return found

    def use(self, action: Callable[[Store], T]) -> T | None:
        """Do something with the open file and return its answer, or None from a file that cannot be used."""
        for _ in range(2 if self.usable else 0):
            try:
                return action(self._opened())
            except _TROUBLES as exc:
                if not self._recovered(exc):
                    break
        return None

    def take_renewed(self) -> bool:
        """Tell, once, whether another file has taken the place of the one that was used before."""
        renewed, self._renewed = self._renewed, False
        return renewed

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
        with suppress(WiroWarning):  # even where warnings are errors, a run that is paid for goes on
            warnings.warn(message, WiroWarning, stacklevel=5)

    def _opened(self) -> Store:
        path = Path(self.path or "")
        if self._store is not None and self._store.identity != identity(path):
            self.close()  # moved or removed by somebody else: what is written now would end without a name
        if self._store is None:
            _check(path)
            self._store = Store(path)
            self._renewed |= self._last not in {None, self._store.identity}
            self._last = self._store.identity
        return self._store

    def _recovered(self, exc: Exception) -> bool:
        """Do what can be done about a trouble and tell whether it is worth trying again."""
        path = Path(self.path or "")
        seen = self._store.identity if self._store else identity(path)
        self.close()
        if isinstance(exc, sqlite3.Error) and getattr(exc, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            with suppress(OSError):
                self._set_aside(path, seen)
                return True
        if isinstance(exc, NewerVersionError | ForeignDatabaseError):
            self.usable = False
        self.warn(
            f"The run journal {path} cannot be used: {_reason(exc)}. "
            "Runs are kept in memory until it can, and are lost with this process.",
        )
        return False

    def _set_aside(self, path: Path, seen: tuple[int, int] | None) -> None:
        """Rename a damaged file, its side files first, for a new one must not take over an old log."""
        if identity(path) != seen:
            return  # another process was faster
        aside = f"{path}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        self.warn(
            f"The run journal {path} was damaged and is kept as {Path(aside).name}; a new one was begun."
        )


def _check(path: Path) -> None:
    """Raise ForeignDatabaseError for a file that no journal ever was: it is neither a database nor named like one."""
    if path.suffix.lower() in _SUFFIXES or not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(len(_HEAD))
    if head not in (b"", _HEAD):
        raise ForeignDatabaseError


def _reason(exc: Exception) -> str:
    if isinstance(exc, NewerVersionError):
        return "a newer version of wiro-widgets wrote it; upgrade to read it"
    if isinstance(exc, ForeignDatabaseError):
        return "it is no journal but another file"
    return str(getattr(exc, "strerror", None) or exc)
