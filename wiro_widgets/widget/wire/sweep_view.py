"""A sweep as the browser shows it: one press of Run, with a board of its cells that fills as they finish."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from math import prod
from typing import Any

from wiro_widgets.client.sync_client import Task
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.media.images import in_threads
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.state import Status
from wiro_widgets.sweeps.axes import Axis
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.widget.wire import board, labels
from wiro_widgets.widget.wire.board import Board
from wiro_widgets.widget.wire.log_rows import clipped
from wiro_widgets.widget.wire.notices import notice_of
from wiro_widgets.widget.wire.output_view import Shown
from wiro_widgets.widget.wire.view import Line, View

EDGE = 256  # pixels of a cell's picture; the whole one is asked for when a cell is chosen
_DOT = " \N{MIDDLE DOT} "
_TIMES = " \N{MULTIPLICATION SIGN} "
_ENDS = {"succeeded": "done", "cancelled": "cancel"}
_AGAIN = "Run again runs what is left."


class SweepView(View):
    """One sweep; until it is planned and priced it is being submitted.

    `launched` has the Sweep or the error that it met, `heard` is called with each task as it begins, on the engine's
    thread.
    """

    rate = 4  # times a second that news are told: each may bring pictures

    def __init__(
        self,
        number: int,
        model: str,
        axes: Sequence[Axis],
        same: Mapping[str, Any],
        heard: Callable[[Task], object],
    ) -> None:
        count = prod(len(axis.values) for axis in axes)
        names = _TIMES.join(axis.name for axis in axes)
        super().__init__(number, prompt=f"{labels.count(count, 'run')}: {names}")
        self.launched: Future[Sweep] = Future()
        self.stopped = False  # while it was being planned
        self._model = model
        self._values = {**same, **{axis.name: list(axis.values) for axis in axes}}
        self._heard = heard
        self._sweep: Sweep | None = None
        self._board: Board | None = None
        self._lines: list[Line] = []
        self._news: deque[Cell[Task]] = deque()  # written on the engine's thread, read by whoever draws
        self._standing: dict[int, str] = {}
        self._ran = 0  # cells that were not known from the journal
        self._told: dict[int, dict[str, Any]] = {}
        self._told_note: str | None = None

    @property
    def status(self) -> Status:
        """One word for all of it; it is over only once its pictures can be shown."""
        sweep = self._sweep
        if sweep is None:
            return "failed" if self.launched.done() else "submitting"
        if self.ended is None:
            return "running" if sweep.busy else "finishing"
        counts = sweep.counts
        if sweep.error is not None:
            return "failed"
        if {"pending", "cancelled"} & counts.keys():
            return "cancelled"
        if "unknown" in counts:
            return "unknown"
        return "failed" if {"failed", "refused"} & counts.keys() else "succeeded"

    @property
    def over(self) -> bool:
        """Whether nothing runs any more, or it was refused before anything was sent."""
        return self.launched.done() and (self._sweep is None or not self._sweep.busy)

    @property
    def fraction(self) -> float | None:
        """How many of its cells are done."""
        return len(self._standing) / len(self._sweep) if self._sweep else None

    @property
    def task_id(self) -> None:
        """A sweep has many tasks, so it has no id."""

    @property
    def model(self) -> str:
        """The model that it runs."""
        return self._model

    @property
    def values(self) -> Mapping[str, Any]:
        """What it was started with, a list for each axis."""
        return self._values

    def watch(self, hear: Callable[[], object]) -> None:
        """Have something called whenever a cell begins or ends."""
        if self._sweep is not None:

            def told(cell: Cell[Task]) -> None:
                self._take(cell)
                hear()

            self._sweep.add_callback(told)

    def stop(self) -> None:
        """Begin to stop what runs, and begin nothing further."""
        self.stopped = True
        if self._sweep is not None:
            self._sweep.stop_soon()

    def launch(self, sweep: Sweep) -> None:
        """Take the sweep that was planned, with what it knows from the journal."""
        self._board = board.lay_out(sweep.axes, sweep.cells)
        self._sweep = sweep
        for cell in sweep.cells:
            if cell.done:
                self._take(cell)
        self.launched.set_result(sweep)

    def refuse(self, error: WiroError) -> None:
        """Take note that nothing was sent."""
        self.launched.set_exception(error)

    def finish(self) -> None:
        """Say what came of it."""
        error = self.launched.exception()
        if error is None and self._sweep is not None:
            self.cost = _cost(self._sweep.cells)
            failed = [cell.error for cell in self._sweep.cells if cell.error is not None]
            anything = any(cell.result for cell in self._sweep.cells)
            error = None if anything else self._sweep.error or next(iter(failed), None)
        if isinstance(error, WiroError):
            self.notice = notice_of(error)
        self.end()

    def news(self, position: int) -> tuple[Iterator[Line], int, int]:
        """Return what was heard of its cells since."""
        after = len(self._lines)
        return iter(self._lines[position:after]), after, 0

    def last_lines(self) -> Iterator[Line]:
        """Return how it ended."""
        if self.ended is None:
            return
        error = self.launched.exception() or (self._sweep.error if self._sweep else None)
        kind = _ENDS.get(self.status, "error")
        told = self._sweep.line if self._sweep else "Refused before anything was sent"
        yield self.seconds(self.ended), kind, clipped(f"{told}: {error}" if error else told)

    def summary(self) -> dict[str, Any]:
        """Return it as one line of the list of runs."""
        told = super().summary()
        return {**told, "line": self._so_far} if self.status == "running" else told

    def details(self, elapsed: float) -> dict[str, Any]:
        """Return how far it is, in words; its cells are told apart, as they change."""
        word = labels.standing(self.status, elapsed)
        if self.status in ("failed", "unknown") and self._told:
            done = sum(1 for status in self._standing.values() if status == "succeeded")
            word = f"{done:,} of {len(self._standing):,} done"
        return {
            "progress": None if self.ended else self.fraction,
            "stages": [],
            "word": word,
            "doing": self._doing,
            "pace": self._pace(elapsed),
            "said": f"{word}. {self._so_far}" if self.ended else word,
            "outputs": [],
            "text": None,
        }

    def extras(self, *, whole: bool) -> dict[str, Any]:
        """Return the board where it is news, and the cells that stand differently; makes their pictures.

        `whole` for whoever has nothing yet.
        """
        if self._board is None or self._sweep is None:
            return {}
        found: dict[str, Any] = {}
        changed = self._changed()
        note = self._note()
        if whole or note != self._told_note:
            self._told_note = note
            found["board"] = {**self._board.message(self.number, self._sweep.cells), "note": note}
        cells = list(self._told.values()) if whole else changed
        return {**found, "cells": cells} if cells else found

    @property
    def _so_far(self) -> str:
        return f"{len(self._standing):,} of {len(self._sweep) if self._sweep else 0:,}"

    @property
    def _doing(self) -> str:
        if self._sweep is None:
            return "Planning"
        counts = self._sweep.counts
        parts = [f"{self._so_far} done"] + [
            f"{counts[name]} {name}" for name in ("running", "failed", "refused") if name in counts
        ]
        return _DOT.join(parts)

    def _pace(self, elapsed: float) -> str:
        if self._sweep is None or not self._ran or self.ended:
            return ""
        left = (len(self._sweep) - len(self._standing)) * elapsed / self._ran
        return f"about {labels.seconds(left)} left"

    def _note(self) -> str:
        told = [self._board.note] if self._board and self._board.note else []
        if self.ended is not None and self._sweep is not None and self.status != "succeeded":
            halted = [f"Halted: {self._sweep.error}"] if self._sweep.error else []
            told = [*halted, f"{self._doing}. {_AGAIN}", *told]
        return " ".join(told)

    def _take(self, cell: Cell[Task]) -> None:
        """Hear of a cell, on the engine's thread from when it is watched."""
        if self._standing.get(cell.index) == cell.status:
            return
        at, named = self.seconds(time.time()), board.title(cell)
        if cell.done:
            self._standing[cell.index] = cell.status
            self._ran += cell.task is not None
            told = _outcome(cell)
            self._lines.append((at, _ENDS.get(cell.status, "error"), clipped(f"{named}: {told}")))
        else:
            self._standing.pop(cell.index, None)
            self._lines.append((at, "start", named))
            if cell.task is not None:
                self._heard(cell.task)
        self._news.append(cell)

    def _changed(self) -> list[dict[str, Any]]:
        fresh = dict[int, Cell[Task]]()
        while self._news:
            cell = self._news.popleft()
            if self._board and cell.index in self._board.shown:
                fresh[cell.index] = cell
        changed = [self._cell(cell) for cell in fresh.values()]
        self._told |= {cell["index"]: cell for cell in changed}
        return changed

    def _cell(self, cell: Cell[Task]) -> dict[str, Any]:
        outputs = cell.result.outputs if cell.done and cell.result else ()
        before = len(self.shown)
        self.shown += in_threads(lambda output: Shown.of(output, EDGE), outputs)
        pictured = enumerate(self.shown[before:], start=before)
        return {
            "index": cell.index,
            "status": cell.status,
            "note": _outcome(cell) if cell.done else "",
            "outputs": [shown.message(self.output_id(index)) for index, shown in pictured],
        }


def _outcome(cell: Cell[Task]) -> str:
    if cell.error is not None:
        return f"{cell.status}: {cell.error}"
    if cell.from_journal:
        return "was run before"
    record = cell.record
    parts = [
        None if record.total_cost is None else labels.price(record.total_cost),
        None if record.elapsed_seconds is None else labels.seconds(record.elapsed_seconds),
    ]
    return _DOT.join(part for part in parts if part) or cell.status


def _cost(cells: Sequence[Cell[Task]]) -> float | None:
    """Return what the runs of this sweep have cost, those of an earlier one left out."""
    costs = [cell.record.total_cost for cell in cells if cell.task is not None and not cell.from_journal]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
