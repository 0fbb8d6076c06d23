"""How long to wait before the next try."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from wiro_widgets.protocol import backoff

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def test_pauses_double_up_to_the_longest() -> None:
    """At most they are this long."""
    assert list(islice(backoff.delays(0.25, 1.0, lambda: 1.0), 5)) == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_pauses_are_shortened_at_random() -> None:
    """By half at most, so that many clients do not retry at once."""
    assert list(islice(backoff.delays(1.0, 8.0, lambda: 0.0), 3)) == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(("header", "seconds"), [("2", 2.0), (" 1.5 ", 1.5), ("0", 0.0), ("-5", 0.0)])
def test_retry_after_in_seconds(header: str, seconds: float) -> None:
    """Never less than zero."""
    assert backoff.retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 14:00:30 +0200", 30.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_as_a_date(header: str, seconds: float) -> None:
    """In any time zone; a past date means now."""
    assert backoff.retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header", [None, "", "soon", "nan", "inf", "Sun, 99 Mar 2026 12:00:00 GMT", "2026-03-01"]
)
def test_no_retry_after(header: str | None) -> None:
    """An unreadable header counts as none."""
    assert backoff.retry_after(header, NOW) is None


def test_a_date_far_away_is_a_long_time() -> None:
    """The caller compares it with its limit."""
    when = (NOW + timedelta(days=400)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    seconds = backoff.retry_after(when, NOW)
    assert seconds is not None
    assert seconds > backoff.LONGEST_RETRY_AFTER
