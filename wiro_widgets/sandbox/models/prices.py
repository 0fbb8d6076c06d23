"""The bill of a run, from the price rows of its model (docs/protocol.md, Prices)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """One row of a price list: USD by one of Wiro's methods, for the runs whose values are all of `inputs`."""

    usd: Decimal
    method: str
    inputs: tuple[tuple[str, str], ...] = ()


def bill(prices: Sequence[Price], values: Mapping[str, str], *, seconds: Decimal, outputs: int) -> Decimal:
    """Return what a run with these values costs that took so many seconds and left so many outputs, in USD.

    Raises LookupError when no row is for these values.
    """
    for price in prices:
        if all(values.get(name) == value for name, value in price.inputs):
            return price.usd * _UNITS[price.method](seconds, outputs)
    raise LookupError("no price row is for these values")


_UNITS: dict[str, Callable[[Decimal, int], Decimal | int]] = {
    "cpr": lambda _seconds, _outputs: 1,
    "cps": lambda seconds, _outputs: seconds,
    "cpo": lambda _seconds, outputs: outputs,
}
