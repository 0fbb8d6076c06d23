"""Answers a run from the history when the same run has been paid for: same model, values, files and fixed seed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from wiro_widgets.client import content, files
from wiro_widgets.client.engine import Engine
from wiro_widgets.protocol import drift
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.results.result import TaskResult, result_of
from wiro_widgets.results.rows import JournalRow, Query, record_of_row


async def answer(
    engine: Engine, model: str, values: Mapping[str, Any], schema: ModelSchema | None
) -> TaskResult | None:
    """Return the result of the same run, marked as reused and free of cost; None where there is none.

    Raises InvalidParameter when a file is missing, or is not what its field is for.
    """
    if not has_fixed_seed(values, schema):
        return None
    return await asyncio.to_thread(_found, engine, model, values, schema)


def has_fixed_seed(values: Mapping[str, Any], schema: ModelSchema | None) -> bool:
    """Whether a seed is given that gives the same again: blank, negative and a model's own 0 mean a random one."""
    seed = drift.integer(values.get("seed"))
    if seed is None or seed < 0:
        return False
    parameter = schema.get("seed") if schema else None
    return seed != 0 or parameter is None or drift.integer(parameter.default) != 0


def is_whole(row: JournalRow) -> bool:
    """Whether all that the run made is still where it was put: its files on the disk, a text in the journal."""
    if row.record is None or row.record.output_count == 0:
        return False
    texts = row.record.output_count - len(row.record.output_urls)  # these have no address
    return (
        (texts == 0 or row.record.text is not None)
        and len(row.paths) == row.record.output_count - texts
        and all(Path(path).is_file() for path in row.paths)
    )


def _found(
    engine: Engine, model: str, values: Mapping[str, Any], schema: ModelSchema | None
) -> TaskResult | None:
    with ExitStack() as opened:
        key = content.key(model, files.prepare(values, schema, opened))
    query = Query(server=engine.server, contents=(key,), outcomes=("succeeded",))
    row = next(filter(is_whole, engine.journal.rows(query)), None)
    if row is None:
        return None
    engine.journal.reused(row.id)
    record = record_of_row(row)
    return result_of(replace(record, reused_from=record.task_id, total_cost=0.0))
