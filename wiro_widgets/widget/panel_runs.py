"""The sweeps of a panel: controls that are varied, and the grid that they make together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.runs.options import OnInterrupt
from wiro_widgets.widget.panel_controls import PanelControls
from wiro_widgets.widget.panel_results import PanelResults
from wiro_widgets.widget.wire.sweep_view import SweepView

_log = logging.getLogger("wiro_widgets")


class PanelSweeps(PanelResults, PanelControls):
    """What a panel does with axes; `Panel` is one of these."""

    _sweeping: SweepView | None = None  # the newest thing that was begun, where that is a sweep
    _swept: Sweep | None = None

    def vary(self, **axes: Any) -> None:
        """Turn controls into axes: each is given a list of values, or a text such as "10..50 by 10"; None ends one.

        Numbers are "10, 20, 30", "1..4", "10..50 by 10" or "0..1 in 5", choices are separated by commas and "*" is all
        of them, texts stand in a line each. A sweep runs every combination. Raises InvalidParameter.
        """
        with self._lock:
            for name, values in axes.items():
                self.controls.varied.put(name, values)
            self.publish()

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """The values of the controls that are varied."""
        return {axis.name: axis.values for axis in self.controls.varied.axes}

    @property
    def sweep(self) -> Sweep | None:
        """The newest sweep of this panel."""
        return self._swept

    def run_sweep(self, *, resume: bool = True) -> Sweep:
        """Run every combination of the controls that are varied, and return once all of it is checked and priced.

        Combinations that the journal has are not run again, unless `resume` is False. Shows in the panel. Raises what
        `Client.sweep` raises; nothing was sent then.
        """
        view, launch = self._begun(resume=resume)
        launch()
        return view.launched.result()

    def begin_sweep(self) -> None:
        """Do what Run does while controls are varied: plan and price the sweep on a worker thread, then run it.

        Where every combination is done and the seed is left to chance, it is run anew.
        """
        _, launch = self._begun(resume=None)
        self.later(launch)

    def price(self) -> Estimate:
        """Return what pressing Run would cost, all of a sweep: exact, a range, or honestly unknown.

        Raises ConfigurationError without a model or credentials, InvalidParameter, and what asking Wiro's catalogue
        raises.
        """
        with self._lock:
            model, values = self._chosen(), dict(self.controls.values)
            varied, schema = self.controls.varied, self._known_schema()
            for error in varied.errors.values():
                raise error
            axes = varied.axes
        if not axes:
            return self.client.estimate(model, values)
        same = {name: value for name, value in values.items() if name not in varied}
        return self.client.estimate_sweep(model, schema, axes, same, resume=not self._left_to_chance(values))

    def wait(self, timeout: float | None = None, *, on_interrupt: OnInterrupt | None = None) -> TaskResult:
        """Wait for the current run, or for all of the current sweep, and return its last result."""
        view = self._sweeping
        if view is None:
            return super().wait(timeout, on_interrupt=on_interrupt)
        sweep = view.launched.result(timeout)
        try:
            sweep.wait(timeout, on_interrupt=on_interrupt)
        finally:
            self.display.catch_up()
        result = next((cell.result for cell in reversed(sweep.cells) if cell.result), None)
        if result is None:
            raise next((cell.error for cell in sweep.cells if cell.error), WiroError("Nothing was run."))
        return result

    def _begun(self, *, resume: bool | None) -> tuple[SweepView, Callable[[], None]]:
        """Show a new sweep; returns it with the work of planning, pricing and starting it, which takes its time."""
        with self._lock:
            varied, values, schema = self.controls.varied, dict(self.controls.values), self._known_schema()
            axes, errors = varied.axes, varied.errors
            same = {name: value for name, value in values.items() if name not in varied}
            view = SweepView(self._number(), self.model or "", axes, same, self._add_task)
            self._sweeping = view
            self.display.begin(view)
            self._show_problems(self.controls.problems())

        def planned() -> Sweep:
            for error in errors.values():
                raise error
            known = not self._left_to_chance(values) if resume is None else resume
            return self.client.plan_sweep(self._chosen(), schema, axes, same, resume=known)

        return view, lambda: self._launch(view, planned)

    def _launch(self, view: SweepView, planned: Callable[[], Sweep]) -> None:
        try:
            sweep = planned()
            if not view.stopped:
                sweep.resume()
        except WiroError as error:
            view.refuse(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown, and nothing waits for ever
            _log.exception("A sweep of the panel could not be begun")
            view.refuse(WiroError(f"The sweep could not be begun: {error}"))
        else:
            self._swept = sweep
            view.launch(sweep)
        self.display.follow(view)

    def _left_to_chance(self, values: Mapping[str, Any]) -> bool:
        """Whether every combination is done and would come out differently now, because nothing fixes the seed."""
        done = self._swept is not None and set(self._swept.counts) == {"succeeded"}
        seeds = {item.id for item in self.controls.schema.parameters if item.id.lower() == "seed"}
        return done and bool(seeds) and not seeds & (values.keys() | self.axes.keys())
