"""Wiro's list of tasks, page by page, while other tasks begin and vanish (docs/protocol.md, Task detail)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ERRORS_FROM, NotFound
from wiro_widgets.protocol.wire_values import integer
from wiro_widgets.transport.http import Http

PAGE: Final = 100
OVERLAP: Final = 10  # tasks of a page that the next one shows again, unless older ones have moved up
MAX_PAGES: Final = 20_000
# Pages in a row that show nothing new: a server that shows the same page again and again.
_MAX_IDLE: Final = 3
_MAX_RETREATS: Final = 200
_TRIES: Final = 8  # of one page: whoever reads thousands of them is told to wait now and then


class TaskPages:
    """Reads the list from its newest task to its oldest, each task once.

    The list is read by position, and positions move: tasks that begin meanwhile push the others down, so that a page
    shows some again, and tasks that vanish pull the others up, so that a page would leave some out. Pages overlap
    therefore, and where two of them do not, the reader goes back. `is_complete` is True once the end was seen.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._ids: set[str] = set()
        self.total: int | None = None  # as Wiro says it
        self.is_complete = False

    def __repr__(self) -> str:
        return f"<TaskPages, {len(self._ids):,} tasks so far>"

    def __len__(self) -> int:
        return len(self._ids)

    async def read(self) -> AsyncGenerator[list[TaskDetail], None]:
        """Yield the new tasks of each page; raises TransportError or an ApiError."""
        start = size = furthest = idle_count = retreat_count = 0
        end: int | None = None  # where the list had nothing more
        for _ in range(MAX_PAGES):
            tasks = await self._page(start)
            size = max(size, len(tasks))
            tasks_with_id = [task for task in tasks if task.id]  # the others name no task
            new = list({task.id: task for task in tasks_with_id if task.id not in self._ids}.values())
            self._ids.update(task.id for task in new)
            if new:
                yield new
            if not tasks:
                end = min(start, start if end is None else end)
            if start > 0 and len(new) == len(tasks_with_id) and retreat_count < _MAX_RETREATS:
                start, retreat_count = max(0, start - size), retreat_count + 1
                continue
            is_last = len(tasks) < size or (end is not None and start + len(tasks) >= end)
            idle_count = idle_count + 1 if not new and start >= furthest else 0
            if not new and (is_last or idle_count == _MAX_IDLE):
                self.is_complete = is_last or len(self) == self.total
                return
            furthest = max(furthest, start)
            start += max(1, len(tasks) - min(OVERLAP, len(tasks) // 2))

    async def _page(self, start: int) -> tuple[TaskDetail, ...]:
        request = requests.task_list(start=start, limit=PAGE)
        try:
            reply = await self._http.call(request, tries=_TRIES)
        except NotFound as error:
            if error.http_status >= ERRORS_FROM:  # the address is wrong
                raise
            return ()  # "There is no task yet."
        self.total = integer(reply.get("total")) or self.total
        return read_tasks(reply)
