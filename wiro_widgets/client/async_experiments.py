"""Estimates, sweeps and lists of runs: what AsyncClient has beyond single tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

from wiro_widgets.client.worker import Worker
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ApiError, InvalidParameter, NotFound, TransportError
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs import reuse
from wiro_widgets.runs.attach import Reattaching
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.given import given
from wiro_widgets.runs.options import OnInterrupt, RunOptions
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps import axes as axis_rules
from wiro_widgets.sweeps import plan as sweep_plan
from wiro_widgets.sweeps import recall
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.sweeps.axes import Axis, How
from wiro_widgets.sweeps.cell import Cell, TaskT
from wiro_widgets.sweeps.plan import Plan
from wiro_widgets.sweeps.postprocess import PostProcessing, Then
from wiro_widgets.sweeps.registry import SweepRegistry
from wiro_widgets.sweeps.scheduler import ClientAccess


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a sweep is run, whichever cells it has."""

    concurrency: int | None = None
    then: Then | None = None
    executor: Executor | None = None
    resume: bool = True
    reuse: bool | None = None
    start: bool = True


class AsyncExperiments:
    """The part of AsyncClient that looks at many runs; the client gives it what is declared here."""

    _engine: Engine
    _reattaching: Reattaching
    _sweeps: SweepRegistry[AsyncSweep[Any]]
    settings: dict[str, Any]

    def options(self, *, on_interrupt: OnInterrupt | None = None, reuse: bool | None = None) -> RunOptions:
        """Return the client's run options with what a call sets for itself."""
        raise NotImplementedError

    def prepare(
        self,
        model: str,
        values: Mapping[str, Any],
        schema: ModelSchema | None,
        options: RunOptions | None = None,
    ) -> AsyncTask:
        """Return a task that is bound but not yet started; raises InvalidParameter."""
        raise NotImplementedError

    async def attach(
        self, task_id: str | int, *, model: str | None = None, values: Mapping[str, Any] | None = None
    ) -> AsyncTask:
        """Return a task that exists already; raises NotFound."""
        raise NotImplementedError

    async def detail(self, task_id: str | int) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none."""
        raise NotImplementedError

    async def begin(self, task: AsyncTask, schema: ModelSchema | None) -> None:
        """Start a task that is bound, or answer it from the history if its options allow that."""
        raise NotImplementedError

    async def _schema_if_known(self, model: str) -> ModelSchema | None:
        raise NotImplementedError

    async def estimate(
        self, model: str, params: Mapping[str, Any] | None = None, /, **values: Any
    ) -> Estimate:
        """Return what a run will cost, from the catalogue's prices: exact, a range, or honestly unknown.

        What is not given counts with its default. Nothing is sent but a question to the catalogue. Raises
        InvalidParameter for a value that the model does not take.
        """
        schema = await self._schema_if_known(model)
        bound = sweep_plan.convert(given(params, values), schema)
        found = await self._engine.money.estimator.estimate(model, bound, schema)
        if schema is None and found.typical is None:
            return replace(found, reason=f"the catalogue shows no model {model}; check its name")
        return found

    async def sweep(
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
    ) -> AsyncSweep[AsyncTask]:
        """Run every combination of the values that are lists, or with `how="zip"` one of each at a time.

        All of it is checked before anything is sent; `estimate` says what the open cells will cost. Cells that the
        journal has are not run again, unless `resume` is False. `start=False` waits for `resume()`. `then` is called
        with each result, in a thread or, with the downloads, on an `executor`. Raises InvalidParameter, and
        BudgetExceeded when the sweep is certain to pass a budget.
        """
        conduct = Conduct(concurrency, then, executor, resume, reuse, start)
        plan = await self.grid(model, given(params, values), how)
        return await self.run_plan(plan, lambda task: task, conduct)

    async def map(
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
    ) -> AsyncSweep[AsyncTask]:
        """Run a list of values; otherwise like `sweep`."""
        conduct = Conduct(concurrency, then, executor, resume, reuse, start)
        return await self.run_plan(await self.listed(model, cells), lambda task: task, conduct)

    @property
    def sweeps(self) -> tuple[AsyncSweep[Any], ...]:
        """The sweeps that are under way, those that nobody names any more included."""
        return self._sweeps.running

    async def delete_files(self, task_id: str) -> None:
        """Delete a finished task's files at Wiro, inputs and outputs; doing it twice is fine. Raises NotFound."""
        detail = await self.detail(task_id)
        if detail.token is None:
            raise NotFound(f"Wiro tells no token of task {task_id}, so its files cannot be deleted", code=1)
        await self._engine.http.call(requests.delete_files(detail.token))

    # For both faces

    async def grid(self, model: str, values: Mapping[str, Any], how: How) -> Plan:
        """Return the plan of a sweep; raises InvalidParameter."""
        schema = await self._schema_if_known(model)
        return await asyncio.to_thread(sweep_plan.of_values, model, schema, values, how)

    async def of_axes(
        self, model: str, schema: ModelSchema | None, axes: Sequence[Axis], same: Mapping[str, Any]
    ) -> Plan:
        """Return the plan of a grid whose axes are known; raises InvalidParameter."""
        return await asyncio.to_thread(sweep_plan.of_axes, model, schema, axes, same)

    async def estimate_sweep(
        self,
        model: str,
        schema: ModelSchema | None,
        axes: Sequence[Axis],
        same: Mapping[str, Any],
        *,
        resume: bool = True,
    ) -> Estimate:
        """Return what such a grid will cost, with `resume` without what the journal has; raises InvalidParameter."""
        runs = await asyncio.to_thread(_runs, schema, axes, same)
        left = await asyncio.to_thread(self._open_runs, model, schema, axes, same) if resume else None
        open_runs = runs if left is None else left
        found = await self._engine.money.estimator.estimates(model, open_runs, schema)
        total = await asyncio.to_thread(pricing.total, found)
        before = len(runs) - len(open_runs)
        known = f"{before:,} of {len(runs):,} were run before; {total.reason}"
        return replace(total, reason=known) if before else total

    def _open_runs(
        self, model: str, schema: ModelSchema | None, axes: Sequence[Axis], same: Mapping[str, Any]
    ) -> list[Mapping[str, Any]] | None:
        """Return the values of the cells that the journal has no result of; None for a grid that is not complete."""
        try:
            cells = sweep_plan.of_axes(model, schema, axes, same).cells
        except InvalidParameter:  # a prompt that is still to be written costs nothing yet
            return None
        return [cell.values for cell in recall.open_cells(self._engine, cells)]

    async def listed(self, model: str, cells: Iterable[Mapping[str, Any]]) -> Plan:
        """Return the plan of a list of values; raises InvalidParameter."""
        schema = await self._schema_if_known(model)
        return await asyncio.to_thread(sweep_plan.of_rows, model, schema, cells)

    async def run_plan(
        self, plan: Plan, wrap: Callable[[AsyncTask], TaskT], conduct: Conduct
    ) -> AsyncSweep[TaskT]:
        """Recall what the journal has of a plan, price the rest, hold it against the budgets, and begin.

        Raises BudgetExceeded when it is certain to pass one.
        """
        worker = Worker(type(self), self.settings, self, asyncio.get_running_loop())
        post_processing = PostProcessing(conduct.then, conduct.executor, worker)
        options = self.options(reuse=conduct.reuse)
        attach = self._reattaching.attach_with
        client = ClientAccess(self._engine, self._sweeps, options, self.prepare, self.begin, attach, wrap)
        sweep = AsyncSweep(
            plan, client, post_processing, concurrency=conduct.concurrency, anew=not conduct.resume
        )
        if conduct.resume:
            await sweep.recall()
        sweep.estimate = await self._affordable(plan, await self._billed(sweep.unpaid, plan, options.reuse))
        if conduct.start:
            await sweep.resume()
        return sweep

    async def _billed(self, cells: Sequence[Cell[Any]], plan: Plan, wanted: bool) -> list[Mapping[str, Any]]:
        """Return the values of the cells that cost anything: those that the history answers do not."""
        known: set[str] = set()
        if wanted:
            contents = {cell.content for cell in cells if reuse.has_fixed_seed(cell.values, plan.schema)}
            known = await asyncio.to_thread(reuse.answerable, self._engine, contents)
        return [cell.values for cell in cells if cell.content not in known]

    async def _affordable(self, plan: Plan, runs: Sequence[Mapping[str, Any]]) -> Estimate:
        """Return what the runs cost; raises BudgetExceeded when they are certain to pass a budget, or none can begin.

        Where no budget holds, a price that cannot be asked for is merely not known.
        """
        money = self._engine.money
        try:
            found = await money.estimator.estimates(plan.model, runs, plan.schema)
        except (TransportError, ApiError) as error:
            if money.budgets:
                raise
            return Estimate(None, None, exact=False, reason=f"the price could not be asked for: {error}")
        total = await asyncio.to_thread(pricing.total, found)
        for held in money.budgets:
            held.check(found, total)
        return total


def _runs(schema: ModelSchema | None, axes: Sequence[Axis], same: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the values of a grid's cells, which may be incomplete."""
    return [sweep_plan.convert({**same, **chosen}, schema) for chosen in axis_rules.combine(axes, "grid")]
