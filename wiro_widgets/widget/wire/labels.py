"""How a run stands, in words: the page shows them as they are, and so does the static card."""

from __future__ import annotations

from collections.abc import Sequence

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.events import Progress
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.state import Status

_STATUS: dict[Status, str] = {
    "idle": "Ready",
    "submitting": "Submitting",
    "queued": "Queued",
    "running": "Running",
    "finishing": "Finishing",
    "succeeded": "Done",
    "failed": "Failed",
    "cancelled": "Stopped",
    "unknown": "Outcome unknown",
}
_DOING: dict[Status, str] = {"queued": "Waiting for a worker", "finishing": "Finishing"}
_EMPTY: dict[Status, str] = {
    "succeeded": "The run ended without a result",
    "cancelled": "Stopped before there was a result",
    "failed": "The run failed",
    "unknown": "It is not known how the run ended",
}
_MINUTE = 60
_THOUSAND = 1000


def standing(status: Status, elapsed: float) -> str:
    """Return the word for a status, with the whole time of a run that is done."""
    return f"Done \N{MIDDLE DOT} {seconds(elapsed)}" if status == "succeeded" else _STATUS[status]


def line(status: Status, fraction: float | None, cost: float | None) -> str:
    """Return what a line in the list of runs says of its run: how far it is, or what it cost."""
    if status == "running" and fraction is not None:
        return f"{fraction:.0%}"
    if status == "succeeded" and cost is not None:
        return price(cost).capitalize()
    return _STATUS[status]


def doing(status: Status, stage: str | None, step: Progress | None) -> str:
    """Return what a run is at; `stage` is the one of its timeline that is open."""
    if stage == "Prepare" and status not in _DOING:
        return "Preparing"
    if status in _DOING or step is None or step.step is None or step.total is None:
        return _DOING.get(status, "Generating")
    return f"Generating \N{MIDDLE DOT} step {step.step} of {step.total}"


def pace(step: Progress | None) -> str:
    """Return how fast a run is and how long it still takes, as far as Wiro tells."""
    left = _told_seconds(step.remaining) if step and step.remaining else None
    return " \N{MIDDLE DOT} ".join(
        part for part in (step.speed if step else None, left and f"{left} left") if part
    )


def said(status: Status, elapsed: float, *, trouble: str | None, answered: bool, kinds: Sequence[str]) -> str:
    """Return what is read out when the status changes.

    `trouble` is the title of the notice that is shown, `answered` whether a model's answer is, and `kinds` has the
    content types of the outputs.
    """
    if status == "idle":
        return ""
    if status == "failed" and trouble:
        return f"Failed. {trouble}"
    if status != "succeeded":
        return _STATUS[status]
    return f"Done in {seconds(elapsed)}. {_results(answered, kinds)}".strip()


def empty(status: Status) -> str:
    """Return what stands where a result would."""
    return _EMPTY.get(status, "Results appear here")


def price(cost: float) -> str:
    """Return what a run has cost."""
    return dollars(cost) if cost else "free"


def seconds(value: float) -> str:
    """Return "0.4 s", "18.2 s" or "2 min 05 s"."""
    if value < _MINUTE:
        return f"{max(0.0, value):.1f} s"
    minutes, rest = divmod(int(value), _MINUTE)
    return f"{minutes} min {rest:02} s"


def weight(size: int) -> str:
    """Return bytes in the unit that a person would use: "202 kB", "2.3 MB"."""
    if size < _THOUSAND:
        return f"{size} B"
    value, units = size / _THOUSAND, ["kB", "MB", "GB"]
    while value >= _THOUSAND - 0.5 and len(units) > 1:
        value /= _THOUSAND
        units.pop(0)
    return f"{value:.1f} {units[0]}" if value < 10 else f"{value:.0f} {units[0]}"  # noqa: PLR2004 - two figures


def count(amount: int, one: str) -> str:
    """Return "1 picture" or "1,000 pictures"."""
    return f"{amount:,} {one}{'' if amount == 1 else 's'}"


def _results(answered: bool, kinds: Sequence[str]) -> str:
    if answered:
        return "The answer is shown."
    if not kinds:
        return ""
    pictures = all(kind.startswith("image/") for kind in kinds)
    return count(len(kinds), "picture" if pictures else "file")


def _told_seconds(told: str) -> str:
    """Return "3 s" for Wiro's "3s" and "3", anything else as told."""
    value = wire_values.number(told.strip().removesuffix("s"))
    return told if value is None else f"{value:.0f} s"
