"""A socket frame in, a TaskEvent out (docs/protocol.md, Socket).

Every event carries `at`, the Unix time of its arrival, and `type`, Wiro's own word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.detail import FINISHED
from wiro_widgets.protocol.redact import HIDDEN, printable, redact_json
from wiro_widgets.protocol.replies import OutputInfo, outputs
from wiro_widgets.protocol.text.text_content import TextContent, snapshot_content

# In the order of a task's life (docs/protocol.md, Task life); a late frame of an earlier stage undoes no later one.
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
# Characters of a log line, which keeps its beginning, or of a whole log, which keeps its end.
MAX_TEXT = 64 * 1024
MAX_REPR = 80  # characters of an event's repr, beside its name
MAX_WORDS = 200  # characters of an unknown frame, or of a label beside a progress bar
_LIKE_A_TOKEN = re.compile(r"[\w+/=\\-]{16,}|(?<=token)\W{1,8}[^\s\"\\',}]+")

Stream = Literal["output", "error"]


class _OneLine:
    """An event whose repr is one short line, because a cell may show hundreds of them."""

    __slots__ = ()

    @property
    def words(self) -> str:
        """What the repr says of it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        words = " ".join(printable(self.words[: 2 * MAX_REPR]).split())
        return f"<{type(self).__name__} {words if len(words) <= MAX_REPR else f'{words[: MAX_REPR - 3]}...'}>"


@dataclass(frozen=True, slots=True, repr=False)
class Lifecycle(_OneLine):
    """The task moved to another stage."""

    type: str
    at: float
    success: bool | None = None
    exit_code: int | None = None

    @property
    def words(self) -> str:
        """The stage, and the exit code if there is one."""
        return self.type if self.exit_code is None else f"{self.type}, exit code {self.exit_code}"


@dataclass(frozen=True, slots=True, repr=False)
class Log(_OneLine):
    """Text from the model: a line of a stream, or with `full` the stream from its start."""

    stream: Stream
    text: str
    at: float
    full: bool = False

    @property
    def type(self) -> str:
        """Wiro's word for it."""
        return f"task_{self.stream}{'_full' if self.full else ''}"

    @property
    def words(self) -> str:
        """The stream and the text; of a whole stream its length."""
        return f"{self.stream}, {len(self.text)} characters" if self.full else f"{self.stream}: {self.text}"


@dataclass(frozen=True, slots=True, repr=False)
class Progress(_OneLine):
    """The model's progress: a fraction from 0 to 1, and if known its step, and speed and times as text."""

    at: float
    fraction: float | None = None
    step: int | None = None
    total: int | None = None
    speed: str | None = None
    elapsed: str | None = None
    remaining: str | None = None
    label: str | None = None
    type: str = "task_output"

    @property
    def words(self) -> str:
        """The percentage, the step, and the time left."""
        parts = (
            None if self.fraction is None else f"{self.fraction:.0%}",
            None if self.step is None or self.total is None else f"step {self.step} of {self.total}",
            self.speed,
            self.remaining and f"{self.remaining} left",
        )
        return ", ".join(part for part in parts if part) or self.label or "of unknown extent"


@dataclass(frozen=True, slots=True, repr=False)
class TextSnapshot(_OneLine):
    """A language model's text so far: it replaces the snapshot before; `progress` is what it tells of that besides."""

    content: TextContent
    at: float
    done: bool = False
    progress: Progress | None = None
    type: str = "task_output"

    @property
    def words(self) -> str:
        """The length of the text, and its end."""
        text = self.content.text
        return f"{len(text)} characters: {'...' if len(text) > MAX_REPR // 2 else ''}{text[-MAX_REPR // 2 :]}"


@dataclass(frozen=True, slots=True, repr=False)
class Outputs(_OneLine):
    """The terminal frame of a task that was not cancelled, with the outputs if it lists them."""

    outputs: tuple[OutputInfo, ...]
    at: float
    success: bool | None = None
    exit_code: int | None = None
    type: str = FINISHED

    @property
    def words(self) -> str:
        """How many there are, and their names."""
        return f"{len(self.outputs)}: {', '.join(item.name for item in self.outputs)}"


@dataclass(frozen=True, slots=True, repr=False)
class Unknown(_OneLine):
    """A frame of a type that this package does not know, or one that is no JSON object."""

    type: str
    at: float
    text: str = ""

    @property
    def words(self) -> str:
        """Its type and its text."""
        return f"{self.type} {self.text}".strip()


@dataclass(frozen=True, slots=True, repr=False)
class Notice(_OneLine):
    """A message of the client itself: a lost connection, another try."""

    text: str
    at: float
    level: Literal["info", "warning", "error"] = "info"
    type: str = "notice"

    @property
    def words(self) -> str:
        """Its level and its text."""
        return f"{self.level}: {self.text}"


