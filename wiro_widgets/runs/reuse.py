"""Answer a run without sending it: from the history, or by an equal run whose task can serve.

A result answers if model, values, files and a fixed seed are the same, and the outputs are still here.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from wiro_widgets.journal import output_files
from wiro_widgets.journal.process import is_abandoned, is_attended
from wiro_widgets.journal.result import TaskResult, result_of_row
from wiro_widgets.journal.row import SENT, UNSETTLED, JournalRow, Query
from wiro_widgets.media.cloud_files import is_address
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ConfigurationError, WiroWarning
from wiro_widgets.protocol.lookup import Absent, Lookup, Present, Unknown
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs import fingerprint, inputs, lost_runs
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions

LOOKS_AT_ONCE = 16  # at files that are at addresses
_SCALAR = (bool, int, float, str)


def has_fixed_seed(values: Mapping[str, Any], schema: ModelSchema | None) -> bool:
    """Return True if the seed gives the same again; blank, negative or the model's own 0 mean a random one."""
    seed = wire_values.integer(values.get("seed"))
    if seed is None or seed < 0:
        return False
    parameter = schema.get("seed") if schema else None
    return seed != 0 or parameter is None or wire_values.integer(parameter.default) != 0


def _url_input(values: Mapping[str, Any], schema: ModelSchema | None) -> str | None:
    """Return the name of a file input that is given as a web address."""
    for name, value in values.items():
        parameter = schema.get(name) if schema else None
        is_file = parameter.kind == "file" if parameter else name.lower() != "callbackurl"
        if is_file and any(map(is_url, value if isinstance(value, list | tuple) else [value])):
            return name
    return None


async def answer(
    engine: Engine, model: str, values: Mapping[str, Any], schema: ModelSchema | None
) -> TaskResult | None:
    """Return the result of the same run, marked as reused and free of cost, or None.

    Raises InvalidParameter when a file is missing, or is not what its field is for, ConfigurationError if the journal
    cannot be read.
    """
    if not has_fixed_seed(values, schema):
        return None
    if name := _url_input(values, schema):
        text = f"{name} is a web address, whose content may have changed: the run is not answered from the history."
        with suppress(WiroWarning):  # even if warnings are errors, the run goes on
            warnings.warn(text, WiroWarning, stacklevel=2)
        return None
    return await asyncio.to_thread(_answer_from_journal, engine, model, values, schema)


def answerable(engine: Engine, contents: Collection[str]) -> set[str]:
    """Return those of the contents whose runs, with a fixed seed, the history answers; reads the journal."""
    query = Query(server=engine.server, contents=contents, outcomes=("succeeded",))
    rows = [row for row in engine.journal.rows(query) if row.content]
    pairs = zip(rows, which_are_whole(engine, rows), strict=True)
    return {row.content for row, whole in pairs if whole and row.content}


def may_have_task(row: JournalRow) -> bool:
    """Return True if the run has a task that did not fail, or if nobody knows that it has none."""
    if row.outcome in ("submitting", "unknown"):
        return not is_abandoned(row)
    return row.outcome in ("running", "succeeded") and row.task_id is not None


def find_uncertain(
    engine: Engine, model: str, runs: Sequence[Mapping[str, Any]], *, is_typed: bool
) -> dict[int, JournalRow]:
    """Return rows that may be the same runs, by index, made without a schema if these have one, or vice versa.

    Their fingerprints prove nothing about each other. What is sent without a schema is all there with one, in other
    types and beside defaults; files are not compared. Reads the journal.
    """
    query = Query(server=engine.server, model=model, outcomes=SENT, is_typed=not is_typed)
    rows = [row for row in engine.journal.rows(query) if row.content is not None and may_have_task(row)]
    others = [row.parameters for row in rows]
    typed, untyped = (runs, others) if is_typed else (others, runs)
    groups: dict[frozenset[str], list[int]] = {}
    for index, values in enumerate(untyped):
        names = frozenset(name for name, value in values.items() if value is not None and value != "")
        groups.setdefault(names, []).append(index)
    pairs: dict[int, JournalRow] = {}
    for names, indexes in groups.items():
        complete = [index for index, values in enumerate(typed) if names <= values.keys()]
        sides = [*(typed[index] for index in complete), *(untyped[index] for index in indexes)]
        comparable = sorted(name for name in names if all(isinstance(side[name], _SCALAR) for side in sides))
        by_values: dict[tuple[object, ...], list[int]] = {}
        for index in indexes:
            by_values.setdefault(_texts(untyped[index], comparable), []).append(index)
        for index in complete:
            for other in by_values.get(_texts(typed[index], comparable), ()):
                run, row = (index, rows[other]) if is_typed else (other, rows[index])
                pairs[run] = row
    return pairs


