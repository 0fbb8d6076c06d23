"""A sweep as the browser shows it: one press of Run, with a board of cells that fills as they finish."""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from wiro_widgets.client.sync_client import Task
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.media.images import in_threads
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.state import Status
from wiro_widgets.render import run_words
from wiro_widgets.render.grid import label
from wiro_widgets.runs.options import UnknownPolicy
from wiro_widgets.sweeps.axes import Axis, identity
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import MODEL_AXIS, OTHER_MODEL_AXIS, Schemas
from wiro_widgets.sweeps.view import axis_headings, progress_words, shared_words
from wiro_widgets.widget.panel_controls import SweepInputs
from wiro_widgets.widget.wire import labels
from wiro_widgets.widget.wire.feed import Line
from wiro_widgets.widget.wire.log_rows import shorten
from wiro_widgets.widget.wire.messages import Choice
from wiro_widgets.widget.wire.output_view import OutputView
from wiro_widgets.widget.wire.run_view import View

MAX_CELLS = 200  # of one board; `Sweep.grid` and `Sweep.contact_sheet` show the others
MAX_COLUMNS = 8  # a longer axis goes down
FOLD = 4  # pictures in a row if there is only one axis
MAX_ANSWER = 10_000  # characters of an answer; Python has all of it
EDGE = 256  # pixels of a cell's picture; the page asks for the full one when a cell is chosen
_LAST_ROWS = {"succeeded": "done", "cancelled": "cancel"}

Cells = Sequence[Cell[Any]]
Headings = Mapping[str, Mapping[Any, str]]  # by axis, by the identity of the value
_NO_HEADINGS: Headings = MappingProxyType({})
_NO_SCHEMAS: Schemas = MappingProxyType({})
_NO_AXIS = Axis("", (None,))
_NO_COSTS: Mapping[str, str] = MappingProxyType({})
Row = tuple[str, tuple[int | None, ...]]  # a heading, and cells by index; None is a place without a cell


@dataclass(frozen=True, slots=True)
class Board:
    """The layout of a sweep: `x` and `y` name its axes; without columns the rows have no headings.

    `models` has the model of each column, or of each row of a tall board, None where it is that of the row before.
    """

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    indexes: frozenset[int]
    count: int
    headings: Headings
    common_text: str  # what the long texts of an axis share
    models: tuple[str | None, ...] = ()
    is_tall: bool = False  # the models go down

    def message(self, number: int, cells: Cells, costs: Mapping[str, str] = _NO_COSTS) -> dict[str, Any]:
        """Return the board of the run with that number; `cells` are all of the sweep, `costs` are by model."""
        texts = [costs.get(model, "") if model else "" for model in self.models]
        board = {
            "run": number,
            "x": self.x,
            "y": self.y,
            "columns": list(self.columns),
            "rows": [{"label": heading, "cells": list(places)} for heading, places in self.rows],
            "titles": {str(index): title(cells[index], self.headings) for index in sorted(self.indexes)},
            "note": self.note,
        }
        if not texts:
            return board
        others = [""] * len(self.columns if self.is_tall else self.rows)
        return {**board, "costs": others + texts if self.is_tall else texts + others}

    @property
    def note(self) -> str:
        """What its texts share, and where to see the cells that it leaves out."""
        more = self.count - len(self.indexes)
        rest = f"{more:,} more: panel.sweep.grid() and panel.sweep.contact_sheet()" if more else ""
        return run_words.join_facts(self.common_text or None, rest or None)


def lay_out(axes: Sequence[Axis], cells: Cells, schemas: Schemas = _NO_SCHEMAS) -> Board:
    """Return the layout of a grid: the longest axis that fits goes across, the combinations of the others down.

    Models go across if they fit. Cells whose model does not take an axis have a row of their own.
    """
    axes = [axis for axis in axes if len(axis.values) > 1]
    headings = {
        axis.name: _model_titles(axis, schemas) if axis.is_model else axis_headings(axis) for axis in axes
    }
    facts = (len(cells), headings, shared_words(axis for axis in axes if not axis.is_model))
    models = next((axis for axis in axes if axis.is_model), None)

    def heading(axis: Axis, value: Any) -> str:
        if value is None:
            return f"without {axis.name}" if axis.name else ""
        return headings[axis.name].get(identity(value)) or label(value)

    if len(axes) < 2 and models is None:  # noqa: PLR2004 - a table has two axes
        starts = range(0, len(cells), FOLD)
        short_rows = (("", tuple(range(start, min(start + FOLD, len(cells))))) for start in starts)
        return _board(axes[0].name if axes else "", "", (), short_rows, *facts)

    across = _across(axes, models)
    down = [axis for axis in axes if axis is not across]
    indexes = {_key(cell.chosen.get(axis.name) for axis in (*down, across)): cell.index for cell in cells}
    combinations = [
        combination
        for combination in itertools.product(*(_values(axis, cells) for axis in down))
        if None not in combination or any(_key((*combination, value)) in indexes for value in across.values)
    ]
    rows = (
        (
            run_words.DOT.join(map(heading, down, combination)),
            tuple(indexes.get(_key((*combination, value))) for value in across.values),
        )
        for combination in combinations
    )
    y = run_words.DOT.join(axis.name for axis in down)
    columns = tuple(heading(across, value) for value in across.values)
    board = _board(across.name, y, columns, rows, *facts)
    if models is None:
        return board
    if models is across:
        return replace(board, models=models.values)
    firsts = [combination[down.index(models)] for combination in combinations[: len(board.rows)]]
    changes = [model if before != model else None for before, model in itertools.pairwise([None, *firsts])]
    return replace(board, models=tuple(changes), is_tall=True)


