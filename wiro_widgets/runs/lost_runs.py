"""Looks in Wiro's list of tasks for the one that a lost Run may have become; never sends a Run again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wiro_widgets.protocol import requests, wire_values
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ApiError, TransportError
from wiro_widgets.runs.engine import Engine

PAUSES = (0.0, 1.0, 3.0)  # seconds before each look: a task may be listed a moment after it was made
READ_SECONDS = 5.0  # for one look
PAGE, MAX_PAGES = 50, 20
CLOCK_SKEW = timedelta(minutes=2)  # between this machine and Wiro, whose times are whole seconds besides
_NOT_ECHOED = frozenset({"callbackurl", "projectid"})


@dataclass(frozen=True, slots=True)
class Run:
    """A Run that was sent: its row in the journal, what it was, and when it left (UTC)."""

    journal_id: str
    model: str
    parameters: Mapping[str, Any]
    sent_at: datetime


async def find(engine: Engine, run: Run, pauses: Sequence[float] | None = None) -> tuple[str, ...]:
    """Return the ids of tasks that may be this run's, newest first; looks a few times until there is one."""
    for pause in PAUSES if pauses is None else pauses:
        await asyncio.sleep(pause)
        try:
            listed = await _listed(engine, run.sent_at - CLOCK_SKEW)
        except (TransportError, ApiError):
            continue
        found = await asyncio.to_thread(_unowned, engine, run, listed)
        if found:
            return found
    return ()


async def _listed(engine: Engine, since: datetime) -> list[TaskDetail]:
    """Return the tasks that were made after that time, as far as they say when."""
    found: list[TaskDetail] = []
    for page in range(MAX_PAGES):
        request = requests.task_list(start=page * PAGE, limit=PAGE)
        tasks = read_tasks(await engine.http.call(request, tries=1, seconds=READ_SECONDS))
        recent = [task for task in tasks if task.created_at is None or task.created_at >= since]
        found += recent
        if len(tasks) < PAGE or len(recent) < len(tasks):
            break
    return found


def _unowned(engine: Engine, run: Run, listed: list[TaskDetail]) -> tuple[str, ...]:
    fitting = [task.id for task in listed if task.id and _fits(run, task)]
    return tuple(item for item in dict.fromkeys(fitting) if _is_free(engine, run, item))


def _is_free(engine: Engine, run: Run, task_id: str) -> bool:
    """Whether no other run became that task."""
    if any(task.id == task_id for task in tuple(engine.tasks)):
        return False
    row = engine.journal.find(task_id, engine.server)
    return row is None or row.id == run.journal_id


def _fits(run: Run, task: TaskDetail) -> bool:
    """Whether the task has the run's model and echoes its values; files have new names at Wiro and do not count."""
    if task.model is not None and task.model.lower() != run.model.lower():
        return False
    told = comparable(run.parameters)
    if not told:
        return task.model is not None
    return all(_same(value, task.parameters.get(name)) for name, value in told.items())


def comparable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a task echoes as they were sent."""
    return {name: value for name, value in parameters.items() if _is_echoed(name, value)}


def _is_echoed(name: str, value: object) -> bool:
    return name.lower() not in _NOT_ECHOED and isinstance(value, str | int | float) and value != ""


def _same(sent: object, echoed: object) -> bool:
    ours, theirs = wire_values.text(sent), wire_values.text(echoed)
    if ours == theirs:
        return True
    number = wire_values.number(ours)
    return number is not None and number == wire_values.number(theirs)
