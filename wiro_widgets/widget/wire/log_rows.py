"""The lines of the panel's log: each event of a task as kinds and texts."""

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
from wiro_widgets.render import run_words

MAX_TEXT = 2_000  # characters of a line
MAX_LINES = 200  # lines of one event

_STAGES = {
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
    """Return the kind and the text of each log line of an event; a full log repeats earlier lines and has none."""
    if isinstance(event, Log):
        kind = "stderr" if event.stream == "error" else "output"
        lines = [] if event.full else event.text.splitlines()[:MAX_LINES] or [""]
        return [(kind, shorten(line)) for line in lines]
    return [_row(event)]


def _row(event: Lifecycle | Progress | TextSnapshot | Outputs | Notice | Unknown) -> tuple[str, str]:
    match event:
        case Lifecycle():
            return _STAGES.get(event.type, ("note", event.type))
        case Progress():
            has_steps = event.step is not None and event.total is not None
            percent = f"{(event.fraction or 0) * 100:.0f} %"
            position = f"step {event.step} of {event.total}" if has_steps else percent
            return "progress", f"{position}, {event.speed}" if event.speed else position
        case TextSnapshot():
            return "text", f"{len(event.content.text)} characters so far"
        case Outputs():
            return "finish", run_words.count(len(event.outputs), "output") if event.outputs else "Finished"
        case Notice():
            return "error" if event.level == "error" else "note", shorten(event.text)
        case Unknown():
            return "note", shorten(f"{event.type} {event.text}".strip())


def missing_rows(state: TaskState) -> Iterator[tuple[str, str]]:
    """Yield the lines of a stream that the socket left out, from its full text in Task/Detail."""
    streams = {line.stream for line in state.log}
    if "output" not in streams:
        yield from (("output", shorten(line)) for line in (state.output_text or "").splitlines()[-MAX_LINES:])
    if "error" not in streams:
        yield from (("stderr", shorten(line)) for line in (state.error_text or "").splitlines()[-MAX_LINES:])


def shorten(text: str) -> str:
    """Return a text short enough for one line of the log."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."
