"""Events as lines of the panel's log: a kind and a text."""

from __future__ import annotations

from collections.abc import Iterator

from wiro_widgets.protocol.events import (
    Lifecycle,
    Log,
    Notice,
    Outputs,
    Progress,
    TaskEvent,
    TextSnapshot,
    Unknown,
)
from wiro_widgets.protocol.state import TaskState

MAX_TEXT = 2_000  # characters of a line that the browser is told
MAX_LINES = 200  # lines of one event

_WORDS = {
    "task_queue": ("queue", "Waiting for a worker"),
    "task_accept": ("accept", "Accepted by a worker"),
    "task_preprocess_start": ("prepare", "Preparing the inputs"),
    "task_preprocess_end": ("prepare", "Inputs are ready"),
    "task_assign": ("assign", "A GPU is assigned"),
    "task_start": ("start", "The model has started"),
    "task_end": ("finish", "The model has stopped"),
    "task_postprocess_start": ("finish", "Collecting the outputs"),
    "task_cancel": ("cancel", "Stopped"),
}


def rows(event: TaskEvent) -> list[tuple[str, str]]:
    """Return the log lines of an event; a full log repeats what was seen and has none."""
    if isinstance(event, Log):
        kind = "stderr" if event.stream == "error" else "output"
        lines = [] if event.full else event.text.splitlines()[:MAX_LINES] or [""]
        return [(kind, clipped(line)) for line in lines]
    return [_row(event)]


def _row(event: Lifecycle | Progress | TextSnapshot | Outputs | Notice | Unknown) -> tuple[str, str]:
    match event:
        case Lifecycle():
            return _WORDS.get(event.type, ("note", event.type))
        case Progress():
            return "progress", _progress(event)
        case TextSnapshot():
            return "text", f"{len(event.content.text)} characters so far"
        case Outputs():
            count = len(event.outputs)
            return "finish", f"{count} output{'' if count == 1 else 's'}" if count else "Finished"
        case Notice():
            return "error" if event.level == "error" else "note", clipped(event.text)
        case Unknown():
            return "note", clipped(f"{event.type} {event.text}".strip())


def unheard(state: TaskState) -> Iterator[tuple[str, str]]:
    """Yield the lines of a stream of which the socket brought nothing, from the whole that was read at the end."""
    heard = {line.stream for line in state.log}
    if "output" not in heard:
        yield from (("output", clipped(line)) for line in _last_lines(state.output_text))
    if "error" not in heard:
        yield from (("stderr", clipped(line)) for line in _last_lines(state.error_text))


def _last_lines(text: str | None) -> list[str]:
    return (text or "").splitlines()[-MAX_LINES:]


def clipped(text: str) -> str:
    """Return a text short enough for one line of the log."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."


def _progress(event: Progress) -> str:
    if event.step is not None and event.total is not None:
        words = f"step {event.step} of {event.total}"
    else:
        words = f"{(event.fraction or 0) * 100:.0f} %"
    return f"{words}, {event.speed}" if event.speed else words
