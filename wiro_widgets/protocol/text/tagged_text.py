"""Tags in a language model's raw text: `<thinking>` and `<answer>` in, the parts between them out."""

from __future__ import annotations

import re
from typing import Final

_ANSWER: Final = "answer"
_NAMES: Final = ("thinking", "think", "reasoning", _ANSWER)
_OPENING: Final = re.compile(rf"\s*<({'|'.join(_NAMES)})>", re.IGNORECASE)
_CLOSING: Final = {name: re.compile(f"</{name}>", re.IGNORECASE) for name in _NAMES}
_ANSWER_TAG: Final = re.compile(f"</?{_ANSWER}>", re.IGNORECASE)
_OPENING_TAGS: Final = tuple(f"<{name}>" for name in _NAMES)


def split(raw: str, *, is_growing: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parts of thinking and those of the answer; a text that begins with no tag is an answer as it is.

    With `is_growing` more will come, so that the beginning of a tag at the end is no part of the text.
    """
    thinking: list[str] = []
    answer: list[str] = []
    position = 0
    while opening := _OPENING.match(raw, position):
        name = opening[1].lower()
        closing = _CLOSING[name].search(raw, opening.end())
        part = raw[opening.end() : closing.start() if closing else len(raw)]
        if is_growing and closing is None:
            part = _without_tag_start(part, f"</{name}>")
        (answer if name == _ANSWER else thinking).append(part.strip())
        position = closing.end() if closing else len(raw)
    rest = raw[position:]
    if position == 0:
        rest, before = _after_lone_closing(raw)
        thinking.append(before)
    if is_growing and any(tag.startswith(rest.lstrip().lower()) for tag in _OPENING_TAGS):
        rest = ""
    if position > 0 or thinking[0]:
        if is_growing:
            rest = _without_tag_start(rest, f"<{_ANSWER}>")
        answer.extend(part.strip() for part in _ANSWER_TAG.split(rest))
    else:
        answer.append(rest)
    return tuple(filter(None, thinking)), tuple(filter(None, answer))


def _after_lone_closing(raw: str) -> tuple[str, str]:
    """Return what follows a `</think>` that was never opened, as of models whose prompt opens it, and what precedes."""
    closing = _CLOSING["think"].search(raw)
    if closing is None or "<think>" in raw.lower():
        return raw, ""
    return raw[closing.end() :], raw[: closing.start()].strip()


def _without_tag_start(text: str, tag: str) -> str:
    """Return a text without the beginning of this tag at its end."""
    start = text.rfind("<", max(0, len(text) - len(tag)))
    return text[:start] if start >= 0 and tag.startswith(text[start:].lower()) else text
