"""A model as Tool/DetailOpenAPI describes it: a bare array with one OpenAPI document."""

from typing import Any

from wiro_widgets.sandbox.models.model import FILE_TYPES, NUMBER_TYPES, Field, Model

_BODY = {"schema": {"$ref": "#/components/schemas/RunToolSchema"}}
_RECEIPT = {
    "type": "object",
    "properties": {
        "errors": {"type": "array", "items": {"type": "object"}},
        "taskid": {"type": "string"},
        "socketaccesstoken": {"type": "string"},
        "result": {"type": "boolean"},
    },
}


def openapi_reply(model: Model, base_url: str, *, signature: bool) -> list[dict[str, Any]]:
    """Return the whole reply for a model."""
    return [{"type": "signature" if signature else "apikey", "spec": _spec(model, base_url, signature)}]


def _spec(model: Model, base_url: str, signature: bool) -> dict[str, Any]:
    headers = {"ApiKeyAuth": "x-api-key"}
    if signature:
        headers |= {"NonceAuth": "x-nonce", "SignatureAuth": "x-signature"}
    schema = {
        "type": "object",
        "properties": {parameter.id: _property(parameter) for parameter in model.fields},
        "required": [parameter.id for parameter in model.fields if parameter.required],
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{model.slug} API", "description": model.description, "version": "1.0.0"},
        "servers": [{"url": base_url, "description": "Sandbox"}],
        "security": [{name: [] for name in headers}],
        "paths": {f"/Run/{model.slug}": {"post": _run(model)}},
        "components": {
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": header} for name, header in headers.items()
            },
            "schemas": {"RunTaskResponse": _RECEIPT, "RunToolSchema": schema},
        },
    }


def _run(model: Model) -> dict[str, Any]:
    receipt = {"application/json": {"schema": {"$ref": "#/components/schemas/RunTaskResponse"}}}
    return {
        "summary": f"Run {model.title}",
        "description": model.description,
        "operationId": "run" + "".join(filter(str.isalnum, model.project)),
        "requestBody": {
            "required": True,
            "content": {"application/json": _BODY, "multipart/form-data": _BODY},
        },
        "responses": {"200": {"description": "Task created", "content": receipt}},
    }


def _property(parameter: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": parameter.label, "description": parameter.note or parameter.label}
    if parameter.type in NUMBER_TYPES:
        schema["type"] = "number"
        limits = {"minimum": parameter.minimum, "maximum": parameter.maximum, "multipleOf": parameter.step}
        schema |= {name: limit for name, limit in limits.items() if limit is not None}
        if parameter.default:
            schema["default"] = (
                float(parameter.default) if "." in parameter.default else int(parameter.default)
            )
        return schema
    schema["type"] = "string"
    if parameter.type in FILE_TYPES:
        schema |= {"format": "uri", "x-input-type": parameter.type, "x-label": parameter.label}
    elif parameter.options:
        schema["x-input-type"] = parameter.type
        schema["enum"] = [value for value, _ in parameter.options]
        schema["x-options"] = [{"value": value, "label": label} for value, label in parameter.options]
    if parameter.default:
        schema["default"] = parameter.default
    return schema
