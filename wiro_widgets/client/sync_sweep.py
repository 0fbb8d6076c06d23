"""Sweep: the blocking face of an AsyncSweep, which lives on the engine's thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Self

from wiro_widgets.client.bridge import Bridge
from wiro_widgets.client.signatures import same_call
from wiro_widgets.client.sync_task import Task
from wiro_widgets.display import host_widget
from wiro_widgets.display.live_line import ProgressMode
from wiro_widgets.runs.options import OnInterrupt, UnknownPolicy, check_wait
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.live_display import LiveDisplay, LiveSweep, Pictures, SweepLine
from wiro_widgets.sweeps.view import SweepView

_MAX_DISPLAYS = 20  # that follow one sweep


class Sweep(SweepView[Task]):
    """Many runs as one thing; made by `Client.sweep` and `Client.map`, and under way from then on.

    `for cell in sweep` gives the cells as they finish. What has succeeded stands in the journal: the same sweep asked
    for again, also in a new kernel, runs only what is missing, and shares what is under way.

    >>> sweep = client.sweep("tencent/hunyuan-flux-srpo", prompt=["a cat", "a dog"], seed=range(4))
    >>> sweep.wait().grid(x="seed", y="prompt")
    """

    _internal_names = ("add_display", "live_contents", "resume_soon")

    def __init__(self, bridge: Bridge, sweep: AsyncSweep[Task], client: object) -> None:
        super().__init__(sweep.plan, sweep.cells, sweep.estimate, sweep.estimates)
        self._bridge = bridge
        self._sweep = sweep
        self._displays: list[LiveDisplay] = []
        self._client = client  # lives as long as its sweeps are named

    @property
    def busy(self) -> bool:
        """True if a cell runs or is about to."""
        return self._sweep.busy

    @property
    def goes_on(self) -> bool:
        """True if the sweep will begin further cells: it is neither paused nor over."""
        return self._sweep.goes_on

    @property
    def error(self) -> Exception | None:
        """What halted the sweep, such as an empty balance."""
        return self._sweep.error

    @same_call(AsyncSweep.wait)
    def wait(
        self,
        timeout: float | None = None,
        *,
        progress: ProgressMode = None,
        on_interrupt: OnInterrupt | None = None,
    ) -> Self:
        if self.busy:
            with self._interruptible(on_interrupt), self._sweep.show_progress(progress, on_interrupt):
                self._bridge.call(self._sweep.wait(timeout, progress=False, on_interrupt=on_interrupt))
        return self._end_display()

    def __await__(self) -> Generator[Any, None, Self]:
        return self._await().__await__()

    async def _await(self) -> Self:
        if self.busy:
            with self._sweep.show_progress():
                await self._bridge.await_here(self._sweep.wait(progress=False))
        return self._end_display()

    def add_callback(self, callback: Callable[[Cell[Task]], object]) -> None:
        """Call `callback(cell)` on the engine's thread as each cell begins and ends; earlier ones come first.

        What it raises is logged, and the sweep goes on.
        """
        self._bridge.post(self._sweep.add_callback, callback)

    def stop_soon(self) -> None:
        """Begin to stop the sweep and what runs of it, and return at once."""
        if self.busy:
            self._bridge.spawn(self._sweep.stop())

    @same_call(AsyncSweep.pause)
    def pause(self) -> None:
        self._bridge.post(self._sweep.pause)

    @same_call(AsyncSweep.stop)
    def stop(self) -> None:
        if self.busy:
            self._bridge.call(self._sweep.stop())

    @same_call(AsyncSweep.resume)
    def resume(self, *, unknown: UnknownPolicy | bool | None = None) -> Self:
        self._bridge.call(self._sweep.resume(unknown=unknown))
        self._begin_display_again()
        return self

    def resume_soon(self) -> Future[None]:
        """Begin to run what is left and return at once; cells of unknown outcome are looked for and not sent.

        Raises ConfigurationError if the client is closed; the future has what else goes wrong.
        """
        future = self._bridge.spawn(self._sweep.resume(unknown="ask"))
        future.add_done_callback(lambda _: self._begin_display_again())
        return future

    @same_call(AsyncSweep.settle_unknown)
    def settle_unknown(self, unknown: UnknownPolicy) -> None:
        self._bridge.call(self._sweep.settle_unknown(unknown))
        self._begin_display_again()

    def __iter__(self) -> Iterator[Cell[Task]]:
        position = 0
        while True:
            with self._interruptible(None):
                cell = self._bridge.call(self._sweep.finished_cell(position))
            if cell is None:
                break
            yield cell
            position += 1
        self._sweep.raise_error()

    async def __aiter__(self) -> AsyncIterator[Cell[Task]]:
        position = 0
        while (cell := await self._bridge.await_here(self._sweep.finished_cell(position))) is not None:
            yield cell
            position += 1
        self._sweep.raise_error()

    def _ipython_display_(self) -> None:
        """Show the sweep in a notebook until it is over; NotImplementedError asks IPython for the plain form."""
        if host_widget.is_needed() and (self.busy or self.left_count):
            host_widget.show(self)
            return
        # The widgets are in a room above this one.
        buttons = partial(import_module, "wiro_widgets.widget.cells.sweep_buttons")
        self.add_display(LiveSweep.show(self, lambda: buttons().SweepButtons(self)))

    def _display_(self) -> object:
        """Return what marimo shows, which updates no output but a widget's."""
        return host_widget.make(self)

    def live_contents(self) -> tuple[SweepLine, Callable[[], Pictures]]:
        """Return the functions that say how the sweep looks now: its line, and its pictures."""
        return SweepLine(self), partial(Pictures.of, self)

    def add_display(self, display: LiveDisplay) -> None:
        """Tell a display when the sweep is waited for, and when it is resumed."""
        self._displays = [*self._displays, display][-_MAX_DISPLAYS:]

    def _begin_display_again(self) -> None:
        """Update the displays again, also if the sweep is over by now: they show its end."""
        for display in self._displays:
            display.begin_again()

    @contextmanager
    def _interruptible(self, on_interrupt: OnInterrupt | None) -> Iterator[None]:
        """Treat an interrupt of this thread as one of the sweep, wherever in the block it comes."""
        check_wait(on_interrupt)
        try:
            yield
        except KeyboardInterrupt as interrupt:
            self._bridge.call(self._sweep.interrupt(on_interrupt))
            interrupt.add_note(self._sweep.interrupt_note(on_interrupt))
            raise

    def _end_display(self) -> Self:
        """Show the end of what was displayed, raise what halted the sweep, and return it."""
        for display in self._displays:
            display.end()
        if not self.left_count:
            self._displays = []
        self._sweep.raise_error()
        return self
