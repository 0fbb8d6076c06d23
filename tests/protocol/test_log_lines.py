"""LogLines: bounded, immutable, and cheap to grow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.protocol import state
from wiro_widgets.protocol.events import Log
from wiro_widgets.protocol.state import LogLines


def _line(text: object) -> Log:
    return Log("output", str(text), 0.0)


def _with(lines: LogLines, *texts: object) -> LogLines:
    for text in texts:
        lines = lines.plus(_line(text))
    return lines


def _texts(lines: LogLines) -> list[str]:
    return [line.text for line in lines]


def test_lines_are_a_sequence() -> None:
    """Length, items from both ends, slices, and a repr that counts."""
    lines = _with(LogLines(), "a", "b", "c")
    assert len(lines) == 3
    assert (lines[0].text, lines[-1].text) == ("a", "c")
    assert [line.text for line in lines[1:]] == ["b", "c"]
    assert repr(lines) == "<3 log lines>"
    with pytest.raises(IndexError):
        lines[3]


def test_they_begin_with_a_list_of_their_own() -> None:
    """The list they are made from may change later."""
    given_lines = [_line("a")]
    lines = LogLines(given_lines)
    given_lines.clear()
    assert _texts(_with(lines, "b")) == ["a", "b"]
    assert _texts(lines) == ["a"]


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(2, 6))
def test_older_values_never_change(sources: list[int], bound: int) -> None:
    """Growing any value leaves all values before unchanged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "MAX_LOG_LINES", bound)
        values, expected = [LogLines()], [list[str]()]
        for count, back in enumerate(sources):
            source = max(0, len(values) - 1 - back)
            values.append(values[source].plus(_line(count)))
            expected.append([*expected[source], str(count)][-bound:])
        assert [_texts(value) for value in values] == expected


def test_they_are_bounded_by_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lines stay, and the dropped ones are counted."""
    monkeypatch.setattr(state, "MAX_LOG_LINES", 3)
    lines = _with(LogLines(), *range(10))
    assert (_texts(lines), lines.dropped_count) == (["7", "8", "9"], 7)


def test_they_are_bounded_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long lines count by their characters."""
    monkeypatch.setattr(state, "MAX_LOG_CHARS", 10)
    lines = _with(LogLines(), "aaaa", "bbbb", "cccc")
    assert (_texts(lines), lines.dropped_count) == (["bbbb", "cccc"], 1)
    assert _texts(_with(lines, "d" * 20)) == ["d" * 20]


def test_memory_holds_twice_the_bound_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped lines are freed."""
    monkeypatch.setattr(state, "MAX_LOG_CHARS", 100)
    lines = _with(LogLines(), *["x" * 50] * 1000)
    assert len(lines._lines) <= 5


def test_the_cost_is_linear() -> None:
    """100,000 lines are appended in linear time."""
    lines, line = LogLines(), _line("x")
    began = time.process_time()
    for _ in range(100_000):
        lines = lines.plus(line)
    assert time.process_time() - began < 5
    assert (len(lines), lines.dropped_count) == (state.MAX_LOG_LINES, 90_000)
