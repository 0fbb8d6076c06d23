"""A model's OpenAPI description, read into parameters (docs/protocol.md, Catalogue)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter
from wiro_widgets.protocol.schema import file_inputs
from wiro_widgets.protocol.schema.json_schema import Definitions, has_type
from wiro_widgets.protocol.schema.parameters import FileStyle, Kind, Parameter, Structure
from wiro_widgets.protocol.schema.tool_detail import FILE_STYLES, Group, ModelEntry, read_item

_RUN_PATH = re.compile(r"/?(?:v\d+/)?Run/([^/]+)/([^/]+)/?", re.IGNORECASE)
_FILE_FORMATS = ("binary", "byte", "base64", "data-url", "file")
_URL_FORMATS = ("uri", "url", "uri-reference", "iri")
_NUMBERS = ("number", "numeric", "range", "slider")
_MAX_LINE = 80  # characters of a default; a longer one needs a text area
_MAX_DEPTH = 4  # of the lists and objects around a description


def read(spec: Mapping[str, Any] | list[Any], model: str | None = None) -> ModelEntry:
    """Read a description, bare or as Tool/DetailOpenAPI's list `[{"type": ..., "spec": {...}}]`.

    `model` says which of several paths to take. Raises ConfigurationError if there is no path of a model.
    """
    runs = [
        (f"{unquote(match[1]).strip()}/{unquote(match[2]).strip()}", description, path)
        for description in _descriptions(spec)
        for path in wire_values.mapping(description.get("paths"))
        if (match := _RUN_PATH.fullmatch(path)) and "{" not in path
    ]
    if not runs:
        raise ConfigurationError("This OpenAPI description has no /Run/ path, so it describes no model.")
    slug, description, path = next(
        (run for run in runs if model is not None and run[0].lower() == model.lower()), runs[0]
    )
    definitions = Definitions(description)
    run = _operation(wire_values.mapping(wire_values.mapping(description["paths"]).get(path)))
    properties, required = _body(run, definitions)
    strings = [name for name, field in properties.items() if has_type(field, "string")]
    parameters = [
        _parameter(name, field, file_inputs.url_sibling(name, strings), required=name in required)
        for name, field in properties.items()
    ]
    return ModelEntry(
        model=slug,
        title=wire_values.first_text(run.get("summary"), slug.partition("/")[2]).strip().removeprefix("Run "),
        groups=(Group("Input", file_inputs.link_urls(parameters)),),
        description=wire_values.first_text(run.get("description")),
        categories=(),
    )


def _descriptions(value: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Return the descriptions in a reply, whatever is around them."""
    if isinstance(value, list):
        for item in value if depth < _MAX_DEPTH else ():
            yield from _descriptions(item, depth + 1)
        return
    fields = wire_values.mapping(value)
    if "paths" in fields:
        yield fields
    elif depth < _MAX_DEPTH:
        for item in fields.values():
            yield from _descriptions(item, depth + 1)


def _operation(methods: Mapping[str, Any]) -> Mapping[str, Any]:
    by_name = {name.lower(): wire_values.mapping(item) for name, item in methods.items()}
    return by_name.get("post") or next((item for item in by_name.values() if "requestBody" in item), {})


def _body(
    run: Mapping[str, Any], definitions: Definitions
) -> tuple[dict[str, Mapping[str, Any]], frozenset[str]]:
    """Return the properties of all content types together, and the names of those that each of them requires.

    JSON may call a text what is a file in a form.
    """
    content = wire_values.mapping(definitions.resolve(run.get("requestBody")).get("content"))
    bodies: list[Mapping[str, Any]] = [
        definitions.flatten(wire_values.mapping(item).get("schema")) for item in content.values()
    ]
    bodies.append(_older_body(run, definitions))
    properties: dict[str, Mapping[str, Any]] = {}
    optional: set[str] = set()
    for body in bodies:
        required = wire_values.strings(body.get("required"))
        for name, item in wire_values.mapping(body.get("properties")).items():
            field = definitions.flatten(item)
            if not name or wire_values.flag(field.get("readOnly")) or field.get("type") == "null":
                continue
            if name not in required and wire_values.flag(field.get("required")) is not True:
                optional.add(name)
            if name not in properties or _is_binary(field):
                properties[name] = {**properties.get(name, {}), **field}
    return properties, frozenset(properties) - optional


def _older_body(run: Mapping[str, Any], definitions: Definitions) -> Mapping[str, Any]:
    """Return the form fields and the body among the `parameters`, as OpenAPI 2 has them."""
    properties: dict[str, Any] = {}
    for item in map(definitions.resolve, wire_values.items(run.get("parameters"))):
        name = wire_values.text(item.get("name"))
        if item.get("in") == "body":
            return definitions.flatten(item.get("schema"))
        if item.get("in") == "formData" and name:
            properties[name] = {**item, **wire_values.mapping(item.get("schema"))}
    return {"properties": properties}


