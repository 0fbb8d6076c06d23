"""ServerStore: the journal's rows in a PostgreSQL database; short transactions, no policy. Loads psycopg."""

from __future__ import annotations

import json
import os
import platform
import random
import re
import time
import uuid
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import TupleRow, dict_row

from wiro_widgets.journal.database import NewerVersionError
from wiro_widgets.journal.postgres.pending_rows import PendingRow
from wiro_widgets.journal.postgres.server_address import ServerAddress
from wiro_widgets.journal.postgres.server_tables import (
    CHANGE_LOCK,
    CONDITIONS,
    CONTENT_LOCKS,
    LOCKS,
    PROGRESS,
    SCHEMA,
    SETUP_LOCK,
    TABLES,
    VERSION,
)
from wiro_widgets.journal.process import is_abandoned
from wiro_widgets.journal.row import ROW_COLUMNS, JournalRow, Query, read_rows, stamp, to_plain
from wiro_widgets.media.jsonable import json_text, storable

T = TypeVar("T")

CONNECT_SECONDS: Final = 5
SILENCE_SECONDS: Final = 20.0  # after which a server that is asked and says nothing is given up
LOCK_SECONDS: Final = 10  # for which a statement waits for another client's lock
GRACE_SECONDS: Final = 60  # after the server's start, in which clients that it had before may not be back yet
_CHUNK: Final = 500  # rows that are fetched at once where the rest may not be needed
_SESSION_SETTINGS: Final = f"""
SET search_path = {SCHEMA};
SET client_encoding = 'UTF8';
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
SET statement_timeout = 0;
SET lock_timeout = '{LOCK_SECONDS}s';
SET idle_in_transaction_session_timeout = '5min';
SET tcp_keepalives_idle = 20;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 4;
"""
_COLUMNS: Final = (
    *(name for name in ROW_COLUMNS if name not in {"paths", "files"}),
    "copies",
    "session",
)
_OVERWRITABLE: Final = tuple(
    name
    for name in _COLUMNS
    if name not in {"id", "intent_at", "reuses", "star", "tags", "notes", "copies", "session"}
)
_INSERT: Final = (
    f"INSERT INTO runs ({', '.join(_COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in _COLUMNS)}) "  # noqa: S608 - constants
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _OVERWRITABLE)}, "
    "copies = runs.copies || excluded.copies WHERE "
)
# A run never overwrites what a person wrote or what is counted, and a settled run is never unsettled, unless a task
# turns up of one that was said to have none.
_UPSERT: Final = (
    f"{_INSERT} runs.settled_at IS NULL OR excluded.settled_at IS NOT NULL "
    "OR (runs.task_id IS NULL AND excluded.task_id IS NOT NULL)"
)
_MERGE: Final = f"{_INSERT} {PROGRESS.format('excluded')} > {PROGRESS.format('runs')}"
_SAVE_EVENTS: Final = (
    "INSERT INTO events VALUES (%s, %s) ON CONFLICT (run_id) DO UPDATE SET lines = excluded.lines"
)
# A process that began a run attends it while its session is here: the session holds a lock that the server releases
# when the connection ends. A server that was just started gives its clients time to come back.
_IS_CONNECTED: Final = f"""settled_at IS NULL AND session <> %(own_session)s AND (
    session IN (
        SELECT objid::bigint FROM pg_locks
        WHERE locktype = 'advisory' AND classid::bigint = {LOCKS} AND objsubid = 2 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) OR (
        begun_at < pg_postmaster_start_time()
        AND now() < pg_postmaster_start_time() + %(grace)s * interval '1 second'
    )
) AS is_connected"""  # noqa: S608 - constants
_SELECT: Final = f"SELECT {', '.join((*_COLUMNS, _IS_CONNECTED))} FROM runs WHERE"  # noqa: S608 - constants
_NEWEST_FIRST: Final = "ORDER BY intent_at DESC, rowid DESC"

_sessions: dict[int, int] = {}  # by process id, since a child of a fork is another process


class WrongEncodingError(Exception):
    """The database cannot hold every text."""


class SilentServerError(psycopg.OperationalError):
    """The server takes what is sent to it and answers nothing."""


def own_session() -> int:
    """Return the number under which the server knows this process, whichever of its clients is connected."""
    pid = os.getpid()
    if pid not in _sessions:
        _sessions[pid] = random.SystemRandom().randrange(CHANGE_LOCK + 1, 2**31)
    return _sessions[pid]


