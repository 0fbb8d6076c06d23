"""Records and sweeps as pandas DataFrames with real types, and back; pandas is imported on the first use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import tzinfo
from importlib import import_module
from itertools import chain
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_widgets.journal.columns import (
    DEFAULTS,
    INT64,
    LISTS,
    OUTCOMES,
    RECORD_COLUMNS,
    TIME,
    UNREADABLE,
    ColumnType,
    csv_text,
    from_csv_text,
    sound,
    sound_value,
)
from wiro_widgets.media.jsonable import is_file, plain, storable
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema import scalars

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_TIMES: Final = tuple(name for name, column in RECORD_COLUMNS.items() if column.dtype == TIME)
# What the journal holds as JSON text, with the text of the default.
_JSON: Final = {"parameters": "{}", **dict.fromkeys(LISTS, "[]")}
# With the separators that SQLite uses, see `from_cells`.
_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ascii_encoder: Final = json.JSONEncoder(separators=(",", ":"))
_EXACT_AS_FLOAT: Final = range(-(2**53), 2**53 + 1)
# What pandas makes of a text when it reads a CSV: a prompt "1e5" becomes a float, as does a seed in a column with gaps.
_LOSSY: Final = {"prompt": (int, float), "seed": (float,)}
_PARQUET: Final = "Parquet needs pyarrow. Run: pip install pyarrow"
CELL_STATUSES: Final = ("pending", "running", "succeeded", "failed", "cancelled", "refused", "unknown")


def require_pandas() -> None:
    """Raise a ConfigurationError that says what to install if pandas is missing."""
    try:
        import_module("pandas")  # adds 344 ms to an import, and is optional
    except ImportError as exc:
        raise ConfigurationError('pandas is not installed. Run: pip install "wiro-widgets[pandas]"') from exc


# Records to a table


def _encode(value: Any) -> str:
    """Return JSON text that UTF-8 can encode, also of a path that is no UTF-8 itself."""
    text = _encoder.encode(value)
    return text if storable(text) == text else _ascii_encoder.encode(value)


def to_pandas(
    records: Iterable[TaskRecord], expand: bool = False, *, tz: tzinfo | str | None = "UTC"
) -> pd.DataFrame:
    """Return a DataFrame with one row a record and the columns of TaskRecord.

    Times are datetime64[us, UTC], durations and cost float64, counts and codes Int64, model, status and outcome
    categories. Lists, `parameters` and `usage` are JSON text, which pandas can compare, group and write anywhere;
    `expand=True` adds a column `param.<id>` for each parameter, with its own type. `tz` is the time zone of the
    times; None gives UTC without a zone, as Excel needs it. Integers stay exact: if one has more than 64 bits its
    column holds texts, since a float would round it and Parquet has nothing larger. Values of a wrong type or out of
    range are missing. Without records the columns and their types are the same.

    Raises ConfigurationError if pandas is not installed.

    >>> to_pandas(client.history.find(outcome="succeeded"))[["prompt", "run_seconds", "total_cost"]]
    """
    require_pandas()
    sound_records = [sound(record) for record in records]
    columns: dict[str, list[Any]] = {
        name: [getattr(record, name) for record in sound_records] for name in RECORD_COLUMNS
    }
    columns |= {name: [_encode(value) if value else "[]" for value in columns[name]] for name in LISTS}
    columns["parameters"] = [_encode(plain(values)) for values in columns["parameters"]]
    columns["usage"] = [value and _encode(plain(value)) for value in columns["usage"]]
    return in_zone(_frame(columns, expand=expand), tz)


def in_zone(table: pd.DataFrame, tz: tzinfo | str | None) -> pd.DataFrame:
    """Return a table of ours with its times in this zone; None: in UTC, without a zone."""
    times = table.select_dtypes("datetimetz").columns
    if tz == "UTC" or times.empty:
        return table
    return table.assign(**{name: table[name].dt.tz_convert(tz) for name in times})


def _frame(columns: Mapping[str, Any], *, expand: bool) -> pd.DataFrame:
    """Return the columns of records with their types; with `expand` a column `param.<id>` for each parameter too."""
    import pandas as pd  # noqa: PLC0415 - optional and slow

    arrays: dict[str, Any] = {}
    for name, column in RECORD_COLUMNS.items():
        values, dtype = columns[name], column.dtype
        if name == "seed":
            values, dtype = _integers(values)
        if dtype == "category":  # of texts, even if there is none yet
            names = pd.Index(sorted({item for item in values if item}), dtype="str")
            arrays[name] = pd.Categorical(values, list(OUTCOMES) if name == "outcome" else names)
        else:
            arrays[name] = pd.array(values, dtype=cast("Any", dtype))
    if expand:
        parameters = [*chain(*_json_chunks(columns["parameters"]))]
        for name in dict.fromkeys(name for values in parameters for name in values):
            arrays[f"param.{name}"] = _narrowest([values.get(name) for values in parameters])
    return pd.DataFrame(arrays)


def _narrowest(values: Sequence[Any]) -> pd.Series[Any]:
    """Return plain values as a column of the narrowest type that holds them exactly; files stand by their names."""
    import pandas as pd  # noqa: PLC0415 - optional and slow

    cells, dtype = _with_dtype([_as_cell(value) for value in values])
    column: pd.Series[Any] = pd.Series(cells, dtype=cast("Any", dtype))
    return column


def _with_dtype(values: list[Any]) -> tuple[list[Any], str]:
    """Return the values, perhaps as numbers or texts, with the narrowest type that holds them exactly."""
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return values, "boolean"
    if types == {str} or not types or bool in types:
        return _as_texts(values)
    numbers = [_number(value) for value in values]
    if any((number is None) != (value is None) for number, value in zip(numbers, values, strict=True)):
        return _as_texts(values)
    if not any(isinstance(number, float) for number in numbers):
        return _integers(numbers)
    exact = all(number in _EXACT_AS_FLOAT for number in numbers if isinstance(number, int))
    return (numbers, "float64") if exact else _as_texts(values)


def _integers(values: list[Any]) -> tuple[list[Any], str]:
    """Return Int64 if it holds every value, else texts."""
    numbers = [_number(value) for value in values]
    fits = all(
        value is None or (isinstance(number, int) and number in INT64)
        for number, value in zip(numbers, values, strict=True)
    )
    return (numbers, "Int64") if fits else _as_texts(values)


def _as_texts(values: list[Any]) -> tuple[list[Any], str]:
    return [None if value is None else str(value) for value in values], "string"


def _number(value: object) -> int | float | None:
    """Return a number from a number or its text: Wiro answers with texts where we sent numbers."""
    if isinstance(value, str):
        is_whole = value.strip().lstrip("-").isdigit()
        return wire_values.integer(value) if is_whole else wire_values.number(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _as_cell(value: Any) -> Any:
    """Return what fits into a cell: a file by its name, a list or an object as JSON text."""
    if is_file(value):
        return value["file"]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


# Rows of the journal to a table, without an object for each

# A run without a record yet has one as `row.record_of_row` makes it.
_RECORD: Final = """coalesce(record, json_object(
    'task_id', task_id, 'model', model, 'parameters', json(parameters), 'created_at', intent_at, 'error', error,
    'prompt', json_extract(parameters, '$.prompt'), 'seed', json_extract(parameters, '$.seed'),
    'outcome', CASE outcome WHEN 'running' THEN 'running' ELSE 'unknown' END))"""
_CELLS: Final = {  # each with an expression of its own: what stays JSON text, and columns of the table of runs
    "parameters": f"json_extract({_RECORD}, '$.parameters')",
    "output_urls": f"json_extract({_RECORD}, '$.output_urls')",
    "output_paths": f"json_extract({_RECORD}, '$.output_paths')",
    "parents": "parents",
    "star": "star",
    "tags": "tags",
    "note": "notes",
    "reuses": "reuses",
}
# All others in one expression: SQLite's price is by the call, and Python's JSON reader keeps numbers exact.
_RECORD_CELLS: Final = tuple(name for name in RECORD_COLUMNS if name not in _CELLS)
_PATHS: Final = ", ".join(f"'$.{name}'" for name in _RECORD_CELLS)
CELLS_SQL: Final = ", ".join((f"json_extract({_RECORD}, {_PATHS})", *_CELLS.values()))
# Texts parsed at once: fewer new lists than make Python's garbage collector look at those that are alive.
_CHUNK: Final = 500


def from_cells(
    cells: Sequence[Sequence[Any]], expand: bool = False, *, tz: tzinfo | str | None = "UTC"
) -> pd.DataFrame | None:
    """Return the table of rows that SQLite selected as `CELLS_SQL`; None if a value is not as `to_dict` writes it.

    Then `to_pandas` of the records is to be used, which converts them one by one. Raises ConfigurationError if pandas
    is not installed.
    """
    if not cells:
        return to_pandas((), expand=expand, tz=tz)
    require_pandas()
    try:
        columns = _columns_of(cells)
        for name in LISTS:  # most are empty, so that few differ
            chunks = _json_chunks([*{*columns[name]}])
            if any(set(map(type, chain(*chunk))) - {str} for chunk in chunks):
                return None
        # Tags are stored with blanks between them, and most runs have none.
        columns["tags"] = [text if text == "[]" else _encode(json.loads(text)) for text in columns["tags"]]
        table = _frame(columns, expand=expand)
    except UNREADABLE:
        return None
    return in_zone(table, tz)


def _columns_of(cells: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the columns of records, lists and parameters as JSON text; raises `UNREADABLE` if one is not sound."""
    import pandas as pd  # noqa: PLC0415 - optional and slow

    columns: dict[str, Any] = {name: [] for name in _RECORD_CELLS}
    for records in _json_chunks([row[0] for row in cells]):
        for name, values in zip(_RECORD_CELLS, zip(*records, strict=True), strict=True):
            columns[name].extend(values)
    for place, name in enumerate(_CELLS, 1):
        columns[name] = [row[place] for row in cells]
    for name in RECORD_COLUMNS:
        columns[name] = _sound_cells(name, columns[name])
    columns["usage"] = [usage and _encode(usage) for usage in columns["usage"]]
    for name in _TIMES:
        texts = pd.Series(columns[name], dtype="object")  # as pandas parses them, which would convert others
        moments = pd.to_datetime(texts, utc=True, format="ISO8601")
        columns[name] = moments.astype(cast("Any", TIME))
    return columns


