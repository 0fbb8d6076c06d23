"""The columns of a TaskRecord, declared once: each one's type in pandas, how it is read, and its range.

`sound`, the tables (`dataframe`) and their way back from Parquet and CSV are derived from `RECORD_COLUMNS`.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from types import NoneType
from typing import Any, Final, get_args

from wiro_widgets.media.jsonable import storable
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.record import Outcome, TaskRecord
from wiro_widgets.protocol.schema import scalars

OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)
INT64: Final = range(-(2**63), 2**63)
MAX_DOLLARS: Final = 1e6  # of one task
MAX_SECONDS: Final = 1e9
TIME: Final = "datetime64[us, UTC]"
UNREADABLE: Final = (
    ValueError, TypeError, KeyError, AttributeError, SyntaxError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What the values of a column are.

    `dtype` is the type in pandas. `read` converts a value of another type, a cell of a table or a text of a CSV, or
    raises one of `UNREADABLE`. `cell_types` are the types of a sound value that SQLite selects from the journal (see
    `dataframe.from_cells`). Numbers below `lowest` or above `highest` are missing.
    """

    dtype: str
    read: Callable[[Any], Any]
    cell_types: frozenset[type]
    lowest: float = -math.inf
    highest: float = math.inf

    def value(self, cell: Any, default: Any) -> Any:
        """Return the value of a cell, the default if it is empty or out of range; raises as `read` does."""
        if is_missing(cell):
            return default
        value = self.read(scalars.python_scalar(cell))
        if isinstance(value, int | float) and not self.lowest <= value <= self.highest:
            return default
        return value


