"""Models and their parameters as lines for people, where a notebook or a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable

from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.wire_values import number_text

_OPTIONS, _WORDS = 6, 60  # choices that are named, and characters of what is said


def parameters(model: str, items: Iterable[Parameter]) -> str:
    """Return a model's name, and under it one line a parameter: its id, what it takes, its default."""
    rows = [(item.id, _takes(item), _without(item)) for item in items]
    wide = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = (
        f"  {name:<{wide[0]}}  {takes:<{wide[1]}}  {otherwise}".rstrip() for name, takes, otherwise in rows
    )
    return "\n".join((model, *lines))


def clipped(text: str) -> str:
    """Return a text as one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _WORDS else f"{line[: _WORDS - 3]}..."


def _takes(item: Parameter) -> str:
    if item.options:
        named = ", ".join(clipped(option.value) or '""' for option in item.options[:_OPTIONS])
        more = len(item.options) - _OPTIONS
        return f"{named} and {more} more" if more > 0 else named
    if item.kind == "file":
        return "files" if item.multiple else "a file"
    if item.kind == "boolean":
        return "True or False"
    return _number(item) if item.kind in ("range", "number") else "text"


def _number(item: Parameter) -> str:
    what = "a whole number" if item.integer else "a number"
    least, most = (None if end is None else number_text(end) for end in (item.minimum, item.maximum))
    if least is not None and most is not None:
        return f"{what}, {least} to {most}"
    if least is not None:
        return f"{what}, at least {least}"
    return what if most is None else f"{what}, at most {most}"


def _without(item: Parameter) -> str:
    """Say what holds where nothing is given."""
    made_up = item.kind in ("text", "textarea", "file")  # which nobody is charged for without having said it
    if item.required and (made_up or item.default is None):
        return "required"
    return "" if item.default in (None, "") else f"default {clipped(str(item.default))}"
