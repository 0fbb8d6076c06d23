"""Journal: every run written down before it is sent, so that nothing paid for is lost with the kernel."""

from __future__ import annotations

import os
import platform
import threading
import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from wiro_widgets.journal.journal_events import JournalEvents
from wiro_widgets.journal.journal_file import JournalFile
from wiro_widgets.journal.process import start_time
from wiro_widgets.journal.row import SENT, UNSETTLED, JournalRow, Query, as_kept, record_of_row
from wiro_widgets.journal.sound import sound
from wiro_widgets.media.jsonable import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from wiro_widgets.protocol.record import TaskRecord

_inherited: Final[list[JournalFile]] = []  # SQLite forbids a forked process to use or close what it got


class Journal:
    """The runs of all kernels and processes of one user, in one SQLite file.

    Safe to share between threads. What the file does not take is kept in memory, written as soon as it does, and
    told as a `WiroWarning`; `trouble` repeats the last one. None of its methods raises for a broken file.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = JournalFile(path)
        self._unsaved: dict[str, JournalRow] = {}
        self._running: dict[str, JournalRow] = {}
        self._events = JournalEvents()
        self._closed = False
        self._pid = os.getpid()
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: str | Path | None) -> Self:
        """Open the journal in this file, creating it and its folder; None keeps one in memory alone."""
        journal = cls(None if path is None else Path(path).expanduser())
        with journal._locked():
            journal._write()
        return journal

    @property
    def path(self) -> Path | None:
        """The file; None when the journal is in memory alone."""
        return self._file.path

    @property
    def trouble(self) -> str | None:
        """The last warning about the file."""
        return self._file.trouble

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
        stands: Callable[[JournalRow], bool] | None = None,
    ) -> JournalRow | None:
        """Write a run down like `begin`, under an id of the caller's, unless another of its content stands in the way.

        `stands` tells which one does; that is returned, and nothing written. Of several processes that ask at the
        same time for the same, one is told None.
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
        with self._locked():
            found = self._first(row, stands) if stands and content else None
            if found is not None and found is not row:
                return found
            if found is None:
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
        """Write down that nobody knows whether a task was made; the run stays among the unfinished."""
        self._change(run_id, outcome="unknown", error=str(error))

    def settle(
        self, run_id: str, record: TaskRecord, paths: Iterable[str | Path] = (), events: bytes | None = None
    ) -> None:
        """Write down how the run ended and where its outputs are; a record that still runs keeps it open.

        `events` is the event log as `event_log.packed` gives it.
        """
        record = sound(record)
        files = tuple(str(path) for path in paths) or record.output_paths
        told: dict[str, Any] = {
            "record": replace(record, parameters=plain(record.parameters), output_paths=files),
            "paths": files,
            "outcome": record.outcome,
            "error": record.error,
        }
        if record.task_id:
            told["task_id"] = record.task_id
        if record.outcome not in UNSETTLED:
            told["settled_at"] = datetime.now(UTC)
        self._change(run_id, **told)
        if events is not None:
            with self._locked():
                self._events.keep(self._file, {run_id: events})

    def events(self, run_id: str) -> bytes | None:
        """Return the event log of a run, where one is kept."""
        with self._locked():
            return self._events.find(self._file, run_id)

    def annotate(self, run_id: str, **told: Any) -> None:
        """Write down what a person says of a run: `star`, `tags`, `notes`; what is not named stays."""
        with self._locked():
            for rows in (self._unsaved, self._running):
                if run_id in rows:
                    rows[run_id] = replace(rows[run_id], **told)
            self._file.use(lambda store: store.annotate(run_id, told))

    def reused(self, run_id: str) -> None:
        """Count a run that this one's result has answered, and that was not sent."""
        with self._locked():
            for rows in (self._unsaved, self._running):
                if run_id in rows:
                    rows[run_id] = replace(rows[run_id], reuses=rows[run_id].reuses + 1)
            self._file.use(lambda store: store.count_reuse(run_id))

    def forget(self, run_id: str) -> None:
        """Delete what is known of a run."""
        with self._locked():
            for known in (self._unsaved, self._running):
                known.pop(run_id, None)
            self._events.forget(run_id)
            self._file.use(lambda store: store.delete(run_id))

    def adopt(self, rows: Iterable[JournalRow], events: Mapping[str, bytes]) -> None:
        """Take in runs that another journal kept, with their event logs."""
        with self._locked():
            self._unsaved |= {row.id: _without_secrets(row) for row in rows}
            self._write()
            self._events.keep(self._file, events)

    def unfinished(self, server: str) -> list[JournalRow]:
        """Return the runs of that server that have not ended as far as the journal knows, newest first."""
        return self.rows(Query(server=server, outcomes=UNSETTLED))

    def find(self, task_id: str, server: str | None = None) -> JournalRow | None:
        """Return the run that became this task."""
        return next(iter(self.rows(Query(server=server, task_id=str(task_id)), 1)), None)

    def records(self, server: str, query: Query | None = None, limit: int | None = None) -> list[TaskRecord]:
        """Return the records of runs that became a task or may have, newest first; outcomes as records have them."""
        wanted = query or Query()
        outcomes = SENT if wanted.outcomes is None else as_kept(wanted.outcomes)
        found = self.rows(replace(wanted, server=server, outcomes=outcomes), limit)
        return [record_of_row(row) for row in found]

    def columns(self, server: str) -> dict[str, list[Any]] | None:
        """Return the columns of all that `records` has, where the file alone has them and all of them are sound."""
        with self._locked():
            if self._unsaved:
                return None
            return self._file.use(lambda store: store.columns(Query(server=server, outcomes=SENT)))

    def row(self, run_id: str) -> JournalRow | None:
        """Return the row of this id."""
        return next(iter(self.rows(Query(id=run_id), 1)), None)

    def rows(self, query: Query, limit: int | None = None) -> list[JournalRow]:
        """Return the rows that fit, newest first."""
        with self._locked():
            found = self._file.read(query, limit)
            if self._file.take_renewed():
                self._renew()
                found = self._file.read(query, limit)
            stored = [row for row in found if row.id not in self._unsaved]
            unsaved = [row for row in self._unsaved.values() if query.fits(row)]
            return sorted(unsaved[::-1] + stored, key=lambda row: row.intent_at, reverse=True)[:limit]

    def count(self, server: str, outcomes: Collection[str] = SENT) -> int:
        """Return how many rows of these outcomes there are, all that `records` has by default, without reading them."""
        query = Query(server=server, outcomes=outcomes)
        with self._locked():
            stored = None if self._unsaved else self._file.use(lambda store: store.count(query))
        return len(self.rows(query)) if stored is None else stored

    def close(self) -> None:
        """Close the file; closing twice is fine, and a late settle still finds its way to the disk."""
        with self._locked():
            if self._unsaved:
                self._write()
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = str(self._file.path) if self._file.usable else "in memory"
        waiting = f", {len(self._unsaved)} runs not on disk" if self._file.usable and self._unsaved else ""
        return f"<Journal {where}{waiting}{', closed' if self._closed else ''}>"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._pid != os.getpid():
            self._leave_parent()
        with self._lock:
            yield
            if self._closed:
                self._file.close()

    def _leave_parent(self) -> None:
        """Start anew in a forked process, where another thread may have held the lock and SQLite's own."""
        _inherited.append(self._file)
        self._file = JournalFile(self._file.path)
        self._unsaved, self._running = {}, {}
        self._lock, self._pid = threading.RLock(), os.getpid()

    def _first(self, row: JournalRow, stands: Callable[[JournalRow], bool]) -> JournalRow | None:
        """Return the row that stands in the way of this one, or this one once it is in the file; None without it."""
        query = Query(server=row.server, contents=(row.content or "",), outcomes=SENT)
        for known in self._unsaved.values():
            if query.fits(known) and stands(known):
                return known
        return self._file.use(lambda store: store.insert_unless(row, query, stands))

    def _change(self, run_id: str, **told: Any) -> None:
        with self._locked():
            row = self._running.get(run_id) or self._unsaved.get(run_id) or self.row(run_id)
            if row is None:
                self._file.warn(f"The run journal has no run {run_id}; what became of it is not kept.")
            else:
                self._save(replace(row, **told))

    def _save(self, row: JournalRow) -> None:
        if row.settled_at is None:
            self._running[row.id] = row
        else:
            self._running.pop(row.id, None)
        self._unsaved[row.id] = row
        self._write()

    def _write(self) -> None:
        if self._file.write(self._unsaved.values()):
            self._unsaved = {}
            self._events.keep(self._file, {})
        if self._file.take_renewed():
            self._renew()

    def _renew(self) -> None:
        """Bring what still runs to a file that knows nothing of it."""
        self._unsaved = {**self._running, **self._unsaved}
        self._write()


def _without_secrets(row: JournalRow) -> JournalRow:
    """Return a row of somebody else's with its parameters as they are kept here."""
    record = row.record and replace(row.record, parameters=plain(row.record.parameters))
    return replace(row, parameters=plain(row.parameters), record=record)
