"""TextContent: what a language model wrote, from each shape of the wire (docs/protocol.md, Language models)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.text import tagged_text

CUT_OFF: Final = "The answer is cut off"
_MARKS: Final = frozenset({"thinking", "answer", "segments", "raw"})
_STRUCTURED: Final = _MARKS - {"raw"}
_PROGRESS: Final = frozenset(
    {"type", "task", "percentage", "stepCurrent", "stepTotal"}
    | {"speed", "speedType", "elapsedTime", "remainingTime"}
)
_PLAIN: Final = ("message", "text", "content", "response")
_THINKING: Final = frozenset({"thinking", "think", "reasoning", "thought"})
_LENGTH: Final = frozenset({"length", "maxtokens", "maxoutputtokens", "maxlength", "tokenlimit"})
_FILTER: Final = frozenset({"contentfilter", "contentfiltered", "safety", "refusal", "recitation", "blocked"})
_MAX_DEPTH: Final = 4  # objects within each other in a usage


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks its user to make; `arguments` is the text that the model wrote, mostly JSON."""

    name: str
    arguments: str = ""
    id: str | None = None

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})" if self.name else self.arguments


@dataclass(frozen=True, slots=True)
class TextContent:
    """The text of a language model: the parts of its thinking and of its answer, in order, and the calls it asks for.

    `raw` is the text as Wiro has it, perhaps with tags. `finish_reason` is Wiro's word for why the model stopped:
    "stop", "length", "content_filter", "tool_calls". `usage` has the counts of tokens under Wiro's names.
    """

    thinking: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    raw: str = ""
    prompt: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The answer; without one the calls; the raw text if nothing is separated from it."""
        return "\n".join(self.answer or map(str, self.calls)) or ("" if self.thinking else self.raw)


def text_content(value: object, *, is_growing: bool = False) -> TextContent | None:
    """Read thinking and answer from lists, texts, segments or tags in the raw text; None if there is none of these.

    With `is_growing` the model still writes, so that a tag may be cut in the middle.
    """
    fields = _fields(wire_values.mapping(value))
    if not fields.keys() & _MARKS:
        return None
    segments = _Segments(fields.get("segments"))
    thinking = _parts(fields.get("thinking")) or tuple(segments.thinking)
    answer = _parts(fields.get("answer")) or tuple(segments.answer)
    raw = wire_values.first_text(fields.get("raw"))
    if raw and not (thinking and answer):
        raw_thinking, raw_answer = tagged_text.split(raw, is_growing=is_growing)
        thinking = thinking or raw_thinking
        if not (answer or segments.calls):
            answer = raw_answer
            raw = raw if answer or thinking else ""  # the beginning of a tag
    if not (answer or segments.calls):
        answer = tuple(segments.others)
    return TextContent(
        thinking=thinking,
        answer=answer,
        raw=raw,
        prompt=wire_values.first_text(fields.get("prompt")),
        calls=tuple(segments.calls),
        finish_reason=_finish_reason(fields),
        usage=_counts(wire_values.mapping(fields.get("usage"))),
    )


def snapshot_content(message: Mapping[str, Any], *, is_progress: bool) -> TextContent | None:
    """Read the text of a `task_output` object; beside a progress a raw text without tags is none."""
    if is_progress and message.keys() <= _PROGRESS:
        return None  # half of the time that a frame takes
    if is_progress and not _fields(message).keys() & _STRUCTURED:
        raw = wire_values.first_text(message.get("raw"))
        if tagged_text.split(raw, is_growing=True) == ((), (raw,)):
            return None
    content = text_content(message, is_growing=True)
    return None if is_progress and content is not None and _is_empty(content) else content


def output_content(item: Mapping[str, Any]) -> TextContent | None:
    """Read the text of an output: in the shapes of `text_content`, `{"message": ...}`, a list, or a plain text.

    What an output without a file holds else is its JSON text: it was paid for as well.
    """
    value = item.get("content")
    content = _plain_content(value) if isinstance(value, str) else _object_content(value)
    if content is None and isinstance(value, dict | list) and value and not item.get("url"):
        content = TextContent(answer=(json.dumps(value, ensure_ascii=False),))
    if content is None:
        return None
    fields = _fields(item)
    return with_end(content, _finish_reason(fields), _counts(wire_values.mapping(fields.get("usage"))))


def with_end(content: TextContent, finish_reason: str | None, usage: Mapping[str, Any]) -> TextContent:
    """Return the content with this finish reason and usage where it has none of its own."""
    if (content.finish_reason or not finish_reason) and (content.usage or not usage):
        return content
    return replace(
        content, finish_reason=content.finish_reason or finish_reason, usage=content.usage or usage
    )


def stream_content(output: str, snapshot: TextContent | None) -> TextContent | None:
    """Read the answer from a model's whole stdout, which is where the older edition has it.

    If a snapshot is known, the answer begins where the stream has its text; what stands before it is a log.
    """
    if not output.strip():
        return None
    thinking = list(snapshot.thinking) if snapshot else []
    if snapshot is None or not snapshot.text.strip():
        return text_content({"raw": output, "thinking": thinking})
    start = output.rfind(snapshot.text.strip())
    if start < 0 or len(output[start:].strip()) <= len(snapshot.text.strip()):
        return None  # the snapshot has all of it
    return text_content({"raw": output[start:], "thinking": thinking})


def cut_off_reason(finish_reason: str | None) -> str | None:
    """Return in words why an answer ended before it was complete, and what to do; None if it did not."""
    word = _name(finish_reason or "").replace("-", "").replace(" ", "")
    if word in _LENGTH:
        return "The model reached its limit of length. Allow more tokens, or ask for the rest in another run."
    if word in _FILTER:
        return "The model's content filter ended the answer. Change the prompt and run again."
    return None


class _Segments:
    """Segments by what they are; those of an unknown type are the answer only where there is no other."""

    def __init__(self, value: object) -> None:
        self.thinking: list[str] = []
        self.answer: list[str] = []
        self.calls: list[ToolCall] = []
        self.others: list[str] = []
        for item in wire_values.items_or_single(value):
            segment = _fields(wire_values.mapping(item))
            kind = _name(wire_values.first_text(segment.get("type")))
            if kind.endswith("call"):
                self.calls.append(_call(segment))
                continue
            text = "\n".join(_parts(segment.get("text")) or _parts(segment.get("content")))
            if not segment and isinstance(item, str):
                text = item
            if text:
                (
                    self.thinking if kind in _THINKING else self.answer if kind == "answer" else self.others
                ).append(text)


def _call(segment: Mapping[str, Any]) -> ToolCall:
    inner = _fields(wire_values.mapping(segment.get("function"))) or segment
    arguments = next((inner[key] for key in ("arguments", "input", "text", "content") if inner.get(key)), "")
    text = wire_values.text(arguments)
    return ToolCall(
        name=wire_values.first_text(inner.get("name"), segment.get("name")),
        arguments=json.dumps(arguments, ensure_ascii=False) if text is None else text,
        id=wire_values.identifier(segment.get("callid"), segment.get("id")),
    )


def _plain_content(text: str) -> TextContent | None:
    """Read a content that is a text; only a text that has a content's own fields is taken for its JSON."""
    fields = _fields(wire_values.mapping(text)) if text.lstrip().startswith("{") else {}
    is_content = fields.keys() & (_MARKS - {"answer"}) or isinstance(fields.get("answer"), list)
    if is_content or fields.keys() == {"message"}:
        return _object_content(fields)
    return text_content({"raw": text}) if text.strip() else None


