"""Deduplicate: find a journal row whose task can serve an equal run, so that the run need not be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from wiro_widgets.journal.process import is_attended
from wiro_widgets.journal.row import UNSETTLED, JournalRow, Query
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.lookup import Absent, Lookup, Present, Unknown
from wiro_widgets.runs import lost_runs
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.runs.reuse import is_whole, may_have_task


def stands_in(engine: Engine, row: JournalRow, options: RunOptions, *, seed_is_fixed: bool) -> bool:
    """Return True if the run of that row takes the place of one of equal content, which is then not sent."""
    if options.reuse and seed_is_fixed and (row.outcome in UNSETTLED or is_under_way(engine, row)):
        return True
    return options.share_cell and row.cell == options.cell and may_have_task(row)


def is_under_way(engine: Engine, row: JournalRow) -> bool:
    """Return True if somebody is sending or following that run now, or if it has just succeeded."""
    if row.outcome == "succeeded":
        return is_whole(engine, row)
    ours = row.task_id is not None and engine.task(row.task_id) is not None
    return row.outcome in ("submitting", "running") and (ours or is_attended(row))


async def take_over(
    engine: Engine,
    row: JournalRow,
    parameters: Mapping[str, Any],
    pause: Callable[[float], Awaitable[None]],
) -> Lookup[tuple[JournalRow, TaskDetail]]:
    """Return an earlier run with its task, after its receipt is in; Absent only if its row says that it became none.

    `parameters` are the values of the equal run, which the task of an imported row must have. A journal that cannot be
    read is read again for `Timing.journal_lock`.
    """
    clock = asyncio.get_running_loop().time
    read_at = clock()
    while row.outcome == "submitting" and is_attended(row):
        await pause(engine.timing.claim_poll)
        match await asyncio.to_thread(engine.journal.look_up, Query(id=row.id)):
            case Present(rows):
                row, read_at = rows[0], clock()
            case Absent():
                return Absent("its row was removed from the journal")
            case Unknown() as trouble if clock() - read_at > engine.timing.journal_lock:
                return trouble
    if not may_have_task(row):
        return Absent(f"its run is {row.outcome}")
    if row.task_id is None or row.is_imported:
        is_named = row.task_id is not None
        match await (
            lost_runs.confirm(engine, row, parameters) if is_named else lost_runs.look_up(engine, row)
        ):
            case Present(task_id):
                row = replace(row, task_id=task_id)
            case answer:
                return answer
    match await engine.look_up(row.task_id or ""):
        case Present(detail):
            return Present((row, detail))
        case answer:
            return answer
