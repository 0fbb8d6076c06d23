"""The display of a sweep that runs: one line for a wait, and in a notebook's cell the pictures below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Protocol, Self

from wiro_widgets.display.cell_output import CellOutput
from wiro_widgets.render.notebook_repr import NotebookRepr, is_notebook
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.render.run_words import join_facts, whole_seconds
from wiro_widgets.sweeps.view import SweepView, progress_words

_NO_WIDGET = (
    "<style>.jp-OutputArea:has(.wiro-board) .jp-OutputArea-output.jupyter-widgets:not(:has(*))"
    "{display:none}</style>"
)
PICTURE_UPDATES = 10  # times that the pictures are sent again, however many there are


class SweepLine:
    """How far a sweep is now; called again and again, it knows since when it is watched."""

    def __init__(self, sweep: SweepView[Any]) -> None:
        self._sweep = sweep
        self.begin()
        self.note = ""  # what becomes of the sweep, once nobody waits for it any more

    def begin(self) -> None:
        """Watch it from now on."""
        self._start = monotonic()
        self._start_progress = self._sweep.progress

    def __call__(self) -> ProgressLine:
        """Return the line."""
        sweep = self._sweep
        if self.note or not sweep.busy:
            return ProgressLine(self.note or progress_words(sweep))
        elapsed, progress = monotonic() - self._start, sweep.progress
        remaining = ""
        if progress > self._start_progress:
            seconds = elapsed * (1 - progress) / (progress - self._start_progress)
            remaining = f"about {whole_seconds(seconds)} left"
        return ProgressLine(
            progress_words(sweep),
            facts=join_facts(remaining, whole_seconds(elapsed)),
            fraction=sweep.progress,
        )


@dataclass(frozen=True)
class Pictures(NotebookRepr):
    """The pictures of a sweep; they are drawn anew when `stage` has changed.

    While it runs the stage counts what is done. At its end, which may come again after a resume, it is how each cell
    ended.
    """

    sweep: SweepView[Any] = field(compare=False)
    stage: int | tuple[object, ...]

    @classmethod
    def of(cls, sweep: SweepView[Any]) -> Self:
        """Return the pictures as they are now."""
        if not sweep.busy:
            return cls(sweep, tuple((cell.status, cell.error, cell.lacks_files) for cell in sweep.cells))
        return cls(sweep, sum(cell.done for cell in sweep.cells) // max(1, len(sweep) // PICTURE_UPDATES))

    def __repr__(self) -> str:
        return repr(self.sweep)

    def _repr_html_(self) -> str:
        pictures = self.sweep.pictures()
        # The buttons are beside them as long as something is left; a saved notebook has no widget to show there.
        is_whole = not (self.sweep.busy or self.sweep.left_count)
        return pictures if is_whole else f'{_NO_WIDGET}<div class="wiro-board">{pictures}</div>'


class LiveDisplay(Protocol):
    """What shows a sweep in a page."""

    def begin_again(self) -> None:
        """Update it again, because the sweep was resumed."""

    def end(self) -> None:
        """Show its last state at once, because somebody waited for it."""


class LiveSweep:
    """The pictures of a sweep under its progress line, in a notebook's cell, updated until it is over.

    `buttons` draws what a person can do with it between the two.
    """

    def __init__(self, sweep: SweepView[Any], buttons: Callable[[], NotebookRepr] | None = None) -> None:
        self._line = SweepLine(sweep)
        pictures = partial(Pictures.of, sweep)
        contents = (self._line, buttons, pictures) if buttons else (self._line, pictures)
        self._outputs = [(content, CellOutput(content, lambda: not sweep.busy)) for content in contents]
        for _, output in self._outputs:
            output.begin()

    @classmethod
    def show(
        cls, sweep: SweepView[Any], make_buttons: Callable[[], Callable[[], NotebookRepr]] | None = None
    ) -> Self:
        """Show a sweep; raises NotImplementedError if there is nothing to wait for or press, and in no notebook."""
        if not is_notebook() or not (sweep.busy or (make_buttons and sweep.left_count)):
            raise NotImplementedError
        return cls(sweep, make_buttons() if make_buttons else None)

    def end(self) -> None:
        """Show how the sweep ended; `wait` calls this, for hosts that show only messages of the running cell."""
        for content, output in self._outputs:
            output.end(content())

    def begin_again(self) -> None:
        """Update it again, because the sweep was resumed."""
        self._line.begin()
        for _, output in self._outputs:
            output.begin_again()
