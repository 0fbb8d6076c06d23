import io
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from wiro_widgets.journal.columns import RECORD_COLUMNS
from wiro_widgets.journal.dataframe import from_pandas, to_pandas, write_csv
from wiro_widgets.protocol.record import TaskRecord

RECORD = TaskRecord(
    task_id="534574",
    model="tencent/hunyuan-flux-srpo",
    status="task_postprocess_end",
    success=True,
    exit_code=0,
    prompt="a cat",
    seed=7350148318,
    parameters={"prompt": "a cat", "steps": 20, "scale": 3.5, "seed": 7350148318},
    created_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
    started_at=datetime(2026, 5, 1, 12, 0, 2, tzinfo=UTC),
    ended_at=datetime(2026, 5, 1, 12, 0, 8, 500, tzinfo=UTC),
    queue_seconds=2.0,
    run_seconds=6.0,
    elapsed_seconds=8.0,
    total_cost=0.00351,
    output_count=1,
    output_urls=("https://cdn1.wiro.ai/0.png",),
    output_paths=("/pictures/0.png",),
    outcome="succeeded",
)
RUNNING = TaskRecord(task_id="7", model="a/b", outcome="running", parameters={"steps": 10})
DTYPES = {
    "task_id": "string",
    "model": "category",
    "status": "category",
    "success": "boolean",
    "exit_code": "Int64",
    "prompt": "string",
    "seed": "Int64",
    "parameters": "string",
    "created_at": "datetime64[us, UTC]",
    "started_at": "datetime64[us, UTC]",
    "ended_at": "datetime64[us, UTC]",
    "queue_seconds": "float64",
    "run_seconds": "float64",
    "elapsed_seconds": "float64",
    "total_cost": "float64",
    "output_count": "int64",
    "output_urls": "string",
    "output_paths": "string",
    "error": "string",
    "outcome": "category",
    "text": "string",
    "parents": "string",
    "finish_reason": "string",
    "usage": "string",
    "reused_from": "string",
    "star": "bool",
    "tags": "string",
    "note": "string",
    "reuses": "int64",
}


def parameter(*values: Any) -> "pd.Series[Any]":
    """Return the column of a parameter that has these values."""
    records = [TaskRecord(parameters={} if value is None else {"x": value}) for value in values]
    return to_pandas(records, expand=True)["param.x"]


def test_every_field_of_a_record_is_a_column() -> None:
    """The declared columns are the fields of TaskRecord, in the same order."""
    assert list(RECORD_COLUMNS) == [item.name for item in fields(TaskRecord)]


@pytest.mark.parametrize("records", [[], [RECORD], [RUNNING], [RECORD, RUNNING]], ids=len)
def test_columns_and_types_are_always_the_same(records: list[TaskRecord]) -> None:
    """A table has the columns of TaskRecord with real types, with records, without, and with gaps in them."""
    assert to_pandas(records).dtypes.astype(str).to_dict() == DTYPES


def test_values_arrive() -> None:
    """Each field of a record is in its column."""
    row = to_pandas([RECORD]).iloc[0]
    assert row["ended_at"] == pd.Timestamp("2026-05-01T12:00:08.000500Z")
    assert (row["seed"], row["total_cost"], row["success"]) == (7350148318, 0.00351, True)
    assert row["output_paths"] == '["/pictures/0.png"]'
    assert row["parameters"] == '{"prompt":"a cat","steps":20,"scale":3.5,"seed":7350148318}'


@pytest.mark.filterwarnings("ignore:The behavior of DataFrame concatenation:FutureWarning")  # of pandas 2.2
def test_outcomes_have_one_set_of_categories() -> None:
    """Every table has every outcome as a category, so that tables can be concatenated."""
    both = pd.concat([to_pandas([RECORD]), to_pandas([RUNNING])])
    assert str(both["outcome"].dtype) == "category"


def test_durations_can_be_averaged() -> None:
    """Gaps in durations and cost do not hinder arithmetic."""
    assert to_pandas([RECORD, RUNNING])["run_seconds"].mean() == 6.0


def test_expanding_adds_a_column_a_parameter() -> None:
    """`expand` adds a column for every parameter of any record, each of its own type."""
    table = to_pandas([RECORD, RUNNING], expand=True)
    assert table.filter(like="param.").dtypes.astype(str).to_dict() == {
        "param.prompt": "string",
        "param.steps": "Int64",
        "param.scale": "float64",
        "param.seed": "Int64",
    }
    assert table["param.steps"].tolist() == [20, 10]


@pytest.mark.parametrize(
    ("values", "dtype", "cells"),
    [
        ((1, None), "Int64", [1, pd.NA]),
        ((1, 2.5), "float64", [1.0, 2.5]),
        ((True, None), "boolean", [True, pd.NA]),
        (("a", None), "string", ["a", pd.NA]),
        ((20, "30"), "Int64", [20, 30]),
        ((20, "fast"), "string", ["20", "fast"]),
        ((True, 1), "string", ["True", "1"]),
        ((7350148318, 1), "Int64", [7350148318, 1]),
        ((2**63, 1), "string", [2**63, 1]),
        ((2**53 + 1, 0.5), "string", [2**53 + 1, 0.5]),
        ((2**70, "random"), "string", [2**70, "random"]),
        (([1, 2], None), "string", ["[1, 2]", pd.NA]),
        ((b"12345", None), "string", ["bytes", pd.NA]),
    ],
)
def test_a_parameter_has_the_narrowest_exact_type(
    values: tuple[Any, ...], dtype: str, cells: list[Any]
) -> None:
    """A parameter's column has the narrowest type that holds every value exactly; files stand by their names."""
    column = parameter(*values)
    assert str(column.dtype) == dtype
    assert [str(value) for value in column] == [str(value) for value in cells]


