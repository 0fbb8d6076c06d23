"""The scheduler of a sweep: which cell runs next, how many at once, how a cell gets its task, and how it ends.

Everything here runs on the client's loop. Read it from top to bottom: a sweep lines up its cells and starts; one
asyncio task, the driver, begins a job for each cell; a job gets the cell a task and waits for it; the driver ends the
cell. Pausing, stopping and closing act on the driver and its jobs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Generic

from wiro_widgets.journal.result import TaskResult
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    BudgetExceeded,
    ConfigurationError,
    InsufficientBalance,
    RunOutcomeUnknown,
    TaskCancelled,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions, UnknownPolicy
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps import recall as journal_recall
from wiro_widgets.sweeps.cell import RESUMABLE, Cell, Status, TaskT
from wiro_widgets.sweeps.output_cell import OutputCell
from wiro_widgets.sweeps.postprocess import PostProcessing
from wiro_widgets.sweeps.registry import SweepRegistry

_log = logging.getLogger("wiro_widgets")

CONCURRENCY = 8  # cells at once unless the user says how many
POLL_SECONDS = 0.5  # after which the driver looks again if a cell that had to wait may begin
# Every further cell would meet these as well: the sweep halts instead of asking a thousand times.
_HALTING = (AuthenticationError, InsufficientBalance, ConfigurationError)

CellCallback = Callable[[Cell[TaskT]], object]


@dataclass(frozen=True, slots=True)
class ClientAccess(Generic[TaskT]):
    """What a sweep uses of its client; `wrap` returns the object that users see as `cell.task`."""

    engine: Engine
    registry: SweepRegistry[Any]
    options: RunOptions
    prepare: Callable[[str, Mapping[str, Any], ModelSchema | None, RunOptions], AsyncTask]
    begin: Callable[[AsyncTask, ModelSchema | None], Awaitable[None]]
    attach: Callable[[str, RunOptions], Awaitable[AsyncTask]]
    wrap: Callable[[AsyncTask], TaskT]


class Scheduler(Generic[TaskT]):
    """Runs the cells of one sweep.

    `finished` has the cells in the order in which they ended. `error` is what halted the sweep. `change` is an event
    that is set at the next change and replaced by a new one. With `anew` every cell is sent, whatever else runs or has
    run.
    """

    def __init__(
        self,
        cells: Sequence[Cell[TaskT]],
        client: ClientAccess[TaskT],
        post_processing: PostProcessing,
        *,
        concurrency: int | None,
        anew: bool,
    ) -> None:
        is_count = isinstance(concurrency, Integral) and not isinstance(concurrency, bool)
        if concurrency is not None and not (is_count and concurrency >= 1):
            raise ConfigurationError(
                f"A sweep runs at least 1 cell at once, in whole numbers, not {short_repr(concurrency)}."
            )
        self.finished: list[Cell[TaskT]] = []
        self.error: WiroError | None = None
        self.change = asyncio.Event()
        self.paused = False
        self._cells = cells
        self._client = client
        self._post_processing = post_processing
        self._concurrency = concurrency or CONCURRENCY
        self._anew = anew
        self._earlier = journal_recall.EarlierRuns()
        self._unknown: UnknownPolicy = "ask"
        self._sent_anyway: set[int] = set()  # cells that may have a task, and that the user sends once more
        self._queue: deque[Cell[TaskT]] = deque()
        self._resuming = asyncio.Lock()  # a second look must not end cells that the first one has begun
        self._driver: asyncio.Task[None] | None = None
        self._jobs: dict[asyncio.Task[Exception | None], Cell[TaskT]] = {}
        self._tasks: dict[int, AsyncTask] = {}  # of the running cells, by index
        self._stopping = False
        self._budget_is_short = False
        self._refusal: BudgetExceeded | None = None
        self._all_refused = True  # every cell that ended since the start was refused by a budget
        self._callbacks: list[tuple[Context, CellCallback[TaskT]]] = []

    def __repr__(self) -> str:
        return f"<Scheduler, {len(self._jobs)} cells running, {len(self._queue)} in the queue>"

    @property
    def busy(self) -> bool:
        """True if a cell runs or is about to."""
        return self._driver is not None and not self._driver.done()

    @property
    def output_cell(self) -> OutputCell:
        """Where a notebook shows what `then` prints."""
        return self._post_processing.cell

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until nothing runs any more, at most so long."""
        if self._driver is not None:
            await asyncio.wait({self._driver}, timeout=seconds)

    # Which cells are to run

    async def recall(self, cells: Sequence[Cell[TaskT]], unknown: UnknownPolicy) -> None:
        """Read from the journal what the cells did before: their results, and tasks that may still run."""
        cells = [cell for cell in cells if cell.result is None and cell.can_run]
        earlier = await journal_recall.recall(self._client.engine, cells, unknown)
        self._earlier.task_ids |= earlier.task_ids
        self._earlier.sent_elsewhere = earlier.sent_elsewhere
        for cell in cells:
            needs_post_processing = cell.result is not None and self._post_processing.is_needed
            if needs_post_processing or cell.index in self._earlier.task_ids:
                cell.status = "pending"
        self._line_up()

    @property
    def unpaid(self) -> list[Cell[TaskT]]:
        """The cells that are to be sent: they have no result, and nobody has sent them or sends them just now."""
        paid_indexes = self._earlier.task_ids.keys() | self._earlier.sent_elsewhere
        pending = [cell for cell in self._cells if cell.status == "pending" and cell.result is None]
        return [cell for cell in pending if cell.index not in paid_indexes]

    async def resume(
        self, context: Context, *, unknown: UnknownPolicy, only_unknown: bool = False
    ) -> asyncio.Task[None] | None:
        """Run what is left, under the budgets of that context; return the driver if one had to be started.

        Cells without all their files are fetched again. Cells of unknown outcome are looked for at Wiro; with "send"
        those that stay unknown are sent once more. `only_unknown` leaves all other cells as they are.
        """
        async with self._resuming:
            self._unknown = unknown
            if unknown_cells := [cell for cell in self._cells if cell.status == "unknown"]:
                await self.recall(unknown_cells, unknown)
            for cell in unknown_cells if only_unknown else self._cells:
                if cell.lacks_files and (task_id := cell.record.task_id):
                    self._earlier.task_ids[cell.index] = task_id  # attached again, not sent
                    cell.status = "pending"
                if cell.status == "unknown" and unknown == "send":
                    self._sent_anyway.add(cell.index)
                    self._earlier.task_ids.pop(cell.index, None)
                    cell.status = "pending"
                if cell.status in RESUMABLE and cell.can_run:
                    cell.status = "pending"
            self.paused = self._stopping = False
            self.error = None
            self._line_up()
            if only_unknown and not self.busy:
                self._queue = deque(cell for cell in self._queue if cell in unknown_cells)
            if not self._queue or self.busy:
                return None
            self._refusal, self._all_refused = None, True
            self._driver = asyncio.create_task(self._drive(), context=context, name="wiro sweep")
            return self._driver

    def _line_up(self) -> None:
        """Put the pending cells into the queue, and those that are done into `finished`."""
        running = {cell.index for cell in self._jobs.values()}
        pending = [cell for cell in self._cells if cell.status == "pending"]
        self._queue = deque(cell for cell in pending if cell.index not in running)
        self.finished = [cell for cell in self.finished if cell.done]
        indexes = {cell.index for cell in self.finished}
        self.finished += [cell for cell in self._cells if cell.done and cell.index not in indexes]
        self._announce_change()

    # Which cell is next, and how many run at once

    async def _drive(self) -> None:
        """Keep as many cells running as is allowed, until none is left."""
        try:
            while True:
                while self._may_begin():
                    cell = self._queue.popleft()
                    cell.begin()
                    job = asyncio.create_task(self._run(cell), name=f"wiro cell {cell.index}")
                    self._jobs[job] = cell
                self._announce_change()
                if not self._jobs:
                    if self._all_refused:
                        self.error = self.error or self._refusal
                    return
                done, _ = await asyncio.wait(
                    self._jobs, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for job in done:
                    self._end(self._jobs.pop(job), job)
        finally:
            for job in self._jobs:
                job.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)
            for job, cell in self._jobs.items():
                self._end(cell, job)
            self._jobs.clear()
            self._post_processing.close()
            asyncio.get_running_loop().call_soon(self._announce_change)  # after the driver is done

    def _may_begin(self) -> bool:
        """Return True if another cell may begin now.

        While a run of this client waits in the balance queue (code 96) none does: it would only have to wait as well.
        After a budget had no room for a cell none does before another one ends, and may turn out cheaper than reserved.
        """
        if self.paused or self.error is not None or not self._queue or len(self._jobs) >= self._concurrency:
            return False
        return not self._jobs or not (self._budget_is_short or self._client.engine.balance_queue.waiting)

    # How a cell gets its task: from another sweep, from an earlier kernel, or by sending a Run

    async def _run(self, cell: Cell[TaskT]) -> Exception | None:
        """Get the result of a cell and post-process it; return what `then` raised."""
        if self.paused:  # since the driver created this job
            raise asyncio.CancelledError
        if cell.result is None or cell.index in self._earlier.task_ids:
            cell.result = await self._result(cell)
        post_processing = self._post_processing
        if self._stopping and post_processing.is_needed:
            raise asyncio.CancelledError
        cell.result, cell.value, then_error = await post_processing.run(cell.result)
        if post_processing.downloads_outputs:
            await self._client.engine.write_outputs(cell.result.record)
        return then_error

    async def _result(self, cell: Cell[TaskT]) -> TaskResult:
        """Return the result of the cell's task, which may be shared with another sweep of this client."""
        shared_task = self._client.registry.cell_tasks.get((cell.content, cell.number))
        if self._anew or shared_task is None or shared_task.over:
            return await self._own_result(cell)
        self._earlier.task_ids.pop(cell.index, None)
        self._set_task(cell, shared_task)
        try:
            await shared_task.wait_for_receipt()
        except WiroError as error:
            if self.paused or isinstance(error, RunOutcomeUnknown):
                raise
            # The other sweep was stopped, or its budget had no room where this one's may have.
            return await self._own_result(cell)
        result = await shared_task.wait(progress=False, on_interrupt="detach")
        if self._post_processing.downloads_outputs or result.outputs or shared_task.id is None:
            return result
        # An executor downloads the outputs for the other sweep, so this one downloads them itself.
        task = await self._client.attach(shared_task.id, self._client.options)
        return await task.wait(progress=False, on_interrupt="detach")

    async def _own_result(self, cell: Cell[TaskT]) -> TaskResult:
        """Attach to the task that the cell has at Wiro, or send its Run, and return the result."""
        client, task_id = self._client, self._earlier.task_ids.pop(cell.index, None)
        options = replace(
            client.options,
            fetch_outputs=not self._post_processing.downloads_outputs,
            cell=cell.number,
            share_cell=not self._anew and cell.index not in self._sent_anyway,
            unknown=self._unknown,
        )
        self._sent_anyway.discard(cell.index)
        if task_id is not None:
            try:
                task = await client.attach(task_id, options)
            except (TransportError, ApiError) as error:
                reason = f"Wiro cannot say what became of task {task_id}: {error}"
                raise RunOutcomeUnknown(cell.model, reason, journal_id=None, candidates=(task_id,)) from None
        else:
            task = client.prepare(cell.model, cell.values, cell.schema, options)
            await client.begin(task, cell.schema)
        self._set_task(cell, task)
        await task.wait_for_receipt()
        return await task.wait(progress=False, on_interrupt="detach")

    def _set_task(self, cell: Cell[TaskT], task: AsyncTask) -> None:
        self._tasks[cell.index] = self._client.registry.cell_tasks[cell.content, cell.number] = task
        cell.task = self._client.wrap(task)
        self._call_back(cell)

    # What happens when a cell ends

    def _end(self, cell: Cell[TaskT], job: asyncio.Task[Exception | None]) -> None:
        """End a cell as its job ended, or make it pending again."""
        task = self._tasks.pop(cell.index, None)
        error = asyncio.CancelledError() if job.cancelled() else job.exception()
        if job.cancelled() and self.paused and (cell.task is None or cell.result is not None):
            cell.status = "pending"  # it was not sent, or only its `then` was not called; `resume` runs it
            if cell.task is not None:  # the callbacks know that it began
                self._call_back(cell)
            return
        if isinstance(error, BudgetExceeded) and self._jobs and not self.paused:
            self._budget_is_short = True
            cell.status = "pending"
            self._queue.appendleft(cell)
            return
        self._budget_is_short = False
        if isinstance(error, BudgetExceeded):
            self._refusal = error
        else:
            self._all_refused = False
        if isinstance(error, _HALTING) or (isinstance(error, TransportError) and not error.retry_helps):
            self.error = error
        then_error = job.result() if error is None else None
        if then_error is not None:  # whatever it is, it says nothing about the run, and halts no sweep
            cell.end("failed", then_error)
        else:
            cell.end(_status(error, task), error if isinstance(error, Exception) else None)
        self.finished.append(cell)
        self._call_back(cell)

    def add_callback(self, callback: CellCallback[TaskT]) -> None:
        """Call it with each cell as it begins and as it ends; first with those that are done or running already."""
        context = copy_context()  # a notebook shows what it prints in the cell that added it
        for cell in (*self.finished, *self._jobs.values()):
            self._call(context, callback, cell)
        self._callbacks.append((context, callback))

    def _call_back(self, cell: Cell[TaskT]) -> None:
        for context, callback in self._callbacks:
            self._call(context, callback, cell)

    def _call(self, context: Context, callback: CellCallback[TaskT], cell: Cell[TaskT]) -> None:
        try:
            context.run(callback, cell)
        except BaseException:  # noqa: BLE001 - the user's own code may raise anything, and this is everybody's thread
            _log.exception("A callback of a sweep failed; the sweep goes on")

    def _announce_change(self) -> None:
        change, self.change = self.change, asyncio.Event()
        change.set()

    # Pause, stop, interrupt, close

    def pause(self) -> None:
        """Begin no further cell; those that run go on."""
        self.paused = True
        self._announce_change()

    async def stop(self) -> None:
        """Begin no further cell and no further `then`, stop the tasks that run, and wait until nothing runs."""
        self._halt()
        stops = [task.stop() for task in self._tasks.values() if not task.over]
        for error in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, WiroError):
                raise error
        await self._wait_for_then()

    async def interrupt(self) -> None:
        """Begin no further cell and no further `then`, and begin to stop the tasks that run."""
        self._halt()
        await asyncio.gather(*(task.interrupt("stop") for task in self._tasks.values()))

    async def close(self) -> None:
        """End with the client: the tasks go on at Wiro, and cells that were not sent are pending as before."""
        self._halt()
        await self._wait_for_then(abandon_tasks=True)

    def _halt(self) -> None:
        self._stopping = True
        self._post_processing.withdraw()
        self.pause()

    async def _wait_for_then(self, *, abandon_tasks: bool = False) -> None:
        """Wait until nothing runs, but not long for a `then`: its result is here, and it can be called again."""
        if not self.busy or self._driver is None:
            return
        await self.wait(self._client.engine.timing.stop_then)
        if abandon_tasks:
            self._driver.cancel()
        for job, cell in self._jobs.items():
            if cell.result is not None:
                job.cancel()
        await self.wait()


def _status(error: BaseException | None, task: AsyncTask | None) -> Status:
    """Return the final status of a cell whose job ended with this error; its task may go on, and be billed."""
    if error is None:
        return "succeeded"
    if isinstance(error, BudgetExceeded):
        return "refused"
    if isinstance(error, TaskCancelled | asyncio.CancelledError):
        return "cancelled"
    may_go_on = task is not None and task.id is not None and task.status == "unknown"
    return "unknown" if may_go_on or isinstance(error, RunOutcomeUnknown) else "failed"
