"""Follow one task to its end: the socket for liveness, Task/Detail for the truth (docs/protocol.md, Socket)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wiro_widgets.protocol import backoff, events, requests
from wiro_widgets.protocol.detail import FINISHED, SET_UP_FAILED, TaskDetail, read_tasks
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    NotFound,
    SetUpFailed,
    TaskError,
    TransportError,
)
from wiro_widgets.protocol.events import Lifecycle, Notice, Outputs, TaskEvent
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.transport.task_socket import TaskSocket

# The step of `Timing.silence` on which a task stands that has just spoken: it is more likely at work than cut off,
# and a line a second must not cause a read a second.
STEP_AT_WORK = 2
# A task that Task/Detail does not know in so many reads, and that sends no frame, is not followed any longer.
MISSING_READS = 6
# A key that is refused in so many reads in a row has been revoked.
REFUSED_READS = 5
MAX_NOTICES = 20  # of one task

_log = logging.getLogger("wiro_widgets")


class Follower:
    """Hands everything that is heard of a task to the task, and returns the detail that it ended with.

    Task/Detail is read when the socket has been silent for a step of `Timing.silence`, at once after a terminal frame
    and after a reconnect, and whenever `look` is called.
    """

    def __init__(self, engine: Engine, task: AsyncTask, token: str | None) -> None:
        self._engine = engine
        self._task = task
        self._task_id = task.id or ""
        self._token = token
        self._redact = engine.http.credentials.redactor(token)
        self._loop = asyncio.get_running_loop()
        self._socket = TaskSocket(engine.socket_url, token, self, timing=engine.timing) if token else None
        self._look_now = False
        self._alarm: asyncio.Future[None] | None = None  # of the wait for the next read
        # A last detail that came otherwise.
        self._end: asyncio.Future[TaskDetail] = self._loop.create_future()
        self._ended = False
        self._frame_at = self._read_at = self._socket_renewed_at = self._loop.time()
        self._not_before = 0.0
        self._reads = 0  # of Task/Detail in the same silence
        self._failures = 0  # in a row
        self._missing = 0
        self._set_up_failed_at: float | None = None  # None after any other sign of the task
        self._refusals = 0
        self._connections = 0
        self._is_connected = False
        self._last_frame: asyncio.Future[None] | None = None  # of the wait for the terminal frame
        self._any_frame = False
        self._socket_outputs: tuple[OutputInfo, ...] = ()  # the most that a terminal frame has named
        self._notices: set[str] = set()

    def __repr__(self) -> str:
        return f"<Follower of task {self._task_id}, {'ended' if self._ended else 'under way'}>"

    async def run(self) -> TaskDetail:
        """Follow the task until Task/Detail says that it has ended.

        Raises TaskError when Task/Detail does not know it and it sends nothing, SetUpFailed when its set-up failed and
        nothing follows, AuthenticationError when Wiro does not accept the key any more: the task may go on then.
        """
        tokens = self._engine.http.tokens
        if self._token:
            tokens[self._task_id] = self._token
        listening = asyncio.create_task(self._socket.run() if self._socket else asyncio.sleep(0))
        reading = asyncio.create_task(self._read_until_ended())
        try:
            await asyncio.wait({reading, self._end}, return_when=asyncio.FIRST_COMPLETED)
            detail = self._end.result() if self._end.done() else reading.result()
            return await self._settled_detail(detail)
        finally:
            tokens.pop(self._task_id, None)
            listening.cancel()
            reading.cancel()
            outcome, _ = await asyncio.gather(listening, reading, return_exceptions=True)
            if isinstance(outcome, Exception):
                _log.error("The live connection broke off, which is a mistake of this package: %r", outcome)

    def look(self) -> None:
        """Read Task/Detail at once, even before a Retry-After is over, because something was done to the task."""
        self._not_before = 0.0
        self._look_soon()

    def take_answer(self, detail: TaskDetail) -> None:
        """Take a detail that came in answer to a Kill or a Cancel; a last one ends the following."""
        if detail.terminal and detail.id == self._task_id and not self._end.done():
            self._end.set_result(detail)
        self.look()

    # What the socket says (transport.task_socket.FrameHandler)

    def on_connect(self) -> None:
        """Read Task/Detail: soon for the first connection, at once for a later one, which may have missed frames."""
        self._connections += 1
        self._is_connected = True
        self._reads = 0
        if self._connections > 1:
            self._look_soon()

    def on_disconnect(self, reason: str, *, was_open: bool) -> None:
        """Publish the reason, and read Task/Detail meanwhile."""
        self._is_connected = False
        if not self._ended:
            self._notify(f"There is no live connection ({reason}); connecting again")
            if was_open:
                self._look_soon()

    def on_frames(self, frames: Sequence[str | bytes]) -> None:
        """Take frames: the first that is no JSON object is reported, those of other tasks are ignored."""
        now = time.time()
        news = [event for data in frames if (event := self._event(data, now)) is not None]
        named_outputs = (event.outputs for event in news if isinstance(event, Outputs))
        self._socket_outputs = max((self._socket_outputs, *named_outputs), key=len)
        if not news:
            return
        state = self._task.hear(news)
        waits_for_set_up = state.detail is not None and state.detail.status == SET_UP_FAILED
        if waits_for_set_up and any(isinstance(event, Lifecycle) for event in news):
            self._look_soon()  # it is set up again
        if state.ended and not self._ended:
            self._ended = True
            self._failures = self._reads = 0
            if self._last_frame is not None and not self._last_frame.done():
                self._last_frame.set_result(None)
            self._wake(look=True)

    def _event(self, data: str | bytes, at: float) -> TaskEvent | None:
        frame = events.parse_frame(data) if isinstance(data, str) else None
        if frame is None:
            if "nonsense" in self._notices:
                return None
            self._notices.add("nonsense")
            return events.unreadable(self._redact(data) if isinstance(data, str) else data, at)
        if not frame.belongs_to(task_id=self._task_id, token=self._token):
            return None
        if frame.is_news:
            self._any_frame = True
            self._set_up_failed_at = None
            self._frame_at = self._socket_renewed_at = self._loop.time()
            self._reads = STEP_AT_WORK
        return events.read_event(frame, at, self._redact)

    # What Task/Detail says

    async def _read_until_ended(self) -> TaskDetail:
        while True:
            while (seconds := self._next_read() - self._loop.time()) > 0:
                # A future and a timer: of an Event and a Timeout a thousand tasks would need a megabyte more.
                self._alarm = self._loop.create_future()
                timer = self._loop.call_later(seconds, self._wake)
                try:
                    await self._alarm
                finally:
                    timer.cancel()
            self._look_now = False
            detail = await self._read()
            if detail is None:
                continue
            if detail.terminal:
                return detail
            self._task.take(detail)
            self._check_set_up(detail)
            now = self._loop.time()
            silence = now - max(self._frame_at, self._socket_renewed_at)
            if self._socket and silence > self._engine.timing.stale_socket:
                self._socket_renewed_at = now
                self._socket.drop()

    def _check_set_up(self, detail: TaskDetail) -> None:
        """Publish that a set-up failed; raise SetUpFailed after `Timing.requeue` without any other sign."""
        if detail.status != SET_UP_FAILED:
            self._set_up_failed_at = None
            return
        now, patience = self._loop.time(), self._engine.timing.requeue
        reason = "".join(detail.debug_error.strip().splitlines()[-1:]) or "Wiro gives no reason"
        self._notify(f"Wiro could not set the task up ({reason}); waiting until it tries again")
        if self._set_up_failed_at is None:
            self._set_up_failed_at = now
        elif now - self._set_up_failed_at >= patience:
            raise SetUpFailed(
                task_id=self._task_id,
                patience=patience,
                error_text=detail.debug_error,
                record=self._task.record,
            )

    def _next_read(self) -> float:
        """Return when Task/Detail is to be read, in the loop's time; never sooner than the server asked for."""
        if self._look_now:
            return self._not_before
        ladder = self._engine.timing.ending if self._ended else self._engine.timing.silence
        pause = ladder[min(self._reads, len(ladder) - 1)]
        return max(self._frame_at + pause, self._read_at + pause, self._not_before)

    def _look_soon(self) -> None:
        self._reads = 0
        self._wake(look=True)

    def _wake(self, *, look: bool = False) -> None:
        self._look_now = self._look_now or look
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    async def _read(self) -> TaskDetail | None:
        """Read Task/Detail; a failure does not end a task that the server may still run."""
        detail, reason = None, ""
        patience = min(
            self._engine.timing.detail_read * 2 ** min(self._failures, 5), self._engine.http.timeout
        )
        try:
            request = requests.task_detail(task_id=self._task_id)
            detail = find_task(await self._engine.http.look(request, seconds=patience), self._task_id)
            reason = "it does not list the task"
        except NotFound as error:
            self._missing += 1
            if self._missing >= MISSING_READS and not self._any_frame:
                sentence = (
                    f"Wiro does not know task {self._task_id} ({error.message}), and the task sends nothing; "
                    f"it may exist all the same. client.attach({self._task_id!r}) looks again."
                )
                raise TaskError(sentence, task_id=self._task_id, record=self._task.record) from None
            reason = error.message
        except (TransportError, ApiError, ConfigurationError) as error:
            self._refusals = self._refusals + 1 if isinstance(error, AuthenticationError) else 0
            if self._refusals >= REFUSED_READS:
                raise
            if isinstance(error, ApiError) and error.retry_after:
                self._not_before = self._loop.time() + min(error.retry_after, backoff.LONGEST_RETRY_AFTER)
            reason = str(error)
        self._reads += 1
        self._read_at = self._loop.time()
        if detail:
            self._missing = self._refusals = self._failures = 0
        else:
            self._failures += 1
            self._notify(f"Task/Detail could not be read ({reason}); the task may well go on, trying again")
        return detail

    async def _settled_detail(self, detail: TaskDetail) -> TaskDetail:
        """Read Task/Detail again while it says less than the socket did, and return the richest detail.

        It lags behind the socket: it may lack outputs or the exit code at first. What it still lacks after
        `Timing.settling` is taken from the socket. Raises TaskError if nobody says how the task ended.
        """
        richest = detail
        if self._is_connected and not self._ended and detail.status == FINISHED:
            self._last_frame = self._loop.create_future()
            await asyncio.wait({self._last_frame}, timeout=self._engine.timing.last_frame)
        for pause in self._engine.timing.settling:
            if not self._is_poor(richest):
                break
            await asyncio.sleep(pause)
            newer = await self._read()
            if newer is not None and newer.terminal and _wealth(newer) >= _wealth(richest):
                richest = newer
        if richest.status != FINISHED:
            return richest
        richest = replace(richest, outputs=join_outputs(self._socket_outputs, richest.outputs))
        if not (self._has_outcome(richest) or richest.outputs or richest.debug_error):
            sentence = (
                f"Task {self._task_id} has ended, and Wiro does not say how. "
                f"client.attach({self._task_id!r}) looks again."
            )
            raise TaskError(sentence, task_id=self._task_id, record=self._task.record)
        return richest

    def _has_outcome(self, detail: TaskDetail) -> bool:
        state = self._task.state
        says_itself = detail.exit_code is not None or detail.exit_garbled
        return says_itself or state.exit_code is not None or state.success is not None

    def _is_poor(self, detail: TaskDetail) -> bool:
        """Return True if the socket has said more of the end of a task."""
        if detail.status != FINISHED:
            return False
        if detail.exit_code == 0 and not detail.outputs and not self._task.state.ended:
            return True  # a success without any output, and no frame said so
        return not self._has_outcome(detail) or len(detail.outputs) < len(self._socket_outputs)

    def _notify(self, text: str) -> None:
        """Publish a warning, each text once."""
        if text not in self._notices and len(self._notices) < MAX_NOTICES:
            self._notices.add(text)
            self._task.hear((Notice(text, time.time(), "warning"),))


