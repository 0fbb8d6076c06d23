"""Order the runs that wait because the balance allows no further task at once (docs/protocol.md, Concurrency)."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from wiro_widgets.protocol import backoff
from wiro_widgets.protocol.timing import Timing


class BalanceQueue:
    """The runs of one client that were refused with code 96, first come, first served.

    Only the first in the queue asks again: when one of our tasks has ended, or after a pause that grows, because the
    tasks in the way may be another process's.
    """

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self._places: deque[Place] = deque()
        self._progress_at = monotonic()
        self._change = asyncio.Event()
        self.ends = 0  # tasks of ours that have ended

    def __repr__(self) -> str:
        return f"<BalanceQueue, {self.waiting} waiting>"

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self._places)

    @property
    def change(self) -> asyncio.Event:
        """Set at the next change; each change has an event of its own."""
        return self._change

    @property
    def progress_at(self) -> float:
        """When one of our tasks ended or one of our runs was accepted last, in monotonic seconds."""
        return self._progress_at

    def task_ended(self) -> None:
        """Let the first run ask at once, since one of our tasks has ended."""
        self.ends += 1
        self._progress_at = monotonic()
        self._announce()

    def run_accepted(self) -> None:
        """Keep the waiting runs from giving up, since one of our runs was accepted."""
        self._progress_at = monotonic()

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Give a run a place that it may join the queue with; it leaves the queue with the block."""
        place = Place(self)
        try:
            yield place
        finally:
            if place.is_in_line:
                self._places.remove(place)
                self._announce()

    def add(self, place: Place) -> None:
        """Put a run at the end of the queue."""
        self._places.append(place)

    def is_first(self, place: Place) -> bool:
        """Return True if this run is next to be submitted."""
        return self._places[0] is place

    def _announce(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()


class Place:
    """What one run has of the queue, before it joins and while it waits."""

    def __init__(self, queue: BalanceQueue) -> None:
        self.is_in_line = False
        self._queue = queue
        self._joined_at = 0.0
        self._ends_at_last_try = 0
        self._next_try = 0.0
        self._pauses = backoff.delays(*queue.timing.balance_pauses, random.random)

    def join(self) -> None:
        """Begin to wait."""
        self.is_in_line = True
        self._joined_at = monotonic()
        self._queue.add(self)
        self.use()

    def use(self) -> None:
        """Plan the next try, because one has just been made or is made now."""
        self._ends_at_last_try = self._queue.ends
        self._next_try = monotonic() + next(self._pauses)

    @property
    def change(self) -> asyncio.Event:
        """Set at the next change of the queue."""
        return self._queue.change

    @property
    def seconds(self) -> float:
        """How long to wait for `change`; 0 means submit now."""
        if not self._queue.is_first(self):
            return self._queue.timing.balance_patience
        return 0.0 if self._queue.ends > self._ends_at_last_try else max(0.0, self._next_try - monotonic())

    @property
    def is_hopeless(self) -> bool:
        """True if no task of ours ended and no run of ours was accepted for `Timing.balance_patience`."""
        silence = monotonic() - max(self._joined_at, self._queue.progress_at)
        return silence > self._queue.timing.balance_patience
