"""Reads the recorded payloads."""

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
LIVES = ("life_image.jsonl", "life_chat.jsonl", "life_stopped.jsonl", "life_failed.jsonl")


def body(name: str) -> bytes:
    """Return a reply as it came."""
    return (FOLDER / name).read_bytes()


def obj(name: str) -> Any:
    """Return a payload that is JSON."""
    return json.loads(body(name))


def life(name: str) -> list[TaskEvent]:
    """Return the events of a task's life, one a second."""
    return [heard(line, at) for at, line in enumerate(body(name).splitlines(), start=1000)]


def heard(frame: object, at: float = 0.0) -> TaskEvent:
    """Return the event of a frame, given as bytes, text or an object."""
    data = frame if isinstance(frame, bytes | str) else json.dumps(frame)
    found = events.parse_frame(data)
    assert found is not None
    return events.read_event(found, at)


def lived(items: Sequence[TaskEvent | TaskDetail], state: TaskState | None = None) -> TaskState:
    """Return the state after all of them."""
    return reduce(advance, items, state or TaskState())


def told(**fields: object) -> TaskDetail:
    """Return the detail that Wiro would tell with these fields."""
    return read_task({"id": "90311", **fields})
