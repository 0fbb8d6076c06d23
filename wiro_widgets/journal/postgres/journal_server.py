"""JournalServer: a team's journal in PostgreSQL, connected on demand; what it does not get stays on the disk here.

While the server is away, nothing is said of runs that may be there, and so no sweep and no reuse sends anything. A
single run goes on: its row is written to a file of this machine (`pending_rows`), and merged when the server is back.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import psycopg

from wiro_widgets.journal.database import NewerVersionError
from wiro_widgets.journal.journal_file import data_folder
from wiro_widgets.journal.postgres.backing import Backing, RowStore
from wiro_widgets.journal.postgres.pending_rows import PendingRows
from wiro_widgets.journal.postgres.server_address import ServerAddress
from wiro_widgets.journal.postgres.server_store import ServerStore, WrongEncodingError, own_session
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol.lookup import Absent, Present, Unknown

T = TypeVar("T")

# Seconds between two tries to bring the rows here to a server that was away, growing.
MERGE_SECONDS: Final = (2.0, 30.0)
# Seconds, at least and at most, until a server that could not be reached is tried again.
_REST: Final = (0.5, 5.0)
_LOCKS: Final = (
    psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure, psycopg.errors.QueryCanceled,
)  # fmt: skip
_TROUBLES: Final = (psycopg.Error, OSError, NewerVersionError, WrongEncodingError)
_LASTING: Final = re.compile(
    r"authentication failed|no password supplied|does not exist|no pg_hba\.conf entry|permission denied|"
    r"invalid |root certificate|certificate verify failed"
)  # troubles of a connection that do not pass by themselves


class JournalServer(Backing):
    """A store in a database; after another client's lock, or if the server is away, `is_locked` is True.

    `path` is the file of this machine, which has what the server has not got yet.
    """

    has_json_functions = False
    patience = 120.0  # a sweep that is under way outlasts a new start of the server

    def __init__(self, address: ServerAddress, folder: Path | None = None) -> None:
        digest = hashlib.sha256(str(address).encode()).hexdigest()[:12]
        path = (folder or data_folder()) / f"team-{digest}.sqlite3"
        super().__init__(str(address), path)
        self.wait_reason = f"The team's journal {self.name} cannot be reached; waiting until it can"
        self._address = address
        self._pending = PendingRows(path)
        self._kept_rows: dict[str, JournalRow] = {}
        self._kept_logs: dict[str, bytes] = {}
        self._store: ServerStore | None = None
        self._rest: tuple[float, str, bool] | None = None  # until when, why, and whether it passes
        self._refusal: str | None = None  # why the database must not be touched
        self._last_change = 0  # the highest that was seen
        self._merger = Merger(address, self._pending)

    def __repr__(self) -> str:
        return f"<JournalServer {self.name}{'' if self._store is None else ', connected'}>"

    @property
    def usable(self) -> bool:
        """False if the database must not be touched."""
        return self._refusal is None

    def attempt(self, action: Callable[[RowStore], T]) -> Present[T] | Unknown:
        """Do something with the open database and return its result, or why it cannot be used.

        Does it again on a new connection if an old one turns out to be cut: what is done must bear that.
        """
        self.is_locked = False
        if self._refusal is not None:
            return self._unknown(self._refusal)
        if self._rest is not None and time.monotonic() < self._rest[0]:
            self.is_locked = self._rest[2]
            return self._unknown(self._rest[1])
        while True:
            is_old = self._store is not None
            start = time.monotonic()
            try:
                store = self._open()
                result = action(store)
            except _TROUBLES as exc:
                reason = self._address.redact(_reason(exc))
                if self._note_trouble(exc, reason, start, is_old=is_old):
                    continue
            else:
                self.trouble, self._rest = None, None
                self._report_damage(store)
                return Present(result)
            return self._unknown(reason)

    def save(self, rows: Collection[JournalRow], logs: Mapping[str, bytes]) -> bool:
        """Write rows, and event logs by run, and connect even if there are none; return True once the server has them.

        What it does not get is on the disk here when this returns. That a run waits is not written there: nobody may
        send it on the word of an old row.
        """
        if isinstance(self.attempt(lambda store: store.save(rows, logs)), Present):
            self._kept_rows, self._kept_logs = {}, {}
            return True
        new = [row for row in rows if self._kept_rows.get(row.id) is not row]
        new_logs = {run_id: log for run_id, log in logs.items() if self._kept_logs.get(run_id) is not log}
        with self._keeping():
            if new:
                plain_rows = [replace(row, error=None) if row.is_waiting else row for row in new]
                self._pending.keep(plain_rows, own_session())
                self._kept_rows |= {row.id: row for row in new}
            if new_logs:
                self._pending.keep_events(new_logs)
                self._kept_logs |= new_logs
            if new or new_logs:
                self._merger.start()
        return False

    def forget(self, run_ids: Collection[str]) -> None:
        """Delete runs and their event logs."""
        with self._keeping():
            self._pending.forget(run_ids)
        self.attempt(lambda store: store.delete(run_ids))

    def absence(self, store: RowStore) -> Absent | Unknown:
        """Return what it means that the open database does not have a run: nothing, if it may have lost runs."""
        if self._journal_id not in {None, store.journal_id}:
            return Unknown(
                f"the run journal {self.name} was emptied or replaced while it was in use: "
                "restore it, or make a new client to begin anew"
            )
        if store.unreadable_ids:
            return Unknown(
                f"{len(store.unreadable_ids)} damaged runs of the run journal {self.name} cannot be read"
            )
        [(last_change,)] = store.fetch("SELECT coalesce(max(number), 0) FROM changes", {})
        if last_change < self._last_change:
            return Unknown(
                f"the run journal {self.name} has lost what was written last, as a restored copy has: "
                "look at your tasks on Wiro, then make a new client to begin from what is there"
            )
        self._last_change = last_change
        return Absent("the journal has no such run")

    def close(self) -> None:
        """Close the connection until it is needed again."""
        self._merger.stop()
        self._drop_store()

    def _open(self) -> ServerStore:
        if self._store is not None and not self._store.is_usable:
            self._drop_store()
        if self._store is None:
            store = self._store = ServerStore(self._address)
            self._is_replaced |= self._journal_id not in {None, store.journal_id}
            self._journal_id = self._journal_id or store.journal_id
            with self._keeping():
                if items := self._pending.read():
                    self._pending.remove(store.merge(items))
        return self._store

    def _drop_store(self) -> None:
        if self._store is not None:
            with suppress(psycopg.Error, OSError):
                self._store.close()
        self._store = None

    def _note_trouble(self, exc: Exception, reason: str, start: float, *, is_old: bool) -> bool:
        """Note and report a trouble; return True if a new connection may do what an old one could not."""
        if isinstance(exc, _LOCKS):
            self.is_locked = True
            self.wait_reason = (
                f"Another client has locked the team's journal {self.name}; waiting until it is free"
            )
        elif isinstance(exc, NewerVersionError | WrongEncodingError):
            self._refusal = reason
            self._drop_store()
        elif isinstance(exc, psycopg.OperationalError | OSError) or not (
            self._store and self._store.is_usable
        ):
            self.may_have_written |= self._store is not None and self._store.is_committing
            self._drop_store()
            if is_old:
                return True
            self.is_locked = not _LASTING.search(reason)
            self.wait_reason = f"The team's journal {self.name} cannot be reached; waiting until it can"
            seconds = min(max(time.monotonic() - start, _REST[0]), _REST[1])
            self._rest = (time.monotonic() + seconds, reason, self.is_locked)
        self._report(reason)
        return False

    def _report(self, reason: str) -> None:
        if self.trouble is None:
            self.warn(
                f"The team's journal {self.name} cannot be used: {reason}. Sweeps and reuse send nothing meanwhile. "
                f"Single runs go on; they are kept in {self.path} and merged when it is back."
            )

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Report what is wrong with the file here, and go on: the rows are in memory as well."""
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            self.warn(
                f"The file {self.path} cannot be used: {exc}. What the team's journal {self.name} has not got is kept "
                "in memory, and lost with this process."
            )


