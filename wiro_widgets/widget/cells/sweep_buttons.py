"""The buttons of a sweep in a cell: Pause, Stop and Run what is left; they are there as long as a kernel answers.

A saved notebook has the static line and pictures beside them, which hide a host's "model not found".
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple, Protocol

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


class Action(NamedTuple):
    """A button: its name, what stands on it, and what it does in words."""

    name: str
    label: str
    title: str


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


def actions(sweep: Controls) -> list[Action]:
    """Return what a person can do with a sweep now."""
    items = []
    if sweep.goes_on:
        items.append(Action("pause", "Pause", "Begin no further cell; those that run go on"))
    elif sweep.left_count:
        label = f"Run what is left ({count(sweep.left_count, 'cell')})"
        title = "Run the cells that did not run, failed or were stopped; each is paid for"
        items.append(Action("resume", label, title))
    if sweep.busy:
        items.append(Action("stop", "Stop", "Stop what runs, and begin no further cell"))
    return items


class SweepButtons:
    """The buttons of one sweep; called again and again, they follow it, and go once nothing is left to do."""

    def __init__(self, sweep: Controls) -> None:
        self._sweep = sweep
        self._message = ipywidgets.HTML()  # a Label takes two prices for mathematics
        calls = {"pause": sweep.pause, "resume": self._run_what_is_left, "stop": sweep.stop_soon}
        self._buttons = {name: self._button(call) for name, call in calls.items()}
        items = (*self._buttons.values(), self._message)
        self._box = ipywidgets.HBox(items, layout={"flex_flow": "row wrap"})
        self._closed = False

    def __call__(self) -> ButtonsView:
        """Bring the buttons up to date with the sweep, and return what the cell shows."""
        present = {action.name: action for action in actions(self._sweep)}
        if self._closed or not present:
            self._close()
            return ButtonsView(None)
        for name, button in self._buttons.items():
            button.layout.display = None if name in present else "none"
            if name in present:
                button.description, button.tooltip = present[name].label, present[name].title
        return ButtonsView(self._box.model_id)

    def _button(self, call: Callable[[], object]) -> Any:
        button = ipywidgets.Button(layout={"width": "auto"})
        button.on_click(lambda _button: call())
        host.receive_while_busy(button.comm)
        return button

    def _run_what_is_left(self) -> None:
        self._message.value = ""
        self._buttons["resume"].disabled = True
        try:
            self._sweep.resume_soon().add_done_callback(self._after_resume)
        except WiroError as error:  # the client was closed
            self._say(error)

    def _after_resume(self, future: Future[None]) -> None:
        self._say(None if future.cancelled() else future.exception())

    def _say(self, error: BaseException | None) -> None:
        self._message.value, self._buttons["resume"].disabled = escape(str(error or "")), False

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            for item in (*self._box.children, self._box):
                item.close()
