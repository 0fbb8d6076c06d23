"""A sweep's cells in rows and columns."""

from itertools import product
from typing import Any

from wiro_widgets.sweeps.axes import Axis
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import PlannedCell
from wiro_widgets.widget.wire import board
from wiro_widgets.widget.wire.board import MAX_CELLS, Board


def _cells(*axes: Axis) -> list[Cell[Any]]:
    names = [axis.name for axis in axes]
    chosen = [dict(zip(names, one, strict=True)) for one in product(*(axis.values for axis in axes))]
    return [Cell("a/b", PlannedCell(index, one, one, str(index), 0)) for index, one in enumerate(chosen)]


def _laid_out(*axes: Axis) -> Board:
    return board.lay_out(axes, _cells(*axes))


def _rows(laid_out: Board) -> list[tuple[str, tuple[int | None, ...]]]:
    return [(row.label, row.cells) for row in laid_out.rows]


SEEDS = Axis("seed", (1, 2, 3))
STEPS = Axis("steps", (10, 20))
PROMPTS = Axis("prompt", ("a cat", "a dog"))


def test_two_axes_make_a_table() -> None:
    """The longer one goes across, the other down."""
    found = _laid_out(STEPS, SEEDS)
    assert (found.x, found.y, found.columns) == ("seed", "steps", ("1", "2", "3"))
    assert _rows(found) == [("10", (0, 1, 2)), ("20", (3, 4, 5))]
    other = _laid_out(SEEDS, STEPS)
    assert _rows(other) == [("10", (0, 2, 4)), ("20", (1, 3, 5))]


def test_further_axes_go_down() -> None:
    """Every combination of them is a row."""
    found = _laid_out(PROMPTS, STEPS, SEEDS)
    assert (found.x, found.y) == ("seed", "prompt \N{MIDDLE DOT} steps")
    assert [label for label, _ in _rows(found)] == [
        f"{prompt} \N{MIDDLE DOT} {steps}" for prompt in PROMPTS.values for steps in STEPS.values
    ]


def test_what_is_too_wide_goes_down() -> None:
    """Columns that would be a few pixels wide help nobody."""
    found = _laid_out(Axis("seed", tuple(range(20))), STEPS)
    assert (found.x, len(found.columns), len(found.rows)) == ("steps", 2, 20)
    long = _laid_out(Axis("seed", tuple(range(20))), Axis("steps", tuple(range(1, 13))))
    assert (long.x, len(long.columns)) == ("steps", 12)


def test_one_axis_runs_on_in_rows() -> None:
    """Four in a row, each with its own caption."""
    found = _laid_out(Axis("seed", tuple(range(6))))
    assert (found.x, found.y, found.columns) == ("seed", "", ())
    assert _rows(found) == [("", (0, 1, 2, 3)), ("", (4, 5))]


def test_an_axis_of_one_value_is_none() -> None:
    """It tells no cell from another."""
    found = _laid_out(Axis("steps", (20,)), SEEDS)
    assert (found.x, found.y) == ("seed", "")
    assert _rows(_laid_out(Axis("steps", (20,)))) == [("", (0,))]


def test_a_board_is_bounded() -> None:
    """The page has so many cells at most, and says how to see the others."""
    found = _laid_out(Axis("seed", tuple(range(1_000))), STEPS)
    assert len(found.shown) == MAX_CELLS
    assert found.note == "1,800 more: panel.sweep.grid() and panel.sweep.contact_sheet()"
    assert _laid_out(STEPS, SEEDS).note == ""


def test_a_row_longer_than_a_board_is_shown() -> None:
    """Something is better than nothing."""
    wide = Axis("seed", tuple(range(300)))
    found = _laid_out(wide, Axis("steps", tuple(range(1, 302))))
    assert len(found.rows) == 1


def test_how_a_cell_is_called() -> None:
    """By what it has of the axes; a text that is the only thing speaks for itself."""
    told = [board.title(_cells(*axes)[0]) for axes in ((STEPS, SEEDS), (STEPS,), (PROMPTS,), ())]
    assert told == ["steps 10, seed 1", "steps 10", "a cat", "the only run"]


def test_the_message_names_every_cell() -> None:
    """By its index, which is text in JSON."""
    told = _laid_out(STEPS, SEEDS).message(7, _cells(STEPS, SEEDS))
    assert (told["run"], told["rows"][1]) == (7, {"label": "20", "cells": [3, 4, 5]})
    assert told["titles"]["5"] == "steps 20, seed 3"
