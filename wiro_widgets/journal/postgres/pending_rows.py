"""PendingRows: the runs that a team's server has not got yet, on the disk of this machine until it has them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wiro_widgets.journal.row import JournalRow, from_plain, to_plain

_TABLE: Final = """CREATE TABLE IF NOT EXISTS pending (
    run_id TEXT PRIMARY KEY NOT NULL, row TEXT, session INTEGER, events BLOB
)"""


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A run as this machine knows it, the session of the process that wrote it down, and its event log.

    Without a `row` the server has the run, and lacks the log.
    """

    run_id: str
    row: JournalRow | None
    session: int | None
    events: bytes | None
    text: str | None  # the row as it stands in the file


class PendingRows:
    """A SQLite file that the processes of this machine share, opened for each use; every method may raise its errors.

    There is no file before there is something to keep.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"<PendingRows {self.path}>"

    def keep(self, rows: Collection[JournalRow], session: int) -> None:
        """Write rows down; they are on the disk when this returns."""
        values = [(row.id, json.dumps(to_plain(row)), session if row.pid else None) for row in rows]
        with self._open() as connection:
            connection.executemany(
                "INSERT INTO pending (run_id, row, session) VALUES (?, ?, ?) "
                "ON CONFLICT (run_id) DO UPDATE SET row = excluded.row, session = excluded.session",
                values,
            )

    def keep_events(self, logs: Mapping[str, bytes]) -> None:
        """Write event logs down."""
        with self._open() as connection:
            connection.executemany(
                "INSERT INTO pending (run_id, events) VALUES (?, ?) "
                "ON CONFLICT (run_id) DO UPDATE SET events = excluded.events",
                logs.items(),
            )

    def read(self) -> list[PendingRow]:
        """Return all that is kept; a row that cannot be read is left where it is."""
        if not self.path.exists():
            return []
        with self._open() as connection:
            cells = connection.execute("SELECT run_id, row, session, events FROM pending").fetchall()
        items = []
        for run_id, text, session, events in cells:
            with suppress(ValueError, TypeError):
                row = None if text is None else from_plain(json.loads(text))
                items.append(PendingRow(run_id, row, session, events, text))
        return items

    def remove(self, items: Sequence[PendingRow]) -> None:
        """Remove what the server has by now, unless it was written anew meanwhile."""
        with self._open() as connection:
            connection.executemany(
                "DELETE FROM pending WHERE run_id = ? AND row IS ? AND events IS ?",
                [(item.run_id, item.text, item.events) for item in items],
            )

    def forget(self, run_ids: Collection[str]) -> None:
        """Remove runs, whatever is known of them."""
        if self.path.exists():
            with self._open() as connection:
                connection.executemany(
                    "DELETE FROM pending WHERE run_id = ?", [(run_id,) for run_id in run_ids]
                )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file, for its owner alone, since prompts are private, and do something in one transaction."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(self.path, timeout=10.0, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            yield connection
            connection.execute("COMMIT")
