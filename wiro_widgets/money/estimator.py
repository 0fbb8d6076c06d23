"""Estimates: a model's prices from the catalogue, and what equal runs of one's own have cost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.money import media
from wiro_widgets.protocol import replies, requests, wire_values
from wiro_widgets.protocol.errors import NotFound
from wiro_widgets.protocol.prices import methods, pricing
from wiro_widgets.protocol.prices.pricing import Estimate, PriceRow, Prices
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.transport.http import Http

Settings = frozenset[tuple[str, str]]
KEPT_SECONDS = 600.0  # before the catalogue is asked for a price again
EXPERIENCE = 500  # own runs of a model that are looked at
# What changes from run to run without changing its price much: compared runs may differ in these.
_FREE_KINDS = ("text", "textarea", "file")
_FREE_NAMES = frozenset({"prompt", "negativePrompt", "seed", "callbackUrl", "projectid"})
_BY_PROMPT = "cp-promptlength"  # the one price method that looks at a prompt


class Estimator:
    """Says what runs of one client will cost; lives on the client's loop."""

    def __init__(self, http: Http, journal: Journal) -> None:
        self._http = http
        self._journal = journal
        self._prices: dict[str, tuple[float, Prices]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._experience: dict[str, Experience] = {}

    def __repr__(self) -> str:
        return f"<Estimator, prices of {len(self._prices)} models>"

    async def estimate(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Estimate:
        """Return what a run with these values costs; raises what asking the catalogue raises, but NotFound."""
        (found,) = await self.estimates(model, (values,), schema)
        return found

    async def estimates(
        self, model: str, runs: Sequence[Mapping[str, Any]], schema: ModelSchema | None
    ) -> list[Estimate]:
        """Return what each of these runs costs; those that cannot differ in price are looked at once.

        The loop stays free meanwhile. Raises what asking the catalogue raises, but NotFound.
        """
        prices = await self._prices_of(model)
        groups = await asyncio.to_thread(_grouped, runs, prices)
        firsts = [runs[group[0]] for group in groups]
        found = await asyncio.to_thread(_by_catalogue, prices, firsts, schema)
        if any(item.high is None for item in found):
            known = await self._experience_of(model, schema)
            found = await asyncio.to_thread(known.narrowed, found, firsts)
        told = {index: item for group, item in zip(groups, found, strict=True) for index in group}
        return [told[index] for index in range(len(runs))]

    def learn(self, record: TaskRecord) -> None:
        """Take note of what a run has cost."""
        known = self._experience.get((record.model or "").lower())
        if known is not None and _tells(record):
            known.add(record)

    async def _prices_of(self, model: str) -> Prices:
        async with self._locks[model]:
            kept = self._prices.get(model)
            if kept is None or monotonic() - kept[0] > KEPT_SECONDS:
                kept = self._prices[model] = (monotonic(), await self._asked(model))
            return kept[1]

    async def _asked(self, model: str) -> Prices:
        try:
            tool = replies.tool(await self._http.call(requests.tool_detail(model)))
        except NotFound:
            tool = None
        return pricing.read(tool or {})

    async def _experience_of(self, model: str, schema: ModelSchema | None) -> Experience:
        name = model.lower()
        async with self._locks[f"runs of {name}"]:
            known = self._experience.get(name)
            if known is None:
                query = Query(model=model, outcomes=("succeeded",))
                found = await asyncio.to_thread(self._journal.records, self._http.base_url, query, EXPERIENCE)
                records = [record for record in found if _tells(record)]
            elif known.schema is not schema:
                records = known.records
            else:
                return known
            known = self._experience[name] = await asyncio.to_thread(Experience, records, schema)
            return known


class Experience:
    """What runs of one model have cost, by what they were set to under a schema."""

    def __init__(self, records: Iterable[TaskRecord], schema: ModelSchema | None) -> None:
        self.schema = schema
        self.records: list[TaskRecord] = []
        self._costs: defaultdict[Settings, list[float]] = defaultdict(list)
        for record in records:
            self.add(record)

    def __repr__(self) -> str:
        return f"<Experience of {len(self.records)} runs with {len(self._costs)} settings>"

    def add(self, record: TaskRecord) -> None:
        """Take note of what a run has cost."""
        self.records.append(record)
        if record.total_cost is not None:
            self._costs[_settings(record.parameters, self.schema)].append(record.total_cost)

    def narrowed(self, estimates: Sequence[Estimate], runs: Sequence[Mapping[str, Any]]) -> list[Estimate]:
        """Return the estimates of these runs with what equal ones have cost."""
        return [
            pricing.with_past_costs(item, self._costs.get(_settings(values, self.schema), ()))
            for item, values in zip(estimates, runs, strict=True)
        ]


def _tells(record: TaskRecord) -> bool:
    """Whether a run's cost says something of the next one's."""
    return record.outcome == "succeeded" and record.total_cost is not None and record.reused_from is None


def _by_catalogue(
    prices: Prices, runs: Sequence[Mapping[str, Any]], schema: ModelSchema | None
) -> list[Estimate]:
    return [methods.estimate(prices, item, schema, media.measured(item, schema)) for item in runs]


def _grouped(runs: Sequence[Mapping[str, Any]], prices: Prices) -> list[list[int]]:
    """Return the numbers of runs in groups of the same price: they differ at most in what no price looks at."""
    looked_at = {name for row in prices.rows for name in row.inputs or ()}
    if any(isinstance(row, PriceRow) and row.method == _BY_PROMPT for row in prices.rows):
        looked_at.add("prompt")
    idle = _FREE_NAMES - looked_at
    groups: dict[Settings, list[int]] = {}
    for index, values in enumerate(runs):
        key = frozenset((name, _told(value)) for name, value in values.items() if name not in idle)
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _told(value: object) -> str:
    """Return what tells a value from another; the same file is the same object in each cell of a sweep."""
    if isinstance(value, list | tuple):
        return repr([_told(item) for item in value])
    text = wire_values.text(value)
    return text if text is not None else f"object {id(value)}"


def _settings(values: Mapping[str, Any], schema: ModelSchema | None) -> Settings:
    """Return what a run was set to, in texts, without what it was about."""
    known = {**(schema.defaults if schema else {}), **values}
    return frozenset(
        (name, wire_values.text(value) or "")
        for name, value in known.items()
        if not _is_free(name, value, schema)
    )


def _is_free(name: str, value: object, schema: ModelSchema | None) -> bool:
    parameter = schema.get(name) if schema else None
    if name in _FREE_NAMES or (parameter is not None and parameter.kind in _FREE_KINDS):
        return True
    return wire_values.text(value) is None