def _json_chunks(texts: Sequence[str]) -> Iterator[list[Any]]:
    """Yield the values of JSON texts, in lists of `_CHUNK`."""
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        items: list[Any] = json.loads(f"[{','.join(chunk)}]")
        if len(items) != len(chunk):
            raise ValueError("a text holds more than one value")
        yield items


def _sound_cells(name: str, cells: list[Any]) -> list[Any]:
    """Return the cells with the column's default in place of None; raises ValueError if one is not sound."""
    column, types = RECORD_COLUMNS[name], set(map(type, cells))
    present = [cell for cell in cells if cell is not None] if NoneType in types else cells
    is_sound = types <= column.cell_types
    if is_sound and present:
        if types & {int, float}:  # integers of more than 64 bits are floats to SQLite
            lowest, highest = max(column.lowest, INT64[0]), min(column.highest, INT64[-1])
            is_sound = lowest <= min(present) <= max(present) <= highest
        elif name == "outcome":
            is_sound = {*present} <= {*OUTCOMES}
        elif name in _JSON:
            is_sound = {text[:1] for text in present} == {_JSON[name][0]}
    if not is_sound:
        raise ValueError(name)
    default = _JSON.get(name, DEFAULTS[name])
    return [default if cell is None else cell for cell in cells] if NoneType in types else cells


