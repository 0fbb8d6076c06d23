"""A model's entry in Tool/Detail, read into parameters (docs/protocol.md, Catalogue)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import file_inputs, words
from wiro_widgets.protocol.schema.parameters import Accept, FileStyle, Kind, Option, Parameter
from wiro_widgets.protocol.schema.scalars import is_url

_KINDS: Mapping[str, Kind] = {
    "text": "text",
    "textarea": "textarea",
    "select": "select",
    "selectwithcover": "select",
    "range": "range",
    "number": "number",
    "numeric": "number",
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
# Under which of these an option of `selectwithcover` has its picture is not documented.
_COVERS = (
    *("cover", "coverUrl", "coverurl", "cover_url", "image", "imageUrl", "imageurl", "image_url"),
    *("thumbnail", "thumb", "preview", "poster", "picture", "img", "icon"),
)
_ACCEPT: Mapping[Accept, tuple[str, ...]] = {
    "image": ("image", "photo", "picture", "mask"),
    "audio": ("audio", "voice"),
    "video": ("video",),
}


@dataclass(frozen=True, slots=True, repr=False)
class Group:
    """Parameters that are shown together; an advanced group is folded at first."""

    title: str
    parameters: tuple[Parameter, ...]
    advanced: bool = False

    def __repr__(self) -> str:
        return printable(f"<Group {self.title}: {', '.join(item.id for item in self.parameters)}>")


class ModelEntry(NamedTuple):
    """What Tool/Detail or OpenAPI says of a model: the first fields of a ModelSchema, in their order."""

    model: str
    title: str
    groups: tuple[Group, ...]
    description: str
    categories: tuple[str, ...]


def read(tool: Mapping[str, Any]) -> ModelEntry:
    """Read one entry; its parameters may be missing, null or JSON text."""
    model = slug(tool)
    return ModelEntry(
        model=model,
        title=wire_values.first_text(tool.get("title"), model.partition("/")[2]),
        groups=_groups(tool.get("parameters")),
        description=wire_values.first_text(tool.get("description")),
        categories=wire_values.strings(tool.get("categories")),
    )


def _groups(parameters: object) -> tuple[Group, ...]:
    """Read the groups; items that stand in none are one by themselves."""
    entries = [entry for entry in map(wire_values.mapping, wire_values.items_or_single(parameters)) if entry]
    loose = [entry for entry in entries if "id" in entry and "items" not in entry]
    groups = [_group(entry) for entry in entries if "items" in entry or "id" not in entry]
    if loose:
        groups.append(_group({"items": loose}))
    linked = iter(file_inputs.link_urls([item for group in groups for item in group.parameters]))
    return tuple(replace(group, parameters=tuple(next(linked) for _ in group.parameters)) for group in groups)


def _group(group: Mapping[str, Any]) -> Group:
    title = wire_values.first_text(group.get("title"))
    advanced = bool(wire_values.flag(group.get("advanced"))) or title.strip().lower().startswith("advanced")
    parameters = []
    for item in map(wire_values.mapping, wire_values.items(group.get("items"))):  # an item may be JSON text
        if wire_values.text(item.get("id")):
            wire_type = wire_values.first_text(item.get("type"), "text").strip().lower()
            kind, style = _KINDS.get(wire_type, "text"), FILE_STYLES.get(wire_type)
            parameters.append(read_item(item, kind, integer=wire_type == "integer", file_style=style))
    return Group(title, tuple(parameters), advanced)


def read_item(
    item: Mapping[str, Any], kind: Kind, *, integer: bool, file_style: FileStyle | None
) -> Parameter:
    """Read one item of a group; what makes no sense for its kind is left out."""
    name = wire_values.first_text(item.get("id"))
    label = words.label(wire_values.first_text(item.get("label")), name)
    low = high = step = None
    default = item["default"] if item.get("default") is not None else item.get("value")
    options = _options(item.get("options"))
    if kind == "select" and not options:  # an enum of nothing but null, say: there is nothing to choose from
        kind = "text"
    numeric, is_file = kind in ("range", "number"), kind == "file"
    if numeric:
        low, high = wire_values.number(item.get("min")), wire_values.number(item.get("max"))
        if low is not None and high is not None and low >= high:  # 0 to 0: not filled in
            low = high = None
        step = wire_values.number(item.get("step"))
        step = step if step is not None and step > 0 else None
        exact = wire_values.integer(default)
        default = exact if exact is not None else wire_values.number(default)
        # Whole steps from a whole minimum, with a whole default, reach whole numbers only.
        if step is not None and step.is_integer() and (low is None or low.is_integer()):
            integer = integer or not isinstance(default, float)
    elif kind == "boolean":
        default = wire_values.flag(default)
    else:
        default = None if is_file else wire_values.text(default)
    help_text = words.help_text(
        label,
        name,
        wire_values.first_text(item.get("note")),
        wire_values.first_text(item.get("description")),
    )
    max_files = (
        wire_values.integer(item.get("maxfiles"))
        or wire_values.integer(item.get("max"))
        or words.file_limit(label, help_text)
        or 0
    )
    return Parameter(
        id=name,
        kind=kind,
        label=label,
        required=bool(wire_values.flag(item.get("required"))),
        default=default,
        options=options,
        minimum=low,
        maximum=high,
        step=step,
        help=help_text,
        placeholder=words.help_text(name, name, wire_values.first_text(item.get("placeholder"))),
        advanced=bool(wire_values.flag(item.get("advanced"))) or name == "callbackUrl",
        integer=numeric and integer,
        file_style=file_style if is_file else None,
        max_files=max_files if is_file and max_files > 0 else None,
        accept=_accept(f"{name} {label}") if is_file else None,
    )


def _options(value: object) -> tuple[Option, ...]:
    """Read a select's options: objects with value and label, or plain texts."""
    results: list[Option] = []
    for item in wire_values.items(value):
        fields = wire_values.mapping(item) or {"value": item}
        text = wire_values.text(fields.get("value"))
        if text is not None:
            label = wire_values.first_text(fields.get("label"), fields.get("text"), text)
            covers = (wire_values.first_text(fields.get(name)) for name in _COVERS)
            results.append(Option(text, label, next(filter(is_url, covers), "").strip()))
    return tuple(results)


def _accept(words: str) -> Accept | None:
    """Guess from its name which files a parameter takes, so that a wrong file is refused before it is sent.

    A name that fits two types, as "image or video", takes any file.
    """
    matches = [accept for accept, names in _ACCEPT.items() if any(name in words.lower() for name in names)]
    return matches[0] if len(matches) == 1 else None


def slug(entry: Mapping[str, Any]) -> str:
    """Return "owner/name" of a catalogue entry, or an empty text; spaces around a slug are not part of it."""
    owner = wire_values.identifier(entry.get("cleanslugowner"), entry.get("slugowner"))
    name = wire_values.identifier(entry.get("cleanslugproject"), entry.get("slugproject"))
    return f"{owner}/{name}" if owner and name else ""
