"""A model as Tool/Detail, Tool/List and Tool/DetailOpenAPI describe it (docs/protocol.md, Catalogue)."""

import json
from typing import Any

from wiro_widgets.sandbox.models.model import CALLBACK, FILE_TYPES, NUMBER_TYPES, Field, Model


def tool_entry(model: Model, *, summary: bool = False) -> dict[str, Any]:
    """Describe a model as Tool/Detail does; a summary, as in Tool/List, has no parameters."""
    prices = [
        {"inputs": dict(price.inputs), "price": float(price.usd), "priceMethod": price.method}
        for price in model.prices
    ]
    entry: dict[str, Any] = {
        "id": model.id,
        "title": model.title,
        "slugowner": model.owner,
        "slugproject": model.project,
        "cleanslugowner": model.owner,
        "cleanslugproject": model.project,
        "description": model.description,
        "seodescription": model.description,
        "image": model.cover,
        "computingtime": f"{model.typical_seconds:.0f} seconds",
        "categories": list(model.categories),
        "tags": [],
        "marketplace": 1,
        "onlymembers": "0",
        "averagepoint": model.rating,
        "ratedusercount": str(model.rated_by),
        "commentcount": str(model.comments),
        "cps": f"{model.cps:.12f}",
        "approximatelycost": f"{model.typical_cost:.12f}",
        "dynamicprice": json.dumps(prices),
        "averageexecutiontime": f"{model.typical_seconds:.1f}",
        "taskstat": {"runcount": 0, "successcount": "0", "errorcount": "0", "lastruntime": "0"},
    }
    if not summary:
        groups = [
            {"title": title, "items": [_item(field, title == "Advanced") for field in fields]}
            for title, fields in model.groups.items()
        ]
        entry["parameters"] = groups if model.described == "both" else None
        entry["readme"] = model.readme
        entry["samples"] = _list(model, list(model.samples))
        entry["inspire"] = _list(model, [dict(example) for example in model.examples])
    return entry


def with_addresses(entry: dict[str, Any], origin: str) -> dict[str, Any]:
    """Return an entry whose covers, samples and example files have their whole address."""
    described: dict[str, Any] = json.loads(json.dumps(entry).replace('"/uploads/', f'"{origin}/uploads/'))
    return described


def _list(model: Model, items: list[Any]) -> object:
    """Return a list in the model's shape."""
    if model.lists == "null":
        return None
    return json.dumps(items) if model.lists == "text" else items


def explore_entry(category: str, models: list[Model]) -> dict[str, Any]:
    """Describe a category as Tool/Explore does, with all of its models."""
    return {
        "id": category,
        "title": category.replace("-", " ").capitalize(),
        "url": "",
        "total": len(models),
        "tools": [{**tool_entry(model, summary=True), "discount": None} for model in models],
    }


def _item(field: Field, advanced: bool) -> dict[str, Any]:
    limits = {"min": field.minimum, "max": field.maximum, "step": field.step, "maxfiles": field.max_files}
    return {
        "id": field.id,
        "type": field.type,
        "label": field.label,
        "required": field.required,
        "placeholder": field.placeholder,
        "note": field.note,
        "description": "",
        "default": field.default,
        "options": _options(field),
        "advanced": advanced,
        **{name: value for name, value in limits.items() if value is not None},
    }


def _options(field: Field) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in field.options]


def openapi_reply(model: Model, base_url: str, *, signature: bool) -> list[dict[str, Any]]:
    """Return the whole reply of Tool/DetailOpenAPI: a bare list with one OpenAPI document."""
    headers = {"ApiKeyAuth": "x-api-key"}
    if signature:
        headers |= {"NonceAuth": "x-nonce", "SignatureAuth": "x-signature"}
    body = {"schema": {"$ref": "#/components/schemas/RunToolSchema"}}
    run = {
        "summary": f"Run {model.title}",
        "description": model.description,
        "requestBody": {
            "required": True,
            "content": {"application/json": body, "multipart/form-data": body},
        },
        "responses": {"200": {"description": "Task created"}},
    }
    fields = (CALLBACK,) if model.described == "nowhere" else model.fields
    properties: dict[str, Any] = {}
    for field in fields:
        properties[field.id] = _property(field)
        if field.url_field:
            address = "addresses, separated by commas" if field.type == "multifileinput" else "address"
            about = {"title": f"{field.label} URL", "description": f"Its {address}, in place of a file."}
            properties[field.url_field] = {"type": "string", **about}
    required = [field.id for field in fields if field.required]
    schema = {"type": "object", "properties": properties, "required": required}
    spec = {
        "openapi": "3.0.3",
        "info": {"title": f"{model.slug} API", "description": model.description, "version": "1.0.0"},
        "servers": [{"url": base_url, "description": "Sandbox"}],
        "security": [{name: [] for name in headers}],
        "paths": {f"/Run/{model.slug}": {"post": run}},
        "components": {
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": header} for name, header in headers.items()
            },
            "schemas": {"RunToolSchema": schema},
        },
    }
    return [{"type": "signature" if signature else "apikey", "spec": spec}]


def _property(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.label, "description": field.note or field.label}
    if field.type in NUMBER_TYPES:
        limits = {"minimum": field.minimum, "maximum": field.maximum, "multipleOf": field.step}
        schema |= {"type": "number", **{name: limit for name, limit in limits.items() if limit is not None}}
        if field.default:
            schema["default"] = json.loads(field.default)
        return schema
    schema["type"] = "string"
    if field.url_field:
        return schema  # nothing but its sibling says that it is a file
    if field.type in FILE_TYPES:
        schema |= {"format": "uri", "x-input-type": field.type, "x-label": field.label}
    elif field.options:
        schema["x-input-type"] = field.type
        schema["enum"] = [value for value, _ in field.options]
        schema["x-options"] = _options(field)
    if field.default:
        schema["default"] = field.default
    return schema
