"""Tool/Detail's entry of a model, read into parameters (protocol: Catalogue)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.replies import slug
from wiro_widgets.protocol.schema.parameters import Accept, FileStyle, Kind, Option, Parameter

_KINDS: Mapping[str, Kind] = {
    "text": "text",
    "textarea": "textarea",
    "select": "select",
    "selectwithcover": "select",
    "range": "range",
    "number": "number",
    "integer": "number",
    "float": "number",
    "checkbox": "boolean",
    "boolean": "boolean",
    "switch": "boolean",
    "fileinput": "file",
    "multifileinput": "file",
    "combinefileinput": "file",
}
FILE_STYLES: Mapping[str, FileStyle] = {
    "fileinput": "single",
    "multifileinput": "multi",
    "combinefileinput": "combine",
}
_ACCEPT: Mapping[Accept, tuple[str, ...]] = {
    "image": ("image", "photo", "picture", "mask"),
    "audio": ("audio", "voice"),
    "video": ("video",),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that stand together; an advanced group is folded away."""

    title: str
    parameters: tuple[Parameter, ...]
    advanced: bool = False


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """What a catalogue says of a model before it becomes a ModelSchema."""

    model: str
    title: str
    groups: tuple[Group, ...]
    description: str
    categories: tuple[str, ...]


def read(tool: Mapping[str, Any]) -> ModelEntry:
    """Read one entry; parameters may be missing, null or JSON text."""
    model = slug(tool)
    return ModelEntry(
        model=model,
        title=wire_values.text(tool.get("title")) or model.partition("/")[2],
        groups=tuple(_group(item) for item in wire_values.mappings(tool.get("parameters"))),
        description=wire_values.text(tool.get("description")) or "",
        categories=wire_values.strings(tool.get("categories")),
    )


def _group(group: Mapping[str, Any]) -> Group:
    title = wire_values.text(group.get("title")) or ""
    advanced = bool(wire_values.flag(group.get("advanced"))) or title.strip().lower().startswith("advanced")
    found = [
        _parameter(item)
        for item in wire_values.mappings(group.get("items"))
        if wire_values.text(item.get("id"))
    ]
    return Group(title, tuple(found), advanced)


def _parameter(item: Mapping[str, Any]) -> Parameter:
    name = wire_values.text(item.get("id")) or ""
    wire = (wire_values.text(item.get("type")) or "text").strip().lower()
    kind = _KINDS.get(wire, "text")
    numeric = kind in ("range", "number")
    low, high = bounds(item.get("min"), item.get("max")) if numeric else (None, None)
    step = step_size(item.get("step")) if numeric else None
    default = typed_default(kind, item["default"] if item.get("default") is not None else item.get("value"))
    files = wire_values.integer(item.get("maxfiles")) or wire_values.integer(item.get("max")) or 0
    label = wire_values.text(item.get("label")) or name
    return Parameter(
        id=name,
        kind=kind,
        label=label,
        required=bool(wire_values.flag(item.get("required"))),
        default=default,
        options=options(item.get("options")),
        minimum=low,
        maximum=high,
        step=step,
        help=wire_values.text(item.get("note")) or wire_values.text(item.get("description")) or "",
        placeholder=wire_values.text(item.get("placeholder")) or "",
        advanced=bool(wire_values.flag(item.get("advanced"))) or name == "callbackUrl",
        integer=numeric and (wire == "integer" or is_whole(step, low, default)),
        file_style=FILE_STYLES.get(wire),
        max_files=files if kind == "file" and files > 0 else None,
        accept=accepted(kind, f"{name} {label}"),
    )


def bounds(low: object, high: object) -> tuple[float | None, float | None]:
    """Return minimum and maximum; a pair that leaves no room means nothing."""
    minimum, maximum = wire_values.number(low), wire_values.number(high)
    if minimum is not None and maximum is not None and minimum >= maximum:
        return None, None
    return minimum, maximum


def step_size(value: object) -> float | None:
    """Return a step, which is more than nothing."""
    step = wire_values.number(value)
    return step if step is not None and step > 0 else None


def is_whole(step: float | None, minimum: float | None, default: object) -> bool:
    """Whether steps of that size from there only ever meet whole numbers."""
    fits = all(item is None or item.is_integer() for item in (step, minimum))
    return step is not None and fits and not isinstance(default, float)


def typed_default(kind: Kind, value: object) -> Any:
    """Return a default in the parameter's own type, or None when it makes no sense there."""
    if value is None or kind == "file":
        return None
    if kind in ("range", "number"):
        exact = wire_values.integer(value)
        return exact if exact is not None else wire_values.number(value)
    if kind == "boolean":
        return wire_values.flag(value)
    return wire_values.text(value)


def options(value: object) -> tuple[Option, ...]:
    """Read a select's options: objects with value and label, or plain texts."""
    found: list[Option] = []
    for item in wire_values.items(value):
        raw = item.get("value") if isinstance(item, dict) else item
        sent = wire_values.text(raw)
        if sent is not None:
            label = (
                wire_values.text(item.get("label") or item.get("text")) if isinstance(item, dict) else None
            )
            found.append(Option(sent, label or sent))
    return tuple(found)


def accepted(kind: Kind, words: str) -> Accept | None:
    """Guess from its name what a file parameter holds, so that a wrong file is found before it is sent.

    Two guesses are none: an "image or video" takes both.
    """
    if kind != "file":
        return None
    lowered = words.lower()
    found = [held for held, names in _ACCEPT.items() if any(name in lowered for name in names)]
    return found[0] if len(found) == 1 else None
