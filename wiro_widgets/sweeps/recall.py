"""What the journal knows of a sweep's cells: done before, still running, on their way elsewhere, or to be run."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wiro_widgets.journal.process import is_abandoned, is_attended
from wiro_widgets.journal.result import TaskResult, result_of_row
from wiro_widgets.journal.row import SENT, UNTYPED, JournalRow, Query
from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol.errors import ConfigurationError, RunOutcomeUnknown
from wiro_widgets.protocol.lookup import Absent, Lookup, Present, Unknown
from wiro_widgets.runs import lost_runs, reuse
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import UnknownPolicy
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
    `sent_elsewhere` has the cells whose Runs another process or client sends at this moment.
    """

    task_ids: dict[int, str] = field(default_factory=dict)
    sent_elsewhere: set[int] = field(default_factory=set)


async def recall(engine: Engine, cells: Sequence[Cell[Any]], unknown: UnknownPolicy = "ask") -> EarlierRuns:
    """Give cells that have succeeded before their results, and return what is known of the others.

    A Run whose reply was lost is looked for in Wiro's list. If it is not certain which task it became, or whether it
    became one, the cell ends as unknown: that the list does not show it proves nothing. Raises ConfigurationError if
    the journal cannot tell whether a cell has run before, unless `unknown` is "send".
    """
    earlier = EarlierRuns()
    histories, absence = await asyncio.to_thread(_histories, engine, {cell.content for cell in cells})
    is_covered = {(cell.content, cell.number) for cell in cells} <= histories.keys()
    if isinstance(absence, Unknown) and unknown == "ask" and not is_covered:
        raise ConfigurationError(
            f"Nothing was sent, because cells of this sweep may have run before: {absence.reason}.\n"
            'To send them all the same, use sweep(..., unknown="send"), or a client with journal=False.'
        )
    lost_rows: dict[int, list[JournalRow]] = {}
    for cell in cells:
        rows, result = histories.get((cell.content, cell.number), _NO_HISTORY)
        if not rows:
            if cell.status == "unknown" and isinstance(absence, Absent):
                cell.status = "pending"  # the user has closed or removed its row
            continue
        best = rows[0]
        if result is not None:
            cell.result = result
            cell.from_journal = True
            cell.end("succeeded")
        elif best.task_id is not None and not best.is_imported:
            earlier.task_ids[cell.index] = best.task_id
        elif any(row.outcome == "submitting" and is_attended(row) for row in rows):
            earlier.sent_elsewhere.add(cell.index)  # the scheduler waits for it when it is the cell's turn
        else:
            lost_rows[cell.index] = rows
    await _look_up_lost(engine, {cell.index: cell for cell in cells}, lost_rows, earlier)
    if unknown == "ask":
        new_cells = [cell for cell in cells if (cell.content, cell.number) not in histories]
        await asyncio.to_thread(_end_uncertain, engine, new_cells)
    return earlier


def _end_uncertain(engine: Engine, cells: Sequence[Cell[Any]]) -> None:
    """End cells as unknown if an equal run may have been made with a schema, which this sweep lacks, or vice versa."""
    by_model: dict[str, list[Cell[Any]]] = {}
    for cell in cells:
        by_model.setdefault(cell.model, []).append(cell)
    for model, group in by_model.items():
        is_typed = not group[0].content.startswith(UNTYPED)
        shows = "did not show" if is_typed else "showed"
        reason = f"the catalogue {shows} the model when an equal run was made, so the two cannot be compared"
        rows = reuse.find_uncertain(engine, model, [cell.values for cell in group], is_typed=is_typed)
        for index, row in rows.items():
            candidates = (row.task_id,) if row.task_id else ()
            group[index].end(
                "unknown", RunOutcomeUnknown(row.model, reason, journal_id=row.id, candidates=candidates)
            )


async def _look_up_lost(
    engine: Engine,
    cells: Mapping[int, Cell[Any]],
    lost_rows: Mapping[int, list[JournalRow]],
    earlier: EarlierRuns,
) -> None:
    """Add the tasks of Runs without a reply, and those that imported rows name, to `earlier`; both go by index.

    The other cells end as unknown.
    """
    imported_rows = {index: rows[0] for index, rows in lost_rows.items() if rows[0].task_id is not None}
    for index, row in imported_rows.items():
        answer = await lost_runs.confirm(engine, row, plain(cells[index].values))
        _use_answer(answer, row, cells[index], earlier)
    lost_rows = {index: rows for index, rows in lost_rows.items() if index not in imported_rows}
    answers = await lost_runs.look_up_all(engine, [row for rows in lost_rows.values() for row in rows])
    for index, rows in lost_rows.items():
        present = (row for row in rows if isinstance(answers[row.id], Present))
        row = next(present, rows[0])
        _use_answer(answers[row.id], row, cells[index], earlier)


def _use_answer(answer: Lookup[str], row: JournalRow, cell: Cell[Any], earlier: EarlierRuns) -> None:
    """Note the task of a cell's earlier run, or end the cell as unknown."""
    if isinstance(answer, Present):
        earlier.task_ids[cell.index] = answer.value
    elif isinstance(answer, Unknown):
        error = RunOutcomeUnknown(row.model, answer.reason, journal_id=row.id, candidates=answer.candidates)
        cell.end("unknown", error)


def open_cells(engine: Engine, cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Return the cells of which the journal has no result; reads it."""
    planned_cells = list(cells)
    histories, _ = _histories(engine, {cell.content for cell in planned_cells})
    return [
        cell for cell in planned_cells if histories.get((cell.content, cell.number), _NO_HISTORY)[1] is None
    ]


def _histories(
    engine: Engine, contents: Collection[str]
) -> tuple[dict[tuple[str, int], CellHistory], Absent | Unknown]:
    """Return what the journal has of each cell, by content and number, and what it means that it has nothing of one.

    A cell has a result only if all its files are here.
    """
    query = Query(server=engine.server, contents=contents, outcomes=SENT)
    reading = engine.journal.read(query, patience=engine.timing.journal_lock)
    rows_by_cell: dict[tuple[str, int], list[JournalRow]] = {}
    for row in reading.rows:
        if row.cell is None or row.content is None or row.outcome not in _INFORMATIVE_FIRST:
            continue
        if not is_abandoned(row):
            rows_by_cell.setdefault((row.content, row.cell), []).append(row)
    for rows in rows_by_cell.values():
        rows.sort(key=lambda row: _INFORMATIVE_FIRST.index(row.outcome))
    best = {key: rows[0] for key, rows in rows_by_cell.items() if rows[0].outcome == "succeeded"}
    whole = dict(zip(best, reuse.which_are_whole(engine, list(best.values())), strict=True))
    histories: dict[tuple[str, int], CellHistory] = {
        key: (rows, result_of_row(rows[0]) if whole.get(key) else None) for key, rows in rows_by_cell.items()
    }
    return histories, reading.absence
