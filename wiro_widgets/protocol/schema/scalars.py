"""Single values as users bring them: Python's, numpy's and others' numbers become plain ones, exactly."""

from __future__ import annotations

import math
import numbers
from decimal import Decimal, InvalidOperation

_LONGEST = 60  # characters of a value that an error shows
_LARGEST_EXPONENT = 300  # decimal; beyond it a float is infinite
_LARGEST_BITS = 1_000  # the same for whole numbers


def plain(value: object) -> object:
    """Return a scalar of numpy's, or of anybody who follows it, as Python's; everything else as it is."""
    item = getattr(value, "item", None)
    if not callable(item) or getattr(value, "ndim", None) != 0:
        return value
    if type(value).__name__ in ("float16", "float32"):
        return float(str(value))  # 0.88, not the 0.8799999952316284 that a double makes of it
    return item()


def parsed(value: object) -> float | None:
    """Return the number that a value or its text is, whole numbers as int; None when it is none that can be sent."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str | Decimal):
        return _from_decimal(value)
    if isinstance(value, numbers.Rational):
        return _from_rational(value)
    if not isinstance(value, numbers.Real):
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def is_too_large(value: object) -> bool:
    """Whether it is a whole number that no float could hold, and Python may not even print."""
    return isinstance(value, int) and value.bit_length() > _LARGEST_BITS


def is_broken(text: str) -> bool:
    """Whether it holds half a character (a lone surrogate), which no UTF-8 can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def is_url(value: object) -> bool:
    """Whether the value is an address that Wiro can fetch by itself."""
    return isinstance(value, str) and value.strip().lower().startswith(("https://", "http://"))


def shown(value: object) -> str:
    """Return the value short enough for a sentence, or its type when it is a large thing."""
    if is_too_large(value):
        return "a number of that size"
    if isinstance(value, str | int | float | bool) or value is None:
        whole = repr(value)
        return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 3]}..."
    return f"a {type(value).__name__}"


def _from_decimal(value: str | Decimal) -> float | None:
    try:
        exact = Decimal(value.strip()) if isinstance(value, str) else value
    except InvalidOperation:
        return None
    if not exact.is_finite() or exact.adjusted() > _LARGEST_EXPONENT:
        return None
    if isinstance(value, str) and "_" in value:
        return None
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _from_rational(value: numbers.Rational) -> float | None:
    top, bottom = int(value.numerator), int(value.denominator)
    if is_too_large(top) or is_too_large(bottom):
        return None
    return top if bottom == 1 else top / bottom
