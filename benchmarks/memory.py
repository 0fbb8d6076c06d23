"""How much memory this process has, and by how much it grows while something goes on."""

from __future__ import annotations

import threading
from typing import Self

import psutil

TICK = 0.002  # seconds between two looks


def resident() -> int:
    """Return the bytes of memory that this process has."""
    size: int = psutil.Process().memory_info().rss
    return size


class Growth:
    """Watches this process from a thread for the length of a block; `most` is by how many bytes it grew at most."""

    def __init__(self, tick: float = TICK) -> None:
        self.most = 0
        self._tick = tick
        self._before = resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> None:
        """Note what is more than before."""
        self.most = max(self.most, resident() - self._before)

    def _watch(self) -> None:
        while not self._over.wait(self._tick):
            self.look()
