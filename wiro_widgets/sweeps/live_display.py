"""The display of a sweep that runs: one line with a bar for a wait, and in a notebook's cell the pictures below it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from wiro_widgets.render.grid import bar
from wiro_widgets.render.notebook_repr import NotebookRepr, display_handle, is_notebook
from wiro_widgets.sweeps.view import SweepView

POLL_SECONDS = 0.5  # between two looks at the sweep
PICTURE_UPDATES = 10  # times that the pictures are sent again, however many there are


class ProgressLine(NotebookRepr):
    """One line that says how far a sweep is: a bar in a notebook, a line on stderr in a terminal, otherwise nothing.

    `enabled` True writes to stderr even if that is no terminal, and False shows nothing at all.
    """

    def __init__(self, sweep: SweepView[Any], *, enabled: bool | None) -> None:
        self._sweep = sweep
        self._enabled = enabled
        self._handle: Any = None
        self._text = ""

    def __repr__(self) -> str:
        return self._sweep.line

    def _repr_html_(self) -> str:
        return bar(self._sweep.line, self._sweep.progress)

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.update()
        if self._text and self._handle is None:
            self._write("\n")

    def begin(self) -> None:
        """Show it for the first time."""
        if self._enabled is not False:
            self._handle = display_handle(self)
        self.update()

    def update(self) -> None:
        """Show how far the sweep is now, if that has changed."""
        line = self._sweep.line
        if self._enabled is False or line == self._text:
            return
        if self._handle is not None:
            self._handle.update(self)
        elif self._enabled or (sys.stderr is not None and sys.stderr.isatty()):
            self._write(f"\r{line.ljust(len(self._text))}")
        else:
            return
        self._text = line

    def _write(self, text: str) -> None:
        """Write to stderr; a terminal that has gone ends the display, not the wait for what is paid for."""
        try:
            if sys.stderr is not None:
                sys.stderr.write(text)
                sys.stderr.flush()
        except (OSError, ValueError):
            self._enabled = False


class LiveSweep(NotebookRepr):
    """The pictures of a sweep under its progress line, in a notebook's cell; both are updated until it is over."""

    def __init__(self, sweep: SweepView[Any]) -> None:
        self._sweep = sweep
        self._done_count = self._count_done()
        self._progress = ProgressLine(sweep, enabled=None)
        self._progress.begin()
        self._handle: Any = display_handle(self)

    def __repr__(self) -> str:
        return repr(self._sweep)

    def _repr_html_(self) -> str:
        return self._sweep.pictures()

    @classmethod
    def show(cls, sweep: SweepView[Any]) -> Self:
        """Show a sweep; raises NotImplementedError if it does not run, or if this is no notebook."""
        if not (sweep.busy and is_notebook()):
            raise NotImplementedError
        return cls(sweep)

    async def follow(self, busy_after: Callable[[float], Awaitable[bool]]) -> None:
        """Update the display until the sweep is over; `busy_after` waits so many seconds and tells if it still runs."""
        while await busy_after(POLL_SECONDS):
            await asyncio.to_thread(self._update)
        await asyncio.to_thread(self.end)

    def end(self) -> None:
        """Show how the sweep ended; `wait` calls this too, for hosts that show only messages of the running cell."""
        self._update(is_over=True)

    def _update(self, *, is_over: bool = False) -> None:
        self._progress.update()
        done_count = self._count_done()
        if is_over or done_count - self._done_count >= max(1, len(self._sweep) // PICTURE_UPDATES):
            self._done_count = done_count
            self._handle.update(self)

    def _count_done(self) -> int:
        return sum(cell.done for cell in self._sweep.cells)
