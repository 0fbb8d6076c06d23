from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import Client, InvalidParameter, Sandbox, Sweep, TaskResult
from wiro_widgets.render.grid import Grid
from wiro_widgets.sweeps.view import progress_words


@pytest.fixture
def sweep(sandbox_client: Client) -> Sweep:
    """Run two prompts with three seeds."""
    return sandbox_client.sweep(FLUX, SMALL, prompt=["a cat", "a <b>dog</b>"], seed=range(3)).wait()


def test_a_sweep_is_a_table(sweep: Sweep) -> None:
    """`to_pandas` has one row a cell: its index, its status, its axes in their types, and its record."""
    table = sweep.to_pandas()
    front = ["cell", "cell_status", "axis.prompt", "axis.seed", "cell_error", "task_id"]
    assert list(table.columns[:6]) == front
    assert table.dtypes.astype(str)[["cell", "cell_status", "axis.prompt", "axis.seed"]].tolist() == [
        "int64",
        "category",
        "string",
        "Int64",
    ]
    assert table["axis.seed"].tolist() == [0, 1, 2, 0, 1, 2]
    assert (table["total_cost"] > 0).all()
    assert "param.steps" in sweep.to_pandas(expand=True)


def test_the_table_can_be_pivoted(sweep: Sweep) -> None:
    """Its columns go straight into a pivot table."""
    pivot = sweep.to_pandas().pivot_table(
        index="axis.prompt", columns="axis.seed", values="total_cost", observed=True
    )
    assert pivot.shape == (2, 3)


def test_cells_that_were_not_run_are_rows_too(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Cells that failed or are pending are rows with the same columns."""
    sandbox.faults = {"fail_tasks": 1}
    partly_failed = (
        sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2), concurrency=1).wait().to_pandas()
    )
    waiting = sandbox_client.sweep(FLUX, {"prompt": "y", **SMALL}, seed=range(2), start=False).to_pandas()
    assert list(partly_failed["cell_status"]) == ["failed", "succeeded"]
    assert partly_failed["error"].notna().tolist() == [True, False]
    assert list(waiting["cell_status"]) == ["pending", "pending"]
    assert waiting["param.seed" if "param.seed" in waiting else "axis.seed"].tolist() == [0, 1]
    assert pd.concat([partly_failed, waiting]).dtypes.astype(str)["cell_status"] == "category"


def test_an_answer_that_is_cut_off_says_so(sandbox_client: Client, sandbox: Sandbox) -> None:
    """The line, the table, what is joined and the board tell it of a cell that succeeded."""
    sandbox.faults = {"finish_reason": "length"}
    sweep = sandbox_client.sweep("wiro/sandbox-chat", prompt=["hello", "bye"]).wait()
    assert "2 succeeded, 2 of them cut off" in progress_words(sweep)
    notes = [*sweep.to_pandas()["cell_error"], *sweep.join()["error"]]
    assert len(notes) == 4
    assert all(note.startswith("The answer is cut off. The model reached its limit") for note in notes)
    assert sweep.grid()._repr_html_().count("Allow more tokens") >= 2


def test_what_then_made_is_a_column(sandbox_client: Client) -> None:
    """`cell_value` has what `then` returned, in its type, and `cell_error` what it raised."""

    def brightness(result: TaskResult) -> float:
        if result.record.seed == 1:
            raise ValueError("odd")
        return 0.25

    table = (
        sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2), then=brightness)
        .wait()
        .to_pandas()
    )
    assert table.columns[3:5].tolist() == ["cell_value", "cell_error"]
    assert str(table["cell_value"].dtype) == "float64"
    assert table["cell_value"][0] == 0.25
    assert table["cell_value"].isna().tolist() == table["cell_error"].isna().tolist()[::-1] == [False, True]
    assert table["cell_error"][1] == "ValueError: odd"
    assert table["outcome"].tolist() == ["succeeded"] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((64, 64), "[64, 64]"),
        ({"score": np.float32(0.5), "of": [1, None]}, '{"score": 0.5, "of": [1, null]}'),
        ({2, 1}, "[1, 2]"),
        (np.array([1.5, 2]), "[1.5, 2.0]"),
        ([], "[]"),
    ],
    ids=str,
)
def test_containers_are_text_in_the_table(sandbox_client: Client, value: object, text: str) -> None:
    """A list or a dictionary of `then` is JSON text in the table, which pandas can compare; the cell has the value."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, then=lambda _result: value).wait()
    table = sweep.to_pandas()
    assert table["cell_value"].tolist() == [text]
    assert len(table.drop_duplicates()) == 1
    assert [cell.value for cell in sweep] == [value] if not isinstance(value, np.ndarray) else True


def test_other_values_are_objects_in_the_table(sandbox_client: Client) -> None:
    """A picture that `then` returns is itself in the table, also inside a list."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, then=lambda result: result.images[0]).wait()
    assert sweep.to_pandas()["cell_value"][0].size == (64, 64)
    images = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, then=lambda result: result.images).wait()
    assert images.to_pandas()["cell_value"][0][0].size == (64, 64)


def test_missing_files_are_reported(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A run whose files could not be downloaded has succeeded, and the line and the table say what is missing."""
    sandbox.faults = {"expire_urls": True}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2)).wait()
    assert progress_words(sweep).startswith("2 cells: 2 succeeded, 2 of them without all files; $0.0")
    assert sweep.to_pandas()["cell_error"].str.contains("Output 0.png of task").tolist() == [True, True]


