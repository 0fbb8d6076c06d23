"""LiveView: a task or a sweep as a widget, where a host does not update what a cell shows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import traitlets

from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.client.sync_task import Task
from wiro_widgets.display.pacer import pacer
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.redact import printable
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.widget import host
from wiro_widgets.widget.cells.sweep_buttons import actions
from wiro_widgets.widget.wire.host_session import HostedWidget


class LiveView(HostedWidget):
    """A Task or a Sweep as a widget that follows it until it is over; a sweep has its buttons.

    JupyterLab shows a task or a sweep by itself. This is for hosts that do not update what they show, such as Shiny,
    HoloViz Panel and Solara, and for containers of ipywidgets. Raises TypeError for anything else.

    >>> task = client.run("tencent/hunyuan-flux-srpo", prompt="a lighthouse")
    >>> ipywidgets.VBox([wiro.LiveView(task)])
    """

    _internal_names = ("begin_again", "end", "refresh")

    _esm = traitlets.Unicode().tag(sync=True)
    _anywidget_id = traitlets.Unicode("wiro_widgets.LiveView").tag(sync=True)
    _line = traitlets.Unicode().tag(sync=True)
    _pictures = traitlets.Unicode().tag(sync=True)
    _message = traitlets.Unicode().tag(sync=True)
    _buttons: traitlets.List[list[str]] = traitlets.List().tag(sync=True)

    def __init__(self, work: Task | Sweep) -> None:
        if not isinstance(work, Task | Sweep):
            raise TypeError(f"A Task or a Sweep of a Client is needed, not {type(work).__name__}.")
        self._work = work
        self._contents: tuple[Callable[[], NotebookRepr], ...] = work.live_contents()
        self._lock = threading.Lock()  # held while the traits change, so that the last state stays the last
        self._last: tuple[NotebookRepr | None, ...] = (None,) * len(self._contents)
        super().__init__()
        self.on_msg(lambda _view, content, _buffers: self._press(content))
        if isinstance(work, Sweep):
            work.add_display(self)
        self.refresh()
        if not self._is_over():
            pacer().add(self)

    @traitlets.default("_esm")
    def _front_end(self) -> str:
        return host.front_end("live.js")

    def __repr__(self) -> str:
        return printable(f"<LiveView of {self._work!r}>")

    def close(self) -> None:
        """Take it away; the task or the sweep goes on. Closing twice is fine."""
        pacer().remove(self)
        super().close()

    # The display

    def begin_again(self) -> None:
        """Follow the sweep again, because it was resumed."""
        self._contents = self._work.live_contents()
        pacer().add(self)

    def end(self) -> None:
        """Show its last state at once."""
        self.refresh()

    def refresh(self) -> bool:
        """Show it again if it has changed; return True if a message was sent."""
        with self._lock:
            if self._is_over():  # before its content is read, which then is the last
                pacer().remove(self)
                if not self._is_over():  # it began again just now
                    pacer().add(self)
            contents = tuple(content() for content in self._contents)
            buttons = (
                [list(action) for action in actions(self._work)] if isinstance(self._work, Sweep) else []
            )
            if contents == self._last and buttons == self._buttons:
                return False
            with self.hold_sync():
                for trait, content, last in zip(("_line", "_pictures"), contents, self._last, strict=False):
                    if content != last:
                        self.set_trait(trait, content._repr_html_())
                self._buttons = buttons
            self._last = contents
            return True

    def _is_over(self) -> bool:
        return not self._work.busy if isinstance(self._work, Sweep) else self._work.over

    # The buttons

    def _press(self, content: object) -> None:
        """Do what the page asks, which waits for nothing."""
        sweep, name = self._work, content.get("press") if isinstance(content, Mapping) else None
        if name == "sync":  # the page is new, and may have missed what came before
            self.send_state(["_line", "_pictures", "_message", "_buttons"])
        if not isinstance(sweep, Sweep) or name not in ("pause", "stop", "resume"):
            return
        self._message = ""
        try:
            if name == "pause":
                sweep.pause()
            elif name == "stop":
                sweep.stop_soon()
            elif not sweep.goes_on:
                sweep.resume_soon().add_done_callback(self._after_resume)
        except WiroError as error:  # the client was closed
            self._message = str(error)

    def _after_resume(self, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        self._message = str(error or "")
