"""The Python call that repeats what a panel's controls say."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from wiro_widgets.media.output import Output

_ONE_LINE = 88
_TAKEN = {  # what the calls themselves take by name
    "client.generate": {"timeout", "on_interrupt", "reuse"},
    "client.sweep": {"how", "concurrency", "then", "executor", "resume", "reuse", "start"},
}
_SHORT = 4  # whole numbers that are written out


def call(model: str, values: Mapping[str, Any], axes: Mapping[str, tuple[Any, ...]] | None = None) -> str:
    """Return `client.generate(...)` with these values, or `client.sweep(...)` where there are axes.

    A picture that is only in memory is called `picture`.
    """
    if not axes:
        return _call("client.generate", model, {name: _literal(value) for name, value in values.items()})
    # A list beside axes would be one: it is the only value of its own.
    same = {name: _literal([value] if isinstance(value, list) else value) for name, value in values.items()}
    return _call("client.sweep", model, same | {name: _axis(listed) for name, listed in axes.items()})


def _call(function: str, model: str, literals: Mapping[str, str]) -> str:
    names = {name for name in literals if _is_name(name) and name not in _TAKEN[function]}
    arguments = [repr(model)]
    others = [f"{name!r}: {literal}" for name, literal in literals.items() if name not in names]
    if others:
        arguments.append("{" + ", ".join(others) + "}")
    arguments += [f"{name}={literal}" for name, literal in literals.items() if name in names]
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= _ONE_LINE:
        return line
    return f"{function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _axis(values: tuple[Any, ...]) -> str:
    whole = [value for value in values if type(value) is int]
    by = whole[1] - whole[0] if len(whole) > _SHORT else 0
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
    name = (
        None
        if isinstance(value, Output)
        else getattr(value, "name", None) or getattr(value, "filename", None)
    )
    return f"open({name!r}, 'rb')" if name and isinstance(name, str) else "picture"