def _across(axes: Sequence[Axis], models: Axis | None) -> Axis:
    """Return the axis that goes across."""

    def length(axis: Axis) -> int:
        return len(axis.values)

    if models is not None and length(models) <= MAX_COLUMNS:
        return models
    if axes == [models]:
        return _NO_AXIS
    others = [axis for axis in axes if axis is not models]
    return max(
        [axis for axis in others if length(axis) <= MAX_COLUMNS] or [min(others, key=length)], key=length
    )


def _values(axis: Axis, cells: Cells) -> tuple[Any, ...]:
    """Return the values of an axis, and None at the end for the cells of models that do not take it."""
    return axis.values + ((None,) if any(axis.name not in cell.chosen for cell in cells) else ())


def _model_titles(axis: Axis, schemas: Schemas) -> dict[Any, str]:
    """Return the titles of the models, their names where they have none or share one."""
    titles = {model: (schema.title if (schema := schemas.get(model)) else "") for model in axis.values}
    counts = Counter(titles.values())
    return {identity(model): text if text and counts[text] == 1 else model for model, text in titles.items()}


def title(cell: Cell[Any], headings: Headings = _NO_HEADINGS) -> str:
    """Return what distinguishes a cell, as "steps 10, seed 1"; models and single texts go without their axis."""
    texts: list[str] = []
    for name, value in cell.chosen.items():
        text = headings.get(name, {}).get(identity(value)) or label(value)
        is_name = isinstance(value, str) and wire_values.number(value) is None
        is_clear = is_name and (len(cell.chosen) == 1 or _is_model(name, value, cell))
        texts.append(text if is_clear else f"{name} {text}")
    return ", ".join(texts) or "the only run"


def _is_model(name: str, value: str, cell: Cell[Any]) -> bool:
    return name in (MODEL_AXIS, OTHER_MODEL_AXIS) and value == cell.model


def _board(
    x: str,
    y: str,
    columns: tuple[str, ...],
    rows: Iterable[Row],
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
        self, number: int, inputs: SweepInputs, run_count: int, *, on_task: Callable[[Task], object]
    ) -> None:
        schemas, axes, constants = inputs
        runs = run_words.count(run_count, "run")
        names = " \N{MULTIPLICATION SIGN} ".join(axis.name for axis in axes)
        values = {**constants, **{axis.name: list(axis.values) for axis in axes}}
        super().__init__(number, next(iter(schemas)), values, f"{runs}: {names}")
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
        self._costs: dict[str, str] = {}  # in words, by model
        self._last_texts: tuple[str, dict[str, str]] | None = None  # of the board: its note and the costs
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
        self._board = lay_out(sweep.axes, sweep.cells, sweep.plan.schemas)
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
        text = progress_words(self._sweep) if self._sweep else "Refused before anything was sent"
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
        if whole or changes or not self._costs:
            self._costs = {model: self._sweep.cost_line(model) for model in self._board.models if model}
        texts = self._note(), self._costs
        if whole or texts != self._last_texts:
            self._last_texts = texts
            board = self._board.message(self.number, self._sweep.cells, self._costs)
            extras["board"] = {**board, "note": texts[0]}
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
        if self._board and self._sweep and self._sweep.left_out:
            parts.append(_left_out_text(self._sweep.left_out, self._board))
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
        self.outputs += in_threads(_output_view, outputs)
        return {
            "index": cell.index,
            "status": cell.status,
            "note": _outcome(cell) if cell.done else "",
            "outputs": [
                item.message(self.output_id(index))
                for index, item in enumerate(self.outputs[start:], start=start)
            ],
        }


def _left_out_text(left_out: Mapping[str, Sequence[str]], board: Board) -> str:
    """Return which values which models go without, in one line."""
    titles = {key: text for texts in board.headings.values() for key, text in texts.items()}
    return "; ".join(
        f"{titles.get(identity(model), model)} without {run_words.listing(names)}"
        for model, names in left_out.items()
    )


def _output_view(output: Output) -> OutputView:
    """Return an output with a small picture; the answer of a language model with its text, as a board has no other."""
    view = OutputView.of(output, EDGE)
    if output.content is None:
        return view
    text = output.content.text
    end = " \N{HORIZONTAL ELLIPSIS}" if len(text) > MAX_ANSWER else ""
    return replace(view, text=text[:MAX_ANSWER] + end or None)


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
