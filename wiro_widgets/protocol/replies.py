"""A reply's object in, typed replies out; the only place that knows what Wiro's replies look like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wiro_widgets.protocol import redact, wire_values
from wiro_widgets.protocol.errors import (
    ERRORS_FROM,
    ApiError,
    AuthenticationError,
    ConcurrencyLimit,
    InsufficientBalance,
    InvalidParameter,
    NotFound,
    RateLimited,
)
from wiro_widgets.protocol.schema import listing

_BY_CODE: Mapping[int, type[ApiError]] = {
    96: ConcurrencyLimit,
    97: InsufficientBalance,
    98: AuthenticationError,
    99: AuthenticationError,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFound,
    429: RateLimited,
}
_NOT_FOUND_CODE = 1
_SERVER_ERRORS_FROM = 500
_MAX_OUTPUTS = 1_000  # of one task
_LONGEST_MESSAGE = 2_000  # characters of what a server says that an error carries
_AUTHENTICATION = re.compile(r"project (authorization|requires signature)", re.IGNORECASE)
_MISSING = re.compile(r"no task yet|task-not-founded|project-not-exist|tool-not-accessible", re.IGNORECASE)
_WRONG_STATE = re.compile(r"cancellable state|could not be (killed|cancell?ed)", re.IGNORECASE)
_FIELD = re.compile(r"Request (?:parameter|files?) \[([^\]]+)\] (.+)")


class WrongState(ApiError):
    """The task cannot be cancelled or killed in the state it is in."""

    advice = "It may be over already, or about to start: look at its status, then try again."


class ParameterRefused(ApiError, InvalidParameter):
    """Wiro itself refused a value; no task was made."""

    advice = "No task was made. Change the value and run again."

    def __init__(
        self,
        parameter: str,
        reason: str,
        *,
        code: int | None = None,
        http_status: int = 200,
        endpoint: str = "",
    ) -> None:
        ApiError.__init__(
            self, f"{parameter}: {reason}", code=code, http_status=http_status, endpoint=endpoint
        )
        self.parameter = parameter
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Receipt(redact.Unpickled):
    """Wiro's answer to a Run: the task's id, and the token that opens its socket."""

    task_id: str
    token: str | None = redact.field()


@dataclass(frozen=True, slots=True)
class TextContent:
    """What a language model said; parts of its thinking and of its answer in order."""

    thinking: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    raw: str = ""
    prompt: str = ""

    @property
    def text(self) -> str:
        """The answer, or everything when the model does not tell the two apart."""
        return "\n".join(self.answer) or self.raw


@dataclass(frozen=True, slots=True)
class OutputInfo(redact.Unpickled):
    """One output as Wiro lists it: a file with an address that expires, or text."""

    name: str
    content_type: str | None = None
    size: int | None = None
    url: str | None = None
    id: str | None = None
    access_key: str | None = redact.field()
    content: TextContent | None = None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One line of the catalogue."""

    model: str
    title: str
    description: str
    categories: tuple[str, ...] = ()
    image: str | None = None

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show one line where IPython prints it."""
        said = self.title if cycle else listing.clipped(self.title or self.description)
        printer.text(f"<{self.model}: {said}>" if said else f"<{self.model}>")


def api_error(errors: list[Any], *, http_status: int, endpoint: str) -> ApiError:
    """Return the error for a reply's `errors`: objects with code and message, or plain texts."""
    codes = [wire_values.integer(item.get("code")) for item in errors if isinstance(item, dict)]
    code = next((item for item in codes if item is not None), None)
    messages = [wire_values.text(item.get("message") if isinstance(item, dict) else item) for item in errors]
    message = "; ".join(item for item in messages if item)[:_LONGEST_MESSAGE] or plain_message(http_status)
    wrong = _FIELD.search(message)
    if wrong and http_status not in _BY_STATUS:
        return ParameterRefused(wrong[1], wrong[2], code=code, http_status=http_status, endpoint=endpoint)
    kind = _kind_of(message, code, http_status)
    return kind(message, code=code, http_status=http_status, endpoint=endpoint)


def receipt(reply: Mapping[str, Any]) -> Receipt | None:
    """Read a Run's reply; None when it names no task."""
    task_id = wire_values.identifier(reply.get("taskid")) or wire_values.identifier(reply.get("id"))
    return Receipt(task_id, wire_values.identifier(reply.get("socketaccesstoken"))) if task_id else None


