"""Budget: a limit on what runs cost, checked before they are sent and corrected when they settle."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from decimal import Decimal
from numbers import Real
from typing import Self

from wiro_widgets.media.public_names import PublicNames
from wiro_widgets.protocol.errors import BudgetExceeded, ConfigurationError
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.scalars import short_repr

_SLACK = 1e-9  # USD; sums of floats are not exact to the last bit


class Budget(PublicNames):
    """What runs may cost in total, in USD; as a context manager it applies to every run that starts in its block.

    A run is refused before it is sent if its estimate, what is in flight and what is spent together pass the limit.
    When it settles, its true cost replaces the estimate; failed runs cost nothing. Safe to share between clients and
    threads. A block applies in its own thread and in asyncio tasks created inside it; to cover threads of your own,
    give the same object to `Client(budget=...)`. `spent`, `in_flight` and `left` are in USD.

    >>> with Budget(5.00) as limit:
    ...     images = client.generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    >>> limit.spent, limit.left
    """

    _internal_names = ("check", "set_aside", "settle")

    def __init__(self, usd: float) -> None:
        self.limit = _amount(usd)
        self._spent = 0.0
        self._in_flight = 0.0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return (
            f"<Budget {dollars(self.limit)}: {dollars(self.spent)} spent, {dollars(self.in_flight)} in flight, "
            f"{dollars(self.left)} left>"
        )

    @property
    def spent(self) -> float:
        """What settled runs have cost, in USD."""
        return self._spent

    @property
    def in_flight(self) -> float:
        """What is set aside for runs that have not settled, in USD."""
        return max(0.0, self._in_flight)

    @property
    def left(self) -> float:
        """What further runs may cost, in USD."""
        return max(0.0, self.limit - self._spent - self._in_flight)

    def check(self, estimates: Sequence[Estimate], total: Estimate) -> None:
        """Raise BudgetExceeded if these runs are certain to pass the limit, or if none of them could start now."""
        if not estimates:
            return
        amounts = [amount for item in estimates if (amount := item.reserve) is not None]
        with self._lock:
            self._refuse_beyond(total.low or 0.0, len(estimates), in_all=True)
            self._refuse_beyond(min(amounts, default=None), len(estimates))

    def set_aside(self, estimate: Estimate) -> float:
        """Count a run as in flight and return its amount; raises BudgetExceeded if it would pass the limit."""
        with self._lock:
            amount = self._refuse_beyond(estimate.reserve)
            self._in_flight += amount
            return amount

    def settle(self, amount: float, cost: float) -> None:
        """Replace an amount that was set aside by the true cost."""
        with self._lock:
            self._in_flight -= amount
            self._spent += cost

    def _refuse_beyond(self, amount: float | None, runs: int = 1, *, in_all: bool = False) -> float:
        total = self._spent + self._in_flight
        if amount is None or total + amount > self.limit + _SLACK:
            raise BudgetExceeded(limit=self.limit, spent=total, estimate=amount, runs=runs, in_all=in_all)
        return amount

    def __enter__(self) -> Self:
        _active.set((*_active.get(), self))
        return self

    def __exit__(self, *_exc: object) -> None:
        innermost_first = list(reversed(_active.get()))
        if self in innermost_first:  # not if the block ends in another context than it began in
            innermost_first.remove(self)
        _active.set(tuple(reversed(innermost_first)))


def _amount(usd: object) -> float:
    if isinstance(usd, Real | Decimal) and not isinstance(usd, bool):
        with suppress(ValueError, OverflowError):  # a signalling NaN, an integer beyond all floats
            amount = float(usd)
            if math.isfinite(amount) and amount > 0:
                return amount
    raise ConfigurationError(f"A budget is a number of US dollars above 0, not {short_repr(usd)}.")


_active: ContextVar[tuple[Budget, ...]] = ContextVar("wiro_budgets", default=())


def budget(usd: float) -> Budget:
    """Return a budget for the runs of a block: `with wiro.budget(usd=2.00): ...`.

    A run that could pass it raises BudgetExceeded and is not sent. Raises ConfigurationError if `usd` is not a number
    above 0.

    >>> with budget(usd=2.00) as purse:
    ...     purse.left
    2.0
    """
    return Budget(usd)


def active() -> tuple[Budget, ...]:
    """Return the budgets of the blocks around this call, the outermost first."""
    return _active.get()


def leave() -> None:
    """Apply no budget of a block in the current context."""
    _active.set(())


def join(budgets: Iterable[Budget]) -> None:
    """Apply these budgets in the current context as well."""
    _active.set(tuple(dict.fromkeys((*_active.get(), *budgets))))


class Charge:
    """The amounts that one run has set aside, all or none, in every budget that applies to it."""

    def __init__(self, budgets: Iterable[Budget], estimate: Estimate) -> None:
        self._amounts: list[tuple[Budget, float]] = []
        try:
            for item in dict.fromkeys(budgets):
                self._amounts.append((item, item.set_aside(estimate)))
        except BudgetExceeded:
            self.settle(0.0)
            raise

    def __repr__(self) -> str:
        return f"<Charge on {len(self._amounts)} budgets>"

    def settle(self, cost: float | None) -> None:
        """Replace the amounts by the run's cost; a second call does nothing.

        If the cost is None, because Wiro did not say it, the amounts count as spent.
        """
        amounts, self._amounts = self._amounts, []
        for item, amount in amounts:
            item.settle(amount, amount if cost is None else cost)
