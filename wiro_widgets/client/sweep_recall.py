"""What the journal knows of a sweep's cells: done, still running, or a hole to be run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wiro_widgets.client import claims
from wiro_widgets.client.engine import Engine
from wiro_widgets.client.reuse import is_whole
from wiro_widgets.client.sweep_cell import Cell
from wiro_widgets.protocol.errors import RunOutcomeUnknown
from wiro_widgets.results.result import result_of
from wiro_widgets.results.rows import SENT, JournalRow, Query, record_of_row

_BEST_FIRST = ("succeeded", "running", "submitting", "unknown")


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the journal told: `under_way` has the tasks that may still run, by the index of their cells.

    `judged` has the runs without a task whose cells may run again, as far as anybody can know.
    """

    under_way: dict[int, str]
    judged: frozenset[str]


async def recall(engine: Engine, cells: Iterable[Cell[Any]]) -> Recalled:
    """Give cells that have succeeded before their results, and tell of those that may still run.

    A Run whose reply was lost is looked for in Wiro's list: found it is such a task, and where the list does not have
    it no task was made, so the cell is a hole. Only where Wiro cannot be asked it stays unknown. What another process
    sends just now is left for when the cell's turn comes.
    """
    wanted = list(cells)
    known = await asyncio.to_thread(_rows, engine, wanted)
    under_way: dict[int, str] = {}
    judged: set[str] = set()
    for cell in wanted:
        rows = known.get((cell.content, cell.number), [])
        row = min(rows, key=_rank, default=None)
        if row is None:
            continue
        if row.outcome == "succeeded" and is_whole(row):
            cell.result = result_of(record_of_row(row))
            cell.from_journal = True
            cell.end("succeeded")
        elif row.task_id is not None:
            under_way[cell.index] = row.task_id
        elif row.outcome != "submitting" or not claims.looked_after(row):
            judged |= {item.id for item in rows if item.task_id is None and not claims.looked_after(item)}
            await _look_for(engine, cell, row, under_way)
    return Recalled(under_way, frozenset(judged))


async def _look_for(engine: Engine, cell: Cell[Any], row: JournalRow, under_way: dict[int, str]) -> None:
    """Find the task that a Run without a reply became."""
    try:
        found = await claims.task_of(engine, row)
    except RunOutcomeUnknown as error:
        cell.end("unknown", error)
    else:
        if found is not None:
            under_way[cell.index] = found


def _rows(engine: Engine, cells: list[Cell[Any]]) -> dict[tuple[str, int], list[JournalRow]]:
    """Return the rows of each cell that tell anything, newest first."""
    query = Query(server=engine.server, contents={cell.content for cell in cells}, outcomes=SENT)
    found: dict[tuple[str, int], list[JournalRow]] = {}
    for row in engine.journal.rows(query):
        if row.cell is not None and row.content is not None and row.outcome in _BEST_FIRST:
            found.setdefault((row.content, row.cell), []).append(row)
    return found


def _rank(row: JournalRow) -> int:
    return _BEST_FIRST.index(row.outcome)
