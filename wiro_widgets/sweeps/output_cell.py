"""The cell in which a notebook shows what the user's functions print while they are called on our threads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from wiro_widgets.money import budget

T = TypeVar("T")


class OutputCell:
    """The newest cell that began the work or waited for it: there a person looks for what is printed.

    ipykernel keeps the cell in a context variable, and a thread of ours has none: 7 then takes the last cell that was
    run, and 6.29 the one in which the thread was started, which is that of the client.
    """

    def __init__(self) -> None:
        self._context = copy_context()
        self._context.run(budget.leave)

    def update(self) -> None:
        """Take the cell that runs now; a message from the page, such as a click, is none."""
        if _is_cell():
            context = copy_context()
            context.run(budget.leave)  # the blocks around the cell do not hold for what its observers start
            self._context = context

    def run(self, call: Callable[..., T], /, *args: Any) -> T:
        """Call a function whose prints belong to the cell; several threads may do so at once."""
        return self._context.copy().run(call, *args)


def _is_cell() -> bool:
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    get_parent = getattr(shell, "get_parent", None)
    header = get_parent().get("header", {}) if callable(get_parent) else {}
    return str(header.get("msg_type", "execute_request")) == "execute_request"
