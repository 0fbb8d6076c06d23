"""Store: the journal's rows in one SQLite database; short transactions, no policy."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.journal import columns, migrations
from wiro_widgets.journal.row import COLUMNS, UNREADABLE, packed, salvaged, several, stamp, unpacked
from wiro_widgets.media.jsonable import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from wiro_widgets.journal.row import JournalRow, Query

BUSY_SECONDS: Final = 5.0
_making: Final = threading.Lock()  # until the file just made is closed, no other thread may have locks on it
ANNOTATIONS: Final = ("star", "tags", "notes")
# What a person wrote, and what is counted, is never overwritten by a run, and a settled run never unsettled.
_OWNED: Final = tuple(name for name in COLUMNS if name not in {"id", "intent_at", "reuses", *ANNOTATIONS})
_UPSERT: Final = (
    f"INSERT INTO runs ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) "  # noqa: S608 - constants
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _OWNED)} "
    "WHERE runs.settled_at IS NULL OR excluded.settled_at IS NOT NULL"
)
# Only what is asked for is looked at, so that SQLite finds the index that helps.
_CONDITIONS: Final = {
    "id": "id = :id",
    "server": "server = :server",
    "task_id": "task_id = :task_id",
    "model": "model IN (SELECT value FROM json_each(:model))",
    "since": "intent_at >= :since",
    "until": "intent_at <= :until",
    "outcomes": "outcome IN (SELECT value FROM json_each(:outcomes))",
    "contents": "content IN (SELECT value FROM json_each(:contents))",
}


class Store:
    """An open database. Not for several threads at once; every method may raise `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(path)
        self.identity = identity(path)
        self.damaged: set[str] = set()  # rows that were read and were not whole
        self._connection = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def save(self, rows: Collection[JournalRow]) -> None:
        """Insert or update rows in one transaction; they are on disk when this returns."""
        with self._transaction():
            self._connection.executemany(_UPSERT, [packed(row) for row in rows])

    def insert_unless(
        self, row: JournalRow, query: Query, stands: Callable[[JournalRow], bool]
    ) -> JournalRow:
        """Insert a row unless one of those asked for stands in its way, in one transaction; return the one there is."""
        with self._transaction():
            other = next(filter(stands, self.select(query)), None)
            if other is None:
                self._connection.execute(_UPSERT, packed(row))
        return other or row

    def select(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that fit, newest first."""
        where, values = _conditions(query)
        sql = f"SELECT {', '.join(COLUMNS)} FROM runs WHERE {where} ORDER BY intent_at DESC, rowid DESC"  # noqa: S608 - constants
        with closing(self._connection.execute(sql, values)) as found:
            return list(islice(filter(query.fits, self._read(found)), limit))

    def columns(self, query: Query) -> dict[str, list[Any]] | None:
        """Return the columns of the rows that fit, newest first, as far as SQLite can tell which do (see `columns`).

        None where a row is damaged: then `select` is to be asked.
        """
        where, values = _conditions(query)
        order = f"FROM runs WHERE {where} ORDER BY intent_at DESC, rowid DESC"
        before, self._connection.text_factory = self._connection.text_factory, str
        try:
            with closing(self._connection.execute(f"SELECT {columns.SELECTED} {order}", values)) as found:
                return columns.checked(found.fetchall())
        except (columns.UnsoundError, sqlite3.OperationalError):  # not as it should be, not JSON, not UTF-8
            return None
        finally:
            self._connection.text_factory = before

    def count(self, query: Query) -> int:
        """Return how many rows fit, as far as SQLite can tell: texts, parameters and annotations are not looked at."""
        where, values = _conditions(query)
        with closing(self._connection.execute(f"SELECT count(*) FROM runs WHERE {where}", values)) as found:  # noqa: S608 - constants
            return int(found.fetchone()[0])

    def annotate(self, run_id: str, told: Mapping[str, Any]) -> None:
        """Write what a person has to say of a run: `star`, `tags` (a list), `notes`."""
        values = {name: _annotation(value) for name, value in told.items()}
        columns = ", ".join(f"{name} = :{name}" for name in ANNOTATIONS if name in told)
        with self._transaction():
            self._connection.execute(
                f"UPDATE runs SET {columns} WHERE id = :id",  # noqa: S608 - names from ANNOTATIONS
                {**values, "id": run_id},
            )

    def count_reuse(self, run_id: str) -> None:
        """Count one more run that this one's result has answered."""
        with self._transaction():
            self._connection.execute("UPDATE runs SET reuses = reuses + 1 WHERE id = ?", (run_id,))

    def save_events(self, run_id: str, lines: bytes) -> None:
        """Keep the event log of a run."""
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO events VALUES (?, ?)", (run_id, lines))

    def events(self, run_id: str) -> bytes | None:
        """Return the event log of a run."""
        with closing(
            self._connection.execute("SELECT lines FROM events WHERE run_id = ?", (run_id,))
        ) as found:
            row = found.fetchone()
        return row[0] if row else None

    def delete(self, run_id: str) -> None:
        """Delete a run and its event log; what the file held of them is overwritten."""
        with self._transaction():
            self._connection.execute("DELETE FROM events WHERE run_id = ?", (run_id,))
            self._connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def close(self) -> None:
        """Close the database; the last one to close it folds the write-ahead log into the file."""
        self._connection.close()

    def _read(self, found: Iterable[Sequence[Any]]) -> Iterator[JournalRow]:
        """Yield rows, of damaged ones what can be read."""
        for values in found:
            try:
                yield unpacked(values)
            except UNREADABLE:
                self.damaged.add(str(values[0]))
                row = salvaged(values)
                if row is not None:
                    yield row

    def _prepare(self) -> None:
        run = self._connection.execute
        run("BEGIN")  # one view of the file, while another process may be setting it up
        is_old = migrations.wanted(self._connection)
        run("COMMIT")
        with suppress(sqlite3.OperationalError):  # another process is switching it at this moment
            run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")  # a run costs more than a sync does
        run("PRAGMA secure_delete = ON")  # what is forgotten is gone from the file as well
        if is_old:
            with self._transaction():
                migrations.migrate(self._connection)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")  # a read that turns into a write cannot wait for its turn
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells this file from another that has since taken its name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _annotation(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return value if isinstance(value, bool) else storable(json.dumps(value, ensure_ascii=False))


def _make_private(path: Path) -> None:
    """Make the file where there is none, for its owner alone; raises PermissionError for one that is not ours to write.

    Prompts are private, and SQLite gives its side files the rights of the main one. A file that is there is opened by
    SQLite alone: to close any descriptor of a file takes all locks away that a process has on it (POSIX), those of its
    other connections too, and then another process removes the log that they write to.
    """
    with _making, suppress(FileExistsError):
        os.close(os.open(path.resolve(), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _conditions(query: Query) -> tuple[str, dict[str, str]]:
    """Return what SQLite can look for of a query, and the values for it."""
    asked = {
        "id": query.id,
        "server": query.server,
        "task_id": query.task_id,
        "model": None if query.model is None else json.dumps(list(several(query.model))),
        "since": stamp(query.since),
        "until": stamp(query.until),
        "outcomes": None if query.outcomes is None else json.dumps(list(query.outcomes)),
        "contents": None if query.contents is None else json.dumps(list(query.contents)),
    }
    values = {name: value for name, value in asked.items() if value is not None}
    return " AND ".join(_CONDITIONS[name] for name in values) or "TRUE", values
