"""Follows one task to its end: the socket for liveness, Task/Detail for the truth (protocol: Socket)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from wiro_widgets.protocol import backoff, events, requests
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ApiError, AuthenticationError, NotFound, TransportError
from wiro_widgets.protocol.events import Notice, TaskEvent
from wiro_widgets.protocol.state import TaskState
from wiro_widgets.runs.engine import Engine
from wiro_widgets.transport.task_socket import TaskSocket

# Seconds without a frame before Task/Detail is read, for the first, second, ... time in the same silence.
SILENCE = (0.3, 1.0, 2.0, 4.0, 8.0, 15.0)
# Where on that ladder a task stands that has just spoken: it is more likely at work than cut off, and a line a second
# must not be a call a second.
AT_WORK = 2
# The same once a terminal frame said that the task is over.
ENDING = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# A read that hangs is given up after so long, and after twice as long each further time.
READ_SECONDS = 5.0
# A socket that pings but says nothing for so long, while the task goes on, is made anew.
STALE_SECONDS = 60.0
# A task that Task/Detail does not know for so many reads in a row does not exist.
MISSING_READS = 6
# A key that is refused in so many reads in a row has been revoked: reading on would tell nothing more.
REFUSED_READS = 5
MAX_NOTICES = 20  # of one task

_log = logging.getLogger("wiro_widgets")


class Listener(Protocol):
    """Who is told what is heard of a task."""

    def take(self, detail: TaskDetail) -> None:
        """Take what Task/Detail says."""

    def hear(self, events: Sequence[TaskEvent]) -> TaskState:
        """Take events that came together; returns the state after them."""


class Following:
    """Hands everything that is heard of a task to its listener, and returns the detail that it ended with."""

    def __init__(
        self,
        engine: Engine,
        task_id: str,
        token: str | None,
        listener: Listener,
    ) -> None:
        self._engine = engine
        self._task_id = task_id
        self._token = token
        self._listener = listener
        self._redact = engine.http.credentials.redactor(token)
        self._loop = asyncio.get_running_loop()
        self._socket = TaskSocket(engine.socket_url, token, self) if token else None
        self._poked = False
        self._waking: asyncio.Future[None] | None = None
        self._told: asyncio.Future[TaskDetail] = self._loop.create_future()
        self._ended = False
        self._heard_at = self._read_at = self._fresh_at = self._loop.time()
        self._not_before = 0.0
        self._reads = 0  # reads of Task/Detail in the same silence
        self._failures = 0  # in a row
        self._missing = 0
        self._refused = 0
        self._connections = 0
        self._heard = False
        self._said: set[str] = set()

    def __repr__(self) -> str:
        return f"<Following task {self._task_id}, {'ended' if self._ended else 'under way'}>"

    async def end(self) -> TaskDetail:
        """Follow the task until Task/Detail says that it has ended.

        Raises NotFound when it never was, AuthenticationError when the key is not accepted any more.
        """
        tokens = self._engine.http.tokens
        if self._token:
            tokens[self._task_id] = self._token
        listening = asyncio.create_task(self._socket.run() if self._socket else asyncio.sleep(0))
        reading = asyncio.create_task(self._until_ended())
        try:
            await asyncio.wait({reading, self._told}, return_when=asyncio.FIRST_COMPLETED)
            return self._told.result() if self._told.done() else reading.result()
        finally:
            tokens.pop(self._task_id, None)
            listening.cancel()
            reading.cancel()
            outcome, _ = await asyncio.gather(listening, reading, return_exceptions=True)
            if isinstance(outcome, Exception):
                _log.error("The live connection broke off, which is a mistake of this package: %r", outcome)

    def look(self) -> None:
        """Read Task/Detail at once, for something was done to the task: also before a Retry-After is over."""
        self._not_before = 0.0
        self._look_soon()

    def told(self, detail: TaskDetail) -> None:
        """Take a detail that came in answer to something else, such as a Kill; a last one ends the following."""
        if detail.terminal and detail.id in (self._task_id, "") and not self._told.done():
            self._told.set_result(detail)
        self.look()

    # What the socket says

    def connected(self) -> None:
        """Read Task/Detail: soon for the first connection, at once for a later one, which may have missed frames."""
        self._connections += 1
        self._reads = 0
        if self._connections > 1:
            self._look_soon()

    def lost(self, reason: str, *, was_open: bool) -> None:
        """Say so, and read Task/Detail meanwhile."""
        if not self._ended:
            self._notice(f"There is no live connection ({reason}); connecting again")
            if was_open:
                self._look_soon()

    def received(self, frames: Sequence[str | bytes]) -> None:
        """Take frames: the first that is no JSON object is reported, what is another task's is left alone."""
        now = time.time()
        heard = [event for data in frames if (event := self._event(data, now)) is not None]
        if heard and self._listener.hear(heard).ended and not self._ended:
            self._ended = True
            self._failures = self._reads = 0
            self._poke()

    def _event(self, data: str | bytes, at: float) -> TaskEvent | None:
        frame = events.parse_frame(data) if isinstance(data, str) else None
        if frame is None:
            return self._nonsense(data, at)
        if not frame.belongs_to(task_id=self._task_id, token=self._token):
            return None
        self._heard = True
        self._heard_at = self._fresh_at = self._loop.time()
        self._reads = AT_WORK
        return events.read_event(frame, at, self._redact)

    def _nonsense(self, data: str | bytes, at: float) -> TaskEvent | None:
        if "nonsense" in self._said:
            return None
        self._said.add("nonsense")
        return events.unreadable(self._redact(data) if isinstance(data, str) else data, at)

    # What Task/Detail says

    async def _until_ended(self) -> TaskDetail:
        while True:
            await self._quiet_or_poked()
            detail = await self._read()
            if detail is None:
                continue
            if detail.terminal:
                return detail
            self._listener.take(detail)
            self._renew_stale_socket()

    async def _quiet_or_poked(self) -> None:
        """Wait until the socket has been silent for a while, or there is a reason to look at once."""
        while (left := self._next_look() - self._loop.time()) > 0:
            # A future and a timer: of an Event and a Timeout a thousand tasks would need a megabyte more.
            self._waking = self._loop.create_future()
            timer = self._loop.call_later(left, self._wake)
            try:
                await self._waking
            finally:
                timer.cancel()
        self._poked = False

    def _next_look(self) -> float:
        """Return when Task/Detail is to be read, in the loop's time; never sooner than the server asked for."""
        if self._poked:
            return self._not_before
        ladder = ENDING if self._ended else SILENCE
        pause = ladder[min(self._reads, len(ladder) - 1)]
        return max(self._heard_at + pause, self._read_at + pause, self._not_before)

    def _look_soon(self) -> None:
        self._reads = 0
        self._poke()

    def _poke(self) -> None:
        self._poked = True
        self._wake()

    def _wake(self) -> None:
        if self._waking is not None and not self._waking.done():
            self._waking.set_result(None)

    async def _read(self) -> TaskDetail | None:
        """Read Task/Detail; a failure does not end a task that the server may still run."""
        found, reason = None, ""
        patience = min(READ_SECONDS * 2 ** min(self._failures, 5), self._engine.http.timeout)
        try:
            request = requests.task_detail(task_id=self._task_id)
            reply = read_tasks(await self._engine.http.look(request, seconds=patience), self._task_id)
            found = next((item for item in reply if item.id in (self._task_id, "")), None)
            reason = "it does not list the task"
        except NotFound as error:
            self._missing += 1
            if self._missing >= MISSING_READS and not self._heard:
                raise
            reason = error.message
        except (TransportError, ApiError) as error:
            self._refused = self._refused + 1 if isinstance(error, AuthenticationError) else 0
            if self._refused >= REFUSED_READS:
                raise
            self._wait_as_told(error)
            reason = str(error)
        self._reads += 1
        self._read_at = self._loop.time()
        if found:
            self._missing = self._refused = self._failures = 0
        else:
            self._failures += 1
            self._notice(f"Task/Detail could not be read ({reason}); the task may well go on, trying again")
        return found

    def _wait_as_told(self, error: TransportError | ApiError) -> None:
        if isinstance(error, ApiError) and error.retry_after:
            self._not_before = self._loop.time() + min(error.retry_after, backoff.LONGEST_RETRY_AFTER)

    def _renew_stale_socket(self) -> None:
        now = self._loop.time()
        if self._socket and now - max(self._heard_at, self._fresh_at) > STALE_SECONDS:
            self._fresh_at = now
            self._socket.drop()

    def _notice(self, text: str) -> None:
        """Say it once for each reason, not each time."""
        if text not in self._said and len(self._said) < MAX_NOTICES:
            self._said.add(text)
            self._listener.hear((Notice(text, time.time(), "warning"),))