class Merger:
    """A thread that brings the rows here to a server that was away, on a connection of its own, and then ends."""

    def __init__(self, address: ServerAddress, pending: PendingRows) -> None:
        self._address = address
        self._pending = pending
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_due = False

    def __repr__(self) -> str:
        return f"<Merger of {self._pending!r}{'' if self._thread is None else ', at work'}>"

    def start(self) -> None:
        """Begin, unless it is at work."""
        with self._lock:
            self._is_due = True
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._work, args=(self._stop,), name="wiro-merger", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """End; what is on the disk stays there for the next client."""
        with self._lock:
            self._stop.set()
            self._thread = None

    def _work(self, stop: threading.Event) -> None:
        pause = MERGE_SECONDS[0]
        while not stop.wait(pause):
            self._is_due = False
            try:
                if items := self._pending.read():
                    store = ServerStore(self._address)
                    try:
                        self._pending.remove(store.merge(items))
                    finally:
                        store.close()
            except (*_TROUBLES, sqlite3.Error):
                pause = min(pause * 1.5, MERGE_SECONDS[1])
                continue
            with self._lock:
                if not self._is_due:
                    self._thread = None if self._stop is stop else self._thread
                    return


def _reason(exc: Exception) -> str:
    if isinstance(exc, NewerVersionError):
        return "a newer version of wiro-widgets wrote it; upgrade to read it"
    if isinstance(exc, WrongEncodingError):
        return (
            "its database is not encoded in UTF8; make one with createdb --encoding=UTF8 --template=template0"
        )
    # libpq's question, which our sentence goes on from.
    text = re.sub(r"\s+Is the server running[^?]*\?", "", str(exc))
    return " ".join(text.split()).removesuffix(".")[:400] or type(exc).__name__
