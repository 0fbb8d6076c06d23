"""Which hosts need a widget to show what changes, because they do not update a cell's output."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any


def is_needed() -> bool:
    """Return True in a kernel of Voila, whose page takes no updates of outputs once it is shown."""
    return "VOILA_PREHEAT" in os.environ


def make(work: object) -> Any:
    """Return the widget of a task or a sweep; widgets are in a room above this one."""
    return import_module("wiro_widgets.widget.cells.live_view").LiveView(work)


def show(work: object) -> None:
    """Show the widget of a task or a sweep in the cell that runs."""
    from IPython import display  # noqa: PLC0415 - only where it is loaded already

    display.display(make(work))  # type: ignore[no-untyped-call] # IPython's
