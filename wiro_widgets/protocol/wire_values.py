"""Wiro's types drift: numbers come as text, lists as JSON text, times in three shapes; here they settle.

Every reader of the wire uses these and nothing else does (protocol: Task detail, "Types drift").
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# The seed prints "categories": "["tool","image-to-image"]" with its inner quotes unescaped.
# Nothing in the pattern can match the same text in two ways, so a long reply cannot stall it.
_UNESCAPED_LIST = re.compile(r'"(\[\s*(?:"[^"\\]*"\s*(?:,\s*"[^"\\]*"\s*)*)?\])"')
_BLANK = " \t\n\r"
_MILLISECONDS = 100_000_000_000
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def _finite(number: str) -> float | None:
    found = float(number)
    return found if math.isfinite(found) else None


# NaN, Infinity and 1e999 become null: no arithmetic and no JSON of ours could pass them on.
_JSON = json.JSONDecoder(parse_constant=lambda _: None, parse_float=_finite)


def loads(text: str | bytes) -> Any:
    """Parse JSON, forgiving the one malformed shape that Wiro is known to print, and broken UTF-8.

    Raises ValueError when it is no JSON at all.
    """
    plain = (text.decode("utf-8-sig", "replace") if isinstance(text, bytes) else text).strip(_BLANK)
    try:
        return _decoded(plain)
    except ValueError:
        mended = _UNESCAPED_LIST.sub(r"\1", plain)
        if mended == plain:
            raise
    return _decoded(mended)


def _decoded(plain: str) -> Any:
    try:
        found, end = _JSON.raw_decode(plain)  # a third faster than decode, which looks for blanks around
        return found if end == len(plain) else _JSON.decode(plain)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def text(value: object) -> str | None:
    """Return the value as text; None, lists and objects have none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return None


def identifier(value: object) -> str | None:
    """Return an id or token as text; a truth value and blank text are none."""
    if isinstance(value, bool):
        return None
    return (text(value) or "").strip() or None


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number: 20 for 20.0, 3.5 for 3.5."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def number(value: object) -> float | None:
    """Return a finite number, from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and "_" in value:  # which Python alone reads as a number
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def amount(value: object) -> float | None:
    """Return a number that is not negative, such as a cost or a duration."""
    found = number(value)
    return None if found is None or found < 0 else found


def integer(value: object) -> int | None:
    """Return a whole number, exactly however large, from a number or its text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def flag(value: object) -> bool | None:
    """Return a truth value from true, 1, "1", "true" and their opposites."""
    if isinstance(value, bool):
        return value
    word = (text(value) or "?").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def moment(value: object) -> datetime | None:
    """Return a time in UTC from seconds, milliseconds or ISO 8601 text; 0 and "" mean never."""
    seconds = number(value)
    if seconds is None:
        if not isinstance(value, str):
            return None
        try:
            found = datetime.fromisoformat(value)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    if seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, also from its JSON text; anything else is an empty one."""
    value = _unpacked(value)
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list, also from its JSON text; anything else is an empty one."""
    value = _unpacked(value)
    return value if isinstance(value, list) else []


def entries(value: object) -> list[Any]:
    """Return a list, or the one thing that stands where a list belongs."""
    found = value
    if isinstance(value, str):
        parsed = _unpacked(value)
        found = value.strip() if parsed is None else parsed
    if isinstance(found, list):
        return found
    return [found] if found else []


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, leaving out what is none."""
    return [item for item in items(value) if isinstance(item, dict)]


def strings(value: object) -> tuple[str, ...]:
    """Return the texts of a list or of one text."""
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return (value,) if value else ()
    return tuple(item for item in items(value) if isinstance(item, str))


def _unpacked(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return loads(value)
    except ValueError:
        return None
