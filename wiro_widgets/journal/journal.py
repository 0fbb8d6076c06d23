"""Journal: every run written down before it is sent, so that nothing paid for is lost with the kernel."""

from __future__ import annotations

import os
import platform
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from wiro_widgets.journal.columns import sound
from wiro_widgets.journal.database import Store
from wiro_widgets.journal.journal_file import JournalFile
from wiro_widgets.journal.process import start_time
from wiro_widgets.journal.row import SENT, UNSETTLED, JournalRow, Query, record_of_row, row_outcomes
from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.record import TaskRecord

T = TypeVar("T")


class Journal:
    """The runs of all kernels and processes of one user, in one SQLite file.

    Safe to share between threads: one lock guards the file and the rows in memory. What the file does not take stays in
    memory, is written as soon as the file takes it, and is reported as a `WiroWarning`; `trouble` repeats the last one.
    No method raises for a broken file. After a fork the child's use of it raises ConfigurationError, since SQLite
    forbids a process to use a connection that it inherited.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = JournalFile(path)
        self._unwritten: dict[str, JournalRow] = {}
        self._unwritten_events: dict[str, bytes] = {}
        self._running: dict[str, JournalRow] = {}
        self._closed = False
        self._pid = os.getpid()
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: str | Path | None) -> Self:
        """Open the journal in this file, creating it and its folder; None keeps one in memory alone."""
        journal = cls(None if path is None else Path(path).expanduser())
        with journal._access():
            journal._write()
        return journal

    @property
    def path(self) -> Path | None:
        """The file; None if the journal is in memory alone."""
        return self._file.path

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
        conflicts: Callable[[JournalRow], bool] | None = None,
    ) -> JournalRow | None:
        """Write a run down as `begin` does, under an id of the caller's, and return None.

        If `conflicts` is true of an earlier run with the same content, return that one and write nothing. If several
        processes claim the same content at the same time, one of them gets None.
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
        )
        with self._access():
            standing = self._insert_unless(row, conflicts) if conflicts and content else None
            if standing is not None and standing is not row:
                return standing
            if standing is None:
                self._save(row)
            self._running[run_id] = row
        return None

    def submitted(self, run_id: str, task_id: str) -> None:
        """Write down the task that the server made of the run."""
        self._change(run_id, outcome="running", task_id=str(task_id), submitted_at=datetime.now(UTC))

    def refused(self, run_id: str, error: object) -> None:
        """Write down that the server made no task: nothing is running and nothing is billed."""
        self._change(run_id, outcome="refused", error=str(error), settled_at=datetime.now(UTC))

    def unknown(self, run_id: str, error: object) -> None:
        """Write down that it is not known whether a task was made; the run stays among the unfinished."""
        self._change(run_id, outcome="unknown", error=str(error))

    def settle(
        self, run_id: str, record: TaskRecord, paths: Iterable[str | Path] = (), events: bytes | None = None
    ) -> None:
        """Write down how the run ended and where its outputs are; a record that still runs keeps it open.

        `events` is the event log as `event_log.pack` gives it.
        """
        record = sound(record)
        files = tuple(str(path) for path in paths) or record.output_paths
        changes: dict[str, Any] = {
            "record": replace(record, parameters=plain(record.parameters), output_paths=files),
            "paths": files,
            "outcome": record.outcome,
            "error": record.error,
        }
        if record.task_id:
            changes["task_id"] = record.task_id
        if record.outcome not in UNSETTLED:
            changes["settled_at"] = datetime.now(UTC)
        self._change(run_id, **changes)
        if events is not None:
            with self._access():
                self._write_events({run_id: events})

    # What a person or another run says of it

    def annotate(self, run_id: str, **annotations: Any) -> None:
        """Write down what a person says of a run: `star`, `tags`, `notes`; the others stay as they are."""
        with self._access():
            for rows in (self._unwritten, self._running):
                if run_id in rows:
                    rows[run_id] = replace(rows[run_id], **annotations)
            self._file.use(lambda store: store.annotate(run_id, annotations))

    def reused(self, run_id: str) -> None:
        """Count a run that was not sent because this one's result answered it."""
        with self._access():
            for rows in (self._unwritten, self._running):
                if run_id in rows:
                    rows[run_id] = replace(rows[run_id], reuses=rows[run_id].reuses + 1)
            self._file.use(lambda store: store.count_reuse(run_id))

    def forget(self, run_id: str) -> None:
        """Delete a run and its event log."""
        with self._access():
            for rows in (self._unwritten, self._running, self._unwritten_events):
                rows.pop(run_id, None)
            self._file.use(lambda store: store.delete(run_id))

    def adopt(self, rows: Iterable[JournalRow], events: Mapping[str, bytes]) -> None:
        """Take in runs of another journal with their event logs, without texts that are named like a credential."""
        with self._access():
            for row in rows:
                record = row.record and replace(row.record, parameters=plain(row.record.parameters))
                self._unwritten[row.id] = replace(row, parameters=plain(row.parameters), record=record)
            self._write()
            self._write_events(events)

    # Reading

    def row(self, run_id: str) -> JournalRow | None:
        """Return the row of this id."""
        return next(iter(self.rows(Query(id=run_id), 1)), None)

    def find(self, task_id: str, server: str | None = None) -> JournalRow | None:
        """Return the run that became this task."""
        return next(iter(self.rows(Query(server=server, task_id=str(task_id)), 1)), None)

    def unfinished(self, server: str) -> list[JournalRow]:
        """Return the runs of that server that have not ended as far as the journal knows, newest first."""
        return self.rows(Query(server=server, outcomes=UNSETTLED))

    def rows(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that match, newest first."""
        with self._access():
            written_rows = (
                self._read(lambda store: store.select(query, limit)) or []
            )  # may add to the unwritten ones
            rows = [row for row in reversed(self._unwritten.values()) if query.matches(row)]
            rows += [row for row in written_rows if row.id not in self._unwritten]
            return sorted(rows, key=lambda row: row.intent_at, reverse=True)[:limit]

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
        where = str(self._file.path) if self._file.usable else "in memory"
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

    def _read(self, action: Callable[[Store], T]) -> T | None:
        """Return what the file says, None if it cannot be used; all reads of the journal pass here, under the lock."""
        answer = self._file.use(action)
        if self._file.pop_replaced():
            self._write_running()
            answer = self._file.use(action)
        return answer

    def _insert_unless(self, row: JournalRow, conflicts: Callable[[JournalRow], bool]) -> JournalRow | None:
        """Return the row that conflicts, or this one once it is in the file; None if the file cannot be used."""
        query = Query(server=row.server, contents=(row.content or "",), outcomes=SENT)
        for other in self._unwritten.values():
            if query.matches(other) and conflicts(other):
                return other
        return self._file.use(lambda store: store.insert_unless(row, query, conflicts))

    def _change(self, run_id: str, **changes: Any) -> None:
        with self._access():
            row = self._running.get(run_id) or self._unwritten.get(run_id) or self.row(run_id)
            if row is None:
                self._file.warn(f"The run journal has no run {run_id}; what became of it is not kept.")
            else:
                self._save(replace(row, **changes))

    def _save(self, row: JournalRow) -> None:
        if row.settled_at is None:
            self._running[row.id] = row
        else:
            self._running.pop(row.id, None)
        self._unwritten[row.id] = row
        self._write()

    def _write(self) -> None:
        """Bring the rows in memory to the file, and open it even if there are none."""
        if self._file.write(lambda store: store.save(self._unwritten.values())):
            self._unwritten = {}
            self._write_events({})
        if self._file.pop_replaced():
            self._write_running()

    def _write_events(self, logs: Mapping[str, bytes]) -> None:
        self._unwritten_events = {**self._unwritten_events, **logs}
        logs = self._unwritten_events
        if logs and self._file.write(lambda store: store.save_events(logs)):
            self._unwritten_events = {}

    def _write_running(self) -> None:
        """Bring what still runs to a file that has taken the place of another."""
        self._unwritten = {**self._running, **self._unwritten}
        self._write()
