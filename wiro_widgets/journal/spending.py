"""What runs have cost and what answering from the history has spared, added up exactly."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wiro_widgets.protocol.record import TaskRecord


def spending(records: Iterable[TaskRecord], by: Literal["model", "day"]) -> dict[str, float]:
    """Return USD by model, the largest first, or by day of the user's own clock, the newest first.

    A run that Wiro told no cost of counts as nothing. Raises ValueError for another `by`.
    """
    if by not in ("model", "day"):
        raise ValueError(f'spending is by "model" or by "day", not by {by!r}')
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for record in records:
        sums[_model(record) if by == "model" else _day(record)] += _cost(record)
    order = sorted(sums, key=lambda key: sums[key] if by == "model" else key, reverse=True)
    return {key: float(sums[key]) for key in order}


def savings(records: Iterable[TaskRecord]) -> dict[str, float]:
    """Return USD by model, the largest first: what the runs would have cost that others have answered."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for record in records:
        if record.reuses:
            sums[_model(record)] += record.reuses * _cost(record)
    return {key: float(sums[key]) for key in sorted(sums, key=sums.__getitem__, reverse=True)}


def _cost(record: TaskRecord) -> Decimal:
    return Decimal(str(record.total_cost or 0))


def _model(record: TaskRecord) -> str:
    return record.model or "unknown"


def _day(record: TaskRecord) -> str:
    return f"{record.created_at.astimezone():%Y-%m-%d}" if record.created_at else "unknown"
