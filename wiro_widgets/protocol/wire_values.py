"""Single values of the wire, whose types drift: numbers as text, lists as JSON text, times in three forms.

Each function returns one type, or None (an empty list, an empty object) for what it cannot read. No other module
converts values of the wire (docs/protocol.md, Task detail).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# The documentation prints "categories": "["tool","image-to-image"]" with its inner quotes unescaped.
# No part of the pattern can match the same text in two ways, so it takes linear time on a long reply.
_UNESCAPED_LIST = re.compile(r'"(\[\s*(?:"[^"\\]*"\s*(?:,\s*"[^"\\]*"\s*)*)?\])"')
_BLANK = " \t\n\r"
_MILLISECONDS = 100_000_000_000
_YEARS = range(1970, 2200)  # others are no times of tasks, and sums of theirs would overflow
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def _parse_float(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


# NaN, Infinity and 1e999 become null: neither arithmetic nor JSON could pass them on.
_JSON = json.JSONDecoder(parse_constant=lambda _: None, parse_float=_parse_float)


def loads(text: str | bytes) -> Any:
    """Parse JSON, also with broken UTF-8 and with the one malformed list that Wiro is known to print.

    Raises ValueError if it is no JSON.
    """
    json_text = (text.decode("utf-8-sig", "replace") if isinstance(text, bytes) else text).strip(_BLANK)
    try:
        return _decode(json_text)
    except ValueError:
        repair = _UNESCAPED_LIST.sub(r"\1", json_text)
        if repair == json_text:
            raise
    return _decode(repair)


def _decode(text: str) -> Any:
    try:
        value, end = _JSON.raw_decode(text)  # a third faster than decode, which looks for blanks around
        return value if end == len(text) else _JSON.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def text(value: object) -> str | None:
    """Return the value as text; None for null, a list or an object."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return None


def first_text(*values: object) -> str:
    """Return the first value with a text that is not empty, as text; an empty text if there is none."""
    return next((result for value in values if (result := text(value))), "")


def identifier(*values: object) -> str | None:
    """Return the first value that is an id or token, as text; booleans and blank texts are none."""
    texts = (text(value) for value in values if not isinstance(value, bool))
    return next((result for item in texts if item and (result := item.strip())), None)


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number: 20 for 20.0, 3.5 for 3.5."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def number(value: object) -> float | None:
    """Return a finite number, from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and "_" in value:  # only Python reads that as a number
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def amount(value: object) -> float | None:
    """Return a number that is not negative, such as a cost or a duration."""
    result = number(value)
    return None if result is None or result < 0 else result


def integer(value: object) -> int | None:
    """Return a whole number, exact at any size, from a number or its text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    result = number(value)
    return int(result) if result is not None and result.is_integer() else None


def flag(value: object) -> bool | None:
    """Return a boolean from true, 1, "1", "true" and their opposites."""
    if isinstance(value, bool):
        return value
    word = (text(value) or "?").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def utc_time(value: object) -> datetime | None:
    """Return a time in UTC from seconds, milliseconds or ISO 8601 text; 0 and "" mean never."""
    seconds = number(value)
    try:
        if seconds is not None:
            at = seconds / 1000 if seconds > _MILLISECONDS else seconds
            return _plausible(datetime.fromtimestamp(at, UTC)) if at > 0 else None
        return _plausible(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def header_time(value: str | None) -> datetime | None:
    """Return the time of an HTTP header such as Date, in UTC; None without one, or if it cannot be one."""
    try:
        return _plausible(parsedate_to_datetime(value)) if value else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _plausible(time: datetime) -> datetime | None:
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time if time.year in _YEARS else None


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, also from its JSON text; an empty one for anything else."""
    value = _from_json_text(value)
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list, also from its JSON text; an empty one for anything else."""
    value = _from_json_text(value)
    return value if isinstance(value, list) else []


def items_or_single(value: object) -> list[Any]:
    """Return a list, or a list of the single value that stands in its place."""
    if isinstance(value, str):
        parsed_json = _from_json_text(value)
        value = value.strip() if parsed_json is None else parsed_json
    if isinstance(value, list):
        return value
    return [value] if value else []


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, without its other items."""
    return [item for item in items(value) if isinstance(item, dict)]


def strings(value: object) -> tuple[str, ...]:
    """Return the texts of a list, or a single text."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return (value,) if value else ()
    return tuple(item for item in items(value) if isinstance(item, str))


def _from_json_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return loads(value)
    except ValueError:
        return None