def find_task(reply: Mapping[str, Any], task_id: str) -> TaskDetail | None:
    """Return the task with this id; what has no id is no task."""
    return next((task for task in read_tasks(reply, task_id) if task.id == task_id), None)


def join_outputs(
    socket_outputs: tuple[OutputInfo, ...], outputs: tuple[OutputInfo, ...]
) -> tuple[OutputInfo, ...]:
    """Return the outputs of a detail; if the socket named more, in its order and with those that the detail lacks."""
    if len(socket_outputs) <= len(outputs):
        return outputs
    by_key = {_output_key(item): item for item in outputs}
    keys = [_output_key(item) for item in socket_outputs]
    union = [by_key.get(key, item) for key, item in zip(keys, socket_outputs, strict=True)]
    return (*union, *(item for key, item in by_key.items() if key not in keys))


def renew_outputs(outputs: tuple[OutputInfo, ...], newer: tuple[OutputInfo, ...]) -> tuple[OutputInfo, ...]:
    """Return the outputs with the addresses of a newer detail, which may be signed anew, in the same order."""
    if len(outputs) == len(newer):
        return newer
    by_key = {_output_key(item): item for item in newer}
    return tuple(by_key.get(_output_key(item), item) for item in outputs)


def _output_key(item: OutputInfo) -> str:
    """Return what tells outputs of one task apart; the query of an address may be another each time."""
    return (item.url or "").partition("?")[0] or item.id or item.name


def _wealth(detail: TaskDetail) -> tuple[int, bool, bool]:
    return len(detail.outputs), detail.exit_code is not None, detail.total_cost is not None
