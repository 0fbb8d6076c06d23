"""Bytes of a reply in, typed values or an ApiError out; only this file knows what Wiro's replies look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import (
    ERRORS_FROM,
    SERVER_ERRORS_FROM,
    ApiError,
    AuthenticationError,
    ConcurrencyLimit,
    InsufficientBalance,
    InvalidParameter,
    NotFound,
    RateLimited,
)
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.redact import TOKEN_FIELDS, SecretHolder, printable, redact_json, secret_field
from wiro_widgets.protocol.schema import listing
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.tool_detail import slug
from wiro_widgets.protocol.text.text_content import TextContent, output_content

NO_OBJECT = "the reply is no JSON object"
FOREIGN_PAGE = "a page that is not Wiro's"
_TOO_MANY_CALLS = 429
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
_NO_IDS = frozenset({"null", "undefined", "none", "nan", "false"})
_MAX_ITEMS = 10_000  # of a list in a reply; the rest is not read
_MAX_OUTPUTS = 1_000  # of one task
_MAX_MESSAGE = 2_000  # characters of a server's message that an error carries
_AUTHENTICATION = re.compile(
    r"project (authorization|requires signature)|authorization bearer token", re.IGNORECASE
)
_ADDRESS = re.compile(r"requested ip\b.* not allowed", re.IGNORECASE)
_MISSING = re.compile(
    r"no task yet|task-not-(founded|exist)|project-not-exist|tool-not-accessible", re.IGNORECASE
)
_WRONG_STATE = re.compile(
    r"cancellable state|could not be (killed|cancell?ed)|before deleting files", re.IGNORECASE
)
_ENVELOPE = frozenset({"result", "errors", "message", "code"})
_FIELD = re.compile(r"Request (?:parameter|files?) \[([^\]]+)\] (.+)")


class WrongState(ApiError):
    """The task cannot be cancelled or killed in its state."""

    advice = "It may be over, or about to start: look at its status, then try again."


class AddressRefused(AuthenticationError):
    """The project takes no calls from this machine's IP address."""

    advice = "Add the address to the project's allowed IPs at Wiro; key and secret are not the reason."


class ParameterRefused(ApiError, InvalidParameter):
    """Wiro itself refused a value; no task was created."""

    advice = "No task was created. Change the value and run again."

    def __init__(
        self,
        parameter: str,
        reason: str,
        *,
        code: int | None = None,
        http_status: int = 200,
        endpoint: str = "",
    ) -> None:
        message = f"{parameter}: {reason}"
        ApiError.__init__(self, message, code=code, http_status=http_status, endpoint=endpoint)
        self.parameter = parameter
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Receipt(SecretHolder):
    """Wiro's answer to a Run: the task's id, and the token that opens its socket."""

    task_id: str
    token: str | None = secret_field()


@dataclass(frozen=True, slots=True)
class OutputInfo(SecretHolder):
    """One output as Wiro lists it: a file with a URL that expires, or text."""

    name: str
    content_type: str | None = None
    size: int | None = None
    url: str | None = None
    id: str | None = None
    access_key: str | None = secret_field()
    content: TextContent | None = None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One model in a list of the catalogue; costs are in USD, of a run on average, or of a second."""

    model: str
    title: str
    description: str
    categories: tuple[str, ...] = ()
    image: str | None = None
    average_cost: float | None = None
    cost_per_second: float | None = None
    price: str = ""  # in words; empty if the list does not say

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print one line in IPython."""
        words = self.title if cycle else listing.shorten(self.title or self.description)
        printer.text(printable(f"<{self.model}: {words}>" if words else f"<{self.model}>"))


def payload(
    body: bytes,
    *,
    http_status: int,
    endpoint: str,
    redact: Callable[[str], str] = str,
    bare_list: str = "",
) -> Mapping[str, Any]:
    """Return the reply's object, redacted, or raise the ApiError that it means (docs/protocol.md, Envelope).

    With `bare_list` a reply may be a list, which stands under this name.
    """
    reply = _object(body, redact, bare_list)
    if reply is None:
        if http_status < ERRORS_FROM:
            raise ApiError(NO_OBJECT, http_status=http_status, endpoint=endpoint)
        kind = _BY_STATUS.get(http_status) if http_status == _TOO_MANY_CALLS else None
        message = _status_message(http_status)
        # A gateway's page says nothing of keys and tasks.
        if http_status < SERVER_ERRORS_FROM and kind is None:
            message = f"{message} and {FOREIGN_PAGE}"
        raise (kind or ApiError)(message, http_status=http_status, endpoint=endpoint)
    errors = wire_values.items_or_single(reply.get("errors"))
    result = wire_values.flag(reply.get("result"))
    if result is None:
        # Only a message is a refusal, but not of a Run: without `result` nothing says that no task was created.
        result = not errors and (endpoint.startswith("/Run/") or not _is_message_alone(reply))
    if http_status < ERRORS_FROM and result:
        return reply
    raise _api_error(reply, errors, http_status=http_status, endpoint=endpoint)


def _is_message_alone(reply: Mapping[str, Any]) -> bool:
    return bool(top_message(reply)) and reply.keys() <= _ENVELOPE


def top_message(reply: Mapping[str, Any]) -> str:
    """Return the message at the top level of a reply, or an empty text."""
    return wire_values.first_text(reply.get("message"))[:_MAX_MESSAGE].strip()


def run_reply(body: bytes, redact: Callable[[str], str]) -> Mapping[str, Any] | None:
    """Return the reply to a Run if it names a task, even beside a refusal or an HTTP error; else None.

    A task with an id exists and may cost money, so it must be followed. If the id is wrong, following it shows that
    at no cost.
    """
    reply = _object(body, redact) or {}
    return reply if _task_id(reply.get("taskid")) else None


