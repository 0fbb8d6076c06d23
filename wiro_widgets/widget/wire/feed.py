"""The feed: what the browser is told of a run, batched, numbered, and repeatable from one snapshot.

A trait that grew with the log would cost O(n^2) on the wire, and Jupyter drops messages above 1,000 a second
without a word. So there is a ring, and at most `RATE` deltas a second (design: the feed).
"""

from __future__ import annotations

import secrets
from collections import deque
from itertools import islice
from typing import Any

from wiro_widgets.widget.wire.messages import VERSION

RATE = (
    12  # deltas a second; with the traits, 4 a second, and a run's changes of status that makes 20 messages
)
MAX_ROWS = 20_000
MAX_BYTES = 4 * 1024 * 1024
MAX_SNAPSHOT_ROWS = 5_000
MAX_DELTA_ROWS = 2_000

Row = tuple[int, float, str, str]


class Feed:
    """The rows of one run in a ring, and how much of them the browser has been sent."""

    def __init__(self) -> None:
        self._rows: deque[Row] = deque()
        self._bytes = 0
        self._sent = 0
        self.next = 0
        self.dropped = 0
        self.epoch = secrets.token_hex(4)

    def __repr__(self) -> str:
        return f"<Feed {self.epoch}: {len(self._rows)} rows, next {self.next}, {self.dropped} dropped>"

    @property
    def pending(self) -> int:
        """How many rows the browser has not been sent."""
        return self.next - self._sent

    def clear(self) -> None:
        """Begin a new epoch, for a new run: browsers forget what they had."""
        self.__init__()  # type: ignore[misc] # the one place where starting over is exactly what is meant

    def add(self, seconds: float, kind: str, text: str) -> None:
        """Append a row and drop the oldest ones beyond the bounds."""
        rows = self._rows
        rows.append((self.next, round(seconds, 2), kind, text))
        self._bytes += _size(text)
        self.next += 1
        while len(rows) > MAX_ROWS or (self._bytes > MAX_BYTES and len(rows) > 1):
            self._bytes -= _size(rows.popleft()[3])
            self.dropped += 1

    def lose(self, count: int) -> None:
        """Count rows that never came here, and with them the ones before, which they cut off."""
        self.next += count
        self.dropped += count + len(self._rows)
        self._rows.clear()
        self._bytes = 0

    def delta(self) -> dict[str, Any]:
        """Return the rows that were not sent yet, and count them as sent."""
        first = max(self._sent, self.next - MAX_DELTA_ROWS, self._oldest)
        rows = self._from(first)
        self._sent = self.next
        return self._message("delta", first, rows)

    def snapshot(self) -> dict[str, Any]:
        """Return the newest rows, enough for a view that has none."""
        first = max(self._oldest, self.next - MAX_SNAPSHOT_ROWS)
        return self._message("snapshot", first, self._from(first))

    @property
    def _oldest(self) -> int:
        return self.next - len(self._rows)

    def _from(self, first: int) -> list[Row]:
        """Return the rows from a number on; looks at these alone, for a ring is slow to enter in the middle."""
        return list(islice(reversed(self._rows), self.next - first))[::-1]

    def _message(self, kind: str, first: int, rows: list[Row]) -> dict[str, Any]:
        return {
            "v": VERSION,
            "type": kind,
            "epoch": self.epoch,
            "first": first,
            "next": self.next,
            "rows": rows,
            "dropped": self.dropped,
        }


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
