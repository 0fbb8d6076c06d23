"""The events of a task as compressed JSON lines, and as a table; bounded, so that no task fills the journal."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.journal.frames import frame
from wiro_widgets.journal.row import UNREADABLE
from wiro_widgets.media.jsonable import storable
from wiro_widgets.protocol.events import Lifecycle, Log, Notice, Outputs, Progress, TaskEvent, TextSnapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

MAX_EVENTS: Final = 5_000
MAX_TEXT: Final = 2_000  # characters of one event
MAX_BYTES: Final = 512 * 1024  # of the lines before they are compressed
_DTYPES: Final = {
    "at": "datetime64[us, UTC]",
    "seconds": "float64",
    "type": "category",
    "kind": "category",
    "text": "string",
    "fraction": "float64",
    "step": "Int64",
    "total": "Int64",
}
KINDS: Final = ("stage", "output", "error", "progress", "answer", "notice", "unknown")
_LEFT_OUT: Final = "left out"


def packed(events: Sequence[TaskEvent]) -> bytes:
    """Return the events as compressed lines; of too many the first and the last are kept, and the gap is told."""
    lines = [_line(event) for event in _sampled(events)]
    total = 0
    for kept, line in enumerate(lines):
        total += len(line) + 1
        if total > MAX_BYTES:
            gap = Notice(f"{len(lines) - kept} events", events[-1].at, type=_LEFT_OUT)
            lines = [*lines[:kept], _line(gap)]
            break
    return zlib.compress("\n".join(lines).encode(), 6)


def unpacked(data: bytes | None) -> list[dict[str, Any]]:
    """Return the events as `packed` kept them, as rows of the table; none from damaged bytes."""
    try:
        plain = zlib.decompressobj().decompress(data, 2 * MAX_BYTES) if data else b""
        rows = [json.loads(line) for line in plain.decode().split("\n")] if plain else []
        return [_row(row, rows[0]) for row in rows]
    except (zlib.error, OverflowError, OSError, *UNREADABLE):
        return []


def to_pandas(data: bytes | None) -> pd.DataFrame:
    """Return one row an event: its time, seconds since the first, Wiro's word, its kind, text and progress.

    Raises ConfigurationError when pandas is not installed.
    """
    table = frame(unpacked(data), _DTYPES)
    table["kind"] = table["kind"].cat.set_categories(list(KINDS))
    return table


def _sampled(events: Sequence[TaskEvent]) -> Sequence[TaskEvent]:
    if len(events) <= MAX_EVENTS:
        return events
    half = MAX_EVENTS // 2
    gap = Notice(f"{len(events) - 2 * half} events", events[half].at, type=_LEFT_OUT)
    return [*events[:half], gap, *events[-half:]]


def _line(event: TaskEvent) -> str:
    kind, text = _told(event)
    row: list[Any] = [round(event.at, 6), event.type, kind, text[:MAX_TEXT]]
    if isinstance(event, Progress):
        row += [event.fraction, event.step, event.total]
    return storable(json.dumps(row, ensure_ascii=False))


def _told(event: TaskEvent) -> tuple[str, str]:
    """Return an event's kind and its text."""
    if isinstance(event, Log):
        return event.stream, event.text
    if isinstance(event, Progress):
        return "progress", " ".join(item for item in (event.label, event.speed) if item)
    if isinstance(event, TextSnapshot):
        return "answer", event.content.text
    if isinstance(event, Lifecycle | Outputs):
        count = len(event.outputs) if isinstance(event, Outputs) else 0
        return "stage", f"{count} outputs" if count else ""
    return ("notice" if isinstance(event, Notice) else "unknown"), event.text


def _row(line: list[Any], first: list[Any]) -> dict[str, Any]:
    at, word, kind, text, *progress = line
    fraction, step, total = progress or (None, None, None)
    told = (
        (word, str),
        (kind, str),
        (text, str),
        (fraction, int | float | None),
        (step, int | None),
        (total, int | None),
    )
    if not all(isinstance(value, type_) for value, type_ in told):
        raise ValueError("an event has something else where a text or a number belongs")
    return {
        "at": datetime.fromtimestamp(at, UTC),
        "seconds": round(at - first[0], 6),
        "type": word,
        "kind": kind,
        "text": text,
        "fraction": fraction,
        "step": step,
        "total": total,
    }
