"""LogLines: the last lines of a task's log as a value that grows cheaply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from wiro_widgets.protocol.events import Log

MAX_LOG_LINES = 10_000
MAX_LOG_CHARS = 16 * 1024 * 1024


class LogLines(Sequence[Log]):
    """An immutable list of log lines that shares its memory with the longer ones made from it.

    Holds the last `MAX_LOG_LINES`, and fewer when they are longer than `MAX_LOG_CHARS` together; `dropped` counts
    the ones before.
    """

    __slots__ = ("_chars", "_end", "_lines", "_start", "dropped")

    def __init__(self, lines: Iterable[Log] = ()) -> None:
        self._lines = list(lines)
        self._start = 0
        self._end = len(self._lines)
        self._chars = sum(len(line.text) for line in self._lines)
        self.dropped = 0

    def appended(self, *more: Log) -> LogLines:
        """Return these lines and some more; how many these are does not count when they are the newest."""
        lines, start = self._lines, self._start
        # The list goes on behind the end of an older value, and before its start lie lines that nobody needs.
        if len(lines) != self._end or start > len(self):
            lines, start = lines[start : self._end], 0
        lines.extend(more)
        longer = LogLines()
        longer._lines, longer._end = lines, len(lines)
        longer._chars = self._chars + sum(len(line.text) for line in more)
        longer._start = longer._first_kept(start)
        longer.dropped = self.dropped + longer._start - start
        return longer

    def _first_kept(self, start: int) -> int:
        while self._end - start > MAX_LOG_LINES or (self._chars > MAX_LOG_CHARS and self._end - start > 1):
            self._chars -= len(self._lines[start].text)
            start += 1
        return start

    def __len__(self) -> int:
        return self._end - self._start

    @overload
    def __getitem__(self, index: int) -> Log: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Log]: ...
    def __getitem__(self, index: int | slice) -> Log | Sequence[Log]:
        if isinstance(index, slice):
            return self._lines[self._start : self._end][index]
        return self._lines[range(self._start, self._end)[index]]

    def __iter__(self) -> Iterator[Log]:
        return (self._lines[index] for index in range(self._start, self._end))

    def __repr__(self) -> str:
        return f"<{len(self)} log lines>"
