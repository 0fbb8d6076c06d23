"""The board of a sweep: its cells in rows and columns."""

from itertools import product
from typing import Any

from wiro_widgets import ModelSchema
from wiro_widgets.sweeps.axes import Axis
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import PlannedCell
from wiro_widgets.widget.wire.sweep_view import MAX_CELLS, Board, lay_out, title


def _cells(*axes: Axis) -> list[Cell[Any]]:
    names = [axis.name for axis in axes]
    choices = [dict(zip(names, values, strict=True)) for values in product(*(axis.values for axis in axes))]
    return [
        Cell(PlannedCell(index, one, one, str(index), 0, "a/b", None)) for index, one in enumerate(choices)
    ]


def _board(*axes: Axis) -> Board:
    return lay_out(axes, _cells(*axes))


def _rows(board: Board) -> list[tuple[str, tuple[int | None, ...]]]:
    return list(board.rows)


SEEDS = Axis("seed", (1, 2, 3))
STEPS = Axis("steps", (10, 20))
PROMPTS = Axis("prompt", ("a cat", "a dog"))


def test_two_axes_make_a_table() -> None:
    """The longer one goes across, the other down."""
    board = _board(STEPS, SEEDS)
    assert (board.x, board.y, board.columns) == ("seed", "steps", ("1", "2", "3"))
    assert _rows(board) == [("10", (0, 1, 2)), ("20", (3, 4, 5))]
    other = _board(SEEDS, STEPS)
    assert _rows(other) == [("10", (0, 2, 4)), ("20", (1, 3, 5))]


def test_further_axes_go_down() -> None:
    """Every combination of them is a row."""
    board = _board(PROMPTS, STEPS, SEEDS)
    assert (board.x, board.y) == ("seed", "prompt \N{MIDDLE DOT} steps")
    assert [label for label, _ in _rows(board)] == [
        f"{prompt} \N{MIDDLE DOT} {steps}" for prompt in PROMPTS.values for steps in STEPS.values
    ]


def test_what_is_too_wide_goes_down() -> None:
    """Columns that are a few pixels wide help nobody."""
    board = _board(Axis("seed", tuple(range(20))), STEPS)
    assert (board.x, len(board.columns), len(board.rows)) == ("steps", 2, 20)
    long = _board(Axis("seed", tuple(range(20))), Axis("steps", tuple(range(1, 13))))
    assert (long.x, len(long.columns)) == ("steps", 12)


def test_one_axis_runs_on_in_rows() -> None:
    """Four in a row, each with its own caption."""
    board = _board(Axis("seed", tuple(range(6))))
    assert (board.x, board.y, board.columns) == ("seed", "", ())
    assert _rows(board) == [("", (0, 1, 2, 3)), ("", (4, 5))]


def test_an_axis_of_one_value_does_not_count() -> None:
    """It distinguishes no cell from another."""
    board = _board(Axis("steps", (20,)), SEEDS)
    assert (board.x, board.y) == ("seed", "")
    assert _rows(_board(Axis("steps", (20,)))) == [("", (0,))]


def test_a_board_is_bounded() -> None:
    """It has a maximum of cells, and says how to see the others."""
    board = _board(Axis("seed", tuple(range(1_000))), STEPS)
    assert len(board.indexes) == MAX_CELLS
    assert board.note == "1,800 more: panel.sweep.grid() and panel.sweep.contact_sheet()"
    assert _board(STEPS, SEEDS).note == ""


def test_a_row_longer_than_a_board_is_shown() -> None:
    """The first row is always shown."""
    wide = Axis("seed", tuple(range(300)))
    board = _board(wide, Axis("steps", tuple(range(1, 302))))
    assert len(board.rows) == 1


def test_the_title_of_a_cell() -> None:
    """By its values of the axes; a single text goes without the name of its axis."""
    titles = [title(_cells(*axes)[0]) for axes in ((STEPS, SEEDS), (STEPS,), (PROMPTS,), ())]
    assert titles == ["steps 10, seed 1", "steps 10", "a cat", "the only run"]


MODELS = Axis("model", ("a/one", "a/two"), is_model=True)
SCHEMAS = {"a/one": ModelSchema("a/one", "One"), "a/two": ModelSchema("a/two", "Two")}


def _model_cells(*choices: dict[str, Any]) -> list[Cell[Any]]:
    return [
        Cell(PlannedCell(index, one, one, str(index), 0, one["model"], None))
        for index, one in enumerate(choices)
    ]


def test_models_go_across_with_their_costs() -> None:
    """Also if another axis is longer; the costs of the columns come first, and rows have none."""
    board = lay_out((MODELS, SEEDS), _cells(MODELS, SEEDS), SCHEMAS)
    assert (board.x, board.y, board.columns) == ("model", "seed", ("One", "Two"))
    assert _rows(board) == [("1", (0, 3)), ("2", (1, 4)), ("3", (2, 5))]
    message = board.message(1, _cells(MODELS, SEEDS), {"a/one": "$1 expected", "a/two": "$2"})
    assert message["costs"] == ["$1 expected", "$2", "", "", ""]


def test_models_of_one_title_are_told_apart_by_their_names() -> None:
    """As two versions of a model may be; one that nobody describes has its name as well."""
    same = {"a/one": ModelSchema("a/one", "One"), "a/two": ModelSchema("a/two", "One")}
    assert lay_out((MODELS,), _cells(MODELS), same).columns == ("a/one", "a/two")
    assert lay_out((MODELS,), _cells(MODELS), SCHEMAS | {"a/two": None}).columns == ("One", "a/two")


def test_what_a_model_does_not_take_is_a_row_of_its_own() -> None:
    """No cell is left out of the board."""
    cells = _model_cells({"model": "a/one", "steps": 10}, {"model": "a/one", "steps": 20}, {"model": "a/two"})
    board = lay_out((MODELS, STEPS), cells, SCHEMAS)
    assert _rows(board) == [("10", (0, None)), ("20", (1, None)), ("without steps", (None, 2))]
    titles = [title(cell, board.headings) for cell in cells]
    assert titles == ["One, steps 10", "One, steps 20", "Two"]


def test_many_models_go_down() -> None:
    """Each has its cost at its first row, with another axis across or alone."""
    many = Axis("model", tuple(f"a/m{number}" for number in range(9)), is_model=True)
    pair = Axis("seed", (1, 2))
    cells = _model_cells(*({"model": name, "seed": seed} for name in many.values for seed in pair.values))
    board = lay_out((many, pair), cells)
    assert (board.x, board.y, board.columns) == ("seed", "model", ("1", "2"))
    costs = {name: f"${index}" for index, name in enumerate(many.values)}
    assert board.message(1, cells, costs)["costs"] == ["", "", *costs.values()]
    alone = lay_out((many,), _model_cells(*({"model": name} for name in many.values)))
    assert (alone.columns, _rows(alone)[8]) == (("",), ("a/m8", (8,)))
    tall = lay_out((many, pair, STEPS), _cells(many, pair, STEPS))
    assert tall.models[:3] == ("a/m0", None, "a/m1")


def test_the_message_names_every_cell() -> None:
    """Titles have the index of the cell, which is text in JSON."""
    message = _board(STEPS, SEEDS).message(7, _cells(STEPS, SEEDS))
    assert (message["run"], message["rows"][1]) == (7, {"label": "20", "cells": [3, 4, 5]})
    assert message["titles"]["5"] == "steps 20, seed 3"
