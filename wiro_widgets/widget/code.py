"""The Python call that repeats what a panel's controls say."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wiro_widgets.results.outputs import Output

_ONE_LINE = 88
_TAKEN = {"timeout", "on_interrupt"}  # what `generate` itself takes by name


def call(model: str, values: Mapping[str, Any]) -> str:
    """Return `client.generate(...)` with these values; a picture that is only in memory is called `picture`."""
    named = {name: value for name, value in values.items() if _is_name(name)}
    others = {name: value for name, value in values.items() if not _is_name(name)}
    arguments = [repr(model)]
    if others:
        arguments.append(
            "{" + ", ".join(f"{name!r}: {_literal(value)}" for name, value in others.items()) + "}"
        )
    arguments += [f"{name}={_literal(value)}" for name, value in named.items()]
    line = f"client.generate({', '.join(arguments)})"
    if len(line) <= _ONE_LINE:
        return line
    return "client.generate(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in _TAKEN


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
