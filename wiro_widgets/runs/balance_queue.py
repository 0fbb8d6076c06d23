"""Who submits next when the balance allows no further task at the same time (protocol: code 96)."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from wiro_widgets.protocol import backoff

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# A run is given up when, for so long, none of our own tasks ended and none of our runs was accepted.
LONGEST_WAIT = 600.0


class Turns:
    """The runs of one client that were refused with code 96, first come, first served.

    Only the first in line asks again: when one of our tasks has ended, or after a pause that grows, for the tasks
    that stand in the way may be another process's.
    """

    def __init__(self) -> None:
        self._line: deque[Turn] = deque()
        self._moved_at = monotonic()
        self._changed = asyncio.Event()
        self.freed = 0  # how often room was made

    def __repr__(self) -> str:
        return f"<Turns, {len(self._line)} waiting>"

    @property
    def waiting(self) -> int:
        """How many runs stand in line."""
        return len(self._line)

    @property
    def changed(self) -> asyncio.Event:
        """Set once when something has moved; ask for it anew each time."""
        return self._changed

    @property
    def moved_at(self) -> float:
        """When one of our tasks ended or one of our runs was accepted, in monotonic seconds."""
        return self._moved_at

    def free(self) -> None:
        """Take note that one of our tasks has ended."""
        self.freed += 1
        self._moved_at = monotonic()
        self._wake()

    def accept(self) -> None:
        """Take note that one of our runs was accepted."""
        self._moved_at = monotonic()

    @contextmanager
    def join(self) -> Iterator[Turn]:
        """Stand in line for the length of the block."""
        turn = Turn(self)
        self._line.append(turn)
        try:
            yield turn
        finally:
            self._line.remove(turn)
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def first(self, turn: Turn) -> bool:
        """Whether nobody stands before it."""
        return self._line[0] is turn


class Turn:
    """One place in the line."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._since = monotonic()
        self._seen = turns.freed
        self._pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, random.random)
        self._next_try = monotonic() + next(self._pauses)

    @property
    def hopeless(self) -> bool:
        """Whether nothing has moved for so long that waiting on makes no sense."""
        return monotonic() - max(self._since, self._turns.moved_at) > LONGEST_WAIT

    @property
    def seconds(self) -> float:
        """How long to wait for `Turns.changed`; 0 is to ask now."""
        if not self._turns.first(self):
            return LONGEST_WAIT
        return 0.0 if self._turns.freed > self._seen else max(0.0, self._next_try - monotonic())

    def asked(self) -> None:
        """Take note that this turn is being used, and that the next comes later."""
        self._seen = self._turns.freed
        self._next_try = monotonic() + next(self._pauses)
