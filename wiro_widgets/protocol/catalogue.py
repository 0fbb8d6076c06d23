"""Tool/Detail's entry of a model, read into parameters (protocol: Catalogue)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wiro_widgets.protocol import drift
from wiro_widgets.protocol.parameters import Accept, FileStyle, Kind, Option, Parameter

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
_FILE_STYLES: Mapping[str, FileStyle] = {
    "fileinput": "single",
    "multifileinput": "multi",
    "combinefileinput": "combine",
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
    owner = drift.text(tool.get("cleanslugowner")) or drift.text(tool.get("slugowner")) or ""
    name = drift.text(tool.get("cleanslugproject")) or drift.text(tool.get("slugproject")) or ""
    return ModelEntry(
        model=f"{owner}/{name}",
        title=drift.text(tool.get("title")) or name,
        groups=tuple(_group(item) for item in drift.mappings(tool.get("parameters"))),
        description=drift.text(tool.get("description")) or "",
        categories=drift.strings(tool.get("categories")),
    )


def _group(group: Mapping[str, Any]) -> Group:
    title = drift.text(group.get("title")) or ""
    advanced = bool(drift.flag(group.get("advanced"))) or title.strip().lower().startswith("advanced")
    found = [_parameter(item) for item in drift.mappings(group.get("items")) if drift.text(item.get("id"))]
    return Group(title, tuple(found), advanced)


def _parameter(item: Mapping[str, Any]) -> Parameter:
    name = drift.text(item.get("id")) or ""
    wire = (drift.text(item.get("type")) or "text").strip().lower()
    kind = _KINDS.get(wire, "text")
    step = drift.number(item.get("step"))
    numeric = kind in ("range", "number")
    whole = numeric and (wire == "integer" or (step is not None and step.is_integer() and step > 0))
    default = item.get("default") if item.get("default") is not None else item.get("value")
    label = drift.text(item.get("label")) or name
    return Parameter(
        id=name,
        kind=kind,
        label=label,
        required=bool(drift.flag(item.get("required"))),
        default=typed_default(kind, default),
        options=options(item.get("options")),
        minimum=drift.number(item.get("min")) if numeric else None,
        maximum=drift.number(item.get("max")) if numeric else None,
        step=step if numeric else None,
        help=drift.text(item.get("note")) or drift.text(item.get("description")) or "",
        placeholder=drift.text(item.get("placeholder")) or "",
        advanced=bool(drift.flag(item.get("advanced"))) or name == "callbackUrl",
        integer=whole,
        file_style=_FILE_STYLES.get(wire),
        max_files=(drift.integer(item.get("max")) or None) if kind == "file" else None,
        accept=accepted(kind, f"{name} {label}"),
    )


def typed_default(kind: Kind, value: object) -> Any:
    """Return a default in the parameter's own type, or None when it makes no sense there."""
    if value is None or kind == "file":
        return None
    if kind in ("range", "number"):
        exact = drift.integer(value)
        return exact if exact is not None else drift.number(value)
    if kind == "boolean":
        return drift.flag(value)
    return drift.text(value)


def options(value: object) -> tuple[Option, ...]:
    """Read a select's options: objects with value and label, or plain texts."""
    found: list[Option] = []
    for item in drift.items(value):
        raw = item.get("value") if isinstance(item, dict) else item
        sent = drift.text(raw)
        if sent is not None:
            label = drift.text(item.get("label") or item.get("text")) if isinstance(item, dict) else None
            found.append(Option(sent, label or sent))
    return tuple(found)


def accepted(kind: Kind, words: str) -> Accept | None:
    """Guess from its name what a file parameter holds, so that a wrong file is found before it is sent."""
    if kind != "file":
        return None
    lowered = words.lower()
    if "image" in lowered or "photo" in lowered or "mask" in lowered:
        return "image"
    if "audio" in lowered or "voice" in lowered:
        return "audio"
    return "video" if "video" in lowered else None
