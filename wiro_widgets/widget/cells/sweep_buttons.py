"""The buttons of a sweep in a cell: Pause, Stop and Run what is left; they are there as long as a kernel answers.

A saved notebook has the static line and pictures beside them, which hide a host's "model not found".
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any, Protocol

import ipywidgets

from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.run_words import count
from wiro_widgets.widget import host

VIEW = "application/vnd.jupyter.widget-view+json"


class Controls(Protocol):
    """The sweep as its buttons see it; none of these calls waits."""

    @property
    def busy(self) -> bool:
        """True if a cell runs or is about to."""

    @property
    def goes_on(self) -> bool:
        """True if it will begin further cells."""

    @property
    def left_count(self) -> int:
        """How many cells have not succeeded and can be run."""

    def pause(self) -> None:
        """Begin no further cell."""

    def stop_soon(self) -> None:
        """Begin to stop what runs."""

    def resume_soon(self) -> Future[None]:
        """Begin to run what is left."""


@dataclass(frozen=True, repr=False)
class ButtonsView(NotebookRepr):
    """The output of a cell that has the buttons; without a model it is empty."""

    model_id: str | None

    def __repr__(self) -> str:
        return ""

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        if self.model_id is None:
            return {}
        return {VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}, "text/plain": ""}


class SweepButtons:
    """The buttons of one sweep; called again and again, they follow it, and go once nothing is left to do."""

    def __init__(self, sweep: Controls) -> None:
        self._sweep = sweep
        button = partial(ipywidgets.Button, layout={"width": "auto"})
        self._pause = button(description="Pause", tooltip="Begin no further cell; those that run go on")
        self._stop = button(description="Stop", tooltip="Stop what runs, and begin no further cell")
        self._resume = button(
            tooltip="Run the cells that did not run, failed or were stopped; each is paid for"
        )
        self._message = ipywidgets.HTML()  # a Label takes two prices for mathematics
        items = (self._pause, self._resume, self._stop, self._message)
        self._box = ipywidgets.HBox(items, layout={"flex_flow": "row wrap"})
        for item, call in (
            (self._pause, self._sweep.pause),
            (self._stop, self._sweep.stop_soon),
            (self._resume, self._run_what_is_left),
        ):
            item.on_click(lambda _button, call=call: call())
            host.receive_while_busy(item.comm)
        self._closed = False

    def __call__(self) -> ButtonsView:
        """Bring the buttons up to date with the sweep, and return what the cell shows."""
        sweep = self._sweep
        left_count = sweep.left_count
        if self._closed or not (sweep.busy or left_count):
            self._close()
            return ButtonsView(None)
        _show(self._pause, sweep.goes_on)
        _show(self._stop, sweep.busy)
        _show(self._resume, not sweep.goes_on and left_count > 0)
        self._resume.description = f"Run what is left ({count(left_count, 'cell')})"
        return ButtonsView(self._box.model_id)

    def _run_what_is_left(self) -> None:
        self._message.value = ""
        self._resume.disabled = True
        try:
            self._sweep.resume_soon().add_done_callback(self._after_resume)
        except WiroError as error:  # the client was closed
            self._message.value, self._resume.disabled = escape(str(error)), False

    def _after_resume(self, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        self._message.value, self._resume.disabled = escape(str(error or "")), False

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            for item in (*self._box.children, self._box):
                item.close()


def _show(button: Any, is_visible: bool) -> None:
    """Show or hide a button; equal values send nothing."""
    button.layout.display = None if is_visible else "none"
