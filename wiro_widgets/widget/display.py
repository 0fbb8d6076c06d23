"""Display: tells the browser how a run goes, at most `RATE` times a second, whatever the task does."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

from wiro_widgets.client.loop import LoopThread
from wiro_widgets.client.sync import Task
from wiro_widgets.protocol.errors import OutputError, WiroError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.state import Status
from wiro_widgets.results.images import Thumbnail
from wiro_widgets.results.outputs import Output
from wiro_widgets.widget.feed import MAX_DELTA_ROWS, RATE, Feed
from wiro_widgets.widget.messages import VERSION
from wiro_widgets.widget.rows import clipped, rows
from wiro_widgets.widget.runview import RunView, Shown, notice_of

HEARTBEAT_SECONDS = 0.5

_LAST_ROW: dict[Status, tuple[str, str]] = {
    "succeeded": ("done", "Done"),
    "failed": ("error", "Failed"),
    "cancelled": ("cancel", "Stopped"),
    "unknown": ("error", "Lost sight of the task"),
}


class Screen(Protocol):
    """What a display draws on: custom messages, and the small traits."""

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every view."""

    def mark(self, status: Status, progress: float | None) -> None:
        """Set the status and the progress."""

    def beat(self, epoch: str, head: int) -> None:
        """Set the heartbeat."""


class Display:
    """The run that a panel shows now; its methods may be called from any thread."""

    def __init__(self, screen: Screen, held: LoopThread) -> None:
        self._screen = screen
        self._loop = held
        self._lock = threading.RLock()
        self._feed = Feed()
        self._view: RunView | None = None
        self._task: Task | None = None
        self._scheduled = False
        self._finished = True
        self._last_run: dict[str, Any] | None = None
        self._last_beat = 0.0
        self._closed = False

    def __repr__(self) -> str:
        return f"<Display of {self._view}>"

    def begin(self, number: int) -> None:
        """Clear the screen for a new run and say that it is being submitted."""
        with self._lock:
            self._view, self._task = RunView(number, time.time()), None
            self._feed.clear()
            self._finished = False
            self._last_beat = 0.0
            self._flush()

    def follow(self, task: Task) -> None:
        """Show this task, which is the run that `begin` announced."""
        with self._lock:
            self._task = task
            number = self._view.number if self._view else 0
        if task.over:
            self._flush()
        else:
            task.watch(lambda event: self._heard(number, event))

    def explain(self, error: WiroError) -> None:
        """Show an error that belongs to no run, such as a model that does not exist."""
        with self._lock:
            self._view = self._view or RunView(0, time.time())
            self._view.notice = notice_of(error)
            self._flush()

    def snapshot(self, client: str) -> None:
        """Send a view everything it needs to show what the others show."""
        with self._lock:
            run = self._run_message()
            self._screen.tell({**self._feed.snapshot(), "to": client, "run": run})
            for index in range(len(self._view.shown) if self._view else 0):
                self._send_thumbnail(index)

    def send_full(self, output_id: str, client: str) -> None:
        """Send an output as it is; the answer to a view that asked."""
        with self._lock:
            shown = self._find(output_id)
        if shown is None:
            return
        try:
            data = shown.output.bytes()
        except OutputError as error:
            self._screen.tell(reply(client, 0, str(error)))
            return
        picture = Thumbnail(data, shown.output.content_type or "", shown.width or 0, shown.height or 0)
        self._screen.tell(image(output_id, "full", _name(shown.output), picture, client), [data])

    def catch_up(self) -> None:
        """Bring the browser up to what Python knows, now."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Say nothing more."""
        with self._lock:
            self._closed = True

    # On the engine's thread

    def _heard(self, number: int, event: TaskEvent | None) -> None:
        with self._lock:
            view = self._view
            if view is None or view.number != number or self._closed:
                return
            if event is not None:
                for kind, text in rows(event):
                    self._feed.add(max(0.0, event.at - view.begun), kind, text)
            if self._scheduled and self._feed.pending < MAX_DELTA_ROWS:
                return
            self._scheduled = True
        self._loop.later(1 / RATE, self._tick)

    # On a worker thread

    def _tick(self) -> None:
        with self._lock:
            self._scheduled = False
            self._flush()

    def _flush(self) -> None:
        """Send what is new; the last flush of a run brings its pictures."""
        with self._lock:
            if self._closed or self._view is None:
                return
            task = self._task
            if task is not None and task.over and not self._finished:
                self._finish(self._view, task)
            run = self._run_message()
            told = {key: value for key, value in run.items() if key != "elapsed"} if run else None
            changed, self._last_run = told != self._last_run, told
            if changed or self._feed.pending:
                self._screen.tell(self._feed.delta() | ({"run": run} if changed else {}))
            self._screen.mark(self._status(), task.state.progress if task else None)
            self._beat()

    def _finish(self, view: RunView, task: Task) -> None:
        view.ended = time.time()
        view.shown = [Shown.of(output) for output in task.outputs]
        broken = [output.error for output in task.outputs if output.error]
        if task.error is not None or broken:
            view.notice = notice_of(task.error or broken[0])
        kind, words = _LAST_ROW.get(task.status, ("note", task.status))
        said = f"{words}: {task.error}" if task.error and task.status != "cancelled" else words
        self._feed.add(view.ended - view.begun, kind, clipped(said))
        self._finished = True
        self._screen.tell(self._feed.delta() | {"run": self._run_message()})
        for index in range(len(view.shown)):
            self._send_thumbnail(index)

    def _run_message(self) -> dict[str, Any] | None:
        view, task = self._view, self._task
        if view is None:
            return None
        if task is None:
            return view.before_task(self._status())
        return view.message(task.id, self._status(), task.state, task.record.total_cost)

    def _status(self) -> Status:
        task = self._task
        if task is None:
            return "idle" if self._view is None or self._view.number == 0 else "submitting"
        if not self._finished and task.state.settled:
            return "finishing"
        return task.status

    def _send_thumbnail(self, index: int) -> None:
        view = self._view
        if view is None or view.shown[index].thumbnail is None:
            return
        shown = view.shown[index]
        picture = shown.thumbnail
        if picture is not None:
            message = image(view.output_id(index), "thumb", _name(shown.output), picture, None)
            self._screen.tell(message, [picture.data])

    def _beat(self) -> None:
        now = time.monotonic()
        if self._finished or now - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = now
            self._screen.beat(self._feed.epoch, self._feed.next)

    def _find(self, output_id: str) -> Shown | None:
        view = self._view
        ids = {view.output_id(index): shown for index, shown in enumerate(view.shown)} if view else {}
        return ids.get(output_id)


def image(image_id: str, role: str, name: str, picture: Thumbnail, client: str | None) -> dict[str, Any]:
    """Return the message that goes with a picture's bytes."""
    return {
        "v": VERSION,
        "type": "image",
        "id": image_id,
        "role": role,
        "name": name,
        "mime": picture.content_type,
        "width": picture.width or None,
        "height": picture.height or None,
        "to": client,
    }


def reply(client: str, rev: int, error: str | None = None, **upload: object) -> dict[str, Any]:
    """Return the answer to one message of a browser's."""
    return {"v": VERSION, "type": "reply", "to": client, "rev": rev, "error": error, **upload}


def _name(output: Output) -> str:
    return output.path.name if output.path else output.name