def is_missing(value: Any) -> bool:
    """Return True for None, NaN, NaT and NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def _refuse(value: Any, kind: str) -> ValueError:
    return ValueError(f"{value!r:.100} is no {kind}")


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else wire_values.text(value)
    if text is None:
        raise _refuse(value, "text")
    return storable(text)


def _flag(value: Any) -> bool:
    flag = wire_values.flag(value)
    if flag is None:
        raise _refuse(value, "truth value")
    return flag


def _integer(value: Any) -> int:
    number = wire_values.integer(value)
    if number is None:
        raise _refuse(value, "whole number")
    return number


def _number(value: Any) -> float:
    number = wire_values.number(value)
    if number is None:
        raise _refuse(value, "number")
    return number


def _seed(value: Any) -> int | str:
    number = wire_values.integer(value)
    if number is None and not isinstance(value, str):
        raise _refuse(value, "seed")
    return storable(value) if number is None else number


def _moment(value: Any) -> datetime:
    """Return a time in UTC from a datetime, a Timestamp of pandas or ISO 8601 text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if hasattr(moment, "to_pydatetime"):
        moment = moment.to_pydatetime()
    if not isinstance(moment, datetime):
        raise _refuse(value, "time")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts from a sequence, or from its text as JSON or as `DataFrame.to_csv` prints a list."""
    items = value
    if isinstance(value, str):
        try:
            items = json.loads(value)
        except ValueError:
            items = ast.literal_eval(value)
    if isinstance(items, str | bytes | Mapping):
        raise _refuse(value, "list")
    return tuple(map(str, items))


def _object(value: Any) -> Mapping[str, Any]:
    mapping = json.loads(value) if isinstance(value, str) else value
    if not isinstance(mapping, Mapping):
        raise _refuse(value, "JSON object")
    return mapping


def _outcome(value: Any) -> str:
    if value not in OUTCOMES:
        raise _refuse(value, "outcome")
    return str(value)


_TEXT: Final = ColumnType("string", _text, frozenset({str, NoneType}))
_CATEGORY: Final = replace(_TEXT, dtype="category")
_FLAG: Final = ColumnType("boolean", _flag, frozenset({bool, NoneType}))
_INTEGER: Final = ColumnType("Int64", _integer, frozenset({int, NoneType}), INT64[0], INT64[-1])
_COUNT: Final = replace(_INTEGER, dtype="int64", lowest=0)
_SECONDS: Final = ColumnType("float64", _number, frozenset({int, float, NoneType}), 0, MAX_SECONDS)
_TIME: Final = ColumnType(TIME, _moment, frozenset({str, NoneType}))
_TEXTS: Final = ColumnType("string", _texts, frozenset({str, NoneType}))  # JSON text
_JSON_OBJECT: Final = ColumnType("string", _object, frozenset({str, NoneType}))  # JSON text

RECORD_COLUMNS: Final[Mapping[str, ColumnType]] = {
    "task_id": _TEXT,
    "model": _CATEGORY,
    "status": _CATEGORY,
    "success": _FLAG,
    "exit_code": _INTEGER,
    "prompt": _TEXT,
    "seed": ColumnType("Int64", _seed, frozenset({int, NoneType})),  # "string" if one has more than 64 bits
    "parameters": _JSON_OBJECT,
    "created_at": _TIME,
    "started_at": _TIME,
    "ended_at": _TIME,
    "queue_seconds": _SECONDS,
    "run_seconds": _SECONDS,
    "elapsed_seconds": _SECONDS,
    "total_cost": replace(_SECONDS, highest=MAX_DOLLARS),
    "output_count": _COUNT,
    "output_urls": _TEXTS,
    "output_paths": _TEXTS,
    "error": _TEXT,
    "outcome": ColumnType("category", _outcome, frozenset({str})),
    "text": _TEXT,
    "parents": _TEXTS,
    "finish_reason": _TEXT,
    "usage": replace(_JSON_OBJECT, cell_types=frozenset({dict, NoneType})),
    "reused_from": _TEXT,
    "star": ColumnType("bool", _flag, frozenset({int})),  # a column of SQLite, which has no truth values
    "tags": _TEXTS,
    "note": replace(_TEXT, cell_types=frozenset({str})),
    "reuses": _COUNT,
}
LISTS: Final = tuple(name for name, column in RECORD_COLUMNS.items() if column is _TEXTS)
DEFAULTS: Final[Mapping[str, Any]] = {
    item.name: item.default if item.default is not MISSING else {} for item in fields(TaskRecord)
}


def sound(record: TaskRecord) -> TaskRecord:
    """Return the record with values of another type converted, and without what cannot be converted or counted with."""
    changes: dict[str, Any] = {}
    for name, column in RECORD_COLUMNS.items():
        before = getattr(record, name)
        if before is DEFAULTS[name] or _is_plainly_sound(before, column):
            continue
        after = sound_value(name, before)
        if after is not before and not (type(after) is type(before) and after == before):
            changes[name] = after
    return replace(record, **changes) if changes else record


def _is_plainly_sound(value: Any, column: ColumnType) -> bool:
    """Return True for most sound values, at a glance: a history reads thousands."""
    kind, read = type(value), column.read
    if kind is str:
        return (read is _text and value.isascii()) or (read is _outcome and value in OUTCOMES)
    if kind is int:
        is_whole = read is _integer or read is _seed
        return is_whole and value in INT64 and column.lowest <= value <= column.highest
    if kind is float:
        return read is _number and column.lowest <= value <= column.highest
    if kind is tuple:
        return read is _texts and all(type(item) is str for item in value)
    if kind is datetime:
        return read is _moment and value.tzinfo is UTC
    return read is {bool: _flag, dict: _object}.get(kind)


def sound_value(name: str, value: Any) -> Any:
    """Return a value of this column, converted if it is of another type; the column's default if it cannot be read."""
    try:
        return RECORD_COLUMNS[name].value(value, DEFAULTS[name])
    except UNREADABLE:
        return DEFAULTS[name]


# Texts in a CSV, which a spreadsheet calculates if they begin like a formula

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def csv_text(text: str) -> str:
    """Return the text as a cell of a CSV: after an apostrophe if it begins like a formula and is no number."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def from_csv_text(text: str) -> str:
    """Return the text that `csv_text` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
