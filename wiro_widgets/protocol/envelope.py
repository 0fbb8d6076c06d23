"""Bytes in, a reply's object out, without secrets and of a bounded size; or the error that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wiro_widgets.protocol import redact as hidden
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import ERRORS_FROM, ApiError
from wiro_widgets.protocol.replies import api_error, plain_message

NO_OBJECT = "the reply is no JSON object"
_MAX_ENTRIES = 10_000  # of a list in a reply that are looked at at all


def payload(
    body: bytes, *, http_status: int, endpoint: str, redact: Callable[[str], str] = str
) -> Mapping[str, Any]:
    """Return the reply's object, or raise the ApiError that it stands for (protocol: Envelope).

    Secrets go before anything else is made of the reply: half a secret would not be found again.
    """
    reply = _object(body, redact)
    if reply is None:
        if http_status < ERRORS_FROM:
            raise ApiError(NO_OBJECT, http_status=http_status, endpoint=endpoint)
        reply = {"result": False, "errors": [plain_message(http_status)]}
    errors = wire_values.entries(reply.get("errors"))
    said = wire_values.flag(reply.get("result"))
    if http_status < ERRORS_FROM and (said or (said is None and not errors)):
        return reply
    raise api_error(errors, http_status=http_status, endpoint=endpoint)


def issued(body: bytes, redact: Callable[[str], str] = str) -> Mapping[str, Any] | None:
    """Return the reply to a Run when it names a task, whatever else it says.

    A task that has a number exists and may cost money, also beside a refusal or an HTTP error: it is followed,
    can be stopped and is counted. If it is none after all, following it finds that out, at no cost.
    """
    reply = _object(body, redact) or {}
    return reply if (wire_values.identifier(reply.get("taskid")) or "0").strip("0") else None


def _object(body: bytes, redact: Callable[[str], str]) -> dict[str, Any] | None:
    """Return a reply's object without secrets; only the fields for tokens still hold one."""
    try:
        reply = wire_values.loads(body)
        if not isinstance(reply, dict):
            return None
        short = {
            name: item[:_MAX_ENTRIES] if isinstance(item, list) else item for name, item in reply.items()
        }
        found: dict[str, Any] = hidden.within(short, redact, hidden.TOKENS)
    except (ValueError, RecursionError):
        return None
    return found
