"""What the journal knows of a sweep's cells: done, still running, or a hole to be run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from wiro_widgets.client import lost
from wiro_widgets.client.engine import Engine
from wiro_widgets.client.reuse import is_whole
from wiro_widgets.client.sweep_cell import Cell
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.errors import ApiError, RunOutcomeUnknown, TransportError
from wiro_widgets.results.result import result_of
from wiro_widgets.results.rows import SENT, JournalRow, Query, record_of_row

LISTED_FOR = timedelta(days=1)  # how far back Wiro's list is searched with confidence
_BEST_FIRST = ("succeeded", "running", "submitting", "unknown")


async def recall(engine: Engine, cells: Iterable[Cell[Any]]) -> dict[int, str]:
    """Give cells that have succeeded before their results, and return the tasks of those that may still run, by index.

    A Run whose reply was lost is looked for in Wiro's list: found it is such a task, and where the list does not have
    it no task was made, so the cell is a hole. Only where Wiro cannot be asked it stays unknown.
    """
    wanted = list(cells)
    known = await asyncio.to_thread(_rows, engine, wanted)
    under_way: dict[int, str] = {}
    for cell in wanted:
        row = known.get((cell.content, cell.number))
        if row is None:
            continue
        if row.outcome == "succeeded" and is_whole(row):
            cell.result = result_of(record_of_row(row))
            cell.from_journal = True
            cell.end("succeeded")
        elif row.task_id is not None:
            under_way[cell.index] = row.task_id
        else:
            await _look_for(engine, cell, row, under_way)
    return under_way


async def _look_for(engine: Engine, cell: Cell[Any], row: JournalRow, under_way: dict[int, str]) -> None:
    """Find the task that a Run without a reply became."""
    reason = "it is on its way just now" if row.id in engine.sending else None
    if datetime.now(UTC) - row.intent_at > LISTED_FOR:
        reason = "it is too long ago to look for it in Wiro's list"
    found: tuple[str, ...] = ()
    try:
        if reason is None:
            await engine.http.call(requests.task_list(limit=1))
            found = await lost.find(
                engine, lost.Run(row.id, row.model, row.parameters, row.intent_at), (0.0,)
            )
    except (TransportError, ApiError) as error:
        reason = str(error)
    if found:
        under_way[cell.index] = found[-1]
        await asyncio.to_thread(engine.journal.submitted, row.id, found[-1])
    elif reason is not None:
        cell.end("unknown", RunOutcomeUnknown(row.model, reason, journal_id=row.id))


def _rows(engine: Engine, cells: list[Cell[Any]]) -> dict[tuple[str, int], JournalRow]:
    """Return the most telling row of each cell."""
    query = Query(server=engine.server, contents={cell.content for cell in cells}, outcomes=SENT)
    found: dict[tuple[str, int], JournalRow] = {}
    for row in engine.journal.rows(query):
        if row.cell is None or row.content is None or row.outcome not in _BEST_FIRST:
            continue
        key = row.content, row.cell
        if key not in found or _rank(row) < _rank(found[key]):
            found[key] = row
    return found


def _rank(row: JournalRow) -> int:
    return _BEST_FIRST.index(row.outcome)
