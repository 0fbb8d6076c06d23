"""Store: the journal's rows in one SQLite database, with its tables by version; short transactions, no policy."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import threading
import time
import uuid
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from wiro_widgets.journal.row import ROW_COLUMNS, ROW_OUTCOMES, Query, read_rows, stamp, to_plain
from wiro_widgets.media.jsonable import storable

try:
    import fcntl
except ImportError:  # Windows, whose network drives lock files
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from wiro_widgets.journal.row import JournalRow

T = TypeVar("T")

APPLICATION_ID: Final = 0x5769726F  # "Wiro", in the file's header
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
    """
    ALTER TABLE runs ADD COLUMN content TEXT;
    ALTER TABLE runs ADD COLUMN cell INTEGER;
    CREATE INDEX runs_by_content ON runs (content);
    CREATE TABLE events (
        run_id TEXT PRIMARY KEY NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        lines BLOB NOT NULL
    );
    """,
    "ALTER TABLE runs ADD COLUMN born TEXT",
    "ALTER TABLE runs ADD COLUMN reuses INTEGER NOT NULL DEFAULT 0",
)
# What was added without a new version of the tables: an earlier version of this package leaves it alone, and is not
# kept from the journal by it.
ADDED_COLUMNS: Final = {"files": "TEXT NOT NULL DEFAULT '[]'", "parents": "TEXT NOT NULL DEFAULT '[]'"}
ADDED_INDEXES: Final = {
    "runs_with_parents": "(parents) WHERE parents <> '[]'",
    "runs_by_model": "(model, intent_at)",
}
# `changes` numbers the runs in the order of their last change, also of those that were forgotten, whichever version of
# this package made it: what is derived from the runs (the gallery's index) reads only what is new.
ADDED_TABLES: Final = {
    "changes": (
        "CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT UNIQUE NOT NULL)",
        *(
            f"CREATE TRIGGER run_{event.lower()} AFTER {event} ON runs BEGIN "  # noqa: S608 - constants
            f"DELETE FROM changes WHERE run_id = {row}.id; INSERT INTO changes (run_id) VALUES ({row}.id); END"
            for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
        ),
    ),
    "presets": (
        """CREATE TABLE presets (model TEXT NOT NULL, name TEXT NOT NULL, parameters TEXT NOT NULL,
        saved_at TEXT NOT NULL, is_default INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (model, name))""",
    ),
    "picks": (  # which of two runs a person found better, in order
        """CREATE TABLE picks (number INTEGER PRIMARY KEY, better TEXT NOT NULL, worse TEXT NOT NULL,
        is_tie INTEGER NOT NULL, picked_at TEXT NOT NULL)""",
        """CREATE TRIGGER picks_of_run AFTER DELETE ON runs
        BEGIN DELETE FROM picks WHERE better = OLD.id OR worse = OLD.id; END""",
        "CREATE INDEX picks_by_better ON picks (better)",
        "CREATE INDEX picks_by_worse ON picks (worse)",
    ),
}
BUSY_SECONDS: Final = 5.0
_MAX_NEEDLE: Final = 1_000  # characters of a text that SQLite looks for; LIKE takes no long ones
_FILLING_SECONDS: Final = 1.0  # for which an empty file may be one that another process fills
_drives_with_locks: set[int] = set()
# Until a file that was just made is closed, no other thread may have locks on it.
_making_file = threading.Lock()
ANNOTATIONS: Final = ("star", "tags", "notes")
# A run never overwrites what a person wrote or what is counted, and a settled run is never unsettled.
_OVERWRITABLE: Final = tuple(
    name for name in ROW_COLUMNS if name not in {"id", "intent_at", "reuses", *ANNOTATIONS}
)
_UPSERT: Final = (
    f"INSERT INTO runs ({', '.join(ROW_COLUMNS)}) VALUES ({', '.join('?' * len(ROW_COLUMNS))}) "  # noqa: S608 - constants
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _OVERWRITABLE)} "
    "WHERE runs.settled_at IS NULL OR excluded.settled_at IS NOT NULL"
)
_UNREADABLE_KEYS: Final = (
    "SELECT id FROM runs WHERE typeof(server) <> 'text' OR typeof(content) NOT IN ('text', 'null') "  # noqa: S608 - constants
    "OR typeof(cell) NOT IN ('integer', 'null') OR typeof(task_id) NOT IN ('text', 'null') "
    f"OR outcome NOT IN ({', '.join('?' * len(ROW_OUTCOMES))}) LIMIT 1"
)
# Only the conditions of a query stand in its SQL, so that SQLite finds the index that helps.
_CONDITIONS: Final = {
    "id": "id = :id",
    "ids": "id IN (SELECT value FROM json_each(:ids))",
    "server": "server = :server",
    "task_id": "task_id = :task_id",
    "model": "model = :model",
    "models": "+model IN (SELECT value FROM json_each(:models))",  # an index would leave the newest to be sorted out
    "since": "intent_at >= :since",
    "until": "intent_at <= :until",
    "outcomes": "outcome IN (SELECT value FROM json_each(:outcomes))",
    "parent": ("parents <> '[]' AND EXISTS (SELECT 1 FROM json_each(runs.parents) WHERE value = :parent)"),
    "contents": "content IN (SELECT value FROM json_each(:contents))",
    # Of texts and annotations SQLite looks for what may match, so that few rows are read; `Query.matches` decides.
    # LIKE knows no case but that of ASCII, and what JSON writes as \\u may be any character.
    "text": (
        "(parameters LIKE :text ESCAPE '!' OR parameters LIKE '%\\u%' OR "
        "(length(parameters) < length(CAST(parameters AS BLOB)) "
        "AND instr(casefold(CAST(parameters AS BLOB)), :needle)))"
    ),
    "star": "(coalesce(star, 0) <> 0) = CAST(:star AS INTEGER)",
    "tagged": "tags <> '[]'",
    "noted": "notes <> ''",
    "typed": "(content IS NULL OR content NOT LIKE 'untyped-%') = CAST(:typed AS INTEGER)",
    "open": (
        "(outcome IN ('submitting', 'running', 'unknown') OR (outcome = 'succeeded' AND settled_at IS NULL))"
    ),
}


class NewerVersionError(Exception):
    """The database was written by a newer version of this package."""


class ForeignDatabaseError(Exception):
    """The database belongs to another program."""


class EmptiedDatabaseError(Exception):
    """The database was there and has nothing in it any more: no byte, or only its log is left."""


class NoLocksError(Exception):
    """The drive cannot lock files, so that SQLite cannot share one between processes."""


class Store:
    """An open database. Not for several threads at once; every method may raise `sqlite3.Error`.

    `journal_id` is the same for a journal and its copies. `has_rows` is True once the database is known to have some.
    With `has_log` changes go through a write-ahead log, whose index is memory that the processes share; without it,
    through a rollback journal, which works on drives that have no such memory and keeps readers and writers apart.
    `busy_seconds` is how long a statement waits for another process's lock.
    """

    def __init__(self, path: Path, *, has_log: bool = True, busy_seconds: float | None = None) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_locks(path.resolve())
        _make_file(path.resolve())
        _check_access(path)
        self.damaged_ids: set[str] = set()  # rows that were read and were not whole
        self.unreadable_ids: set[str] = set()  # those of them of which nothing could be read
        self._connection = sqlite3.connect(
            path,
            timeout=BUSY_SECONDS if busy_seconds is None else busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.text_factory = lambda text: text.decode("utf-8", "replace")
        self._connection.create_function("casefold", 1, _casefold, deterministic=True)
        try:
            self._prepare(has_log=has_log)
            run = self._connection.execute
            self.journal_id = str(run("SELECT id FROM journal_identity").fetchone()[0])
            self.has_rows = run("SELECT 1 FROM runs LIMIT 1").fetchone() is not None
        except BaseException:
            self._connection.close()
            raise
        self.identity = identity(path)

    def save(self, rows: Collection[JournalRow], logs: Mapping[str, bytes]) -> None:
        """Insert or update rows, and event logs by run, in one transaction; they are on disk when this returns."""
        if not rows and not logs:
            return
        with self._transaction():
            self._connection.executemany(_UPSERT, [tuple(to_plain(row).values()) for row in rows])
            self._connection.executemany("INSERT OR REPLACE INTO events VALUES (?, ?)", logs.items())
        self.has_rows |= bool(rows)

    def insert_unless(self, row: JournalRow, query: Query, obstacle_in: Callable[[list[JournalRow]], T]) -> T:
        """Insert a row if `obstacle_in` gives None for the rows of a query, in one transaction; return what it gave."""
        with self._transaction():
            obstacle = obstacle_in(self.select(query))
            if obstacle is None:
                self._connection.execute(_UPSERT, tuple(to_plain(row).values()))
                self.has_rows = True
        return obstacle

    def update(self, run_id: str, change: Callable[[JournalRow | None], JournalRow]) -> JournalRow:
        """Replace a row by what the function makes of it, in one transaction; what it raises changes nothing."""
        with self._transaction():
            row = change(next(iter(self.select(Query(id=run_id))), None))
            self._connection.execute(_UPSERT, tuple(to_plain(row).values()))
        return row

    def damage(self) -> str | None:
        """Return what is wrong with the table of runs, its indexes, and what runs are looked up by; None if nothing is.

        Reads all of it.
        """
        with closing(self._connection.execute("PRAGMA integrity_check(runs)")) as cursor:
            text = " ".join(str(cursor.fetchone()[0]).split())
        if text != "ok":
            return text.removeprefix("*** in database main *** ")[:200]
        with closing(self._connection.execute(_UNREADABLE_KEYS, ROW_OUTCOMES)) as cursor:
            row = cursor.fetchone()
        return None if row is None else f"beginning with the run {row[0]}"

    def select(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that match, newest first; of damaged ones what can be read."""
        # Without a limit all rows are looked through: one after the other, which is faster than along an index.
        order = "+intent_at" if query.text and limit is None else "intent_at"
        with self._select(", ".join(ROW_COLUMNS), query, order) as cursor:
            return list(islice(filter(query.matches, self._rows(cursor)), limit))

    def select_cells(self, expressions: str, query: Query) -> list[tuple[Any, ...]] | None:
        """Return SQL expressions over the rows that match, newest first; None if SQLite cannot read a value.

        `Query.text`, `parameters` and annotations are looked at in part or not at all.
        """
        factory, self._connection.text_factory = self._connection.text_factory, str
        try:
            with self._select(expressions, query) as cursor:
                return cursor.fetchall()
        except sqlite3.OperationalError:  # not JSON, or not UTF-8
            return None
        finally:
            self._connection.text_factory = factory

    def fetch(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT gives."""
        with closing(self._connection.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def execute(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Do one statement in a transaction of its own and return its rows; it is on disk when this returns."""
        with self._transaction():
            return self.fetch(sql, values)

    def count(self, query: Query) -> int:
        """Return how many rows match; of `Query.text`, `parameters` and annotations it looks at a part at most."""
        where, values = _conditions(query)
        with closing(self._connection.execute(f"SELECT count(*) FROM runs WHERE {where}", values)) as cursor:  # noqa: S608 - constants
            return int(cursor.fetchone()[0])

    def annotate(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what a person says of runs, by their ids: `star`, `tags` (a list), `notes`; in one transaction."""
        with self._transaction():
            for run_id, annotations in changes.items():
                values = {name: _annotation(value) for name, value in annotations.items()}
                columns = ", ".join(f"{name} = :{name}" for name in ANNOTATIONS if name in annotations)
                self._connection.execute(
                    f"UPDATE runs SET {columns} WHERE id = :id",  # noqa: S608 - names from ANNOTATIONS
                    {**values, "id": run_id},
                )

    def count_reuse(self, run_id: str) -> None:
        """Count one more run that this one's result has answered."""
        with self._transaction():
            self._connection.execute("UPDATE runs SET reuses = reuses + 1 WHERE id = ?", (run_id,))

    def events(self, run_id: str) -> bytes | None:
        """Return the event log of a run; None if it has none."""
        sql = "SELECT lines FROM events WHERE run_id = ?"
        with closing(self._connection.execute(sql, (run_id,))) as cursor:
            row = cursor.fetchone()
        return row[0] if row else None

    def delete(self, run_ids: Collection[str]) -> None:
        """Delete runs and their event logs; what the file had of them is overwritten."""
        keys = [(run_id,) for run_id in run_ids]
        with self._transaction():
            self._connection.executemany("DELETE FROM events WHERE run_id = ?", keys)
            self._connection.executemany("DELETE FROM runs WHERE id = ?", keys)

    def wait_for_locks(self) -> None:
        """Wait for locks as long as it is usual."""
        self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Close the database; the last connection to close moves the write-ahead log into the file."""
        self._connection.close()

    def _select(self, expressions: str, query: Query, order: str = "intent_at") -> closing[sqlite3.Cursor]:
        where, values = _conditions(query)
        sql = f"SELECT {expressions} FROM runs WHERE {where} ORDER BY {order} DESC, rowid DESC"  # noqa: S608 - constants
        return closing(self._connection.execute(sql, values))

    def _rows(self, cursor: Iterable[Sequence[Any]]) -> Iterator[JournalRow]:
        items = (dict(zip(ROW_COLUMNS, cells, strict=True)) for cells in cursor)
        return read_rows(items, self.damaged_ids, self.unreadable_ids)

    def _prepare(self, *, has_log: bool) -> None:
        run = self._connection.execute
        if not has_log:
            run("PRAGMA locking_mode = EXCLUSIVE")  # with it SQLite reads a log without shared memory
            run("PRAGMA journal_mode = TRUNCATE")
            run("PRAGMA locking_mode = NORMAL")
        run("BEGIN")  # one view of the file, while another process may be setting it up
        is_outdated = self._version() < len(MIGRATIONS) or bool(
            self._missing_columns() or self._missing_tables() or self._missing_indexes()
        )
        run("COMMIT")
        if has_log:
            try:
                run("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise  # otherwise another process is switching it at this moment
            run("PRAGMA wal_autocheckpoint = 1")  # the file alone has all runs, should its log be lost
        run("PRAGMA synchronous = FULL")  # a run costs more than a sync does
        run("PRAGMA secure_delete = ON")  # a forgotten run is gone from the file as well
        if is_outdated:
            with self._transaction():
                self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        """Add what an earlier version did not have."""
        run = self._connection.execute
        statements = [item for script in MIGRATIONS[self._version() :] for item in script.split(";")]
        for statement in statements:
            run(statement)
        for name in self._missing_columns():
            run(f"ALTER TABLE runs ADD COLUMN {name} {ADDED_COLUMNS[name]}")
        for name in self._missing_indexes():
            run(f"CREATE INDEX {name} ON runs {ADDED_INDEXES[name]}")
        for statement in [item for name in self._missing_tables() for item in ADDED_TABLES[name]]:
            run(statement)
        run("CREATE TABLE IF NOT EXISTS journal_identity (id TEXT PRIMARY KEY NOT NULL)")
        run(
            "INSERT INTO journal_identity SELECT ? WHERE NOT EXISTS (SELECT * FROM journal_identity)",
            (str(uuid.uuid4()),),
        )
        run(f"PRAGMA application_id = {APPLICATION_ID}")
        run(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self) -> int:
        """Return the version of the tables; raises NewerVersionError or ForeignDatabaseError."""
        run = self._connection.execute
        version = int(run("PRAGMA user_version").fetchone()[0])
        is_ours = run("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        is_empty = run("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
        if not is_ours and not is_empty:
            raise ForeignDatabaseError
        if version > len(MIGRATIONS):
            raise NewerVersionError
        return version

    def _missing_columns(self) -> list[str]:
        columns = {row[1] for row in self._connection.execute("PRAGMA table_info(runs)")}
        return [name for name in ADDED_COLUMNS if name not in columns]

    def _missing_tables(self) -> list[str]:
        rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return [name for name in ADDED_TABLES if (name,) not in rows]

    def _missing_indexes(self) -> list[str]:
        rows = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
        return [name for name in ADDED_INDEXES if (name,) not in rows]

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


def tables_in_memory() -> sqlite3.Connection:
    """Return the tables of presets and picks for a journal without a file."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for statement in (*ADDED_TABLES["presets"], ADDED_TABLES["picks"][0]):
        connection.execute(statement)
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells this file from another that has since taken its name; None if there is none, or it is empty."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_size else None


def _casefold(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "replace").casefold()


def _annotation(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return value if isinstance(value, bool) else storable(json.dumps(value, ensure_ascii=False))


def _make_file(path: Path) -> None:
    """Make the database, for its owner alone, if there is none; raises EmptiedDatabaseError if it lost its content.

    It gets its name once it has its tables, so that an empty file is one that was emptied. Prompts are private, and
    SQLite gives its side files the permissions of the main one.
    """
    while (status := _status(path)) is not None:
        if status.st_size:
            return
        if time.time() - status.st_mtime > _FILLING_SECONDS:
            raise EmptiedDatabaseError
        time.sleep(0.05)  # without hard links another process may be filling it
    for suffix in ("-wal", "-journal"):
        if (status := _status(Path(f"{path}{suffix}"))) is not None and status.st_size:
            raise EmptiedDatabaseError  # a new file would take over what is left of the old one
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        _fill(temporary)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process was faster
        except OSError:  # a file system without hard links
            with suppress(FileExistsError):
                _fill(path)
    finally:
        temporary.unlink(missing_ok=True)


def check_locks(path: Path, *, again: bool = False) -> None:
    """Raise NoLocksError if files beside this one cannot be locked; tried once for each drive, or `again`.

    SQLite takes the refusal of a network drive (ENOLCK) for another process's lock, and waits for it at each statement.
    """
    drive = path.parent.stat().st_dev
    if fcntl is None or (drive in _drives_with_locks and not again):
        return
    probe = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return  # what is wrong with the folder is found out by those who use it
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise NoLocksError(exc.strerror) from exc
    finally:
        os.close(descriptor)
        probe.unlink(missing_ok=True)
    _drives_with_locks.add(drive)


def _fill(path: Path) -> None:
    """Make a file with the tables.

    SQLite alone opens a file that exists: closing any descriptor of a file drops all locks that the process has on it
    (POSIX), those of its other connections too, and then another process removes the log that they write to.
    """
    with _making_file:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            pragmas = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {len(MIGRATIONS)}"
            connection.executescript(f"BEGIN; {'; '.join(MIGRATIONS)}; {pragmas}; COMMIT")


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _check_access(path: Path) -> None:
    """Raise PermissionError for a file that is not ours to write."""
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _conditions(query: Query) -> tuple[str, dict[str, str]]:
    """Return the part of a query that SQLite can look for, and the values for it."""
    models = query.models
    [model] = models if models is not None and len(models) == 1 else [None]
    several = {
        "ids": query.ids,
        "models": None if model is not None else models,
        "outcomes": query.outcomes,
        "contents": query.contents,
    }
    needle = json.dumps((query.text or "").casefold(), ensure_ascii=False)[1:-1][:_MAX_NEEDLE]
    pattern = re.sub("[!%_]", r"!\g<0>", needle)
    values = {
        "text": f"%{pattern}%" if needle else None,  # first: few rows come further
        "id": query.id,
        "server": query.server,
        "task_id": query.task_id,
        "since": stamp(query.since),
        "until": stamp(query.until),
        "typed": None if query.is_typed is None else str(int(query.is_typed)),
        "open": "open" if query.is_open else None,
        "parent": query.parent,
        "model": model,
        "star": None if query.star is None else str(int(query.star)),
        "tagged": "tagged" if query.tags else None,
        "noted": "noted" if query.note else None,
        **{name: None if items is None else json.dumps(list(items)) for name, items in several.items()},
    }
    conditions = {name: value for name, value in values.items() if value is not None}
    where = " AND ".join(_CONDITIONS[name] for name in conditions) or "TRUE"
    return where, {**conditions, "needle": needle}
