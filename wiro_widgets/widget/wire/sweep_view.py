"""A sweep as the browser shows it: one press of Run, with a board of cells that fills as they finish."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from wiro_widgets.client.sync_client import Task
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.media.images import in_threads
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.state import Status
from wiro_widgets.render import run_words
from wiro_widgets.render.grid import label
from wiro_widgets.runs.options import UnknownPolicy
from wiro_widgets.sweeps.axes import Axis, identity
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.view import axis_headings, shared_words
from wiro_widgets.widget.wire import labels
from wiro_widgets.widget.wire.feed import Line
from wiro_widgets.widget.wire.log_rows import shorten
from wiro_widgets.widget.wire.messages import Choice
from wiro_widgets.widget.wire.output_view import OutputView
from wiro_widgets.widget.wire.run_view import View

MAX_CELLS = 200  # of one board; `Sweep.grid` and `Sweep.contact_sheet` show the others
MAX_COLUMNS = 8  # a longer axis goes down
FOLD = 4  # pictures in a row if there is only one axis
EDGE = 256  # pixels of a cell's picture; the page asks for the full one when a cell is chosen
_LAST_ROWS = {"succeeded": "done", "cancelled": "cancel"}

Cells = Sequence[Cell[Any]]
Headings = Mapping[str, Mapping[Any, str]]  # by axis, by the identity of the value
_NO_HEADINGS: Headings = MappingProxyType({})
Row = tuple[str, tuple[int | None, ...]]  # a heading, and cells by index; None is a place without a cell


@dataclass(frozen=True, slots=True)
class Board:
    """The layout of a sweep: `x` and `y` name its axes; with one axis the rows have no headings."""

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    indexes: frozenset[int]
    count: int
    headings: Headings
    common_text: str  # what the long texts of an axis share

    def message(self, number: int, cells: Cells) -> dict[str, Any]:
        """Return the board of the run with that number; `cells` are all of the sweep."""
        return {
            "run": number,
            "x": self.x,
            "y": self.y,
            "columns": list(self.columns),
            "rows": [{"label": heading, "cells": list(places)} for heading, places in self.rows],
            "titles": {str(index): title(cells[index], self.headings) for index in sorted(self.indexes)},
            "note": self.note,
        }

    @property
    def note(self) -> str:
        """What its texts share, and where to see the cells that it leaves out."""
        more = self.count - len(self.indexes)
        rest = f"{more:,} more: panel.sweep.grid() and panel.sweep.contact_sheet()" if more else ""
        return run_words.join_facts(self.common_text or None, rest or None)


def lay_out(axes: Sequence[Axis], cells: Cells) -> Board:
    """Return the layout of a grid: the longest axis that fits goes across, the combinations of the others down."""
    axes = [axis for axis in axes if len(axis.values) > 1]
    facts = (len(cells), {axis.name: axis_headings(axis) for axis in axes}, shared_words(axes))

    def heading(axis: Axis, value: Any) -> str:
        return facts[1][axis.name].get(identity(value)) or label(value)

    if len(axes) < 2:  # noqa: PLR2004 - a table has two axes
        starts = range(0, len(cells), FOLD)
        short_rows = (("", tuple(range(start, min(start + FOLD, len(cells))))) for start in starts)
        return _board(axes[0].name if axes else "", "", (), short_rows, *facts)

    def length(axis: Axis) -> int:
        return len(axis.values)

    across = max(
        [axis for axis in axes if length(axis) <= MAX_COLUMNS] or [min(axes, key=length)], key=length
    )
    down = [axis for axis in axes if axis is not across]
    indexes = {_key(cell.chosen.get(axis.name) for axis in (*down, across)): cell.index for cell in cells}
    rows = (
        (
            run_words.DOT.join(map(heading, down, combination)),
            tuple(indexes.get(_key((*combination, value))) for value in across.values),
        )
        for combination in itertools.product(*(axis.values for axis in down))
    )
    y = run_words.DOT.join(axis.name for axis in down)
    columns = tuple(heading(across, value) for value in across.values)
    return _board(across.name, y, columns, rows, *facts)


def title(cell: Cell[Any], headings: Headings = _NO_HEADINGS) -> str:
    """Return what distinguishes a cell, as "steps 10, seed 1"; a single text goes without the name of its axis."""
    texts = {
        name: headings.get(name, {}).get(identity(value)) or label(value)
        for name, value in cell.chosen.items()
    }
    if len(texts) == 1:
        [value] = cell.chosen.values()
        if isinstance(value, str) and wire_values.number(value) is None:
            return next(iter(texts.values()))
    return ", ".join(f"{name} {text}" for name, text in texts.items()) or "the only run"


def _board(
    x: str,
    y: str,
    columns: tuple[str, ...],
    rows: Iterator[Row],
    count: int,
    headings: Headings,
    common_text: str,
) -> Board:
    first_rows: list[Row] = []
    indexes: set[int] = set()
    for row in rows:
        if indexes and len(indexes) + len(row[1]) > MAX_CELLS:
            break
        first_rows.append(row)
        indexes.update(index for index in row[1] if index is not None)
    return Board(x, y, columns, tuple(first_rows), frozenset(indexes), count, headings, common_text)


def _key(values: Iterator[Any] | tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(identity, values))


class SweepView(View):
    """One sweep. Until it is planned and priced its status is "submitting".

    `launch` gets the Sweep or the error that refused it. `on_task` is called with each task that begins, on the
    engine's thread.
    """

    rate = 4  # deltas a second: each may bring pictures

    def __init__(
        self,
        number: int,
        model: str,
        axes: Sequence[Axis],
        constants: Mapping[str, Any],
        on_task: Callable[[Task], object],
    ) -> None:
        runs = run_words.count(prod(len(axis.values) for axis in axes), "run")
        names = " \N{MULTIPLICATION SIGN} ".join(axis.name for axis in axes)
        values = {**constants, **{axis.name: list(axis.values) for axis in axes}}
        super().__init__(number, model, values, f"{runs}: {names}")
        self.launch: Future[Sweep] = Future()
        self.stopped = False  # before it was launched
        self._on_task = on_task
        self._sweep: Sweep | None = None
        self._board: Board | None = None
        self._lines: list[Line] = []
        self._changed_cells: deque[Cell[Task]] = deque()  # the engine's thread appends, `extras` takes
        self._done: dict[int, str] = {}  # the statuses of the cells that are done, by index
        self._run_count = 0  # done cells that did not come from the journal
        self._cell_messages: dict[int, dict[str, Any]] = {}
        self._last_note: str | None = None
        self._is_watched = False

    @property
    def status(self) -> Status:
        """The status of the whole sweep."""
        sweep = self._sweep
        if sweep is None:
            return "failed" if self.launch.done() else "submitting"
        if self.ended is None:
            return "running" if sweep.busy else "finishing"
        counts = sweep.counts
        if sweep.error is not None:
            return "failed"
        if "unknown" in counts:
            return "unknown"
        if {"pending", "cancelled"} & counts.keys():
            return "cancelled"
        return "failed" if {"failed", "refused"} & counts.keys() else "succeeded"

    @property
    def over(self) -> bool:
        """True if no cell runs, or the sweep was refused."""
        return self.launch.done() and (self._sweep is None or not self._sweep.busy)

    @property
    def fraction(self) -> float | None:
        """The share of the cells that are done."""
        return len(self._done) / len(self._sweep) if self._sweep else None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What the user may do about cells of unknown outcome."""
        return ("look", "send") if self.ended is not None and self._unknown_cells else ()

    @property
    def reason(self) -> str:
        """Why the sweep did not end well; of cells of unknown outcome, why the first one is."""
        return str(self._unknown_cells[0].error) if self._unknown_cells else super().reason

    @property
    def _unknown_cells(self) -> list[Cell[Task]]:
        return [cell for cell in self._sweep.cells if cell.status == "unknown"] if self._sweep else []

    def _choice(self, name: Choice) -> dict[str, str | None]:
        return labels.choice(name, len(self._unknown_cells))

    def settle_unknown(self, policy: UnknownPolicy) -> int:
        """Look for the tasks of cells of unknown outcome, with "send" send them again; return how many stay unknown."""
        sweep, cells = self._sweep, self._unknown_cells
        if sweep is None:
            return 0
        sweep.settle_unknown(policy)
        for cell in cells:
            if cell.done and cell.status != "unknown":
                self._note_cell(cell)  # from the journal: nothing runs for it
            self._changed_cells.append(cell)
        self.ended = self.notice = None
        return len(self._unknown_cells)

    def watch(self, callback: Callable[[], object]) -> None:
        """Call back when a cell begins or ends; further calls change nothing."""

        def on_cell(cell: Cell[Task]) -> None:
            self._note_cell(cell)
            callback()

        if self._sweep is not None and not self._is_watched:
            self._is_watched = True
            self._sweep.add_callback(on_cell)

    def stop(self) -> None:
        """Begin to stop the running cells; no further cell begins."""
        self.stopped = True
        if self._sweep is not None:
            self._sweep.stop_soon()

    def accept(self, sweep: Sweep) -> None:
        """Take the sweep once it is planned; its cells from the journal are done already."""
        self._board = lay_out(sweep.axes, sweep.cells)
        self._sweep = sweep
        for cell in sweep.cells:
            if cell.done:
                self._note_cell(cell)
        self.launch.set_result(sweep)

    def refuse(self, error: WiroError) -> None:
        """End the sweep with an error before anything was sent."""
        self.launch.set_exception(error)

    def finish(self) -> None:
        """Add up the cost, and make a notice if no cell has a result."""
        error = self.launch.exception()
        if error is None and self._sweep is not None:
            cells = self._sweep.cells
            records = [cell.record for cell in cells if cell.task is not None and not cell.from_journal]
            costs = [record.total_cost for record in records if record.total_cost is not None]
            self.cost = sum(costs) if costs else None
            if not any(cell.result for cell in cells) and not self._unknown_cells:  # those are on the board
                error = self._sweep.error or next((cell.error for cell in cells if cell.error), None)
        if isinstance(error, WiroError):
            self.notice = labels.notice(error)
        self.ended = time.time()

    def entries(self, position: int) -> tuple[list[Line], int]:
        """Return the lines of its cells."""
        after = len(self._lines)
        return self._lines[position:after], after

    def lines(self, entry: Line) -> tuple[Line]:
        """Return the line itself."""
        return (entry,)

    def last_lines(self) -> list[Line]:
        """Return how it ended."""
        if self.ended is None:
            return []
        error = self.launch.exception() or (self._sweep.error if self._sweep else None)
        text = self._sweep.line if self._sweep else "Refused before anything was sent"
        kind = _LAST_ROWS.get(self.status, "error")
        return [(self.seconds(self.ended), kind, shorten(f"{text}: {error}" if error else text))]

    def summary(self) -> dict[str, Any]:
        """Return the entry in the list of runs."""
        summary = super().summary()
        return {**summary, "line": self._done_line} if self.status == "running" else summary

    def details(self, elapsed: float) -> dict[str, Any]:
        """Return the progress in words; the cells follow in `extras`."""
        word = labels.status_label(self.status, elapsed)
        if self.status in ("failed", "unknown") and self._cell_messages:
            succeeded = sum(1 for status in self._done.values() if status == "succeeded")
            word = f"{succeeded:,} of {len(self._done):,} done"
        pace = ""
        if self._sweep is not None and self._run_count and not self.ended:
            seconds = (len(self._sweep) - len(self._done)) * elapsed / self._run_count
            pace = f"about {run_words.seconds(seconds)} left"
        return {
            "progress": None if self.ended else self.fraction,
            "stages": [],
            "word": word,
            "doing": self._activity,
            "pace": pace,
            "said": f"{word}. {self._done_line}" if self.ended else word,
            "outputs": [],
            "text": None,
        }

    def extras(self, *, whole: bool) -> dict[str, Any]:
        """Return the board if it is new or has a new note, and the cells that changed; with `whole` all of both.

        Makes the pictures of the cells.
        """
        if self._board is None or self._sweep is None:
            return {}
        extras: dict[str, Any] = {}
        changes = self._cell_changes()
        note = self._note()
        if whole or note != self._last_note:
            self._last_note = note
            extras["board"] = {**self._board.message(self.number, self._sweep.cells), "note": note}
        cells = list(self._cell_messages.values()) if whole else changes
        return {**extras, "cells": cells} if cells else extras

    @property
    def _done_line(self) -> str:
        return f"{len(self._done):,} of {len(self._sweep) if self._sweep else 0:,}"

    @property
    def _activity(self) -> str:
        if self._sweep is None:
            return "Planning"
        counts = self._sweep.counts
        others = (f"{counts[name]} {name}" for name in ("running", "failed", "refused") if name in counts)
        return run_words.join_facts(f"{self._done_line} done", *others)

    def _note(self) -> str:
        parts = [self._board.note] if self._board and self._board.note else []
        if self.ended is not None and self._sweep is not None and self.status != "succeeded":
            counts = self._sweep.counts
            parts.insert(0, f"{self._activity}. Run again runs what is left.")
            if count := len(self._unknown_cells):
                left = (
                    ", but not these" if {"pending", "cancelled", "failed", "refused"} & counts.keys() else ""
                )
                text = f"{run_words.count(count, 'run')} unknown: {'a task' if count == 1 else 'tasks'} may exist"
                parts[0] = (
                    f"{counts.get('succeeded', 0):,} of {len(self._sweep):,} done{run_words.DOT}{text}."
                )
                parts[0] += f" Run again runs what is left{left}." if left else ""
            if self._sweep.error:
                parts.insert(0, f"Halted: {self._sweep.error}")
        return " ".join(parts)

    def _note_cell(self, cell: Cell[Task]) -> None:
        """Record that a cell began or ended; once watched, on the engine's thread."""
        if self._done.get(cell.index) == cell.status:
            return
        at = self.seconds(time.time())
        if cell.done:
            self._done[cell.index] = cell.status
            self._run_count += cell.task is not None
            text = shorten(f"{self._title(cell)}: {_outcome(cell)}")
            self._lines.append((at, _LAST_ROWS.get(cell.status, "error"), text))
        else:
            self._done.pop(cell.index, None)
            self._lines.append((at, "start", self._title(cell)))
            if cell.task is not None:
                self._on_task(cell.task)
        self._changed_cells.append(cell)

    def _title(self, cell: Cell[Task]) -> str:
        return title(cell, self._board.headings if self._board else _NO_HEADINGS)

    def _cell_changes(self) -> list[dict[str, Any]]:
        cells = dict[int, Cell[Task]]()
        while self._changed_cells:
            cell = self._changed_cells.popleft()
            if self._board and cell.index in self._board.indexes:
                cells[cell.index] = cell
        changes = [self._cell_message(cell) for cell in cells.values()]
        self._cell_messages |= {change["index"]: change for change in changes}
        return changes

    def _cell_message(self, cell: Cell[Task]) -> dict[str, Any]:
        outputs = cell.result.outputs if cell.done and cell.result else ()
        start = len(self.outputs)
        self.outputs += in_threads(lambda output: OutputView.of(output, EDGE), outputs)
        return {
            "index": cell.index,
            "status": cell.status,
            "note": _outcome(cell) if cell.done else "",
            "outputs": [
                item.message(self.output_id(index))
                for index, item in enumerate(self.outputs[start:], start=start)
            ],
        }


def _outcome(cell: Cell[Task]) -> str:
    if cell.status == "unknown":
        return f"{run_words.UNKNOWN}. {cell.error}"
    if cell.error is not None:
        return f"{cell.status}: {cell.error}"
    if cell.cut_off_note is not None:
        return cell.cut_off_note
    if cell.from_journal:
        return "was run before"
    cost, elapsed = cell.record.total_cost, cell.record.elapsed_seconds
    outcome = run_words.join_facts(
        None if cost is None else run_words.price(cost),
        None if elapsed is None else run_words.seconds(elapsed),
    )
    return outcome or cell.status
