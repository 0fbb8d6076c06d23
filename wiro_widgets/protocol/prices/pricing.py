"""The price rows of a model's catalogue entry, and what is known of a run's cost (docs/protocol.md, Prices).

What the catalogue leaves open is a range, and what it does not say is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.redact import printable

_QUANTITY = "QUANTITY:"  # in a row's inputs: the number of files


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price in USD, for runs whose values match all of `inputs`; several texts for one id mean any of them.

    `inputs` is None if it is unreadable.
    `extra` is the price of each further tier, `per_input` that of each input image and tier.
    """

    price: Decimal
    method: str
    inputs: Mapping[str, tuple[str, ...]] | None = field(default_factory=dict)
    extra: Decimal | None = None
    per_input: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row with an unreadable price: the cost of the runs that it matches is unknown."""

    inputs: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a model in USD; `average` is Wiro's average cost of a run."""

    rows: tuple[PriceRow | DamagedRow, ...] = ()
    per_second: Decimal | None = None
    average: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will cost if it succeeds, in USD; failed and cancelled runs are not billed.

    `low` and `high` bound the cost; None means no bound. `exact` is True if both are the cost itself.
    `typical` is the highest cost of your own equal runs, else Wiro's average; it is no bound.
    `answer_count` is the number of runs if the history answers all of them, so that nothing will be sent.

    >>> estimate = client.estimate("wiro/sandbox-sketch", prompt="a lighthouse at dusk")
    >>> estimate.high, estimate.exact, str(estimate)
    """

    low: float | None
    high: float | None
    exact: bool
    reason: str
    typical: float | None = None
    answer_count: int = 0

    @property
    def reserve(self) -> float | None:
        """The amount that a budget sets aside for the run: the most it can cost, else the most that is known."""
        if self.high is not None:
            return self.high
        return max((item for item in (self.low, self.typical) if item is not None), default=None)

    @property
    def amount(self) -> str:
        """The cost in words: an amount, a range, a bound, an average, "unknown", or that all results are there."""
        if self.answer_count:
            return (
                "the one result is there"
                if self.answer_count == 1
                else f"all {self.answer_count:,} are there"
            )
        if self.low is not None and self.high is not None:
            near = self.low == self.high and not self.exact
            return f"about {dollars(self.low)}" if near else _span(self.low, self.high)
        if self.low:
            return f"at least {dollars(self.low)}"
        if self.high:
            return f"at most {dollars(self.high)}"
        return "unknown" if self.typical is None else f"about {dollars(self.typical)}"

    def __str__(self) -> str:
        return f"{self.amount} ({self.reason})"

    def __repr__(self) -> str:
        return printable(f"<Estimate {self}>")


def read(tool: Mapping[str, Any]) -> Prices:
    """Read the prices of a Tool/Detail entry."""
    return Prices(
        tuple(_row(item) for item in wire_values.items(tool.get("dynamicprice"))),
        per_second=_price(tool.get("cps")) or None,
        average=_price(tool.get("approximatelycost")) or None,
    )


_UNITS: Mapping[str, str] = {
    "cpr": "a run",
    "cpo": "an output",
    "cps": "a second",
    "cpt": "a token",
    "cp-pixel": "a megapixel",
    "cp-promptlength": "a character",
    "cp-audiosecondslength": "a second of audio",
    "cp-outputVideoLength": "a second of video",
    "cp-outputPictureCount": "a picture",
    "cp-realtimeturn": "a turn",
}


def rates(prices: Prices) -> str:
    """Return what a model costs in words, for a list of models; an empty text if nothing readable says so.

    A price a run is exact; beside any other Wiro's average of a run says more.
    """
    rows = [row for row in prices.rows if isinstance(row, PriceRow)]
    methods = {row.method for row in rows}
    amounts = [float(row.price) for row in rows]
    unit = _UNITS.get(next(iter(methods)), "") if len(methods) == 1 and len(rows) == len(prices.rows) else ""
    if unit == "a run" or (unit and prices.average is None):
        return f"{_span(min(amounts), max(amounts))} {unit}"
    if prices.average is not None:
        return f"about {dollars(prices.average)} a run"
    if any(amounts):
        return f"from {dollars(min(filter(None, amounts)))}"
    return "" if prices.per_second is None else f"{dollars(prices.per_second)} a second"


def _row(item: object) -> PriceRow | DamagedRow:
    fields = wire_values.mapping(item)
    conditions = wire_values.mapping(fields.get("inputs"))
    inputs: dict[str, tuple[str, ...]] | None = {name: _texts(value) for name, value in conditions.items()}
    if not inputs and wire_values.items_or_single(fields.get("inputs")):
        inputs = None
    price, extra, per_input = (_price(fields.get(name)) for name in ("price", "priceExtra", "priceInput"))
    unreadable = [
        name
        for name, value in (("priceExtra", extra), ("priceInput", per_input))
        if value is None and fields.get(name) not in (None, "")
    ]
    if price is None or unreadable:
        return DamagedRow(inputs if fields else None)
    method = wire_values.first_text(fields.get("priceMethod")).strip()
    return PriceRow(price, method, inputs, extra=extra, per_input=per_input)


def _price(value: object) -> Decimal | None:
    number = wire_values.amount(value)
    return None if number is None else Decimal(str(number))


def _texts(value: object) -> tuple[str, ...]:
    texts = map(wire_values.text, value if isinstance(value, list) else [value])
    return tuple(text for text in texts if text is not None)


def candidates(
    prices: Prices, values: Mapping[str, Any], file_counts: Mapping[str, int]
) -> tuple[list[PriceRow | DamagedRow], bool]:
    """Return the rows that may apply, and True if one of them certainly does.

    A row is left out if a certain match has all of its conditions and more. Which of the other matches applies is
    documented nowhere. `values` are the run's values and defaults, `file_counts` its number of files by parameter.
    """
    verdicts = [(row, _matches(row, values, file_counts)) for row in prices.rows]
    certain = [set(row.inputs or ()) for row, verdict in verdicts if verdict]
    rows = [
        row
        for row, verdict in verdicts
        if verdict is not False
        and (row.inputs is None or not any(set(row.inputs) < more for more in certain))
    ]
    return rows, bool(certain)


def _matches(
    row: PriceRow | DamagedRow, values: Mapping[str, Any], file_counts: Mapping[str, int]
) -> bool | None:
    """Return whether a row applies; None if a value that decides it is unknown."""
    if row.inputs is None:
        return None
    verdicts = [
        _fits(values.get(name), texts, file_counts.get(name, 0)) for name, texts in row.inputs.items()
    ]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _fits(value: object, texts: tuple[str, ...], file_count: int) -> bool | None:
    quantities = [item.removeprefix(_QUANTITY) for item in texts if item.startswith(_QUANTITY)]
    if quantities:
        return str(file_count) in quantities
    text = wire_values.text(value)
    if text is None or not texts:
        return None
    return any(_is_equal(text, item) for item in texts)


def _is_equal(text: str, other: str) -> bool:
    numbers = wire_values.number(text), wire_values.number(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return text.strip().lower() == other.strip().lower()


def any_of(estimates: Iterable[Estimate]) -> Estimate:
    """Return the estimate that holds whichever of these is true."""
    items = list(estimates)
    lows, highs = [item.low for item in items], [item.high for item in items]
    low = None if None in lows else min(item for item in lows if item is not None)
    high = None if None in highs else max(item for item in highs if item is not None)
    reason = "; or ".join(dict.fromkeys(item.reason for item in items))
    exact = all(item.exact for item in items) and low == high
    return Estimate(low, high, exact, reason, items[0].typical)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Return the cost of several runs together; what is unknown of one run is unknown of the sum."""
    items = list(estimates)
    if not items:
        return Estimate(0.0, 0.0, exact=True, reason="nothing to run")
    low, high, typical = (
        _sum([getattr(item, name) for item in items]) for name in ("low", "high", "reserve")
    )
    reasons = "; ".join(dict.fromkeys(item.reason for item in items))
    runs = f"{len(items)} runs" if len(items) > 1 else "1 run"
    return Estimate(low, high, all(item.exact for item in items), f"{runs}: {reasons}", typical)


def scale(estimate: Estimate, factor: float) -> Estimate:
    """Return an estimate times a factor, which makes it inexact."""
    low, high, typical = (
        None if amount is None else amount * factor
        for amount in (estimate.low, estimate.high, estimate.typical)
    )
    return replace(estimate, low=low, high=high, typical=typical, exact=False)


def _sum(amounts: Iterable[float | None]) -> float | None:
    result = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        result += Decimal(str(amount))
    return float(result)


def with_past_costs(estimate: Estimate, costs: Iterable[float]) -> Estimate:
    """Return an estimate without an upper bound with the highest cost of equal past runs as its typical one.

    Past costs are no bound: the next run may cost less, or more.
    """
    past = sorted(costs)
    if estimate.exact or estimate.high is not None or not past:
        return estimate
    runs = f"{len(past)} such runs" if len(past) > 1 else "one such run"
    reason = f"{estimate.reason}; {runs} of yours cost {_span(past[0], past[-1])}"
    return replace(estimate, typical=past[-1], reason=reason)


def _span(low: float, high: float) -> str:
    return dollars(low) if low == high else f"{dollars(low)} to {dollars(high)}"
