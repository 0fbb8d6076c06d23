"""Tables of values to run: pandas, Polars, Arrow or any iterable of mappings; and the same table with its results."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, cast

from wiro_widgets.journal.dataframe import require_pandas
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema import scalars
from wiro_widgets.protocol.schema.parameters import nearest
from wiro_widgets.protocol.schema.schema import ModelSchema

Columns = Sequence[str] | Mapping[str, str]
SAMPLE_ROWS: Final = 100  # of a table that is too long, for its estimate
_NAMES: Final = 12  # columns that an error lists
_MISSING: Final = ("NAType", "NaTType")  # pandas' own missing values, by their types' names


@dataclass(frozen=True, slots=True)
class Table:
    """A table of values, a run a row.

    `source` is what came in, `parameters` the parameter of each column that is used. `count` is the number of rows.
    """

    source: Any = field(repr=False)
    parameters: Mapping[str, str]
    count: int

    def rows(self, step: int = 1) -> list[dict[str, Any]]:
        """Return the values of every row, or of each `step`-th one; a cell without a value is left out."""
        names = list(self.parameters)
        if not _is_frame(self.source):
            records: Iterable[Mapping[str, Any]] = itertools.islice(self.source, None, None, step)
            return [self._values(record) for record in records]
        columns = [_column(self.source, name, step) for name in names]
        return [self._values(dict(zip(names, cells, strict=True))) for cells in zip(*columns, strict=True)]

    def explain(self, error: InvalidParameter, row: int) -> InvalidParameter:
        """Return the error with its row, by position and by the label of the table's index, and its column."""
        index = getattr(self.source, "index", None) if _is_pandas(self.source) else None
        label = None if index is None else index[row]
        place = f"row {row}" if label is None or label == row else f"row {row} (index {label!r})"
        column = next((name for name, id_ in self.parameters.items() if id_ == error.parameter), None)
        where = f"{place}, column {column!r}" if column is not None else place
        return InvalidParameter(error.parameter, f"{where}: {error.reason}")

    def _values(self, record: Mapping[str, Any]) -> dict[str, Any]:
        values = {self.parameters[name]: record[name] for name in self.parameters if name in record}
        return {name: value for name, value in values.items() if not _is_missing(value)}


def read(cells: Any, model: str, schema: ModelSchema | None, columns: Columns | None, limit: int) -> Table:
    """Return the table of what `map` was given; reads at most `limit` rows of an iterable, which may have no end.

    Raises InvalidParameter for what is no table, for rows that are no mappings, and for columns that are wrong.
    """
    if hasattr(cells, "collect_schema") and hasattr(cells, "collect"):
        cells = cells.collect()  # a LazyFrame of Polars
    if _is_frame(cells):
        names, count = list(cells.column_names if _is_arrow(cells) else cells.columns), len(cells)
        for name in names:
            if names.count(name) > 1:
                raise InvalidParameter("columns", f"the table has several columns {name!r}; rename one")
    else:
        cells = _records(cells, limit)
        names, count = list(dict.fromkeys(name for record in cells for name in record)), len(cells)
    if not count:
        raise InvalidParameter("values", "the table has no rows, so there is nothing to run")
    if columns is not None:
        return Table(cells, _pick_columns(names, columns, schema), count)
    if schema is not None:
        return Table(cells, _matching(names, schema), count)
    if _is_frame(cells):
        reason = f"what {model} takes is not known; name the columns to send, of {_list(names)}"
        raise InvalidParameter("columns", reason)
    return Table(cells, {name: name for name in names}, count)


def join(source: Any, columns: Mapping[str, list[Any]]) -> Any:
    """Return the table with further columns at the right of those that it has.

    A name that the table has already gets `_run` at its end. Raises ConfigurationError if pandas is not installed and
    the table is not Polars'.
    """
    if _is_polars(source):
        return _join_polars(source, columns)
    require_pandas()
    import pandas as pd  # noqa: PLC0415 - optional and slow

    frame: Any = source
    if not _is_pandas(frame):
        frame = frame.to_pandas() if _is_arrow(frame) else pd.DataFrame(list(frame))
    dtypes = {"cost": "float64", "outcome": "category", "paths": "object", "image": "object"}
    series: dict[str, Any] = {
        _free_name(name, frame.columns): pd.Series(
            values, index=frame.index, dtype=cast("Any", dtypes.get(name, "string"))
        )
        for name, values in columns.items()
    }
    return pd.concat([frame, pd.DataFrame(series)], axis=1)


def _join_polars(source: Any, columns: Mapping[str, list[Any]]) -> Any:
    polars = sys.modules["polars"]
    dtypes = {"cost": polars.Float64, "paths": polars.List(polars.String), "image": polars.Object}
    series = [
        polars.Series(
            _free_name(name, source.columns),
            [list(value) for value in values] if name == "paths" else values,
            dtype=dtypes.get(name, polars.String),
        )
        for name, values in columns.items()
    ]
    return source.with_columns(series)


