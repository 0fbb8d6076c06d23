"""Backing: what a journal stands on: a file (`journal_file`) or a server (`journal_server`)."""

# ruff: noqa: D102 - the methods of RowStore are described in `database.Store`

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from wiro_widgets.journal.row import JournalRow, Query
from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.protocol.lookup import Absent, Present, Unknown

T = TypeVar("T")


class RowStore(Protocol):
    """The rows of a journal in an open database. Each method is one transaction, and raises what the database raises.

    `damaged_ids` are rows that were read and were not whole, `unreadable_ids` those of them of which nothing could be.
    """

    journal_id: str
    damaged_ids: set[str]
    unreadable_ids: set[str]

    def save(self, rows: Collection[JournalRow], logs: Mapping[str, bytes]) -> None: ...
    def insert_unless(
        self, row: JournalRow, query: Query, obstacle_in: Callable[[list[JournalRow]], T]
    ) -> T: ...
    def update(self, run_id: str, change: Callable[[JournalRow | None], JournalRow]) -> JournalRow: ...
    def damage(self) -> str | None: ...
    def select(self, query: Query, limit: int | None = None) -> list[JournalRow]: ...
    def select_cells(self, expressions: str, query: Query) -> list[tuple[Any, ...]] | None: ...
    def count(self, query: Query) -> int: ...
    def fetch(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def execute(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def annotate(self, changes: Mapping[str, Mapping[str, Any]]) -> None: ...
    def count_reuse(self, run_id: str) -> None: ...
    def events(self, run_id: str) -> bytes | None: ...
    def delete(self, run_ids: Collection[str]) -> None: ...


class Backing(ABC):
    """What a journal stands on: a store that is opened on demand; if it cannot be used, it warns instead of raising.

    `path` is the file here, None if there is none. A claim waits for `patience` seconds for what passes. `is_locked` is
    True if the last use failed for something that passes; `wait_reason` says what in words. `may_have_written` is True
    if a write was cut off after it was sent, so that it may have taken effect; the journal sets it back. Without
    `has_json_functions` its SQL has none of SQLite's. Not for several threads at once.
    """

    has_json_functions: bool
    patience: float
    wait_reason: str

    def __init__(self, name: str, path: Path | None) -> None:
        self.name = name
        self.path = path
        self.trouble: str | None = None
        self.is_locked = False
        self.may_have_written = False
        self._journal_id: str | None = None  # of the first journal here
        self._is_replaced = False
        self._damage_reported = False

    @property
    @abstractmethod
    def usable(self) -> bool:
        """False if what is there must not be touched."""

    @property
    def has_no_past(self) -> bool:
        """True if there is no journal and was none: nothing can be missing from it."""
        return False

    @abstractmethod
    def attempt(self, action: Callable[[RowStore], T]) -> Present[T] | Unknown:
        """Do something with the open store and return its result, or why it cannot be used."""

    @abstractmethod
    def save(self, rows: Collection[JournalRow], logs: Mapping[str, bytes]) -> bool:
        """Write rows, and event logs by run, and open the store even if there are none; True once it has them."""

    @abstractmethod
    def forget(self, run_ids: Collection[str]) -> None:
        """Delete runs and their event logs."""

    @abstractmethod
    def absence(self, store: RowStore) -> Absent | Unknown:
        """Return what it means that the open store does not have a run: nothing, if it may have lost runs."""

    @abstractmethod
    def close(self) -> None:
        """Close the store until it is needed again."""

    def pop_replaced(self) -> bool:
        """Return True, once, if another journal has taken the place of the one that was used before."""
        is_replaced, self._is_replaced = self._is_replaced, False
        return is_replaced

    def warn(self, message: str) -> None:
        """Warn, once for the same trouble in a row."""
        if message == self.trouble:
            return
        self.trouble = message
        with suppress(WiroWarning):  # a paid run goes on even if warnings are errors
            warnings.warn(message, WiroWarning, stacklevel=5)

    def _unknown(self, reason: str) -> Unknown:
        return Unknown(f"the run journal {self.name} cannot be used: {reason}")

    def _report_damage(self, store: RowStore) -> None:
        if store.damaged_ids and not self._damage_reported:
            self._damage_reported = True
            runs = f"{len(store.damaged_ids)} damaged runs, beginning with {min(store.damaged_ids)}"
            self.warn(f"The run journal {self.name} has {runs}; what cannot be read of them is left out.")
