"""Estimates, sweeps and lists of runs: what the blocking Client has beyond single tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from wiro_widgets.client.async_experiments import Conduct
from wiro_widgets.client.bridge import Bridge
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.client.sync_task import Task
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.given import given
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.sweeps.axes import Axis, How
from wiro_widgets.sweeps.plan import Plan
from wiro_widgets.sweeps.postprocess import Then

if TYPE_CHECKING:
    from wiro_widgets.client.async_client import AsyncClient


class Experiments:
    """The part of Client that looks at many runs; the client gives it what is declared here."""

    _client: AsyncClient
    _bridge: Bridge
    _sweeps: WeakValueDictionary[AsyncSweep[Any], Sweep]

    def _face(self, task: AsyncTask) -> Task:
        raise NotImplementedError

    def estimate(self, model: str, params: Mapping[str, Any] | None = None, /, **values: Any) -> Estimate:
        """Return what a run will cost, from the catalogue's prices: exact, a range, or honestly unknown.

        What is not given counts with its default. Nothing is sent but a question to the catalogue. Raises
        InvalidParameter for a value that the model does not take.
        """
        return self._bridge.call(self._client.estimate(model, params, **values))

    def sweep(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        how: How = "grid",
        concurrency: int | None = None,
        then: Then | None = None,
        executor: Executor | None = None,
        resume: bool = True,
        reuse: bool | None = None,
        start: bool = True,
        **values: Any,
    ) -> Sweep:
        """Run every combination of the values that are lists, or with `how="zip"` one of each at a time.

        All of it is checked before anything is sent; `estimate` says what the open cells will cost. Cells that the
        journal has are not run again, unless `resume` is False. `start=False` waits for `resume()`. `then` is called
        with each result, in a thread or, with the downloads, on an `executor`. Raises InvalidParameter, and
        BudgetExceeded when the sweep is certain to pass a budget.

        >>> sweep = client.sweep("tencent/hunyuan-flux-srpo", prompt=["a cat", "a dog"], seed=range(4), steps=20)
        >>> sweep.wait().grid(x="seed", y="prompt")
        """
        conduct = Conduct(concurrency, then, executor, resume, reuse, start)
        plan = self._bridge.call(self._client.grid(model, given(params, values), how))
        return self._launched(plan, conduct)

    def map(
        self,
        model: str,
        cells: Iterable[Mapping[str, Any]],
        /,
        *,
        concurrency: int | None = None,
        then: Then | None = None,
        executor: Executor | None = None,
        resume: bool = True,
        reuse: bool | None = None,
        start: bool = True,
    ) -> Sweep:
        """Run a list of values; otherwise like `sweep`."""
        conduct = Conduct(concurrency, then, executor, resume, reuse, start)
        return self._launched(self._bridge.call(self._client.listed(model, cells)), conduct)

    def plan_sweep(
        self,
        model: str,
        schema: ModelSchema | None,
        axes: Sequence[Axis],
        same: Mapping[str, Any],
        *,
        resume: bool = True,
    ) -> Sweep:
        """Plan and price the grid of axes that are known, as `sweep` does; `Sweep.resume` begins it.

        Raises what `sweep` raises.
        """
        plan = self._bridge.call(self._client.of_axes(model, schema, axes, same))
        return self._launched(plan, Conduct(resume=resume, start=False))

    def estimate_sweep(
        self,
        model: str,
        schema: ModelSchema | None,
        axes: Sequence[Axis],
        same: Mapping[str, Any],
        *,
        resume: bool = True,
    ) -> Estimate:
        """Return what such a grid will cost, with `resume` without what the journal has.

        Raises what `estimate` raises.
        """
        return self._bridge.call(self._client.estimate_sweep(model, schema, axes, same, resume=resume))

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The sweeps that are under way, those that nobody names any more included: each can be paused and stopped.

        >>> for sweep in client.sweeps:
        ...     sweep.stop()
        """
        return tuple(self._shown(sweep) for sweep in self._client.sweeps)

    def delete_files(self, task_id: str) -> None:
        """Delete a finished task's files at Wiro, inputs and outputs; doing it twice is fine. Raises NotFound."""
        self._bridge.call(self._client.delete_files(task_id))

    def _launched(self, plan: Plan, conduct: Conduct) -> Sweep:
        return self._shown(self._bridge.call(self._client.run_plan(plan, self._face, conduct)))

    def _shown(self, sweep: AsyncSweep[Any]) -> Sweep:
        """Return the one face of a sweep."""
        known = self._sweeps.get(sweep)
        if known is None:
            known = self._sweeps[sweep] = Sweep(self._bridge, sweep, self)
        return known