def _parameter(name: str, field: Mapping[str, Any], sibling: str | None, *, required: bool) -> Parameter:
    """Rewrite a property as an item of Tool/Detail, and read that."""
    input_type = wire_values.first_text(field.get("x-input-type")).strip().lower()
    low = _bound(field, "minimum", "exclusiveMinimum", 1)
    high = _bound(field, "maximum", "exclusiveMaximum", -1)
    item = {
        "id": name,
        "label": wire_values.first_text(field.get("x-label"), field.get("title")),
        "required": required,
        "default": field.get("default"),
        "options": _options(field),
        "min": low,
        "max": high,
        "step": field.get("multipleOf"),
        "note": field.get("x-help"),
        "description": field.get("description"),
        "placeholder": wire_values.first_text(field.get("x-placeholder"), _example(field)),
        "advanced": name == "projectid" or wire_values.flag(field.get("deprecated")) is True,
        "maxfiles": field.get("maxItems"),
    }
    style = FILE_STYLES.get(input_type) or _file_style(name, field, sibling)
    if style is not None:
        return read_item(item, "file", integer=False, file_style=style)
    structure: Structure | None = {"array": "list", "object": "object"}.get(field.get("type", ""))  # type: ignore[assignment]
    if structure is not None:
        parameter = read_item({**item, "options": None}, "textarea", integer=False, file_style=None)
        return _with_structure(parameter, structure, field)
    kind = _kind(name, field, input_type, is_bounded=low is not None and high is not None)
    return read_item(item, kind, integer=has_type(field, "integer"), file_style=None)


def _with_structure(parameter: Parameter, structure: Structure, field: Mapping[str, Any]) -> Parameter:
    """Return a parameter for JSON lists or objects, with its default in that form."""
    parameter = replace(parameter, structure=structure, default=None)
    example = parameter.placeholder or (
        "One a line, or a JSON list" if structure == "list" else "A JSON object"
    )
    default = None
    if field.get("default") is not None:
        with suppress(InvalidParameter):
            default = parameter.convert(field["default"])
    return replace(parameter, default=default, placeholder=example)


def _file_style(name: str, field: Mapping[str, Any], sibling: str | None) -> FileStyle | None:
    """Return how a property takes files that has no input type of Wiro's; None if it takes none."""
    is_list = has_type(field, "array")
    element = wire_values.mapping(field.get("items")) if is_list else field
    if _is_binary(element):
        return "multi" if sibling else "combine"
    if not has_type(element, "string") or _options(field) or _options(element):
        return None
    text = file_inputs.PlainString(
        id=name,
        title=wire_values.first_text(field.get("x-label"), field.get("title")),
        description=wire_values.first_text(field.get("x-help"), field.get("description")),
        default="" if is_list else wire_values.first_text(field.get("default")),
        is_list=is_list,
        is_uri=element.get("format") in _URL_FORMATS,
    )
    return file_inputs.file_style(text, sibling)


def _is_binary(field: Mapping[str, Any]) -> bool:
    if has_type(field, "array"):
        field = wire_values.mapping(field.get("items"))
    return (
        field.get("format") in _FILE_FORMATS or has_type(field, "file") or bool(field.get("contentMediaType"))
    )


def _options(field: Mapping[str, Any]) -> list[Any]:
    """Return the choices of a property; a list of nothing but null is none."""
    for name in ("x-options", "enum"):
        options = [item for item in wire_values.items(field.get(name)) if item is not None]
        if any(not isinstance(item, dict) or item.get("value") is not None for item in options):
            return options
    return []


def _kind(name: str, field: Mapping[str, Any], input_type: str, *, is_bounded: bool) -> Kind:
    if has_type(field, "boolean") or input_type in ("checkbox", "boolean", "switch"):
        return "boolean"
    if _options(field):
        return "select"
    if has_type(field, "number", "integer") or input_type in _NUMBERS:
        return "range" if is_bounded else "number"
    default = wire_values.first_text(field.get("default"))
    is_long = len(default) > _MAX_LINE or "\n" in default
    return "textarea" if input_type == "textarea" or is_long or "prompt" in name.lower() else "text"


def _bound(field: Mapping[str, Any], name: str, exclusive: str, inward: int) -> float | None:
    """Return a bound that may be reached; a whole number stays inside an exclusive one."""
    bound = wire_values.number(field.get(name))
    limit = field.get(exclusive)  # the bound itself, or in OpenAPI 3.0 that `name` is exclusive
    outside = bound if limit is True else None if isinstance(limit, bool) else wire_values.number(limit)
    if outside is None:
        return bound
    inside = outside + inward if has_type(field, "integer") and outside.is_integer() else outside
    return inside if bound is None else max(bound, inside) if inward > 0 else min(bound, inside)


def _example(field: Mapping[str, Any]) -> str:
    """Return the first example of a text, or of a structure as JSON."""
    examples = field.get("examples")
    items = list(examples.values()) if isinstance(examples, dict) else wire_values.items(examples)
    for item in (field.get("example"), *items):
        value = item["value"] if isinstance(item, dict) and "value" in item else item
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        if text := wire_values.first_text(value):
            return text
    return ""
