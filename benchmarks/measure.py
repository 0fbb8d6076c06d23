"""Pairs of measurements: ours and its floor in turn, so that a machine that drifts does so for both."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised: `target` is for the ratio of ours to the floor, or without a floor for our figure itself.

    Without a target nothing was promised. A `peer` is measured in place of ours, and ours in place of the floor; so is
    the `client` of others that is named.
    """

    name: str
    unit: str
    better: Better
    target: float | None = None
    floor: str | None = None
    peer: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for a promise, round by round; `note` says what a reader should know."""

    promise: Promise
    ours: tuple[float, ...]
    floor: tuple[float, ...] = ()
    note: str = ""

    @property
    def judged_values(self) -> tuple[float, ...]:
        """What the target is for: ours over the floor, pair by pair, or ours alone."""
        if self.promise.floor is None:
            return self.ours
        return tuple(_ratio(one, other) for one, other in zip(self.ours, self.floor, strict=True))

    @property
    def middle(self) -> float:
        """The median of what the target is for."""
        return statistics.median(self.judged_values)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, so that one disturbed round says little."""
        if len(self.judged_values) == 1:
            return 0.0
        first, _, third = statistics.quantiles(self.judged_values, n=4, method="inclusive")
        return (third - first) / 2

    @property
    def keeps_promise(self) -> bool | None:
        """Whether the promise was kept, or missed by no more than the spread; None where nothing was promised."""
        target = self.promise.target
        if target is None:
            return None
        if self.promise.better == "higher":
            return self.middle + self.spread >= target
        return self.middle - self.spread <= target


def _ratio(one: float, other: float) -> float:
    if other:
        return one / other
    return math.inf if one else 1.0


def pairs(
    promise: Promise,
    ours: Callable[[], float],
    floor: Callable[[], float],
    *,
    rounds: int = 5,
    warm_up: int = 1,
    note: str = "",
) -> Result:
    """Measure ours and its floor in turn, after a warm-up of each that does not count."""
    for _ in range(warm_up):
        ours()
        floor()
    samples = [(ours(), floor()) for _ in range(rounds)]
    return Result(promise, tuple(one for one, _ in samples), tuple(other for _, other in samples), note)


def alone(promise: Promise, figures: Sequence[float], note: str = "") -> Result:
    """Return the result of a promise that has no floor."""
    return Result(promise, tuple(figures), (), note)
