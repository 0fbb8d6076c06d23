"""A model's OpenAPI description, read into parameters (protocol: Catalogue, Tool/DetailOpenAPI)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.schema.parameters import Kind, Parameter
from wiro_widgets.protocol.schema.tool_detail import (
    FILE_STYLES,
    Group,
    ModelEntry,
    accepted,
    bounds,
    is_whole,
    options,
    step_size,
    typed_default,
)

_LONG_TEXT = 80  # characters of a default that would not fit a one-line field


def read(spec: Mapping[str, Any] | list[Any]) -> ModelEntry:
    """Read a description, bare or wrapped as `[{"type": ..., "spec": {...}}]`."""
    if isinstance(spec, list):
        wrapped = [wire_values.mapping(item.get("spec")) for item in wire_values.mappings(spec)]
        spec = next((item for item in wrapped if item), {})
    path = next((item for item in wire_values.mapping(spec.get("paths")) if item.startswith("/Run/")), None)
    if path is None:
        raise ConfigurationError("This OpenAPI description has no /Run/ path, so it describes no model.")
    run = wire_values.mapping(
        wire_values.mapping(wire_values.mapping(spec.get("paths")).get(path)).get("post")
    )
    owner, _, name = unquote(path.removeprefix("/Run/")).partition("/")
    schema = _body(spec, run)
    required = set(wire_values.strings(schema.get("required")))
    parameters = tuple(
        _parameter(key, wire_values.mapping(item), required=key in required)
        for key, item in wire_values.mapping(schema.get("properties")).items()
    )
    title = (wire_values.text(run.get("summary")) or name).removeprefix("Run ")
    return ModelEntry(
        f"{owner}/{name}",
        title,
        (Group("Input", parameters),),
        wire_values.text(run.get("description")) or "",
        (),
    )


def _body(spec: Mapping[str, Any], run: Mapping[str, Any]) -> Mapping[str, Any]:
    content = wire_values.mapping(wire_values.mapping(run.get("requestBody")).get("content"))
    for body in content.values():
        schema = wire_values.mapping(wire_values.mapping(body).get("schema"))
        reference = wire_values.text(schema.get("$ref"))
        if reference:
            name = reference.rsplit("/", 1)[-1]
            schema = wire_values.mapping(
                wire_values.mapping(wire_values.mapping(spec.get("components")).get("schemas")).get(name)
            )
        if schema:
            return schema
    return {}


def _parameter(name: str, item: Mapping[str, Any], *, required: bool) -> Parameter:
    wire = (wire_values.text(item.get("x-input-type")) or "").strip().lower()
    kind = _kind(name, item, wire)
    label = wire_values.text(item.get("x-label")) or wire_values.text(item.get("title")) or name
    numeric = kind in ("range", "number")
    low, high = bounds(item.get("minimum"), item.get("maximum")) if numeric else (None, None)
    step = step_size(item.get("multipleOf")) if numeric else None
    default = typed_default(kind, item.get("default"))
    return Parameter(
        id=name,
        kind=kind,
        label=label,
        required=required,
        default=default,
        options=options(item.get("x-options") or item.get("enum")),
        minimum=low,
        maximum=high,
        step=step,
        help=wire_values.text(item.get("x-help")) or wire_values.text(item.get("description")) or "",
        advanced=name in ("callbackUrl", "projectid"),
        integer=numeric and (item.get("type") == "integer" or is_whole(step, low, default)),
        file_style=FILE_STYLES.get(wire, "combine") if kind == "file" else None,
        max_files=wire_values.integer(item.get("maxItems")) if kind == "file" else None,
        accept=accepted(kind, f"{name} {label}"),
    )


def _kind(name: str, item: Mapping[str, Any], wire: str) -> Kind:
    if wire in FILE_STYLES or item.get("format") == "binary":
        return "file"
    if wire.startswith("select") or item.get("enum"):
        return "select"
    if item.get("type") == "boolean":
        return "boolean"
    if item.get("type") in ("number", "integer"):
        return "range" if item.get("minimum") is not None and item.get("maximum") is not None else "number"
    default = wire_values.text(item.get("default")) or ""
    long = len(default) > _LONG_TEXT or "\n" in default
    return "textarea" if wire == "textarea" or long or "prompt" in name.lower() else "text"