@pytest.mark.parametrize("seed", [2**53 + 1, 2**63, 10**30, "random"])
def test_seeds_stay_exact(seed: int | str, tmp_path: Path) -> None:
    """A seed of any size is never rounded, and goes to Parquet and back."""
    records = [TaskRecord(seed=seed), TaskRecord(seed=1), TaskRecord()]
    table = to_pandas(records)
    assert [str(value) for value in table["seed"]][:2] == [str(seed), "1"]
    table.to_parquet(tmp_path / "runs.parquet")
    assert from_pandas(pd.read_parquet(tmp_path / "runs.parquet")) == records


def test_seeds_that_were_sent_as_text_are_numbers() -> None:
    """A seed that came back as text is a number in the column."""
    table = to_pandas([TaskRecord(seed="7350148318"), TaskRecord(seed=1)])
    assert (str(table["seed"].dtype), table["seed"].tolist()) == ("Int64", [7350148318, 1])


@pytest.mark.parametrize("expand", [False, True])
def test_parquet_and_back(tmp_path: Path, expand: bool) -> None:
    """A table goes to Parquet and comes back with its types."""
    table = to_pandas([RECORD, RUNNING, TaskRecord(parameters={"image": b"1", "steps": "5"})], expand=expand)
    table.to_parquet(tmp_path / "runs.parquet")
    again = pd.read_parquet(tmp_path / "runs.parquet")
    assert again.dtypes.astype(str).to_dict() == table.dtypes.astype(str).to_dict()
    assert again["parameters"].tolist() == table["parameters"].tolist()


@pytest.mark.parametrize("records", [[RECORD], [RECORD, RUNNING]], ids=len)
def test_parquet_gives_the_same_table(tmp_path: Path, records: list[TaskRecord]) -> None:
    """What comes back from Parquet is the same table, to the types of its categories."""
    table = to_pandas(records, expand=True)
    table.to_parquet(tmp_path / "runs.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "runs.parquet"), table)


def test_csv_and_back() -> None:
    """A table goes to CSV and comes back with its numbers."""
    text = to_pandas([RECORD, RUNNING]).to_csv(index=False)
    again = pd.read_csv(io.StringIO(text), dtype={"task_id": "string", "seed": "Int64"})
    assert again["seed"].tolist()[0] == 7350148318
    assert again["task_id"].tolist() == ["534574", "7"]


ODD = TaskRecord(
    "8",
    "a/b",
    seed=2**70,
    prompt='two\nlines, "quoted"',
    tags=("a", "b"),
    note="x",
    star=True,
    reused_from="7",
)


@pytest.mark.parametrize("records", [[RECORD, RUNNING, ODD], [RECORD], []], ids=len)
@pytest.mark.parametrize("way", ["frame", "csv", "our csv", "parquet"])
def test_records_come_back(tmp_path: Path, way: str, records: list[TaskRecord]) -> None:
    """Records that went through a table, CSV or Parquet are the same records again, to the last digit."""
    table = to_pandas(records, expand=True)
    if way.endswith("csv"):
        if way == "csv":
            table.to_csv(tmp_path / "runs.csv", index=False)
        else:
            write_csv(table, tmp_path / "runs.csv")
        table = pd.read_csv(tmp_path / "runs.csv")
    if way == "parquet":
        table.to_parquet(tmp_path / "runs.parquet")
        table = pd.read_parquet(tmp_path / "runs.parquet")
    assert from_pandas(table) == records
    pd.testing.assert_frame_equal(to_pandas(from_pandas(table)), to_pandas(records))


@pytest.mark.parametrize("prompt", ["NA", "null", "nan", "None", "1e5", "007", "True", "", " x "])
def test_pandas_takes_no_prompt_for_something_else(prompt: str) -> None:
    """A prompt that pandas reads from a CSV as a number or as missing is restored, and a seed is exact."""
    values = {"prompt": prompt, "seed": 2**60 + 1}
    records = [
        TaskRecord("1", prompt=prompt, seed=2**60 + 1, parameters=values),
        TaskRecord("2", seed="random", parameters={"seed": "random"}),
        TaskRecord("3", prompt=None, parameters={}),
    ]
    for some in (records, records[:1], records[::2]):
        text = to_pandas(some).to_csv(index=False)
        assert from_pandas(pd.read_csv(io.StringIO(text))) == some


@pytest.mark.parametrize("text", ["[1", "5", '"abc"', "open('x')", "[" * 10_000], ids=lambda text: text[:6])
def test_a_column_that_is_no_list(text: str) -> None:
    """A column of lists that holds another text is refused by name."""
    with pytest.raises(ValueError, match="the column output_urls is not one that to_pandas made"):
        from_pandas(pd.DataFrame({"output_urls": [text]}))


def test_a_table_of_something_else() -> None:
    """A column that no record has is left out, and one that cannot be read is named."""
    assert from_pandas(pd.DataFrame({"colour": ["red"], "task_id": [7]})) == [TaskRecord("7")]
    with pytest.raises(ValueError, match="the column created_at is not one that to_pandas made"):
        from_pandas(pd.DataFrame({"created_at": ["noon"]}))


def test_pandas_is_asked_for_by_name() -> None:
    """Without pandas the error names what to install; importing the module needs none."""
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "from wiro_widgets.journal.dataframe import to_pandas\n"
        "from wiro_widgets.protocol.errors import ConfigurationError\n"
        "try: to_pandas([])\n"
        "except ConfigurationError as error: print(error)\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == 'pandas is not installed. Run: pip install "wiro-widgets[pandas]"\n'
