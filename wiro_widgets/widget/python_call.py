"""The Python call that repeats what a panel's controls say."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from wiro_widgets.media.output import Output

_LINE_LENGTH = 88
_OWN_ARGUMENTS = {  # keyword arguments of the calls themselves; parameters of these names go into the dict
    "client.generate": {"timeout", "on_interrupt", "reuse"},
    "client.sweep": {"how", "concurrency", "then", "executor", "resume", "reuse", "start", "unknown"},
}
_MAX_LISTED = 4  # whole numbers that are listed rather than written as a range


def python_call(model: str, values: Mapping[str, Any], axes: Mapping[str, tuple[Any, ...]]) -> str:
    """Return `client.generate(...)` with these values, or `client.sweep(...)` if there are axes.

    A picture that exists only in memory is called `picture`.
    """
    function = "client.sweep" if axes else "client.generate"
    # Beside axes a list would be one as well, so it is wrapped into a list with one value.
    literals = {
        name: _literal([value] if axes and isinstance(value, list) else value)
        for name, value in values.items()
    }
    literals |= {name: _axis(items) for name, items in axes.items()}
    names = {name for name in literals if _can_be_keyword(name) and name not in _OWN_ARGUMENTS[function]}
    arguments = [repr(model)]
    others = [f"{name!r}: {literal}" for name, literal in literals.items() if name not in names]
    if others:
        arguments.append("{" + ", ".join(others) + "}")
    arguments += [f"{name}={literal}" for name, literal in literals.items() if name in names]
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= _LINE_LENGTH:
        return line
    return f"{function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def _can_be_keyword(name: str) -> bool:
    """Return True if Python reads `name=` as this name: it folds some letters (NFKC), and `self` is the client."""
    is_plain = name.isidentifier() and unicodedata.is_normalized("NFKC", name)
    return is_plain and not keyword.iskeyword(name) and name != "self"


def _axis(values: tuple[Any, ...]) -> str:
    whole = [value for value in values if type(value) is int]
    by = whole[1] - whole[0] if len(whole) > _MAX_LISTED else 0
    if len(whole) != len(values) or not by or any(b - a != by for a, b in pairwise(whole)):
        return _literal(values)
    step = "" if by == 1 else f", {by}"
    start = "" if whole[0] == 0 and not step else f"{whole[0]}, "
    return f"range({start}{whole[-1] + (1 if by > 0 else -1)}{step})"


def _literal(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, Output):
        value = value.path or value
    if isinstance(value, Path):
        return repr(str(value))
    if value is None or isinstance(value, str | int | float | bool):
        return repr(value)
    name = None
    if not isinstance(value, Output):
        name = getattr(value, "name", None) or getattr(value, "filename", None)
    return f"open({name!r}, 'rb')" if name and isinstance(name, str) else "picture"