def outputs(value: object) -> tuple[OutputInfo, ...]:
    """Read a list of outputs: objects, or bare addresses."""
    found = []
    for index, item in enumerate(wire_values.items(value)[:_MAX_OUTPUTS]):
        if isinstance(item, dict):
            found.append(_output(item, index))
        elif isinstance(item, str) and item:
            found.append(OutputInfo(name=_name_in(item, index), url=item))
    return tuple(found)


def text_content(value: object) -> TextContent | None:
    """Read what a language model said, in the older lists or the newer segments."""
    said = wire_values.mapping(value)
    if not said.keys() & {"thinking", "answer", "segments", "raw"}:
        return None
    segments = wire_values.mappings(said.get("segments"))
    thinking = tuple(
        wire_values.text(item.get("text")) or "" for item in segments if item.get("type") == "thinking"
    )
    answer = tuple(
        wire_values.text(item.get("text")) or "" for item in segments if item.get("type") == "answer"
    )
    return TextContent(
        thinking=_said(said.get("thinking")) or thinking,
        answer=_said(said.get("answer")) or answer,
        raw=wire_values.text(said.get("raw")) or "",
        prompt=wire_values.text(said.get("prompt")) or "",
    )


def _said(value: object) -> tuple[str, ...]:
    """Return the parts of what a model said; its words may look like JSON and stay what they are."""
    parts = value if isinstance(value, list) else [value]
    return tuple(part for part in map(wire_values.text, parts) if part)


def tool(reply: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the catalogue entry of a Tool/Detail reply."""
    found = wire_values.mappings(reply.get("tool")) or [wire_values.mapping(reply.get("tool"))]
    return found[0] or None


def models(reply: Mapping[str, Any]) -> tuple[ModelSummary, ...]:
    """Read a Tool/List reply; what has no address cannot be run and is left out."""
    return tuple(
        _summary(item, model) for item in wire_values.mappings(reply.get("tool")) if (model := slug(item))
    )


def slug(item: Mapping[str, Any]) -> str:
    """Return "owner/name" of a catalogue entry, or nothing."""
    owner = wire_values.text(item.get("cleanslugowner")) or wire_values.text(item.get("slugowner"))
    name = wire_values.text(item.get("cleanslugproject")) or wire_values.text(item.get("slugproject"))
    return f"{owner}/{name}" if owner and name else ""


def _summary(item: Mapping[str, Any], model: str) -> ModelSummary:
    return ModelSummary(
        model=model,
        title=wire_values.text(item.get("title")) or model.partition("/")[2],
        description=wire_values.text(item.get("description")) or "",
        categories=wire_values.strings(item.get("categories")),
        image=wire_values.text(item.get("image")),
    )


def _output(item: Mapping[str, Any], index: int) -> OutputInfo:
    url = wire_values.text(item.get("url")) or None
    return OutputInfo(
        name=wire_values.text(item.get("name")) or _name_in(url or "", index),
        content_type=wire_values.text(item.get("contenttype")) or wire_values.text(item.get("contentType")),
        size=wire_values.integer(item.get("size")),
        url=url,
        id=wire_values.text(item.get("id")),
        access_key=wire_values.text(item.get("accesskey")),
        content=text_content(item.get("content")),
    )


def _name_in(url: str, index: int) -> str:
    return url.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1] or str(index)


def _kind_of(message: str, code: int | None, http_status: int) -> type[ApiError]:
    if _AUTHENTICATION.search(message):
        return AuthenticationError
    if _WRONG_STATE.search(message):
        return WrongState
    if _MISSING.search(message):
        return NotFound
    if http_status >= _SERVER_ERRORS_FROM:
        return ApiError  # whatever code it carries: a server that breaks down does not know what it has done
    known = _BY_CODE.get(code or 0) or _BY_STATUS.get(http_status)
    return known or (NotFound if code == _NOT_FOUND_CODE else ApiError)


def plain_message(http_status: int) -> str:
    """Return what an HTTP status says where nothing else does."""
    return f"the server answered with HTTP {http_status}" if http_status >= ERRORS_FROM else ""
