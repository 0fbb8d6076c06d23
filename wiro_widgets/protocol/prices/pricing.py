"""What a run will cost before it is sent: a model's price rows in, an Estimate out (protocol: Price methods).

Nothing is made up: what the catalogue does not fix is a range, and what it says nothing of is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars

_QUANTITY = "QUANTITY:"


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price in USD, for the runs whose values match all of `inputs`; several texts for one id mean any of them.

    `inputs` is None where they cannot be read.
    `extra` is what each further tier costs, `per_input` what each input image costs for each of its tiers.
    """

    price: Decimal
    method: str
    inputs: Mapping[str, tuple[str, ...]] | None = field(default_factory=dict)
    extra: Decimal | None = None
    per_input: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row whose price cannot be read: where it applies nobody knows what a run costs."""

    inputs: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """All that the catalogue says of a model's price; `average` is Wiro's own average for one run."""

    rows: tuple[PriceRow | DamagedRow, ...] = ()
    per_second: Decimal | None = None
    average: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will cost if it succeeds, in USD; failed and cancelled runs are not billed.

    `low` and `high` bound the cost, None where nothing does. `exact` is true when both are the cost itself.
    `typical` is the dearest of one's own equal runs, else Wiro's own average run of the model; it bounds nothing.
    """

    low: float | None
    high: float | None
    exact: bool
    reason: str
    typical: float | None = None

    @property
    def reserve(self) -> float | None:
        """What a budget sets aside for the run: the most it can cost, else the most that is known of it."""
        if self.high is not None:
            return self.high
        return max((item for item in (self.low, self.typical) if item is not None), default=None)

    @property
    def amount(self) -> str:
        """What is known of the cost, in words: an amount, a range, a bound, an average, or "unknown"."""
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
        return f"<Estimate {self}>"


def read(tool: Mapping[str, Any]) -> Prices:
    """Read the prices of a Tool/Detail entry; a row without a price that can be read stays as a damaged one."""
    return Prices(
        tuple(_row(item) for item in wire_values.items(tool.get("dynamicprice"))),
        per_second=_money(tool.get("cps")) or None,
        average=_money(tool.get("approximatelycost")) or None,
    )


def candidates(
    prices: Prices, known: Mapping[str, Any], counts: Mapping[str, int]
) -> tuple[list[PriceRow | DamagedRow], bool]:
    """Return every row that may apply, and whether one of them surely does.

    A row gives way only to one that surely matches and asks for all that it asks for and more. Of others that match
    as well, nothing documented says which one applies. `known` has the values and defaults of the run, `counts` the
    number of its files by parameter.
    """
    verdicts = [(row, _matches(row, known, counts)) for row in prices.rows]
    sure = [set(row.inputs or ()) for row, verdict in verdicts if verdict]
    found = [
        row
        for row, verdict in verdicts
        if verdict is not False and (row.inputs is None or not any(set(row.inputs) < more for more in sure))
    ]
    return found, bool(sure)


def merged(estimates: Iterable[Estimate]) -> Estimate:
    """Return the one that holds whichever of these is true."""
    found = list(estimates)
    lows, highs = [item.low for item in found], [item.high for item in found]
    low = None if None in lows else min(item for item in lows if item is not None)
    high = None if None in highs else max(item for item in highs if item is not None)
    reason = "; or ".join(dict.fromkeys(item.reason for item in found))
    exact = all(item.exact for item in found) and low == high
    return Estimate(low, high, exact, reason, found[0].typical)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Return what several runs cost together; what is not known of one is not known of the sum."""
    found = list(estimates)
    if not found:
        return Estimate(0.0, 0.0, exact=True, reason="nothing to run")
    lows, highs = [item.low for item in found], [item.high for item in found]
    low = None if None in lows else _sum(lows)
    high = None if None in highs else _sum(highs)
    known = [item.reserve for item in found]
    typical = None if None in known else _sum(known)
    reasons = "; ".join(dict.fromkeys(item.reason for item in found))
    runs = f"{len(found)} runs" if len(found) > 1 else "1 run"
    return Estimate(low, high, all(item.exact for item in found), f"{runs}: {reasons}", typical)


def narrowed(estimate: Estimate, costs: Iterable[float]) -> Estimate:
    """Return a cost that the catalogue leaves open with the dearest of the equal runs of before as the typical one.

    What has been seen bounds nothing: the next run may cost less, or more.
    """
    seen = sorted(costs)
    if estimate.exact or estimate.high is not None or not seen:
        return estimate
    runs = f"{len(seen)} such runs" if len(seen) > 1 else "one such run"
    reason = f"{estimate.reason}; {runs} of yours cost {_span(seen[0], seen[-1])}"
    return replace(estimate, typical=seen[-1], reason=reason)


def _span(low: float, high: float) -> str:
    return dollars(low) if low == high else f"{dollars(low)} to {dollars(high)}"


def _sum(amounts: Iterable[float | None]) -> float:
    return float(sum(Decimal(str(item)) for item in amounts if item is not None))


def _row(item: object) -> PriceRow | DamagedRow:
    found = wire_values.mapping(item)
    inputs = _inputs(found.get("inputs"))
    price = _money(found.get("price"))
    more = [found.get(name) for name in ("priceExtra", "priceInput")]
    extra, per_input = (_money(value) for value in more)
    if price is None or any(told not in (None, "") and _money(told) is None for told in more):
        return DamagedRow(inputs if found else None)
    method = (wire_values.text(found.get("priceMethod")) or "").strip()
    return PriceRow(price, method, inputs, extra=extra, per_input=per_input)


def _inputs(told: object) -> dict[str, tuple[str, ...]] | None:
    """Return what a row asks of the values: nothing where nothing is told, None where it cannot be read."""
    found = wire_values.mapping(told)
    if not found and wire_values.entries(told):
        return None
    return {str(name): _texts(wanted) for name, wanted in found.items()}


def _money(value: object) -> Decimal | None:
    found = wire_values.number(value)
    return Decimal(str(found)) if found is not None and found >= 0 else None


def _texts(wanted: object) -> tuple[str, ...]:
    listed = wanted if isinstance(wanted, list) else [wanted]
    return tuple(text for item in listed if (text := wire_values.text(item)) is not None)


def _matches(row: PriceRow | DamagedRow, known: Mapping[str, Any], counts: Mapping[str, int]) -> bool | None:
    """Tell whether a row applies; None where a value that decides it is not known."""
    if row.inputs is None:
        return None
    verdicts = [_fits(known.get(name), wanted, counts.get(name, 0)) for name, wanted in row.inputs.items()]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _fits(value: object, wanted: tuple[str, ...], count: int) -> bool | None:
    quantities = [item.removeprefix(_QUANTITY) for item in wanted if item.startswith(_QUANTITY)]
    if quantities:
        return str(count) in quantities
    told = wire_values.text(value)
    if told is None or not wanted:
        return None
    return any(_same(told, item) for item in wanted)


def _same(told: str, wanted: str) -> bool:
    one, other = wire_values.number(told), wire_values.number(wanted)
    if one is not None and other is not None:
        return one == other
    return told.strip().lower() == wanted.strip().lower()