class _Connection(psycopg.Connection[TupleRow]):
    """A connection that gives a silent server up: the system of a frozen one goes on to acknowledge bytes."""

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        try:
            return super().wait(_with_patience(gen), *args, **options)
        except SilentServerError:
            self.close()  # or the end of the transaction would wait for the same server once more
            raise


def _connect(address: ServerAddress) -> _Connection:
    """Return a connection; what it raises has no frames, whose variables have the password."""
    try:
        return _Connection.connect(
            address.reveal(),
            autocommit=True,
            prepare_threshold=None,  # a pool between us and the server may not know what was prepared
            **_defaults(address),
        )
    except BaseException as exc:  # noqa: BLE001 - also the user's interrupt
        error = exc.with_traceback(None)
        error.__cause__ = error.__context__ = None
    raise error


class ServerStore:
    """An open database. Not for several threads at once; every method may raise `psycopg.Error`.

    `journal_id` is the same for a journal and its copies. `is_committing` is True if the last transaction was cut off
    when it was to take effect, so that it may have.
    """

    def __init__(self, address: ServerAddress) -> None:
        self.unreadable_ids: set[str] = set()
        self.damaged_ids: set[str] = set()
        self.is_committing = False
        self._connection = _connect(address)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @property
    def is_usable(self) -> bool:
        """True while the connection stands."""
        return not (self._connection.closed or self._connection.broken)

    def save(self, rows: Collection[JournalRow], logs: Mapping[str, bytes]) -> None:
        """Insert or update rows, and event logs by run, in one transaction; they are on the server's disk then."""
        if rows or logs:
            with self._transaction(), self._connection.cursor() as cursor:
                cursor.executemany(_UPSERT, [_values(row, own_session()) for row in rows])
                cursor.executemany(_SAVE_EVENTS, [(_text(run_id), lines) for run_id, lines in logs.items()])

    def insert_unless(self, row: JournalRow, query: Query, obstacle_in: Callable[[list[JournalRow]], T]) -> T:
        """Insert a row if `obstacle_in` gives None for the rows of a query, in one transaction; return what it gave.

        Of the clients that claim one content, one at a time looks and inserts. With the row, those rows end that waited
        to be sent again and whose processes are gone: should one of these come back, it finds that it must not send.
        """
        with self._transaction():
            run = self._connection.execute
            run("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (CONTENT_LOCKS, row.content or row.id))
            rows = [other for other in self._select(query, "FOR UPDATE") if other.id != row.id]
            obstacle = obstacle_in(rows)
            if obstacle is None:
                for other in filter(is_abandoned, rows):
                    run(_UPSERT, _values(_refused(other), own_session()))
                run(_UPSERT, _values(row, own_session()))
        return obstacle

    def update(self, run_id: str, change: Callable[[JournalRow | None], JournalRow]) -> JournalRow:
        """Replace a row by what the function makes of it, in one transaction; what it raises changes nothing."""
        with self._transaction():
            row = change(next(iter(self._select(Query(id=run_id), "FOR UPDATE")), None))
            self._connection.execute(_UPSERT, _values(row, own_session()))
        return row

    def merge(self, items: Iterable[PendingRow]) -> list[PendingRow]:
        """Take in what a machine wrote down while the server was away; return what the server has by now.

        What the server refuses is left out, and the rest goes on. A run that was deleted meanwhile is not taken in.
        """
        present = []
        for item in items:
            try:
                with self._connection.transaction():
                    if not self._is_deleted(item.run_id):
                        if item.row is not None:
                            self._connection.execute(_MERGE, _values(item.row, item.session))
                        if item.events is not None:
                            self._connection.execute(_SAVE_EVENTS, (_text(item.run_id), item.events))
            except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded):
                continue
            present.append(item)
        return present

    def damage(self) -> str | None:
        """Return None: PostgreSQL says itself when it cannot read a table."""
        return None

    def last_change(self) -> int:
        """Return the number of the last change, which never becomes less while the server loses nothing."""
        [(number,)] = self.fetch("SELECT coalesce(max(number), 0) FROM changes", {})
        return int(number)

    def select(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that match, newest first; of damaged ones what can be read."""
        is_small = any((query.id, query.ids, query.task_id, query.contents, query.is_open, query.parent))
        if is_small or (limit is not None and _is_exact(query)):
            rows = self._select(query, "" if limit is None or not _is_exact(query) else f"LIMIT {limit:d}")
            return rows[:limit]
        where, values = _conditions(query)
        with self._connection.transaction(), self._connection.cursor("rows", row_factory=dict_row) as cursor:
            cursor.itersize = _CHUNK if limit is None else min(_CHUNK, 4 * limit + 20)
            cursor.execute(f"{_SELECT} {where} {_NEWEST_FIRST}", values)
            return list(islice(filter(query.matches, self._rows(cursor)), limit))

    def select_cells(self, expressions: str, query: Query) -> None:  # noqa: ARG002 - the expressions are SQLite's
        """Return None: what has to be calculated from the rows is calculated here."""
        return

    def count(self, query: Query) -> int:
        """Return how many rows match; `Query.text`, `parameters` and annotations are not looked at."""
        where, values = _conditions(query)
        [(number,)] = self._connection.execute(f"SELECT count(*) FROM runs WHERE {where}", values).fetchall()  # noqa: S608 - constants
        return int(number)

    def fetch(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT gives, in the SQL that SQLite has as well: `:name` stands for a value."""
        sql = re.sub(r":(\w+)", r"%(\1)s", sql.replace("%", "%%"))
        texts = {name: _text(value) if isinstance(value, str) else value for name, value in values.items()}
        cursor = self._connection.execute(sql, texts)
        return cursor.fetchall() if cursor.description else []

    def execute(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Do one statement in a transaction of its own and return its rows, as `fetch` does."""
        with self._transaction():
            return self.fetch(sql, values)

    def annotate(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what a person says of runs, by their ids: `star`, `tags` (a list), `notes`; in one transaction."""
        with self._transaction():
            for run_id in sorted(changes):
                values = {name: _annotation(name, value) for name, value in changes[run_id].items()}
                columns = ", ".join(
                    f"{name} = %({name})s" for name in ("star", "tags", "notes") if name in values
                )
                self._connection.execute(
                    f"UPDATE runs SET {columns} WHERE id = %(id)s",  # noqa: S608 - constants
                    {**values, "id": _text(run_id)},
                )

    def count_reuse(self, run_id: str) -> None:
        """Count one more run that this one's result has answered."""
        self._connection.execute("UPDATE runs SET reuses = reuses + 1 WHERE id = %s", (_text(run_id),))

    def events(self, run_id: str) -> bytes | None:
        """Return the event log of a run; None if it has none."""
        row = self._connection.execute(
            "SELECT lines FROM events WHERE run_id = %s", (_text(run_id),)
        ).fetchone()
        return bytes(row[0]) if row else None

    def delete(self, run_ids: Collection[str]) -> None:
        """Delete runs with their event logs and picks."""
        ids = [_text(run_id) for run_id in run_ids]
        with self._transaction():
            run = self._connection.execute
            run("DELETE FROM events WHERE run_id = ANY(%s)", (ids,))
            run("DELETE FROM picks WHERE better = ANY(%(ids)s) OR worse = ANY(%(ids)s)", {"ids": ids})
            run("DELETE FROM runs WHERE id = ANY(%s)", (ids,))

    def close(self) -> None:
        """Close the connection; this process attends its runs no more."""
        self._connection.close()

    def _prepare(self) -> None:
        """Set the session up, make the tables if there are none, and take the lock that says that we are here."""
        run = self._connection.execute
        run(_SESSION_SETTINGS)
        run(
            "SELECT set_config('synchronous_commit', 'on', FALSE) WHERE current_setting('synchronous_commit') = 'off'"
        )
        if self._connection.info.parameter_status("server_encoding") != "UTF8":
            raise WrongEncodingError
        if not self._has_tables():
            with self._connection.transaction():
                run("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, SETUP_LOCK))
                if not self._has_tables():
                    if run("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone() == (None,):
                        run(f"CREATE SCHEMA {SCHEMA}")
                    run(TABLES)
                    run("INSERT INTO journal_identity VALUES (%s, %s)", (str(uuid.uuid4()), VERSION))
        [(self.journal_id, version)] = run("SELECT id, version FROM journal_identity").fetchall()
        if version > VERSION:
            raise NewerVersionError
        run("SELECT pg_advisory_lock_shared(%s, %s)", (LOCKS, own_session()))

    def _has_tables(self) -> bool:
        sql = "SELECT to_regclass(%s) IS NOT NULL"
        return bool(self._connection.execute(sql, (f"{SCHEMA}.journal_identity",)).fetchone() == (True,))

    def _is_deleted(self, run_id: str) -> bool:
        sql = "SELECT 1 FROM changes WHERE run_id = %(id)s AND NOT EXISTS (SELECT 1 FROM runs WHERE id = %(id)s)"
        return self._connection.execute(sql, {"id": _text(run_id)}).fetchone() is not None

    def _select(self, query: Query, end: str) -> list[JournalRow]:
        where, values = _conditions(query)
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(f"{_SELECT} {where} {_NEWEST_FIRST} {end}", values)
            return list(filter(query.matches, self._rows(cursor.fetchall())))

    def _rows(self, items: Iterable[Mapping[str, Any]]) -> Iterator[JournalRow]:
        """Yield the rows, with the outputs that they have on this machine, or on the one that began the run."""
        facts: dict[str, tuple[bool, bool]] = {}

        def plain_values() -> Iterator[Mapping[str, Any]]:
            for values in items:
                copies = values["copies"]
                host = next((name for name in (_host(), values["host"] or "") if name in copies), None)
                copy = _copy(copies.get(host) or next(iter(copies.values()), None))
                is_elsewhere = bool(copies) and _host() not in copies
                if values["is_connected"] or is_elsewhere:
                    facts[values["id"]] = bool(values["is_connected"]), is_elsewhere
                yield {**values, **copy}

        for row in read_rows(plain_values(), self.damaged_ids, self.unreadable_ids):
            is_connected, is_elsewhere = facts.pop(row.id, (False, False))
            if is_connected or is_elsewhere:
                row = replace(row, is_connected=is_connected, is_elsewhere=is_elsewhere)  # noqa: PLW2901 - completed
            yield row

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._connection.transaction():
            yield
            self.is_committing = True
        self.is_committing = False


def _with_patience(gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    """Pass on what a generator of psycopg waits for, until nothing has come for too long; then raise."""
    deadline = time.monotonic() + SILENCE_SECONDS
    try:
        state = next(gen)
        while True:
            ready = yield state
            if ready:
                deadline = time.monotonic() + SILENCE_SECONDS
            elif time.monotonic() > deadline:
                raise SilentServerError(f"it has not answered for {SILENCE_SECONDS:.0f} seconds")
            state = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


def _defaults(address: ServerAddress) -> dict[str, Any]:
    """Return options of the connection that the address does not set itself."""
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "target_session_attrs": "read-write",  # of several hosts the one that takes rows
        "application_name": "wiro-widgets",
    }
    return {name: value for name, value in options.items() if f"{name}=" not in address.reveal()}


def _refused(row: JournalRow) -> JournalRow:
    return replace(row, outcome="refused", settled_at=datetime.now(UTC))


def _host() -> str:
    return _text(platform.node())


def _text(value: object) -> str:
    """Return the value as text that PostgreSQL can hold, which knows no null character."""
    return storable(value).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _annotation(name: str, value: Any) -> Any:
    if name == "star":
        return bool(value)
    return _text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _values(row: JournalRow, session: int | None) -> dict[str, Any]:
    """Return a row as the columns of the table hold it."""
    values = to_plain(row)
    copy = {"paths": values.pop("paths"), "files": values.pop("files")}
    copies = {_host(): json.dumps(copy)} if row.paths or row.files else {}
    texts = {name: _text(value) if isinstance(value, str) else value for name, value in values.items()}
    return {**texts, "copies": json_text(copies), "session": session if row.pid is not None else None}


def _copy(text: Any) -> dict[str, str]:
    """Return the columns `paths` and `files` of a row."""
    try:
        copy = json.loads(text)
        return {"paths": copy["paths"], "files": copy["files"]}
    except (TypeError, ValueError, KeyError):
        return {"paths": "[]", "files": "[]"}


def _is_exact(query: Query) -> bool:
    """Return True if SQL can look for all of a query."""
    return not (query.text or query.parameters or query.tags or query.note or query.parent)


def _conditions(query: Query) -> tuple[str, dict[str, Any]]:
    """Return the part of a query that SQL can look for, and the values for it."""
    several = {
        "ids": query.ids,
        "models": query.models,
        "outcomes": query.outcomes,
        "contents": query.contents,
    }
    values = {
        "id": query.id,
        "server": query.server,
        "task_id": query.task_id,
        "since": stamp(query.since),
        "until": stamp(query.until),
        "typed": query.is_typed,
        "star": query.star,
        "open": True if query.is_open else None,
        "parent": None if query.parent is None else json.dumps(query.parent, ensure_ascii=False),
        **{name: None if items is None else list(map(_text, items)) for name, items in several.items()},
    }
    conditions = {
        name: _text(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value is not None
    }
    where = " AND ".join(CONDITIONS[name] for name in conditions) or "TRUE"
    return where, {**conditions, "own_session": own_session(), "grace": GRACE_SECONDS}
