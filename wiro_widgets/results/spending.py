"""What runs have cost, added up exactly."""

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
        sums[_model(record) if by == "model" else _day(record)] += Decimal(str(record.total_cost or 0))
    order = sorted(sums, key=lambda key: sums[key] if by == "model" else key, reverse=True)
    return {key: float(sums[key]) for key in order}


def _model(record: TaskRecord) -> str:
    return record.model or "unknown"


def _day(record: TaskRecord) -> str:
    return f"{record.created_at.astimezone():%Y-%m-%d}" if record.created_at else "unknown"
