"""A sweep that is displayed while it goes on: shown in a notebook's cell, and anew until nothing runs any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from wiro_widgets.render.notebook_repr import Displayed, in_notebook
from wiro_widgets.sweeps.progress import Progress
from wiro_widgets.sweeps.view import SweepView

TICK = 0.5  # seconds between two looks
STEPS = 10  # times that the pictures are sent again, however many there are

Changed = Callable[[float], Awaitable[bool]]


class Live(Displayed):
    """The pictures of a sweep, under the line that says how far it is."""

    def __init__(self, sweep: SweepView[Any]) -> None:
        self._sweep = sweep
        self._shown = self._done
        self._progress = Progress(sweep, shown=None)
        self._handle: Any = None

    def __repr__(self) -> str:
        return repr(self._sweep)

    def _repr_html_(self) -> str:
        return self._sweep.pictures()

    def begin(self) -> None:
        """Show it for the first time."""
        self._progress.begin()
        self._handle = in_notebook(self)

    async def follow(self, changed: Changed) -> None:
        """Show it anew until `changed`, which waits for so many seconds, says that nothing runs any more."""
        while await changed(TICK):
            await asyncio.to_thread(self._update)
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """Show how it ended; said from a cell, so that also a host hears it that listens to the running cell alone."""
        self._update(over=True)

    @property
    def _done(self) -> int:
        return sum(cell.done for cell in self._sweep.cells)

    def _update(self, over: bool = False) -> None:
        self._progress.update()
        done = self._done
        if over or done - self._shown >= max(1, len(self._sweep) // STEPS):
            self._shown = done
            self._handle.update(self)
