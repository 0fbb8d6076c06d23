"""RunIndex: the runs of a journal by what the gallery filters and searches, brought up to date bit by bit.

It stands in a file of its own beside the journal, so that building it never keeps a run from being written down. All of
it comes from the journal: whoever deletes the file loses nothing.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.journal.database import MIGRATIONS
from wiro_widgets.journal.gallery.derived_file import (
    DAMAGE,
    LOCKS,
    connect,
    discard,
    empty_log,
    open_file,
    transaction,
)
from wiro_widgets.journal.row import JournalRow, to_plain

if TYPE_CHECKING:
    from wiro_widgets.journal.journal import Journal

VERSION: Final = "1"  # of the tables: an index of another one is built anew
CHUNK: Final = 500  # rows that are read at once, for which the journal is locked
MAX_TEXT: Final = 4_000  # characters of a run's texts that are searched
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_JSON: Final = "CASE WHEN json_valid({0}) THEN {0} END"
_RECORD: Final = _JSON.format("runs.record")
# What the index takes from a row of the journal's table `runs`; the texts are all that a person wrote in parameters.
_TEXTS: Final = (
    f"coalesce(nullif({_JSON.format('runs.parameters')}, '{{}}'), json_extract({_RECORD}, '$.parameters'))"
)
CELLS: Final = ", ".join(
    (
        *(
            f"runs.{name}"
            for name in ("id", "server", "intent_at", "model", "outcome", "star", "tags", "notes")
        ),
        f"json_extract({_RECORD}, '$.total_cost')",
        f"json_extract({_RECORD}, '$.prompt')",
        f"(SELECT substr(group_concat(atom, char(10)), 1, {MAX_TEXT}) FROM json_tree({_TEXTS}) WHERE type = 'text')",  # noqa: S608
    )
)
_TABLES: Final = """
    CREATE TABLE state (name TEXT PRIMARY KEY NOT NULL, value);
    CREATE TABLE cards (
        number INTEGER PRIMARY KEY,
        run_id TEXT UNIQUE NOT NULL,
        server TEXT NOT NULL,
        at INTEGER NOT NULL,
        model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        star INTEGER NOT NULL,
        cost REAL,
        tags TEXT NOT NULL
    );
    CREATE INDEX cards_by_time ON cards (server, at DESC, number DESC, outcome, model);
    CREATE INDEX cards_by_model ON cards (server, model, at DESC, number DESC, outcome);
    CREATE INDEX starred_cards ON cards (server, at DESC, number DESC) WHERE star;
    CREATE INDEX tagged_cards ON cards (server, at DESC, number DESC) WHERE tags <> '[]';
