import gc
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.sandbox_clients import FLUX
from wiro_widgets import InvalidParameter, ModelSchema
from wiro_widgets.runs import inputs as files
from wiro_widgets.sweeps import plan as sweep_plan
from wiro_widgets.sweeps import table
from wiro_widgets.sweeps.axes import MAX_CELLS, How
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import Plan

SCHEMA = ModelSchema.built_in(FLUX)
MANY = ModelSchema.from_tool(
    {
        "slugowner": "a",
        "slugproject": "b",
        "parameters": [{"title": "Input", "items": [{"id": "images", "type": "multifileinput"}]}],
    }
)


def make_plan(how: How = "grid", **values: Any) -> Plan:
    """Plan a sweep of the seed's model."""
    return sweep_plan.of_values({FLUX: SCHEMA}, {"prompt": "x", **values}, how)


def axis_values(plan: Plan) -> list[tuple[Any, ...]]:
    """Return the axis values of each cell."""
    return [tuple(cell.axis_values.values()) for cell in plan.cells]


def test_a_grid_has_every_combination() -> None:
    """Every combination of the axes is a cell, the last axis fastest, each value converted by the schema."""
    plan = make_plan(steps=["10", 20], seed=range(3), scale=2)
    assert [axis.name for axis in plan.axes] == ["steps", "seed"]
    assert axis_values(plan) == [("10", 0), ("10", 1), ("10", 2), (20, 0), (20, 1), (20, 2)]
    assert plan.cells[0].values == {"prompt": "x", "steps": 10, "scale": 2, "seed": 0}
    assert [cell.index for cell in plan.cells] == list(range(6))


def test_zip_takes_one_of_each() -> None:
    """With `how="zip"` the axes go side by side, and they must be equally long."""
    assert axis_values(make_plan("zip", steps=[10, 20], seed=[1, 2])) == [(10, 1), (20, 2)]
    with pytest.raises(InvalidParameter, match="seed: has 2 values where steps has 3"):
        make_plan("zip", steps=[1, 2, 3], seed=[1, 2])
    assert len(make_plan("zip").cells) == 1


def numbers() -> Iterator[int]:
    """Give three numbers."""
    yield from (1, 2, 3)


@pytest.mark.parametrize(
    "axis",
    [
        [1, 2, 3],
        (1, 2, 3),
        range(1, 4),
        numbers(),
        np.arange(1, 4),
        pytest.importorskip("pandas").Series([1, 2, 3]),
        iter([1, 2, 3]),
    ],
    ids=lambda axis: type(axis).__name__,
)
def test_what_is_an_axis(axis: Any) -> None:
    """Lists, tuples, ranges, generators, arrays of one dimension and Series are axes."""
    assert [cell.values["steps"] for cell in make_plan(steps=axis).cells] == [1, 2, 3]


def test_what_is_no_axis(tmp_path: Path) -> None:
    """Texts, bytes, pictures, arrays of pixels and open files are values, the same in each cell."""
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    with path.open("rb") as file:
        for value in (
            str(path),
            path,
            path.read_bytes(),
            Image.new("L", (4, 4)),
            np.zeros((4, 4), np.uint8),
            file,
        ):
            plan = make_plan(inputImage=value, seed=[1, 2])
            assert [axis.name for axis in plan.axes] == ["seed"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeed": [1, 2]}, r"seeed: is no parameter .* Did you mean 'seed'"),
        ({"steps": []}, "steps: the axis has no values"),
        ({"steps": iter(())}, "steps: the axis has no values"),
        ({"steps": {1, 2}}, "steps: a set has no order"),
        ({"seed": range(1_000_000)}, "seed: the axis has 1,000,000 values; a sweep has at most 10,000 cells"),
        ({"seed": range(1000), "steps": range(1, 51)}, "seed: the axes make 1000 x 50 = 50,000 cells"),
        ({"steps": [10, 20, 99]}, "steps: cell 2: must be between 1 and 50, not 99"),
        ({"prompt": ["a", ""]}, "prompt: cell 1: is required"),
        (
            {"inputImage": ["a.png", "b.png"]},
            "inputImage: cell 0: 'a.png' cannot be opened: there is no such file",
        ),
        ({"how": "diagonal"}, 'how: "grid" or "zip" is needed'),
    ],
)
def test_the_whole_is_checked_first(values: dict[str, Any], message: str) -> None:
    """One wrong value refuses the whole sweep: the error names the axis, and the cell if it is one."""
    how = values.pop("how", "grid")
    with pytest.raises(InvalidParameter, match=message):
        make_plan(how, **values)


