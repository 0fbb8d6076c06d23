"""One function for each endpoint: typed arguments in, a Request out. Nothing here sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter, join_urls
from wiro_widgets.protocol.schema.scalars import exact_number, has_lone_surrogate, python_scalar, short_repr
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model

# read: changes nothing; control: may be repeated; run: costs money, never sent twice on a guess.
Safety = Literal["read", "control", "run"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send; its content is bytes, a path or an open binary file, its size in bytes.

    `modified_ns` is when a file on the disk was changed last, as it was opened: it is sent only while that stays.
    """

    filename: str
    content_type: str
    content: Any = field(repr=False)
    size: int | None = None
    modified_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call: a JSON body, or the ordered parts of a form if it has a file.

    A reply that is a bare list is read as an object with the list under `bare_list`, if that is given.
    """

    path: str
    safety: Safety
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    parts: tuple[tuple[str, str | Upload], ...] = field(default=(), repr=False)
    bare_list: str = field(default="", repr=False)


def run(model: str, values: Mapping[str, Any], schema: ModelSchema | None = None) -> Request:
    """Run a model; `values` are bound, files in them are Uploads or URLs (docs/protocol.md, Run)."""
    owner, name = split_model(model)
    path = f"/Run/{quote(owner, safe='')}/{quote(name, safe='')}"
    body: dict[str, Any] = {}
    for key, item in values.items():
        value = _json_value(key, item)
        parameter = schema.get(key) if schema else None
        fields = {key: value}
        if parameter is not None and parameter.kind == "file":
            fields = _file_fields(value, parameter)
        for name, content in fields.items():
            # A field for URLs may be given beside the files, before or after them.
            texts = [text for text in (body.get(name), content) if text]
            body[name] = (
                ",".join(texts) if len(texts) > 1 else content if name not in body else "".join(texts)
            )
    if not any(_has_upload(value) for value in body.values()):
        return Request(path, "run", json=body)
    parts = (
        (key, item if isinstance(item, Upload) else _part_text(item))
        for key, value in body.items()
        for item in (value if isinstance(value, list) else [value])
    )
    return Request(path, "run", parts=tuple(parts))


def task_detail(*, task_id: str | None = None, token: str | None = None) -> Request:
    """Read a task, by its id or by its socket token."""
    return Request("/Task/Detail", "read", json={"taskid": task_id} if task_id else {"tasktoken": token})


def cancel(task_id: str) -> Request:
    """Take a queued task out of the queue."""
    return Request("/Task/Cancel", "control", json={"taskid": task_id})


def kill(task_id: str) -> Request:
    """End a running task."""
    return Request("/Task/Kill", "control", json={"taskid": task_id})


def task_list(*, start: int = 0, limit: int = 20) -> Request:
    """Read this project's newest tasks."""
    body = {"type": "model", "sort": "id", "order": "DESC", "start": str(start), "limit": str(limit)}
    return Request("/Task/List", "read", json=body)


def delete_files(token: str) -> Request:
    """Delete a finished task's files on the server."""
    return Request("/Task/InputOutputDelete", "control", json={"tasktoken": token})


def file_upload(upload: Upload) -> Request:
    """Keep a file at Wiro, to be named by its address in several runs (docs/protocol.md, Files)."""
    return Request("/File/Upload", "control", parts=(("file", upload),))


def tool_detail(model: str) -> Request:
    """Read a model's catalogue entry."""
    owner, name = split_model(model)
    return Request("/Tool/Detail", "read", json={"slugowner": owner, "slugproject": name})


def tool_openapi(model: str) -> Request:
    """Read a model's OpenAPI description; the reply is a bare list."""
    owner, name = split_model(model)
    body = {"slugowner": owner, "slugproject": name}
    return Request("/Tool/DetailOpenAPI", "read", json=body, bare_list="list")


def tool_list(
    *, search: str = "", categories: Sequence[str] = (), start: int = 0, limit: int = 20
) -> Request:
    """Search the catalogue."""
    body: dict[str, Any] = {"start": str(start), "limit": str(limit), "hideworkflows": True, "summary": True}
    if search:
        body.update(search=search, sort="relevance")
    if categories:
        body["categories"] = list(categories)
    return Request("/Tool/List", "read", json=body)


def _json_value(name: str, value: object) -> Any:
    """Return a value as JSON takes it; without a schema, values arrive here in any type."""
    if isinstance(value, Upload):
        return value
    if isinstance(value, list | tuple):
        return [_json_value(name, item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _json_value(name, item) for key, item in value.items()}
    value = python_scalar(value)
    if value is None or isinstance(value, bool) or (isinstance(value, str) and not has_lone_surrogate(value)):
        return value
    number = None if isinstance(value, str) else exact_number(value)
    if number is None:
        raise InvalidParameter(name, f"{short_repr(value)} cannot be sent")
    return number


def _has_upload(value: object) -> bool:
    return isinstance(value, Upload) or (isinstance(value, list | tuple) and any(map(_has_upload, value)))


def _file_fields(value: object, parameter: Parameter) -> dict[str, Any]:
    """Return the form fields of one file parameter (docs/protocol.md, Files)."""
    key, files = parameter.id, list(value) if isinstance(value, list | tuple) else [value]
    sibling = parameter.url_field or (f"{key}Url" if parameter.file_style == "multi" else None)
    if sibling is None:
        return {key: files if len(files) > 1 else files[0]}
    uploads: list[object] = [item for item in files if isinstance(item, Upload)]
    urls = [item for item in files if not isinstance(item, Upload)]
    return {key: uploads or "", sibling: str(urls[0]) if len(files) == len(urls) == 1 else join_urls(urls)}


def _part_text(value: object) -> str:
    return json.dumps(value) if isinstance(value, Mapping | list) else wire_values.text(value) or ""
