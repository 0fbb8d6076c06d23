"""The recorded payloads, as bytes, JSON, events, details and states."""

import json
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from wiro_widgets.protocol import events
from wiro_widgets.protocol.detail import TaskDetail, read_task
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.state import TaskState, advance

FOLDER = Path(__file__).parent / "payloads"
RECORDINGS = ("task_image.jsonl", "task_chat.jsonl", "task_stopped.jsonl", "task_failed.jsonl")


def payload_bytes(name: str) -> bytes:
    """Return the bytes of a reply."""
    return (FOLDER / name).read_bytes()


def payload_json(name: str) -> Any:
    """Return a JSON payload, parsed."""
    return json.loads(payload_bytes(name))


def recording(name: str) -> list[TaskEvent]:
    """Return the events of a recorded task, one a second."""
    return [event_of(line, at) for at, line in enumerate(payload_bytes(name).splitlines(), start=1000)]


def event_of(frame: object, at: float = 0.0) -> TaskEvent:
    """Return the event of a frame, given as bytes, text or an object."""
    data = frame if isinstance(frame, bytes | str) else json.dumps(frame)
    parsed_frame = events.parse_frame(data)
    assert parsed_frame is not None
    return events.read_event(parsed_frame, at)


def state_after(items: Sequence[TaskEvent | TaskDetail], state: TaskState | None = None) -> TaskState:
    """Return the state after these events and details."""
    return reduce(advance, items, state or TaskState())


def detail_with(**fields: object) -> TaskDetail:
    """Return a detail with these wire fields."""
    return read_task({"id": "90311", **fields})
