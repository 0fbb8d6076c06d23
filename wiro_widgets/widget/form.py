"""The schema as the browser draws it: the rules of `ModelSchema.bind` as data."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.schema import words
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.sweeps import axis_syntax
from wiro_widgets.widget.wire.messages import VERSION

_NUMERIC = ("number", "range")
_MAX_SLIDER_STEPS = 1_000  # a hand cannot aim at finer ones
LARGEST_EXACT = 2**53 - 1  # JavaScript rounds larger whole numbers


def form(schema: ModelSchema, *, sandbox: bool, models: bool) -> dict[str, Any]:
    """Return the `_form` trait."""
    owner, _, name = schema.model.partition("/")
    return {
        "v": VERSION,
        "model": schema.model,
        "owner": owner,
        "name": name,
        "title": schema.title,
        "sandbox": sandbox,
        "models": models,
        "open": schema.is_open,
        "groups": [
            {
                "title": group.title,
                "advanced": group.advanced,
                "parameters": [control(item) for item in group.parameters],
            }
            for group in (() if schema.is_open else schema.groups)
        ],
    }


def no_form(*, models: bool) -> dict[str, Any]:
    """Return the `_form` trait without a schema; with `models` the page offers a search of the catalogue."""
    return {"v": VERSION, "models": True} if models else {}


def control(parameter: Parameter) -> dict[str, Any]:
    """Return one parameter for the browser."""
    by = step(parameter)
    return {
        "id": parameter.id,
        "kind": parameter.kind,
        "label": label(parameter),
        "required": parameter.required,
        "default": exact(parameter.default),
        "options": [{"value": option.value, "label": option.label} for option in parameter.options],
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "step": by,
        "decimals": _decimals(by),
        "slider": slides(parameter),
        "integer": parameter.integer,
        "help": parameter.help or None,
        "placeholder": parameter.placeholder or None,
        "expected": expected(parameter),
        "advanced": parameter.advanced,
        "multiple": parameter.multiple,
        "max_files": parameter.max_files,
        "accept": parameter.accept,
        "role": _role(parameter),
        "example": axis_syntax.example(parameter),
    }


def label(parameter: Parameter) -> str:
    """Return the label of a parameter; without one the id becomes words."""
    if parameter.label and parameter.label != parameter.id:
        return parameter.label
    return words.of_id(parameter.id)


def step(parameter: Parameter) -> float | None:
    """Return the step of an arrow key; None for a parameter that is no number."""
    if parameter.kind not in _NUMERIC:
        return None
    low, high = parameter.minimum, parameter.maximum
    if parameter.step or parameter.integer:
        return parameter.step or 1
    wide = low is not None and high is not None and high > low and parameter.kind == "range"
    return ((high or 0) - (low or 0)) / 100 if wide else 0.1


def _decimals(by: float | None) -> int:
    exponent = Decimal(repr(by or 1)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) and by != int(by or 1) else 0


def slides(parameter: Parameter) -> bool:
    """Return True for a slider: it needs both bounds and few enough steps to aim at; sizes and seeds are typed."""
    low, high, by = parameter.minimum, parameter.maximum, step(parameter)
    if parameter.kind != "range" or _role(parameter) or low is None or high is None or not by:
        return False
    return high > low and (high - low) / by <= _MAX_SLIDER_STEPS


def expected(parameter: Parameter) -> str:
    """Return the text beside a field that is empty or wrong: its bounds, for a number."""
    if parameter.kind == "file":
        return "Choose an image" if parameter.accept == "image" else "Choose a file"
    if parameter.kind not in _NUMERIC and not (_role(parameter) == "seed" and parameter.integer):
        return "This cannot be empty"
    what = "A whole number" if parameter.integer else "A number"
    low, high = (
        bound if bound is None else wire_values.number_text(bound)
        for bound in (parameter.minimum, parameter.maximum)
    )
    if low is None:
        return what if high is None else f"{what}, at most {high}"
    return f"{what}, {low} or more" if high is None else f"{what}, {low} to {high}"


def next_seed(seed: str | None, parameter: Parameter | None) -> str | None:
    """Return the seed after this one; None if there is none."""
    if seed is None or not seed.isascii() or not seed.isdigit():
        return None
    after = int(seed) + 1
    most = parameter.maximum if parameter else None
    return None if most is not None and after > most else str(after)


def exact(value: Any) -> Any:
    """Return a whole number that JavaScript would round as text, any other value as it is."""
    large = isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT
    return str(value) if large else value


def _role(parameter: Parameter) -> str | None:
    """Return the name of the special control of a parameter, if it has one."""
    name = parameter.id.lower()
    if name == "prompt" and parameter.kind in ("text", "textarea"):
        return "prompt"
    if parameter.kind in ("text", "number", "range"):
        if name == "seed":
            return "seed"
        if name in ("width", "height") and parameter.kind != "text":
            return name
    return None
