"""A model's parameters as lines of text, for notebooks and terminals."""

from __future__ import annotations

from collections.abc import Iterable

from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.wire_values import number_text

_MAX_OPTIONS = 6  # that are named
_MAX_CHARS = 60  # of a value or a title


def parameters(model: str, items: Iterable[Parameter]) -> str:
    """Return the model's name and one line for each parameter: its id, what it takes, its default."""
    rows = [(item.id, takes(item), default_words(item)) for item in items]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = (
        f"  {name:<{widths[0]}}  {takes:<{widths[1]}}  {default}".rstrip() for name, takes, default in rows
    )
    return "\n".join((model, *lines))


def shorten(text: str) -> str:
    """Return a text as one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CHARS else f"{line[: _MAX_CHARS - 3]}..."


def takes(item: Parameter) -> str:
    """Return which values a parameter takes, in words."""
    if item.options:
        names = ", ".join(shorten(option.value) or '""' for option in item.options[:_MAX_OPTIONS])
        more = len(item.options) - _MAX_OPTIONS
        return f"{names} and {more} more" if more > 0 else names
    if item.kind == "file":
        return "files" if item.multiple else "a file"
    if item.kind == "boolean":
        return "True or False"
    if item.structure:
        return "a list" if item.structure == "list" else "an object"
    return _number_words(item) if item.kind in ("range", "number") else "text"


def _number_words(item: Parameter) -> str:
    what = "a whole number" if item.integer else "a number"
    low, high = (None if bound is None else number_text(bound) for bound in (item.minimum, item.maximum))
    if low is not None and high is not None:
        return f"{what}, {low} to {high}"
    if low is not None:
        return f"{what}, at least {low}"
    return what if high is None else f"{what}, at most {high}"


def default_words(item: Parameter) -> str:
    """Return "required", the default, or an empty text if the parameter can be left out."""
    if item.has_to_be_given:
        return "required"
    return "" if item.default in (None, "") else f"default {shorten(str(item.default))}"