def _free_name(name: str, names: Iterable[object]) -> str:
    while name in names:
        name += "_run"
    return name


def _records(cells: object, limit: int) -> list[Mapping[str, Any]]:
    """Return an iterable of mappings as a list."""
    if isinstance(cells, Mapping):
        hint = "one run is a list of one dict, columns of values are a pandas.DataFrame"
        raise InvalidParameter("values", f"a list of dicts is needed, not {type(cells).__name__}; {hint}")
    if not isinstance(cells, Iterable) or isinstance(cells, str | bytes):
        hint = "; pandas.read_csv reads one from a file" if isinstance(cells, str | bytes) else ""
        reason = f"a table or a list of dicts is needed, not {type(cells).__name__}{hint}"
        raise InvalidParameter("values", reason)
    if isinstance(cells, Sized):
        limit = len(cells)
    records = list(itertools.islice(cells, limit + 1))  # a generator may have no end
    if len(records) > limit:
        reason = (
            f"there are more than {limit:,} rows, each a run; nothing was sent. confirm=<number> allows more"
        )
        raise InvalidParameter("confirm", reason)
    for index, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise InvalidParameter("values", f"row {index}: a dict is needed, not {type(record).__name__}")
    return records


def _pick_columns(names: list[Any], columns: Columns, schema: ModelSchema | None) -> dict[str, str]:
    """Return the parameter of each column that the user names."""
    chosen = columns if isinstance(columns, Mapping) else {name: name for name in _name_list(columns)}
    for name in chosen:
        if name not in names:
            hint = nearest(str(name), [str(item) for item in names]) or f" It has {_list(names)}."
            raise InvalidParameter("columns", f"the table has no column {name!r}.{hint}")
    ids = list(chosen.values())
    for id_ in ids:
        if ids.count(id_) > 1:
            raise InvalidParameter("columns", f"several columns are to be {id_}; name one")
        if schema is not None:
            schema.require(id_)
    return {name: chosen[name] for name in names if name in chosen}


def _matching(names: list[Any], schema: ModelSchema) -> dict[str, str]:
    """Return the columns that are parameters; raises InvalidParameter for one that is nearly the name of another.

    A misspelt column that were carried along would be paid for with the default in its place.
    """
    ids = [parameter.id for parameter in schema.parameters]
    used = [name for name in names if isinstance(name, str) and schema.get(name) is not None]
    free_ids = [id_ for id_ in ids if id_ not in used]
    for name in names:
        if name not in used and (hint := nearest(str(name), free_ids)):
            advice = "columns=[...] names the columns to send, columns={'column': 'parameter'} renames them"
            raise InvalidParameter(str(name), f"is no parameter of {schema.model}.{hint} {advice}.")
    if not used:
        reason = f"{_list(names)}: none is a parameter of {schema.model}, which takes {_list(ids)}"
        raise InvalidParameter("columns", reason)
    return {name: name for name in used}


def _name_list(columns: Columns) -> Sequence[str]:
    if isinstance(columns, str):
        raise InvalidParameter("columns", f"a list of names is needed: columns=[{columns!r}]")
    return list(columns)


def _list(names: Sequence[object]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(map(str, names[:_NAMES])) + more


def _column(frame: Any, name: str, step: int) -> list[Any]:
    """Return a column's values; whole numbers that pandas made floats, because others are missing, as integers."""
    if _is_arrow(frame):
        values: list[Any] = frame.column(name).to_pylist()[::step]
        return values
    column = frame[name]
    values = list(column.iloc[::step] if _is_pandas(frame) else column.gather_every(step))
    floats = [value for value in values if isinstance(value, float)]
    if floats and len(floats) == len(values):
        numbers = [value for value in floats if value == value]  # noqa: PLR0124 - NaN is not equal to itself
        has_gaps = len(numbers) < len(floats)
        if has_gaps and all(value.is_integer() for value in numbers):
            return [int(value) if value == value else None for value in values]  # noqa: PLR0124 - the same
    return values


def _is_missing(value: object) -> bool:
    if value is None or type(value).__name__ in _MISSING:
        return True
    value = scalars.python_scalar(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN is not equal to itself


def _is_frame(value: object) -> bool:
    return _is_pandas(value) or _is_polars(value) or _is_arrow(value)


def _is_pandas(value: object) -> bool:
    return hasattr(value, "iloc") and hasattr(value, "columns")


def _is_polars(value: object) -> bool:
    return hasattr(value, "iter_rows") and hasattr(value, "with_columns")


def _is_arrow(value: object) -> bool:
    return hasattr(value, "to_pylist") and hasattr(value, "column_names")
