"""Journal: every run written down before it is sent, so that nothing paid for is lost with the kernel."""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

from wiro_widgets.journal import output_files
from wiro_widgets.journal.columns import sound
from wiro_widgets.journal.database import tables_in_memory
from wiro_widgets.journal.journal_file import JournalFile
from wiro_widgets.journal.postgres.backing import Backing, RowStore
from wiro_widgets.journal.postgres.server_address import ServerAddress, as_server_address
from wiro_widgets.journal.process import is_abandoned, is_attended, start_time
from wiro_widgets.journal.row import (
    SENT,
    UNSETTLED,
    WAITING,
    JournalRow,
    Query,
    record_of_row,
    row_outcomes,
)
from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, WiroError
from wiro_widgets.protocol.lookup import Absent, Lookup, Present, Unknown
from wiro_widgets.protocol.record import TaskRecord

T = TypeVar("T")

_LOCK_PAUSE: Final = 0.25  # seconds between two tries
NEVER_SENT: Final = "It was not sent, since the journal was cut off while it was written down"


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows that match a query, newest first, and what it means that a run is not among them."""

    rows: list[JournalRow]
    absence: Absent | Unknown


class Journal:
    """The runs of all kernels and processes of one user in one SQLite file, or of a team in a PostgreSQL server.

    Safe to share between threads: one lock guards the file and the rows in memory. What the file does not take stays in
    memory, is written as soon as the file takes it, and is reported as a `WiroWarning`; `trouble` repeats the last one.
    No method raises for a broken file, except those on which payment depends, `claim` and `end`; `look_up` and `read`
    say what is not known. What is said of the file here is so of a server as well, see `postgres.journal_server`. After
    a fork the child's use of it raises ConfigurationError, since no process may use a connection that it inherited.
    """

    def __init__(self, backing: Backing) -> None:
        self._file = backing
        self._unwritten: dict[str, JournalRow] = {}
        self._unwritten_events: dict[str, bytes] = {}
        self._running: dict[str, JournalRow] = {}
        self._tables: sqlite3.Connection | None = None  # without a file
        self._closed = False
        self._pid = os.getpid()
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: str | Path | ServerAddress | None) -> Self:
        """Open the journal in this file, creating it and its folder; None keeps one in memory alone.

        `postgresql://user@host/database` opens a team's journal; raises ConfigurationError for an address that is none.
        """
        journal = cls(backing_of(as_server_address(path) if isinstance(path, str) else path))
        with journal._access():
            journal._write()
        return journal

    @property
    def path(self) -> Path | None:
        """The file; None if the journal is in memory alone. Of a team's journal it is the file here, beside it."""
        return self._file.path

    @property
    def journal_id(self) -> str | None:
        """What a journal and its copies have in common; None if there is no file, or it cannot be used."""
        with self._access():
            return self._read(lambda store: store.journal_id)

    @property
    def trouble(self) -> str | None:
        """The last warning about the file."""
        return self._file.trouble

    # The life of a run

    def begin(
        self,
        server: str,
        model: str,
        parameters: Mapping[str, Any],
        *,
        content: str | None = None,
        cell: int | None = None,
    ) -> str:
        """Write down that this run is about to be sent and return its id; it is on disk when this returns.

        `content` and `cell` are those of `JournalRow`.
        """
        run_id = str(uuid.uuid4())
        self.claim(run_id, server, model, parameters, content=content, cell=cell)
        return run_id

    def claim(
        self,
        run_id: str,
        server: str,
        model: str,
        parameters: Mapping[str, Any],
        *,
        content: str | None = None,
        cell: int | None = None,
        parents: tuple[str, ...] = (),
        conflicts: Callable[[JournalRow], bool] | None = None,
        unknown: Literal["ask", "send"] = "ask",
        patience: float | None = None,
        notify: Callable[[str], object] | None = None,
    ) -> JournalRow | None:
        """Write a run down as `begin` does, under an id of the caller's, and return None.

        `parents` are the tasks whose outputs are inputs of the run. If `conflicts` is true of an earlier run with the
        same content, return that one and write nothing. If several processes claim the same content at the same time,
        one of them gets None. `conflicts` is called while the journal is locked.

        With `conflicts`, nothing is written and ConfigurationError is raised if the journal cannot tell whether there
        is such a run: its file cannot be read, or may have lost runs and has none of this content and cell. A file that
        another process has locked, or a server that is away, is tried again for `patience` seconds, by default those of
        the `Backing`; `notify` is called in this thread with the reason, and what it raises ends the wait. With
        `unknown="send"` the run is written down all the same, in memory if need be.
        """
        row = JournalRow(
            id=run_id,
            server=server,
            model=model,
            parameters=plain(parameters),
            intent_at=datetime.now(UTC),
            pid=os.getpid(),
            host=platform.node(),
            born=start_time(os.getpid()),
            content=content,
            cell=cell,
            parents=parents,
        )
        if conflicts is None or content is None:
            with self._access():
                self._save(row)
            return None
        self._file.may_have_written = False
        for _ in self._tries(self._file.patience if patience is None else patience, notify):
            with self._access():
                answer = self._claim(row, conflicts, unknown)
            if not isinstance(answer, Unknown) or not self._file.is_locked:
                break
        if isinstance(answer, Unknown):
            with self._access():
                if unknown == "send":
                    self._save(row)
                    return None
                if self._file.may_have_written:
                    self._save(replace(row, outcome="refused", error=NEVER_SENT, settled_at=row.intent_at))
            raise ConfigurationError(
                f"Nothing was sent, since this run may have been made before: {answer.reason}.\n"
                'To send it all the same, use sweep(..., unknown="send"), or a client with journal=False.'
            )
        return answer

    def wait(self, run_id: str, *, waits: bool) -> bool:
        """Write down that Wiro made no task of the run, or that it is sent again; return True if that is on disk.

        Send nothing before it is: who reads that the run waits, and finds its process gone, sends it as well. Raises
        WiroError if that has happened.
        """
        with self._access():
            self._change(run_id, error=WAITING if waits else None)
            if self._file.path is None:
                return True
            row = None if run_id in self._unwritten else self.row(run_id)
        if row is not None and row.settled_at is not None:
            raise WiroError(
                "The run was not sent: another machine found this one gone and took the run over.\n"
                "The same call takes its result, or begin the sweep again."
            )
        return row is not None and row.is_waiting == waits

    def give_up(self, run_id: str) -> None:
        """Write down that a run which waited to be sent again became no task, unless somebody attends it after all."""

        def change(row: JournalRow | None) -> JournalRow:
            if row is None or not is_abandoned(row):
                raise KeyError(run_id)
            return replace(row, outcome="refused", settled_at=datetime.now(UTC))

        with self._access(), suppress(KeyError):
            if self._file.path is None or run_id in self._unwritten:
                self._save(change(self._unwritten.get(run_id)))
            elif isinstance(self._attempt(lambda store: store.update(run_id, change)), Present):
                self._running.pop(run_id, None)

    def submitted(self, run_id: str, task_id: str) -> JournalRow | None:
        """Write down the task that the server made of the run, and return an earlier run that had become it, if any.

        A row that Wiro's list gave for the task is replaced, and what a person wrote there is kept.
        """
        with self._access():
            row = self._change(
                run_id, outcome="running", task_id=str(task_id), submitted_at=datetime.now(UTC)
            )
            if row is None:
                return None
            if self._file.path is not None and run_id in self._unwritten:
                # A locked journal is not asked again.
                rows = [*self._unwritten.values(), *self._running.values()]
            else:
                rows = self.rows(Query(server=row.server, task_id=str(task_id)))
            entry = next((other for other in rows if other.is_synced), None)
            if entry is not None and run_id not in self._unwritten:
                if entry.star or entry.tags or entry.notes:
                    self.annotate(
                        run_id,
                        star=row.star or entry.star,
                        tags=row.tags or entry.tags,
                        notes=row.notes or entry.notes,
                    )
                self.forget(entry.id)
            earlier = (
                other
                for other in rows
                if (other.server, other.task_id) == (row.server, row.task_id)
                and other.submitted_at is not None
                and not (other.is_synced or other.is_imported)
                and (other.submitted_at, other.id) < (row.submitted_at, row.id)
            )
            return next(earlier, None)

    def follow(self, entry: JournalRow) -> JournalRow:
        """Put a row of this process, which follows the task, in place of one that Wiro's list gave; return it.

        Its time and what a person wrote of it stay.
        """
        row = replace(
            entry,
            id=str(uuid.uuid4()),
            pid=os.getpid(),
            host=platform.node(),
            born=start_time(os.getpid()),
            outcome="running",
            settled_at=None,
        )
        with self._access():
            self._save(row)
            self.forget(entry.id)
        return row

    def refused(self, run_id: str, error: object) -> None:
        """Write down that the server made no task: nothing is running and nothing is billed."""
        self._change(run_id, outcome="refused", error=str(error), settled_at=datetime.now(UTC))

    def unknown(self, run_id: str, error: object, *, has_task: bool = True) -> None:
        """Write down that it is not known whether a task was made; the run stays among the unfinished.

        With `has_task=False` the task that was written down for it is another run's.
        """
        changes = {} if has_task else {"task_id": None, "submitted_at": None}
        self._change(run_id, outcome="unknown", error=str(error), **changes)

    def settle(
        self,
        run_id: str,
        record: TaskRecord,
        paths: Iterable[str | Path] = (),
        events: bytes | None = None,
        *,
        is_whole: bool = True,
    ) -> None:
        """Write down how the run ended and where its outputs are; a record that still runs keeps it open.

        So does `is_whole=False`, which says that outputs are still to come, unless the run was over before. `events` is
        the event log as `event_log.pack` gives it.
        """
        record = sound(record)
        output_paths = tuple(str(path) for path in paths) or record.output_paths
        changes: dict[str, Any] = {
            "record": replace(record, parameters=plain(record.parameters), output_paths=output_paths),
            "paths": output_paths,
            "files": output_files.note(output_paths),
            "outcome": record.outcome,
            "error": record.error,
        }
        if record.task_id:
            changes["task_id"] = record.task_id
        if record.parents:
            changes["parents"] = record.parents
        if record.outcome not in UNSETTLED and is_whole:
            changes["settled_at"] = datetime.now(UTC)
        with self._access():
            if events is not None:
                self._unwritten_events[run_id] = events
            self._change(run_id, **changes)

    def correct_cost(self, run_id: str, total_cost: float) -> None:
        """Write down what a run that is over has cost; its files stay as they were noted."""
        with self._access():
            row = self.row(run_id)
            if row is not None and row.record is not None:
                self._save(replace(row, record=replace(row.record, total_cost=total_cost)))

    def end(self, run_id: str, server: str, note: str = "") -> None:
        """Write down, on a person's word, that the run became no task; it is over, and its cell may be sent again.

        Raises KeyError if there is no such run of that server, InvalidParameter if it has a task or a process sends it
        at this moment, ConfigurationError if the journal cannot be read.
        """

        def end(row: JournalRow | None) -> JournalRow:
            row = row or self._running.get(run_id)
            return _ended(row if row and row.server == server else None, run_id, note)

        with self._access():
            if self._file.path is None or run_id in self._unwritten:
                self._save(end(self._unwritten.get(run_id)))
                return
            answer = self._attempt(lambda store: store.update(run_id, end))
            if isinstance(answer, Unknown):
                raise ConfigurationError(f"The run was not closed: {answer.reason}.")
            self._running.pop(run_id, None)

    # What a person or another run says of it

    def annotate(self, run_id: str, **annotations: Any) -> None:
        """Write down what a person says of a run: `star`, `tags`, `notes`; the others stay as they are."""
        self.annotate_each({run_id: annotations})

    def annotate_each(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Write down what a person says of several runs, by their ids, all of it or nothing."""
        with self._access():
            for rows in (self._unwritten, self._running):
                for run_id in changes.keys() & rows.keys():
                    rows[run_id] = replace(rows[run_id], **changes[run_id])
            self._file.attempt(lambda store: store.annotate(changes))

    def reused(self, run_id: str) -> None:
        """Count a run that was not sent because this one's result answered it."""
        with self._access():
            for rows in (self._unwritten, self._running):
                if run_id in rows:
                    rows[run_id] = replace(rows[run_id], reuses=rows[run_id].reuses + 1)
            self._file.attempt(lambda store: store.count_reuse(run_id))

    def forget(self, *run_ids: str) -> None:
        """Delete runs and their event logs."""
        with self._access():
            for rows in (self._unwritten, self._running, self._unwritten_events):
                for run_id in run_ids:
                    rows.pop(run_id, None)
            self._file.forget(run_ids)

    def adopt(self, rows: Iterable[JournalRow], events: Mapping[str, bytes]) -> None:
        """Take in runs of another journal with their event logs, without texts that are named like a credential."""
        with self._access():
            for row in rows:
                record = row.record and replace(
                    row.record, parameters=plain(row.record.parameters), output_paths=row.paths
                )
                self._unwritten[row.id] = replace(
                    row, parameters=plain(row.parameters), record=record, pid=None, host=None, born=None
                )
            self._unwritten_events |= events
            self._write()

    # Reading

    def look_up(self, query: Query) -> Lookup[list[JournalRow]]:
        """Return the rows that match, newest first, or what it means that there are none.

        Absent if the file was read and has lost nothing, or if the journal was never meant to have a file; else
        Unknown. Ask for one run: of several, `read` says what it means that one of them is not there.
        """
        reading = self.read(query)
        return Present(reading.rows) if reading.rows else reading.absence

    def read(
        self, query: Query, *, patience: float = 0.0, notify: Callable[[str], object] | None = None
    ) -> Reading:
        """Return the rows that match, newest first, and what it means that a run is not among them.

        `patience` and `notify` are as for `claim`.
        """
        for _ in self._tries(patience, notify):
            with self._access():
                rows: list[JournalRow] = []
                absence: Absent | Unknown = Absent("the journal is in memory alone, and has no such run")
                if self._file.path is not None:
                    answer = self._attempt(lambda store: (store.select(query), self._file.absence(store)))
                    rows, absence = answer.value if isinstance(answer, Present) else ([], answer)
                    if self._file.has_no_past:
                        absence = Absent("the drive of the journal takes none and has none")
                reading = Reading(self._with_unwritten(query, rows), absence)
            if not self._file.is_locked:
                break
        return reading

    def row(self, run_id: str) -> JournalRow | None:
        """Return the row of this id."""
        return next(iter(self.rows(Query(id=run_id), 1)), None)

    def find(self, task_id: str, server: str) -> JournalRow | None:
        """Return the run that became this task; another server may have a task of the same number."""
        return next(iter(self.rows(Query(server=server, task_id=str(task_id)), 1)), None)

    def unfinished(self, server: str) -> list[JournalRow]:
        """Return the runs of that server that are not over, or whose outputs are still to come, newest first."""
        return self.rows(Query(server=server, is_open=True))

    def rows(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that match, newest first."""
        with self._access():
            # May add to the unwritten ones.
            written_rows = self._read(lambda store: store.select(query, limit)) or []
            return self._with_unwritten(query, written_rows)[:limit]

    def records(self, server: str, query: Query | None = None, limit: int | None = None) -> list[TaskRecord]:
        """Return the records of runs that became a task or may have, newest first; outcomes as records have them."""
        query = query or Query()
        outcomes = SENT if query.outcomes is None else row_outcomes(query.outcomes)
        rows = self.rows(replace(query, server=server, outcomes=outcomes), limit)
        return [record_of_row(row) for row in rows]

    def cells(self, server: str, expressions: str) -> list[tuple[Any, ...]] | None:
        """Return SQL expressions over the rows of all that `records` has; None if the file alone cannot give them."""
        with self._access():
            query = Query(server=server, outcomes=SENT)
            return (
                None if self._unwritten else self._read(lambda store: store.select_cells(expressions, query))
            )

    def count(self, server: str, outcomes: Collection[str] = SENT) -> int:
        """Return how many rows of these outcomes there are, by default of all that `records` has."""
        query = Query(server=server, outcomes=outcomes)
        with self._access():
            number = None if self._unwritten else self._read(lambda store: store.count(query))
        return len(self.rows(query)) if number is None else number

    @property
    def has_json_functions(self) -> bool:
        """True if `fetch` understands the JSON functions of SQLite; a server understands what both have."""
        return self._file.has_json_functions

    def fetch(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
        """Return the rows that a SELECT over the file gives; None if there is no file, or it cannot be used."""
        with self._access():
            return self._read(lambda store: store.fetch(sql, values))

    def execute(
        self, sql: str, values: Mapping[str, Any], *, writes: bool
    ) -> Present[list[tuple[Any, ...]]] | Unknown:
        """Do one statement over the presets or picks and return its rows, or why the file cannot be used.

        Without a file these tables are in memory.
        """
        with self._access():
            if self._file.path is None:
                self._tables = self._tables or tables_in_memory()
                return Present(self._tables.execute(sql, values).fetchall())
            return self._attempt(lambda store: (store.execute if writes else store.fetch)(sql, values))

    def is_written(self, run_id: str | None) -> bool:
        """Return True if all that is known of a run is on the disk, or if the journal is in memory alone."""
        with self._access():
            return self._file.path is None or run_id not in self._unwritten

    def rows_in_memory(self) -> dict[str, JournalRow]:
        """Return the rows that the file does not have, by id."""
        with self._access():
            return dict(self._unwritten)

    def events(self, run_id: str) -> bytes | None:
        """Return the event log of a run; None if it has none."""
        with self._access():
            return self._unwritten_events.get(run_id) or self._read(lambda store: store.events(run_id))

    def close(self) -> None:
        """Close the file; closing twice is fine, and a late settle still reaches the disk."""
        if self._pid != os.getpid():
            return
        with self._access():
            if self._unwritten:
                self._write()
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = self._file.name if self._file.usable else "in memory"
        waiting = (
            f", {len(self._unwritten)} runs not on disk" if self._file.usable and self._unwritten else ""
        )
        return f"<Journal {where}{waiting}{', closed' if self._closed else ''}>"

    @contextmanager
    def _access(self) -> Iterator[None]:
        if self._pid != os.getpid():  # before the lock, which another thread may have held at the fork
            raise ConfigurationError(
                "This journal was made in another process, before a fork; make a new client here."
            )
        with self._lock:
            yield
            if self._closed:
                self._file.close()

    def _tries(self, patience: float, notify: Callable[[str], object] | None) -> Iterator[None]:
        """Yield at once, then with pauses until the time is over; outside of the lock, which other threads want."""
        deadline = time.monotonic() + patience
        yield
        while time.monotonic() < deadline:
            if notify is not None:
                notify(self._file.wait_reason)
            time.sleep(_LOCK_PAUSE)
            yield

    def _read(self, action: Callable[[RowStore], T]) -> T | None:
        """Return what the file says, None if it cannot be used."""
        answer = self._attempt(action)
        return answer.value if isinstance(answer, Present) else None

    def _attempt(self, action: Callable[[RowStore], T]) -> Present[T] | Unknown:
        """Return what the file says, or why it cannot be used; all reads of the journal pass here, under the lock."""
        answer = self._file.attempt(action)
        if self._file.pop_replaced():
            self._write_running()
            answer = self._file.attempt(action)
        return answer

    def _with_unwritten(self, query: Query, written_rows: Iterable[JournalRow]) -> list[JournalRow]:
        """Return the rows of the file and those in memory that match, newest first."""
        rows = [row for row in reversed(self._unwritten.values()) if query.matches(row)]
        rows += [row for row in written_rows if row.id not in self._unwritten]
        return sorted(rows, key=lambda row: row.intent_at, reverse=True)

    def _claim(
        self, row: JournalRow, conflicts: Callable[[JournalRow], bool], unknown: Literal["ask", "send"]
    ) -> JournalRow | Unknown | None:
        """Return the run that conflicts, None once this one is written down, or why neither can be known."""
        query = Query(server=row.server, contents=(row.content or "",), outcomes=SENT)
        rows_in_memory = [other for other in self._unwritten.values() if query.matches(other)]
        if (other := next(filter(conflicts, rows_in_memory), None)) is not None:
            return other
        # A new file has what runs here before the claim looks at it.
        self._attempt(lambda store: store.journal_id)
        if self._file.path is None or self._file.has_no_past:
            self._save(row)
            return None

        def insert(store: RowStore) -> JournalRow | Unknown | None:
            def obstacle_in(rows: list[JournalRow]) -> JournalRow | Unknown | None:
                if (other := next(filter(conflicts, rows), None)) is not None:
                    return other
                if unknown == "send" or any(other.cell == row.cell for other in (*rows, *rows_in_memory)):
                    return None
                absence = self._file.absence(store)
                return absence if isinstance(absence, Unknown) else None

            return store.insert_unless(row, query, obstacle_in)

        # A new file has what runs here before the claim looks at it.
        self._attempt(lambda store: store.journal_id)
        answer = self._file.attempt(insert)
        obstacle = answer.value if isinstance(answer, Present) else answer
        if obstacle is None:
            self._running[row.id] = row
        return obstacle

    def _change(self, run_id: str, **changes: Any) -> JournalRow | None:
        """Write a run down with changes, and return its row; None if there is no such run."""
        with self._access():
            row = self._running.get(run_id) or self._unwritten.get(run_id) or self.row(run_id)
            if row is None:
                self._file.warn(f"The run journal has no run {run_id}; what became of it is not kept.")
                return None
            row = replace(row, **changes)
            self._save(row)
            return row

    def _save(self, row: JournalRow) -> None:
        if row.settled_at is None:
            self._running[row.id] = row
        else:
            self._running.pop(row.id, None)
        self._unwritten[row.id] = row
        self._write()

    def _write(self) -> None:
        """Bring the rows and event logs in memory to the file, and open it even if there are none."""
        if self._file.save(self._unwritten.values(), self._unwritten_events):
            self._unwritten, self._unwritten_events = {}, {}
        if self._file.pop_replaced():
            self._write_running()

    def _write_running(self) -> None:
        """Bring what still runs to a file that has taken the place of another."""
        self._unwritten = {**self._running, **self._unwritten}
        self._write()


def backing_of(place: str | Path | ServerAddress | None) -> Backing:
    """Return what a journal stands on; raises ConfigurationError if the driver of a server is not installed."""
    if not isinstance(place, ServerAddress):
        return JournalFile(None if place is None else Path(place).expanduser())
    try:
        from wiro_widgets.journal.postgres.journal_server import JournalServer  # noqa: PLC0415 - loads psycopg
    except ImportError as exc:
        raise ConfigurationError(
            f"A journal in PostgreSQL needs psycopg 3 ({exc}).\npip install 'wiro-widgets[postgres]'"
        ) from None
    return JournalServer(place)


def _ended(row: JournalRow | None, run_id: str, note: str) -> JournalRow:
    """Return the row as that of a run that became no task; raises KeyError, InvalidParameter if it is none."""
    if row is None:
        raise KeyError(
            f"no run {run_id} in this history; client.history.unfinished() lists those that are open"
        )
    if row.task_id is not None:
        reason = f"the run became task {row.task_id}; client.attach({row.task_id!r}) picks it up"
    elif row.settled_at is not None:
        return row
    elif is_attended(row):
        reason = f"process {row.pid} is sending the run at this moment; stop it there first"
    else:
        error = f"It was closed in the history, since no task came of it{f': {note}' if note else '.'}"
        return replace(row, outcome="refused", error=error, settled_at=datetime.now(UTC))
    raise InvalidParameter("journal_id", reason)
