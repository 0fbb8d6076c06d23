"""Records out of a DataFrame: what `to_pandas` made, also after a trip through Parquet or CSV."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.record import TaskRecord

if TYPE_CHECKING:
    import pandas as pd


def from_pandas(table: pd.DataFrame) -> list[TaskRecord]:
    """Return the records of a table that `to_pandas` made, also as read back from Parquet or CSV.

    Columns that a record does not have are left out. A CSV has no types, so that pandas takes a prompt "NA" for none
    and rounds a large seed: these come from `parameters`, which has them as they were. Raises ValueError that names
    the column that cannot be read.
    """
    names = [item.name for item in fields(TaskRecord) if item.name in table.columns]
    columns = {name: _read(name, table[name].tolist()) for name in names}
    for name, lossy in _LOSSY.items():
        if {name, "parameters"} <= columns.keys():
            rows = zip(columns[name], table[name].tolist(), columns["parameters"], strict=True)
            columns[name] = [
                _exact(name, read, values) if isinstance(told, lossy) else read for read, told, values in rows
            ]
    return [TaskRecord(**dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def _read(name: str, values: list[Any]) -> list[Any]:
    read: Callable[[Any], Any] = _READERS.get(name, _text)
    try:
        return [read(value) for value in values]
    except (ValueError, TypeError, AttributeError, SyntaxError, RecursionError, MemoryError) as exc:
        raise ValueError(f"the column {name} is not one that to_pandas made: {exc}") from exc


def _exact(name: str, read: Any, parameters: Mapping[str, Any]) -> Any:
    """Return what a parameter says of itself, else what its column says."""
    if name not in parameters:
        return read
    return _seed(parameters[name]) if name == "seed" else _text(parameters[name])


def _missing(value: Any) -> bool:
    """Tell None, NaN, NaT and NA, none of which equals itself or can be asked."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only NaN does


def _text(value: Any) -> str | None:
    return None if _missing(value) else wire_values.text(_plain(value))


def _said(value: Any) -> str:
    return _text(value) or ""


def _integer(value: Any) -> int | None:
    if _missing(value):
        return None
    found = wire_values.integer(_plain(value))
    if found is None:
        raise ValueError(f"{value!r} is no whole number")
    return found


def _count(value: Any) -> int:
    return _integer(value) or 0


def _outcome(value: Any) -> str:
    return _text(value) or "unknown"


def _star(value: Any) -> bool:
    return bool(_flag(value))


def _seed(value: Any) -> int | str | None:
    if _missing(value):
        return None
    found = wire_values.integer(_plain(value))
    return found if found is not None else wire_values.text(_plain(value))


def _number(value: Any) -> float | None:
    return None if _missing(value) else float(value)


def _flag(value: Any) -> bool | None:
    return None if _missing(value) else wire_values.flag(_plain(value))


def _moment(value: Any) -> datetime | None:
    if _missing(value):
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value.to_pydatetime()
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _list(value: Any) -> tuple[str, ...]:
    if _missing(value):
        return ()
    found = _literal(value) if isinstance(value, str) else value
    if isinstance(found, str):
        raise ValueError(f"{value!r} is no list")  # noqa: TRY004 - a value its column refuses
    return tuple(map(str, found))


def _literal(text: str) -> Any:
    """Return what a text holds, as JSON or as Python prints it, which is what `DataFrame.to_csv` does with a list."""
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text)


def _parameters(value: Any) -> dict[str, Any]:
    found = {} if _missing(value) else json.loads(value)
    if not isinstance(found, dict):
        raise ValueError(f"{value!r} is no JSON object")  # noqa: TRY004 - a value its column refuses
    return found


def _plain(value: Any) -> Any:
    """Return a scalar of numpy's as Python's."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


_LOSSY: Final = {
    "prompt": int | float,
    "seed": float,
}  # what pandas makes of a CSV's text; NaN is a float too
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("created_at", "started_at", "ended_at"), _moment),
    **dict.fromkeys(("queue_seconds", "run_seconds", "elapsed_seconds", "total_cost"), _number),
    **dict.fromkeys(("output_urls", "output_paths", "tags"), _list),
    "success": _flag,
    "exit_code": _integer,
    "seed": _seed,
    "parameters": _parameters,
    **dict.fromkeys(("output_count", "reuses"), _count),
    "outcome": _outcome,
    "star": _star,
    "note": _said,
}
