"""SweepView: what can be read of a sweep, blocking or not: counts, cost, table, grid and contact sheet."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from html import escape
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from wiro_widgets.journal import dataframe
from wiro_widgets.journal.dataframe import SweepRow
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema.parameters import nearest
from wiro_widgets.render import contact_sheet
from wiro_widgets.render.grid import MAX_ROW, Grid, GridCell, Layout, differing_words, label
from wiro_widgets.render.grid import table as grid_table
from wiro_widgets.render.html import clip
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.sweeps import table
from wiro_widgets.sweeps.axes import Axis, distinct, identity
from wiro_widgets.sweeps.cell import Cell, TaskT
from wiro_widgets.sweeps.plan import Plan

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

    from wiro_widgets.render.fonts import FontLike

SMALL_EDGE = 96  # pixels of a picture of a sweep that may still go on
_MAX_TROUBLE = 300  # characters of the first thing that went wrong
_FEWEST_PLACES = 2 / 3  # of a table that have a cell, if its axes are to count as independent
FEWEST_DIGITS, FLOAT_DIGITS = 4, 17  # significant ones: of a heading, and of a float in full
_ORDER = ("succeeded", "failed", "cancelled", "refused", "unknown", "running", "pending")
_WORDS = {"pending": "to go", "refused": "refused by the budget", "unknown": "unknown"}
_LONG_CAPTION = 30  # characters of a value that comes after the short ones, because its end may be cut off
_UNKNOWN_ADVICE = (
    "Of an unknown cell a task may exist: resume() looks for it and does not send it, "
    'resume(unknown="send") sends it again and may be billed twice'
)


class SweepView(NotebookRepr, Generic[TaskT]):
    """The readable side of a sweep; `plan` is what it runs, `estimate` the cost of the cells that were open.

    `estimates` has that cost by model.
    """

    _internal_names: ClassVar[Iterable[str]] = (
        "busy",
        "cost_line",
        "goes_on",
        "left_count",
        "pictures",
        "settle_unknown",
    )

    def __init__(
        self,
        plan: Plan,
        cells: Sequence[Cell[TaskT]],
        estimate: Estimate | None = None,
        estimates: Mapping[str, Estimate] | None = None,
    ) -> None:
        self.plan = plan
        self.model = plan.model
        self.axes: tuple[Axis, ...] = plan.axes
        self.cells = tuple(cells)
        self.estimate = estimate
        self.estimates: dict[str, Estimate] = dict(estimates or {})

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, index: int) -> Cell[TaskT]:
        return self.cells[index]

    @property
    def busy(self) -> bool:
        """True if a cell runs or is about to."""
        raise NotImplementedError

    @property
    def counts(self) -> dict[str, int]:
        """How many cells have each status; statuses that no cell has are left out."""
        counts = Counter[str](cell.status for cell in self.cells)
        return {status: counts[status] for status in _ORDER if counts[status]}

    @property
    def left_count(self) -> int:
        """How many cells `resume` runs, or fetches the files of."""
        return sum(cell.is_left for cell in self.cells)

    @property
    def spent(self) -> float:
        """The cost of its runs in USD, including those of earlier kernels."""
        return _cost(cell for cell in self.cells if cell.result or cell.error)

    @property
    def costs(self) -> dict[str, float]:
        """The cost of its runs in USD by model, including those of earlier kernels."""
        costs = dict.fromkeys(self.plan.schemas, 0.0)
        for cell in self.cells:
            costs[cell.model] += _cost([cell])
        return costs

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """The values that a model does not take, by model: its runs go without them."""
        return dict(self.plan.left_out)

    @property
    def progress(self) -> float:
        """The fraction of cells that are done."""
        return sum(cell.done for cell in self.cells) / len(self.cells)

    def __repr__(self) -> str:
        return printable(f"<{type(self).__name__} of {self.model}, {progress_words(self)}>")

    def to_pandas(self, expand: bool = False, *, tz: tzinfo | str | None = "UTC") -> pd.DataFrame:
        """Return one row a cell: `cell`, `cell_status`, `axis.<id>`, `cell_error`, then the columns of its record.

        `cell_error` also tells why `then` or a download failed; `cell_value` is what `then` returned for each result.
        `expand` adds `param.<id>` for every parameter; `tz` is the time zone of the times, None UTC without a zone,
        as Excel needs it. Raises ConfigurationError without pandas.
        """
        axes = {axis.name: [cell.chosen.get(axis.name) for cell in self.cells] for axis in self.axes}
        rows = [
            SweepRow(
                cell.status,
                cell.record,
                error=cell.trouble or cell.cut_off_note,
                value=cell.value,
            )
            for cell in self.cells
        ]
        return dataframe.sweep_to_pandas(axes, rows, expand=expand, tz=tz)

    def join(self, *, images: bool = True) -> Any:
        """Return the table that `map` was given, its index and columns, with what became of its rows beside.

        Further columns: `outcome` (the status of the cell), `task_id`, `cost` in USD, `paths` (a tuple), `text`,
        `error`, and `image`, the first picture as a PIL image, unless `images` is False. A name that the table has
        already gets `_run` at its end. A Polars frame gives one of Polars, all else one of pandas; without a table the
        values of the axes are the columns. Raises ConfigurationError without pandas, OutputError.

        >>> df2 = client.map("tencent/hunyuan-flux-srpo", df).wait().join()
        """
        columns: dict[str, list[Any]] = {
            "outcome": [cell.status for cell in self.cells],
            "task_id": [cell.record.task_id for cell in self.cells],
            "cost": [cell.record.total_cost for cell in self.cells],
            "paths": [tuple(cell.record.output_paths) for cell in self.cells],
            "text": [cell.result.text if cell.result else None for cell in self.cells],
            "error": [cell.trouble or cell.cut_off_note for cell in self.cells],
        }
        if images:
            columns["image"] = [cell.first_image for cell in self.cells]
        source = [cell.chosen for cell in self.cells] if self.plan.table is None else self.plan.table.source
        return table.join(source, columns)

    def grid(self, x: str | None = None, y: str | None = None, *, edge: int = 160) -> Grid:
        """Return the pictures as a table for a notebook: axis `x` across, axis `y` down; a click enlarges one.

        The default is the longest axes that vary independently. Values that vary together, as those of a list, are
        shown in order with a caption each. Raises InvalidParameter for an axis that the sweep does not have.
        """
        across, down = self._two_axes(x, y)
        return Grid(self._layout(across, down), edge=edge)

    def contact_sheet(
        self, x: str | None = None, y: str | None = None, *, edge: int = 256, font: FontLike | None = None
    ) -> Image:
        """Return the pictures as one PIL image with labelled rows and columns, each at most `edge` pixels wide.

        Labels are in a font of this machine that has their characters; a WiroWarning names characters that no font
        has. `font` is tried first: a path, a name or a Pillow font. Raises InvalidParameter for an axis that the sweep
        does not have, and for a font that cannot be opened.
        """
        across, down = self._two_axes(x, y)
        return contact_sheet.draw(self._layout(across, down), edge=edge, font=font)

    def pictures(self) -> str:
        """Return the pictures so far as HTML, small."""
        across, down = self._two_axes(None, None)
        html = grid_table(self._layout(across, down), SMALL_EDGE, large=False)
        html += "".join(
            f"<div>{escape(model)}: without {escape(', '.join(names))}</div>"
            for model, names in self.left_out.items()
        )
        first = next((cell for cell in self.cells if cell.trouble), None)
        if first is not None:
            html += f"<div>Cell {first.index}: {clip(first.trouble, _MAX_TROUBLE)}</div>"
        return html

    def _repr_html_(self) -> str:
        line = ProgressLine(progress_words(self), fraction=self.progress if self.busy else None)
        return f"<div>{line._repr_html_()}{self.pictures()}</div>"

    def _two_axes(self, x: str | None, y: str | None) -> tuple[Axis | None, Axis | None]:
        """Return the axes across and down: those that are named, else the longest that vary independently.

        Both are None if values vary together: a table of them would be a diagonal.
        """
        across = self._axis(x) if x else None
        down = self._axis(y) if y else None
        if across is not None and across is down:
            raise InvalidParameter(across.name, "is named for both ways; name another axis, or one alone")
        if across is None and down is None:
            across, down = self._independent_axes()
            # Models stand side by side, with their costs above.
            is_down = down is not None and down.is_model and len(down.values) <= MAX_ROW
            return (down, across) if is_down else (across, down)
        others = [axis for axis in self.axes if axis not in (across, down)]
        others.sort(key=lambda axis: -len(axis.values))
        if across is None and others:
            across = others.pop(0)
        if down is None and others:
            down = others.pop(0)
        return across, down

    def _independent_axes(self) -> tuple[Axis | None, Axis | None]:
        """Return the longest two axes whose combinations are nearly all there, with no others that vary beside them.

        Further axes may follow these two, or be independent as well.
        """
        axes = sorted(self.axes, key=lambda axis: -len(axis.values))
        if len(axes) < 2:  # noqa: PLR2004 - a table has two
            return (axes[0] if axes else None), None
        names = [axis.name for axis in axes]
        # Others lack what a model lacks.
        whole = [cell for cell in self.cells if cell.chosen.keys() >= set(names)]
        columns = {name: [identity(cell.chosen[name]) for cell in whole] for name in names}

        def is_table(names: Iterable[str]) -> tuple[bool, int]:
            several = [columns[name] for name in names]
            count = len(set(zip(*several, strict=True)))
            return count > _FEWEST_PLACES * prod(len(set(column)) for column in several), count

        all_independent, count = is_table(columns)
        for first, second in itertools.combinations(axes, 2):
            independent, places = is_table((first.name, second.name))
            if independent and (all_independent or places == count):
                return first, second
        return None, None

    def _axis(self, name: str) -> Axis:
        for axis in self.axes:
            if axis.name == name:
                return axis
        names = [axis.name for axis in self.axes]
        hint = nearest(name, names) or (f" It has {', '.join(names)}." if names else " It has none.")
        raise InvalidParameter(name, f"is no axis of this sweep.{hint}")

    def _layout(self, across: Axis | None, down: Axis | None) -> Layout:
        columns = self._values(across)
        rows = self._values(down)
        note = shared_words(self.axes)
        headings = {axis.name: axis_headings(axis) for axis in self.axes}
        is_gallery = down is None and len(self.cells) > 1 and (across is None or len(columns) > MAX_ROW)
        grid_cells: list[GridCell] = []
        places: dict[tuple[Any, Any], list[GridCell]] = {}
        for cell in self.cells:
            labels = {name: headings[name][identity(value)] for name, value in cell.chosen.items()}
            captions = (
                labels[axis.name] if note and len(self.axes) == 1 else f"{axis.name}: {labels[axis.name]}"
                for axis in self.axes
                if axis.name in labels and (is_gallery or axis not in (across, down))
            )
            grid_cell = GridCell(
                title=", ".join(f"{name} {text}" for name, text in labels.items()),
                status=cell.status,
                outputs=tuple(cell.result.outputs if cell.result else ()),
                error=str(cell.error) if cell.error else cell.cut_off_note or "",
                caption=", ".join(sorted(captions, key=lambda text: len(text) > _LONG_CAPTION)),
            )
            place = (
                down and identity(cell.chosen.get(down.name)),
                across and identity(cell.chosen.get(across.name)),
            )
            places.setdefault(place, []).append(grid_cell)
            grid_cells.append(grid_cell)
        if is_gallery:
            return Layout.gallery(grid_cells, note)
        return Layout(
            x=across.name if across else "",
            y=down.name if down else "",
            columns=tuple(self._heading(across, value, headings) for value in columns),
            rows=tuple(self._heading(down, value, headings) for value in rows),
            note=note,
            places=tuple(
                tuple(
                    tuple(places.get((down and identity(row), across and identity(column)), ()))
                    for column in columns
                )
                for row in rows
            ),
        )

    def _values(self, axis: Axis | None) -> tuple[Any, ...]:
        """Return the values of an axis, each once, and None at the end for cells whose model does not take it."""
        if axis is None:
            return (None,)
        last = (None,) if any(axis.name not in cell.chosen for cell in self.cells) else ()
        return distinct(itertools.chain(axis.values, last))

    def _heading(self, axis: Axis | None, value: Any, headings: Mapping[str, Mapping[Any, str]]) -> str:
        """Return the heading of a row or column; of a model with its cost in a line of its own."""
        if axis is None:
            return ""
        text = headings[axis.name].get(identity(value)) or f"without {axis.name}"
        return f"{text}\n{self.cost_line(value)}" if axis.is_model else text

    def cost_line(self, model: str) -> str:
        """Return what the runs of a model cost, or before they are done what they will cost, in words."""
        estimate = self.estimates.get(model)
        expected = estimate.amount if estimate is not None and estimate.high != 0 else ""
        if all(cell.done for cell in self.cells if cell.model == model):
            cost = dollars(self.costs[model])
            if cost == expected:
                return f"{cost} as estimated"
            return f"{cost} (estimate {expected})" if expected else cost
        return f"{expected or dollars(0.0)} expected"


def shared_words(axes: Iterable[Axis]) -> str:
    """Return what the long texts of each axis share, as "prompt: a harbour in ... at dusk"."""
    phrases = ((axis.name, differing_words(_texts(axis))[1]) for axis in axes)
    return "; ".join(f"{name}: {words}" for name, words in phrases if words)


def _texts(axis: Axis) -> list[str]:
    """Return the texts that an axis consists of; none if it has other values."""
    values = distinct(axis.values)
    return [str(value) for value in values] if all(isinstance(value, str) for value in values) else []


def axis_headings(axis: Axis) -> dict[Any, str]:
    """Return the headings of an axis by the identities of its values.

    Floats have as few digits, and long texts as few words, as distinguish them.
    """
    values = distinct(axis.values)
    texts = _texts(axis)
    if texts and not axis.is_model:
        return {
            identity(text): label(words) for text, words in zip(texts, differing_words(texts)[0], strict=True)
        }
    count = len({label(value) for value in values})
    for digits in range(FEWEST_DIGITS, FLOAT_DIGITS):
        texts = [
            label(float(f"{value:.{digits}g}") if isinstance(value, float) else value) for value in values
        ]
        if len(set(texts)) == count:
            return {identity(value): text for value, text in zip(values, texts, strict=True)}
    return {identity(value): label(value) for value in values}


def progress_words(sweep: SweepView[Any]) -> str:
    """Return how far a sweep is, in one line."""
    total = "1 cell" if len(sweep.cells) == 1 else f"{len(sweep.cells)} cells"
    counts = ", ".join(f"{count} {_WORDS.get(status, status)}" for status, count in sweep.counts.items())
    incomplete = sum(cell.status == "succeeded" and cell.trouble is not None for cell in sweep.cells)
    files = f", {incomplete} of them without all files" if incomplete else ""
    cut_off = sum(cell.cut_off_note is not None for cell in sweep.cells)
    files += f", {cut_off} of them cut off" if cut_off else ""
    earlier_cost = _cost(cell for cell in sweep.cells if cell.from_journal and cell.result)
    before = f", {dollars(earlier_cost)} of it before" if earlier_cost else ""
    advice = f". {_UNKNOWN_ADVICE}" if "unknown" in sweep.counts else ""
    return f"{total}: {counts}{files}; {dollars(sweep.spent)} spent{before}{advice}"


def _cost(cells: Iterable[Cell[Any]]) -> float:
    return sum(cell.record.total_cost or 0.0 for cell in cells)
