"""The words of a run that goes on: status, activity, pace, time and price; in a panel, a cell and a terminal alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars

if TYPE_CHECKING:  # the first panel of a kernel loads these words, and not yet what reads replies
    from wiro_widgets.protocol.events import Progress
    from wiro_widgets.protocol.state import Status

DOT = " \N{MIDDLE DOT} "
UNKNOWN = "Unknown: a task may exist"

STATUS_WORDS: dict[Status, str] = {
    "idle": "Ready",
    "submitting": "Submitting",
    "queued": "Queued",
    "running": "Running",
    "finishing": "Finishing",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Stopped",
    "unknown": UNKNOWN,
}
_ACTIVITY: dict[Status, str] = {"queued": "Waiting for a worker", "finishing": "Finishing"}
_MINUTE = 60
MAX_LISTED = 4  # names in a short line


def join_facts(*parts: str | None) -> str:
    """Join the parts that are not empty by middle dots."""
    return DOT.join(part for part in parts if part)


def activity(status: Status, stage: str | None, step: Progress | None) -> str:
    """Return what a run does now; `stage` is the open one of its timeline."""
    if stage == "Prepare" and status not in _ACTIVITY:
        return "Preparing"
    if status in _ACTIVITY or step is None or step.step is None or step.total is None:
        return _ACTIVITY.get(status, "Generating")
    return join_facts("Generating", f"step {step.step} of {step.total}")


def pace(step: Progress | None) -> str:
    """Return the speed of a run and the time that it still takes, as far as Wiro reports them."""
    return "" if step is None else join_facts(step.speed, time_left(step))


def time_left(step: Progress) -> str:
    """Return the time that a run still takes as Wiro reports it, as "7 s left"."""
    remaining = wire_values.number((step.remaining or "").strip().removesuffix("s"))
    words = step.remaining if remaining is None else f"{remaining:.0f} s"
    return f"{words} left" if words else ""


def price(cost: float) -> str:
    """Return a cost in dollars, or "free"."""
    return dollars(cost) if cost else "free"


def seconds(value: float) -> str:
    """Return "0.4 s", "18.2 s" or "2 min 05 s"."""
    if value < _MINUTE:
        return f"{max(0.0, value):.1f} s"
    return whole_seconds(value)


def whole_seconds(value: float) -> str:
    """Return "18 s" or "2 min 05 s"."""
    minutes, rest = divmod(max(0, int(value)), _MINUTE)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def count(number: int, noun: str) -> str:
    """Return "1 picture" or "1,000 pictures"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listing(names: Sequence[str]) -> str:
    """Return the names in a short line: the first of them, and how many more there are."""
    count = len(names) if len(names) <= MAX_LISTED + 1 else MAX_LISTED
    more = f" and {len(names) - count} more" if count < len(names) else ""
    return ", ".join(names[:count]) + more
