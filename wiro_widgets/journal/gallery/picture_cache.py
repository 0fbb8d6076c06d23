"""PictureCache: small pictures of outputs in one file beside the journal, the least recently used given up first."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

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
        try:
            self._connection = _open(None if folder is None else folder / "pictures.sqlite3")
        except (OSError, sqlite3.Error):
            self._connection, folder = _open(None), None
        self._max_bytes = min(max_bytes, MAX_MEMORY_BYTES) if folder is None else max_bytes
        self._size = self._measure()

    def __repr__(self) -> str:
        return f"<PictureCache of {self._size:,} bytes>"

    def get(self, key: str) -> SmallPicture | None:
        """Return the picture, and count it as used now."""
        with self._lock, suppress(sqlite3.Error):
            sql = "SELECT data, mime, width, height, full_width, full_height FROM pictures WHERE key = ?"
            row = self._connection.execute(sql, [key]).fetchone()
            if row is not None:
                self._connection.execute("UPDATE pictures SET used = ? WHERE key = ?", [time.time(), key])
                return SmallPicture(*row)
        return None

    def put(self, key: str, run_id: str, picture: SmallPicture) -> None:
        """Keep a picture of a run under a key."""
        size = len(picture.data)
        extents = (picture.width, picture.height, picture.full_width, picture.full_height)
        values = (key, run_id, picture.data, picture.content_type, *extents, size, time.time())
        with self._lock, suppress(sqlite3.Error):
            self._connection.execute(
                "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            self._size += size
            if self._size > self._max_bytes:
                self._give_up()

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete the pictures of runs."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.executemany(
                "DELETE FROM pictures WHERE run_id = ?", [(item,) for item in run_ids]
            )
            self._size = self._measure()

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        with self._lock:
            self._connection.close()

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


def _open(path: Path | None) -> sqlite3.Connection:
    """Open the cache, made anew if it is damaged. Pictures are private: it is for its owner alone."""
    if path is not None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    for is_last in (False, True):
        connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA secure_delete = ON")
            for statement in _TABLES:
                connection.execute(statement)
        except sqlite3.Error:
            connection.close()
            if is_last or path is None:
                raise
            for suffix in ("-wal", "-shm", ""):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
        else:
            return connection
    raise AssertionError  # the second try returns or raises
