"""Axes as a person types them: "1..4", "10..50 by 10", "red, green", or one text a line."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.sweeps import prompt_patterns
from wiro_widgets.sweeps.axes import MAX_CELLS, identity

ALL = "*"  # every option of a select
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"(?P<first>(?:{_NUMBER})?)\s*(?:\.\.+|\N{{HORIZONTAL ELLIPSIS}}|\bto\b)\s*(?P<last>{_NUMBER})"
    rf"(?:\s*(?:\bby\b|\bstep\b|:)\s*(?P<by>{_NUMBER})|\s*\bin\b\s*(?P<count>\d+))?"
)
# "0,5" alone, which is one number or two; no part of "1,2,3" and "0.5,1".
_COMMA = re.compile(
    r"(?<![\w,])(?<!(?<!\.)\.)[+-]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d+(?=\s|;|:|\.\.|\N{HORIZONTAL ELLIPSIS}|$)"
)
_TEXTS = ("text", "textarea")
_LARGEST_EXPONENT = 30  # of a number of an axis; the digits of a larger one would fill the memory
_DIGITS, _DECIMALS = 60, 12  # of the arithmetic, and of its results
_MAX_OPTIONS = 8  # with which a new axis of a select begins
_SHORT_LIST = 4  # numbers that are as easy to read as a range


def read(text: str, parameter: Parameter) -> tuple[Any, ...]:
    """Return the values that a text names for this parameter, each once, in their order.

    Numbers are "10, 20, 30", "1..4", "10..50 by 10" or "0..1 in 5" (evenly spaced, both ends included), in any mixture.
    Choices are separated by commas or lines, and "*" means every choice. A text takes one line each; if a text has
    several lines, blank lines separate them. Each is a prompt pattern (`prompt_patterns.prompts`). A comma stands
    before decimals, as in "0,5; 1,5", if semicolons separate the numbers; otherwise "0,5" is refused where it may be
    one number or two. Raises InvalidParameter that says what cannot be read.
    """
    if parameter.kind == "file":
        raise parameter.refuse("an axis of files is made of files, not of text")
    values: dict[Hashable, Any] = {}
    for value in _values(text, parameter):
        values.setdefault(identity(value), value)
        if len(values) > MAX_CELLS:
            raise _too_many(parameter)
    if not values:
        raise parameter.refuse("the axis has no values yet")
    return tuple(values.values())


def write(values: Sequence[Any], parameter: Parameter) -> str:
    """Return values as a text that `read` accepts; whole numbers at even distances become a range."""
    if is_numeric(parameter):
        return _range_text(values) or ", ".join(wire_values.text(value) or "" for value in values)
    texts = [parameter.as_text(value) for value in values]
    if parameter.kind not in _TEXTS:
        return ("\n" if any("," in text for text in texts) else ", ").join(texts)
    texts = [prompt_patterns.escape(text) for text in texts]
    return ("\n\n" if any("\n" in text for text in texts) else "\n").join(texts)


def beginning(parameter: Parameter, value: Any) -> str:
    """Return the text with which an axis begins if the control holds this value."""
    if parameter.kind == "boolean":
        return "true, false"
    if parameter.kind == "select" and 1 < len(parameter.options) <= _MAX_OPTIONS:
        return write([option.value for option in parameter.options], parameter)
    is_seed = parameter.id.lower() == "seed"
    if value is None:
        return "1..4" if is_seed else ""
    number = wire_values.integer(value) if is_seed else None
    return write([value], parameter) if number is None else f"{number}..{number + 3}"


def example(parameter: Parameter) -> str:
    """Return the placeholder of an empty axis field."""
    if is_numeric(parameter):
        return "1..4, or 10..50 by 10" if parameter.integer else "0.5, 1, or 0..1 by 0.25"
    return "One a line, or a {red|blue} fox" if parameter.kind in _TEXTS else "One, another, or * for all"


def is_numeric(parameter: Parameter) -> bool:
    """Return True if the values are read as numbers; a seed always is, though catalogues may call it a text."""
    return parameter.kind in ("number", "range") or (
        parameter.id.lower() == "seed" and parameter.kind == "text"
    )


def _takes_patterns(parameter: Parameter) -> bool:
    return parameter.kind in _TEXTS and not is_numeric(parameter)


def _values(text: str, parameter: Parameter) -> Iterator[Any]:
    for word in _words(text, parameter):
        if word == ALL and parameter.kind in ("select", "boolean"):
            options: list[Any] = [option.value for option in parameter.options]
            yield from options or [True, False]
        elif is_numeric(parameter) and (match := _RANGE.fullmatch(word)):
            with localcontext(prec=_DIGITS):
                numbers = list(_range_numbers(match, parameter))
            yield from (parameter.convert(number) for number in numbers)
        elif _takes_patterns(parameter):
            try:
                texts = prompt_patterns.expand(word)
            except prompt_patterns.PatternError as error:
                raise parameter.refuse(str(error)) from error
            yield from (parameter.convert(text) for text in texts if text.strip())
        else:
            yield parameter.convert(word)


def _words(text: str, parameter: Parameter) -> Iterable[str]:
    if _takes_patterns(parameter):
        lines = re.split(r"\n\s*\n", text) if re.search(r"\S\s*\n\s*\n\s*\S", text) else text.splitlines()
        return [line.strip() for line in lines if line.strip()]
    if parameter.kind in ("number", "range") and not parameter.integer:
        text = _with_points(text, parameter)
    lines = [line.strip() for line in text.splitlines()]
    options = {option.value for option in parameter.options} | {option.label for option in parameter.options}
    words = (word for line in lines for word in ([line] if line in options else re.split(r"[,;]", line)))
    return [word.strip() for word in words if word.strip()]


def _with_points(text: str, parameter: Parameter) -> str:
    """Return the text of an axis of fractions with decimal points; raises InvalidParameter if a comma is ambiguous."""
    if ";" in text:
        return _COMMA.sub(lambda match: match[0].replace(".", "").replace(",", "."), text)
    if match := _COMMA.search(text):
        point, blank = match[0].replace(".", "").replace(",", "."), match[0].replace(",", ", ")
        raise parameter.refuse(
            f"{match[0]!r} is ambiguous: write {point!r} with a point for one number, or {blank!r} with a blank for two"
        )
    return text


def _range_numbers(match: re.Match[str], parameter: Parameter) -> Iterator[str]:
    """Yield the numbers of a range as texts; the step is 1 if both ends are whole numbers and none is given."""
    if not match["first"]:
        raise parameter.refuse(f"{short_repr(match[0])} has no beginning; write it like 1..4")
    first, last = _decimal(match["first"], parameter), _decimal(match["last"], parameter)
    if match["count"]:
        steps = int(match["count"]) - 1
        if steps < 1 or steps >= MAX_CELLS:
            raise parameter.refuse(
                f"{short_repr(match[0])}: at least 2 and at most {MAX_CELLS:,} values are needed"
            )
        by = (last - first) / steps
    else:
        by = _step(match, first, last, parameter)
        steps = int((last - first) / by)
    if steps >= MAX_CELLS:
        raise _too_many(parameter)
    for index in range(steps + 1):
        yield f"{round(first + index * by, _DECIMALS).normalize():f}"


def _step(match: re.Match[str], first: Decimal, last: Decimal, parameter: Parameter) -> Decimal:
    if match["by"]:
        by = abs(_decimal(match["by"], parameter))
    elif first == int(first) and last == int(last):
        by = Decimal(1)
    else:
        ends = f"{match['first']}..{match['last']}"
        raise parameter.refuse(f"say how far apart, as in {ends} by 0.1, or how many, as in {ends} in 5")
    if not by:
        raise parameter.refuse(f"{short_repr(match[0])} goes nowhere by steps of 0")
    return by if last >= first else -by


def _decimal(text: str, parameter: Parameter) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise parameter.refuse(f"{short_repr(text)} is out of range")
    return number


def _range_text(values: Sequence[Any]) -> str | None:
    """Return more than a few whole numbers at even distances as "first..last by step"; None for other values."""
    numbers = [
        wire_values.integer(value) if wire_values.text(value) == str(value) else None for value in values
    ]
    integers = [number for number in numbers if number is not None]
    if len(integers) != len(values) or len(integers) <= _SHORT_LIST:
        return None
    by = integers[1] - integers[0]
    if not by or any(b - a != by for a, b in pairwise(integers)):
        return None
    return f"{integers[0]}..{integers[-1]}" + ("" if abs(by) == 1 else f" by {abs(by)}")


def _too_many(parameter: Parameter) -> InvalidParameter:
    return parameter.refuse(
        f"the axis has more than {MAX_CELLS:,} values; a sweep has at most that many cells"
    )
