"""The SQLite files that are derived from a journal: for their owner alone, and made anew if they are damaged."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
LOCKS: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_OTHER_TABLES: Final = sqlite3.SQLITE_ERROR  # a statement does not fit them


def folder_of(journal_path: Path | None) -> Path | None:
    """Return the folder of what is derived from a journal; None if the journal is in memory.

    Its name does not begin with the journal's: such files stand for a journal that was there (see `has_no_past`).
    """
    return journal_path.with_name(f"gallery-of-{journal_path.name}") if journal_path else None


def has_derived_files(journal_path: Path | None) -> bool:
    """Return True if a gallery was opened on this journal, on this machine or another that shares the folder."""
    folder = folder_of(journal_path)
    return folder is not None and folder.is_dir()


def connect(path: Path | None) -> sqlite3.Connection:
    """Connect to a file, or to memory, for several threads; a text that is no UTF-8 has signs in its place."""
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def open_file(path: Path | None, make_tables: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Open a file with its folder, or a database in memory, and make the tables that are not there.

    A file that is damaged or has other tables is deleted and made anew: nothing in it is the only copy. What is deleted
    from it is overwritten. Raises OSError and sqlite3.Error if there can be no file.
    """
    if path is not None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    for is_last in (False, True):
        connection = connect(path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA secure_delete = ON")
            with transaction(connection):
                make_tables(connection)
        except sqlite3.Error as error:
            connection.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if is_last or path is None or code not in {*DAMAGE, _OTHER_TABLES}:
                raise
            discard(path)
        else:
            return connection
    raise AssertionError  # the second try returns or raises


def empty_log(connection: sqlite3.Connection) -> None:
    """Bring the log into the file and cut it: what was deleted is in neither, as soon as no other process reads."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def discard(path: Path) -> None:
    """Delete a file that cannot be used, with the log beside it."""
    for suffix in ("-wal", "-shm", ""):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of what is done within, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