def test_a_grid_has_an_axis_each_way(sweep: Sweep) -> None:
    """`grid(x, y)` names the axes; the default is the longest ones."""
    assert repr(sweep.grid(x="prompt", y="seed")) == "<Grid of 3 x 2: seed down, prompt across>"
    assert repr(sweep.grid()) == "<Grid of 2 x 3: prompt down, seed across>"
    assert repr(sweep.grid(y="seed")) == "<Grid of 3 x 2: seed down, prompt across>"
    text = sweep.grid(x="seed", y="prompt")._repr_html_()
    assert (text.count("<img"), text.count("<tr>")) == (6, 3)
    assert "a &lt;b&gt;dog&lt;/b&gt;" in text


def test_an_axis_that_does_not_exist(sweep: Sweep) -> None:
    """The error for an unknown axis proposes the nearest one."""
    with pytest.raises(InvalidParameter, match=r"seeds: is no axis of this sweep. Did you mean 'seed'\?"):
        sweep.grid(x="seeds")
    with pytest.raises(InvalidParameter, match=r"width: is no axis of this sweep. It has prompt, seed"):
        sweep.contact_sheet(y="width")


def test_one_axis_does_not_go_both_ways(sweep: Sweep) -> None:
    """An axis that is named for both ways is refused."""
    with pytest.raises(InvalidParameter, match="seed: is named for both ways"):
        sweep.grid(x="seed", y="seed")
    with pytest.raises(InvalidParameter, match="prompt: is named for both ways"):
        sweep.contact_sheet(x="prompt", y="prompt")


@pytest.mark.parametrize(
    ("values", "headings"),
    [
        (np.linspace(0, 1, 7), ("0", "0.1667", "0.3333", "0.5", "0.6667", "0.8333", "1")),
        ([0.1 * n for n in range(4)], ("0", "0.1", "0.2", "0.3")),
        ([1.00001, 1.00002], ("1.00001", "1.00002")),
        ([2, 3.5], ("2", "3.5")),
    ],
    ids=["thirds", "tenths", "close", "mixed"],
)
def test_headings_are_as_long_as_tells_them_apart(
    sandbox_client: Client, values: Any, headings: tuple[str, ...]
) -> None:
    """A float in a heading has only the digits that distinguish it; the table has all of them."""
    sweep = sandbox_client.sweep(FLUX, prompt="x", scale=values, start=False)
    assert sweep.grid().layout.columns == headings
    assert sweep.grid().layout.places[0][-1][0].title == f"scale {headings[-1]}"
    assert sweep.to_pandas()["axis.scale"].tolist() == [float(value) for value in values]


def test_a_contact_sheet_is_a_picture(sweep: Sweep) -> None:
    """`contact_sheet` gives a PIL image of all pictures with labels."""
    sheet = sweep.contact_sheet(x="seed", y="prompt", edge=64)
    other_sheet = sweep.contact_sheet(x="prompt", y="seed", edge=64)
    assert sheet.width > 3 * 64 < other_sheet.height
    assert sheet.height > 2 * 64 < other_sheet.width
    with pytest.raises(InvalidParameter, match="font: "):
        sweep.contact_sheet(font="no such font")


def test_further_axes_are_captions(sweep: Sweep) -> None:
    """The caption of a cell has its values of the axes that are neither rows nor columns."""
    text = sweep.grid(x="seed", y="prompt")._repr_html_()
    assert "seed: " not in text
    layout = sweep._layout(sweep._axis("seed"), None)
    assert [cell.caption for cell in layout.places[0][1]] == ["prompt: a cat", "prompt: a <b>dog</b>"]
    assert "prompt: a &lt;b&gt;dog&lt;/b&gt;" in Grid(layout)._repr_html_()


def test_texts_are_in_the_grid(sandbox_client: Client) -> None:
    """A cell of a language model shows the beginning of its text."""
    sweep = sandbox_client.map(
        "wiro/sandbox-chat", [{"prompt": f"{number}: why?"} for number in (1, 2)]
    ).wait()
    text = sweep.grid()._repr_html_()
    assert text.count("You asked: ") == 2
    assert "costs nothing" not in text
    assert sweep.contact_sheet(edge=64).width > 128


