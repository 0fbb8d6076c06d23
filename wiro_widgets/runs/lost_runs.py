"""Find the tasks of lost Runs, whose replies never came, in Wiro's list of tasks; a Run is never sent again here."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol import requests, wire_values
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ApiError, TransportError, WiroWarning
from wiro_widgets.runs.engine import Engine

PAGE, MAX_PAGES = 50, 20
CLOCK_SKEW = timedelta(minutes=2)  # between this machine and Wiro, whose times are whole seconds besides
_NOT_ECHOED = frozenset({"callbackurl", "projectid"})


@dataclass(frozen=True, slots=True)
class Run:
    """A Run that was sent: its journal row, what it was, and when it left (UTC)."""

    journal_id: str
    model: str
    parameters: Mapping[str, Any]
    sent_at: datetime

    @classmethod
    def of_row(cls, row: JournalRow) -> Run:
        """Return the Run that a journal row tells of."""
        return cls(row.id, row.model, row.parameters, row.intent_at)


async def find(engine: Engine, run: Run, looks: Sequence[float] | None = None) -> tuple[str, ...]:
    """Return the ids of tasks that may be this run's, newest first.

    Looks again after each pause in `looks`, by default `Timing.lost_run_looks`, until there is one.
    """
    for pause in engine.timing.lost_run_looks if looks is None else looks:
        await asyncio.sleep(pause)
        try:
            recent = await _recent_tasks(engine, run.sent_at - CLOCK_SKEW)
        except (TransportError, ApiError):
            continue
        candidates = await asyncio.to_thread(_candidates, engine, run, recent)
        if candidates:
            return candidates
    return ()


async def match(engine: Engine, rows: Iterable[JournalRow]) -> dict[str, str]:
    """Return the tasks of those rows, newest first, that have one by Wiro's list, and write them to the journal.

    Equal runs may have equal tasks in any order. If more tasks fit than runs are lost, none is taken, and a WiroWarning
    names them.
    """
    task_ids: dict[str, str] = {}
    for group in _groups(rows):
        candidates = await find(
            engine, Run.of_row(group[-1]), looks=(0.0,)
        )  # the oldest sees all that the others see
        if not candidates:
            continue
        equal = all(row.parameters == group[0].parameters for row in group)
        if not equal or len(candidates) > len(group):
            _warn(group, candidates)
            continue
        for row in group:
            free = await find(engine, Run.of_row(row), looks=(0.0,))
            if free:
                await asyncio.to_thread(engine.journal.submitted, row.id, free[0])
                task_ids[row.id] = free[0]
    return task_ids


async def _recent_tasks(engine: Engine, since: datetime) -> list[TaskDetail]:
    """Return the tasks that were made after that time, or do not say when."""
    recent: list[TaskDetail] = []
    for page in range(MAX_PAGES):
        request = requests.task_list(start=page * PAGE, limit=PAGE)
        reply = await engine.http.call(request, tries=1, seconds=engine.timing.lost_run_read)
        tasks = read_tasks(reply)
        fresh = [task for task in tasks if task.created_at is None or task.created_at >= since]
        recent += fresh
        if len(tasks) < PAGE or len(fresh) < len(tasks):
            break
    return recent


def _candidates(engine: Engine, run: Run, tasks: list[TaskDetail]) -> tuple[str, ...]:
    """Return the tasks that fit and that no other run became; reads the journal."""
    fitting = dict.fromkeys(task.id for task in tasks if task.id and _fits(run, task))
    return tuple(task_id for task_id in fitting if _is_free(engine, run, task_id))


def _is_free(engine: Engine, run: Run, task_id: str) -> bool:
    if engine.task(task_id) is not None:
        return False
    row = engine.journal.find(task_id, engine.server)
    return row is None or row.id == run.journal_id


def _fits(run: Run, task: TaskDetail) -> bool:
    """Return True if the task has the run's model and echoes its values; files have new names at Wiro."""
    if task.model is not None and task.model.lower() != run.model.lower():
        return False
    values = _echoed_values(run.parameters)
    if not values:
        return task.model is not None
    return all(_is_same(value, task.parameters.get(name)) for name, value in values.items())


def _echoed_values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a task echoes as they were sent."""
    return {
        name: value
        for name, value in parameters.items()
        if name.lower() not in _NOT_ECHOED and isinstance(value, str | int | float) and value != ""
    }


def _is_same(value: object, echo: object) -> bool:
    ours, theirs = wire_values.text(value), wire_values.text(echo)
    if ours == theirs:
        return True
    number = wire_values.number(ours)
    return number is not None and number == wire_values.number(theirs)


def _groups(rows: Iterable[JournalRow]) -> list[list[JournalRow]]:
    """Return the rows that the same tasks fit together, those with the most values first."""
    groups: dict[tuple[str, str], list[JournalRow]] = {}
    for row in rows:
        key = (row.model.lower(), repr(sorted(_echoed_values(row.parameters).items())))
        groups.setdefault(key, []).append(row)
    return sorted(groups.values(), key=lambda group: -len(_echoed_values(group[0].parameters)))


def _warn(group: list[JournalRow], candidates: tuple[str, ...]) -> None:
    runs = "A run" if len(group) == 1 else f"{len(group)} runs"
    text = (
        f"{runs} of {group[0].model} got no reply, and which of these tasks came of it cannot be told: "
        f"{', '.join(candidates)}. Look at them on Wiro; client.attach(id) picks one up."
    )
    with suppress(WiroWarning):  # even if warnings are errors, the other runs are recovered
        warnings.warn(text, WiroWarning, stacklevel=2)
