"""SweepLauncher: plans, prices and begins the sweeps of one client."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from wiro_widgets.client.catalogue import Catalogue
from wiro_widgets.client.model import ModelCall
from wiro_widgets.client.worker import Worker
from wiro_widgets.protocol.errors import ApiError, InvalidParameter, TransportError, WiroWarning
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.scalars import short_repr
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.runs import chain, reuse
from wiro_widgets.runs.options import UnknownPolicy
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps import plan as sweep_plan
from wiro_widgets.sweeps import recall, table
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.sweeps.axes import MAX_CELLS, Axis, How
from wiro_widgets.sweeps.cell import Cell
from wiro_widgets.sweeps.plan import Plan, Schemas
from wiro_widgets.sweeps.postprocess import PostProcessing, Then
from wiro_widgets.sweeps.scheduler import ClientAccess
from wiro_widgets.sweeps.table import Columns, Table

_Run = tuple[str, Mapping[str, Any]]  # a model, and the values of one run of it


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """How a sweep is run, whichever cells it has: the keyword arguments of `AsyncClient.sweep` and `map`."""

    concurrency: int | None = None
    then: Then | None = None
    executor: Executor | None = None
    resume: bool = True
    reuse: bool | None = None
    start: bool = True
    unknown: UnknownPolicy = "ask"


class SweepLauncher:
    """A part of AsyncClient. `wrap` makes of a task what users see as `cell.task`; the blocking client sets it."""

    def __init__(self, access: ClientAccess[Any], catalogue: Catalogue, worker: Callable[[], Worker]) -> None:
        self.wrap: Callable[[AsyncTask], Any] = access.wrap
        self._access = access
        self._catalogue = catalogue
        self._worker = worker

    def __repr__(self) -> str:
        return f"<SweepLauncher, {len(self.running)} sweeps running>"

    @property
    def running(self) -> tuple[AsyncSweep[Any], ...]:
        """The sweeps that are under way, those that began first come first."""
        return self._access.registry.running

    async def plan_values(self, model: str | Iterable[str], values: Mapping[str, Any], how: How) -> Plan:
        """Plan a sweep over the values that are lists, and the models if there are several; raises InvalidParameter."""
        models = None if isinstance(model, str) else model_names(model)
        names = [model] if isinstance(model, str) else list(dict.fromkeys(models or ()))
        schemas = {name: await self._catalogue.schema_if_known(name) for name in names}
        schema = sweep_plan.merged_schema(schemas)
        values = await chain.resolve_axes(self._access.engine, values, schema)
        plan = await asyncio.to_thread(sweep_plan.of_values, schemas, values, how, models)
        for name, without in plan.left_out.items():
            text = f"{name} does not take {', '.join(without)}: its runs go without."
            with suppress(WiroWarning):  # even if warnings are errors, the sweep runs
                warnings.warn(text, WiroWarning, stacklevel=2)
        return plan

    async def plan_table(
        self,
        model: str,
        cells: object,
        constants: Mapping[str, Any],
        *,
        columns: Columns | None,
        confirm: bool | int | None,
    ) -> Plan:
        """Plan a table, a cell a row.

        Raises InvalidParameter, for more than `MAX_CELLS` rows with what they may cost unless `confirm` allows so many.
        """
        schema = await self._catalogue.schema_if_known(model)
        if schema is not None:
            for name in constants:
                schema.require(name)
        limit = sys.maxsize if confirm is True else max(MAX_CELLS, int(confirm or 0))
        frame = await asyncio.to_thread(
            table.read, cells, model, schema, columns, min(limit, sys.maxsize - 1)
        )
        if frame.count > limit:
            estimate = await self._estimate_table(model, frame, constants, schema)
            raise InvalidParameter(
                "confirm",
                f"the table has {frame.count:,} rows, each a run; together they cost {estimate}. Nothing was sent.\n"
                f"confirm={frame.count} runs them all; or give fewer rows.",
            )
        engine = self._access.engine
        constants = await chain.resolve(engine, constants, schema)
        rows = await chain.resolve_runs(engine, await asyncio.to_thread(frame.rows), schema)
        return await asyncio.to_thread(sweep_plan.of_table, model, schema, frame, rows, constants)

    async def _estimate_table(
        self, model: str, frame: Table, constants: Mapping[str, Any], schema: ModelSchema | None
    ) -> str:
        """Return in words what the runs of a long table cost, by some of its rows."""
        values = await asyncio.to_thread(frame.rows, max(1, frame.count // table.SAMPLE_ROWS))
        try:
            runs = [sweep_plan.convert({**constants, **row}, schema) for row in values]
            estimates = await self._access.engine.ledger.estimator.estimates(model, runs, schema)
        except (InvalidParameter, TransportError, ApiError) as error:
            return f"an unknown amount ({error})"
        return pricing.scale(pricing.total(estimates), frame.count / len(runs)).amount

    async def plan_sweep(
        self,
        schemas: Schemas,
        axes: Sequence[Axis],
        same: Mapping[str, Any],
        *,
        resume: bool = True,
    ) -> AsyncSweep[Any]:
        """Plan and price a grid over axes that are read already; `resume()` of the sweep begins it.

        `same` has the other values. Raises what `AsyncClient.sweep` raises.
        """
        plan = await asyncio.to_thread(sweep_plan.of_axes, schemas, axes, same)
        return await self.launch(plan, SweepOptions(resume=resume, start=False))

    async def estimate_sweep(
        self,
        schemas: Schemas,
        axes: Sequence[Axis],
        same: Mapping[str, Any],
        *,
        resume: bool = True,
    ) -> tuple[Estimate, dict[str, Estimate]]:
        """Estimate such a grid in all and by model, with `resume` without the cells that the journal has a result of.

        Its values may be incomplete: a prompt that is still to be written costs nothing yet. Raises InvalidParameter.
        """

        def read() -> tuple[list[_Run], list[_Run]]:
            runs: list[_Run] = [
                (model, sweep_plan.convert(values, schemas[model]))
                for model, values, _ in sweep_plan.combinations(schemas, axes, same)
            ]
            try:
                cells = sweep_plan.of_axes(schemas, axes, same).cells if resume else None
            except InvalidParameter:
                cells = None
            if cells is None:
                return runs, runs
            open_cells = recall.open_cells(self._access.engine, cells)
            return runs, [(cell.model, cell.values) for cell in open_cells]

        runs, open_runs = await asyncio.to_thread(read)
        estimates = await self._estimate_runs(schemas, open_runs)
        total, by_model = await asyncio.to_thread(_totals, estimates)
        counts, open_counts = (Counter(model for model, _ in group) for group in (runs, open_runs))
        by_model = {
            model: _with_answers(item, counts[model], open_counts[model]) for model, item in by_model.items()
        }
        return _with_answers(total, len(runs), len(open_runs)), by_model

    async def _estimate_runs(self, schemas: Schemas, runs: Sequence[_Run]) -> dict[str, list[Estimate]]:
        """Return the estimates of runs by their models."""
        by_model: dict[str, list[Mapping[str, Any]]] = {model: [] for model in schemas}
        for model, values in runs:
            by_model[model].append(values)
        estimator = self._access.engine.ledger.estimator
        return {
            model: await estimator.estimates(model, group, schemas[model]) if group else []
            for model, group in by_model.items()
        }

    async def launch(self, plan: Plan, options: SweepOptions) -> AsyncSweep[Any]:
        """Recall what the journal has of a plan, price the rest, hold it against the budgets, and begin.

        Raises BudgetExceeded when it is certain to pass one, ConfigurationError for options that cannot work.
        """
        client = self._access.options
        run_options = replace(client, reuse=client.reuse if options.reuse is None else options.reuse)
        sweep: AsyncSweep[Any] = AsyncSweep(
            plan,
            replace(self._access, options=run_options, wrap=self.wrap),
            PostProcessing(options.then, options.executor, self._worker()),
            concurrency=options.concurrency,
            anew=not options.resume,
            unknown=options.unknown,
        )
        if options.resume:
            await sweep.recall()
            if options.unknown == "ask":
                _warn_of_unknown_cells(sweep)
        counts = Counter(digest for cell in sweep.unpaid for digest in cell.file_digests)
        self._access.engine.uploads.expect(digest for digest, count in counts.items() if count > 1)
        runs = await self._paid_runs(sweep.unpaid, reuse_results=run_options.reuse)
        sweep.estimate, sweep.estimates = await self._check_budgets(plan, runs)
        if options.start:
            await sweep.resume()
        return sweep

    async def _paid_runs(self, cells: Sequence[Cell[Any]], *, reuse_results: bool) -> list[_Run]:
        """Return the runs of the cells that cost anything: those that the history does not answer."""
        answerable: set[str] = set()
        if reuse_results:
            contents = {cell.content for cell in cells if reuse.has_fixed_seed(cell.values, cell.schema)}
            answerable = await asyncio.to_thread(reuse.answerable, self._access.engine, contents)
        return [(cell.model, cell.values) for cell in cells if cell.content not in answerable]

    async def _check_budgets(self, plan: Plan, runs: Sequence[_Run]) -> tuple[Estimate, dict[str, Estimate]]:
        """Return what the runs cost, in all and by model.

        Raises BudgetExceeded if they are certain to pass a budget, or none can begin.

        If there is no budget, a price that cannot be asked for is only unknown.
        """
        ledger = self._access.engine.ledger
        try:
            estimates = await self._estimate_runs(plan.schemas, runs)
        except (TransportError, ApiError) as error:
            if ledger.budgets:
                raise
            estimate = Estimate(None, None, exact=False, reason=f"the price could not be asked for: {error}")
            return estimate, dict.fromkeys(plan.schemas, estimate)
        total, by_model = await asyncio.to_thread(_totals, estimates)
        for budget in ledger.budgets:
            budget.check([item for items in estimates.values() for item in items], total)
        return total, by_model


def _totals(estimates: Mapping[str, Sequence[Estimate]]) -> tuple[Estimate, dict[str, Estimate]]:
    """Return the sum of estimates, in all and by model."""
    total = pricing.total(item for items in estimates.values() for item in items)
    return total, {model: pricing.total(items) for model, items in estimates.items()}


def _with_answers(estimate: Estimate, count: int, open_count: int) -> Estimate:
    """Return the estimate of so many runs, some of which the history may answer."""
    before = count - open_count
    if not before:
        return estimate
    reason = f"{before:,} of {count:,} were run before; {estimate.reason}"
    return replace(estimate, reason=reason, answer_count=0 if open_count else before)


def model_names(models: Iterable[Any]) -> list[str]:
    """Return the names of models that are an axis, each a text or a Model; raises InvalidParameter."""
    if isinstance(models, AbstractSet):
        raise InvalidParameter("model", "a set has no order; give a list")
    if isinstance(models, Mapping) or not isinstance(models, Iterable):
        raise InvalidParameter("model", f'"owner/name" or a list of them is needed, not {short_repr(models)}')
    items = [item.name if isinstance(item, ModelCall) else item for item in islice(models, MAX_CELLS)]
    if not items:
        raise InvalidParameter("model", "the list of models is empty, so there is nothing to run")
    return ["/".join(split_model(item)) for item in items]


def _warn_of_unknown_cells(sweep: AsyncSweep[Any]) -> None:
    """Tell the user which cells are not sent because their earlier runs may have become tasks."""
    count = sum(cell.status == "unknown" for cell in sweep.cells)
    if count:
        cells = "1 cell is" if count == 1 else f"{count} cells are"
        text = (
            f"{cells} not sent, because earlier runs may have become tasks that are billed (see cell.error). "
            'sweep.resume(unknown="send") sends them once more.'
        )
        with suppress(WiroWarning):  # even if warnings are errors, the other cells run
            warnings.warn(text, WiroWarning, stacklevel=2)