def _object_content(value: object) -> TextContent | None:
    if isinstance(value, list):
        content = text_content({"segments": value})
        return None if content is None or _is_empty(content) else content
    content = text_content(value)
    if content is not None:
        return content
    fields = _fields(wire_values.mapping(value))
    for name in _PLAIN:
        inner = fields.get(name)
        inner = _fields(inner).get("content") if isinstance(inner, dict) else inner
        text = "\n".join(_parts(inner))
        if text:
            return text_content({**fields, "raw": text})
    return None


def _parts(value: object) -> tuple[str, ...]:
    """Return the texts of a list or of a single text; the model's own words may look like JSON and are not parsed."""
    items = value if isinstance(value, list) else [value]
    texts = (_fields(item).get("text") if isinstance(item, dict) else item for item in items)
    return tuple(text for text in map(wire_values.text, texts) if text)


def _fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields under one spelling: finishreason for finishReason and finish_reason."""
    fields: dict[str, Any] = {}
    for name, value in content.items():
        key = _name(name)
        if value or key not in fields:
            fields[key] = value
    return fields


def _name(name: str) -> str:
    return name.replace("_", "").lower()


def _finish_reason(fields: Mapping[str, Any]) -> str | None:
    return wire_values.first_text(fields.get("finishreason"), fields.get("stopreason")).strip() or None


def _counts(usage: Mapping[str, Any], depth: int = 1) -> dict[str, Any]:
    """Return a usage with numbers for texts of numbers, and without what is null or too deep."""
    counts: dict[str, Any] = {}
    for name, value in usage.items():
        count: Any = _counts(value, depth + 1) if isinstance(value, dict) and depth < _MAX_DEPTH else None
        if not isinstance(value, dict | list):
            count = wire_values.integer(value) if not isinstance(value, float) else value
            count = wire_values.number(value) if count is None else count
            count = value if count is None else count
        if count is not None:
            counts[name] = count
    return counts


def _is_empty(content: TextContent) -> bool:
    return not (content.thinking or content.answer or content.calls or content.raw)
