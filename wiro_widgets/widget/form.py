"""The schema as the browser draws it: the same rules that `ModelSchema.bind` keeps, as data."""

from __future__ import annotations

from typing import Any

from wiro_widgets.protocol.parameters import Parameter
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.widget.messages import VERSION

LARGEST_EXACT = 2**53 - 1  # a JavaScript number keeps whole numbers up to here


def form(schema: ModelSchema, *, sandbox: bool, models: bool) -> dict[str, Any]:
    """Return what the `_form` trait holds."""
    owner, _, name = schema.model.partition("/")
    return {
        "v": VERSION,
        "model": schema.model,
        "owner": owner,
        "name": name,
        "title": schema.title,
        "sandbox": sandbox,
        "models": models,
        "groups": [
            {
                "title": group.title,
                "advanced": group.advanced,
                "parameters": [control(item) for item in group.parameters],
            }
            for group in schema.groups
        ],
    }


def no_form(*, models: bool) -> dict[str, Any]:
    """Return what `_form` holds while there is no schema; `models` says whether the catalogue is offered."""
    return {"v": VERSION, "models": True} if models else {}


def control(parameter: Parameter) -> dict[str, Any]:
    """Return one parameter as the browser takes it."""
    return {
        "id": parameter.id,
        "kind": parameter.kind,
        "label": parameter.label,
        "required": parameter.required,
        "default": exact(parameter.default),
        "options": [{"value": option.value, "label": option.label} for option in parameter.options],
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "step": parameter.step,
        "integer": parameter.integer,
        "help": parameter.help or None,
        "placeholder": parameter.placeholder or None,
        "advanced": parameter.advanced,
        "multiple": parameter.multiple,
        "max_files": parameter.max_files,
        "accept": parameter.accept,
        "role": _role(parameter),
    }


def exact(value: Any) -> Any:
    """Return a whole number that JavaScript would round as text, everything else as it is."""
    large = isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT
    return str(value) if large else value


def _role(parameter: Parameter) -> str | None:
    """Name the parameters that have a control of their own."""
    name = parameter.id.lower()
    if name == "prompt" and parameter.kind in ("text", "textarea"):
        return "prompt"
    if parameter.kind in ("text", "number", "range"):
        if name == "seed":
            return "seed"
        if name in ("width", "height") and parameter.kind != "text":
            return name
    return None
