"""AsyncSweep: many runs as one thing, for people who await."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import copy_context
from typing import Self

from wiro_widgets.money import budget
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.render.notebook_repr import is_notebook
from wiro_widgets.runs.options import OnInterrupt
from wiro_widgets.sweeps import recall as sweep_recall
from wiro_widgets.sweeps.cell import AGAIN, Cell, TaskT
from wiro_widgets.sweeps.live_display import Live
from wiro_widgets.sweeps.plan import Plan
from wiro_widgets.sweeps.postprocess import Carrier
from wiro_widgets.sweeps.scheduler import Work
from wiro_widgets.sweeps.sweep_tasks import Host
from wiro_widgets.sweeps.view import SweepView


class AsyncSweep(SweepView[TaskT]):
    """A sweep on the loop that its client lives on; made by `AsyncClient.sweep` and `AsyncClient.map`.

    `async for cell in sweep` gives the cells as they finish.
    """

    def __init__(
        self,
        plan: Plan,
        host: Host[TaskT],
        carrier: Carrier,
        *,
        concurrency: int | None = None,
        anew: bool = False,
    ) -> None:
        super().__init__(plan, [Cell[TaskT](plan.model, cell) for cell in plan.cells])
        self._work = Work(plan, self.cells, host, carrier, concurrency, anew=anew)
        self._context = copy_context()
        self._elsewhere: frozenset[int] = frozenset()
        self._shown: Live | None = None
        self._showing: asyncio.Future[None] | None = None  # so that it is not collected

    async def recall(self, cells: Sequence[Cell[TaskT]] | None = None) -> None:
        """Take from the journal what ran before: results, and tasks that still run."""
        work = self._work
        asked = [cell for cell in cells or self.cells if cell.result is None]
        known = await sweep_recall.recall(work.host.engine, asked)
        work.tasks.under_way |= known.under_way
        work.tasks.judged |= known.judged
        self._elsewhere = known.elsewhere
        for cell in asked:
            if cell.index in work.tasks.under_way or (cell.result is not None and work.carrier.works):
                cell.status = "pending"
        work.line_up()

    @property
    def unpaid(self) -> list[Cell[TaskT]]:
        """The cells that would be sent: they have no result, and nobody has sent them or does just now."""
        sent = {*self._work.tasks.under_way, *self._elsewhere}
        return [
            cell
            for cell in self.cells
            if cell.status == "pending" and cell.result is None and cell.index not in sent
        ]

    async def resume(self, *, unknown: bool = False) -> None:
        """Run what is left: cells that have not run, and those that failed, were stopped or refused; returns at once.

        Files that did not come are fetched again. A cell of unknown outcome is looked for at Wiro; with `unknown` it is
        run again where it is not found, though it may be billed twice.
        """
        self._context.run(budget.join, budget.active())
        lost = [cell for cell in self.cells if cell.status == "unknown"]
        if lost:
            await self.recall(lost)
        for cell in self.cells:
            if cell.lacks_files and (task_id := cell.record.task_id):
                self._work.tasks.under_way[cell.index] = task_id  # which are fetched again, and not paid for
                cell.status = "pending"
            if cell.status in AGAIN or (unknown and cell.status == "unknown"):
                cell.status = "pending"
        driver = self._work.start(self._context)
        if driver is not None:
            registry = self._work.host.registry
            registry.add(self)
            driver.add_done_callback(lambda _: None if self.busy else registry.remove(self))

    def add_callback(self, callback: Callable[[Cell[TaskT]], object]) -> None:
        """Call `callback(cell)` as each cell begins and as it ends, those that are done or under way first.

        What it raises is logged, and the sweep goes on.
        """
        self._work.add_callback(callback)

    def pause(self) -> None:
        """Begin no further cell; those that run go on."""
        self._work.hold()

    async def stop(self) -> None:
        """Begin no further cell and stop those that run; `resume` runs them again.

        A `then` that has not begun is left to `resume` as well; one that has gets a moment. A task that sweeps share is
        stopped for all.
        """
        self._work.halt()
        stops = [task.stop() for task in self._work.tasks.live.values() if not task.over]
        for error in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, WiroError):
                raise error
        await self._work.ended()

    async def close(self) -> None:
        """End it with the client, whose tasks go on at Wiro: what was not sent is as if it had never had its turn."""
        self._work.halt()
        await self._work.ended(at_last=True)

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the sweep goes on after it
        *,
        on_interrupt: OnInterrupt | None = None,
    ) -> Self:
        """Wait until every cell is done, or the sweep is paused, stopped or halted, and nothing runs any more.

        Raises what halted it, BudgetExceeded when a budget refused every cell, and TimeoutError when the time is up:
        then it goes on. A failed cell raises nothing. Being cancelled stops the sweep, unless `on_interrupt` is
        "detach".
        """
        await self.changed(timeout, on_interrupt)
        if self.busy:
            raise TimeoutError(f"After {timeout:g} s the sweep goes on ({self.line}); wait again.")
        if self._shown is not None:
            self._shown.end()
            self._shown = None
        self.check()
        return self

    async def changed(self, seconds: float | None, on_interrupt: OnInterrupt | None = None) -> bool:
        """Wait until nothing runs any more, at most so long; tell whether the sweep still goes on."""
        try:
            if self._work.driver is not None:
                await asyncio.wait({self._work.driver}, timeout=seconds)
        except asyncio.CancelledError:
            await self.interrupted(on_interrupt)
            raise
        return self.busy

    async def watched(self, seconds: float) -> bool:
        """Wait and tell like `changed`, for whoever only looks: being cancelled, it stops nothing."""
        return await self.changed(seconds, "detach")

    async def settled(self) -> None:
        """Wait until nothing runs any more, whatever becomes of it."""
        if self._work.driver is not None:
            await asyncio.wait({self._work.driver})

    @property
    def busy(self) -> bool:
        """Whether something runs or is about to."""
        return self._work.driver is not None

    @property
    def willing(self) -> bool:
        """Whether it will begin further cells."""
        return self.busy and not self._work.tasks.held

    @property
    def error(self) -> WiroError | None:
        """What halted the sweep, such as an empty balance."""
        return self._work.error

    def check(self) -> None:
        """Raise what halted the sweep, if anything did."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    async def interrupted(self, on_interrupt: OnInterrupt | None = None) -> None:
        """Nobody waits any more: begin nothing further and stop what runs, unless it is to go on alone."""
        policy = on_interrupt or self._work.host.options.on_interrupt
        if policy == "stop" and self.busy:
            self._work.halt()
            await asyncio.gather(*(task.interrupted("stop") for task in self._work.tasks.live.values()))

    def _ipython_display_(self) -> None:
        """Show it in a notebook until it is over; otherwise it is shown as it is, which this error asks for."""
        if not (self.busy and is_notebook()):
            raise NotImplementedError
        self._shown = Live(self)
        self._shown.begin()
        self._showing = asyncio.ensure_future(self._shown.follow(self.watched))

    async def finished(self, position: int, on_interrupt: OnInterrupt | None = None) -> Cell[TaskT] | None:
        """Return the cell that finished at that place in order, or None when the sweep ends before."""
        work = self._work
        while position >= len(work.finished) and self.busy:
            try:
                await work.changed.wait()
            except asyncio.CancelledError:
                await self.interrupted(on_interrupt)
                raise
        return work.finished[position] if position < len(work.finished) else None

    async def __aiter__(self) -> AsyncIterator[Cell[TaskT]]:
        position = 0
        while (cell := await self.finished(position)) is not None:
            yield cell
            position += 1
        self.check()
