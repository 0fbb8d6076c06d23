"""Axes as a person types them: "1..4", "10..50 by 10", "red, green", or one text a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.sweeps.axes import MAX_CELLS

ALL = "*"  # every option of a select
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"(?P<first>(?:{_NUMBER})?)\s*(?:\.\.+|\N{{HORIZONTAL ELLIPSIS}}|\bto\b)\s*(?P<last>{_NUMBER})"
    rf"(?:\s*(?:\bby\b|\bstep\b|:)\s*(?P<by>{_NUMBER})|\s*\bin\b\s*(?P<count>\d+))?"
)
_TEXTS = ("text", "textarea")
_LARGEST_EXPONENT = 30  # of a number of an axis; beyond that its digits alone would fill the memory
_DIGITS, _DECIMALS = 60, 12  # of the arithmetic, and of what comes of it
_OFFERED = 8  # options with which an axis begins


def read(text: str, parameter: Parameter) -> tuple[Any, ...]:
    """Return the values that a text names for this parameter, each once, in their order.

    Numbers are "10, 20, 30", "1..4", "10..50 by 10" or "0..1 in 5" (evenly spaced, both ends included), in any mixture.
    Choices are separated by commas or lines, and "*" is every one. Texts stand in a line each; where one has several
    lines, blank lines separate them. Raises InvalidParameter that says what cannot be read.
    """
    if parameter.kind == "file":
        raise parameter.refuse("an axis of files is made of files, not of text")
    found = dict[Any, None]()
    for value in _values(text, parameter):
        found[value] = None
        if len(found) > MAX_CELLS:
            raise _too_many(parameter)
    if not found:
        raise parameter.refuse("the axis has no values yet")
    return tuple(found)


def write(values: Sequence[Any], parameter: Parameter) -> str:
    """Return values as `read` reads them; whole numbers at even distances become a range."""
    if is_numeric(parameter):
        return _stretch(values) or ", ".join(wire_values.text(value) or "" for value in values)
    texts = [wire_values.text(value) or "" for value in values]
    if parameter.kind not in _TEXTS:
        return ("\n" if any("," in text for text in texts) else ", ").join(texts)
    return ("\n\n" if any("\n" in text for text in texts) else "\n").join(texts)


def beginning(parameter: Parameter, value: Any) -> str:
    """Return the text with which an axis begins where the control holds this value."""
    if parameter.kind == "boolean":
        return "true, false"
    if parameter.kind == "select" and 1 < len(parameter.options) <= _OFFERED:
        return write([option.value for option in parameter.options], parameter)
    if value is None:
        return "1..4" if parameter.id.lower() == "seed" else ""
    text = write([value], parameter)
    number = wire_values.integer(value) if parameter.id.lower() == "seed" else None
    return text if number is None else f"{number}..{number + 3}"


def example(parameter: Parameter) -> str:
    """Return what stands in the field of an axis while it is empty."""
    if parameter.kind in _TEXTS and not is_numeric(parameter):
        return "One a line"
    if not is_numeric(parameter):
        return "One, another, or * for all"
    return "1..4, or 10..50 by 10" if parameter.integer else "0.5, 1, or 0..1 by 0.25"


def is_numeric(parameter: Parameter) -> bool:
    """Whether the values are read as numbers; a seed is, also where the catalogue takes it for a text."""
    return parameter.kind in ("number", "range") or (
        parameter.id.lower() == "seed" and parameter.kind == "text"
    )


def _values(text: str, parameter: Parameter) -> Iterator[Any]:
    for word in _words(text, parameter):
        if word == ALL and parameter.kind in ("select", "boolean"):
            every: list[Any] = [option.value for option in parameter.options]
            yield from every or [True, False]
        elif is_numeric(parameter) and (stretch := _RANGE.fullmatch(word)):
            yield from (parameter.convert(number) for number in _counted(stretch, parameter))
        else:
            yield parameter.convert(word)


def _words(text: str, parameter: Parameter) -> Iterable[str]:
    if parameter.kind in _TEXTS and not is_numeric(parameter):
        lines = re.split(r"\n\s*\n", text) if re.search(r"\S\s*\n\s*\n\s*\S", text) else text.splitlines()
        return [line.strip() for line in lines if line.strip()]
    lines = [line.strip() for line in text.splitlines()]
    whole = {option.value for option in parameter.options} | {option.label for option in parameter.options}
    words = (word for line in lines for word in ([line] if line in whole else re.split(r"[,;]", line)))
    return [word.strip() for word in words if word.strip()]


def _counted(stretch: re.Match[str], parameter: Parameter) -> Iterator[str]:
    """Yield the numbers of a range; its step is 1 where both ends are whole."""
    with localcontext(prec=_DIGITS):
        yield from _steps(stretch, parameter)


def _steps(stretch: re.Match[str], parameter: Parameter) -> Iterator[str]:
    if not stretch["first"]:
        raise parameter.refuse(f"{stretch[0]!r} has no beginning; write it like 1..4")
    first, last = _decimal(stretch["first"], parameter), _decimal(stretch["last"], parameter)
    if stretch["count"]:
        steps = int(stretch["count"]) - 1
        if steps < 1 or steps >= MAX_CELLS:
            raise parameter.refuse(f"{stretch[0]!r}: at least 2 and at most {MAX_CELLS:,} values are needed")
        by = (last - first) / steps
    else:
        by = _step(stretch, first, last, parameter)
        steps = int((last - first) / by)
    if steps >= MAX_CELLS:
        raise _too_many(parameter)
    for index in range(steps + 1):
        yield f"{round(first + index * by, _DECIMALS).normalize():f}"


def _step(stretch: re.Match[str], first: Decimal, last: Decimal, parameter: Parameter) -> Decimal:
    if stretch["by"]:
        by = abs(_decimal(stretch["by"], parameter))
    elif first == int(first) and last == int(last):
        by = Decimal(1)
    else:
        ends = f"{stretch['first']}..{stretch['last']}"
        raise parameter.refuse(f"say how far apart, as in {ends} by 0.1, or how many, as in {ends} in 5")
    if not by:
        raise parameter.refuse(f"{stretch[0]!r} goes nowhere by steps of 0")
    return by if last >= first else -by


def _decimal(text: str, parameter: Parameter) -> Decimal:
    found = Decimal(text)
    if abs(found.adjusted()) > _LARGEST_EXPONENT:
        raise parameter.refuse(f"{text} is no number of this model's")
    return found


def _stretch(values: Sequence[Any]) -> str | None:
    numbers = [
        wire_values.integer(value) if wire_values.text(value) == str(value) else None for value in values
    ]
    whole = [number for number in numbers if number is not None]
    if len(whole) != len(values) or len(whole) <= 4:  # noqa: PLR2004 - four are read as fast as a range
        return None
    by = whole[1] - whole[0]
    if not by or any(b - a != by for a, b in pairwise(whole)):
        return None
    return f"{whole[0]}..{whole[-1]}" + ("" if abs(by) == 1 else f" by {abs(by)}")


def _too_many(parameter: Parameter) -> InvalidParameter:
    return parameter.refuse(
        f"the axis has more than {MAX_CELLS:,} values, which is as many as a sweep has cells"
    )
