"""Records as a pandas DataFrame with real types; pandas is imported when it is asked for, not before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_widgets.journal.frames import require_pandas
from wiro_widgets.journal.sound import sound
from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol import wire_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from wiro_widgets.protocol.record import TaskRecord

_TIME: Final = "datetime64[us, UTC]"
_DTYPES: Final = {
    "task_id": "string",
    "model": "category",
    "status": "category",
    "success": "boolean",
    "exit_code": "Int64",
    "prompt": "string",
    "seed": "Int64",
    "parameters": "string",
    "created_at": _TIME,
    "started_at": _TIME,
    "ended_at": _TIME,
    "queue_seconds": "float64",
    "run_seconds": "float64",
    "elapsed_seconds": "float64",
    "total_cost": "float64",
    "output_count": "int64",
    "output_urls": "object",
    "output_paths": "object",
    "error": "string",
    "outcome": "category",
    "text": "string",
    "reused_from": "string",
    "star": "bool",
    "tags": "object",
    "note": "string",
    "reuses": "int64",
}
_COMPACT: Final = (",", ":")  # as SQLite tells a part of JSON
_OUTCOMES: Final = ("succeeded", "failed", "cancelled", "running", "unknown")
_INT64: Final = range(-(2**63), 2**63)
_EXACT_AS_FLOAT: Final = range(-(2**53), 2**53 + 1)


def to_pandas(records: Iterable[TaskRecord], expand: bool = False) -> pd.DataFrame:
    """Return a DataFrame with one row a record and the columns of TaskRecord.

    Times are datetime64[us, UTC], durations and cost float64, counts and codes Int64, model, status and outcome
    categories. `parameters` is JSON text, so that the frame goes to Parquet and CSV; `expand=True` adds a column
    `param.<id>` for each parameter, with its own type. Integers stay exact: where one is beyond 64 bits its column
    holds texts, for a float would round it and Parquet has nothing larger. Other values of a wrong type or out of range
    are missing. Without records the columns and their types are the same.

    Raises ConfigurationError when pandas is not installed.
    """
    require_pandas()
    rows = [(record, plain(record.parameters)) for record in map(sound, records)]
    columns: dict[str, list[Any]] = {name: [getattr(record, name) for record, _ in rows] for name in _DTYPES}
    columns |= {
        name: [list(value) for value in columns[name]] for name, dtype in _DTYPES.items() if dtype == "object"
    }
    columns["parameters"] = [
        json.dumps(parameters, ensure_ascii=False, separators=_COMPACT) for _, parameters in rows
    ]
    return _framed(columns, [parameters for _, parameters in rows] if expand else [])


def of_columns(columns: dict[str, list[Any]], expand: bool = False) -> pd.DataFrame | None:
    """Return the same of columns as `columns.checked` gives them; None for times that cannot be read."""
    require_pandas()
    import pandas as pd  # noqa: PLC0415 - optional and slow

    told: dict[str, Any] = dict(columns)
    try:
        for name, dtype in _DTYPES.items():
            if dtype == _TIME:
                told[name] = pd.to_datetime(pd.Series(told[name]), utc=True, format="ISO8601").astype(_TIME)
    except ValueError:
        return None
    return _framed(told, json.loads(f"[{','.join(columns['parameters'])}]") if expand else [])


def _framed(columns: dict[str, Any], parameters: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - optional and slow

    made: dict[str, Any] = {}
    for name, dtype in _DTYPES.items():
        values = columns[name]
        if name == "seed":
            values, dtype = _integers(values)  # noqa: PLW2901 - where they are too large for its own
        if dtype == "category":  # of texts, also where there is none yet
            known = pd.Index(sorted({item for item in values if item}), dtype="str")
            made[name] = pd.Categorical(values, list(_OUTCOMES) if name == "outcome" else known)
        else:
            array = pd.Series if dtype == "object" else pd.array  # an array by itself takes half the time
            made[name] = array(values, dtype=cast("Any", dtype))
    for key in dict.fromkeys(key for told in parameters for key in told):
        values, dtype = _guessed([_flat(told.get(key)) for told in parameters])
        made[f"param.{key}"] = pd.Series(values, dtype=cast("Any", dtype))
    return pd.DataFrame(made)


def column(values: list[Any]) -> pd.Series[Any]:
    """Return values as a column of the narrowest type that holds them exactly; files stand by their names."""
    import pandas as pd  # noqa: PLC0415 - optional and slow

    numbered = {str(number): value for number, value in enumerate(values)}
    kept, dtype = _guessed([_flat(value) for value in plain(numbered).values()])
    return cast("pd.Series[Any]", pd.Series(kept, dtype=cast("Any", dtype)))


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its lists as JSON text, which CSV can hold and `from_pandas` reads again."""
    lists = {name: table[name].map(json.dumps) for name, dtype in _DTYPES.items() if dtype == "object"}
    return table.assign(**lists)


def _guessed(values: list[Any]) -> tuple[list[Any], str]:
    """Return the values and the narrowest type that holds them exactly."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return values, "boolean"
    if kinds <= {str} and kinds:
        return values, "string"
    numbers = [_number(value) for value in values]
    if (
        not kinds
        or bool in kinds
        or any(n is None and v is not None for n, v in zip(numbers, values, strict=True))
    ):
        return _as_texts(values)
    if not any(isinstance(number, float) for number in numbers):
        return _integers(numbers)
    exact = all(number in _EXACT_AS_FLOAT for number in numbers if isinstance(number, int))
    return (numbers, "float64") if exact else _as_texts(values)


def _integers(values: list[Any]) -> tuple[list[Any], str]:
    """Return Int64 where it holds every value, else texts."""
    numbers = [_number(value) for value in values]
    whole = all(
        value is None or (isinstance(n, int) and n in _INT64)
        for n, value in zip(numbers, values, strict=True)
    )
    return (numbers, "Int64") if whole else _as_texts(values)


def _as_texts(values: list[Any]) -> tuple[list[Any], str]:
    return [None if value is None else str(value) for value in values], "string"


def _number(value: object) -> int | float | None:
    """Return a number from a number or its text: Wiro answers with texts where we sent numbers."""
    if isinstance(value, str):
        return (
            wire_values.integer(value) if value.strip().lstrip("-").isdigit() else wire_values.number(value)
        )
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flat(value: Any) -> Any:
    """Return what fits into a cell: a file by its name, a list or an object as JSON text."""
    if isinstance(value, dict) and value.keys() == {"file", "size"}:
        return value["file"]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
