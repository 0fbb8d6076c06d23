"""Several things are done at once, and come back as if one after the other."""

import threading

import pytest

from wiro_widgets.media.side_by_side import AT_ONCE, side_by_side


def test_the_order_is_that_of_the_items() -> None:
    """Whatever ends first, the results stand in the order of what they were made of."""
    assert side_by_side(lambda number: number * 2, range(100)) == [number * 2 for number in range(100)]
    assert side_by_side(str, []) == []


def test_several_are_worked_on_at_once() -> None:
    """So many wait for each other here that they would wait for ever one after the other."""
    meeting = threading.Barrier(AT_ONCE, timeout=20)
    assert sorted(side_by_side(lambda _: meeting.wait(), range(AT_ONCE))) == list(range(AT_ONCE))


def test_one_alone_stays_in_its_thread() -> None:
    """A single picture costs no thread."""
    assert side_by_side(lambda _: threading.current_thread(), [0]) == [threading.current_thread()]


def test_the_first_that_failed_is_told() -> None:
    """The error is that of the first item in order, not of the first in time."""

    def work(number: int) -> int:
        if number >= 2:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match="2"):
        side_by_side(work, range(8))
