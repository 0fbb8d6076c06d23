"""The display of a sweep that runs: one line for a wait, and in a notebook's cell the pictures below it."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Self

from wiro_widgets.display.cell_output import CellOutput
from wiro_widgets.render.notebook_repr import NotebookRepr, is_notebook
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.render.run_words import join_facts, whole_seconds
from wiro_widgets.sweeps.view import SweepView

PICTURE_UPDATES = 10  # times that the pictures are sent again, however many there are


class SweepLine:
    """How far a sweep is now; called again and again, it knows since when it is watched."""

    def __init__(self, sweep: SweepView[Any]) -> None:
        self._sweep = sweep
        self._start = monotonic()
        self._start_progress = sweep.progress
        self.note = ""  # what becomes of the sweep, once nobody waits for it any more

    def __call__(self) -> ProgressLine:
        """Return the line."""
        sweep = self._sweep
        if self.note or not sweep.busy:
            return ProgressLine(self.note or sweep.line)
        elapsed, progress = monotonic() - self._start, sweep.progress
        remaining = ""
        if progress > self._start_progress:
            seconds = elapsed * (1 - progress) / (progress - self._start_progress)
            remaining = f"about {whole_seconds(seconds)} left"
        return ProgressLine(
            sweep.line, facts=join_facts(remaining, whole_seconds(elapsed)), fraction=sweep.progress
        )


@dataclass(frozen=True)
class Pictures(NotebookRepr):
    """The pictures of a sweep; they are drawn anew when `stage` has changed."""

    sweep: SweepView[Any] = field(compare=False)
    stage: int

    def __repr__(self) -> str:
        return repr(self.sweep)

    def _repr_html_(self) -> str:
        return self.sweep.pictures()


class LiveSweep:
    """The pictures of a sweep under its progress line, in a notebook's cell; both are updated until it is over."""

    def __init__(self, sweep: SweepView[Any]) -> None:
        self._sweep = sweep
        self._line = SweepLine(sweep)
        self._outputs = tuple(
            CellOutput(content, lambda: not sweep.busy) for content in (self._line, self._pictures)
        )
        for output in self._outputs:
            output.begin()

    @classmethod
    def show(cls, sweep: SweepView[Any]) -> Self:
        """Show a sweep; raises NotImplementedError if it does not run, or if this is no notebook."""
        if not (sweep.busy and is_notebook()):
            raise NotImplementedError
        return cls(sweep)

    def end(self) -> None:
        """Show how the sweep ended; `wait` calls this, for hosts that show only messages of the running cell."""
        for output, content in zip(self._outputs, (self._line(), Pictures(self._sweep, -1)), strict=True):
            output.end(content)

    def _pictures(self) -> Pictures:
        done_count = sum(cell.done for cell in self._sweep.cells)
        if not self._sweep.busy:
            return Pictures(self._sweep, -1)
        return Pictures(self._sweep, done_count // max(1, len(self._sweep) // PICTURE_UPDATES))
