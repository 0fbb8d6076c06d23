"""Pairs of measurements: ours and its floor in turn, so that a machine that drifts does so for both."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised: a ratio of ours to the floor, and which way is better; or a bare figure."""

    name: str
    floor: str
    unit: str
    better: Better
    target: float | None = None
    absolute: bool = False  # the target is for our figure itself, not for a ratio


@dataclass(frozen=True, slots=True)
class Result:
    """The pairs that were measured for a promise; `note` says what a reader should know."""

    promise: Promise
    ours: tuple[float, ...]
    floor: tuple[float, ...] = ()
    note: str = ""

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours over the floor, pair by pair."""
        return tuple(a / b for a, b in zip(self.ours, self.floor, strict=True) if b) if self.floor else ()

    @property
    def judged(self) -> float:
        """The median of what the target is for."""
        return statistics.median(self.ours if self.promise.absolute else self.ratios or self.ours)

    @property
    def spread(self) -> float:
        """Half the distance between the smallest and the largest pair."""
        values = self.ours if self.promise.absolute else self.ratios or self.ours
        return (max(values) - min(values)) / 2

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept, within the spread; None where nothing was promised."""
        target = self.promise.target
        if target is None:
            return None
        if self.promise.better == "higher":
            return self.judged + self.spread >= target
        return self.judged - self.spread <= target


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
    measured = [(ours(), floor()) for _ in range(rounds)]
    return Result(promise, tuple(a for a, _ in measured), tuple(b for _, b in measured), note)


def alone(promise: Promise, ours: Callable[[], float], *, rounds: int = 3, note: str = "") -> Result:
    """Measure a figure that has no floor."""
    return Result(promise, tuple(ours() for _ in range(rounds)), (), note)
