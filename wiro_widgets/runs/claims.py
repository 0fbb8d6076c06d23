"""Deduplicate: find a journal row whose task can serve an equal run, so that the run need not be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from wiro_widgets.journal.process import is_attended
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ApiError, NotFound, RunOutcomeUnknown, TransportError
from wiro_widgets.runs import lost_runs
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.runs.reuse import is_whole

LIST_REACHES_BACK = timedelta(days=1)  # an older Run cannot be looked for in Wiro's list with confidence


def stands_in(engine: Engine, row: JournalRow, options: RunOptions, *, seed_is_fixed: bool) -> bool:
    """Return True if the run of that row takes the place of one of equal content, which is then not sent."""
    if options.reuse and seed_is_fixed and is_under_way(engine, row):
        return True
    same_cell = options.share_cell and row.cell == options.cell and row.id not in options.ignored_rows
    return same_cell and may_have_task(row)


def may_have_task(row: JournalRow) -> bool:
    """Return True if the run has a task that did not fail, or if nobody knows that it has none."""
    if row.outcome in ("submitting", "unknown"):
        return True
    return row.outcome in ("running", "succeeded") and row.task_id is not None


def is_under_way(engine: Engine, row: JournalRow) -> bool:
    """Return True if somebody is sending or following that run now, or if it has just succeeded."""
    if row.outcome == "succeeded":
        return is_whole(row)
    ours = row.task_id is not None and engine.task(row.task_id) is not None
    return row.outcome in ("submitting", "running") and (ours or is_attended(row))


async def take_over(
    engine: Engine, row: JournalRow, pause: Callable[[float], Awaitable[None]]
) -> tuple[JournalRow, TaskDetail] | None:
    """Return an earlier run with its task, after its receipt is in; None if it became no task.

    Raises RunOutcomeUnknown if that cannot be known, TransportError or an ApiError if Wiro cannot be asked.
    """
    while row.outcome == "submitting" and is_attended(row):
        await pause(engine.timing.claim_poll)
        newer = await asyncio.to_thread(engine.journal.row, row.id)
        if newer is None:
            return None
        row = newer
    if not may_have_task(row):
        return None
    task_id = row.task_id or await find_task(engine, row)
    if task_id is None:
        return None
    try:
        return row, await engine.detail(task_id)
    except NotFound:
        return None


async def find_task(engine: Engine, row: JournalRow) -> str | None:
    """Return the task of a Run without a reply, and write it down; None if Wiro's list does not have it.

    What the list does not have was not made. Raises RunOutcomeUnknown if the list cannot be read or is too short.
    """
    if datetime.now(UTC) - row.intent_at > LIST_REACHES_BACK:
        reason = "it is too long ago to look for it in Wiro's list"
        raise RunOutcomeUnknown(row.model, reason, journal_id=row.id)
    try:
        await engine.http.call(requests.task_list(limit=1))
    except (TransportError, ApiError) as error:
        raise RunOutcomeUnknown(row.model, str(error), journal_id=row.id) from None
    candidates = await lost_runs.find(engine, lost_runs.Run.of_row(row), looks=(0.0,))
    if not candidates:
        return None
    await asyncio.to_thread(engine.journal.submitted, row.id, candidates[-1])
    return candidates[-1]
