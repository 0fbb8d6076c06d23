"""What is known of one task, and everybody who is told when it changes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.jsonable import plain
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.detail import FINISHED, TaskDetail
from wiro_widgets.protocol.errors import (
    RunOutcomeUnknown,
    TaskCancelled,
    TaskError,
    TaskFailed,
    WiroError,
)
from wiro_widgets.protocol.events import Lifecycle, Notice, TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.record_of import error_text, record_of
from wiro_widgets.protocol.replies import TextContent
from wiro_widgets.protocol.state import Status, TaskState, advance, advance_all
from wiro_widgets.runs.event_stream import EventStream

Watcher = Callable[[], object]

_log = logging.getLogger("wiro_widgets")


class Story:
    """A task from the first word to the last; written on the engine's loop, read from anywhere.

    `submitted` is set when there is a receipt or none will come, `over` when nothing more will change.
    """

    def __init__(self, model: str | None, values: Mapping[str, Any]) -> None:
        self.model = model
        self.values = dict(values)
        self.id: str | None = None
        self.state = TaskState()
        self.outputs: tuple[Output, ...] = ()
        self.error: WiroError | None = None
        self.stream = EventStream()
        self.submitted = asyncio.Event()
        self.over = asyncio.Event()
        self._watchers: list[Watcher] = []
        self._kept: TaskResult | None = None

    def __repr__(self) -> str:
        return f"<Story of {self.id or 'no task yet'}: {self.state.status}, {len(self.stream)} events>"

    @property
    def record(self) -> TaskRecord:
        """The task as one row, also while it runs."""
        if self._kept is not None:
            return self._kept.record
        paths = tuple(str(output.path) for output in self.outputs if output.path)
        values = plain(self.values)
        return record_of(self.state, task_id=self.id, model=self.model, parameters=values, paths=paths)

    def take(self, detail: TaskDetail) -> None:
        """Take what Task/Detail says."""
        self.state = advance(self.state, detail)
        self._changed()

    def hear(self, events: Sequence[TaskEvent]) -> TaskState:
        """Take events that came together, and hand them on."""
        self.state = advance_all(self.state, events)
        self.stream.publish(events)
        self._changed()
        return self.state

    def note(self, text: str, level: Literal["info", "warning", "error"] = "warning") -> None:
        """Say something of the client's own."""
        if not self.over.is_set():
            self.hear((Notice(text, time.time(), level),))

    def waits(self, why: str) -> None:
        """Say why the submission takes longer; the state holds it until there is a receipt."""
        self.state = replace(self.state, note=why)
        self.note(why, "info")

    def accepted(self, task_id: str) -> None:
        """Take note of the receipt."""
        self.id = task_id
        self.state = replace(self.state, note=None)
        self.state = advance(self.state, Lifecycle("task_queue", time.time()))
        self._changed()
        self.submitted.set()

    def finishing(self, detail: TaskDetail) -> TaskState:
        """Take the detail that a task ended with, and return its last state; `settle` takes that."""
        final = advance(self.state, detail)
        self.state = replace(final, status="finishing", outputs=())
        self._changed()
        return final

    def settle(self, final: TaskState, outputs: tuple[Output, ...]) -> None:
        """Take the last state and what came of the task."""
        self.state, self.outputs = final, outputs
        self.error = self._outcome_error()

    def answer(self, kept: TaskResult, why: str | None = None) -> None:
        """Take a result that the history kept: of an equal run, or of this one where Wiro cannot be asked."""
        self._kept, self.id, self.outputs = kept, kept.record.task_id, kept.outputs
        code = kept.record.exit_code
        said = None if kept.text is None else TextContent(answer=(kept.text,))
        self.state = TaskState(
            status="succeeded", stage=FINISHED, progress=1.0, success=True, exit_code=code, text=said
        )
        self.note(why or f"Answered from the history: the same run was task {self.id}", "info")

    def fail(self, error: WiroError) -> None:
        """End with an error of the submission or of the following; a task that may exist is "unknown"."""
        self.error = error
        lost = self.id is not None or isinstance(error, RunOutcomeUnknown)
        status: Status = "unknown" if lost else "cancelled" if isinstance(error, TaskCancelled) else "failed"
        self.state = replace(self.state, status=status, note=str(error))

    def close(self) -> None:
        """Let everybody know that nothing more will change."""
        self.submitted.set()
        self.over.set()
        self.stream.close()
        self._changed()
        self._watchers.clear()

    def watch(self, watcher: Watcher) -> None:
        """Call it after events and after any other change of the state."""
        self._watchers.append(watcher)
        if self.over.is_set():
            self._changed()
            self._watchers.clear()

    def result(self) -> TaskResult:
        """Return the result of a task that is over, or raise its error."""
        if self.error is not None:
            raise self.error.with_traceback(None)
        if not self.over.is_set():
            sentence = f"Task {self.id} has not settled yet; wait for it."
            raise TaskError(sentence, task_id=self.id, record=self.record)
        record = self.record
        return self._kept or TaskResult(record, self.outputs, record.text)

    def _outcome_error(self) -> WiroError | None:
        if self.state.status == "cancelled":
            return TaskCancelled(task_id=self.id, record=self.record)
        if self.state.status == "failed":
            text, code = error_text(self.state), self.state.exit_code
            return TaskFailed(task_id=self.id, exit_code=code, error_text=text, record=self.record)
        return None

    def _changed(self) -> None:
        for watcher in tuple(self._watchers):
            try:
                watcher()
            except Exception:  # noqa: BLE001 - the watcher is another room's code
                _log.exception("A watcher of a task failed; the task goes on")