def test_an_endless_axis_ends() -> None:
    """A generator without end is refused as soon as it is too long."""

    def forever() -> Iterator[int]:
        while True:
            yield 1

    with pytest.raises(InvalidParameter, match=rf"more than {MAX_CELLS:,} values"):
        make_plan(seed=forever())


def plan_rows(cells: Any) -> sweep_plan.Plan:
    """Plan what `map` is given."""
    frame = table.read(cells, FLUX, SCHEMA, None, MAX_CELLS)
    return sweep_plan.of_table(FLUX, SCHEMA, frame, frame.rows())


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([], "the table has no rows"),
        (None, "a table or a list of dicts is needed, not NoneType"),
        ({"prompt": ["x", "y"]}, "a list of dicts is needed, not dict; .* a pandas.DataFrame"),
        ([{"prompt": "x"}, "y"], "row 1: a dict is needed, not str"),
        ([{"prompt": "x"}, {"prompt": "y", "step": 3}], "step: is no parameter.* Did you mean 'steps'"),
        ([{"prompt": "x"}, {"prompt": "y", "steps": "many"}], "steps: row 1, column 'steps': "),
        ([{"prompt": "x"}, {"seed": 3}], "prompt: row 1, column 'prompt': is required"),
    ],
)
def test_a_list_is_checked_too(cells: Any, message: str) -> None:
    """One wrong cell refuses the whole list."""
    with pytest.raises(InvalidParameter, match=message):
        plan_rows(cells)


def test_the_axes_of_a_list_are_where_it_differs() -> None:
    """The axes of a list are the parameters in which its cells differ."""
    plan = plan_rows([{"prompt": "x", "seed": n, "steps": 5} for n in (1, 2, 1)])
    assert [(axis.name, axis.values) for axis in plan.axes] == [("seed", (1, 2))]
    assert axis_values(plan) == [(1,), (2,), (1,)]


def test_the_same_value_written_otherwise_is_no_axis(tmp_path: Path) -> None:
    """A number of another type or as text, and the same file as another object, are the same value in a list."""
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    data = (tmp_path / "a.png").read_bytes()
    steps = [5, "5", np.int64(5), np.float32(5), 5.0]
    pictures = [
        tmp_path / "a.png",
        Path(str(tmp_path / "a.png")),
        str(tmp_path / "b.png"),
        data,
        io.BytesIO(data),
    ]
    cells = [
        {"prompt": "x", "steps": step, "inputImage": picture, "seed": np.int64(seed)}
        for seed, (step, picture) in enumerate(zip(steps, pictures, strict=True))
    ]
    plan = plan_rows(cells)
    assert [(axis.name, axis.values) for axis in plan.axes] == [("seed", (0, 1, 2, 3, 4))]


def test_a_value_has_one_place_however_it_is_written() -> None:
    """Cells of a list with equal values share the first spelling, so that a grid puts them in one place."""
    cells = [{"prompt": "x", "steps": step, "seed": 1} for step in (5, "6", "5", 6.0)]
    plan = plan_rows(cells)
    assert [(axis.name, axis.values) for axis in plan.axes] == [("steps", (5, "6"))]
    assert axis_values(plan) == [(5,), ("6",), (5,), ("6",)]


def test_what_is_left_out_is_a_value_of_its_own() -> None:
    """A cell without a parameter differs from those that have it."""
    plan = plan_rows([{"prompt": "x", "scale": 3}, {"prompt": "x"}])
    assert [(axis.name, axis.values) for axis in plan.axes] == [("scale", (3, None))]


