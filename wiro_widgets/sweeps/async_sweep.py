"""AsyncSweep: many runs as one thing, for people who await."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Self

from wiro_widgets.display.live_line import ProgressMode, live_line
from wiro_widgets.money import budget
from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.runs.options import OnInterrupt, UnknownPolicy, check_wait
from wiro_widgets.sweeps.cell import Cell, TaskT
from wiro_widgets.sweeps.live_display import LiveSweep, SweepLine
from wiro_widgets.sweeps.output_cell import OutputCell
from wiro_widgets.sweeps.plan import Plan
from wiro_widgets.sweeps.postprocess import PostProcessing
from wiro_widgets.sweeps.scheduler import ClientAccess, Scheduler
from wiro_widgets.sweeps.view import SweepView, progress_words


class AsyncSweep(SweepView[TaskT]):
    """A sweep on its client's loop; made by `AsyncClient.sweep` and `AsyncClient.map`.

    `async for cell in sweep` yields the cells as they finish.
    """

    _internal_names = (
        "busy_after",
        "close",
        "finished_cell",
        "interrupt",
        "interrupt_note",
        "output_cell",
        "raise_error",
        "recall",
        "show_progress",
        "unpaid",
    )

    def __init__(
        self,
        plan: Plan,
        client: ClientAccess[TaskT],
        post_processing: PostProcessing,
        *,
        concurrency: int | None = None,
        anew: bool = False,
        unknown: UnknownPolicy = "ask",
    ) -> None:
        # `Cell[TaskT](cell)` would cost 100 bytes more each.
        cells: list[Cell[TaskT]] = [Cell(cell) for cell in plan.cells]
        super().__init__(plan, cells)
        self._unknown: UnknownPolicy = unknown
        self._client = client
        self._scheduler = Scheduler(self.cells, client, post_processing, concurrency=concurrency, anew=anew)
        self._context = copy_context()  # with the budgets that hold where the sweep is made
        self._live: LiveSweep | None = None

    @property
    def busy(self) -> bool:
        """True if a cell runs or is about to."""
        return self._scheduler.busy

    @property
    def error(self) -> WiroError | None:
        """What halted the sweep, such as an empty balance."""
        return self._scheduler.error

    @property
    def unpaid(self) -> list[Cell[TaskT]]:
        """The cells that are to be sent and paid for."""
        return self._scheduler.unpaid

    async def recall(self) -> None:
        """Read from the journal what ran before: results, and tasks that may still run."""
        await self._scheduler.recall(self.cells, self._unknown)

    async def resume(self, *, unknown: UnknownPolicy | bool | None = None) -> None:
        """Run what is left: cells that have not run, failed, were stopped or were refused; return at once.

        Missing files are fetched again. Cells of unknown outcome are looked for at Wiro. Those that stay unknown are
        not sent, unless `unknown` is "send": they may be billed twice. None takes what the sweep was begun with.
        """
        if isinstance(unknown, bool):
            unknown = "send" if unknown else "ask"
        if unknown not in ("ask", "send", None):
            raise InvalidParameter("unknown", f'"ask" or "send" is needed, not {short_repr(unknown)}')
        await self._resume(unknown or self._unknown)

    async def settle_unknown(self, unknown: UnknownPolicy) -> None:
        """Look at Wiro for the cells of unknown outcome, and with "send" send those that stay unknown; no others."""
        await self._resume(unknown, only_unknown=True)

    async def _resume(self, unknown: UnknownPolicy, *, only_unknown: bool = False) -> None:
        self.output_cell.update()
        self._context.run(budget.join, budget.active())
        driver = await self._scheduler.resume(self._context, unknown=unknown, only_unknown=only_unknown)
        if driver is not None:
            registry = self._client.registry
            registry.add(self)
            driver.add_done_callback(lambda _: None if self.busy else registry.remove(self))
        if self._live is not None:
            self._live.begin_again()

    def add_callback(self, callback: Callable[[Cell[TaskT]], object]) -> None:
        """Call `callback(cell)` as each cell begins and as it ends; first for those that did so already.

        What it raises is logged, and the sweep goes on.
        """
        self._scheduler.add_callback(callback)

    def pause(self) -> None:
        """Begin no further cell; those that run go on."""
        self._scheduler.pause()

    async def stop(self) -> None:
        """Begin no further cell and stop those that run; `resume` runs them again.

        A `then` that has not begun is left to `resume`; one that has gets a moment. A task that sweeps share is
        stopped for all of them.
        """
        await self._scheduler.stop()

    async def close(self) -> None:
        """End with the client: the tasks go on at Wiro, and the journal has them."""
        await self._scheduler.close()

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the sweep goes on after it
        *,
        progress: ProgressMode = None,
        on_interrupt: OnInterrupt | None = None,
    ) -> Self:
        """Wait until every cell is done, or the sweep is paused, stopped or halted, and nothing runs any more.

        A notebook and a terminal show one live line meanwhile, unless `progress` is False. `await sweep` is the same
        without arguments. Raises what halted it, BudgetExceeded if a budget refused every cell, and TimeoutError if the
        time is up: then the sweep goes on. A failed cell raises nothing. Being cancelled stops the sweep, unless
        `on_interrupt` is "detach".
        """
        check_wait(on_interrupt, timeout)
        self.output_cell.update()
        if self.busy:
            with self.show_progress(progress, on_interrupt):
                if await self.busy_after(timeout, on_interrupt):
                    raise TimeoutError(
                        f"After {timeout:g} s the sweep goes on ({progress_words(self)}); wait again."
                    )
        if self._live is not None:
            self._live.end()
            self._live = self._live if self.left_count else None
        self.raise_error()
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self.wait().__await__()

    async def __aiter__(self) -> AsyncIterator[Cell[TaskT]]:
        position = 0
        while (cell := await self.finished_cell(position)) is not None:
            yield cell
            position += 1
        self.raise_error()

    def _ipython_display_(self) -> None:
        """Show the sweep in a notebook until it is over; NotImplementedError asks IPython for the plain form."""
        self._live = LiveSweep.show(self)

    # For both faces

    @property
    def output_cell(self) -> OutputCell:
        """Where a notebook shows what `then` prints."""
        return self._scheduler.output_cell

    @property
    def goes_on(self) -> bool:
        """True if the sweep will begin further cells."""
        return self.busy and not self._scheduler.paused

    def interrupt_note(self, on_interrupt: OnInterrupt | None = None) -> str:
        """Return what an interrupted wait tells its user."""
        what = "goes on" if self.goes_on and not self._stops(on_interrupt) else "was stopped"
        return f"The sweep {what} ({progress_words(self)}); sweep.resume() runs what is left."

    @contextmanager
    def show_progress(
        self, progress: ProgressMode = None, on_interrupt: OnInterrupt | None = None
    ) -> Iterator[None]:
        """Show the live line of a wait while the block runs; if it is cut short, the line says what happens now."""
        line = SweepLine(self)
        with live_line(line, progress, self._client.options.progress):
            try:
                yield
            except (KeyboardInterrupt, asyncio.CancelledError):
                line.note = self.interrupt_note(on_interrupt)
                raise
            except TimeoutError as error:
                line.note = str(error)
                raise

    def raise_error(self) -> None:
        """Raise what halted the sweep, if anything did."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    async def busy_after(self, seconds: float | None, on_interrupt: OnInterrupt | None = None) -> bool:
        """Wait until nothing runs any more, at most so long; return True if something still runs."""
        try:
            await self._scheduler.wait(seconds)
        except asyncio.CancelledError:
            await self.interrupt(on_interrupt)
            raise
        return self.busy

    async def finished_cell(self, position: int) -> Cell[TaskT] | None:
        """Wait for the cell that finishes at that position in order; return None if the sweep ends before."""
        scheduler = self._scheduler
        self.output_cell.update()
        while position >= len(scheduler.finished) and self.busy:
            try:
                await scheduler.change.wait()
            except asyncio.CancelledError:
                await self.interrupt()
                raise
        return scheduler.finished[position] if position < len(scheduler.finished) else None

    async def interrupt(self, on_interrupt: OnInterrupt | None = None) -> None:
        """Stop the sweep because a wait was interrupted, unless the policy is "detach"."""
        if self._stops(on_interrupt) and self.busy:
            await self._scheduler.interrupt()

    def _stops(self, on_interrupt: OnInterrupt | None) -> bool:
        return (on_interrupt or self._client.options.on_interrupt) == "stop"
