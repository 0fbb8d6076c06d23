"""Attach to tasks that exist already: begun here, in another process, or in one that was killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from wiro_widgets.journal.process import is_abandoned, is_attended
from wiro_widgets.journal.result import TaskResult, result_of_row
from wiro_widgets.journal.row import JournalRow, Query
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import (
    ApiError,
    InvalidParameter,
    NotFound,
    RunOutcomeUnknown,
    TransportError,
)
from wiro_widgets.protocol.lookup import Lookup, Present, Unknown
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs import lost_runs
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.runs.reuse import is_whole
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.runs.task_runner import TaskRunner
from wiro_widgets.transport.downloads import EarlierFiles
from wiro_widgets.transport.urls import is_loopback

TaskT = TypeVar("TaskT")


@dataclass(frozen=True, slots=True)
class Problem:
    """A run that could not be recovered: its journal row, its task if it has one, its model, and why.

    `candidates` are tasks that may be it. Without a `journal_id` it stands for all runs that the journal cannot tell.
    """

    journal_id: str
    task_id: str | None
    model: str
    reason: str
    candidates: tuple[str, ...] = ()

    def __str__(self) -> str:
        run = f"a run of {self.model}" if self.journal_id else "further runs"
        name = f"task {self.task_id}" if self.task_id else run
        return f"{name}: {self.reason}"


class Recovered(list[TaskT]):
    """The tasks that `recover` attached to; `problems` has the runs that it could not."""

    def __init__(self, tasks: Iterable[TaskT] = (), problems: Iterable[Problem] = ()) -> None:
        super().__init__(tasks)
        self.problems: tuple[Problem, ...] = tuple(problems)

    def add_problem(
        self, journal_id: str, task_id: str | None, model: str, reason: str, candidates: tuple[str, ...]
    ) -> None:
        """Add a run that could not be recovered."""
        self.problems += (Problem(journal_id, task_id, model, reason, candidates),)


_NO_VALUES: Mapping[str, Any] = MappingProxyType({})

_log = logging.getLogger("wiro_widgets")


class Attacher:
    """Makes tasks out of ids, each id once while it is under way; `schema_of` asks nobody."""

    def __init__(self, engine: Engine, schema_of: Callable[[str], ModelSchema | None]) -> None:
        self._engine = engine
        self._schema_of = schema_of
        self._pending: dict[str, asyncio.Task[AsyncTask]] = {}

    def __repr__(self) -> str:
        return f"<Attacher, {len(self._pending)} pending>"

    async def attach(
        self,
        task_id: str,
        options: RunOptions,
        model: str | None = None,
        values: Mapping[str, Any] = _NO_VALUES,
    ) -> AsyncTask:
        """Return the live task, or one made from Task/Detail, the journal and the arguments; raises NotFound.

        If Wiro cannot be asked or has forgotten it, a task whose files are all on the disk is made from these.
        """
        pending = self._pending.get(task_id)
        if pending is None:
            work = self._attach(task_id, options, model, values)
            pending = self._pending[task_id] = asyncio.create_task(work)
            pending.add_done_callback(lambda _: self._pending.pop(task_id, None))
        return await asyncio.shield(pending)

    async def find_run(self, journal_id: str, options: RunOptions) -> AsyncTask:
        """Attach to the task of a journal row, which may have none; raises RunOutcomeUnknown if it is uncertain."""
        row = await asyncio.to_thread(self._engine.journal.row, journal_id)
        answer: Lookup[str] = Unknown("the journal does not have the run")
        if row is not None and row.task_id is not None:
            answer = Present(row.task_id)
        elif row is not None:
            answer = await lost_runs.look_up(self._engine, row)
        if isinstance(answer, Present):
            return await self.attach(answer.value, options)
        reason, task_ids = (
            (answer.reason, answer.candidates) if isinstance(answer, Unknown) else (answer.evidence, ())
        )
        model = row.model if row else ""
        raise RunOutcomeUnknown(model, reason, journal_id=journal_id, candidates=task_ids)

    async def recover(self, options: RunOptions) -> Recovered[AsyncTask]:
        """Attach to every run that was cut off, except those that another living process looks after.

        Never raises for one of them: what cannot be attached is among the `problems` of what is returned.
        """
        engine = self._engine
        recovered: Recovered[AsyncTask] = Recovered()
        query, patience = Query(server=engine.server, is_open=True), engine.timing.journal_lock
        reading = await asyncio.to_thread(engine.journal.read, query, patience=patience)
        rows = [row for row in reading.rows if not is_attended(row)]
        for row in filter(is_abandoned, rows):
            await asyncio.to_thread(engine.journal.give_up, row.id)
        rows = [row for row in rows if not is_abandoned(row)]
        if isinstance(reading.absence, Unknown):
            recovered.add_problem("", None, "", reading.absence.reason, ())
        answers = await lost_runs.look_up_all(engine, [row for row in rows if row.task_id is None])
        for row in rows:
            match answers.get(row.id, Present(row.task_id)):
                case Present(str(task_id)):
                    await self._recover_task(row, task_id, options, recovered)
                case Unknown(reason, candidates):
                    hint = f"client.history.close({row.id!r}) ends it if it never became one"
                    recovered.add_problem(row.id, None, row.model, f"{reason}; {hint}", candidates)
        return recovered

    async def _recover_task(
        self, row: JournalRow, task_id: str, options: RunOptions, recovered: Recovered[AsyncTask]
    ) -> None:
        try:
            recovered.append(await self.attach(task_id, options))
        except Exception as error:  # noqa: BLE001 - one bad task must not keep the others from being recovered
            _log.warning("Task %s of the journal cannot be attached: %s", task_id, error)
            if isinstance(error, NotFound):
                await asyncio.to_thread(self._engine.journal.unknown, row.id, error)
            recovered.add_problem(row.id, task_id, row.model, str(error) or repr(error), ())

    async def _attach(
        self, task_id: str, options: RunOptions, model: str | None, values: Mapping[str, Any]
    ) -> AsyncTask:
        engine = self._engine
        live = engine.task(task_id)
        if live is not None:
            return live
        try:
            detail = await engine.detail(task_id)
        except (ApiError, TransportError) as error:
            result = await asyncio.to_thread(self._result_on_disk, task_id)
            if result is None:
                raise
            result = await self._move_outputs(result)
            task = AsyncTask(result.record.model, result.record.parameters, options)
            task.answer(result, f"Wiro cannot tell of task {task_id} any more: {error}")
            return task
        model = model or detail.model
        schema = None
        with suppress(InvalidParameter):
            schema = self._schema_of(model) if model else None
        echo = schema.typed_values(detail.parameters) if schema else detail.parameters
        row = await asyncio.to_thread(self._row_of, detail, model, {**echo, **values})
        task = AsyncTask(row.model or model, {**echo, **values, **row.parameters}, options)
        task.parents = row.parents
        TaskRunner(engine, task).resume(detail, row.id, EarlierFiles(row))
        return task

    async def _move_outputs(self, result: TaskResult) -> TaskResult:
        """Move outputs that wait here for their folder elsewhere, and close the row of their run."""
        engine, outputs = self._engine, result.outputs
        await engine.downloads.move(outputs, _log.info)
        if any(output.source is not None for output in outputs):
            places = tuple(output.place for output in outputs if output.place)
            result = replace(result, record=replace(result.record, output_paths=places))
            row = await asyncio.to_thread(engine.journal.find, result.record.task_id or "", engine.server)
            is_whole = not any(output.needs_move for output in outputs)
            await engine.write_end(row.id if row else None, result.record, is_whole=is_whole)
            await asyncio.to_thread(engine.downloads.drop_moved, outputs)
        return result

    def _result_on_disk(self, task_id: str) -> TaskResult | None:
        """Return the result of a task that succeeded, if the journal and the disk have all of it."""
        row = self._engine.journal.find(task_id, self._engine.server)
        if row is None or row.outcome != "succeeded" or not is_whole(self._engine, row):
            return None
        return result_of_row(row)

    def _row_of(self, detail: TaskDetail, model: str | None, values: Mapping[str, Any]) -> JournalRow:
        """Return the journal's row for a task, a new one if the task was begun elsewhere."""
        journal, server = self._engine.journal, self._engine.server
        query, patience = Query(server=server, task_id=detail.id), self._engine.timing.journal_lock
        rows = journal.read(query, patience=patience).rows
        for row in [row for row in rows if not row.is_synced][:1]:
            if not (is_loopback(server) and lost_runs.is_younger(self._engine, row, detail)):
                return row
        for row in rows:
            if row.is_synced and row.record is not None and row.record.created_at == detail.created_at:
                return journal.follow(row)
        row_id = journal.begin(server, model or "", values)
        journal.submitted(row_id, detail.id)
        return JournalRow(row_id, server, model or "", dict(values), datetime.now(UTC), task_id=detail.id)
