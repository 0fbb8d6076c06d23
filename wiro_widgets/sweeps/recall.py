"""What the journal knows of a sweep's cells: done before, still running, on their way elsewhere, or to be run."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from wiro_widgets.journal.process import is_attended
from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.journal.row import SENT, JournalRow, Query, record_of_row
from wiro_widgets.protocol.errors import RunOutcomeUnknown
from wiro_widgets.runs import claims
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.reuse import is_whole
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import PlannedCell

# The rows of a cell, the most informative first and among equals the newest first, and the result of that first row.
CellHistory = tuple[list[JournalRow], TaskResult | None]
_NO_HISTORY: CellHistory = ([], None)
_INFORMATIVE_FIRST = ("succeeded", "running", "submitting", "unknown")


@dataclass(slots=True)
class EarlierRuns:
    """What the journal says of cells that have no result there.

    `task_ids` has the tasks that may still run, by the index of their cells: they are attached, not sent.
    `sent_elsewhere` has the cells whose Runs another process or client sends at this moment. `taskless_rows` has the
    rows of runs that became no task as far as anybody can know: they do not keep their cells from being sent.
    """

    task_ids: dict[int, str] = field(default_factory=dict)
    sent_elsewhere: set[int] = field(default_factory=set)
    taskless_rows: set[str] = field(default_factory=set)


async def recall(engine: Engine, cells: Sequence[Cell[Any]]) -> EarlierRuns:
    """Give cells that have succeeded before their results, and return what is known of the others.

    A Run whose reply was lost is looked for in Wiro's list. If the list has it, it is a task that may still run; if
    not, no task was made and the cell may be sent. If Wiro cannot be asked, the cell ends as unknown.
    """
    earlier = EarlierRuns()
    histories = await asyncio.to_thread(_histories, engine, {cell.content for cell in cells})
    for cell in cells:
        rows, result = histories.get((cell.content, cell.number), _NO_HISTORY)
        if not rows:
            continue
        best = rows[0]
        if result is not None:
            cell.result = result
            cell.from_journal = True
            cell.end("succeeded")
        elif best.task_id is not None:
            earlier.task_ids[cell.index] = best.task_id
        elif best.outcome == "submitting" and is_attended(best):
            earlier.sent_elsewhere.add(cell.index)  # the scheduler waits for it when it is the cell's turn
        else:
            earlier.taskless_rows |= {row.id for row in rows if row.task_id is None and not is_attended(row)}
            try:
                task_id = await claims.find_task(engine, best)
            except RunOutcomeUnknown as error:
                cell.end("unknown", error)
            else:
                if task_id is not None:
                    earlier.task_ids[cell.index] = task_id
    return earlier


def open_cells(engine: Engine, cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Return the cells of which the journal has no result; reads it."""
    planned_cells = list(cells)
    histories = _histories(engine, {cell.content for cell in planned_cells})
    return [
        cell for cell in planned_cells if histories.get((cell.content, cell.number), _NO_HISTORY)[1] is None
    ]


def _histories(engine: Engine, contents: Collection[str]) -> dict[tuple[str, int], CellHistory]:
    """Return what the journal has of each cell, by content and number; a result only if all its files are here."""
    rows_by_cell: dict[tuple[str, int], list[JournalRow]] = {}
    for row in engine.journal.rows(Query(server=engine.server, contents=contents, outcomes=SENT)):
        if row.cell is not None and row.content is not None and row.outcome in _INFORMATIVE_FIRST:
            rows_by_cell.setdefault((row.content, row.cell), []).append(row)
    histories: dict[tuple[str, int], CellHistory] = {}
    for key, rows in rows_by_cell.items():
        rows.sort(key=lambda row: _INFORMATIVE_FIRST.index(row.outcome))
        is_done = rows[0].outcome == "succeeded" and is_whole(rows[0])
        histories[key] = rows, result_of(record_of_row(rows[0])) if is_done else None
    return histories
