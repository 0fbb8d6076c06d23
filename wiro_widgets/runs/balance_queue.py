"""Order the runs that wait because the balance allows no further task at once (docs/protocol.md, Concurrency)."""

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


class BalanceQueue:
    """The runs of one client that were refused with code 96, first come, first served.

    Only the first in the queue asks again: when one of our tasks has ended, or after a pause that grows, because the
    tasks in the way may be another process's.
    """

    def __init__(self) -> None:
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
    def join(self) -> Iterator[Place]:
        """Wait in the queue for the length of the block."""
        place = Place(self)
        self._places.append(place)
        try:
            yield place
        finally:
            self._places.remove(place)
            self._announce()

    def is_first(self, place: Place) -> bool:
        """Return True if this run is next to be submitted."""
        return self._places[0] is place

    def _announce(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()


class Place:
    """The place of one run in the queue."""

    def __init__(self, queue: BalanceQueue) -> None:
        self._queue = queue
        self._since = monotonic()
        self._ends_at_last_try = queue.ends
        self._pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, random.random)
        self._next_try = monotonic() + next(self._pauses)

    @property
    def is_hopeless(self) -> bool:
        """True if nothing has changed for `LONGEST_WAIT`."""
        return monotonic() - max(self._since, self._queue.progress_at) > LONGEST_WAIT

    @property
    def seconds(self) -> float:
        """How long to wait for `BalanceQueue.change`; 0 means submit now."""
        if not self._queue.is_first(self):
            return LONGEST_WAIT
        return 0.0 if self._queue.ends > self._ends_at_last_try else max(0.0, self._next_try - monotonic())

    def use(self) -> None:
        """Plan the next try, because this one is made now."""
        self._ends_at_last_try = self._queue.ends
        self._next_try = monotonic() + next(self._pauses)
