"""Columns of a journal's runs, picked out of its JSON by SQLite: a table of many runs without an object for each.

Only what is sound is read so. Wherever anything is not as `TaskRecord` has it there are no columns, and whoever asked
reads the records one by one, which mends what can be mended.
"""

from __future__ import annotations

import gc
import json
import math
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, get_args

from wiro_widgets.journal.sound import MOST_DOLLARS, MOST_SECONDS
from wiro_widgets.protocol.record import Outcome, TaskRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Column = list[Any]
_INT64: Final = range(-(2**63), 2**63)
_NONE: Final = type(None)
# What stands in a column of its own in the table of runs, and what is told as the JSON that it is.
_OWN: Final = {"star": "star", "tags": "tags", "note": "notes", "reuses": "reuses"}
# A run that has no record yet is told as `rows.record_of_row` tells it.
_RECORD: Final = """coalesce(record, json_object(
    'task_id', task_id, 'model', model, 'parameters', json(parameters), 'created_at', intent_at, 'error', error,
    'prompt', json_extract(parameters, '$.prompt'), 'seed', json_extract(parameters, '$.seed'),
    'outcome', CASE outcome WHEN 'running' THEN 'running' ELSE 'unknown' END))"""
_APART: Final = {"parameters": f"json_extract({_RECORD}, '$.parameters')", **_OWN}
_WITHIN: Final = tuple(item.name for item in fields(TaskRecord) if item.name not in _APART)
# One call for all that is within: SQLite's price is by the call, and Python's own reader keeps numbers exact.
_PATHS: Final = ", ".join(f"'$.{name}'" for name in _WITHIN)
SELECTED: Final = ", ".join((f"json_extract({_RECORD}, {_PATHS})", *_APART.values()))


class UnsoundError(Exception):
    """Something is not as a record has it."""


def checked(rows: Sequence[tuple[Any, ...]]) -> dict[str, Column]:
    """Return the columns of what was selected, parameters as JSON text, times as ISO 8601 text, lists as lists.

    Raises UnsoundError.
    """
    if not rows:
        return {name: [] for name in (*_WITHIN, *_APART)}
    try:
        with _without_collection():
            within, *apart = zip(*rows, strict=True)
            columns = dict(zip(_WITHIN, zip(*_loaded(within), strict=True), strict=True))
            columns |= dict(zip(_APART, apart, strict=True))
            columns["tags"] = _loaded(columns["tags"])
            return {name: read(columns[name]) for name, read in _READERS.items()}
    except (ValueError, TypeError, RecursionError) as error:
        raise UnsoundError from error


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let nothing look for garbage meanwhile: among a hundred thousand new lists there is none, and each look costs."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _loaded(texts: Sequence[Any]) -> Any:
    return json.loads(f"[{','.join(texts)}]")


def _of(*kinds: type) -> Callable[[Sequence[Any]], Column]:
    def read(values: Sequence[Any]) -> Column:
        if not set(map(type, values)) <= {*kinds}:
            raise UnsoundError
        return list(values)

    return read


def _stars(values: Sequence[Any]) -> Column:
    return list(map(bool, _of(int)(values)))


def _whole(values: Sequence[Any]) -> Column:
    """Read whole numbers of 64 bits; of larger ones the column is one of texts."""
    found = _of(int, _NONE)(values)
    if any(value is not None and value not in _INT64 for value in found):
        raise UnsoundError
    return found


def _counts(values: Sequence[Any]) -> Column:
    found = [value or 0 for value in _whole(values)]
    if min(found) < 0:
        raise UnsoundError
    return found


def _up_to(most: float) -> Callable[[Sequence[Any]], Column]:
    def read(values: Sequence[Any]) -> Column:
        known = [value for value in _of(int, float, _NONE)(values) if value is not None]
        if known and not (min(known) >= 0 and max(known) <= most):
            raise UnsoundError
        return [math.nan if value is None else value for value in values]

    return read


def _lists(values: Sequence[Any]) -> Column:
    found = [[] if value is None else value for value in _of(list, _NONE)(values)]
    if any(type(item) is not str for listed in found for item in listed):
        raise UnsoundError
    return found


def _objects(values: Sequence[Any]) -> Column:
    found = [value or "{}" for value in _of(str, _NONE)(values)]
    if any(value[0] != "{" for value in found):
        raise UnsoundError
    return found


def _outcomes(values: Sequence[Any]) -> Column:
    if not {*values} <= {*get_args(Outcome)}:  # a record always has one: without it this is none
        raise UnsoundError
    return list(values)


_READERS: Final[Mapping[str, Callable[[Sequence[Any]], Column]]] = {
    **dict.fromkeys(
        ("task_id", "model", "status", "prompt", "error", "text", "reused_from"), _of(str, _NONE)
    ),
    **dict.fromkeys(("created_at", "started_at", "ended_at"), _of(str, _NONE)),
    **dict.fromkeys(("queue_seconds", "run_seconds", "elapsed_seconds"), _up_to(MOST_SECONDS)),
    "total_cost": _up_to(MOST_DOLLARS),
    **dict.fromkeys(("output_urls", "output_paths", "tags"), _lists),
    **dict.fromkeys(("output_count", "reuses"), _counts),
    **dict.fromkeys(("seed", "exit_code"), _whole),
    "success": _of(bool, _NONE),
    "star": _stars,
    "note": _of(str),
    "parameters": _objects,
    "outcome": _outcomes,
}
