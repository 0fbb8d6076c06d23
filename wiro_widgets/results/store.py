"""Store: the journal's rows in one SQLite database, with its migrations; short transactions, no policy."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from wiro_widgets.protocol.record import TaskRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

Outcome = Literal["submitting", "running", "succeeded", "failed", "cancelled", "unknown", "refused"]
UNSETTLED: Final = ("submitting", "running", "unknown")

APPLICATION_ID: Final = 0x5769726F  # "Wiro", in the file's header
BUSY_SECONDS: Final = 5.0
MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY NOT NULL,
        server TEXT NOT NULL,
        model TEXT NOT NULL,
        parameters TEXT NOT NULL,
        intent_at TEXT NOT NULL,
        outcome TEXT NOT NULL,
        task_id TEXT,
        submitted_at TEXT,
        settled_at TEXT,
        record TEXT,
        paths TEXT NOT NULL DEFAULT '[]',
        error TEXT,
        pid INTEGER,
        host TEXT,
        tags TEXT NOT NULL DEFAULT '[]',
        notes TEXT NOT NULL DEFAULT '',
        star INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX runs_by_time ON runs (intent_at);
    CREATE INDEX runs_by_task ON runs (task_id);
    """,
)


class NewerVersionError(Exception):
    """The database was written by a newer version of this package."""


class ForeignDatabaseError(Exception):
    """The database belongs to another program."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One run as the journal knows it; times in UTC.

    `parameters` has files by name and size. `pid` and `host` say which process began it.
    """

    id: str
    server: str
    model: str
    parameters: dict[str, Any]
    intent_at: datetime
    outcome: Outcome = "submitting"
    task_id: str | None = None
    submitted_at: datetime | None = None
    settled_at: datetime | None = None
    record: TaskRecord | None = None
    paths: tuple[str, ...] = ()
    error: str | None = None
    pid: int | None = None
    host: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""
    star: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows are wanted; None is any. `text` is looked for in the texts of the parameters."""

    server: str | None = None
    task_id: str | None = None
    model: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcomes: Collection[str] | None = None
    text: str | None = None
    id: str | None = None

    def fits(self, row: JournalRow) -> bool:
        """Tell whether the row is wanted."""
        wanted = (self.text or "").casefold()
        return (
            self.id in {None, row.id}
            and self.server in {None, row.server}
            and self.task_id in {None, row.task_id}
            and self.model in {None, row.model}
            and (self.since is None or row.intent_at >= self.since)
            and (self.until is None or row.intent_at <= self.until)
            and (self.outcomes is None or row.outcome in self.outcomes)
            and (not wanted or any(wanted in text.casefold() for text in _texts(row.parameters)))
        )


_COLUMNS: Final = tuple(field.name for field in fields(JournalRow))
_TIMES: Final = ("intent_at", "submitted_at", "settled_at")
_LISTS: Final = ("paths", "tags")
# What a person wrote (tags, notes, star) is never overwritten by a run, and a settled run never unsettled.
_OWNED: Final = tuple(name for name in _COLUMNS if name not in {"id", "intent_at", "tags", "notes", "star"})
_UPSERT: Final = (
    f"INSERT INTO runs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - constants
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _OWNED)} "
    "WHERE runs.settled_at IS NULL OR excluded.settled_at IS NOT NULL"
)
_SELECT: Final = (
    f"SELECT {', '.join(_COLUMNS)} FROM runs "  # noqa: S608 - constants
    "WHERE id IS coalesce(?1, id) AND server IS coalesce(?2, server) AND task_id IS coalesce(?3, task_id) "
    "AND (?4 IS NULL OR outcome IN (SELECT value FROM json_each(?4))) "
    "ORDER BY intent_at DESC, rowid DESC"
)


class Store:
    """An open database. Not for several threads at once; every method may raise `sqlite3.Error`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Prompts are private. SQLite gives its side files the rights of the main one.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self.identity = identity(path)
        self._connection = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def save(self, rows: Collection[JournalRow]) -> None:
        """Insert or update rows in one transaction; they are on disk when this returns."""
        with self._transaction():
            self._connection.executemany(_UPSERT, [_packed(row) for row in rows])

    def select(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that fit, newest first."""
        outcomes = None if query.outcomes is None else json.dumps(list(query.outcomes))
        values = (query.id, query.server, query.task_id, outcomes)
        with closing(self._connection.execute(_SELECT, values)) as found:
            return list(islice(filter(query.fits, map(_unpacked, found)), limit))

    def close(self) -> None:
        """Close the database; the last one to close it folds the write-ahead log into the file."""
        self._connection.close()

    def _prepare(self) -> None:
        run = self._connection.execute
        run("BEGIN")  # one view of the file, while another process may be setting it up
        version = run("PRAGMA user_version").fetchone()[0]
        ours = run("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        used = run("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
        run("COMMIT")
        if used and not ours:
            raise ForeignDatabaseError
        if version > len(MIGRATIONS):
            raise NewerVersionError
        with suppress(sqlite3.OperationalError):  # another process is switching it at this moment
            run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")  # a run costs more than a sync does
        if version < len(MIGRATIONS):
            self._migrate()

    def _migrate(self) -> None:
        with self._transaction():
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            for script in MIGRATIONS[version:]:
                for statement in script.split(";"):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

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


def _texts(parameters: dict[str, Any]) -> list[str]:
    return [value for value in parameters.values() if isinstance(value, str)]


def _stamp(moment: datetime | None) -> str | None:
    """Return a time as text of one length, so that its order is the order of the text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def _packed(row: JournalRow) -> tuple[Any, ...]:
    plain: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    plain |= {name: _stamp(plain[name]) for name in _TIMES}
    plain |= {name: json.dumps(plain[name], ensure_ascii=False) for name in ("parameters", *_LISTS)}
    plain["record"] = json.dumps(row.record.to_dict(), ensure_ascii=False) if row.record else None
    return tuple(plain.values())


def _unpacked(values: Sequence[Any]) -> JournalRow:
    plain = dict(zip(_COLUMNS, values, strict=True))
    plain |= {name: datetime.fromisoformat(plain[name]) for name in _TIMES if plain[name]}
    plain |= {name: tuple(json.loads(plain[name])) for name in _LISTS}
    plain["parameters"] = json.loads(plain["parameters"])
    plain["record"] = TaskRecord.from_dict(json.loads(plain["record"])) if plain["record"] else None
    plain["star"] = bool(plain["star"])
    return JournalRow(**plain)
