"""HistorySync: the history of a new machine, and true costs, from Wiro's list of tasks.

What the list gives is a record of what was made, and proves no more: its rows stand in for no run, own no task that a
lost run may have become, and are replaced as soon as a run of this journal turns out to be the task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from wiro_widgets.journal.history import SyncSummary
from wiro_widgets.journal.row import JournalRow, Query, synced_id
from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol.detail import FINISHED, TaskDetail
from wiro_widgets.protocol.errors import ConfigurationError, WiroError
from wiro_widgets.protocol.lookup import Present
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.record_of import record_of
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.state import TaskState, advance
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.render.run_words import count
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.task_list.task_pages import TaskPages
from wiro_widgets.transport.urls import is_loopback

_WHOLE_SECONDS: Final = timedelta(seconds=2)  # Wiro's times, and the Date by which its clock is known
_DISORDER: Final = timedelta(minutes=2)  # the list is in the order of ids, which is about that of times

ENDED: Final = ("succeeded", "failed", "cancelled")

SchemaOf = Callable[[str], Awaitable[ModelSchema | None]]


class HistorySync:
    """Takes the tasks of Wiro's list into the journal, once; `schema_of` gives values their types again."""

    def __init__(self, engine: Engine, schema_of: SchemaOf) -> None:
        self._engine = engine
        self._schema_of = schema_of
        self._schemas: dict[str, ModelSchema | None] = {}
        self._pages = TaskPages(engine.http)
        self._last_time = datetime.now(UTC)  # of a task, for one that has none
        self._since: datetime | None = None
        self.outcome = SyncSummary()
        self._is_over = False

    def __repr__(self) -> str:
        return f"<HistorySync of {self._engine.server}: {self.outcome}>"

    def line(self) -> ProgressLine:
        """Return how far it is."""
        if self._is_over:
            return ProgressLine(f"History: {self.outcome}")
        task_count, total = len(self._pages), self._pages.total
        step = count(task_count, "task")
        fraction = None
        if self._since is None and total is not None and total > task_count:
            step, fraction = f"{task_count:,} of {total:,} tasks", task_count / total
        return ProgressLine("Reading Wiro's list", step, f"{self.outcome.new:,} new", fraction)

    async def run(self, since: datetime | None = None) -> SyncSummary:
        """Read the list down to `since`, on this machine's clock, and write what it says to the journal.

        Raises TransportError or an ApiError if the list cannot be read to its end; what was read is in the journal
        then. Raises ConfigurationError if the journal cannot be read.
        """
        journal = self._engine.journal
        if journal.path is not None and await asyncio.to_thread(lambda: journal.journal_id) is None:
            raise ConfigurationError(
                f"The history was not read from Wiro, since its journal cannot be used: {journal.trouble}"
            )
        self._since = since
        try:
            async with aclosing(self._pages.read()) as pages:
                async for tasks in pages:
                    recent = [task for task in tasks if not self._is_before(task, since, _WHOLE_SECONDS)]
                    await self._take_page(recent)
                    times = [task for task in tasks if task.created_at is not None]
                    if times and all(self._is_before(task, since, _DISORDER) for task in times):
                        break
                else:
                    self.outcome = replace(self.outcome, is_complete=self._pages.is_complete)
        finally:
            self._is_over = True
        return self.outcome

    def _is_before(self, task: TaskDetail, since: datetime | None, tolerance: timedelta) -> bool:
        """Return True if Wiro made the task earlier, by its own clock."""
        if since is None or task.created_at is None:
            return False
        return task.created_at + tolerance < since + self._clock_offset

    @property
    def _clock_offset(self) -> timedelta:
        return self._engine.http.clock_offset or timedelta()

    async def _take_page(self, tasks: list[TaskDetail]) -> None:
        records: dict[str, TaskRecord] = {}
        for task in tasks:
            if not task.terminal:
                continue
            detail = task
            # An entry may say less than the task itself.
            if task.exit_code is None and task.status == FINISHED:
                match await self._engine.look_up(task.id):
                    case Present(answer) if answer.terminal:
                        detail = answer
            records[task.id] = await self._record(detail)
        await asyncio.to_thread(self._take, tasks, records)

    async def _record(self, task: TaskDetail) -> TaskRecord:
        schema = await self._schema(task.model) if task.model else None
        values = schema.typed_values(task.parameters) if schema else task.parameters
        return record_of(
            advance(TaskState(), task), task_id=task.id, model=task.model, parameters=plain(values)
        )

    async def _schema(self, model: str) -> ModelSchema | None:
        if model not in self._schemas:
            try:
                self._schemas[model] = await self._schema_of(model)
            except WiroError:  # the values stay texts
                self._schemas[model] = None
        return self._schemas[model]

    def _take(self, tasks: list[TaskDetail], records: Mapping[str, TaskRecord]) -> None:
        """Write down the tasks of one page that have ended, and correct the costs of those that are there."""
        journal, server = self._engine.journal, self._engine.server
        rows: list[JournalRow] = []
        outcome = self.outcome
        for task in tasks:
            earlier = journal.rows(Query(server=server, task_id=task.id))
            entry = next((row for row in earlier if row.is_synced), None)
            own = next((row for row in earlier if not row.is_synced and self._is_of(row, task)), None)
            record = records.get(task.id)
            if own is not None:
                is_other = record is not None and self._correct_cost(own, record)
                outcome = replace(
                    outcome, present=outcome.present + 1, corrected=outcome.corrected + is_other
                )
                if entry is not None:
                    journal.forget(entry.id)
            elif record is None or record.outcome not in ENDED:
                outcome = replace(outcome, running=(*outcome.running, task.id))
            elif entry is not None and entry.record == record:
                outcome = replace(outcome, present=outcome.present + 1)
            elif entry is not None and self._is_of(entry, task):
                rows.append(self._row(task, record))
                outcome = replace(outcome, corrected=outcome.corrected + 1)
            else:
                rows.append(self._row(task, record))
                outcome = replace(outcome, new=outcome.new + 1)
        journal.adopt(reversed(rows), {})  # of one second the newest comes last, as if it had run here
        for row in rows:  # a run of this journal whose receipt came meanwhile
            earlier = journal.rows(Query(server=server, task_id=row.task_id))
            task = next(task for task in tasks if task.id == row.task_id)
            if any(not other.is_synced and self._is_of(other, task) for other in earlier):
                journal.forget(row.id)
        self.outcome = outcome

    def _is_of(self, row: JournalRow, task: TaskDetail) -> bool:
        """Return True if the row is of this task: a sandbox that is started anew gives its numbers again."""
        if not is_loopback(row.server):
            return True
        if row.model and task.model and row.model.lower() != task.model.lower():
            return False
        if task.created_at is None:
            return True
        if row.record is not None and row.record.created_at is not None:
            return abs(row.record.created_at - task.created_at) < _WHOLE_SECONDS
        return abs((row.submitted_at or row.intent_at) + self._clock_offset - task.created_at) < _DISORDER

    def _correct_cost(self, row: JournalRow, record: TaskRecord) -> bool:
        """Write down the cost that Wiro says, and return True if it is another; nothing does not replace a cost."""
        cost = record.total_cost
        if row.record is None or row.settled_at is None or cost is None:
            return False
        if cost == row.record.total_cost or (cost == 0 and row.record.total_cost is not None):
            return False
        self._engine.journal.correct_cost(row.id, cost)
        return True

    def _row(self, task: TaskDetail, record: TaskRecord) -> JournalRow:
        if task.created_at is not None:
            self._last_time = task.created_at - self._clock_offset
        return JournalRow(
            id=synced_id(self._engine.server, task.id),
            server=self._engine.server,
            model=record.model or "",
            parameters=dict(record.parameters),
            intent_at=self._last_time,
            outcome=record.outcome,
            task_id=task.id,
            submitted_at=self._last_time,
            settled_at=datetime.now(UTC),
            record=record,
            error=record.error,
        )