def _object(body: bytes, redact: Callable[[str], str], bare_list: str = "") -> dict[str, Any] | None:
    """Return a reply's object, with secrets only in the fields for tokens; None if it is no object.

    Texts are redacted here, before anything shortens them, because half a secret would not be recognized.
    """
    try:
        reply = wire_values.loads(body)
        if isinstance(reply, list) and bare_list:
            reply = {bare_list: reply}
        if not isinstance(reply, dict):
            return None
        short = {key: item[:_MAX_ITEMS] if isinstance(item, list) else item for key, item in reply.items()}
        clean: dict[str, Any] = redact_json(short, redact, TOKEN_FIELDS)
    except (ValueError, RecursionError):
        return None
    return clean


def _api_error(reply: Mapping[str, Any], errors: list[Any], *, http_status: int, endpoint: str) -> ApiError:
    """Return the error for a reply's `errors`, objects or plain texts, or else for its own code and message."""
    items = [*errors, {"code": reply.get("code")}]
    codes = [wire_values.integer(item.get("code")) for item in items if isinstance(item, dict)]
    code = next((item for item in codes if item is not None), None)
    texts = [wire_values.text(item.get("message") if isinstance(item, dict) else item) for item in errors]
    reasons = "; ".join(item for item in texts if item)[:_MAX_MESSAGE]
    words = reasons or top_message(reply) or _status_message(http_status)
    field = _FIELD.search(words)
    if field and http_status not in _BY_STATUS:
        return ParameterRefused(field[1], field[2], code=code, http_status=http_status, endpoint=endpoint)
    kind = _error_kind(words, code, http_status)
    return kind(words, code=code, http_status=http_status, endpoint=endpoint)


def _error_kind(words: str, code: int | None, http_status: int) -> type[ApiError]:
    if _ADDRESS.search(words):
        return AddressRefused
    if _AUTHENTICATION.search(words):
        return AuthenticationError
    if _WRONG_STATE.search(words):
        return WrongState
    if _MISSING.search(words):
        return NotFound
    if http_status >= SERVER_ERRORS_FROM:
        return ApiError  # the code of a failing server does not say whether it created a task
    kind = _BY_CODE.get(code or 0) or _BY_STATUS.get(http_status)
    return kind or (NotFound if code == _NOT_FOUND_CODE else ApiError)


def _status_message(http_status: int) -> str:
    return f"the server answered with HTTP {http_status}" if http_status >= ERRORS_FROM else ""


def receipt(reply: Mapping[str, Any]) -> Receipt | None:
    """Read a Run's reply; None if it names no task."""
    task_id = _task_id(reply.get("taskid")) or _task_id(reply.get("id"))
    return Receipt(task_id, wire_values.identifier(reply.get("socketaccesstoken"))) if task_id else None


def _task_id(value: object) -> str | None:
    """Return the id of a task; None for what a program writes for none: 0, -1, null, undefined."""
    task_id = wire_values.identifier(value)
    number = wire_values.number(task_id)
    is_none = task_id is None or task_id.lower() in _NO_IDS or (number is not None and number <= 0)
    return None if is_none else task_id


def outputs(value: object) -> tuple[OutputInfo, ...]:
    """Read a list of outputs: objects, or bare URLs (docs/protocol.md, Outputs)."""
    results = []
    for index, item in enumerate(wire_values.items(value)[:_MAX_OUTPUTS]):
        if isinstance(item, dict):
            results.append(_output(item, index))
        elif isinstance(item, str) and item:
            results.append(OutputInfo(name=_file_name(item, index), url=item))
    return tuple(results)


def _output(item: Mapping[str, Any], index: int) -> OutputInfo:
    url = wire_values.first_text(item.get("url"))
    return OutputInfo(
        name=wire_values.first_text(item.get("name"), _file_name(url, index)),
        content_type=wire_values.text(item.get("contenttype")) or wire_values.text(item.get("contentType")),
        size=wire_values.integer(item.get("size")),
        url=url or None,
        id=wire_values.text(item.get("id")),
        access_key=wire_values.text(item.get("accesskey")),
        content=output_content(item),
    )


def _file_name(url: str, index: int) -> str:
    return url.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1] or str(index)


def file_address(reply: Mapping[str, Any]) -> str | None:
    """Return the address of the one file of a File/Upload reply; None if it names none."""
    urls = [wire_values.text(entry.get("url")) for entry in wire_values.mappings(reply.get("list"))]
    return urls[0] if len(urls) == 1 and is_url(urls[0]) else None


def tool(reply: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the catalogue entry of a Tool/Detail reply."""
    entries = wire_values.mappings(reply.get("tool")) or [wire_values.mapping(reply.get("tool"))]
    return entries[0] or None


def models(reply: Mapping[str, Any]) -> tuple[ModelSummary, ...]:
    """Read a Tool/List reply; an entry without owner and name cannot be run and is left out."""
    return tuple(
        ModelSummary(
            model=model,
            title=wire_values.first_text(item.get("title"), model.partition("/")[2]),
            description=wire_values.first_text(item.get("description")),
            categories=wire_values.strings(item.get("categories")),
            image=wire_values.text(item.get("image")),
            average_cost=wire_values.number(item.get("approximatelycost")),
            cost_per_second=wire_values.number(item.get("cps")),
            price=pricing.rates(pricing.read(item)),
        )
        for item in wire_values.mappings(reply.get("tool"))
        if (model := slug(item))
    )