# A table to records


def from_pandas(table: pd.DataFrame) -> list[TaskRecord]:
    """Return the records of a table that `to_pandas` made, also after a trip through Parquet or CSV.

    Columns that a record does not have are left out. A CSV has no types, so that pandas reads a prompt "NA" as missing
    and rounds a large seed: these come from `parameters`, which has them as they were. Raises ValueError that names
    the column that cannot be read.

    >>> records = from_pandas(client.history.to_pandas())
    """
    columns: dict[str, list[Any]] = {}
    for name, column in RECORD_COLUMNS.items():
        if name in table.columns:
            columns[name] = _read_column(name, column, table[name].tolist())
    for name, lossy_types in _LOSSY.items():
        if {name, "parameters"} <= columns.keys():
            rows = zip(columns[name], table[name].tolist(), columns["parameters"], strict=True)
            columns[name] = [
                sound_value(name, parameters.get(name, value)) if isinstance(cell, lossy_types) else value
                for value, cell, parameters in rows
            ]
    return [TaskRecord(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _read_column(name: str, column: ColumnType, cells: Sequence[Any]) -> list[Any]:
    try:
        return [column.value(cell, DEFAULTS[name]) for cell in cells]
    except UNREADABLE as exc:
        raise ValueError(f"the column {name} is not one that to_pandas made: {exc}") from exc


# Files


def read_file(path: Path) -> pd.DataFrame:
    """Read a table from Parquet, or from CSV with each value as the text that stands there and only "" as missing.

    Raises ConfigurationError if what the format needs is not installed, ValueError or OSError for any other file.
    """
    require_pandas()
    import pandas as pd  # noqa: PLC0415 - optional and slow

    if path.suffix.lower() == ".csv":
        table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
        return table.assign(
            **{name: table[name].map(from_csv_text, na_action="ignore") for name in table.columns}
        )
    try:
        return pd.read_parquet(path)
    except ImportError as exc:
        raise ConfigurationError(_PARQUET) from exc


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table to CSV, which `read_file` and `from_pandas` read again.

    A text that a spreadsheet would take for a formula gets a leading apostrophe, which `read_file` removes.
    """
    import pandas as pd  # noqa: PLC0415 - optional and slow

    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    safe = {name: table[name].astype("object").map(_csv_cell, na_action="ignore") for name in texts}
    # A text with a carriage return is quoted if that is part of the line's end, and only then.
    table.assign(**safe).to_csv(path, index=False, lineterminator="\r\n")


def _csv_cell(value: Any) -> Any:
    return csv_text(value) if isinstance(value, str) else value


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table to Parquet; raises ConfigurationError if nothing that can is installed."""
    try:
        table.to_parquet(path, index=False)
    except ImportError as exc:
        raise ConfigurationError(_PARQUET) from exc


# Sweeps


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One cell of a sweep: its status, its record.

    `error` says why it has no result, not all of its files or no value; `value` is what `then` made of the result.
    """

    status: str
    record: TaskRecord
    error: str | None = None
    value: Any = None


def sweep_to_pandas(
    axes: Mapping[str, Sequence[Any]],
    rows: Sequence[SweepRow],
    *,
    expand: bool,
    tz: tzinfo | str | None = "UTC",
) -> pd.DataFrame:
    """Return one row a cell; `axes` has the values of the parameters that vary, by their ids.

    Columns: `cell`, `cell_status`, `axis.<id>`, `cell_value` if `then` made any, `cell_error`, then a record's.
    Axes and values have the narrowest type that holds them exactly. Lists, tuples, sets, dictionaries and arrays of
    one dimension are JSON text; a value that JSON has no form for is an object.
    Raises ConfigurationError if pandas is not installed.
    """
    table = to_pandas([row.record for row in rows], expand=expand, tz=tz)
    import pandas as pd  # noqa: PLC0415 - optional and slow, and there since the line above

    statuses = pd.Categorical([row.status for row in rows], pd.Index(CELL_STATUSES, dtype="str"))
    front: dict[str, Any] = {"cell": pd.Series(range(len(rows)), dtype="int64"), "cell_status": statuses}
    front |= {f"axis.{axis}": _values_column(values) for axis, values in axes.items()}
    if any(row.value is not None for row in rows):
        values = [_json_or_object(row.value) for row in rows]
        is_plain = all(value is None or isinstance(value, str | int | float) for value in values)
        front["cell_value"] = _values_column(values) if is_plain else pd.Series(values, dtype="object")
    front["cell_error"] = pd.Series([row.error for row in rows], dtype="string")
    for place, (name, column) in enumerate(front.items()):
        table.insert(place, name, column)
    return table


def _values_column(values: Sequence[Any]) -> pd.Series[Any]:
    """Return values that are not yet plain as a column of the narrowest type."""
    by_number = {str(number): value for number, value in enumerate(values)}
    return _narrowest(list(plain(by_number).values()))


def _json_or_object(value: Any) -> Any:
    """Return a container as JSON text, because pandas cannot compare its cells; any other value as it is."""
    value = scalars.python_scalar(value)
    if not isinstance(value, list | tuple | AbstractSet | Mapping) and getattr(value, "ndim", None) != 1:
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=_json_form)
    except (TypeError, ValueError, RecursionError):
        return value


def _json_form(value: Any) -> Any:
    """Return what JSON has a form for; raises TypeError."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value, key=repr)
    if getattr(value, "ndim", None) == 1:
        return list(value)
    scalar = scalars.python_scalar(value)
    if isinstance(scalar, str | int | float):
        return scalar
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
