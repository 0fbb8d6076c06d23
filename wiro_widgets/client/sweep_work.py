"""The work of a sweep: which cell goes off next, how many at once, and what becomes of each."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

from wiro_widgets.client import claims
from wiro_widgets.client.carrying import Carrier
from wiro_widgets.client.engine import Engine
from wiro_widgets.client.sweep_cell import Cell, Status, TaskT
from wiro_widgets.client.sweep_plan import Plan
from wiro_widgets.client.task import AsyncTask, OnInterrupt
from wiro_widgets.client.terms import Terms, under
from wiro_widgets.protocol.errors import (
    AuthenticationError,
    BudgetExceeded,
    ConfigurationError,
    InsufficientBalance,
    RunOutcomeUnknown,
    TaskCancelled,
    TaskError,
    WiroError,
)
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.results.result import TaskResult
from wiro_widgets.results.rows import JournalRow

_log = logging.getLogger("wiro_widgets")

CONCURRENCY = 8  # cells at once where nothing else is said
LOOK = 0.5  # seconds after which a held back cell is looked at again
# What would meet every further cell as well: the sweep halts instead of asking a thousand times.
_HOPELESS = (AuthenticationError, InsufficientBalance, ConfigurationError)


@dataclass(frozen=True, slots=True)
class Host(Generic[TaskT]):
    """What a sweep needs of its client; `wrap` gives a task the face that users see."""

    engine: Engine
    prepare: Callable[[str, Mapping[str, Any], ModelSchema | None], AsyncTask]
    begin: Callable[[AsyncTask, ModelSchema | None], Awaitable[None]]
    attach: Callable[[str], Awaitable[AsyncTask]]
    wrap: Callable[[AsyncTask], TaskT]
    on_interrupt: OnInterrupt


class Work(Generic[TaskT]):
    """Runs the cells that are lined up; lives on the client's loop.

    `finished` has the cells in the order in which they ended, `live` the tasks under way by cell, `under_way` the ids
    of tasks that an earlier kernel left running, `judged` the rows of runs that may be repeated though nobody knows
    their tasks. `error` is what halted it. `changed` is set once, at each change. With `anew` every cell is sent,
    whatever else runs or has run.
    """

    def __init__(
        self,
        plan: Plan,
        cells: Sequence[Cell[TaskT]],
        host: Host[TaskT],
        carrier: Carrier,
        most: int | None,
        *,
        anew: bool,
    ) -> None:
        if most is not None and most < 1:
            raise ConfigurationError(f"A sweep runs at least 1 cell at once, not {most}.")
        self.host = host
        self.carrier = carrier
        self.under_way: dict[int, str] = {}
        self.judged: set[str] = set()
        self.live: dict[int, AsyncTask] = {}
        self.finished: list[Cell[TaskT]] = []
        self.error: WiroError | None = None
        self.held = False
        self.changed = asyncio.Event()
        self._callbacks: list[Callable[[Cell[TaskT]], object]] = []
        self._plan = plan
        self._cells = cells
        self._most = most or CONCURRENCY
        self._anew = anew
        self._left: deque[Cell[TaskT]] = deque()
        self._jobs: dict[asyncio.Task[None], Cell[TaskT]] = {}
        self._driver: asyncio.Task[None] | None = None
        self._short = False

    def __repr__(self) -> str:
        return f"<Work, {len(self._jobs)} under way, {len(self._left)} left>"

    @property
    def driver(self) -> asyncio.Task[None] | None:
        """What drives it, while something runs or is about to."""
        return self._driver if self._driver is not None and not self._driver.done() else None

    def line_up(self) -> None:
        """Line up what is to run, and list what is done."""
        busy = {cell.index for cell in self._jobs.values()}
        self._left = deque(
            cell for cell in self._cells if cell.status == "pending" and cell.index not in busy
        )
        self.finished = [cell for cell in self.finished if cell.done]
        listed = {cell.index for cell in self.finished}
        self.finished += [cell for cell in self._cells if cell.done and cell.index not in listed]
        self.tell()

    def start(self, context: Context) -> None:
        """Begin with what is lined up, under the budgets of that context."""
        self.held, self.error = False, None
        self.line_up()
        if self._left and self.driver is None:
            self._driver = asyncio.create_task(self._drive(), context=context, name="wiro sweep")

    def add_callback(self, callback: Callable[[Cell[TaskT]], object]) -> None:
        """Call it with each cell as it begins and as it ends, those that are done already first."""
        for cell in self.finished:
            self._tell_of(cell, callback)
        self._callbacks.append(callback)

    def tell(self) -> None:
        """Let everybody who waits for a change know of one."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def _drive(self) -> None:
        """Keep as many cells running as is allowed, until none is left."""
        try:
            while True:
                while self._may_begin():
                    cell = self._left.popleft()
                    cell.begin()
                    job = asyncio.create_task(self._run(cell), name=f"wiro cell {cell.index}")
                    self._jobs[job] = cell
                self.tell()
                if not self._jobs:
                    return
                done, _ = await asyncio.wait(self._jobs, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                for job in done:
                    self._end(self._jobs.pop(job), job)
        finally:
            for job in self._jobs:
                job.cancel()
            self.carrier.close()
            asyncio.get_running_loop().call_soon(self.tell)

    def _may_begin(self) -> bool:
        """Whether another cell may go off; while one of ours waits for a turn (code 96) none does."""
        if self.held or self.error is not None or not self._left or len(self._jobs) >= self._most:
            return False
        return not self._jobs or not (self._short or self.host.engine.turns.waiting)

    async def _run(self, cell: Cell[TaskT]) -> None:
        if cell.result is None:
            cell.result = await self._result(cell)
        cell.result, cell.value = await self.carrier.carry(cell.result)
        if self.carrier.fetches:
            await self.host.engine.keep(cell.result.record)

    async def _result(self, cell: Cell[TaskT]) -> TaskResult:
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
        if self.carrier.fetches or result.outputs or shared.id is None:
            return result
        return await (await self.host.attach(shared.id)).wait(on_interrupt="detach")

    def _shared(self, cell: Cell[TaskT]) -> AsyncTask | None:
        """Return the task of the same cell that is under way in this client."""
        task = None if self._anew else self.host.engine.cells.get((cell.content, cell.number))
        return None if task is None or task.over else task

    async def _sent(self, cell: Cell[TaskT]) -> AsyncTask:
        """Return the cell's own task, as soon as its receipt is there."""
        task = await self._begun(cell)
        self._takes(cell, task)
        await task.submitted()
        return task

    async def _begun(self, cell: Cell[TaskT]) -> AsyncTask:
        task_id = self.under_way.pop(cell.index, None)
        stands = None if self._anew else partial(self._stands, cell)
        with under(Terms(cell=cell.number, fetch=not self.carrier.fetches, stands=stands)):
            if task_id is not None:
                return await self.host.attach(task_id)
            task = self.host.prepare(self._plan.model, cell.values, self._plan.schema)
            await self.host.begin(task, self._plan.schema)
            return task

    def _stands(self, cell: Cell[TaskT], row: JournalRow) -> bool:
        """Whether that run makes this cell's needless."""
        return row.cell == cell.number and row.id not in self.judged and claims.may_stand(row)

    def _takes(self, cell: Cell[TaskT], task: AsyncTask) -> None:
        self.live[cell.index] = self.host.engine.cells[cell.content, cell.number] = task
        cell.task = self.host.wrap(task)
        self._tell_of(cell, *self._callbacks)

    def _end(self, cell: Cell[TaskT], job: asyncio.Task[None]) -> None:
        self.live.pop(cell.index, None)
        error = asyncio.CancelledError() if job.cancelled() else job.exception()
        if isinstance(error, BudgetExceeded) and self._jobs and not self.held:
            self._short = True  # until something ends: what is in flight may turn out cheaper
            cell.status = "pending"
            self._left.appendleft(cell)
            return
        self._short = False
        cell.end(_status(error), error if isinstance(error, Exception) else None)
        if isinstance(error, _HOPELESS):
            self.error = error
        self.finished.append(cell)
        self._tell_of(cell, *self._callbacks)

    def _tell_of(self, cell: Cell[TaskT], *callbacks: Callable[[Cell[TaskT]], object]) -> None:
        for callback in callbacks:
            try:
                callback(cell)
            except Exception:  # noqa: BLE001 - the user's own code may raise anything
                _log.exception("A callback of a sweep failed; the sweep goes on")


def _status(error: BaseException | None) -> Status:
    """Return what became of a cell that ended with this."""
    if error is None:
        return "succeeded"
    if isinstance(error, BudgetExceeded):
        return "refused"
    if isinstance(error, TaskCancelled | asyncio.CancelledError):
        return "cancelled"
    lost = isinstance(error, RunOutcomeUnknown) or (type(error) is TaskError and error.task_id is not None)
    return "unknown" if lost else "failed"
