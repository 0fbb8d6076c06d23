"""PictureCache: small pictures of outputs in one file beside the journal, the least recently used given up first."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wiro_widgets.journal.gallery.derived_file import DAMAGE, discard, empty_log, open_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_BYTES: Final = 256 * 2**20  # of all pictures
MAX_MEMORY_BYTES: Final = 32 * 2**20  # where there is no file
_ROOM: Final = 0.9  # of the limit is left once pictures are given up
_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS pictures (
        key TEXT PRIMARY KEY NOT NULL,
        run_id TEXT NOT NULL,
        data BLOB NOT NULL,
        mime TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        full_width INTEGER NOT NULL,
        full_height INTEGER NOT NULL,
        size INTEGER NOT NULL,
        used REAL NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS pictures_by_use ON pictures (used, size)",
    "CREATE INDEX IF NOT EXISTS pictures_by_run ON pictures (run_id)",
)


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A small picture, encoded for a browser, with its extent and that of the whole one."""

    data: bytes = field(repr=False)
    content_type: str
    width: int
    height: int
    full_width: int
    full_height: int


class PictureCache:
    """Small pictures by key; safe to share between threads. A file that cannot be used is a cache in memory.

    `folder` is where the file stands; None keeps it in memory.
    """

    def __init__(self, folder: Path | None, max_bytes: int = MAX_BYTES) -> None:
        self._lock = threading.Lock()
        self._max_bytes = max_bytes
        self._open(None if folder is None else folder / "pictures.sqlite3")

    def __repr__(self) -> str:
        return f"<PictureCache of {self._size:,} bytes>"

    def get(self, key: str) -> SmallPicture | None:
        """Return the picture, and count it as used now."""
        picture = None
        with self._access() as connection:
            sql = "SELECT data, mime, width, height, full_width, full_height FROM pictures WHERE key = ?"
            row = connection.execute(sql, [key]).fetchone()
            if row is not None:
                picture = SmallPicture(*row)
                connection.execute("UPDATE pictures SET used = ? WHERE key = ?", [time.time(), key])
        return picture

    def put(self, key: str, run_id: str, picture: SmallPicture) -> None:
        """Keep a picture of a run under a key."""
        size = len(picture.data)
        extents = (picture.width, picture.height, picture.full_width, picture.full_height)
        values = (key, run_id, picture.data, picture.content_type, *extents, size, time.time())
        with self._access() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            self._size += size
            if self._size > self._max_bytes:
                self._give_up()

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete the pictures of runs."""
        with self._access() as connection:
            connection.executemany("DELETE FROM pictures WHERE run_id = ?", [(item,) for item in run_ids])
            empty_log(connection)
            self._size = self._measure()

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        with self._lock:
            self._connection.close()

    def _open(self, path: Path | None) -> None:
        try:
            self._connection = open_file(path, _make_tables)
        except (OSError, sqlite3.Error):
            self._connection, path = open_file(None, _make_tables), None
        self._path = path
        self._max_bytes = self._max_bytes if path else min(self._max_bytes, MAX_MEMORY_BYTES)
        self._size = self._measure()

    @contextmanager
    def _access(self) -> Iterator[sqlite3.Connection]:
        """Lend the file to one thread; what fails there is left undone, and a file found damaged is made anew."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE and self._path is not None:
                    self._connection.close()
                    discard(self._path)
                    self._open(self._path)

    def _measure(self) -> int:
        with suppress(sqlite3.Error):
            return int(self._connection.execute("SELECT coalesce(sum(size), 0) FROM pictures").fetchone()[0])
        return 0

    def _give_up(self) -> None:
        """Delete what was used longest ago, until a tenth of the room is free; other processes add to it as well."""
        excess = self._measure() - int(self._max_bytes * _ROOM)
        rows = self._connection.execute("SELECT rowid, size FROM pictures ORDER BY used")
        numbers: list[tuple[int]] = []
        for number, size in rows:
            if excess <= 0:
                break
            excess -= size
            numbers.append((number,))
        self._connection.executemany("DELETE FROM pictures WHERE rowid = ?", numbers)
        self._size = self._measure()


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)
