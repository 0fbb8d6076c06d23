"""Estimator: what a run will cost, from the model's prices in the catalogue and from past runs with equal settings."""

from __future__ import annotations

import asyncio
import io
import wave
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import Query
from wiro_widgets.media import arrays, images
from wiro_widgets.media.output import Output
from wiro_widgets.protocol import replies, requests, wire_values
from wiro_widgets.protocol.errors import NotFound
from wiro_widgets.protocol.prices import methods, pricing
from wiro_widgets.protocol.prices.methods import Media
from wiro_widgets.protocol.prices.pricing import Estimate, PriceRow, Prices
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.transport.http import Http

MAX_PRICE_AGE = 600.0  # seconds before the catalogue is asked for a model's prices again
MAX_PAST_RUNS = 500  # of a model, that are read from the journal
# Parameters that change from run to run and hardly ever the price.
_FREE_KINDS = ("text", "textarea", "file")
_FREE_NAMES = frozenset({"prompt", "negativePrompt", "seed", "callbackUrl", "projectid"})
_BY_PROMPT = "cp-promptlength"  # the one price method that reads the prompt

Settings = frozenset[tuple[str, str]]


class Estimator:
    """Estimates the runs of one client; lives on the client's loop."""

    def __init__(self, http: Http, journal: Journal) -> None:
        self._http = http
        self._journal = journal
        self._prices: dict[str, tuple[float, Prices]] = {}  # by model, with the time when they were read
        self._past: dict[str, _PastRuns] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def __repr__(self) -> str:
        return f"<Estimator, prices of {len(self._prices)} models>"

    async def estimate(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Estimate:
        """Return what a run with these values costs; raises what a read of the catalogue raises, except NotFound."""
        (estimate,) = await self.estimates(model, (values,), schema)
        return estimate

    async def estimates(
        self, model: str, runs: Sequence[Mapping[str, Any]], schema: ModelSchema | None
    ) -> list[Estimate]:
        """Return what each of these runs costs; runs whose prices cannot differ are estimated once.

        The work is done in threads. Raises what a read of the catalogue raises, except NotFound.
        """
        prices = await self._read_prices(model)
        groups = await asyncio.to_thread(_group_by_price, runs, prices)
        firsts = [runs[group[0]] for group in groups]
        estimates = await asyncio.to_thread(_by_catalogue, prices, firsts, schema)
        if any(item.high is None for item in estimates):
            past = await self._read_past_runs(model, schema)
            estimates = await asyncio.to_thread(past.refine, estimates, firsts)
        by_index = {i: item for group, item in zip(groups, estimates, strict=True) for i in group}
        return [by_index[i] for i in range(len(runs))]

    def learn(self, record: TaskRecord) -> None:
        """Use the cost of a run that has settled for further estimates."""
        past = self._past.get((record.model or "").lower())
        if past is not None and _is_representative(record):
            past.add(record)

    async def _read_prices(self, model: str) -> Prices:
        async with self._locks[model]:
            read_at, prices = self._prices.get(model, (None, Prices()))
            if read_at is None or monotonic() - read_at > MAX_PRICE_AGE:
                try:
                    tool = replies.tool(await self._http.call(requests.tool_detail(model)))
                except NotFound:
                    tool = None
                prices = pricing.read(tool or {})
                self._prices[model] = (monotonic(), prices)
            return prices

    async def _read_past_runs(self, model: str, schema: ModelSchema | None) -> _PastRuns:
        name = model.lower()
        async with self._locks[f"runs of {name}"]:
            past = self._past.get(name)
            if past is None:
                query = Query(model=model, outcomes=("succeeded",))
                rows = await asyncio.to_thread(
                    self._journal.records, self._http.base_url, query, MAX_PAST_RUNS
                )
                records = [record for record in rows if _is_representative(record)]
            elif past.schema is not schema:
                records = past.records
            else:
                return past
            past = self._past[name] = await asyncio.to_thread(_PastRuns, records, schema)
            return past


class _PastRuns:
    """What runs of one model have cost, by their settings under a schema."""

    def __init__(self, records: Iterable[TaskRecord], schema: ModelSchema | None) -> None:
        self.schema = schema
        self.records: list[TaskRecord] = []
        self._costs: defaultdict[Settings, list[float]] = defaultdict(list)
        for record in records:
            self.add(record)

    def __repr__(self) -> str:
        return f"<_PastRuns, {len(self.records)} with {len(self._costs)} settings>"

    def add(self, record: TaskRecord) -> None:
        self.records.append(record)
        if record.total_cost is not None:
            self._costs[_settings(record.parameters, self.schema)].append(record.total_cost)

    def refine(self, estimates: Sequence[Estimate], runs: Sequence[Mapping[str, Any]]) -> list[Estimate]:
        """Return the estimates of these runs with the costs of equal past runs."""
        return [
            pricing.with_past_costs(item, self._costs.get(_settings(values, self.schema), ()))
            for item, values in zip(estimates, runs, strict=True)
        ]


def _is_representative(record: TaskRecord) -> bool:
    """Return True if the cost of this run predicts the cost of an equal one."""
    return record.outcome == "succeeded" and record.total_cost is not None and record.reused_from is None


def _by_catalogue(
    prices: Prices, runs: Sequence[Mapping[str, Any]], schema: ModelSchema | None
) -> list[Estimate]:
    return [methods.estimate(prices, item, schema, measure_files(item, schema)) for item in runs]


def _group_by_price(runs: Sequence[Mapping[str, Any]], prices: Prices) -> list[list[int]]:
    """Return the indices of the runs in groups of one price: they differ at most in what no price depends on."""
    price_inputs = {name for row in prices.rows for name in row.inputs or ()}
    if any(isinstance(row, PriceRow) and row.method == _BY_PROMPT for row in prices.rows):
        price_inputs.add("prompt")
    free = _FREE_NAMES - price_inputs
    groups: dict[Settings, list[int]] = {}
    for index, values in enumerate(runs):
        key = frozenset((name, _key_text(value)) for name, value in values.items() if name not in free)
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _key_text(value: object) -> str:
    """Return a text that is equal for equal values; the cells of a sweep share the object of a file."""
    if isinstance(value, list | tuple):
        return repr([_key_text(item) for item in value])
    text = wire_values.text(value)
    return text if text is not None else f"object {id(value)}"


def _settings(values: Mapping[str, Any], schema: ModelSchema | None) -> Settings:
    """Return the values and defaults of a run as texts, without those that are free."""
    settings: set[tuple[str, str]] = set()
    for name, value in {**(schema.defaults if schema else {}), **values}.items():
        parameter = schema.get(name) if schema else None
        text = wire_values.text(value)
        if (
            text is not None
            and name not in _FREE_NAMES
            and (not parameter or parameter.kind not in _FREE_KINDS)
        ):
            settings.add((name, text))
    return frozenset(settings)


def measure_files(values: Mapping[str, Any], schema: ModelSchema | None) -> tuple[Media, ...]:
    """Return the size or length of every file among the values, from its header; empty if it cannot be read."""
    media: list[Media] = []
    for parameter in schema.parameters if schema else ():
        value = values.get(parameter.id)
        if parameter.kind == "file" and value is not None:
            files = value if isinstance(value, list | tuple) else [value]
            media += [_measure(parameter.id, file) for file in files]
    return tuple(media)


def _measure(parameter: str, value: Any) -> Media:
    if is_url(value):
        return Media(parameter)
    shape = arrays.shape_of(value)
    if len(shape) > 1:
        return Media(parameter, pixels=shape[0] * shape[1] or None)
    with suppress(OSError, ValueError):
        if isinstance(value, Output):
            value = value.path or value.bytes()
        if isinstance(value, str | Path):
            with Path(value).expanduser().open("rb") as file:
                return _read_header(parameter, file)
        if isinstance(value, bytes | bytearray | memoryview):
            return _read_header(parameter, io.BytesIO(value))
        if hasattr(value, "read") and hasattr(value, "seek"):
            position = value.tell()
            try:
                value.seek(0)
                return _read_header(parameter, value)
            finally:
                value.seek(position)
    return Media(parameter)


def _read_header(parameter: str, file: BinaryIO) -> Media:
    with suppress(wave.Error, EOFError), wave.open(file) as recording:
        return Media(parameter, seconds=recording.getnframes() / (recording.getframerate() or 1))
    file.seek(0)
    size = images.upright_size(file)
    return Media(parameter, pixels=size[0] * size[1] if size else None)
