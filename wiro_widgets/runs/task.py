"""AsyncTask: one task from Run to settled; every other face of a task looks at this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import TaskError, TaskTimeout, WiroError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.event_stream import EventStream
from wiro_widgets.runs.options import OnInterrupt, RunOptions
from wiro_widgets.runs.story import Story, Watcher
from wiro_widgets.runs.task_runner import Life
from wiro_widgets.transport.downloads import Keepsake

INTERRUPT_SECONDS = 0.8  # how long an interrupt waits for the remote task to be stopped
_DEFAULTS = RunOptions()


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
        options: RunOptions = _DEFAULTS,
    ) -> None:
        self.options = options
        self._story = Story(model, values)
        self._lent = None if engine is None else Life(engine, self, self._story)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id or 'without an id'} of {self.model}: {self.status}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"A task lives in its process; elsewhere client.attach({self.id!r}) finds it.")

    @property
    def _life(self) -> Life:
        if self._lent is None:
            raise TaskError(
                "This run was refused before it was sent; there is no task at Wiro.", task_id=None
            )
        return self._lent

    @property
    def id(self) -> str | None:
        """Wiro's id of the task; None until the Run's reply is in."""
        return self._story.id

    @property
    def model(self) -> str | None:
        """The model, as "owner/name"."""
        return self._story.model

    @property
    def values(self) -> dict[str, Any]:
        """The values that were sent."""
        return dict(self._story.values)

    @property
    def state(self) -> TaskState:
        """What is known now."""
        return self._story.state

    @property
    def status(self) -> Status:
        """One word for a person: submitting, queued, running, finishing, succeeded, failed, cancelled, unknown."""
        return self._story.state.status

    @property
    def error(self) -> WiroError | None:
        """What `wait` raises, once the task is over."""
        return self._story.error

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, once the task has settled."""
        return self._story.outputs

    @property
    def record(self) -> TaskRecord:
        """The task as one row, also while it runs."""
        return self._story.record

    @property
    def over(self) -> bool:
        """Whether the task has settled, or never came to be."""
        return self._story.over.is_set()

    @property
    def stream(self) -> EventStream:
        """The events so far."""
        return self._story.stream

    # Its life, given by the client

    def refuse(self, error: WiroError) -> None:
        """End a task before it began: nothing was sent."""
        self._story.fail(error)
        self._story.close()

    def answer(self, kept: TaskResult, why: str | None = None) -> None:
        """End a task before it began with a result that the history kept; nothing is sent."""
        self._story.answer(kept, why)
        self._story.close()

    def start(self, schema: ModelSchema | None) -> None:
        """Submit it, follow it and settle it in the background; the values are bound already."""
        self._life.begin(schema)

    def resume(self, detail: TaskDetail, journal_id: str | None, kept: Keepsake) -> None:
        """Follow a task that exists already, from what Task/Detail says of it."""
        self._life.resume(detail, journal_id, kept)

    async def submitted(self) -> None:
        """Wait for the Run's receipt; raises what the submission raised."""
        try:
            await self._story.submitted.wait()
        except asyncio.CancelledError:
            await self.interrupted()
            raise
        if self.id is None and self.error is not None:
            raise self.error.with_traceback(None)

    async def settled(self) -> None:
        """Wait until the task is over, however it ends."""
        await self._story.over.wait()

    def hold_back(self) -> asyncio.Event:
        """Send nothing that is not on the wire yet; the event is set when nothing is on the wire any more."""
        self._life.hold_back()
        return self._story.submitted

    @property
    def stop_begun(self) -> bool:
        """Whether somebody has asked to stop it."""
        return self._life.stop_begun

    @property
    def stopping(self) -> asyncio.Task[None] | None:
        """The stop that is under way, if any."""
        return self._life.stopping

    async def close(self) -> None:
        """Let go of the task: it goes on at Wiro, and the journal remembers it."""
        await self._life.close()

    # What is heard

    def watch(self, watcher: Watcher) -> None:
        """Call it after events and after any other change of the state."""
        self._story.watch(watcher)

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call `callback(event)` for every event from the first one seen; what it raises is logged."""
        self.stream.add_callback(callback)

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

    # What a user awaits

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
            await asyncio.wait_for(self._story.over.wait(), timeout)
        except TimeoutError:
            raise TaskTimeout(task_id=self.id, timeout=timeout or 0, record=self.record) from None
        except asyncio.CancelledError:
            await self.interrupted(on_interrupt)
            raise
        return self.result()

    def result(self) -> TaskResult:
        """Return the result of a task that is over, or raise its error."""
        return self._story.result()

    async def interrupted(self, on_interrupt: OnInterrupt | None = None) -> None:
        """Stop the remote task because nobody waits any more; after a moment that goes on by itself."""
        policy = on_interrupt or self.options.on_interrupt
        if policy == "stop" and self._life.begun and not self.over:
            await asyncio.wait({self.stop_soon()}, timeout=INTERRUPT_SECONDS)

    def parting_words(self, on_interrupt: OnInterrupt | None = None) -> str:
        """Return what whoever interrupts a wait is told."""
        if self.id is None:
            return "The run was on its way. If a task came of it, client.recover() picks it up."
        goes_on = (on_interrupt or self.options.on_interrupt) == "detach"
        what = "goes on" if goes_on else "is over" if self.over else "is being stopped"
        return f"Task {self.id} {what}; client.attach({self.id!r}) finds it again."

    def stop_soon(self) -> asyncio.Task[None]:
        """Begin to stop the task, wherever it is; two stops are one."""
        return self._life.stop_soon()

    async def stop(self) -> None:
        """Stop the task: submitting, queued, running or over already; two stops are one.

        A run that still waits to be sent is not sent. Raises TransportError or an ApiError when the server does not
        stop it, RunOutcomeUnknown when nobody knows whether there is a task.
        """
        await asyncio.shield(self.stop_soon())

    async def cancel(self) -> None:
        """Take the task out of the queue (Task/Cancel); raises ApiError when it is not queued any more."""
        await self._life.control(requests.cancel)

    async def kill(self) -> None:
        """End the running task (Task/Kill); raises ApiError when it is not running."""
        await self._life.control(requests.kill)
