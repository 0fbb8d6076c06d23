"""Display: tells the browser how the runs go, at most 20 messages a second, whatever the tasks do."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Protocol

from wiro_widgets.client.loop_thread import LoopThread
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError, WiroError
from wiro_widgets.protocol.state import Status
from wiro_widgets.widget.fallback import MAX_PICTURES, small
from wiro_widgets.widget.wire.feed import Feed
from wiro_widgets.widget.wire.messages import VERSION, packed
from wiro_widgets.widget.wire.notices import notice_of
from wiro_widgets.widget.wire.output_view import Shown
from wiro_widgets.widget.wire.run_view import RunView
from wiro_widgets.widget.wire.view import View

_log = logging.getLogger("wiro_widgets")

MARK_SECONDS = 0.25
MAX_RUNS = 50  # runs of a panel that can be shown again


class Screen(Protocol):
    """What a display draws on: custom messages, and the small traits."""

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every view."""

    def mark(self, status: Status, progress: float | None, epoch: str, head: int) -> None:
        """Set the status, the progress and the heartbeat, in one message."""

    def settled(self) -> None:
        """Take note that another run is shown, or that it stands differently."""


class Display:
    """The runs of a panel and the one that is shown; its methods may be called from any thread.

    `lock` is the panel's own: a trait that is set calls the user's observers, which may call the panel.
    """

    def __init__(self, screen: Screen, held: LoopThread, lock: threading.RLock) -> None:
        self._screen = screen
        self._loop = held
        self._lock = lock
        self._timing = threading.Lock()  # for `_scheduled` alone, never held while anything is called
        self._feed = Feed()
        self._position = 0  # in the events of the shown run
        self._again = False  # whether the shown run is to be told whole
        self._pictured = 0  # of its outputs: those whose thumbnails were sent
        self._views: dict[int, View] = {}
        self._shown: View = RunView(0)
        self._scheduled = False
        self._last_run: dict[str, Any] | None = None
        self._last_runs: list[dict[str, Any]] = []
        self._last_mark = 0.0
        self._last_status: Status = "idle"
        self._last_standing: tuple[int, Status] = (0, "idle")
        self._closed = False

    def __repr__(self) -> str:
        return f"<Display of {len(self._views)} runs, {self._shown}>"

    def begin(self, view: View) -> None:
        """Show a new run and say that it is being submitted."""
        with self._lock:
            self._views[view.number] = view
            self._forget_oldest()
            self._turn_to(view)

    def follow(self, view: View) -> None:
        """Show what happens to a run that `begin` announced, now that it has its task."""
        with self._lock:
            if view.over:  # refused, or faster than this
                self._replay()
                self._flush()
                return
        view.watch(self._hear)
        self._loop.post(self._hear)  # it may be over by now

    def show(self, number: int) -> None:
        """Turn to another run: what was heard of it is told again."""
        with self._lock:
            view = self._views.get(number)
            if view is not None and view is not self._shown:
                self._turn_to(view)

    def star(self, number: int, *, on: bool) -> View | None:
        """Mark a run as one to keep; returns it."""
        with self._lock:
            view = self._views.get(number)
            if view is not None:
                view.starred = on
                self._flush()
            return view

    def explain(self, error: WiroError) -> None:
        """Show an error that belongs to no run, such as a model that does not exist."""
        with self._lock:
            self._shown.notice = notice_of(error)
            self._flush()

    def view(self, number: int | None) -> View | None:
        """Return a run, or the one that is shown."""
        with self._lock:
            return self._shown if number is None else self._views.get(number)

    def output(self, output_id: str) -> Shown | None:
        """Return the output that the browser knows under this id."""
        with self._lock:
            for view in self._views.values():
                for index, shown in enumerate(view.shown):
                    if view.output_id(index) == output_id:
                        return shown
        return None

    def snapshot(self, client: str) -> None:
        """Send a view everything it needs to show what the others show."""
        with self._lock:
            run, runs = self._shown.message(), self._summaries()
            told: dict[str, Any] = {"to": client, "run": run, "runs": runs}
            self._screen.tell(*packed(self._feed.snapshot() | told | self._shown.extras(whole=True)))
            self._pictured = 0
            self._send_thumbnails()

    def send_full(self, output_id: str, client: str) -> None:
        """Send an output as it is; the answer to a view that asked."""
        shown = self.output(output_id)
        if shown is None:
            return
        try:
            data = shown.output.bytes()
        except OutputError as error:
            self._screen.tell({"v": VERSION, "type": "reply", "to": client, "rev": 0, "error": str(error)})
            return
        picture = Thumbnail(data, shown.output.content_type or "", shown.width or 0, shown.height or 0)
        told = picture_facts(output_id, "full", _name(shown.output), picture)
        self._screen.tell(images([told], client), [data])

    def picture(self) -> tuple[View, list[Thumbnail]]:
        """Return the shown run and small pictures of its outputs, for a still picture of the panel."""
        with self._lock:
            thumbnails = [item.thumbnail for item in self._shown.shown if item.thumbnail]
            return self._shown, [small(item) for item in thumbnails[:MAX_PICTURES]]

    def catch_up(self) -> None:
        """Bring the browser up to what Python knows, now."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Say nothing more."""
        with self._lock:
            self._closed = True

    # On the engine's thread, which never waits for the lock: an observer that holds it may wait for the engine

    def _hear(self) -> None:
        self._tick_in(1 / self._shown.rate)

    def _tick_in(self, seconds: float) -> None:
        with self._timing:
            if self._scheduled or self._closed:
                return
            self._scheduled = True
        self._loop.later(seconds, self._tick)

    # On a worker thread

    def _tick(self) -> None:
        with self._lock:
            with self._timing:
                self._scheduled = False
            try:
                self._flush()
            except Exception:  # noqa: BLE001 - an observer of the user's may raise anything
                _log.exception("The panel could not be brought up to date; its task goes on")

    def _flush(self) -> None:
        """Send what is new; the last flush of a run brings its pictures."""
        if self._closed:
            return
        ended = [view for view in self._views.values() if view.due]
        self._take_news()
        for view in ended:
            view.finish()
            if view is self._shown:
                self._add_last_lines(view)
        run, runs = self._shown.message(), self._summaries()
        told = {key: value for key, value in run.items() if key != "elapsed"}
        news: dict[str, Any] = {"run": run} if told != self._last_run else {}
        news |= {"runs": runs} if runs != self._last_runs else {}
        news |= self._shown.extras(whole=self._again)
        self._again = False
        if news or self._feed.pending:
            self._last_run, self._last_runs = told, runs
            self._screen.tell(*packed(self._feed.delta() | news))
        self._send_thumbnails()
        self._mark()
        standing = (run["number"], run["status"])
        if ended or standing != self._last_standing:
            self._last_standing = standing
            self._screen.settled()

    def _turn_to(self, view: View) -> None:
        self._shown, self._last_run = view, None
        self._replay()
        if view.ended is not None:
            self._add_last_lines(view)
        self._pictured = 0
        self._again = True
        self._flush()

    def _replay(self) -> None:
        """Fill the feed anew with what was heard of the shown run."""
        self._feed.clear()
        self._position = 0
        self._take_news()

    def _take_news(self) -> None:
        """Bring the feed up to what was heard of the shown run."""
        lines, self._position, missed = self._shown.news(self._position)
        if missed:
            self._feed.lose(missed)
        for line in lines:
            self._feed.add(*line)

    def _add_last_lines(self, view: View) -> None:
        for line in view.last_lines():
            self._feed.add(*line)

    def _mark(self) -> None:
        """Set the small traits: the status at once, the others a few times a second."""
        newest = next(reversed(self._views.values()), self._shown)
        now = time.monotonic()
        if newest.status == self._last_status and not newest.ended and now - self._last_mark < MARK_SECONDS:
            self._tick_in(MARK_SECONDS)
            return
        self._last_status, self._last_mark = newest.status, now
        self._screen.mark(newest.status, newest.fraction, self._feed.epoch, self._feed.next)

    def _send_thumbnails(self) -> None:
        """Send those that were not sent yet, all in one message."""
        fresh = list(enumerate(self._shown.shown))[self._pictured :]
        self._pictured = len(self._shown.shown)
        told = [
            (
                picture_facts(self._shown.output_id(index), "thumb", _name(item.output), item.thumbnail),
                item.thumbnail,
            )
            for index, item in fresh
            if item.thumbnail is not None
        ]
        if told:
            self._screen.tell(
                images([facts for facts, _ in told], None), [picture.data for _, picture in told]
            )

    def _summaries(self) -> list[dict[str, Any]]:
        return [view.summary() for view in self._views.values()]

    def _forget_oldest(self) -> None:
        over = [number for number, view in self._views.items() if view.ended is not None]
        for number in over[: max(0, len(self._views) - MAX_RUNS)]:
            del self._views[number]


def images(pictures: list[dict[str, Any]], client: str | None) -> dict[str, Any]:
    """Return the message that goes with the bytes of pictures, a buffer each."""
    return {"v": VERSION, "type": "image", "to": client, "images": pictures}


def picture_facts(image_id: str, role: str, name: str, picture: Thumbnail) -> dict[str, Any]:
    """Return what such a message has of one picture."""
    return {
        "id": image_id,
        "role": role,
        "name": name,
        "mime": picture.content_type,
        "width": picture.width or None,
        "height": picture.height or None,
    }


def _name(output: Output) -> str:
    return output.path.name if output.path else output.name
