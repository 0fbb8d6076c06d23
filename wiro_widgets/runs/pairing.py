"""Which task each Run without a reply became: runs that are equal may have equal tasks in any order."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterable
from contextlib import suppress

from wiro_widgets.journal.row import JournalRow
from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.runs import lost_runs as lost
from wiro_widgets.runs.engine import Engine


async def pair(engine: Engine, rows: Iterable[JournalRow]) -> dict[str, str]:
    """Return the task of each row, newest first, that has one by Wiro's list, and write it down.

    Where more tasks fit than runs are lost, none is taken: a WiroWarning names them.
    """
    paired: dict[str, str] = {}
    for alike in _groups(rows):
        found = await _find(engine, alike[-1])  # the oldest one sees all that the others see
        equal = all(row.parameters == alike[0].parameters for row in alike)
        if found and not (equal and len(found) <= len(alike)):
            _tell(alike, found)
            continue
        for row in alike if found else ():
            fitting = await _find(engine, row)
            if fitting:
                await asyncio.to_thread(engine.journal.submitted, row.id, fitting[0])
                paired[row.id] = fitting[0]
    return paired


def _groups(rows: Iterable[JournalRow]) -> list[list[JournalRow]]:
    """Return the rows that the same tasks fit together, those that say most first."""
    groups: dict[tuple[str, str], list[JournalRow]] = {}
    for row in rows:
        key = (row.model.lower(), repr(sorted(lost.comparable(row.parameters).items())))
        groups.setdefault(key, []).append(row)
    return sorted(groups.values(), key=lambda alike: -len(lost.comparable(alike[0].parameters)))


async def _find(engine: Engine, row: JournalRow) -> tuple[str, ...]:
    run = lost.Run(row.id, row.model, row.parameters, row.intent_at)
    return await lost.find(engine, run, pauses=(0.0,))


def _tell(alike: list[JournalRow], found: tuple[str, ...]) -> None:
    runs = "A run" if len(alike) == 1 else f"{len(alike)} runs"
    text = (
        f"{runs} of {alike[0].model} got no reply, and which of these tasks came of it cannot be told: "
        f"{', '.join(found)}. Look at them on Wiro; client.attach(id) picks one up."
    )
    with suppress(WiroWarning):  # even where warnings are errors, the other runs are recovered
        warnings.warn(text, WiroWarning, stacklevel=2)