def test_an_endless_list_ends() -> None:
    """A generator of cells without end is refused as soon as it is too long."""

    def forever() -> Iterator[dict[str, Any]]:
        while True:
            yield {"prompt": "x"}

    with pytest.raises(InvalidParameter, match=rf"more than {MAX_CELLS:,} rows"):
        plan_rows(forever())


def test_equal_cells_have_equal_keys() -> None:
    """A cell's key follows its content alone: model, bound values, and file contents wherever the file is."""
    one, other = make_plan(steps=20, seed=[1]), make_plan(steps="20.0", seed=[1], scale=None)
    assert one.cells[0].content == other.cells[0].content
    assert make_plan(steps=20, seed=[2]).cells[0].content != one.cells[0].content
    assert make_plan(steps=20, seed=[1], callbackUrl="https://a.b/c").cells[0].content == one.cells[0].content


def test_keys_follow_the_contents_of_files(tmp_path: Path) -> None:
    """The same picture as a path, as bytes, under another name or as an open file is the same content."""
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4), "red").save(tmp_path / name)
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "c.png")
    data = (tmp_path / "a.png").read_bytes()
    values = [tmp_path / "a.png", str(tmp_path / "b.png"), data, io.BytesIO(data), tmp_path / "c.png"]
    *same, other = [cell.content for cell in make_plan(inputImage=values).cells]
    assert len(set(same)) == 1
    assert other not in same


def test_cells_with_the_same_content_are_counted() -> None:
    """Cells that are equal on purpose, for two tries without a seed, differ in their number."""
    plan = make_plan(prompt=["x", "x", "y"])
    assert [cell.number for cell in plan.cells] == [0, 1, 0]


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is in many cells is opened and hashed once."""
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    opened: list[object] = []
    prepare = files.prepare

    def prepare_and_count(*args: Any) -> dict[str, Any]:
        opened.append(args)
        return prepare(*args)

    monkeypatch.setattr(files, "prepare", prepare_and_count)
    make_plan(inputImage=path, seed=range(50))
    assert len(opened) == 1


def test_an_open_file_can_be_in_many_cells(tmp_path: Path) -> None:
    """A file that is open, or a pipe that can be read once, is held as bytes for all cells."""
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        plan = make_plan(inputImage=file, seed=[1, 2])
    assert [bytes(cell.values["inputImage"]) for cell in plan.cells] == [
        (tmp_path / "a.png").read_bytes()
    ] * 2


def test_lists_of_files_are_an_axis_of_lists(tmp_path: Path) -> None:
    """For a parameter that takes several files, a list of lists is an axis of lists."""
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4), "red" if name == "a.png" else "blue").save(tmp_path / name)
    one, two = tmp_path / "a.png", tmp_path / "b.png"
    plan = sweep_plan.of_values({"a/b": MANY}, {"images": [[one, two], [two]]}, "grid")
    assert [cell.values["images"] for cell in plan.cells] == [[one, two], [two]]


def test_a_model_without_a_schema_can_be_swept() -> None:
    """A model that the catalogue does not show takes its values as they are."""
    plan = sweep_plan.of_values({"nobody/nothing": None}, {"prompt": ["a", "b"], "size": 3}, "grid")
    assert [cell.values for cell in plan.cells] == [{"prompt": "a", "size": 3}, {"prompt": "b", "size": 3}]


def test_the_largest_sweep_can_be_planned() -> None:
    """Ten thousand cells are planned, each with a content key of its own."""
    plan = make_plan(seed=range(2000), steps=range(1, 6))
    assert len(plan.cells) == len({cell.content for cell in plan.cells}) == MAX_CELLS


def test_a_waiting_cell_is_small() -> None:
    """A cell of ten values that waits takes less than two KiB, so that ten thousand of them wait in 20 MB."""
    settings: dict[str, Any] = {"steps": 20, "scale": 3.0, "width": 512, "height": 512, "samples": 1}
    prompts = [f"a lighthouse at dusk, number {number}" for number in range(40)]
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        plan = make_plan(prompt=prompts, seed=range(1_000, 1_050), **settings)
        cells: list[Cell[Any]] = [Cell(cell) for cell in plan.cells]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(cells) == 2_000
    assert (after - before) / len(cells) < 2_048
