"""Task: the blocking face of an AsyncTask, which lives on the engine's thread."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from wiro_widgets.client.bridge import Bridge
from wiro_widgets.client.signatures import same_call
from wiro_widgets.display import host_widget
from wiro_widgets.display.cell_output import CellOutputs
from wiro_widgets.display.live_line import ProgressMode
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, WiroError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.progress_line import ProgressLine
from wiro_widgets.render.task_end import TaskEnd
from wiro_widgets.runs.event_stream import TextPieces
from wiro_widgets.runs.options import OnInterrupt, check_wait
from wiro_widgets.runs.task import AsyncTask


class Task(NotebookRepr):
    """A task that a thread may wait for; made by `Client.run`, `Client.attach` and `Client.recover`.

    A notebook's cell shows how far it is, and then its pictures or its text. In a notebook it can be awaited as well,
    and then other cells and widgets go on meanwhile: `await task` gives the TaskResult, `async for event in task` the
    events as they come.

    >>> task = client.run("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    >>> task.status, task.wait().images, task.record.total_cost
    """

    _internal_names = (
        "events_since",
        "live_contents",
        "refused",
        "show_progress",
        "watch",
    )

    def __init__(self, bridge: Bridge | None, task: AsyncTask, client: object = None) -> None:
        self._bridge_if_sent = bridge
        self._task = task
        self._client = client  # a client that nobody else names lives as long as its tasks are named
        self._displays = CellOutputs()

    @classmethod
    def refused(cls, model: str | None, values: Mapping[str, Any], error: WiroError) -> Task:
        """Return a task that was over before anything was sent; `wait` raises the error."""
        task = AsyncTask(model, values)
        task.fail(error)
        task.close()
        return cls(None, task)

    @classmethod
    def from_result(cls, result: TaskResult) -> Task:
        """Return a task that is over, with a result of the history; nothing is asked of Wiro."""
        record = result.record
        task = AsyncTask(record.model, record.parameters)
        task.answer(result, f"From the history: task {record.task_id}")
        return cls(None, task)

    @property
    def _bridge(self) -> Bridge:
        if self._bridge_if_sent is None:
            raise ConfigurationError("This run was refused before it was sent; there is no task at Wiro.")
        return self._bridge_if_sent

    def __repr__(self) -> str:
        return f"<Task {repr(self._task)[len('<AsyncTask ') :]}"

    def __reduce__(self) -> tuple[Any, ...]:
        return self._task.__reduce__()

    def __wiro_input__(self) -> AsyncTask:
        return self._task

    @property
    def id(self) -> str | None:
        """Wiro's id of the task; None until the Run's reply is in."""
        return self._task.id

    @property
    def model(self) -> str | None:
        """The model, as "owner/name"."""
        return self._task.model

    @property
    def values(self) -> dict[str, Any]:
        """The values that were sent."""
        return dict(self._task.values)

    @property
    def status(self) -> Status:
        """One word: submitting, queued, running, finishing, succeeded, failed, cancelled, unknown."""
        return self._task.status

    @property
    def state(self) -> TaskState:
        """What is known now: status, progress, log, timings, outputs."""
        return self._task.state

    @property
    def record(self) -> TaskRecord:
        """The task as one row, also while it runs."""
        return self._task.record

    @property
    def over(self) -> bool:
        """True once the task has settled, or never came to be."""
        return self._task.over

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, once the task has settled."""
        return self._task.outputs

    @property
    def error(self) -> WiroError | None:
        """What `wait` raises, once the task is over."""
        return self._task.error

    @same_call(AsyncTask.wait)
    def wait(
        self,
        timeout: float | None = None,
        *,
        progress: ProgressMode = None,
        on_interrupt: OnInterrupt | None = None,
    ) -> TaskResult:
        if self._task.over:
            return self._task.result()
        with (
            interruptible(self._bridge, self._task, on_interrupt),
            self._task.show_progress(progress, on_interrupt),
        ):
            try:
                return self._bridge.call(self._task.wait(timeout, progress=False, on_interrupt=on_interrupt))
            finally:
                self._end_displays()

    @same_call(AsyncTask.show_progress)
    def show_progress(
        self, progress: ProgressMode = None, on_interrupt: OnInterrupt | None = None
    ) -> AbstractContextManager[None]:
        return self._task.show_progress(progress, on_interrupt)

    def __await__(self) -> Generator[Any, None, TaskResult]:
        return self._await().__await__()

    async def _await(self) -> TaskResult:
        if self._task.over:
            return self._task.result()
        with self._task.show_progress():
            try:
                return await self._bridge.await_here(self._task.wait(progress=False))
            finally:
                self._end_displays()

    def _view(self, started: float | None = None) -> TaskEnd | ProgressLine:
        return self._task.view(started, repr(self))

    def _end_displays(self) -> None:
        if self._task.over:
            self._displays.end(self._view)

    def _repr_html_(self) -> str:
        return self._view()._repr_html_()

    def _ipython_display_(self) -> None:
        """Show the task in a notebook until it is over; NotImplementedError asks IPython for the plain form."""
        if host_widget.is_needed() and not self.over:
            host_widget.show(self)
        else:
            self._displays.show(self.live_contents()[0], lambda: self.over)

    def _display_(self) -> object:
        """Return what marimo shows, which updates no output but a widget's."""
        return self._view() if self.over else host_widget.make(self)

    def live_contents(self) -> tuple[Callable[[], TaskEnd | ProgressLine]]:
        """Return the function that says how the task looks now."""
        started = time.time()
        return (lambda: self._view(started),)

    @same_call(AsyncTask.events)
    def events(self, *, on_interrupt: OnInterrupt | None = None) -> Iterator[TaskEvent]:
        position = 0
        while not self._task.over:
            with interruptible(self._bridge, self._task, on_interrupt):
                batch, position = self._bridge.call(self._task.next_events(position, on_interrupt))
                yield from batch
        yield from self._task.stream.since(position)[0]

    async def __aiter__(self) -> AsyncIterator[TaskEvent]:
        position = 0
        while not self._task.over:
            batch, position = await self._bridge.await_here(self._task.next_events(position))
            for event in batch:
                yield event
        for event in self._task.stream.since(position)[0]:
            yield event

    @same_call(AsyncTask.text_stream)
    def text_stream(self, *, on_interrupt: OnInterrupt | None = None) -> Iterator[str]:
        pieces = TextPieces()
        for event in self.events(on_interrupt=on_interrupt):
            if piece := pieces.of_event(event):
                yield piece
        if piece := pieces.add(self._task.result().text or ""):
            yield piece

    def events_so_far(self) -> list[TaskEvent]:
        """Return the events so far, without waiting."""
        return self.events_since(0)[0]

    def events_since(self, position: int) -> tuple[list[TaskEvent], int]:
        """Return the events from a position on and the position after them, without waiting."""
        return self._task.stream.since(position)

    @same_call(AsyncTask.stop)
    def stop(self) -> None:
        if not self._task.over:
            self._bridge.call(self._task.stop())

    @same_call(AsyncTask.stop_soon)
    def stop_soon(self) -> None:
        if not self._task.over:
            self._bridge.post(self._task.stop_soon)

    @same_call(AsyncTask.cancel)
    def cancel(self) -> None:
        self._bridge.call(self._task.cancel())

    @same_call(AsyncTask.kill)
    def kill(self) -> None:
        self._bridge.call(self._task.kill())

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call `callback(event)` on the engine's thread for every event from the first one seen."""
        if self._task.over:
            self._task.add_callback(callback)
        else:
            self._bridge.post(self._task.add_callback, callback)

    def watch(self, watcher: Callable[[], object]) -> None:
        """Call it on the engine's thread after events and after any other change of the state."""
        if self._task.over:
            self._task.watch(watcher)
        else:
            self._bridge.post(self._task.watch, watcher)


@contextmanager
def interruptible(bridge: Bridge, task: AsyncTask, on_interrupt: OnInterrupt | None = None) -> Iterator[None]:
    """Stop the remote task when the block is interrupted, wherever in it that happens, and say so in a note."""
    check_wait(on_interrupt)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        # It came between two waits, and cancelled neither.
        if task.runner is None or not task.runner.stop_requested:
            with suppress(WiroError):
                bridge.call(task.interrupt(on_interrupt))
        if not getattr(interrupt, "__notes__", None):  # one block may stand in another
            interrupt.add_note(task.interrupt_note(on_interrupt))
        raise
