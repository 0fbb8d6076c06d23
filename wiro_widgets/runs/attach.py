"""Picks up tasks that exist already: begun here, in another process, or in one that was killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.journal.row import JournalRow, record_of_row
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import InvalidParameter, NotFound, TransportError
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs import claims, pairing
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.runs.reuse import is_whole
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.transport.downloads import Keepsake
from wiro_widgets.transport.urls import is_loopback

CLOCK_SKEW = timedelta(minutes=2)

_NONE: Mapping[str, Any] = MappingProxyType({})

_log = logging.getLogger("wiro_widgets")


class Reattaching:
    """Makes tasks out of ids, each id once while it is under way; `schema_of` asks nobody."""

    def __init__(
        self, engine: Engine, schema_of: Callable[[str], ModelSchema | None], options: RunOptions
    ) -> None:
        self._engine = engine
        self._schema_of = schema_of
        self._options = options
        self._pending: dict[str, asyncio.Task[AsyncTask]] = {}

    def __repr__(self) -> str:
        return f"<Reattaching, {len(self._pending)} pending>"

    async def attach(
        self,
        task_id: str,
        model: str | None = None,
        values: Mapping[str, Any] = _NONE,
        options: RunOptions | None = None,
    ) -> AsyncTask:
        """Return the live task, or one made from Task/Detail, the journal and what is given; raises NotFound.

        Where Wiro cannot be asked or has forgotten it, a task whose files are all on the disk is made from these.
        """
        pending = self._pending.get(task_id)
        if pending is None:
            pending = self._pending[task_id] = asyncio.create_task(
                self._attach(task_id, model, values, options or self._options)
            )
            pending.add_done_callback(lambda _: self._pending.pop(task_id, None))
        return await asyncio.shield(pending)

    async def attach_with(self, task_id: str, options: RunOptions) -> AsyncTask:
        """Return the task like `attach`, followed under these options unless it is live already."""
        return await self.attach(task_id, options=options)

    async def detail(self, task_id: str) -> TaskDetail:
        """Read one task; raises NotFound when there is none."""
        return await self._engine.detail(task_id)

    async def recover(self) -> list[AsyncTask]:
        """Attach to every run that was cut off, except those that another living process looks after."""
        rows = await asyncio.to_thread(self._engine.journal.unfinished, self._engine.server)
        ours = [row for row in rows if not claims.is_attended(row)]
        paired = await pairing.pair(self._engine, [row for row in ours if row.task_id is None])
        found = []
        for row in ours:
            task_id = row.task_id or paired.get(row.id)
            if task_id is None:
                continue
            try:
                found.append(await self.attach(task_id))
            except NotFound as error:
                _log.warning("Task %s of the journal cannot be picked up: %s", task_id, error)
                await asyncio.to_thread(self._engine.journal.unknown, row.id, error)
        return found

    async def _attach(
        self, task_id: str, model: str | None, values: Mapping[str, Any], options: RunOptions
    ) -> AsyncTask:
        engine = self._engine
        known = next((task for task in engine.tasks if task.id == task_id), None)
        if known is not None:
            return known
        try:
            detail = await self.detail(task_id)
        except (NotFound, TransportError) as error:
            kept = await asyncio.to_thread(self._kept, task_id)
            if kept is None:
                raise
            return self._from_history(kept, f"Wiro cannot tell of task {task_id} any more: {error}")
        model = model or detail.model
        given = {**self._typed(detail.parameters, model), **values}
        row = await asyncio.to_thread(self._row_of, detail, model, given)
        bound = {**given, **row.parameters}
        task = AsyncTask(engine, row.model or model, bound, options)
        task.resume(detail, row.id, Keepsake(row.paths, row.intent_at))
        return task

    def _typed(self, values: Mapping[str, Any], model: str | None) -> dict[str, Any]:
        """Return values that Wiro tells as texts in the types of the model's schema, if that is at hand."""
        schema = None
        with suppress(InvalidParameter):
            schema = self._schema_of(model) if model else None
        return schema.typed_values(values) if schema else dict(values)

    def _kept(self, task_id: str) -> TaskResult | None:
        """Return what the journal and the disk have of a task that succeeded, when they have all of it."""
        row = self._engine.journal.find(task_id, self._engine.server)
        if row is None or row.outcome != "succeeded" or not is_whole(row):
            return None
        return result_of(record_of_row(row))

    def _from_history(self, kept: TaskResult, why: str) -> AsyncTask:
        task = AsyncTask(self._engine, kept.record.model, kept.record.parameters)
        task.answer(kept, why)
        return task

    def _row_of(self, detail: TaskDetail, model: str | None, values: Mapping[str, Any]) -> JournalRow:
        """Return the journal's row for a task, a new one when it was begun elsewhere."""
        journal, server = self._engine.journal, self._engine.server
        row = journal.find(detail.id, server)
        if row is not None and not (is_loopback(server) and _is_older(detail, row)):
            return row
        row_id = journal.begin(server, model or "", values)
        journal.submitted(row_id, detail.id)
        found = journal.find(detail.id, server)
        assert found is not None  # noqa: S101 - it was written above
        return found


def _is_older(detail: TaskDetail, row: JournalRow) -> bool:
    """Whether the row is of another task: a sandbox that is started anew begins its numbers again."""
    known = row.submitted_at or row.intent_at
    return detail.created_at is not None and detail.created_at - known > CLOCK_SKEW
