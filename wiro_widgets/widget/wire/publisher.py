"""The publisher: tells the browser how the runs of a panel go, at most 20 messages a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wiro_widgets.media.images import Thumbnail
from wiro_widgets.protocol.errors import OutputError, WiroError
from wiro_widgets.protocol.state import Status
from wiro_widgets.render import run_words
from wiro_widgets.widget.wire import labels
from wiro_widgets.widget.wire.feed import Feed
from wiro_widgets.widget.wire.messages import image_message, pack, picture_facts, reply, sendable
from wiro_widgets.widget.wire.output_view import OutputView, Previews
from wiro_widgets.widget.wire.run_view import RunView, View

_log = logging.getLogger("wiro_widgets")

MARK_SECONDS = 0.25  # between two updates of the traits
MAX_RUNS = 50  # of a panel that can be put on the stage again


class Publisher:
    """The runs of a panel and the one on the stage; its methods may be called from any thread.

    `lock` is the panel's own, because setting a trait calls the user's observers, which may call the panel. The
    engine's thread never takes it: an observer that holds it may wait for the engine. So events only schedule a tick,
    which runs on a worker thread.

    `send` and `set_status` write to the widget, `on_change` is called after the run on the stage or its status has
    changed, `later` calls a function on a worker thread after some seconds, `files` returns the input files by id.
    """

    def __init__(
        self,
        *,
        send: Callable[[dict[str, Any], list[bytes] | None], None],
        set_status: Callable[[Status, float | None, dict[str, Any]], None],
        on_change: Callable[[], None],
        later: Callable[[Callable[[], object], float], None],
        files: Callable[[], Mapping[str, Any]],
        lock: threading.RLock,
    ) -> None:
        self._send = send
        self._set_status = set_status
        self._on_change = on_change
        self._later = later
        self._files = files
        self._lock = lock
        self._timing = threading.Lock()  # for `_tick_is_due` alone; nothing is called while it is held
        self._tick_is_due = False
        self._views: dict[int, View] = {}
        self._stage: View = RunView(0)
        self._feed = Feed(self._stage)
        self._previews = Previews()
        self._stage_is_new = False  # to the browser: the next delta has all of it
        self._thumbnail_count = 0  # outputs on the stage whose thumbnails the browser has
        self._last_run: dict[str, Any] | None = None
        self._last_runs: list[dict[str, Any]] = []
        self._last_mark = 0.0
        self._last_status: Status = "idle"
        self._last_stage: tuple[int, Status] = (0, "idle")
        self._closed = False

    def __repr__(self) -> str:
        return f"<Publisher of {len(self._views)} runs, {self._stage}>"

    @property
    def stage(self) -> View:
        """The run on the stage."""
        return self._stage

    def begin(self, view: View) -> None:
        """Put a new run on the stage; it is being submitted."""
        with self._lock:
            self._views[view.number] = view
            ended = [number for number, item in self._views.items() if item.ended is not None]
            for number in ended[: max(0, len(self._views) - MAX_RUNS)]:
                del self._views[number]
            self._turn_to(view)

    def follow(self, view: View) -> None:
        """Publish what happens to a run from now on; it has its task."""
        if view.over:  # refused, or faster than this
            self.catch_up()
            return
        view.watch(self._on_event)
        self._on_event()  # it may be over by now

    def show(self, number: int) -> None:
        """Put another run on the stage; all of it is sent again."""
        with self._lock:
            view = self._views.get(number)
            if view is not None and view is not self._stage:
                self._turn_to(view)

    def star(self, number: int, *, on: bool) -> View | None:
        """Star a run or take its star away, and return it."""
        with self._lock:
            view = self._views.get(number)
            if view is not None:
                view.starred = on
                self._flush()
            return view

    def explain(self, error: WiroError) -> None:
        """Show an error that belongs to no run, such as an unknown model."""
        with self._lock:
            self._stage.notice = labels.notice(error)
            self._flush()

    def view(self, number: int | None) -> View | None:
        """Return a run; with None the one on the stage."""
        with self._lock:
            return self._stage if number is None else self._views.get(number)

    def output(self, output_id: str) -> OutputView | None:
        """Return an output by its id at the browser."""
        with self._lock:
            for view in self._views.values():
                for index, item in enumerate(view.outputs):
                    if view.output_id(index) == output_id:
                        return item
        return None

    def snapshot(self, client: str) -> None:
        """Send one view all that the others show."""
        with self._lock:
            if changes := self._stage.extras(whole=False):  # which the other views need as well
                self.send(*pack(self._feed.delta() | changes))
            run, runs = self._stage.message(), self._summaries()
            message: dict[str, Any] = {"to": client, "run": run, "runs": runs}
            self.send(*pack(self._feed.snapshot() | message | self._stage.extras(whole=True)))
            self._thumbnail_count = 0
            self._send_thumbnails()
        self._previews.resend()
        self.send_previews()

    def send_full(self, output_id: str, client: str) -> None:
        """Send one view an output in full."""
        item = self.output(output_id)
        if item is None:
            return
        try:
            data = item.output.bytes()
        except OutputError as error:
            self.send(reply(client, 0, str(error)))
            return
        picture = Thumbnail(data, item.output.content_type or "", item.width or 0, item.height or 0)
        self.send_pictures("full", [(output_id, item.name, picture)], client)

    def send_previews(self) -> None:
        """Send the previews of the input files that the browser does not have; a worker thread makes them."""
        self._later(self._send_previews, 0)

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every view."""
        self._send(sendable(content), buffers)

    def send_pictures(
        self, role: str, pictures: Sequence[tuple[str, str, Thumbnail]], client: str | None = None
    ) -> None:
        """Send the pictures, each with its id and name, in one message."""
        if pictures:
            facts = [picture_facts(picture_id, role, name, item) for picture_id, name, item in pictures]
            self.send(image_message(facts, client), [item.data for *_, item in pictures])

    def catch_up(self) -> None:
        """Send now what is new."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Send nothing more."""
        with self._lock:
            self._closed = True

    # On the engine's thread

    def _on_event(self) -> None:
        self._tick_in(1 / self._stage.rate)

    def _tick_in(self, seconds: float) -> None:
        with self._timing:
            if self._tick_is_due or self._closed:
                return
            self._tick_is_due = True
        self._later(self._tick, seconds)

    # On a worker thread

    def _tick(self) -> None:
        with self._lock:
            with self._timing:
                self._tick_is_due = False
            try:
                self._flush()
            except Exception:  # noqa: BLE001 - a user's observer may raise anything
                _log.exception("The panel could not be brought up to date; its task goes on")

    def _send_previews(self) -> None:
        previews = self._previews.new(self._files())
        self.send_pictures("preview", [(file_id, file_id, item) for file_id, item in previews.items()])

    # On any thread that holds the lock

    def _flush(self) -> None:
        """Send what is new; the last flush of a run brings its pictures."""
        if self._closed:
            return
        due = [view for view in self._views.values() if view.due]  # no event of theirs can follow
        self._feed.read()
        for view in due:
            view.finish()
        self._feed.read()  # the last lines
        run, runs = self._stage.message(), self._summaries()
        facts = {key: value for key, value in run.items() if key != "elapsed"}
        news: dict[str, Any] = {"run": run} if facts != self._last_run else {}
        news |= {"runs": runs} if runs != self._last_runs else {}
        news |= self._stage.extras(whole=self._stage_is_new)
        self._stage_is_new = False
        if news or self._feed.has_news:
            self._last_run, self._last_runs = facts, runs
            self.send(*pack(self._feed.delta() | news))
        self._send_thumbnails()
        self._mark()
        stage = (run["number"], run["status"])
        if due or stage != self._last_stage:
            self._last_stage = stage
            self._on_change()

    def _turn_to(self, view: View) -> None:
        self._stage = view
        self._feed = Feed(view)
        self._stage_is_new = True
        self._thumbnail_count = 0
        self._last_run = None
        self._flush()

    def _mark(self) -> None:
        """Set the traits: a new status at once, the others a few times a second."""
        newest = next(reversed(self._views.values()), self._stage)
        now = time.monotonic()
        if newest.status == self._last_status and not newest.ended and now - self._last_mark < MARK_SECONDS:
            self._tick_in(MARK_SECONDS)
            return
        self._last_status, self._last_mark = newest.status, now
        heartbeat = {"epoch": self._feed.epoch, "head": self._feed.next}
        self._set_status(newest.status, newest.fraction, heartbeat)

    def _send_thumbnails(self) -> None:
        outputs = self._stage.outputs
        self.send_pictures(
            "thumb",
            [
                (self._stage.output_id(index), item.name, item.thumbnail)
                for index, item in enumerate(outputs)
                if index >= self._thumbnail_count and item.thumbnail is not None
            ],
        )
        self._thumbnail_count = len(outputs)

    def _summaries(self) -> list[dict[str, Any]]:
        waiting = [view.number for view in self._views.values() if view.status in ("submitting", "queued")]
        summaries = [view.summary() for view in self._views.values()]
        if len(waiting) > 1:
            for summary in summaries:
                if summary["number"] in waiting:  # in the order of their numbers, as they were sent
                    place = f"{waiting.index(summary['number']) + 1} of {len(waiting)}"
                    summary["line"] = run_words.join_facts(summary["line"], place)
        return summaries
