"""The Python call that repeats what a panel's controls say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wiro_widgets.client.files import NamedBytes

_ONE_LINE = 88


def call(model: str, values: Mapping[str, Any]) -> str:
    """Return `client.generate(...)` with these values; a picture that is only in memory is called `picture`."""
    named = {name: value for name, value in values.items() if name.isidentifier()}
    others = {name: value for name, value in values.items() if not name.isidentifier()}
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


def _literal(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, Path):
        return repr(str(value))
    if value is None or (isinstance(value, str | int | float | bool) and not isinstance(value, NamedBytes)):
        return repr(value)
    name = getattr(value, "name", None) or getattr(value, "filename", None)
    return f"open({Path(str(name)).name!r}, 'rb')" if name else "picture"
