"""What every task of a client shares: its connection, its journal, its downloads, all that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wiro_widgets.journal import event_log
from wiro_widgets.journal.journal import Journal
from wiro_widgets.money.ledger import Money
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ERRORS_FROM, NotFound
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.runs.balance_queue import BalanceQueue
from wiro_widgets.transport.downloads import Downloads
from wiro_widgets.transport.http import Http

if TYPE_CHECKING:
    from wiro_widgets.runs.task import AsyncTask


@dataclass(slots=True)
class Engine:
    """The resources of one client, owned by it and lent to its tasks."""

    http: Http
    socket_url: str
    journal: Journal
    downloads: Downloads
    money: Money
    balance_queue: BalanceQueue = field(default_factory=BalanceQueue, repr=False)
    tasks: set[AsyncTask] = field(default_factory=set, repr=False)
    told: str | None = field(default=None, repr=False)

    @property
    def server(self) -> str:
        """The address that tells one Wiro's tasks from another's."""
        return self.http.base_url

    async def detail(self, task_id: str) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none, TransportError or another ApiError."""
        request = requests.task_detail(task_id=task_id)
        try:
            found = read_tasks(await self.http.call(request), task_id)
        except NotFound as error:
            if error.http_status >= ERRORS_FROM:  # the address is wrong, and not the id
                raise
            found = ()
        if not found:
            raise NotFound(f"there is no task {task_id}", code=1, endpoint=request.path)
        return found[0]

    def new_trouble(self) -> str | None:
        """Return what is wrong with the journal, once; its own warning may have gone where nobody looks."""
        trouble = self.journal.trouble
        if trouble == self.told:
            return None
        self.told = trouble
        return trouble

    async def close_row(
        self, journal_id: str | None, record: TaskRecord, events: Sequence[TaskEvent] = ()
    ) -> None:
        """Note in the journal how a task ended and what was heard of it, and what it cost, where it has a row."""
        if journal_id is not None:
            self.money.settled(journal_id, record)
            await asyncio.to_thread(self._settle, journal_id, record, events)

    async def keep(self, record: TaskRecord) -> None:
        """Note in the journal where somebody else has put the outputs of a task that has a row."""
        if record.reused_from is None:  # that row is another run's
            await asyncio.to_thread(self._keep, record)

    def _keep(self, record: TaskRecord) -> None:
        row = self.journal.find(record.task_id or "", self.server)
        if row is not None:
            self.journal.settle(row.id, record)

    def _settle(self, journal_id: str, record: TaskRecord, events: Sequence[TaskEvent]) -> None:
        log = event_log.packed(events) if events else None
        self.journal.settle(journal_id, record, record.output_paths, log)
