"""A model's OpenAPI description, read into parameters (docs/protocol.md, Catalogue)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.schema.parameters import Kind, Parameter
from wiro_widgets.protocol.schema.tool_detail import FILE_STYLES, Group, ModelEntry, read_item

_MAX_LINE = 80  # characters of a default; a longer one needs a text area


def read(spec: Mapping[str, Any] | list[Any]) -> ModelEntry:
    """Read a description, bare or as Tool/DetailOpenAPI's list `[{"type": ..., "spec": {...}}]`."""
    if isinstance(spec, list):
        specs = [wire_values.mapping(item.get("spec")) for item in wire_values.mappings(spec)]
        spec = next((item for item in specs if item), {})
    path = next((item for item in wire_values.mapping(spec.get("paths")) if item.startswith("/Run/")), None)
    if path is None:
        raise ConfigurationError("This OpenAPI description has no /Run/ path, so it describes no model.")
    run = _mapping_at(spec, "paths", path, "post")
    # Some paths have a space after the slash.
    owner, _, name = map(str.strip, unquote(path.removeprefix("/Run/")).partition("/"))
    schema = _body_schema(spec, run)
    required = set(wire_values.strings(schema.get("required")))
    parameters = tuple(
        _parameter(key, wire_values.mapping(item), required=key in required)
        for key, item in wire_values.mapping(schema.get("properties")).items()
    )
    return ModelEntry(
        model=f"{owner}/{name}",
        title=wire_values.first_text(run.get("summary"), name).removeprefix("Run "),
        groups=(Group("Input", parameters),),
        description=wire_values.first_text(run.get("description")),
        categories=(),
    )


def _mapping_at(value: object, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = wire_values.mapping(value).get(key)
    return wire_values.mapping(value)


def _body_schema(spec: Mapping[str, Any], run: Mapping[str, Any]) -> Mapping[str, Any]:
    for body in _mapping_at(run, "requestBody", "content").values():
        schema = _mapping_at(body, "schema")
        if reference := wire_values.text(schema.get("$ref")):
            schema = _mapping_at(spec, "components", "schemas", reference.rsplit("/", 1)[-1])
        if schema:
            return schema
    return {}


def _parameter(name: str, field: Mapping[str, Any], *, required: bool) -> Parameter:
    """Rewrite a property as an item of Tool/Detail, and read that."""
    input_type = wire_values.first_text(field.get("x-input-type")).strip().lower()
    item = {
        "id": name,
        "label": wire_values.first_text(field.get("x-label"), field.get("title")),
        "required": required,
        "default": field.get("default"),
        "options": field.get("x-options") or field.get("enum"),
        "min": field.get("minimum"),
        "max": field.get("maximum"),
        "step": field.get("multipleOf"),
        "note": field.get("x-help"),
        "description": field.get("description"),
        "advanced": name == "projectid",
        "maxfiles": field.get("maxItems"),
    }
    return read_item(
        item,
        _kind(name, field, input_type),
        integer=field.get("type") == "integer",
        file_style=FILE_STYLES.get(input_type, "combine"),
    )


def _kind(name: str, field: Mapping[str, Any], input_type: str) -> Kind:
    if input_type in FILE_STYLES or field.get("format") == "binary":
        return "file"
    if input_type.startswith("select") or field.get("enum"):
        return "select"
    if field.get("type") == "boolean":
        return "boolean"
    if field.get("type") in ("number", "integer"):
        return "range" if field.get("minimum") is not None and field.get("maximum") is not None else "number"
    default = wire_values.first_text(field.get("default"))
    is_long = len(default) > _MAX_LINE or "\n" in default
    return "textarea" if input_type == "textarea" or is_long or "prompt" in name.lower() else "text"