def test_one_axis_is_a_row(sandbox_client: Client) -> None:
    """Values of one parameter stand in a row under their headings; a long row is wrapped, with a caption each."""
    short = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(12), start=False).grid()
    assert (len(short.layout.columns), len(short.layout.rows)) == (12, 1)
    assert not short.layout.is_gallery
    long = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(13), start=False).grid()
    assert repr(long) == "<Grid of 13 pictures in a row that is wrapped>"
    assert [cell.caption for cell in long.layout.cells] == [f"seed: {number}" for number in range(13)]
    assert "flex-wrap:wrap" in long._repr_html_()


TOGETHER = [{"prompt": f"{n} foxes", "seed": n, "steps": 2 + n % 2, "samples": 1 + n % 3} for n in range(24)]


@pytest.mark.parametrize("way", ["map", "zip"])
def test_values_that_vary_together_are_no_diagonal(sandbox_client: Client, way: str) -> None:
    """A list of prompts with a seed each is a gallery in its order, each picture with what distinguishes it."""
    if way == "map":
        sweep = sandbox_client.map(FLUX, TOGETHER, start=False)
    else:
        columns: dict[str, Any] = {name: [row[name] for row in TOGETHER] for name in TOGETHER[0]}
        sweep = sandbox_client.sweep(FLUX, how="zip", start=False, **columns)
    layout = sweep.grid().layout
    assert layout.is_gallery
    assert [cell.caption for cell in layout.cells] == [
        f"prompt: {n} foxes, seed: {n}, steps: {2 + n % 2}, samples: {1 + n % 3}" for n in range(24)
    ]
    assert sweep.contact_sheet(edge=64).width < 8 * 80
    table = sweep.grid(x="seed", y="prompt").layout
    assert (len(table.columns), len(table.rows)) == (24, 24)  # as it was asked for


def test_two_that_vary_together_are_no_diagonal(sandbox_client: Client) -> None:
    """Two cells are the smallest diagonal."""
    cells = [{"prompt": "a", "seed": 1}, {"prompt": "b", "seed": 2}]
    assert sandbox_client.map(FLUX, cells, start=False).grid().layout.is_gallery


def test_a_list_that_is_a_grid_is_a_table(sandbox_client: Client) -> None:
    """Combinations in a list are a table, also if one is missing, and a third value that follows is a caption."""
    cells = [
        {"prompt": prompt, "seed": seed, "steps": steps}
        for prompt, steps in (("a", 2), ("b", 3), ("c", 4))
        for seed in range(4)
    ]
    layout = sandbox_client.map(FLUX, cells[:-1], start=False).grid().layout
    assert (layout.x, layout.y) == ("seed", "prompt")
    assert layout.places[2][3] == ()
    assert next(layout.cells).caption == "steps: 2"


def test_equal_runs_are_shown_in_order(sandbox_client: Client) -> None:
    """Runs that differ in nothing stand beside each other."""
    layout = sandbox_client.map(FLUX, [{"prompt": "x"}] * 3, start=False).grid().layout
    assert [cell.caption for cell in layout.cells] == ["", "", ""]
    assert layout.is_gallery


@pytest.mark.parametrize(("count", "scrolls"), [(60, False), (61, True)])
def test_many_cells_scroll(sandbox_client: Client, count: int, scrolls: bool) -> None:
    """More cells than a page shows stand in a box of a fixed height."""
    row = sandbox_client.sweep(FLUX, prompt="x", seed=range(count), start=False).grid()._repr_html_()
    assert ("max-height:640px" in row) is scrolls


def test_three_axes_share_places(sandbox_client: Client) -> None:
    """The cells of a third axis share a place, side by side."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(3), scale=[1, 2], samples=[1, 2])
    text = sweep.wait().grid(x="seed", y="scale")._repr_html_()
    assert text.count("<img") == 3 * 2 * (1 + 2)


def test_without_axes_there_is_one_place(sandbox_client: Client) -> None:
    """A sweep of one run has a grid and a sheet as well."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}).wait()
    assert sweep.grid()._repr_html_().count("<img") == 1
    assert sweep.contact_sheet().size == (64 + 22, 64 + 22)


def test_a_notebook_shows_how_far_it_is(sandbox_client: Client, sandbox: Sandbox) -> None:
    """A running sweep shows a line, a bar and the pictures so far; a finished one shows no bar."""
    sandbox.faults = {"stuck": "run"}
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2))
    assert "width:0%" in sweep._repr_html_()
    assert "running" in sweep._repr_html_()
    sandbox.faults = None
    text = sweep.wait()._repr_html_()
    assert "2 cells: 2 succeeded" in text
    assert "width:" not in text.replace("max-width:", "").replace('width="', "")