"""
_STATE: Final = "SELECT name, value FROM state"
# Trigrams find a part of a word in any language; without their positions, since the text is looked at again.
_WORDS: Final = "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'trigram', detail = none)"
_PLAIN_WORDS: Final = "CREATE TABLE words (text TEXT NOT NULL)"  # where SQLite was built without FTS5
_PUT_CARD: Final = (
    "INSERT INTO cards (run_id, server, at, model, outcome, star, cost, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (run_id) DO UPDATE SET server = excluded.server, at = excluded.at, model = excluded.model, "
    "outcome = excluded.outcome, star = excluded.star, cost = excluded.cost, tags = excluded.tags RETURNING number"
)


class _UnreadableJournalError(Exception):
    """The journal cannot be read just now."""


class RunIndex:
    """The runs of one journal in two tables: `cards` for filters, `words` for texts in small letters.

    `folder` is where its file stands; with None, or where no file can be written, it is in memory. `on_gone` is called
    with the ids of runs that the journal does not have any more. May be used by several threads: `read` and `sync` do
    not wait for each other if there is a file.
    """

    def __init__(
        self,
        journal: Journal,
        folder: Path | None,
        on_gone: Callable[[Collection[str]], object] = lambda _ids: None,
    ) -> None:
        self._journal = journal
        self._on_gone = on_gone
        self._writing, self._reading = threading.RLock(), threading.RLock()
        self._memory_rows: dict[str, JournalRow] = {}
        self._memory_changes = 0
        self._openings = 0
        self._open(None if folder is None else folder / "index.sqlite3")

    def __repr__(self) -> str:
        return f"<RunIndex of {self._journal!r}>"

    def sync(self, seconds: float = 0.0) -> bool:
        """Read what is new in the journal, at least a chunk of it; return True once there is nothing more to read.

        Goes on for about so many seconds. What the index has may be read meanwhile: the newest runs come first. While
        the journal or the index is locked there is nothing to read; the next call tries again.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                with self._writing:
                    self._take_memory_rows()
                    if self._take_chunk():
                        return True
            except _UnreadableJournalError:
                return True
            except sqlite3.DatabaseError as error:
                if not self._mend(error):
                    return True
            if time.monotonic() >= deadline:
                return False

    def read(self, sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows that a SELECT over the index gives; raises sqlite3.OperationalError if interrupted."""
        try:
            return self._read(sql, values)
        except sqlite3.DatabaseError as error:
            if not self._mend(error):
                raise
        return self._read(sql, values)

    def _read(self, sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._reading, closing(self._reader.execute(sql, values)) as cursor:
            return cursor.fetchall()

    def _open(self, path: Path | None) -> None:
        """Open the index, in memory if there can be no file."""
        self._openings += 1
        self._path = path
        try:
            self._writer = open_file(path, _make_tables)
            self._reader = connect(path) if path else self._writer
        except (OSError, sqlite3.Error):
            self._path = None
            self._writer = self._reader = open_file(None, _make_tables)
        if self._reader is self._writer:
            self._reading = self._writing
        [(words,)] = self._reader.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchall()
        self.has_trigrams = "trigram" in words

    def _mend(self, error: sqlite3.DatabaseError) -> bool:
        """Begin an index anew that cannot be used; return False if only another process or thread is in the way.

        A file that was damaged is replaced by one, and if that is of no use either, or the drive is full, by memory.
        """
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, sqlite3.ProgrammingError):  # it was closed
            raise error
        if code in LOCKS or code == sqlite3.SQLITE_INTERRUPT:
            return False
        with self._writing, self._reading:
            path = self._path
            if path is None:
                raise error
            self._reader.close()
            self._writer.close()
            is_damaged = code in DAMAGE and self._openings == 1
            if is_damaged:
                discard(path)
            self._memory_rows = {}
            self._open(path if is_damaged else None)
        return True

    def interrupt(self) -> None:
        """End a `read` of another thread, whose result nobody wants any more."""
        if self._reader is not self._writer:
            self._reader.interrupt()

    @property
    def progress(self) -> tuple[int, int] | None:
        """How many of the journal's runs are read, and how many there are about; None once all are."""
        state = self._read_state()
        below = int(state.get("below", 0))
        top = int(state.get("top", 0))
        return (top - below + 1, top) if below > 1 else None

    @property
    def version(self) -> tuple[int, ...]:
        """What is another after every change of the index, whichever process made it."""
        state = self._read_state()
        numbers = int(state.get("changes", 0)), int(state.get("below", 0))
        return (*numbers, self._memory_changes, self._openings)

    def _read_state(self) -> dict[str, Any]:
        return dict(self.read(_STATE, ()))

    def forget(self, run_ids: Iterable[str]) -> None:
        """Take runs out of the index that are no longer in the journal."""
        ids = list(run_ids)
        with self._writing, suppress(sqlite3.Error):
            with transaction(self._writer):
                for run_id in ids:
                    _remove(self._writer, run_id)
            empty_log(self._writer)
        self._on_gone(ids)

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _take_memory_rows(self) -> None:
        """Take in the rows that the journal's file does not have."""
        rows = self._journal.rows_in_memory()
        new = [row for run_id, row in rows.items() if self._memory_rows.get(run_id) is not row]
        ids_gone = self._memory_rows.keys() - rows.keys()
        if new or ids_gone:
            self._memory_changes += 1
            with transaction(self._writer):
                for run_id in ids_gone:  # written by now, and then among the changes, or forgotten
                    _remove(self._writer, run_id)
                for cells in _cells_of([to_plain(row) for row in new]):
                    _put(self._writer, cells)
            if ids_gone:
                self._on_gone(ids_gone - self._take_rows_by_id(ids_gone))
        self._memory_rows = rows

    def _take_rows_by_id(self, run_ids: Collection[str]) -> set[str]:
        """Take in rows of the journal's file, and return the ids of those that are there."""
        ids: set[str] = set()
        for start in range(0, len(run_ids), CHUNK):
            values = {
                f"id{number}": run_id for number, run_id in enumerate(sorted(run_ids)[start : start + CHUNK])
            }
            names = ", ".join(f":{name}" for name in values)
            rows = self._fetch("runs.rowid, runs.id", f"FROM runs WHERE runs.id IN ({names})", **values)
            with transaction(self._writer):
                for _, run_id, cells in rows:
                    _put(self._writer, cells)
                    ids.add(run_id)
        return ids

    def _take_chunk(self) -> bool:
        """Read a chunk of the journal's file; return True if there is nothing more to read, or no file."""
        journal_id = self._journal.journal_id
        if journal_id is None:
            return True
        ids_gone: list[str] = []
        try:
            with transaction(self._writer):
                return self._take_changes(journal_id, ids_gone)
        finally:
            if ids_gone:
                self._on_gone(ids_gone)

    def _take_changes(self, journal_id: str, ids_gone: list[str]) -> bool:
        """Take in what was changed since, and then a part of what was there before; ids that are gone are added."""
        state = _state(self._writer)
        if (state.get("journal"), state.get("version")) != (journal_id, VERSION):
            state = self._begin(journal_id)
        below = int(state["below"])
        sql = (
            "FROM changes LEFT JOIN runs ON runs.id = changes.run_id "
            "WHERE changes.number > :after ORDER BY changes.number LIMIT :limit"
        )
        changes = self._fetch("changes.number, changes.run_id", sql, after=state["changes"], limit=CHUNK)
        for _, run_id, cells in changes:
            if cells[0] is None:
                _remove(self._writer, run_id)
                ids_gone.append(run_id)
            else:
                _put(self._writer, cells)
        if changes:
            _set_state(self._writer, changes=changes[-1][0])
        if len(changes) == CHUNK or below <= 1:
            return len(changes) < CHUNK
        # The runs that were there when the index was begun, backwards from the newest.
        sql = "FROM runs WHERE runs.rowid < :below ORDER BY runs.rowid DESC LIMIT :limit"
        older = self._fetch("runs.rowid, runs.id", sql, below=below, limit=CHUNK)
        for _, _, cells in older:
            _put(self._writer, cells)
        _set_state(self._writer, below=older[-1][0] if len(older) == CHUNK else 0)
        return len(older) < CHUNK

    def _fetch(self, keys: str, tables: str, **values: Any) -> list[tuple[int, str, Sequence[Any]]]:
        """Return a number and an id, which are the `keys`, and the cells of each run; no cells where there is none."""
        names = [f"runs.{name}" for name in _FIRST_COLUMNS]
        expressions = CELLS if self._journal.has_json_functions else ", ".join(names)
        rows = self._journal.fetch(f"SELECT {keys}, {expressions} {tables}", values)
        if rows is None:  # which is no proof that there are none
            raise _UnreadableJournalError
        if self._journal.has_json_functions:
            return [(number, str(run_id), cells) for number, run_id, *cells in rows]
        plain_rows = [dict(zip(_FIRST_COLUMNS, row[2:], strict=True)) for row in rows if row[2] is not None]
        cells_by_id = {cells[0]: cells for cells in _cells_of(plain_rows)}
        return [(number, run_id, cells_by_id.get(run_id, (None,))) for number, run_id, *_ in rows]

    def _begin(self, journal_id: str) -> dict[str, Any]:
        """Empty the index, to be filled from this journal."""
        sql = "SELECT coalesce(max(number), 0), (SELECT coalesce(max(rowid), 0) FROM runs) FROM changes"
        rows = self._journal.fetch(sql, {})
        if rows is None:
            raise _UnreadableJournalError
        [(last_change, top)] = rows
        self._writer.execute("DELETE FROM cards")
        self._writer.execute("DELETE FROM words")
        state = {
            "journal": journal_id, "version": VERSION, "changes": last_change, "top": top, "below": top + 1,
        }  # fmt: skip
        _set_state(self._writer, **state)
        return state


def microseconds(moment: datetime) -> int:
    """Return a time as the index has it, since 1970."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _make_tables(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone():
        return
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    try:
        connection.execute(_WORDS)
    except sqlite3.OperationalError:
        connection.execute(_PLAIN_WORDS)


def _state(connection: sqlite3.Connection) -> dict[str, Any]:
    return dict(connection.execute(_STATE).fetchall())


def _set_state(connection: sqlite3.Connection, **values: Any) -> None:
    connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", values.items())


def _put(connection: sqlite3.Connection, cells: Sequence[Any]) -> None:
    """Insert or replace one run."""
    run_id, server, intent_at, model, outcome, star, tags, notes, cost, prompt, texts = cells
    try:
        at = microseconds(datetime.fromisoformat(intent_at))
    except (TypeError, ValueError):
        at = 0
    cost = cost if isinstance(cost, int | float) else None
    tag_list = _texts(tags)
    tags_json = json.dumps(tag_list, ensure_ascii=False)
    card = (str(run_id), str(server), at, str(model), str(outcome), int(bool(star)), cost, tags_json)
    [(number,)] = connection.execute(_PUT_CARD, card).fetchall()
    prompt = prompt if isinstance(prompt, str) and prompt not in (texts or "") else ""
    words = "\n".join(str(item) for item in (texts, prompt, model, " ".join(tag_list), notes) if item)
    connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
    connection.execute(
        "INSERT INTO words (rowid, text) VALUES (?, ?)", (number, words[: 2 * MAX_TEXT].casefold())
    )


def _remove(connection: sqlite3.Connection, run_id: str) -> None:
    for (number,) in connection.execute("SELECT number FROM cards WHERE run_id = ?", (run_id,)).fetchall():
        connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
        connection.execute("DELETE FROM cards WHERE number = ?", (number,))


def _texts(tags: Any) -> list[str]:
    """Return the tags of a row; none if they cannot be read."""
    with suppress(TypeError, ValueError):
        items = json.loads(tags)
        return [str(item) for item in items] if isinstance(items, list) else []
    return []


def _cells_of(rows: Sequence[Mapping[str, Any]]) -> list[Sequence[Any]]:
    """Return the cells of rows that are in no file, as `to_plain` gives them, by the same SQL as those of the file."""
    if not rows:
        return []
    with closing(connect(None)) as connection:
        for statement in MIGRATIONS[0].split(";"):
            connection.execute(statement)
        places = ", ".join("?" * len(_FIRST_COLUMNS))
        connection.executemany(
            f"INSERT INTO runs ({', '.join(_FIRST_COLUMNS)}) VALUES ({places})",  # noqa: S608 - constants
            [[plain[name] for name in _FIRST_COLUMNS] for plain in rows],
        )
        return list(connection.execute(f"SELECT {CELLS} FROM runs"))  # noqa: S608 - constants


_FIRST_COLUMNS: Final = (
    "id", "server", "model", "parameters", "intent_at", "outcome", "record", "tags", "notes", "star",
)  # fmt: skip
