"""What the journal knows of a sweep's cells: done, still running, or a hole to be run."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.journal.row import SENT, JournalRow, Query, record_of_row
from wiro_widgets.protocol.errors import RunOutcomeUnknown
from wiro_widgets.runs import claims
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.reuse import is_whole
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import PlannedCell

# The rows of a cell, those that tell most first and of these the newest, and its result.
Known = tuple[list[JournalRow], TaskResult | None]
_NOTHING: Known = ([], None)
_BEST_FIRST = ("succeeded", "running", "submitting", "unknown")


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the journal told: `under_way` has the tasks that may still run, by the index of their cells.

    `elsewhere` has the cells whose Runs somebody else sends just now, `judged` the runs without a task whose cells may
    run again, as far as anybody can know.
    """

    under_way: dict[int, str]
    elsewhere: frozenset[int]
    judged: frozenset[str]


async def recall(engine: Engine, cells: Iterable[Cell[Any]]) -> Recalled:
    """Give cells that have succeeded before their results, and tell of those that may still run.

    A Run whose reply was lost is looked for in Wiro's list: found it is such a task, and where the list does not have
    it no task was made, so the cell is a hole. Only where Wiro cannot be asked it stays unknown. What another process
    sends just now is left for when the cell's turn comes.
    """
    wanted = list(cells)
    known = await asyncio.to_thread(_known, engine, {cell.content for cell in wanted})
    under_way: dict[int, str] = {}
    elsewhere: set[int] = set()
    judged: set[str] = set()
    for cell in wanted:
        rows, result = known.get((cell.content, cell.number), _NOTHING)
        if not rows:
            continue
        row = rows[0]
        if result is not None:
            cell.result = result
            cell.from_journal = True
            cell.end("succeeded")
        elif row.task_id is not None:
            under_way[cell.index] = row.task_id
        elif row.outcome == "submitting" and claims.is_attended(row):
            elsewhere.add(cell.index)
        else:
            judged |= {item.id for item in rows if item.task_id is None and not claims.is_attended(item)}
            await _look_for(engine, cell, row, under_way)
    return Recalled(under_way, frozenset(elsewhere), frozenset(judged))


def open_cells(engine: Engine, cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Return the cells that the journal has no result of; reads it."""
    planned = list(cells)
    known = _known(engine, {cell.content for cell in planned})
    return [cell for cell in planned if known.get((cell.content, cell.number), _NOTHING)[1] is None]


async def _look_for(engine: Engine, cell: Cell[Any], row: JournalRow, under_way: dict[int, str]) -> None:
    """Find the task that a Run without a reply became."""
    try:
        found = await claims.find_task(engine, row)
    except RunOutcomeUnknown as error:
        cell.end("unknown", error)
    else:
        if found is not None:
            under_way[cell.index] = found


def _known(engine: Engine, contents: Collection[str]) -> dict[tuple[str, int], Known]:
    """Return what the journal has of each cell: the rows that tell anything, and the result where all of it is here."""
    query = Query(server=engine.server, contents=contents, outcomes=SENT)
    found: dict[tuple[str, int], list[JournalRow]] = {}
    for row in engine.journal.rows(query):
        if row.cell is not None and row.content is not None and row.outcome in _BEST_FIRST:
            found.setdefault((row.content, row.cell), []).append(row)
    return {key: _best(rows) for key, rows in found.items()}


def _best(rows: list[JournalRow]) -> Known:
    ranked = sorted(rows, key=lambda row: _BEST_FIRST.index(row.outcome))
    whole = ranked[0].outcome == "succeeded" and is_whole(ranked[0])
    return ranked, result_of(record_of_row(ranked[0])) if whole else None
