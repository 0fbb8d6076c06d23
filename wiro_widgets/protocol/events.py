"""A socket frame in, a TaskEvent out (protocol: Socket).

Every event carries `at`, the unix time at which it was received, and `type`, Wiro's own word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wiro_widgets.protocol import redact as hidden
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.detail import FINISHED
from wiro_widgets.protocol.replies import OutputInfo, TextContent, outputs, text_content

# The order of a task's life; a later stage is never undone by an earlier one that arrives late.
STAGES = (
    "task_queue",
    "task_accept",
    "task_preprocess_start",
    "task_preprocess_end",
    "task_assign",
    "task_start",
    "task_output_full",
    "task_error_full",
    "task_end",
    "task_postprocess_start",
    "task_postprocess_end",
    "task_cancel",
)
MAX_TEXT = 64 * 1024  # characters of one log line, or of the end of a whole log, that are kept
_SHOWN = 200  # characters of a frame that makes no sense, or of a word beside a progress bar
_LIKE_A_TOKEN = re.compile(r"[\w+/=\\-]{16,}|(?<=token)\W{1,8}[^\s\"\\',}]+")

Stream = Literal["output", "error"]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The task moved to another stage."""

    type: str
    at: float
    success: bool | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """Text from the model; `full` when it is all of its stream from the start."""

    stream: Stream
    text: str
    at: float
    full: bool = False

    @property
    def type(self) -> str:
        """Wiro's word for it."""
        return f"task_{self.stream}{'_full' if self.full else ''}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the model is: a fraction of 1, and where told its step, speed and seconds left as text."""

    at: float
    fraction: float | None = None
    step: int | None = None
    total: int | None = None
    speed: str | None = None
    elapsed: str | None = None
    remaining: str | None = None
    label: str | None = None
    type: str = "task_output"


@dataclass(frozen=True, slots=True)
class TextSnapshot:
    """All that a language model said so far: it replaces the one before."""

    content: TextContent
    at: float
    done: bool = False
    type: str = "task_output"


@dataclass(frozen=True, slots=True)
class Outputs:
    """The terminal frame of a task that was not cancelled, with the outputs when it lists them."""

    outputs: tuple[OutputInfo, ...]
    at: float
    success: bool | None = None
    exit_code: int | None = None
    type: str = FINISHED


@dataclass(frozen=True, slots=True)
class Unknown:
    """A frame of a type that this package does not know, or one that is no JSON object."""

    type: str
    at: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the client itself has to say: a lost connection, a second try."""

    text: str
    at: float
    level: Literal["info", "warning", "error"] = "info"
    type: str = "notice"


TaskEvent = Lifecycle | Log | Progress | TextSnapshot | Outputs | Unknown | Notice


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as an object of JSON, before anything is made of it."""

    fields: Mapping[str, Any] = field(repr=False)

    def belongs_to(self, *, task_id: str | None, token: str | None) -> bool:
        """Whether the frame is of this task; what it does not say is not held against it."""
        if token and self.fields.get("tasktoken") == token:
            return True
        said_token = wire_values.identifier(self.fields.get("tasktoken"))
        if said_token and token:
            return said_token == token
        said_id = wire_values.identifier(self.fields.get("id")) or wire_values.identifier(
            self.fields.get("taskid")
        )
        return not said_id or not task_id or said_id == task_id


def frame(data: str | bytes) -> Frame | None:
    """Read a text frame; None when it is no JSON object."""
    try:
        found = wire_values.loads(data)
    except ValueError:
        return None
    return Frame(found) if isinstance(found, dict) else None


def nonsense(data: str | bytes, at: float) -> Unknown:
    """Return the event for a frame that is no JSON object."""
    return Unknown("invalid", at, _hint(data) if isinstance(data, str) else f"{len(data)} bytes")


def event(source: Frame, at: float, redact: Callable[[str], str] = str) -> TaskEvent:
    """Return what a frame says; `redact` takes the secrets out of a text."""
    fields = source.fields
    kind = fields.get("type")
    message = hidden.within(fields.get("message"), redact)
    if kind == "task_output":
        return _output(message, at)
    if kind == "task_error":
        return Log("error", _line(message), at)
    if kind in ("task_output_full", "task_error_full"):
        return Log("error" if kind == "task_error_full" else "output", _whole(message), at, full=True)
    if kind == FINISHED:
        return Outputs(outputs(message), at, **_ending(fields))
    if kind in STAGES:
        return Lifecycle(str(kind), at, **_ending(fields))
    return Unknown(redact(wire_values.text(kind) or "untyped")[:_SHOWN], at, _hint(_line(message)))


def _output(message: object, at: float) -> TaskEvent:
    if isinstance(message, str) and not message.startswith("{"):
        return Log("output", message[:MAX_TEXT], at)
    told = wire_values.mapping(message)
    word = wire_values.text(told.get("type")) or ""
    if "percentage" in told or "stepCurrent" in told or word.startswith("progress"):
        return _progress(told, at)
    content = text_content(told)
    if content is not None:
        return TextSnapshot(
            content, at, done=wire_values.flag(told.get("isThinking")) is False and bool(content.answer)
        )
    return Log("output", _line(message), at)


def _progress(told: Mapping[str, Any], at: float) -> Progress:
    percentage = wire_values.number(told.get("percentage"))
    done, whole = wire_values.number(told.get("stepCurrent")), wire_values.number(told.get("stepTotal"))
    if percentage is None and done is not None and whole:
        percentage = 100 * (done / whole)
    speed = _word(told, "speed")
    return Progress(
        at=at,
        fraction=None if percentage is None else min(max(percentage / 100, 0.0), 1.0),
        step=wire_values.integer(told.get("stepCurrent")),
        total=wire_values.integer(told.get("stepTotal")),
        speed=f"{speed} {_word(told, 'speedType') or ''}".strip() if speed else None,
        elapsed=_word(told, "elapsedTime"),
        remaining=_word(told, "remainingTime"),
        label=_word(told, "task"),
    )


def _word(told: Mapping[str, Any], name: str) -> str | None:
    found = wire_values.text(told.get(name))
    return found and found[:_SHOWN]


def _ending(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "success": wire_values.flag(fields.get("success")),
        "exit_code": wire_values.integer(fields.get("exitCode")),
    }


def _whole(message: object) -> str:
    """Return all of a stream's text; of a very long one the end, where an error says what it is."""
    told = wire_values.mapping(message)
    return _text(told["raw"] if "raw" in told else message if isinstance(message, str) else None)[-MAX_TEXT:]


def _line(message: object) -> str:
    return _text(message)[:MAX_TEXT]


def _text(message: object) -> str:
    if message is None:
        return ""
    found = wire_values.text(message)
    try:
        return json.dumps(message) if found is None else found
    except RecursionError:
        return "[nested too deeply]"


def _hint(text: str) -> str:
    """Return the beginning of what nobody can read, without what could be a token."""
    return _LIKE_A_TOKEN.sub(" [hidden]", text[: 4 * _SHOWN])[:_SHOWN]
