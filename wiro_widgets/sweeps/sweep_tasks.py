"""How each cell of a sweep comes to its task: another sweep's, one of before, or one of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

from wiro_widgets.journal.result import TaskResult
from wiro_widgets.protocol.errors import RunOutcomeUnknown, WiroError
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps.cell import Cell, TaskT
from wiro_widgets.sweeps.plan import Plan
from wiro_widgets.sweeps.registry import SweepRegistry


@dataclass(frozen=True, slots=True)
class Host(Generic[TaskT]):
    """What a sweep needs of its client; `wrap` gives a task the face that users see, `options` are its runs'."""

    engine: Engine
    registry: SweepRegistry[Any]
    prepare: Callable[[str, Mapping[str, Any], ModelSchema | None, RunOptions], AsyncTask]
    begin: Callable[[AsyncTask, ModelSchema | None], Awaitable[None]]
    attach: Callable[[str, RunOptions], Awaitable[AsyncTask]]
    wrap: Callable[[AsyncTask], TaskT]
    options: RunOptions


class CellTasks(Generic[TaskT]):
    """The tasks of one sweep; lives on the client's loop.

    `live` has those under way by cell, `under_way` the ids of those that an earlier kernel left running, `judged` the
    rows of runs that may be repeated though nobody knows their tasks. `held` says that nothing more is to be sent.
    Without `fetch` somebody else downloads the outputs; with `anew` every cell is sent, whatever else runs or has run.
    `begun` is told of each cell that has a task.
    """

    def __init__(
        self,
        plan: Plan,
        host: Host[TaskT],
        *,
        fetch: bool,
        anew: bool,
        begun: Callable[[Cell[TaskT]], object],
    ) -> None:
        self.live: dict[int, AsyncTask] = {}
        self.under_way: dict[int, str] = {}
        self.judged: set[str] = set()
        self.held = False
        self._plan = plan
        self._host = host
        self._fetch = fetch
        self._anew = anew
        self._tell = begun

    def __repr__(self) -> str:
        return f"<CellTasks, {len(self.live)} under way>"

    async def result(self, cell: Cell[TaskT]) -> TaskResult:
        """Wait for the cell's task, which may be another sweep's of this client: what it pays for is paid for once."""
        shared = self._shared(cell)
        if shared is None:
            return await (await self._sent(cell)).wait(on_interrupt="detach")
        self.under_way.pop(cell.index, None)
        self._takes(cell, shared)
        try:
            await shared.submitted()
        except WiroError as error:
            if self.held or isinstance(error, RunOutcomeUnknown):
                raise
            # The other sweep was stopped, or is out of money, where this one is not.
            return await (await self._sent(cell)).wait(on_interrupt="detach")
        result = await shared.wait(on_interrupt="detach")
        if not self._fetch or result.outputs or shared.id is None:
            return result
        return await (await self._host.attach(shared.id, self._host.options)).wait(on_interrupt="detach")

    def _shared(self, cell: Cell[TaskT]) -> AsyncTask | None:
        """Return the task of the same cell that is under way in this client."""
        task = None if self._anew else self._host.registry.cell_tasks.get((cell.content, cell.number))
        return None if task is None or task.over else task

    async def _sent(self, cell: Cell[TaskT]) -> AsyncTask:
        """Return the cell's own task, as soon as its receipt is there."""
        task = await self._begun(cell)
        self._takes(cell, task)
        await task.submitted()
        return task

    async def _begun(self, cell: Cell[TaskT]) -> AsyncTask:
        task_id = self.under_way.pop(cell.index, None)
        options = replace(
            self._host.options,
            fetch_outputs=self._fetch,
            cell=cell.number,
            share_cell=not self._anew,
            ignored_rows=frozenset(self.judged),
        )
        if task_id is not None:
            return await self._host.attach(task_id, options)
        task = self._host.prepare(self._plan.model, cell.values, self._plan.schema, options)
        await self._host.begin(task, self._plan.schema)
        return task

    def _takes(self, cell: Cell[TaskT], task: AsyncTask) -> None:
        self.live[cell.index] = self._host.registry.cell_tasks[cell.content, cell.number] = task
        cell.task = self._host.wrap(task)
        self._tell(cell)