def _texts(values: Mapping[str, Any], names: Sequence[str]) -> tuple[object, ...]:
    """Return values as they compare whatever their types: 20 as "20", True as "true"."""
    numbers = ((name, wire_values.number(values[name])) for name in names)
    return tuple(wire_values.text(values[name]) if number is None else number for name, number in numbers)


def is_whole(engine: Engine, row: JournalRow) -> bool:
    """Return True if all that the run made is still there and as it was: files on the disk, text in the journal.

    A file has the bytes that were noted; of an imported run it lies in the output folder. One that cannot be asked for
    at its address does not count as there; see `output_files.unreachable`.
    """
    return (
        row.record is not None
        and is_here(replace(row.record, output_paths=row.paths))
        and output_files.verify(row, engine.downloads.output_dir)
    )


def which_are_whole(engine: Engine, rows: Sequence[JournalRow]) -> list[bool]:
    """Return `is_whole` of each row; files at addresses are asked for several at a time."""
    if not any(is_address(path) for row in rows for path in row.paths):
        return [is_whole(engine, row) for row in rows]
    with ThreadPoolExecutor(LOOKS_AT_ONCE, "wiro-looks") as pool:
        return list(pool.map(lambda row: is_whole(engine, row), rows))


def is_here(record: TaskRecord) -> bool:
    """Return True if the record has all that its run made: the text, and files that this process can see or fetch."""
    texts = record.output_count - len(record.output_urls)  # these have no address
    return (
        record.output_count > 0
        and (texts == 0 or record.text is not None)
        and len(record.output_paths) == record.output_count - texts
        and all(is_address(path) or Path(path).is_file() for path in record.output_paths)
    )


def _answer_from_journal(
    engine: Engine, model: str, values: Mapping[str, Any], schema: ModelSchema | None
) -> TaskResult | None:
    with ExitStack() as files:
        ready = inputs.prepare(values, schema, files)
        content = fingerprint.of_run(model, ready, is_typed=schema is not None)
    query = Query(server=engine.server, contents=(content,), outcomes=("succeeded",))
    reading = engine.journal.read(query, patience=engine.timing.journal_lock)
    row = next((row for row in reading.rows if is_whole(engine, row)), None)
    if row is None and isinstance(reading.absence, Unknown):
        raise ConfigurationError(
            f"Nothing was sent, because this run may have been paid for before: {reading.absence.reason}.\n"
            "To send it all the same, leave out reuse=True, or use a client with journal=False."
        )
    for other in reading.rows if row is None else ():
        if reason := output_files.unreachable(other, engine.downloads.output_dir):
            raise ConfigurationError(
                f"Nothing was sent, since task {other.task_id} is the same run and its outputs may exist: {reason}.\n"
                "Try again when the output folder can be asked, or leave out reuse=True."
            )
    if row is None and find_uncertain(engine, model, [values], is_typed=schema is not None):
        raise ConfigurationError(
            "Nothing was sent, because an equal run may have been paid for before, and the catalogue showed the model "
            "for one of the two only.\nTry again when it shows the model, or leave out reuse=True."
        )
    if row is None:
        return None
    engine.journal.reused(row.id)
    result = result_of_row(row)
    return replace(result, record=replace(result.record, reused_from=result.record.task_id, total_cost=0.0))


# An equal run that is under way, or may be


def stands_in(engine: Engine, row: JournalRow, options: RunOptions, *, seed_is_fixed: bool) -> bool:
    """Return True if the run of that row takes the place of one of equal content, which is then not sent."""
    if options.reuse and seed_is_fixed:
        is_made_elsewhere = row.outcome == "succeeded" and row.is_elsewhere  # its task still has the outputs
        if row.outcome in UNSETTLED or is_made_elsewhere or is_under_way(engine, row):
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
