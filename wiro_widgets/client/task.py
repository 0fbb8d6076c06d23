"""AsyncTask: one task from Run to settled; every other face of a task looks at this one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Literal

from wiro_widgets.client.engine import Engine
from wiro_widgets.client.following import Following
from wiro_widgets.client.stopping import stop_remote
from wiro_widgets.client.stream import EventStream
from wiro_widgets.client.submitting import Submission
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import (
    RunOutcomeUnknown,
    TaskCancelled,
    TaskError,
    TaskFailed,
    TaskTimeout,
    WiroError,
)
from wiro_widgets.protocol.events import Lifecycle, Notice, TaskEvent
from wiro_widgets.protocol.record import TaskRecord, error_text, record_of
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.protocol.state import Status, TaskState, advance
from wiro_widgets.protocol.version import __version__
from wiro_widgets.results.outputs import Output
from wiro_widgets.results.plain import plain
from wiro_widgets.results.recipes import recipe_of
from wiro_widgets.results.result import TaskResult

OnInterrupt = Literal["stop", "detach"]
INTERRUPT_SECONDS = 0.8  # how long an interrupt waits for the remote task to be stopped

_log = logging.getLogger("wiro_widgets")


class AsyncTask:
    """A task on the loop that its client lives on.

    Made by `AsyncClient.run` and `AsyncClient.attach`, which give it its life; everything here may be read at any
    time. Several may wait for it at once.
    """

    def __init__(
        self,
        engine: Engine | None,
        model: str | None,
        values: Mapping[str, Any],
        *,
        on_interrupt: OnInterrupt = "stop",
    ) -> None:
        self.model = model
        self.values = dict(values)
        self.stream = EventStream()
        self._lent = engine
        self._on_interrupt = on_interrupt
        self._id: str | None = None
        self._token: str | None = None
        self._journal_id: str | None = None
        self._state = TaskState()
        self._outputs: tuple[Output, ...] = ()
        self._error: WiroError | None = None
        self._following: Following | None = None
        self._life: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._submitted = asyncio.Event()
        self._over = asyncio.Event()
        self._watchers: list[Callable[[TaskEvent | None], object]] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._id or 'without an id'} of {self.model}: {self.status}>"

    @property
    def _engine(self) -> Engine:
        if self._lent is None:
            raise TaskError("This run was refused before it was sent.", task_id=None)
        return self._lent

    @property
    def id(self) -> str | None:
        """Wiro's id of the task; None until the Run's reply is in."""
        return self._id

    @property
    def state(self) -> TaskState:
        """What is known now."""
        return self._state

    @property
    def status(self) -> Status:
        """One word for a person: submitting, queued, running, finishing, succeeded, failed, cancelled, unknown."""
        return self._state.status

    @property
    def error(self) -> WiroError | None:
        """What `wait` raises, once the task is over."""
        return self._error

    @property
    def stopping(self) -> asyncio.Task[None] | None:
        """The stop that is under way, if any."""
        return self._stopping if self._stopping and not self._stopping.done() else None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, once the task has settled."""
        return self._outputs

    @property
    def record(self) -> TaskRecord:
        """The task as one row, also while it runs."""
        return record_of(
            self._state,
            task_id=self._id,
            model=self.model,
            parameters=plain(self.values),
            paths=tuple(str(output.path) for output in self._outputs if output.path),
        )

    @property
    def over(self) -> bool:
        """Whether the task has settled, or never came to be."""
        return self._over.is_set()

    # Its life

    def refuse(self, error: WiroError) -> None:
        """End a task before it began: nothing was sent."""
        self._fail(error)
        self._close_up()

    def start(self, schema: ModelSchema | None) -> None:
        """Submit it, follow it and settle it in the background; the values are bound already."""
        self._live(self._submit(schema))

    def resume(self, detail: TaskDetail, journal_id: str | None) -> None:
        """Follow a task that exists already, from what Task/Detail says of it."""
        self._id, self._token, self.model = detail.id, detail.token, self.model or detail.model
        self._journal_id = journal_id
        if not detail.terminal:
            self._take(detail)
        self._submitted.set()
        self._live(None)

    async def submitted(self) -> None:
        """Wait for the Run's receipt; raises what the submission raised."""
        try:
            await self._submitted.wait()
        except asyncio.CancelledError:
            await self.interrupted()
            raise
        if self._id is None and self._error is not None:
            raise self._error

    async def close(self) -> None:
        """Let go of the task: it goes on at Wiro, and the journal remembers it."""
        jobs = [job for job in (self._life, self._stopping) if job is not None and not job.done()]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    def _live(self, beginning: Coroutine[Any, Any, None] | None) -> None:
        self._engine.tasks.add(self)
        self._life = asyncio.create_task(self._whole_life(beginning), name=f"wiro task of {self.model}")

    async def _whole_life(self, beginning: Coroutine[Any, Any, None] | None) -> None:
        try:
            if beginning is not None:
                await beginning
            await self._follow()
        except WiroError as error:
            self._fail(error)
        except asyncio.CancelledError:
            self._fail(TaskError(f"The client was closed; task {self._id} goes on.", task_id=self._id))
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave a task that never ends
            _log.exception("The task could not be followed, which is a mistake of this package")
            self._fail(TaskError(f"Task {self._id} could not be followed: {error!r}", task_id=self._id))
        finally:
            self._engine.tasks.discard(self)
            self._close_up()

    def _close_up(self) -> None:
        self._submitted.set()
        self._over.set()
        self.stream.close()
        self._changed(None)
        self._watchers.clear()

    async def _submit(self, schema: ModelSchema | None) -> None:
        submission = Submission(self._engine, self.model or "", self._note)
        try:
            receipt = await submission.send(self.values, schema)
        finally:
            self._journal_id = submission.journal_id
        self._id, self._token = receipt.task_id, receipt.token
        self._take(Lifecycle("task_queue", time.time()), publish=False)
        self._submitted.set()

    async def _follow(self) -> None:
        self._following = Following(self._engine, self._id or "", self._token, self._take)
        detail = await self._following.end()
        self._token = None
        if not self._state.ended:
            self._take(Lifecycle("task_postprocess_start", time.time()), publish=False)
        await self._settle(detail)

    async def _settle(self, detail: TaskDetail) -> None:
        """Fetch what a successful task made, then let the detail have the last word."""
        final = advance(self._state, detail)
        if final.status == "succeeded":
            record = record_of(final, task_id=self._id, model=self.model, parameters=plain(self.values))
            self._outputs = await self._engine.downloads.fetch_all(
                detail.outputs,
                model=self.model or "",
                task_id=self._id or "",
                recipe=recipe_of(record, version=__version__),
            )
        self._state = final
        self._error = self._outcome_error()
        await self._engine.close_row(self._journal_id, self.record)

    def _outcome_error(self) -> WiroError | None:
        if self._state.status == "cancelled":
            return TaskCancelled(task_id=self._id, record=self.record)
        if self._state.status == "failed":
            text = error_text(self._state)
            return TaskFailed(
                task_id=self._id, exit_code=self._state.exit_code, error_text=text, record=self.record
            )
        return None

    def _fail(self, error: WiroError) -> None:
        """End it with an error of the submission or of the following; a task that may exist is "unknown"."""
        self._error = error
        lost = self._id is not None or isinstance(error, RunOutcomeUnknown)
        self._state = replace(self._state, status="unknown" if lost else "failed", note=str(error))

    # What is heard

    def _take(self, item: TaskEvent | TaskDetail, *, publish: bool = True) -> TaskState:
        self._state = advance(self._state, item)
        event = None if isinstance(item, TaskDetail) or not publish else item
        if event is not None:
            self.stream.publish(event)
        self._changed(event)
        return self._state

    def _note(self, text: str) -> None:
        self._take(Notice(text, time.time()))

    def watch(self, watcher: Callable[[TaskEvent | None], object]) -> None:
        """Call it after each event, and with None after any other change of the state."""
        self._watchers.append(watcher)

    def _changed(self, event: TaskEvent | None) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher(event)
            except Exception:  # noqa: BLE001 - the watcher is another room's code
                _log.exception("A watcher of a task failed; the task goes on")

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call `callback(event)` for every event from the first one seen; what it raises is logged."""
        self.stream.add_callback(callback)

    # What a user awaits

    async def events(self, *, on_interrupt: OnInterrupt | None = None) -> AsyncIterator[TaskEvent]:
        """Yield every event from the first one seen; end when the task is over."""
        position = 0
        while True:
            batch, position = await self.next_events(position, on_interrupt)
            if not batch:
                return
            for event in batch:
                yield event

    async def next_events(
        self, position: int, on_interrupt: OnInterrupt | None = None
    ) -> tuple[list[TaskEvent], int]:
        """Return the events from a position on and the position after them; none when the task is over."""
        try:
            return await self.stream.read(position)
        except asyncio.CancelledError:
            await self.interrupted(on_interrupt)
            raise

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - TaskTimeout is the answer
        *,
        on_interrupt: OnInterrupt | None = None,
    ) -> TaskResult:
        """Wait until the task has settled and its outputs are here; `timeout` is in seconds.

        Raises TaskFailed, TaskCancelled, or TaskTimeout when the time is up, and then the task goes on; and what
        the submission raised. Being cancelled stops the remote task, unless `on_interrupt` is "detach".
        """
        try:
            await asyncio.wait_for(self._over.wait(), timeout)
        except TimeoutError:
            raise TaskTimeout(task_id=self._id, timeout=timeout or 0, record=self.record) from None
        except asyncio.CancelledError:
            await self.interrupted(on_interrupt)
            raise
        return self.result()

    def result(self) -> TaskResult:
        """Return the result of a task that is over, or raise its error."""
        if self._error is not None:
            raise self._error
        if not self._over.is_set():
            sentence = f"Task {self._id} has not settled yet; wait for it."
            raise TaskError(sentence, task_id=self._id, record=self.record)
        text = self._state.text.text if self._state.text else None
        return TaskResult(self.record, self._outputs, text)

    async def interrupted(self, on_interrupt: OnInterrupt | None = None) -> None:
        """Stop the remote task because nobody waits any more; after a moment that goes on by itself."""
        if self._over.is_set() or (on_interrupt or self._on_interrupt) == "detach":
            return
        stopping = self.stop_soon()
        await asyncio.wait({stopping}, timeout=INTERRUPT_SECONDS)

    def stop_soon(self) -> asyncio.Task[None]:
        """Begin to stop the task, wherever it is; two stops are one."""
        if self._stopping is None or self._stopping.done():
            self._stopping = asyncio.create_task(self._stop(), name=f"wiro stop of {self._id}")
            self._stopping.add_done_callback(_seen)
        return self._stopping

    async def stop(self) -> None:
        """Stop the task: submitting, queued, running or over already; two stops are one.

        Raises TransportError or an ApiError when the server cannot be asked.
        """
        await asyncio.shield(self.stop_soon())

    async def cancel(self) -> None:
        """Take the task out of the queue (Task/Cancel); raises ApiError when it is not queued any more."""
        await self._control(requests.cancel)

    async def kill(self) -> None:
        """End the running task (Task/Kill); raises ApiError when it is not running."""
        await self._control(requests.kill)

    async def _stop(self) -> None:
        await self._submitted.wait()
        if self._id is None or self._over.is_set():
            return
        await stop_remote(self._engine.http, self._id, lambda: self._state)
        self._look()

    async def _control(self, call: Callable[[str], Request]) -> None:
        await self._submitted.wait()
        if self._id is None:
            raise TaskError("The run was never accepted, so there is no task to end.", task_id=None)
        await self._engine.http.call(call(self._id))
        self._look()

    def _look(self) -> None:
        if self._following is not None:
            self._following.look()


def _seen(stopping: asyncio.Task[None]) -> None:
    """Log what a stop that nobody waits for could not do."""
    if not stopping.cancelled() and stopping.exception() is not None:
        _log.warning("A task could not be stopped: %s", stopping.exception())
