"""Tables in, tables out: `client.map` of frames and of iterables, and `sweep.join()`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import Client, InvalidParameter, ModelSchema
from wiro_widgets.sandbox import SandboxServer
from wiro_widgets.sweeps import table
from wiro_widgets.sweeps.axes import MAX_CELLS

SCHEMA = ModelSchema.built_in(FLUX)
ROWS: dict[str, list[Any]] = {
    "customer": ["Ada", "Bob", None],
    "prompt": ["a fox", "a hen", "an owl"],
    "seed": [7350148318, None, 3],
}


def values_of(cells: Any, columns: table.Columns | None = None) -> list[dict[str, Any]]:
    """Return the values of each row."""
    return table.read(cells, FLUX, SCHEMA, columns, MAX_CELLS).rows()


FRAMES: dict[str, Any] = {
    "pandas": pd.DataFrame(ROWS),
    "pandas, an index": pd.DataFrame(ROWS, index=["x", "y", "z"]),
    "pandas, nullable": pd.DataFrame(ROWS).convert_dtypes(),
    "pandas, of objects": pd.DataFrame(ROWS, dtype=object),
    "Polars": pl.DataFrame(ROWS),
    "Polars, lazy": pl.LazyFrame(ROWS),
    "Arrow": pa.table(ROWS),
    "dicts": [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)],
}


@pytest.mark.parametrize("cells", FRAMES.values(), ids=FRAMES)
def test_every_kind_of_table_gives_the_same_values(cells: Any) -> None:
    """Columns that are parameters are used, missing values left out, and large whole numbers stay exact."""
    assert values_of(cells) == [
        {"prompt": "a fox", "seed": 7350148318},
        {"prompt": "a hen"},
        {"prompt": "an owl", "seed": 3},
    ]


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT, float("nan")], ids=repr)
def test_a_missing_value_is_left_out(gap: Any) -> None:
    """Whatever a library takes for missing leaves the parameter to its default."""
    frame = pd.DataFrame({"prompt": ["a"], "scale": pd.Series([gap], dtype=object)})
    assert values_of(frame) == [{"prompt": "a"}]


def test_floats_stay_floats() -> None:
    """Only a column of whole numbers with gaps was one of integers."""
    frame = pd.DataFrame({"prompt": ["a", "b"], "scale": [2.0, 3.5], "seed": [2.0, np.nan]})
    assert values_of(frame) == [{"prompt": "a", "scale": 2.0, "seed": 2}, {"prompt": "b", "scale": 3.5}]
    assert isinstance(values_of(frame)[0]["seed"], int)


def test_columns_are_named() -> None:
    """`columns` chooses columns, and renames them."""
    frame = pd.DataFrame({"text": ["a"], "prompt": ["b"], "steps": [3]})
    assert values_of(frame, ["prompt"]) == [{"prompt": "b"}]
    assert values_of(frame, {"text": "prompt", "steps": "steps"}) == [{"prompt": "a", "steps": 3}]


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        (pd.DataFrame({"Promt": ["a"]}), None, "^Promt: is no parameter of .*Did you mean 'prompt'"),
        (pd.DataFrame({"name": ["a"]}), None, "^columns: name: none is a parameter of"),
        (pd.DataFrame({"prompt": []}), None, "no rows"),
        (pd.DataFrame([["a", "b"]], columns=["prompt", "prompt"]), None, "several columns 'prompt'"),
        (pd.DataFrame({"prompt": ["a"]}), "prompt", "a list of names is needed"),
        (pd.DataFrame({"prompt": ["a"]}), ["promt"], "no column 'promt'. Did you mean 'prompt'"),
        (pd.DataFrame({"a": ["a"]}), {"a": "promt"}, "promt: is no parameter of .* Did you mean 'prompt'"),
        (
            pd.DataFrame({"a": ["a"], "b": [1]}),
            {"a": "prompt", "b": "prompt"},
            "several columns are to be prompt",
        ),
    ],
)
def test_wrong_columns_are_named(frame: pd.DataFrame, columns: Any, message: str) -> None:
    """An error names the column and what to do."""
    with pytest.raises(InvalidParameter, match=message):
        values_of(frame, columns)


def test_an_unknown_model_needs_columns() -> None:
    """Without a schema a frame's columns are named by the user; nothing is sent by accident."""
    frame = pd.DataFrame({"prompt": ["a"], "note": ["b"]})
    with pytest.raises(InvalidParameter, match="name the columns to send, of prompt, note"):
        table.read(frame, "a/b", None, None, MAX_CELLS)
    assert table.read(frame, "a/b", None, ["prompt"], MAX_CELLS).rows() == [{"prompt": "a"}]


def test_a_bad_row_is_named(sandbox_client: Client, sandbox: SandboxServer) -> None:
    """An error names the row by position and by its index, and the column."""
    frame = pd.DataFrame(
        {"text": ["a", "b"], "steps": [20, 5000]}, index=pd.Index(["spring", "autumn"], name="season")
    )
    match = r"^steps: row 1 \(index 'autumn'\), column 'steps': "
    with pytest.raises(InvalidParameter, match=match):
        sandbox_client.map(FLUX, frame, columns={"text": "prompt", "steps": "steps"})
    missing = pd.DataFrame({"prompt": ["a", "b"], "inputImage": [None, "no/such.png"]})
    with pytest.raises(InvalidParameter, match=r"row 1, column 'inputImage': .*no/such\.png"):
        sandbox_client.map(FLUX, missing)
    assert not [request for request in sandbox.requests if request.path.startswith("/v1/Run")]


