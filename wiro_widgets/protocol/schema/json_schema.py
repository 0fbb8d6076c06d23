"""JSON Schema as OpenAPI descriptions use it: references, compositions and lists of types, made one flat schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from wiro_widgets.protocol import wire_values

_MAX_DEPTH = 24  # of references and compositions in each other
_MAX_STEPS = 20_000  # of one description: a small one can multiply without end
_COMPOSITIONS = ("allOf", "anyOf", "oneOf")


class Definitions:
    """What the references of one description mean."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._description = description
        self._steps = 0

    def __repr__(self) -> str:
        return f"<Definitions, {self._steps} steps>"

    def resolve(self, node: object) -> Mapping[str, Any]:
        """Return an object, or what its `$ref` names; fields beside the reference win."""
        schema = wire_values.mapping(node)
        for _ in range(_MAX_DEPTH):
            if "$ref" not in schema:
                return schema
            others = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._target(wire_values.first_text(schema["$ref"])), **others}
        return {}

    def flatten(self, node: object, depth: int = 0) -> dict[str, Any]:
        """Return a schema without references and compositions, with a single `type` if it has one.

        Of alternatives the one that is not null stands; several make a list of options, the wider number, or a text.
        """
        self._steps += 1
        if depth > _MAX_DEPTH or self._steps > _MAX_STEPS:
            return {}
        resolved = self.resolve(node)
        schema = {key: value for key, value in resolved.items() if key not in _COMPOSITIONS}
        if "const" in schema:
            schema.setdefault("enum", [schema["const"]])
        _set_single_type(schema)
        for part in wire_values.items(resolved.get("allOf")):
            schema = _join(self.flatten(part, depth + 1), schema)
        for name in ("anyOf", "oneOf"):
            parts = [self.flatten(part, depth + 1) for part in wire_values.items(resolved.get(name))]
            alternatives = [part for part in parts if part and part.get("type") != "null"]
            if alternatives:
                schema = _join(_one_of(alternatives), schema)
        if "items" in schema:
            schema["items"] = self.flatten(schema["items"], depth + 1)
        return schema

    def _target(self, reference: str) -> Mapping[str, Any]:
        """Follow a pointer in this description; one into another file is looked up among the components by its name."""
        value: object = self._description
        pointer = unquote(reference.rpartition("#")[2])
        keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")]
        for key in filter(None, keys):
            value = wire_values.mapping(value).get(key)
        if isinstance(value, dict) and value is not self._description:
            return value
        components = wire_values.mapping(self._description.get("components"))
        return wire_values.mapping(wire_values.mapping(components.get("schemas")).get(keys[-1]))


def has_type(schema: Mapping[str, Any], *names: str) -> bool:
    """Return True if the values of a flat schema are of one of these types."""
    return schema.get("type") in names


def _set_single_type(schema: dict[str, Any]) -> None:
    """Replace a list of types by the one that is not null; by text if there are several."""
    names = [name for name in map(_type_name, wire_values.items_or_single(schema.get("type"))) if name]
    others = [name for name in dict.fromkeys(names) if name != "null"]
    schema.pop("type", None)
    if others or names:
        schema["type"] = _common_type(others) if others else "null"
    elif "properties" in schema:
        schema["type"] = "object"
    elif "items" in schema:
        schema["type"] = "array"


def _type_name(value: object) -> str:
    name = wire_values.first_text(value).strip().lower()
    return {
        "float": "number",
        "double": "number",
        "numeric": "number",
        "int": "integer",
        "bool": "boolean",
    }.get(name, name)


def _common_type(names: Sequence[str]) -> str:
    if len(set(names)) == 1:
        return names[0]
    return "number" if set(names) == {"integer", "number"} else "string"


def _join(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return two schemas that hold both; where they differ, the schema's own fields win."""
    fields = {**base, **{key: value for key, value in own.items() if value is not None}}
    if "properties" in base and "properties" in own:
        fields["properties"] = {
            **wire_values.mapping(base["properties"]),
            **wire_values.mapping(own["properties"]),
        }
    if isinstance(base.get("required"), list) or isinstance(own.get("required"), list):
        fields["required"] = [
            *wire_values.strings(base.get("required")),
            *wire_values.strings(own.get("required")),
        ]
    return fields


def _one_of(alternatives: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one schema that takes what any of these takes."""
    if len(alternatives) == 1:
        return alternatives[0]
    if all("properties" in item for item in alternatives):
        properties: dict[str, Any] = {}
        required = set(wire_values.strings(alternatives[0].get("required")))
        for item in alternatives:
            properties = {**wire_values.mapping(item["properties"]), **properties}
            required &= set(wire_values.strings(item.get("required")))
        return {"type": "object", "properties": properties, "required": sorted(required)}
    if all("enum" in item for item in alternatives):
        return {"type": alternatives[0].get("type", "string"), "enum": _options(alternatives)}
    if lists := [item for item in alternatives if item.get("type") == "array"]:
        return lists[0]
    binary = next((item for item in alternatives if item.get("format") in ("binary", "byte")), None)
    if binary is not None:
        return binary
    kinds = [str(item["type"]) for item in alternatives if "type" in item]
    common = _common_type(kinds) if kinds else "string"
    hints = {
        key: item[key] for item in alternatives for key in ("default", "description", "title") if key in item
    }
    return hints | {"type": common}


def _options(alternatives: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the values of several enums, one with the title of its alternative if it is the only one there."""
    options: list[Any] = []
    for item in alternatives:
        values = wire_values.items(item["enum"])
        if len(values) == 1 and item.get("title"):
            options.append({"value": values[0], "label": item["title"]})
        else:
            options += values
    return options
