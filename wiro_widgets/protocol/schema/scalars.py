"""Single values as users give them: numbers become plain ones, exactly; and the name of a model."""

from __future__ import annotations

import math
import numbers
import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote

from wiro_widgets.protocol.errors import InvalidParameter

# "0,5" and "1.000,5", where a comma stands before decimals; "1,000" and "1,000.5", where commas part thousands.
_DECIMAL_COMMA = re.compile(r"\s*[+-]?(\d*|[1-9]\d{0,2}([.\s']\d{3})+),\d+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?\s*")
_MAX_REPR = 60  # characters of a value that an error quotes
_MAX_EXPONENT = 300  # decimal; beyond it a float is infinite
_MAX_BITS = 1_000  # the same for whole numbers
_PARTS = 2  # of "owner/name"


class UntrustedText(str):
    """A text out of somebody's picture: never taken for the path of a file to upload, which its author could choose."""

    __slots__ = ()


def mark_untrusted(value: Any) -> Any:
    """Return a JSON value with each of its texts as UntrustedText."""
    if isinstance(value, str):
        return UntrustedText(value)
    if isinstance(value, list):
        return [mark_untrusted(item) for item in value]
    return {key: mark_untrusted(item) for key, item in value.items()} if isinstance(value, dict) else value


def python_scalar(value: object) -> object:
    """Return a scalar of numpy, or of a library that follows it, as Python's; anything else unchanged."""
    item = getattr(value, "item", None)
    if not callable(item) or getattr(value, "ndim", None) != 0:
        return value
    if type(value).__name__ in ("float16", "float32"):
        return float(str(value))  # 0.88, not 0.8799999952316284, the nearest double
    return item()


def exact_number(value: object) -> float | None:
    """Return the number that a value or its text is, whole numbers as int; None if it is none that can be sent."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str | Decimal):
        return _from_decimal(value)
    if isinstance(value, numbers.Rational):
        numerator, denominator = int(value.numerator), int(value.denominator)
        if is_too_large(numerator) or is_too_large(denominator):
            return None
        return numerator if denominator == 1 else numerator / denominator
    return float(value) if isinstance(value, numbers.Real) and math.isfinite(float(value)) else None


def _from_decimal(value: str | Decimal) -> float | None:
    if isinstance(value, str) and "_" in value:  # only Python reads that as a number
        return None
    try:
        exact = Decimal(value.strip()) if isinstance(value, str) else value
    except InvalidOperation:
        return None
    if not exact.is_finite() or exact.adjusted() > _MAX_EXPONENT:
        return None
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def readings_of_commas(value: object) -> list[str]:
    """Return what a text with commas may mean as a number, written with a point: 0.5 for "0,5"."""
    if not isinstance(value, str):
        return []
    with_point = [re.sub(r"[.\s']", "", value).replace(",", ".")] if _DECIMAL_COMMA.fullmatch(value) else []
    return [*with_point, *([value.strip().replace(",", "")] if _THOUSANDS.fullmatch(value) else [])]


def is_too_large(value: object) -> bool:
    """Return True for a whole number that no float can hold and Python may refuse to print."""
    return isinstance(value, int) and value.bit_length() > _MAX_BITS


def has_lone_surrogate(text: str) -> bool:
    """Return True if the text has half a character (a lone surrogate), which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def is_url(value: object) -> bool:
    """Return True for a URL that Wiro can fetch by itself."""
    return isinstance(value, str) and value.strip().lower().startswith(("https://", "http://"))


def short_repr(value: object) -> str:
    """Return the value's repr, short enough for a sentence; the type of anything but a scalar."""
    if is_too_large(value):
        return "a number of that size"
    if isinstance(value, str | int | float | bool) or value is None:
        text = repr(value[: _MAX_REPR + 1] if isinstance(value, str) else value)
        return text if len(text) <= _MAX_REPR else f"{text[: _MAX_REPR - 3]}..."
    return f"a {type(value).__name__}"


def split_model(model: str) -> tuple[str, str]:
    """Return owner and name of "owner/name", or of the URL of a model's page.

    Raises InvalidParameter if it is neither.
    """
    if not isinstance(model, str):
        raise InvalidParameter("model", f'"owner/name" is needed, not {short_repr(model)}')
    url = re.fullmatch(r"\w+://[^/]*/([^?#]*).*", model)
    path = unquote(url[1]) if url else model
    parts = [part.strip() for part in path.strip().strip("/").removeprefix("models/").split("/")]
    if len(parts) != _PARTS or not path.isprintable() or {"", ".", ".."}.intersection(parts):
        raise InvalidParameter(
            "model", f'"owner/name" is needed, as in "tencent/hunyuan-flux-srpo", not {short_repr(model)}'
        )
    return parts[0], parts[1]
