"""AsyncSweep: the runs of a plan, so many at once, each result as soon as it is there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Generic, Self

from wiro_widgets.client import budget, sweep_recall
from wiro_widgets.client.carrying import Carrier
from wiro_widgets.client.engine import Engine
from wiro_widgets.client.sweep_cell import AGAIN, Cell, Status, TaskT
from wiro_widgets.client.sweep_plan import Plan
from wiro_widgets.client.sweep_view import SweepView
from wiro_widgets.client.task import AsyncTask
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


class AsyncSweep(SweepView[TaskT]):
    """A sweep on the loop that its client lives on; made by `AsyncClient.sweep` and `AsyncClient.map`.

    `async for cell in sweep` gives the cells as they finish; `error` is what halted it, if anything did.
    """

    def __init__(
        self,
        plan: Plan,
        host: Host[TaskT],
        carrier: Carrier,
        *,
        concurrency: int | None = None,
    ) -> None:
        if concurrency is not None and concurrency < 1:
            raise ConfigurationError(f"A sweep runs at least 1 cell at once, not {concurrency}.")
        super().__init__(plan, [Cell[TaskT](plan.model, cell) for cell in plan.cells])
        self.error: WiroError | None = None
        self._host = host
        self._carrier = carrier
        self._most = concurrency or CONCURRENCY
        self._context = copy_context()
        self._left: deque[Cell[TaskT]] = deque(self.cells)
        self._under_way: dict[int, str] = {}
        self._jobs: dict[asyncio.Task[None], Cell[TaskT]] = {}
        self._live: dict[int, AsyncTask] = {}
        self._finished: list[Cell[TaskT]] = []
        self._driver: asyncio.Task[None] | None = None
        self._held = self._short = False
        self._changed = asyncio.Event()

    # Its life

    async def recall(self, cells: Sequence[Cell[TaskT]] | None = None) -> None:
        """Take from the journal what ran before: results, and tasks that still run."""
        asked = [cell for cell in cells or self.cells if cell.result is None]
        self._under_way |= await sweep_recall.recall(self._host.engine, asked)
        for cell in asked:
            if cell.index in self._under_way or (cell.result is not None and self._carrier.works):
                cell.status = "pending"
        self._sort()

    async def resume(self, *, unknown: bool = False) -> None:
        """Run what is left: cells that have not run, and those that failed, were stopped or refused; returns at once.

        A cell of unknown outcome is looked for at Wiro; with `unknown` it is run again where it is not found, though
        it may be billed twice.
        """
        self._held, self.error = False, None
        self._context.run(budget.join, budget.active())
        lost = [cell for cell in self.cells if cell.status == "unknown"]
        if lost:
            await self.recall(lost)
        for cell in self.cells:
            if cell.status in AGAIN or (unknown and cell.status == "unknown"):
                cell.status = "pending"
        self._sort()
        if self._left and not self.busy:
            self._driver = asyncio.create_task(self._drive(), context=self._context, name="wiro sweep")

    def pause(self) -> None:
        """Begin no further cell; those that run go on."""
        self._held = True
        self._tell()

    async def stop(self) -> None:
        """Begin no further cell and stop those that run; `resume` runs them again."""
        self.pause()
        stops = [task.stop() for task in self._live.values() if not task.over]
        for error in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, WiroError):
                raise error
        if self._driver is not None:
            await asyncio.wait({self._driver})

    async def wait(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - the sweep goes on after it
        """Wait until every cell is done, or the sweep is paused, stopped or halted, and nothing runs any more.

        Raises what halted it, and TimeoutError when the time is up: then it goes on. A failed cell raises nothing.
        """
        try:
            async with asyncio.timeout(timeout):
                while self.busy:
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"After {timeout:g} s the sweep goes on ({self.line}); wait again.") from None
        except asyncio.CancelledError:
            await self.interrupted()
            raise
        self.check()
        return self

    @property
    def busy(self) -> bool:
        """Whether something runs or is about to."""
        return self._driver is not None and not self._driver.done()

    def check(self) -> None:
        """Raise what halted the sweep, if anything did."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    async def interrupted(self) -> None:
        """Nobody waits any more: begin nothing further, and stop what runs as the client's own waits would."""
        self.pause()
        await asyncio.gather(*(task.interrupted() for task in self._live.values()))

    async def finished(self, position: int) -> Cell[TaskT] | None:
        """Return the cell that finished at that place in order, or None when the sweep ends before."""
        while position >= len(self._finished) and self.busy:
            try:
                await self._changed.wait()
            except asyncio.CancelledError:
                await self.interrupted()
                raise
        return self._finished[position] if position < len(self._finished) else None

    async def changed(self, seconds: float) -> bool:
        """Wait until the sweep has ended, at most so long; tell whether it still goes on."""
        try:
            if self._driver is not None:
                await asyncio.wait({self._driver}, timeout=seconds)
        except asyncio.CancelledError:
            await self.interrupted()
            raise
        return self.busy

    async def __aiter__(self) -> AsyncIterator[Cell[TaskT]]:
        position = 0
        while (cell := await self.finished(position)) is not None:
            yield cell
            position += 1
        self.check()

    # The work

    async def _drive(self) -> None:
        """Keep as many cells running as is allowed, until none is left."""
        try:
            while True:
                while self._may_begin():
                    cell = self._left.popleft()
                    cell.begin()
                    job = asyncio.create_task(self._run(cell), name=f"wiro cell {cell.index}")
                    self._jobs[job] = cell
                self._tell()
                if not self._jobs:
                    return
                done, _ = await asyncio.wait(self._jobs, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                for job in done:
                    self._end(self._jobs.pop(job), job)
        finally:
            for job in self._jobs:
                job.cancel()
            self._carrier.close()
            asyncio.get_running_loop().call_soon(self._tell)

    def _may_begin(self) -> bool:
        """Whether another cell may go off; while one of ours waits for a turn (code 96) none does."""
        if self._held or self.error is not None or not self._left or len(self._jobs) >= self._most:
            return False
        return not self._jobs or not (self._short or self._host.engine.turns.waiting)

    async def _run(self, cell: Cell[TaskT]) -> None:
        result = cell.result
        if result is None:
            task = self._live[cell.index] = await self._begun(cell)
            cell.task = self._host.wrap(task)
            await task.submitted()
            result = cell.result = await task.wait(on_interrupt="detach")
        cell.result, cell.value = await self._carrier.carry(result)

    async def _begun(self, cell: Cell[TaskT]) -> AsyncTask:
        task_id = self._under_way.pop(cell.index, None)
        with under(Terms(cell=cell.number, fetch=not self._carrier.fetches)):
            if task_id is not None:
                return await self._host.attach(task_id)
            task = self._host.prepare(self.plan.model, cell.values, self.plan.schema)
            await self._host.begin(task, self.plan.schema)
            return task

    def _end(self, cell: Cell[TaskT], job: asyncio.Task[None]) -> None:
        self._live.pop(cell.index, None)
        error = asyncio.CancelledError() if job.cancelled() else job.exception()
        if isinstance(error, BudgetExceeded) and self._jobs and not self._held:
            self._short = True  # until something ends: what is in flight may turn out cheaper
            cell.status = "pending"
            self._left.appendleft(cell)
            return
        self._short = False
        cell.end(_status(error), error if isinstance(error, Exception) else None)
        if isinstance(error, _HOPELESS):
            self.error = error
        self._finished.append(cell)

    def _sort(self) -> None:
        """Line up what is to run, and list what is done, in the order in which it was."""
        busy = {cell.index for cell in self._jobs.values()}
        self._left = deque(cell for cell in self.cells if cell.status == "pending" and cell.index not in busy)
        self._finished = [cell for cell in self._finished if cell.done]
        listed = {cell.index for cell in self._finished}
        self._finished += [cell for cell in self.cells if cell.done and cell.index not in listed]
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


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
