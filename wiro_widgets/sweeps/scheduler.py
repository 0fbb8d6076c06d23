"""The work of a sweep: which cell goes off next, how many at once, and what becomes of each."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from numbers import Integral
from typing import Generic

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
from wiro_widgets.sweeps.cell import Cell, Status, TaskT
from wiro_widgets.sweeps.plan import Plan
from wiro_widgets.sweeps.postprocess import Carrier, ThenFailed
from wiro_widgets.sweeps.sweep_tasks import CellTasks, Host

_log = logging.getLogger("wiro_widgets")

CONCURRENCY = 8  # cells at once where nothing else is said
THEN_SECONDS = 2.0  # that a stop waits for what `then` has begun with
LOOK = 0.5  # seconds after which a held back cell is looked at again
# What would meet every further cell as well: the sweep halts instead of asking a thousand times.
_HOPELESS = (AuthenticationError, InsufficientBalance, ConfigurationError)


class Work(Generic[TaskT]):
    """Runs the cells that are lined up; lives on the client's loop.

    `finished` has the cells in the order in which they ended. `error` is what halted it. `changed` is set once, at
    each change.
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
        if most is not None and (not isinstance(most, Integral) or isinstance(most, bool) or most < 1):
            raise ConfigurationError(f"A sweep runs at least 1 cell at once, in whole numbers, not {most!r}.")
        self.host = host
        self.carrier = carrier
        self.tasks = CellTasks(plan, host, fetch=not carrier.fetches, anew=anew, begun=self._tell_of)
        self.finished: list[Cell[TaskT]] = []
        self.error: WiroError | None = None
        self.changed = asyncio.Event()
        self._callbacks: list[Callable[[Cell[TaskT]], object]] = []
        self._cells = cells
        self._most = most or CONCURRENCY
        self._left: deque[Cell[TaskT]] = deque()
        self._jobs: dict[asyncio.Task[None], Cell[TaskT]] = {}
        self._driver: asyncio.Task[None] | None = None
        self._short = False
        self._stopping = False
        self._ran = False
        self._refusal: BudgetExceeded | None = None  # as long as every cell has met one

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

    def start(self, context: Context) -> asyncio.Task[None] | None:
        """Begin with what is lined up, under the budgets of that context; return what drives it, where it is new."""
        self.tasks.held = self._stopping = False
        self.error = None
        self.line_up()
        if not self._left or self.driver is not None:
            return None
        self._ran, self._refusal = False, None
        self._driver = asyncio.create_task(self._drive(), context=context, name="wiro sweep")
        return self._driver

    def hold(self) -> None:
        """Begin no further cell; those that run go on."""
        self.tasks.held = True
        self.tell()

    def halt(self) -> None:
        """Begin no further cell, and no further `then`."""
        self._stopping = True
        self.carrier.withdraw()
        self.hold()

    async def ended(self, *, at_last: bool = False) -> None:
        """Wait until nothing runs any more, but not for long for a `then`: its result is here, it can begin anew.

        With `at_last` nothing else is waited for either.
        """
        if self.driver is None:
            return
        driver = self.driver
        await asyncio.wait({driver}, timeout=THEN_SECONDS)
        if at_last:
            driver.cancel()
        for job, cell in self._jobs.items():
            if cell.result is not None:
                job.cancel()
        await asyncio.wait({driver})

    def add_callback(self, callback: Callable[[Cell[TaskT]], object]) -> None:
        """Call it with each cell as it begins and as it ends, those that are done or under way already first."""
        for cell in (*self.finished, *self._jobs.values()):
            self._call(callback, cell)
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
                    self.error = self.error or self._refusal
                    return
                done, _ = await asyncio.wait(self._jobs, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                for job in done:
                    self._end(self._jobs.pop(job), job)
        finally:
            for job in self._jobs:
                job.cancel()
            await asyncio.gather(*self._jobs, return_exceptions=True)
            for job, cell in self._jobs.items():
                self._end(cell, job)
            self._jobs.clear()
            self.carrier.close()
            asyncio.get_running_loop().call_soon(self.tell)

    def _may_begin(self) -> bool:
        """Whether another cell may go off; while one of ours waits for a turn (code 96) none does."""
        if self.tasks.held or self.error is not None or not self._left or len(self._jobs) >= self._most:
            return False
        return not self._jobs or not (self._short or self.host.engine.balance_queue.waiting)

    async def _run(self, cell: Cell[TaskT]) -> None:
        if self.tasks.held:  # since it had its turn
            raise asyncio.CancelledError
        if cell.result is None or cell.index in self.tasks.under_way:
            cell.result = await self.tasks.result(cell)
        if self._stopping and self.carrier.works:
            raise asyncio.CancelledError
        cell.result, made = await self.carrier.carry(cell.result)
        cell.value = made.value
        if self.carrier.fetches:
            await self.host.engine.keep(cell.result.record)
        if made.error is not None:
            raise ThenFailed(made.error)

    def _end(self, cell: Cell[TaskT], job: asyncio.Task[None]) -> None:
        self.tasks.live.pop(cell.index, None)
        error = asyncio.CancelledError() if job.cancelled() else job.exception()
        if job.cancelled() and self.tasks.held and (cell.task is None or cell.result is not None):
            cell.status = "pending"  # it was not sent, or all of it but its `then` is here
            if cell.task is not None:  # which has been told of
                self._tell_of(cell)
            return
        if isinstance(error, BudgetExceeded) and self._jobs and not self.tasks.held:
            self._short = True  # until something ends: what is in flight may turn out cheaper
            cell.status = "pending"
            self._left.appendleft(cell)
            return
        self._short = False
        if not isinstance(error, BudgetExceeded):
            self._ran, self._refusal = True, None
        elif not self._ran:
            self._refusal = error
        told = error.error if isinstance(error, ThenFailed) else error
        cell.end(_status(error), told if isinstance(told, Exception) else None)
        if isinstance(error, _HOPELESS):
            self.error = error
        self.finished.append(cell)
        self._tell_of(cell)

    def _tell_of(self, cell: Cell[TaskT]) -> None:
        for callback in self._callbacks:
            self._call(callback, cell)

    def _call(self, callback: Callable[[Cell[TaskT]], object], cell: Cell[TaskT]) -> None:
        try:
            callback(cell)
        except BaseException:  # noqa: BLE001 - the user's own code may raise anything, and this is everybody's thread
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