TaskEvent = Lifecycle | Log | Progress | TextSnapshot | Outputs | Unknown | Notice


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as a JSON object, not yet read."""

    fields: Mapping[str, Any] = field(repr=False)

    @property
    def is_news(self) -> bool:
        """True if the frame tells of a task: it names one, or its type is a task's; a greeting does neither."""
        names = (self.fields.get(name) for name in ("tasktoken", "id", "taskid"))
        kind = self.fields.get("type")
        return (isinstance(kind, str) and kind.startswith("task_")) or wire_values.identifier(
            *names
        ) is not None

    def belongs_to(self, *, task_id: str | None, token: str | None) -> bool:
        """Return True if the frame is of this task; a frame that names no task counts as this task's."""
        frame_token = wire_values.identifier(self.fields.get("tasktoken"))
        if frame_token and token:
            return frame_token == token
        frame_id = wire_values.identifier(self.fields.get("id"), self.fields.get("taskid"))
        return not frame_id or not task_id or frame_id == task_id


def parse_frame(data: str | bytes) -> Frame | None:
    """Parse a frame; None if it is no JSON object."""
    try:
        fields = wire_values.loads(data)
    except ValueError:
        return None
    return Frame(fields) if isinstance(fields, dict) else None


def unreadable(data: str | bytes, at: float) -> Unknown:
    """Return the event for a frame that is no JSON object."""
    return Unknown("invalid", at, _excerpt(data) if isinstance(data, str) else f"{len(data)} bytes")


def read_event(frame: Frame, at: float, redact: Callable[[str], str] = str) -> TaskEvent:
    """Return the event of a frame; `redact` replaces the secrets in a text."""
    fields = frame.fields
    kind = fields.get("type")
    message = redact_json(fields.get("message"), redact)
    if kind == "task_output":
        return _output_event(message, at)
    if kind == "task_error":
        return Log("error", _json_text(message)[:MAX_TEXT], at)
    if kind in ("task_output_full", "task_error_full"):
        content = wire_values.mapping(message)
        raw = content["raw"] if "raw" in content else message if isinstance(message, str) else None
        stream: Stream = "error" if kind == "task_error_full" else "output"
        return Log(stream, _json_text(raw)[-MAX_TEXT:], at, full=True)
    if kind == FINISHED or kind in STAGES:
        success, code = wire_values.flag(fields.get("success")), wire_values.integer(fields.get("exitCode"))
        if kind == FINISHED:
            return Outputs(outputs(message), at, success, code)
        return Lifecycle(str(kind), at, success, code)
    name = redact(wire_values.text(kind) or "untyped")[:MAX_WORDS]
    return Unknown(name, at, _excerpt(_json_text(message)))


def _output_event(message: object, at: float) -> TaskEvent:
    if isinstance(message, str) and not message.lstrip().startswith("{"):
        return Log("output", message[:MAX_TEXT], at)
    fields = wire_values.mapping(message)
    kind = wire_values.text(fields.get("type")) or ""
    is_progress = "percentage" in fields or "stepCurrent" in fields or kind.startswith("progress")
    progress = _progress(fields, at) if is_progress else None
    content = snapshot_content(fields, is_progress=is_progress)
    if content is not None:
        thinking = wire_values.flag(fields.get("isThinking", fields.get("is_thinking")))
        return TextSnapshot(content, at, thinking is False and bool(content.answer), progress)
    if progress is not None:
        return progress
    return Log("output", _json_text(message)[:MAX_TEXT], at)


def _progress(fields: Mapping[str, Any], at: float) -> Progress:
    percentage = wire_values.number(fields.get("percentage"))
    step, total = wire_values.number(fields.get("stepCurrent")), wire_values.number(fields.get("stepTotal"))
    if percentage is None and step is not None and total:
        percentage = 100 * (step / total)

    def words(name: str) -> str | None:
        value = wire_values.text(fields.get(name))
        return value and value[:MAX_WORDS]

    speed = words("speed")
    return Progress(
        at=at,
        fraction=None if percentage is None else min(max(percentage / 100, 0.0), 1.0),
        step=wire_values.integer(fields.get("stepCurrent")),
        total=wire_values.integer(fields.get("stepTotal")),
        speed=f"{speed} {words('speedType') or ''}".strip() if speed else None,
        elapsed=words("elapsedTime"),
        remaining=words("remainingTime"),
        label=words("task"),
    )


def _json_text(message: object) -> str:
    if message is None:
        return ""
    text = wire_values.text(message)
    try:
        return json.dumps(message) if text is None else text
    except RecursionError:
        return "[nested too deeply]"


def _excerpt(text: str) -> str:
    """Return the beginning of a text that cannot be read, without anything that looks like a token."""
    return _LIKE_A_TOKEN.sub(f" {HIDDEN}", text[: 4 * MAX_WORDS])[:MAX_WORDS]
