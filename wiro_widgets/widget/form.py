"""The schema as the browser draws it: the rules of `ModelSchema.bind` as data."""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from decimal import Decimal
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.schema import words
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.sweeps import axis_syntax
from wiro_widgets.widget import form_layout
from wiro_widgets.widget.wire.covers import cover_id
from wiro_widgets.widget.wire.messages import VERSION

_NUMERIC = ("number", "range")
_MAX_SLIDER_STEPS = 1_000  # a hand cannot aim at finer ones
# What the words of a catalogue say that a model makes.
_MADE = {
    "video": {"video", "videos", "animation", "lipsync"},
    "audio": {"audio", "speech", "voice", "music", "sound", "song", "tts"},
    "text": {"llm", "chat", "text", "language", "transcription", "caption", "captioning", "ocr", "gpt"},
    "file": {"3d", "mesh", "glb"},
    "image": {"image", "images", "photo", "photos", "picture", "img", "t2i", "i2i", "inpainting", "upscale"},
}
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
        **_contents(schema),
    }


# Of the schemas used last, by identity: panels of one model share theirs, and reading it takes a third of a panel.
_recent: deque[tuple[ModelSchema, dict[str, Any]]] = deque(maxlen=8)


def _contents(schema: ModelSchema) -> dict[str, Any]:
    """Return what follows from the schema alone; nobody changes it."""
    contents = next((item for other, item in tuple(_recent) if other is schema), None)
    if contents is None:
        contents = {"makes": makes(schema), "groups": [] if schema.is_open else _groups(schema)}
        _recent.append((schema, contents))
    return contents


def no_form(*, models: bool) -> dict[str, Any]:
    """Return the `_form` trait without a schema; with `models` the page offers a search of the catalogue."""
    return {"v": VERSION, "models": True} if models else {}


def makes(schema: ModelSchema) -> str | None:
    """Return what a run makes: "image", "video", "audio", "text" or "file" (3D); None if nothing tells."""
    categories = [re.sub(r"[^a-z0-9]+", " ", item.lower()).split() for item in schema.categories]
    for item in categories:  # "image-to-video" makes what stands at its end
        if "to" in item and (kind := _kind_made(item[item.index("to") + 1 :])):
            return kind
    texts = [[word for item in categories for word in item]]
    texts += [
        re.findall(r"[a-z0-9]+", text.lower())
        for text in (schema.title, schema.model, schema.description[:300])
    ]
    return next((kind for item in texts if (kind := _kind_made(item))), None)


def _kind_made(words: list[str]) -> str | None:
    """Return the kind that a text names; "to" in "text to speech" says that what stands before it goes in."""
    if "to" in words[:-1]:
        words = words[words.index("to") + 1 :] + words
    return next((kind for word in words for kind, names in _MADE.items() if word in names), None)


def _groups(schema: ModelSchema) -> list[dict[str, Any]]:
    """Return the groups, in each the fields that people change first."""
    names = form_layout.folded_names(schema)
    return [
        {
            "title": group.title,
            "advanced": group.advanced,
            "parameters": [
                control(item) | {"advanced": item.id in names}
                for item in sorted(group.parameters, key=form_layout.rank)
            ],
        }
        for group in schema.groups
    ]


def control(parameter: Parameter) -> dict[str, Any]:
    """Return one parameter for the browser."""
    by = step(parameter)
    return {
        "id": parameter.id,
        "kind": parameter.kind,
        "label": label(parameter),
        "required": parameter.required,
        "default": _default(parameter),
        "options": [_option(option) for option in parameter.options],
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
        "role": form_layout.role(parameter),
        "narrow": form_layout.is_narrow(parameter),
        "json": _json_shape(parameter),
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


def _option(option: Option) -> dict[str, Any]:
    """Return one choice; where it has a picture, the name to ask for it."""
    cover = {"cover": cover_id(option.cover)} if option.cover else {}
    return {"value": option.value, "label": option.label, **cover}


def _default(parameter: Parameter) -> Any:
    if parameter.structure is None or parameter.default is None:
        return exact(parameter.default)
    return parameter.as_text(parameter.default)


def _json_shape(parameter: Parameter) -> str | None:
    """Return "list", "object" or "any" for a field that takes JSON, which the page checks; None for any other."""
    if parameter.structure is not None or parameter.kind not in ("text", "textarea"):
        return parameter.structure
    default = str(parameter.default or "").lstrip()
    if default.startswith(("[", "{")):
        with suppress(ValueError):
            return "list" if isinstance(wire_values.loads(default), list) else "object"
    says_so = re.search(
        r"\bjson (string|text|array|object|list)\b", f"{label(parameter)} {parameter.help}", re.IGNORECASE
    )
    return "any" if says_so else None


def _decimals(by: float | None) -> int:
    exponent = Decimal(repr(by or 1)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) and by != int(by or 1) else 0


def slides(parameter: Parameter) -> bool:
    """Return True for a slider: it needs both bounds and few enough steps to aim at; sizes and seeds are typed."""
    low, high, by = parameter.minimum, parameter.maximum, step(parameter)
    if parameter.kind != "range" or form_layout.role(parameter) or low is None or high is None or not by:
        return False
    return high > low and (high - low) / by <= _MAX_SLIDER_STEPS


def expected(parameter: Parameter) -> str:
    """Return the text beside a field that is empty or wrong: its bounds, for a number."""
    if parameter.kind == "file":
        return "Choose an image" if parameter.accept == "image" else "Choose a file"
    if parameter.kind not in _NUMERIC and not (form_layout.role(parameter) == "seed" and parameter.integer):
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


def seed_after(seed: int, ahead: int, parameter: Parameter) -> int:
    """Return the seed so many further on; after the greatest one of the parameter the least comes again."""
    low, high = int(parameter.minimum or 0), parameter.maximum
    after = seed + ahead
    return after if high is None or after <= high else low + (after - low) % (int(high) - low + 1)


def exact(value: Any) -> Any:
    """Return a whole number that JavaScript would round as text, any other value as it is."""
    large = isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT
    return str(value) if large else value
