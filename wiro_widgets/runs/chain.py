"""Chains: results of other runs as file values, waited for if need be, and the tasks that they came from.

A value is the result of another run if it is a task, a result, a record or an output, or if its type has a method
`__wiro_input__` that returns one of these or a list of them: blocking tasks, Images, cells and panels have it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wiro_widgets.journal.result import TaskResult, verified_result
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.task import AsyncTask


@dataclass(frozen=True, slots=True)
class FailedInput:
    """A file value that will never come, because its run has failed; in the place of the value of a sweep's cell."""

    error: InvalidParameter
    name: str = "a failed input"  # in the headings of a board


def pending_tasks(values: Mapping[str, Any]) -> list[AsyncTask]:
    """Return the tasks among the values that are not over, each once."""
    tasks = (item for value in values.values() for item in _items(value) if isinstance(item, AsyncTask))
    return list({id(task): task for task in tasks if not task.over}.values())


def upstream_tasks(values: Mapping[str, Any]) -> list[AsyncTask]:
    """Return the tasks that are not over among the values, and among the values of these, each once."""
    tasks = {id(task): task for task in pending_tasks(values)}
    queue = list(tasks.values())
    for task in queue:
        new = {id(one): one for one in pending_tasks(task.values) if id(one) not in tasks}
        tasks |= new
        queue += new.values()
    return queue


def parents(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the tasks whose outputs are among the values, each once."""
    items = (item for value in values.values() for item in _items(value))
    ids = (
        item.task_id if isinstance(item, Output) else getattr(item, "id", None)
        for item in items
        if isinstance(item, Output | AsyncTask)
    )
    return tuple(dict.fromkeys(task_id for task_id in ids if task_id))


async def resolve(engine: Engine, values: Mapping[str, Any], schema: ModelSchema | None) -> dict[str, Any]:
    """Return the values with outputs in place of tasks, results, records and panels; waits for the tasks.

    A field of one file takes a result with one file that fits; a field of several takes all of them. Raises
    InvalidParameter that names the field, if a task failed or a result has not what the field is for.
    """
    resolved = dict(values)
    for name, value in values.items():
        if has_result(value):
            parameter = (schema.get(name) if schema else None) or Parameter(name, kind="file")
            resolved[name] = await _resolve_one(engine, value, parameter)
    return resolved


async def resolve_runs(
    engine: Engine, runs: Sequence[Mapping[str, Any]], schema: ModelSchema | None
) -> list[Mapping[str, Any]]:
    """Return the values of several runs as `resolve` does, with a FailedInput in place of what failed."""
    resolved: list[Mapping[str, Any]] = []
    for values in runs:
        names = [name for name, value in values.items() if has_result(value)]
        new_values: dict[str, Any] = {}
        for name in names:
            try:
                new_values |= await resolve(engine, {name: values[name]}, schema)
            except InvalidParameter as error:
                new_values[name] = FailedInput(error)
        resolved.append({**values, **new_values} if names else values)
    return resolved


async def resolve_axes(
    engine: Engine, values: Mapping[str, Any], schema: ModelSchema | None
) -> dict[str, Any]:
    """Return the values of a sweep: those of a list, which is an axis, as `resolve_runs`, others as `resolve` does."""
    resolved = dict(values)
    for name, value in values.items():
        if not has_result(value):
            continue
        if isinstance(value, list | tuple):
            runs = await resolve_runs(engine, [{name: item} for item in _items(value)], schema)
            resolved[name] = [run[name] for run in runs]
        else:
            resolved |= await resolve(engine, {name: value}, schema)
    return resolved


def has_result(value: Any) -> bool:
    """Return True if the value is, or has, the result of another run, which `resolve` replaces."""
    return any(_is_result(item) for item in _items(value))


async def _resolve_one(engine: Engine, value: Any, parameter: Parameter) -> Any:
    if parameter.kind != "file":
        raise parameter.refuse("the result of another run is no value of this field; it takes no file")
    files: list[Any] = []
    for item in _items(value):
        files += await _outputs(engine, item, parameter) if _is_result(item) else [item]
    if parameter.multiple:
        return parameter.convert(files)
    if len(files) > 1:
        raise parameter.refuse(
            f"the result has {len(files)} files and the field takes one; choose one, as in result.outputs[0]"
        )
    return files[0]


async def _outputs(engine: Engine, item: Any, parameter: Parameter) -> Sequence[Output]:
    """Return the files of a result that fit the field."""
    if isinstance(item, Output):
        return [item]
    name = "the result"
    if isinstance(item, AsyncTask):
        name = f"task {item.id}" if item.id else f"the run of {item.model}"
        item = await _wait(item, name, parameter)
    if isinstance(item, TaskRecord):
        name = f"task {item.task_id}"
        item = await asyncio.to_thread(_result_of_record, engine, item)
    outputs = [output for output in item.outputs if output.content is None]
    fitting = [output for output in outputs if parameter.accept != "image" or output.is_image]
    if not fitting:
        kind = parameter.accept or "file"
        raise parameter.refuse(f"{name} has no {kind} to use" + (", only other files" if outputs else ""))
    return fitting


async def _wait(task: AsyncTask, name: str, parameter: Parameter) -> TaskResult:
    if not task.over:
        if task.loop is None:
            raise parameter.refuse(f"{name} was not sent, so it makes nothing")
        if task.loop is asyncio.get_running_loop():
            await task.finished.wait()
        else:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(task.finished.wait(), task.loop))
    try:
        return task.result()
    except WiroError as error:
        raise parameter.refuse(f"this run was not sent, because its input failed. {error}") from error


def _result_of_record(engine: Engine, record: TaskRecord) -> TaskResult:
    """Return the result of a record, with the files that are as the journal noted them.

    Files of a record that the journal does not have must lie in the output folder, as those of an imported one.
    """
    row = engine.journal.find(record.task_id, engine.server) if record.task_id else None
    if row is None:
        row = JournalRow(
            id="",
            server=engine.server,
            model=record.model or "",
            parameters={},
            intent_at=datetime.now(UTC),
            task_id=record.task_id,
            record=record,
            paths=record.output_paths,
        )
    return verified_result(row, engine.downloads.output_dir)


def _items(value: Any) -> Sequence[Any]:
    """Return the single values of a value, with tasks and results in place of what stands for them."""
    if hasattr(type(value), "__wiro_input__"):
        return _items(value.__wiro_input__())
    if isinstance(value, list | tuple):
        return [inner for item in value for inner in _items(item)] if value else []
    return (value,)


def _is_result(item: Any) -> bool:
    return isinstance(item, AsyncTask | TaskResult | TaskRecord | Output)
