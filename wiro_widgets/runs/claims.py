"""Claims: a run need not be sent where the same one is on its way, has a task or has its result."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from wiro_widgets.journal.process import looks_after
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ApiError, NotFound, RunOutcomeUnknown, TransportError
from wiro_widgets.runs import lost_runs
from wiro_widgets.runs.engine import Engine

LOOK = 0.25  # seconds between two looks at a Run that somebody else sends
LISTED_FOR = timedelta(days=1)  # how far back Wiro's list is searched with confidence

sending: set[str] = (
    set()
)  # the rows of Runs that this process has on their way, whichever of its clients sends them


def looked_after(row: JournalRow) -> bool:
    """Whether a living process has the Run on its way, or, where it is another one, follows its task."""
    if row.host != platform.node() or row.pid is None:
        return False
    if row.pid == os.getpid():
        return row.id in sending
    return looks_after(row.pid, row.born, row.intent_at)


def may_stand(row: JournalRow) -> bool:
    """Whether a run of before may make the same one needless: it has a task, or it is not known that it has none."""
    return row.outcome in ("submitting", "unknown") or (
        row.outcome in ("running", "succeeded") and row.task_id is not None
    )


async def taken_over(
    engine: Engine, row: JournalRow, pause: Callable[[float], Awaitable[None]]
) -> tuple[JournalRow, TaskDetail] | None:
    """Return a run of before with its task, waiting for its receipt if need be; None where no task came of it.

    Raises RunOutcomeUnknown where that cannot be told, and TransportError or an ApiError where Wiro cannot be asked.
    """
    while row.outcome == "submitting" and looked_after(row):
        await pause(LOOK)
        seen = await asyncio.to_thread(engine.journal.row, row.id)
        if seen is None:
            return None
        row = seen
    if not may_stand(row):
        return None
    task_id = row.task_id or await task_of(engine, row)
    if task_id is None:
        return None
    try:
        return row, await engine.detail(task_id)
    except NotFound:
        return None


async def task_of(engine: Engine, row: JournalRow) -> str | None:
    """Return the task of a Run without a reply, and write it down; None where Wiro's list does not have it.

    What the list does not have was not made. Raises RunOutcomeUnknown where the list cannot be read or is too short.
    """
    if datetime.now(UTC) - row.intent_at > LISTED_FOR:
        reason = "it is too long ago to look for it in Wiro's list"
        raise RunOutcomeUnknown(row.model, reason, journal_id=row.id)
    try:
        await engine.http.call(requests.task_list(limit=1))
    except (TransportError, ApiError) as error:
        raise RunOutcomeUnknown(row.model, str(error), journal_id=row.id) from None
    found = await lost_runs.find(
        engine, lost_runs.Run(row.id, row.model, row.parameters, row.intent_at), (0.0,)
    )
    if not found:
        return None
    await asyncio.to_thread(engine.journal.submitted, row.id, found[-1])
    return found[-1]
