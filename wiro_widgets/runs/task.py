"""AsyncTask: one run as its user sees it: state, events, outputs, error, and what can be awaited."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, Protocol

from wiro_widgets.display.cell_output import CellOutputs
from wiro_widgets.display.live_line import ProgressMode, live_line
from wiro_widgets.journal.result import TaskResult, text_of
from wiro_widgets.media.jsonable import plain
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import FINISHED, TaskDetail
from wiro_widgets.protocol.errors import (
    RunOutcomeUnknown,
    TaskCancelled,
    TaskError,
    TaskFailed,
    TaskTimeout,
    WiroError,
)
from wiro_widgets.protocol.events import Lifecycle, Notice, TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.record_of import error_text, record_of
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.state import Status, TaskState, advance, advance_all
from wiro_widgets.render import progress_line
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.render.task_end import TaskEnd
from wiro_widgets.runs.event_stream import EventStream, TextPieces
from wiro_widgets.runs.options import OnInterrupt, RunOptions, check_wait

Watcher = Callable[[], object]
_DEFAULTS = RunOptions()

_log = logging.getLogger("wiro_widgets")


class Runner(Protocol):
    """The background work of a task: `task_runner.TaskRunner`, which imports this module."""

    @property
    def stop_requested(self) -> bool:
        """True if somebody has asked to stop the task."""

    def stop_soon(self) -> asyncio.Task[None]:
        """Begin to stop the task."""

    async def interrupt(self) -> None:
        """Begin to stop the task and wait a moment for it."""

    async def control(self, call: Callable[[str], Request]) -> None:
        """Send Cancel or Kill."""

    async def fetch_missing(self) -> None:
        """Fetch again what is missing of the outputs."""

    async def close(self) -> None:
        """End the background work with the client."""


class AsyncTask(NotebookRepr):
    """A task on the loop of its client; made by `AsyncClient.run` and `AsyncClient.attach`.

    A notebook shows how far it is, and then its pictures or its text.

    `id` is Wiro's, None until the Run's reply is in; `model` is "owner/name" and `values` what was sent. `state` is
    what is known now; `outputs` are there once the task has settled, `error` is what `wait` raises then. `stream` has
    the events. All of it may be read from any thread at any time; several may wait for the task at once.
    """

    _internal_names = (
        "accept",
        "answer",
        "close",
        "fail",
        "finished",
        "hear",
        "interrupt",
        "interrupt_note",
        "loop",
        "next_events",
        "note",
        "options",
        "runner",
        "settle",
        "show_progress",
        "stream",
        "submitted",
        "take",
        "update",
        "view",
        "wait_for_receipt",
        "watch",
    )

    id: str | None = None
    state: TaskState = TaskState()
    outputs: tuple[Output, ...] = ()
    error: WiroError | None = None
    parents: tuple[str, ...] = ()  # the tasks whose outputs are inputs of this one
    loop: asyncio.AbstractEventLoop | None = None  # its client's, from the moment it is started
    runner: Runner | None = None  # None before the run is started, and for one that never is

    def __init__(self, model: str | None, values: Mapping[str, Any], options: RunOptions = _DEFAULTS) -> None:
        self.model = model
        self.values = dict(values)
        self.options = options
        self.stream = EventStream()
        self.submitted = asyncio.Event()  # set when there is a receipt, or none will come
        self.finished = asyncio.Event()  # set when nothing more will change
        self._watchers: list[Watcher] = []
        self._displays = CellOutputs()
        self._earlier_result: TaskResult | None = None  # from the history

    def __repr__(self) -> str:
        return printable(
            f"<{type(self).__name__} {self.id or 'without an id'} of {self.model}: {self.status}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"A task lives in its process; elsewhere client.attach({self.id!r}) finds it.")

    @property
    def status(self) -> Status:
        """One word for a person: submitting, queued, running, finishing, succeeded, failed, cancelled, unknown."""
        return self.state.status

    @property
    def record(self) -> TaskRecord:
        """The task as one row, also while it runs."""
        if self._earlier_result is not None:
            return self._earlier_result.record
        paths = tuple(output.place for output in self.outputs if output.place)
        values = plain(self.values)
        return record_of(
            self.state,
            task_id=self.id,
            model=self.model,
            parameters=values,
            paths=paths,
            parents=self.parents,
        )

    @property
    def over(self) -> bool:
        """True once the task has settled, or never came to be."""
        return self.finished.is_set()

    # What a user awaits

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - TaskTimeout is the answer
        *,
        progress: ProgressMode = None,
        on_interrupt: OnInterrupt | None = None,
    ) -> TaskResult:
        """Wait until the task has settled and its outputs are here; `timeout` is in seconds.

        A notebook and a terminal show one live line meanwhile, which stays as a short one; `progress` may be False, or
        "transient" for a line that leaves nothing. `await task` is the same without arguments. Raises TaskFailed,
        TaskCancelled, TaskTimeout when the time is up (the task goes on), and what the submission raised. An interrupt,
        or cancelling the wait, stops the remote task unless `on_interrupt` is "detach".
        """
        check_wait(on_interrupt, timeout)
        if not self.over:
            with self.show_progress(progress, on_interrupt):
                await self._wait_until_over(timeout, on_interrupt)
            self._displays.end(self.view)
        return self.result()

    def __await__(self) -> Generator[Any, None, TaskResult]:
        return self.wait().__await__()

    async def _wait_until_over(self, seconds: float | None, on_interrupt: OnInterrupt | None) -> None:
        try:
            await asyncio.wait_for(self.finished.wait(), seconds)
        except TimeoutError:
            raise TaskTimeout(task_id=self.id, timeout=seconds or 0, record=self.record) from None
        except asyncio.CancelledError:
            await self.interrupt(on_interrupt)
            raise

    @contextmanager
    def show_progress(
        self, progress: ProgressMode = None, on_interrupt: OnInterrupt | None = None
    ) -> Iterator[None]:
        """Show the live line of a wait while the block runs; if it is cut short, the line says what happens now."""
        started, note = time.time(), ""

        def line() -> ProgressLine:
            if self.over and not note:
                return progress_line.of_end(self.record, self.state)
            return progress_line.of_task(self.state, started=started, now=time.time(), note=note)

        with live_line(line, progress, self.options.progress):
            try:
                yield
            except (KeyboardInterrupt, asyncio.CancelledError):
                note = self.interrupt_note(on_interrupt)
                raise
            except TaskTimeout:
                note = self.interrupt_note("detach")
                raise

    def view(self, started: float | None = None, words: str = "") -> TaskEnd | ProgressLine:
        """Return what a cell shows of it now; `started` is the Unix time since when, `words` its repr."""
        if self.over:
            return TaskEnd(words or repr(self), self.record, self.outputs, str(self.error or ""))
        now = time.time()
        return progress_line.of_task(self.state, started=started or now, now=now)

    def _repr_html_(self) -> str:
        return self.view()._repr_html_()

    def _ipython_display_(self) -> None:
        """Show the task in a notebook until it is over; NotImplementedError asks IPython for the plain form."""
        started = time.time()
        self._displays.show(lambda: self.view(started), lambda: self.over)

    def result(self) -> TaskResult:
        """Return the result of a task that is over, or raise its error."""
        if self.error is not None:
            raise self.error.with_traceback(None)
        if not self.over:
            sentence = f"Task {self.id} has not settled yet; wait for it."
            raise TaskError(sentence, task_id=self.id, record=self.record)
        return self._earlier_result or TaskResult(self.record, self.outputs, self.record.text)

    async def wait_for_receipt(self) -> None:
        """Wait for the Run's receipt; raises what the submission raised. An interrupt acts as in `wait`."""
        try:
            await self.submitted.wait()
        except asyncio.CancelledError:
            await self.interrupt()
            raise
        if self.id is None and self.error is not None:
            raise self.error.with_traceback(None)

    async def events(self, *, on_interrupt: OnInterrupt | None = None) -> AsyncIterator[TaskEvent]:
        """Yield every event from the first one seen; end when the task is over."""
        position = 0
        while True:
            batch, position = await self.next_events(position, on_interrupt)
            if not batch:
                return
            for event in batch:
                yield event

    def __aiter__(self) -> AsyncIterator[TaskEvent]:
        return self.events()

    async def text_stream(self, *, on_interrupt: OnInterrupt | None = None) -> AsyncIterator[str]:
        """Yield the new pieces of a language model's answer as they come, without its thinking.

        A model without text gives none. Raises at the end what `wait` raises.
        """
        pieces = TextPieces()
        async for event in self.events(on_interrupt=on_interrupt):
            if piece := pieces.of_event(event):
                yield piece
        if piece := pieces.add(self.result().text or ""):
            yield piece

    async def next_events(
        self, position: int, on_interrupt: OnInterrupt | None = None
    ) -> tuple[list[TaskEvent], int]:
        """Return the events from a position on and the position after them; none when the task is over."""
        try:
            return await self.stream.wait_since(position)
        except asyncio.CancelledError:
            await self.interrupt(on_interrupt)
            raise

    async def stop(self) -> None:
        """Stop the task: submitting, queued or running; two stops are one, and a task that is over stays as it is.

        A run that still waits to be sent is not sent. Raises TransportError or an ApiError when the server does not
        stop it, RunOutcomeUnknown when nobody knows whether there is a task.
        """
        await asyncio.shield(self._require_runner().stop_soon())

    def stop_soon(self) -> None:
        """Begin to stop the task and return at once."""
        if self.runner is not None:
            self.runner.stop_soon()

    async def fetch_missing(self) -> None:
        """Fetch again the outputs that are missing, for at most `Timing.fetch_again`; those that came stay.

        Never raises: what stays missing says so in its `error`.
        """
        if self.runner is not None and self.over:
            await self.runner.fetch_missing()

    async def cancel(self) -> None:
        """Take the task out of the queue (Task/Cancel); raises ApiError when it is not queued any more."""
        await self._require_runner().control(requests.cancel)

    async def kill(self) -> None:
        """End the running task (Task/Kill); raises ApiError when it is not running."""
        await self._require_runner().control(requests.kill)

    def _require_runner(self) -> Runner:
        """Return the runner; raises TaskError for a run that was refused before it was sent."""
        if self.runner is None:
            raise TaskError(
                "This run was refused before it was sent; there is no task at Wiro.", task_id=None
            )
        return self.runner

    async def interrupt(self, on_interrupt: OnInterrupt | None = None) -> None:
        """Stop the remote task because its wait was interrupted, unless it is to go on."""
        policy = on_interrupt or self.options.on_interrupt
        if policy == "stop" and self.runner is not None and not self.over:
            await self.runner.interrupt()

    def interrupt_note(self, on_interrupt: OnInterrupt | None = None) -> str:
        """Return what an interrupted wait tells its user."""
        if self.id is None:
            return "The run was on its way. If a task came of it, client.recover() picks it up."
        detached = (on_interrupt or self.options.on_interrupt) == "detach"
        end = "was stopped" if self.status == "cancelled" else "is over"
        what = end if self.over else "goes on" if detached else "is being stopped"
        return f"Task {self.id} {what}; client.attach({self.id!r}) finds it again."

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call `callback(event)` for every event from the first one seen; what it raises is logged."""
        self.stream.add_callback(callback)

    def watch(self, watcher: Watcher) -> None:
        """Call it after events and after any other change of the state, on the loop."""
        self._watchers.append(watcher)
        if self.over:
            self._notify()
            self._watchers.clear()

    # What its runner, its follower and its submission report, on the loop

    def update(self, state: TaskState) -> None:
        """Replace the state and call the watchers."""
        self.state = state
        self._notify()

    def take(self, detail: TaskDetail) -> None:
        """Take what Task/Detail says."""
        self.update(advance(self.state, detail))

    def hear(self, events: Sequence[TaskEvent]) -> TaskState:
        """Take events that came together, publish them, and return the state after them."""
        self.state = advance_all(self.state, events)
        self.stream.publish(events)
        self._notify()
        return self.state

    def note(self, text: str, level: Literal["info", "warning", "error"] = "warning") -> None:
        """Publish a notice of the client's own."""
        if not self.over:
            self.hear((Notice(text, time.time(), level),))

    def accept(self, task_id: str) -> None:
        """Take Wiro's id from the receipt."""
        self.id = task_id
        self.update(advance(replace(self.state, note=None), Lifecycle("task_queue", time.time())))
        self.submitted.set()

    def settle(self, final: TaskState, outputs: tuple[Output, ...]) -> None:
        """Take the last state and the outputs; `error` says what a failed or cancelled task raises."""
        self.state, self.outputs = final, outputs
        if final.status == "cancelled":
            self.error = TaskCancelled(task_id=self.id, record=self.record)
        elif final.status == "failed":
            text, code = error_text(final), final.exit_code
            self.error = TaskFailed(task_id=self.id, exit_code=code, error_text=text, record=self.record)

    def fail(self, error: WiroError) -> None:
        """Take an error of the submission or of the following; a task that may exist becomes "unknown"."""
        self.error = error
        may_exist = self.id is not None or isinstance(error, RunOutcomeUnknown)
        status: Status = (
            "unknown" if may_exist else "cancelled" if isinstance(error, TaskCancelled) else "failed"
        )
        self.state = replace(self.state, status=status, note=str(error))

    def answer(self, result: TaskResult, reason: str) -> None:
        """End the task with a result from the history; nothing is sent."""
        self._earlier_result, self.id, self.outputs = result, result.record.task_id, result.outputs
        self.state = TaskState(
            status="succeeded",
            stage=FINISHED,
            progress=1.0,
            success=True,
            exit_code=result.record.exit_code,
            text=text_of(result.record),
        )
        self.note(reason, "info")
        self.close()

    def close(self) -> None:
        """Wake everybody who waits: nothing more will change."""
        self.submitted.set()
        self.finished.set()
        self.stream.close()
        self._notify()
        self._watchers.clear()

    def _notify(self) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher()
            except Exception:  # noqa: BLE001 - the watcher is another room's code
                _log.exception("A watcher of a task failed; the task goes on")
