"""The parts of a request in any of three encodings: multipart, JSON, urlencoded."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

MAX_FILES = 100
MAX_FILE_BYTES = 100 * 1024 * 1024


class BadForm(Exception):
    """The body is not what its content type says; the message goes to the caller."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file part, in memory."""

    name: str
    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """The parts of a body in their order: texts as sent (or JSON values), files as uploads."""

    parts: tuple[tuple[str, Any], ...] = ()

    def values(self, name: str) -> list[Any]:
        """Return every part of this name, in order."""
        return [value for part, value in self.parts if part == name]

    def text(self, name: str) -> str:
        """Return the last text of this name, or the empty text."""
        texts = [value for value in self.values(name) if not isinstance(value, Upload) and value is not None]
        return _as_text(texts[-1]) if texts else ""

    def fields(self) -> list[tuple[str, str]]:
        """Return the text parts."""
        return [(name, _as_text(value)) for name, value in self.parts if not isinstance(value, Upload)]

    def files(self) -> list[tuple[str, str, str, int]]:
        """Return name, filename, content type and size of each file part."""
        return [
            (name, value.filename, value.content_type, len(value.data))
            for name, value in self.parts
            if isinstance(value, Upload)
        ]


async def read_form(request: Request) -> Form:
    """Read a body as multipart, JSON or urlencoded; curl's default content type may hold JSON."""
    content_type = request.headers.get("content-type", "").lower()
    if content_type.startswith("multipart/form-data"):
        return await _read_multipart(request)
    body = (await request.body()).strip()
    if not body:
        return Form()
    if body[:1] in b"{[" or "json" in content_type:
        return _read_json(body)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
    except UnicodeDecodeError as exc:
        raise BadForm("Request body is not readable") from exc
    return Form(tuple(pairs))


def _read_json(body: bytes) -> Form:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise BadForm("Request body is not valid JSON") from exc
    if not isinstance(content, dict):
        raise BadForm("Request body must be a JSON object")
    parts: list[tuple[str, Any]] = []
    for name, value in content.items():
        # A list stands for a repeated part.
        parts.extend((name, entry) for entry in (value if isinstance(value, list) else [value]))
    return Form(tuple(parts))


async def _read_multipart(request: Request) -> Form:
    parts: list[tuple[str, Any]] = []
    try:
        async with request.form(max_files=MAX_FILES, max_part_size=MAX_FILE_BYTES) as form:
            for name, value in form.multi_items():
                parts.append((name, await _upload(name, value) if isinstance(value, UploadFile) else value))
    except (MultiPartException, HTTPException, KeyError, ValueError) as exc:
        raise BadForm("Request body is not valid multipart") from exc
    return Form(tuple(parts))


async def _upload(name: str, part: UploadFile) -> Upload:
    data = await part.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise BadForm(f"Request files [{name}] must be 100 MB or less")
    return Upload(name, part.filename or "", part.content_type or "application/octet-stream", data)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)
