"""What the sweeps of one client share: which of them run, and the tasks of their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from wiro_widgets.runs.task import AsyncTask

SweepT = TypeVar("SweepT")


class SweepRegistry(Generic[SweepT]):
    """The running sweeps of a client; owned by it, lent to its sweeps, and used on its loop alone.

    A sweep is held here while it runs, so that one that nobody names any more goes on, and can be stopped. `cell_tasks`
    has the task of each cell by content and number, so that another sweep awaits it and pays nothing.
    """

    def __init__(self) -> None:
        self._running: dict[SweepT, None] = {}  # a dict keeps the order in which they began
        self.cell_tasks: WeakValueDictionary[tuple[str, int], AsyncTask] = WeakValueDictionary()

    def __repr__(self) -> str:
        return f"<SweepRegistry, {len(self._running)} running, {len(self.cell_tasks)} tasks of cells>"

    @property
    def running(self) -> tuple[SweepT, ...]:
        """The sweeps that run, those that began first come first."""
        return tuple(self._running)

    def add(self, sweep: SweepT) -> None:
        """Hold a sweep that begins to run; adding it twice is fine."""
        self._running[sweep] = None

    def remove(self, sweep: SweepT) -> None:
        """Release a sweep that runs no more."""
        self._running.pop(sweep, None)
