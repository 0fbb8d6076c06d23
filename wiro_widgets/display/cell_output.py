"""CellOutput: an output of a notebook's cell that is updated while it changes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from wiro_widgets.display.pacer import pacer
from wiro_widgets.render.notebook_repr import NotebookRepr, is_notebook


class CellOutput:
    """Shows what `content()` returns, in the cell that makes it, and again when that has changed.

    `content` is called from the pacer's thread a few times a second, so it is cheap, and its values compare: equal ones
    look the same. Their HTML is made only to be sent. Once `is_over()` is true, what it shows stays. A saved notebook
    has the last one alone.

    >>> output = CellOutput(lambda: ProgressLine(task.status))
    >>> output.begin()
    >>> output.end(ProgressLine("Done"))
    """

    def __init__(
        self, content: Callable[[], NotebookRepr], is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self._content = content
        self._is_over = is_over
        self._id = uuid.uuid4().hex
        # ipykernel keeps in a context variable which cell the messages belong to; the pacer's thread has none.
        self._context = copy_context()
        self._lock = threading.Lock()  # held while a message is sent, so that the last one stays the last
        self._last: NotebookRepr | None = None
        self._ended = False

    def begin(self) -> None:
        """Show it for the first time."""
        with self._lock:
            self._last = self._content()
            _publish(self._id, self._last, update=False)
        pacer().count()
        pacer().add(self)

    def begin_again(self) -> None:
        """Update it again after its end, because what it shows goes on; waits for nobody."""
        self._ended = False
        pacer().add(self)

    def refresh(self) -> bool:
        """Show it again if it has changed; return True if a message was sent."""
        with self._lock:
            if self._ended:
                return False
            if self._is_over():  # before its content is read, which then is the last
                pacer().remove(self)
                if not self._is_over():  # it began again just now
                    pacer().add(self)
            content = self._content()
            if content == self._last:
                return False
            self._last = content
            self._context.run(_publish, self._id, content, update=True)
            return True

    def end(self, content: NotebookRepr | None) -> None:
        """Show the last state at once, None for nothing, and update it no more.

        The message belongs to the cell that runs now: some hosts hear no other.
        """
        pacer().remove(self)
        with self._lock:
            if self._ended:
                return
            self._ended, self._last = True, content
            _publish(self._id, content, update=True)
        pacer().count()


class CellOutputs:
    """The outputs that show one thing in the cells of a notebook until it is over."""

    def __init__(self) -> None:
        self._outputs: list[CellOutput] = []

    def show(self, content: Callable[[], NotebookRepr], is_over: Callable[[], bool]) -> None:
        """Show it in the cell that runs; raises NotImplementedError, as IPython expects it, if nothing is live."""
        if is_over() or not is_notebook():
            raise NotImplementedError
        output = CellOutput(content, is_over)
        output.begin()
        self._outputs.append(output)

    def end(self, content: Callable[[], NotebookRepr]) -> None:
        """Show the last state at once, as a wait does for hosts that show only messages of the running cell."""
        outputs, self._outputs = self._outputs, []
        for output in outputs:
            output.end(content())


def _publish(display_id: str, content: NotebookRepr | None, *, update: bool) -> None:
    from IPython import display  # noqa: PLC0415 - only where it is loaded already

    publish: Callable[..., Any] = display.publish_display_data
    data = {} if content is None else content._repr_mimebundle_()
    publish(data, transient={"display_id": display_id}, update=update)