def test_a_million_rows_are_refused(sandbox_client: Client, sandbox: SandboxServer) -> None:
    """The refusal has the count, what they may cost, and the way to run them; nothing is sent."""
    frame = pd.DataFrame({"prompt": ["a"], "seed": [1]}).loc[np.zeros(1_000_000, dtype=int)]
    with pytest.raises(InvalidParameter) as caught:
        sandbox_client.map(FLUX, frame)
    message = str(caught.value)
    assert message.startswith("confirm: the table has 1,000,000 rows")
    assert "$" in message
    assert "confirm=1000000" in message
    assert "\n" in message
    with pytest.raises(InvalidParameter, match="1,000,000 rows"):
        sandbox_client.map(FLUX, frame, confirm=999_999)
    with pytest.raises(InvalidParameter, match="10,001 rows"):
        sandbox_client.map(FLUX, [{"prompt": "a"}] * (MAX_CELLS + 1))
    assert not [request for request in sandbox.requests if request.path.startswith("/v1/Run")]


@pytest.mark.parametrize("confirm", [True, MAX_CELLS + 1])
def test_many_rows_can_be_confirmed(sandbox_client: Client, confirm: bool | int) -> None:
    """`confirm` allows more rows than a sweep has otherwise."""
    frame = pd.DataFrame({"prompt": ["a"] * (MAX_CELLS + 1)})
    assert len(sandbox_client.map(FLUX, frame, confirm=confirm, start=False)) == MAX_CELLS + 1


def test_join_pandas(sandbox_client: Client) -> None:
    """The frame comes back with its index and columns, and what became of each row beside."""
    frame = pd.DataFrame(
        {"customer": ["Ada", "Bob"], "prompt": ["a", "b"], "outcome": ["old", "old"]}, index=["x", "y"]
    )
    before = frame.copy()
    joined_table = sandbox_client.map(FLUX, frame, **SMALL).wait().join()
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(joined_table[list(frame.columns)], frame)
    assert list(joined_table["outcome_run"]) == ["succeeded", "succeeded"]
    assert joined_table["cost"].dtype == "float64"
    assert (joined_table["cost"] > 0).all()
    assert [image.size for image in joined_table["image"]] == [(64, 64), (64, 64)]
    for paths in joined_table["paths"]:
        assert len(paths) == 1
        with Image.open(paths[0]) as image:
            assert image.size == (64, 64)
    assert joined_table["task_id"].nunique() == 2
    assert joined_table["error"].isna().all()
    assert "image" not in sandbox_client.map(FLUX, frame, **SMALL).wait().join(images=False)


def test_join_polars(sandbox_client: Client) -> None:
    """A Polars frame gives a Polars frame."""
    frame = pl.DataFrame({"customer": ["Ada", "Bob"], "prompt": ["a", "b"]})
    joined_table = sandbox_client.map(FLUX, frame, **SMALL).wait().join()
    assert isinstance(joined_table, pl.DataFrame)
    assert joined_table.select("customer", "prompt").equals(frame)
    assert joined_table["outcome"].to_list() == ["succeeded", "succeeded"]
    assert [image.size for image in joined_table["image"].to_list()] == [(64, 64), (64, 64)]
    assert [len(paths) for paths in joined_table["paths"]] == [1, 1]


def test_join_rows_that_did_not_run(sandbox_client: Client) -> None:
    """Rows without a result are there too, with their statuses; other iterables give a frame of pandas."""

    def rows() -> Iterator[dict[str, Any]]:
        yield {"prompt": "a", "note": 1, **SMALL}
        yield {"prompt": "b", "note": 2, **SMALL}

    joined_table = sandbox_client.map(FLUX, rows(), start=False).join()
    assert list(joined_table["note"]) == [1, 2]
    assert list(joined_table["outcome"]) == ["pending", "pending"]
    assert joined_table["image"].isna().all()
    assert joined_table["cost"].isna().all()
    grid = sandbox_client.sweep(FLUX, prompt=["a", "b"], start=False).join(images=False)
    assert list(grid["prompt"]) == ["a", "b"]


def test_a_table_of_csv(sandbox_client: Client, tmp_path: Path) -> None:
    """Rows of Python's own CSV reader are rows; an empty cell is left out."""
    path = tmp_path / "rows.csv"
    path.write_text("customer,prompt,seed,steps\nAda,a fox,7,2\nBob,a hen,,2\n")
    with path.open() as file:
        sweep = sandbox_client.map(FLUX, csv.DictReader(file), width=64, height=64).wait()
    assert [cell.values.get("seed") for cell in sweep.cells] == [7, None]  # noqa: PD011 - no frame
    assert list(sweep.join()["customer"]) == ["Ada", "Bob"]


def test_pictures_in_a_table(sandbox_client: Client, sandbox: SandboxServer) -> None:
    """A picture, its bytes and its path can stand in a frame; each row gets its own."""
    frame = pd.DataFrame(
        {
            "prompt": ["a", "b"],
            "inputImage": [Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")],
        }
    )
    sweep = sandbox_client.map(FLUX, frame, **SMALL).wait()
    assert [cell.status for cell in sweep.cells] == ["succeeded", "succeeded"]
    joined_table = sweep.join()
    again = sandbox_client.map(
        FLUX, joined_table, columns={"prompt": "prompt", "image": "inputImage"}, **SMALL
    ).wait()
    assert again.counts == {"succeeded": 2}
    runs = [request for request in sandbox.requests if request.path.startswith("/v1/Run")]
    assert len(runs) == 4
