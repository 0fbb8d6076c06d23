"""The pacer: one thread that looks at everything that is drawn live, and draws a few of it each second."""

from __future__ import annotations

import logging
import os
import threading
from time import monotonic
from typing import Protocol

INTERVAL = 0.2  # seconds between two updates, over all that is drawn in this process
_SHARE = 20  # looking at the drawings takes at most one part in so many of the time
_MOST_AHEAD = 1.0  # seconds that updates wait because of others that could not wait

_log = logging.getLogger("wiro_widgets")


class Drawing(Protocol):
    """Something that is drawn again when it has changed."""

    def refresh(self) -> bool:
        """Draw what has changed since the last time; return True if something was sent.

        Called on the pacer's thread, so it may wait for a slow reader. It is to be quick if nothing has changed.
        """


class Pacer:
    """Refreshes its drawings in turn, so that all of them together send one update in `interval` seconds.

    It looks at them and is not told of changes: events cost nothing, however many come. The thread ends with the last
    drawing.
    """

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._condition = threading.Condition()  # guards all below
        self._drawings: dict[Drawing, None] = {}  # the one that waits longest is first
        self._thread: threading.Thread | None = None
        self._next = 0.0  # when the next update may be sent

    def add(self, drawing: Drawing) -> None:
        """Refresh a drawing from now on; adding it twice is fine."""
        with self._condition:
            self._drawings.setdefault(drawing)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wiro-display", daemon=True)
                self._thread.start()

    def remove(self, drawing: Drawing) -> None:
        """Refresh it no more; a refresh may be under way."""
        with self._condition:
            self._drawings.pop(drawing, None)
            self._condition.notify_all()

    def count(self) -> None:
        """Count an update that was sent outside of the pace, such as the first or the last: others wait for it."""
        with self._condition:
            now = monotonic()
            self._next = min(max(self._next, now) + self._interval, now + _MOST_AHEAD)

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._drawings:
                    self._thread = None
                    return
                pause = self._next - monotonic()
                if pause > 0:
                    self._condition.wait(pause)
                    continue
                drawings = tuple(self._drawings)
            start = monotonic()
            self._refresh_one(drawings)
            now = monotonic()
            with self._condition:
                self._next = max(self._next, now + max(self._interval, _SHARE * (now - start)))

    def _refresh_one(self, drawings: tuple[Drawing, ...]) -> None:
        """Refresh the first drawing that has changed, and put it behind the others."""
        for drawing in drawings:
            try:
                if not drawing.refresh():
                    continue
            except Exception:  # noqa: BLE001 - a host may raise anything, and others are still to be drawn
                _log.exception("A live display failed and is not updated any more")
                self.remove(drawing)
                continue
            with self._condition:
                if drawing in self._drawings:
                    del self._drawings[drawing]
                    self._drawings[drawing] = None
            return


_pacer = Pacer()


def pacer() -> Pacer:
    """Return the pacer of this process."""
    return _pacer


def _begin_anew() -> None:
    """Make the pacer of a forked child, which has neither the parent's thread nor its displays."""
    global _pacer  # noqa: PLW0603 - one for the whole process is the point
    _pacer = Pacer()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
