"""Engine: what the tasks of one client share, and which of them are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from wiro_widgets.journal import event_log
from wiro_widgets.journal.journal import Journal
from wiro_widgets.money.ledger import Ledger
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ERRORS_FROM, ApiError, NotFound, TransportError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.lookup import Lookup, Present, Unknown
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.runs.balance_queue import BalanceQueue
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.transport.downloads import Downloads
from wiro_widgets.transport.http import Http
from wiro_widgets.transport.shared_uploads import SharedUploads

CLAIMS_AT_ONCE = 8


@dataclass(slots=True)
class Engine:
    """The resources of one client, owned by it and lent to the runners of its tasks."""

    http: Http
    socket_url: str
    journal: Journal
    downloads: Downloads
    ledger: Ledger
    timing: Timing
    # Claims wait on threads for a journal that is locked or away: they leave some for those who write to it.
    claim_slots: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(CLAIMS_AT_ONCE), repr=False
    )
    balance_queue: BalanceQueue = field(init=False, repr=False)
    uploads: SharedUploads = field(init=False, repr=False)
    tasks: set[AsyncTask] = field(default_factory=set, repr=False)  # those under way
    # What goes on for tasks that are over: outputs that are fetched again, costs that come late.
    late_jobs: set[asyncio.Task[None]] = field(default_factory=set, repr=False)
    _reported_trouble: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.balance_queue = BalanceQueue(self.timing)
        self.uploads = SharedUploads(self.http, self.downloads, self.start_late_job)

    @property
    def server(self) -> str:
        """The address that tells one Wiro's tasks from another's."""
        return self.http.base_url

    def task(self, task_id: str) -> AsyncTask | None:
        """Return the task with this id if it is under way; may be called from any thread."""
        return next((task for task in tuple(self.tasks) if task.id == task_id), None)

    async def detail(self, task_id: str) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none, TransportError or another ApiError.

        NotFound is what Wiro says, and no proof that there is no task: see `look_up`.
        """
        request = requests.task_detail(task_id=task_id)
        try:
            tasks = read_tasks(await self.http.call(request))
        except NotFound as error:
            if error.http_status >= ERRORS_FROM:  # the address is wrong, and not the id
                raise
            tasks = ()
        detail = next((task for task in tasks if task.id == task_id), None)
        if detail is None:
            raise NotFound(f"there is no task {task_id}", code=1, endpoint=request.path)
        return detail

    async def look_up(self, task_id: str) -> Lookup[TaskDetail]:
        """Read one task from Wiro; whatever is not a reply about this task leaves it unknown."""
        try:
            return Present(await self.detail(task_id))
        except (TransportError, ApiError) as error:
            return Unknown(f"Wiro cannot say what became of task {task_id}: {error}", (task_id,))

    def new_trouble(self) -> str | None:
        """Return what is wrong with the journal, once for each trouble: its own warning may have gone unseen."""
        trouble = self.journal.trouble
        if trouble == self._reported_trouble:
            return None
        self._reported_trouble = trouble
        return trouble

    async def write_end(
        self,
        journal_id: str | None,
        record: TaskRecord,
        events: Sequence[TaskEvent] = (),
        *,
        is_whole: bool = True,
        cost_may_come: bool = False,
    ) -> None:
        """Write the end of a run, its events and its cost to its journal row, if it has one.

        The row stays open unless it `is_whole`, so that its outputs are on the disk.
        """
        if journal_id is not None:
            self.ledger.settle(journal_id, record, cost_may_come=cost_may_come)
            await asyncio.to_thread(self._settle, journal_id, record, events, is_whole)

    def start_late_job(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something for a task that is over, until it ends or the client is closed."""
        job = asyncio.create_task(work)
        self.late_jobs.add(job)
        job.add_done_callback(self.late_jobs.discard)
        return job

    async def end_late_jobs(self) -> None:
        """Cancel what goes on for tasks that are over."""
        jobs = tuple(self.late_jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    async def write_outputs(self, record: TaskRecord) -> None:
        """Write to the journal where an executor has put the outputs of a task."""
        if record.reused_from is None:  # otherwise the row is another run's
            await asyncio.to_thread(self._write_outputs, record)

    def _settle(
        self, journal_id: str, record: TaskRecord, events: Sequence[TaskEvent], is_whole: bool
    ) -> None:
        log = event_log.pack(events) if events else None
        self.journal.settle(journal_id, record, record.output_paths, log, is_whole=is_whole)

    def _write_outputs(self, record: TaskRecord) -> None:
        row = self.journal.find(record.task_id or "", self.server)
        if row is not None:
            self.journal.settle(row.id, record, is_whole=not row.is_open)
