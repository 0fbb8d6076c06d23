"""The feed: the log of the run on the stage, numbered, sent in batches, repeatable from one snapshot.

A trait that grew with the log would cost O(n^2) on the wire, and Jupyter silently drops messages above 1,000 a
second. So rows are numbered, and sent in at most `RATE` deltas a second. The feed stores no rows: the ring of events
stays with the task (`runs.event_stream`), and its rows are made again whenever a view asks for a snapshot.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Protocol, TypeVar

from wiro_widgets.widget.wire.messages import VERSION

RATE = 12  # deltas a second; with 4 of the traits and a run's changes of status that is at most 20 messages
MAX_DELTA_ROWS = 2_000
MAX_SNAPSHOT_ROWS = 5_000
MAX_BYTES = 4 * 1024 * 1024  # of the texts in one message

Line = tuple[float, str, str]  # seconds since the start of the run, kind, text
Row = tuple[int, float, str, str]  # the same after its number
E = TypeVar("E")


class LogSource(Protocol[E]):
    """What a feed reads: entries by position, each of which always has the same lines."""

    def entries(self, position: int) -> tuple[Sequence[E], int]:
        """Return the entries from a position on that still exist, and the position after them."""

    def lines(self, entry: E) -> Iterable[Line]:
        """Return the lines of an entry."""

    def last_lines(self) -> Sequence[Line]:
        """Return the lines that end the log; none while it goes on."""


class Feed:
    """The position of the browser in one log; each feed is an epoch of its own."""

    def __init__(self, source: LogSource[Any]) -> None:
        self.epoch = secrets.token_hex(4)
        self.next = 0
        self._source = source
        self._position = 0  # in the source, after the rows that are numbered
        self._last_lines: Sequence[Line] = ()
        self._unsent: deque[Row] = deque(maxlen=MAX_DELTA_ROWS)
        self._dropped_rows = 0

    def __repr__(self) -> str:
        return f"<Feed {self.epoch}: next {self.next}, {len(self._unsent)} unsent>"

    @property
    def has_news(self) -> bool:
        """True if there are rows to send."""
        return bool(self._unsent)

    def read(self) -> None:
        """Read the new lines of the source and number them."""
        entries, after = self._source.entries(self._position)
        missing = after - self._position - len(entries)
        if missing > 0:  # the ring of the source has dropped them; each had at least one row
            self._unsent.clear()
            self.next += missing
            self._dropped_rows += missing
        self._position = after
        for entry in entries:
            self._append(self._source.lines(entry))
        if not self._last_lines:
            self._last_lines = self._source.last_lines()
            self._append(self._last_lines)

    def delta(self) -> dict[str, Any]:
        """Return the newest unsent rows; a page that misses some of them asks for a snapshot."""
        rows = _fitting(reversed(self._unsent), MAX_DELTA_ROWS)
        self._unsent.clear()
        return self._message("delta", rows)

    def snapshot(self) -> dict[str, Any]:
        """Return the newest rows that were read, for a view that has none."""
        numbers = count(self.next - 1, -1)
        rows = (
            (next(numbers), round(seconds, 2), kind, text) for seconds, kind, text in self._newest_lines()
        )
        return self._message("snapshot", _fitting(rows, MAX_SNAPSHOT_ROWS))

    def _append(self, lines: Iterable[Line]) -> None:
        for seconds, kind, text in lines:
            self._unsent.append((self.next, round(seconds, 2), kind, text))
            self.next += 1

    def _newest_lines(self) -> Iterator[Line]:
        """Yield the lines that were read, newest first."""
        yield from reversed(self._last_lines)
        # Nearly every entry has a line, so this many entries have enough of them.
        entries, after = self._source.entries(max(0, self._position - MAX_SNAPSHOT_ROWS))
        unread = after - self._position
        for entry in reversed(entries[: max(0, len(entries) - unread)]):
            yield from reversed(list(self._source.lines(entry)))

    def _message(self, kind: str, rows: list[Row]) -> dict[str, Any]:
        return {
            "v": VERSION,
            "type": kind,
            "epoch": self.epoch,
            "first": self.next - len(rows),
            "next": self.next,
            "rows": rows,
            "dropped": self._dropped_rows,
        }


def _fitting(newest_first: Iterable[Row], most: int) -> list[Row]:
    """Return the rows that fit into one message, oldest first; the newest row always does."""
    rows: list[Row] = []
    size = 0
    for row in newest_first:
        text = row[3]
        size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if len(rows) == most or (size > MAX_BYTES and rows):
            break
        rows.append(row)
    return rows[::-1]
