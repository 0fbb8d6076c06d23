"""The events of a task as compressed JSON lines, and as a table; bounded, so that no task fills the journal."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_widgets.journal.columns import TIME, UNREADABLE
from wiro_widgets.journal.dataframe import require_pandas
from wiro_widgets.media.jsonable import storable
from wiro_widgets.protocol.events import Lifecycle, Log, Notice, Outputs, Progress, TaskEvent, TextSnapshot

if TYPE_CHECKING:
    import pandas as pd

MAX_EVENTS: Final = 5_000
MAX_TEXT: Final = 2_000  # characters of one event
MAX_BYTES: Final = 512 * 1024  # of the lines before they are compressed
_KINDS: Final = ("stage", "output", "error", "progress", "answer", "notice", "unknown")
_DTYPES: Final = {
    "at": TIME,
    "seconds": "float64",
    "type": "category",
    "kind": "category",
    "text": "string",
    "fraction": "float64",
    "step": "Int64",
    "total": "Int64",
}
_GAP: Final = "left out"  # the type of the line that says how many events are missing


def pack(events: Sequence[TaskEvent]) -> bytes:
    """Return the events as compressed lines; if there are too many, the first, the last and how many are left out."""
    if len(events) > MAX_EVENTS:
        half = MAX_EVENTS // 2
        gap = Notice(f"{len(events) - 2 * half} events", events[half].at, type=_GAP)
        events = [*events[:half], gap, *events[-half:]]
    lines = [_line(event) for event in events]
    size = 0
    for count, line in enumerate(lines):
        size += len(line) + 1
        if size > MAX_BYTES:
            gap = Notice(f"{len(lines) - count} events", events[-1].at, type=_GAP)
            lines = [*lines[:count], _line(gap)]
            break
    return zlib.compress("\n".join(lines).encode(), 6)


def unpack(data: bytes | None) -> list[dict[str, Any]]:
    """Return the events that `pack` wrote as rows of the table; none from damaged bytes."""
    try:
        text = zlib.decompressobj().decompress(data, 2 * MAX_BYTES).decode() if data else ""
        lines = [json.loads(line) for line in text.split("\n")] if text else []
        return [_row(line, lines[0]) for line in lines]
    except (zlib.error, OSError, *UNREADABLE):
        return []


def to_pandas(data: bytes | None) -> pd.DataFrame:
    """Return one row an event: its time, seconds since the first, Wiro's word, its kind, text and progress.

    Raises ConfigurationError if pandas is not installed.
    """
    require_pandas()
    import pandas as pd  # noqa: PLC0415 - optional and slow

    rows = unpack(data)
    table = pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype=cast("Any", dtype))
            for name, dtype in _DTYPES.items()
        }
    )
    table["kind"] = table["kind"].cat.set_categories(list(_KINDS))
    return table


def to_dict(event: TaskEvent) -> dict[str, Any]:
    """Return an event as JSON-ready values: its time as ISO 8601 text, Wiro's word, its kind, text and progress."""
    kind, text = _kind_and_text(event)
    row: dict[str, Any] = {
        "at": datetime.fromtimestamp(event.at, UTC).isoformat(),
        "type": event.type,
        "kind": kind,
        "text": text,
    }
    if isinstance(event, Progress):
        row |= {"fraction": event.fraction, "step": event.step, "total": event.total}
    return row


def _line(event: TaskEvent) -> str:
    kind, text = _kind_and_text(event)
    cells: list[Any] = [round(event.at, 6), event.type, kind, text[:MAX_TEXT]]
    if isinstance(event, Progress):
        cells += [event.fraction, event.step, event.total]
    return storable(json.dumps(cells, ensure_ascii=False))


def _kind_and_text(event: TaskEvent) -> tuple[str, str]:
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
    if not (
        all(isinstance(item, str) for item in (word, kind, text))
        and isinstance(fraction, int | float | None)
        and all(isinstance(item, int | None) for item in (step, total))
    ):
        raise ValueError("not an event")
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
