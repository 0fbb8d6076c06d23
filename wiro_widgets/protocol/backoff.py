"""How long to wait before the next try; pure, with its randomness handed in.

Whether there is a next try `runs/submission.py` decides for a Run, `transport/http.py` for every other call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from wiro_widgets.protocol import wire_values

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_RETRY_AFTER = 60.0  # seconds; if a server asks for more, the caller raises instead of waiting


def delays(first: float, longest: float, chance: Callable[[], float]) -> Iterator[float]:
    """Yield seconds to wait, doubling up to the longest, each shortened by up to half at random."""
    delay = first
    while True:
        yield delay * (0.5 + 0.5 * chance())
        delay = min(delay * 2, longest)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or a date; None without one."""
    if not value:
        return None
    seconds = wire_values.number(value.strip())
    if seconds is not None:
        return max(0.0, seconds)
    when = wire_values.header_time(value)
    return None if when is None else max(0.0, (when - now).total_seconds())
