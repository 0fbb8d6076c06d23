"""Estimates: a model's prices from the catalogue, and what equal runs of one's own have cost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from time import monotonic
from typing import Any

from wiro_widgets.client import media
from wiro_widgets.client.http import Http
from wiro_widgets.protocol import drift, price_methods, pricing, replies, requests
from wiro_widgets.protocol.errors import NotFound
from wiro_widgets.protocol.pricing import Estimate, Prices
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.results.journal import Journal
from wiro_widgets.results.rows import Query

KEPT_SECONDS = 600.0  # before the catalogue is asked for a price again
EXPERIENCE = 500  # own runs of a model that are looked at
# What changes from run to run without changing its price much: compared runs may differ in these.
_FREE_KINDS = ("text", "textarea", "file")
_FREE_NAMES = frozenset({"prompt", "negativePrompt", "seed", "callbackUrl", "projectid"})


class Estimator:
    """Says what runs of one client will cost; lives on the client's loop."""

    def __init__(self, http: Http, journal: Journal) -> None:
        self._http = http
        self._journal = journal
        self._prices: dict[str, tuple[float, Prices]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._experience: dict[str, list[TaskRecord]] = {}

    def __repr__(self) -> str:
        return f"<Estimator, prices of {len(self._prices)} models>"

    async def estimate(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Estimate:
        """Return what a run with these values costs; raises what asking the catalogue raises, but NotFound."""
        prices = await self._prices_of(model)
        holds_files = (
            any(item.kind == "file" and item.id in values for item in schema.parameters) if schema else False
        )
        files = await asyncio.to_thread(media.measured, values, schema) if holds_files else ()
        found = price_methods.estimate(prices, values, schema, files)
        if found.high is not None:
            return found
        wanted = _settings(values, schema)
        equal = [item for item in await self._runs_of(model) if _settings(item.parameters, schema) == wanted]
        return pricing.narrowed(found, [item.total_cost for item in equal if item.total_cost is not None])

    def learn(self, record: TaskRecord) -> None:
        """Take note of what a run has cost."""
        known = self._experience.get((record.model or "").lower())
        if known is not None and _tells(record):
            known.append(record)

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

    async def _runs_of(self, model: str) -> list[TaskRecord]:
        name = model.lower()
        async with self._locks[f"runs of {name}"]:
            if name not in self._experience:
                query = Query(model=model, outcomes=("succeeded",))
                found = await asyncio.to_thread(self._journal.records, self._http.base_url, query, EXPERIENCE)
                self._experience[name] = [record for record in found if _tells(record)]
        return self._experience[name]


def _tells(record: TaskRecord) -> bool:
    """Whether a run's cost says something of the next one's."""
    return record.outcome == "succeeded" and record.total_cost is not None and record.reused_from is None


def _settings(values: Mapping[str, Any], schema: ModelSchema | None) -> dict[str, str | None]:
    """Return what a run was set to, in texts, without what it was about."""
    known = {**(schema.defaults if schema else {}), **values}
    return {name: drift.text(value) for name, value in known.items() if not _is_free(name, value, schema)}


def _is_free(name: str, value: object, schema: ModelSchema | None) -> bool:
    parameter = schema.get(name) if schema else None
    if name in _FREE_NAMES or (parameter is not None and parameter.kind in _FREE_KINDS):
        return True
    return drift.text(value) is None
