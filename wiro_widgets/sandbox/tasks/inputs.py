"""What a call brings: the parts of its body, and for a Run the checked values of a model's parameters."""

import contextlib
import json
import math
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from wiro_widgets.sandbox.models.model import FILE_TYPES, NUMBER_TYPES, Field, Model

OCTETS = "application/octet-stream"
UNREADABLE = "Request parameters are invalid."
MAX_FILES = 100
MAX_FILE_BYTES = 100 * 1024 * 1024


class Refused(Exception):
    """A call that Wiro refuses; the message and the code go to the caller."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Upload:
    """A file part, in memory."""

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
        texts = self.texts(name)
        return texts[-1] if texts else ""

    def texts(self, name: str) -> list[str]:
        """Return every text of this name, in order."""
        values = self.values(name)
        return [as_text(value) for value in values if not isinstance(value, Upload) and value is not None]

    def flag(self, name: str) -> bool:
        """Return True for true and 1 in any spelling."""
        return self.text(name).strip().lower() in ("true", "1")

    def choices(self, name: str) -> list[str]:
        """Return the texts that are not blank; a form has no lists, so one text may hold a JSON list."""
        texts = self.texts(name)
        if len(texts) == 1 and texts[0].lstrip().startswith("["):
            with contextlib.suppress(ValueError, RecursionError):
                texts = [as_text(value) for value in json.loads(texts[0])]
        return [text.strip() for text in texts if text.strip()]


async def read_form(request: Request) -> Form:
    """Read a body as multipart, JSON or urlencoded; curl's default content type may hold JSON."""
    content_type = request.headers.get("content-type", "").lower()
    if content_type.startswith("multipart/form-data"):
        try:
            async with request.form(max_files=MAX_FILES, max_part_size=MAX_FILE_BYTES) as form:
                return Form(tuple([(name, await _part(name, value)) for name, value in form.multi_items()]))
        except (MultiPartException, HTTPException, KeyError, ValueError) as exc:
            raise Refused(UNREADABLE) from exc
    body = (await request.body()).strip()
    if not body:
        return Form()
    if body[:1] in b"{[" or "json" in content_type:
        return _read_json(body)
    try:
        return Form(tuple(parse_qsl(body.decode(), keep_blank_values=True)))
    except UnicodeDecodeError as exc:
        raise Refused(UNREADABLE) from exc


def _read_json(body: bytes) -> Form:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise Refused(UNREADABLE) from exc
    if content is None:
        return Form()
    if not isinstance(content, dict):
        raise Refused(UNREADABLE)
    # A list stands for a repeated part.
    lists = {name: value if isinstance(value, list) else [value] for name, value in content.items()}
    return Form(tuple((name, value) for name, values in lists.items() for value in values))


async def _part(name: str, part: UploadFile | str) -> Upload | str:
    if isinstance(part, str):
        return part
    data = await part.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"Request files [{name}] must be 100 MB or less")
    return Upload(part.filename or "", part.content_type or OCTETS, data)


def as_text(value: object) -> str:
    """Return a text as it is and any other JSON value as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a task by parameter: texts, numbers, files and URLs."""

    texts: dict[str, str]
    numbers: dict[str, float]
    files: dict[str, list[Upload | str]] = field(repr=False)

    def integer(self, name: str) -> int:
        """Return a number parameter as an integer, exact beyond 2**53."""
        try:
            return int(self.texts[name])
        except ValueError:
            return int(self.numbers[name])


def read_inputs(model: Model, form: Form) -> Inputs:
    """Check every parameter of the model; raise Refused for the first wrong one."""
    inputs = Inputs({}, {}, {})
    for parameter in model.fields:
        name, text = parameter.id, form.text(parameter.id).strip()
        if parameter.type in FILE_TYPES:
            inputs.files[name] = _files(parameter, form)
            continue
        if parameter.required and not text:
            raise Refused(f"Request parameter [{name}] required")
        text = text or parameter.default
        options = [value for value, _ in parameter.options]
        if options and text not in options:
            raise Refused(f"Request parameter [{name}] must be one of {', '.join(options)}")
        inputs.texts[name] = text
        if parameter.type in NUMBER_TYPES and text:
            inputs.numbers[name] = _number(parameter, text)
    return inputs


def _number(parameter: Field, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(f"Request parameter [{parameter.id}] must be integer or float")
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and not low <= number <= high:
        raise Refused(f"Request parameter [{parameter.id}] must be between {low:g} and {high:g}")
    return number


def _files(parameter: Field, form: Form) -> list[Upload | str]:
    # The field for URLs holds one for a fileinput and a comma separated list for a multifileinput.
    text = form.text(parameter.url_field or f"{parameter.id}Url")
    urls = text.split(",") if parameter.type == "multifileinput" else [text]
    sources: list[Upload | str] = []
    for value in (*form.values(parameter.id), *urls):
        if isinstance(value, Upload) and value.data:
            sources.append(value)
        elif isinstance(value, str) and value.strip():
            sources.append(value.strip())
    if parameter.required and not sources:
        raise Refused(f"Request files [{parameter.id}] required")
    limit = 1 if parameter.type == "fileinput" else parameter.max_files
    if limit is not None and len(sources) > limit:
        raise Refused(f"Request files [{parameter.id}] must be {limit} or less")
    return sources
