"""Board: a sweep's cells laid out in rows and columns, as the page draws them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.render.grid import label
from wiro_widgets.sweeps.axes import Axis, identity
from wiro_widgets.sweeps.cell import Cell

MAX_CELLS = 200  # of one board; `Sweep.grid` and `Sweep.contact_sheet` show the others
WIDEST = 8  # columns of an axis; a longer one goes down
FOLD = 4  # pictures in a row where there is one axis alone

Cells = Sequence[Cell[Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its heading, and its cells by index, None where there is none."""

    label: str
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The layout of a sweep; `x` and `y` name its axes, and where there is only one its rows have no headings."""

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    shown: frozenset[int]
    count: int

    def message(self, number: int, cells: Cells) -> dict[str, Any]:
        """Return it as the page takes it, for the run of that number; `cells` are all of the sweep."""
        return {
            "run": number,
            "x": self.x,
            "y": self.y,
            "columns": list(self.columns),
            "rows": [{"label": row.label, "cells": list(row.cells)} for row in self.rows],
            "titles": {str(index): title(cells[index]) for index in sorted(self.shown)},
            "note": self.note,
        }

    @property
    def note(self) -> str:
        """Return what is said where not every cell is shown."""
        left = self.count - len(self.shown)
        return f"{left:,} more: panel.sweep.grid() and panel.sweep.contact_sheet()" if left else ""


def lay_out(axes: Sequence[Axis], cells: Cells) -> Board:
    """Return the layout of a grid's cells: the longest axis that fits across, every combination of the others down."""
    wide = [axis for axis in axes if len(axis.values) > 1]
    if len(wide) < 2:  # noqa: PLR2004 - a table has two axes
        rows = _folded(len(cells))
        return _bounded(wide[0].name if wide else "", "", (), rows, len(cells))
    fitting = [axis for axis in wide if len(axis.values) <= WIDEST] or [min(wide, key=_length)]
    across = max(fitting, key=_length)
    down = [axis for axis in wide if axis is not across]
    places = {_place(cell, [*down, across]): cell.index for cell in cells}
    rows = (
        Row(
            " \N{MIDDLE DOT} ".join(map(label, combination)),
            tuple(places.get(_key((*combination, value))) for value in across.values),
        )
        for combination in itertools.product(*(axis.values for axis in down))
    )
    columns = tuple(map(label, across.values))
    return _bounded(
        across.name, " \N{MIDDLE DOT} ".join(axis.name for axis in down), columns, rows, len(cells)
    )


def title(cell: Cell[Any]) -> str:
    """Return what tells a cell from the others, in words; a text that is the only thing speaks for itself."""
    if len(cell.chosen) == 1:
        [value] = cell.chosen.values()
        if isinstance(value, str) and wire_values.number(value) is None:
            return label(value)
    return ", ".join(f"{name} {label(value)}" for name, value in cell.chosen.items()) or "the only run"


def _bounded(x: str, y: str, columns: tuple[str, ...], rows: Iterator[Row], count: int) -> Board:
    kept: list[Row] = []
    shown: set[int] = set()
    for row in rows:
        if shown and len(shown) + len(row.cells) > MAX_CELLS:
            break
        kept.append(row)
        shown.update(index for index in row.cells if index is not None)
    return Board(x, y, columns, tuple(kept), frozenset(shown), count)


def _folded(count: int) -> Iterator[Row]:
    return (Row("", tuple(range(start, min(start + FOLD, count)))) for start in range(0, count, FOLD))


def _length(axis: Axis) -> int:
    return len(axis.values)


def _place(cell: Cell[Any], axes: Sequence[Axis]) -> Any:
    return _key(tuple(cell.chosen.get(axis.name) for axis in axes))


def _key(values: tuple[Any, ...]) -> Any:
    return tuple(map(identity, values))
