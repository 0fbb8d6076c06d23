"""A client's account of the day as a small HTML table: runs, what they cost, and what is left of a budget."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.redact import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wiro_widgets.protocol.record import TaskRecord

_CELL: Final = "padding:2px 24px 2px 0;text-align:left;vertical-align:top"
_SOFT: Final = "opacity:.7"


def account(
    server: str,
    records: Sequence[TaskRecord] | None,
    running: int,
    budget: tuple[float, float, float] | None,
) -> str:
    """Return the table; `records` are those of the day, None if they are not known.

    `running` is how many tasks this client looks after; `budget` is its limit, what is in flight, and what is left.
    """
    facts = [("Runs today", "unknown" if records is None else _runs(records))]
    facts.append(("Under way", f"{running:,}"))
    if records is not None:
        facts.append(("Spent today", dollars(sum(record.total_cost or 0.0 for record in records))))
    if budget is not None:
        limit, in_flight, rest = budget
        more = f", {dollars(in_flight)} in flight" if in_flight else ""
        facts.append(("Budget left", f"{dollars(rest)} of {dollars(limit)}{more}"))
    head = "".join(
        f'<th scope="col" style="{_CELL};{_SOFT};font-weight:500">{name}</th>' for name, _ in facts
    )
    cells = "".join(f'<td style="{_CELL}">{escape(value)}</td>' for _, value in facts)
    return (
        f'<div style="overflow-x:auto"><span style="{_SOFT}">{escape(printable(server))}</span>'
        '<table style="margin:4px 0;border-collapse:collapse;font-variant-numeric:tabular-nums">'
        f"<thead><tr>{head}</tr></thead><tbody><tr>{cells}</tr></tbody></table></div>"
    )


def _runs(records: Sequence[TaskRecord]) -> str:
    failed_count = sum(record.outcome == "failed" for record in records)
    return f"{len(records):,}" + (f", {failed_count:,} failed" if failed_count else "")
