"""The feed: its numbers, the bounds of its messages, and that every page ends with the same rows."""

import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.wire.page import Page
from wiro_widgets.widget.wire import feed as feed_module
from wiro_widgets.widget.wire.feed import MAX_BYTES, MAX_DELTA_ROWS, MAX_SNAPSHOT_ROWS, Feed, Line


class _Log:
    """A log of texts, each an entry with one line; counts the lines that are read."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.first = 0  # entries before this one are gone
        self.ending: list[Line] = []
        self.read_count = 0

    def add(self, count: int, text: str = "a line") -> None:
        self.texts += [f"{text} {len(self.texts) + index}" for index in range(count)]

    def entries(self, position: int) -> tuple[list[str], int]:
        return self.texts[max(position, self.first) :], len(self.texts)

    def lines(self, entry: str) -> Sequence[Line]:
        self.read_count += 1
        return [(0.0, "output", entry)]

    def last_lines(self) -> list[Line]:
        return self.ending


def _feed(log: _Log) -> Feed:
    feed = Feed(log)
    feed.read()
    return feed


@pytest.fixture
def log() -> _Log:
    """Return an empty log."""
    return _Log()


def test_rows_are_numbered_from_zero() -> None:
    """A row is its number, the seconds since the run's start, its kind and its text."""

    class _Seconds(_Log):
        def lines(self, entry: str) -> Sequence[Line]:
            return [(0.123456, "note", entry), (2, "output", "second")]

    log = _Seconds()
    log.texts = ["first"]
    assert _feed(log).delta()["rows"] == [(0, 0.12, "note", "first"), (1, 2, "output", "second")]


def test_a_delta_has_the_new_rows(log: _Log) -> None:
    """Rows are sent once; a delta without news has no rows, and a number all the same."""
    log.add(3)
    feed = _feed(log)
    assert (feed.has_news, feed.delta()["next"], feed.has_news) == (True, 3, False)
    assert feed.delta() == {
        "v": 1, "type": "delta", "epoch": feed.epoch, "first": 3, "next": 3, "rows": [], "dropped": 0
    }  # fmt: skip


def test_the_last_lines_are_read_once(log: _Log) -> None:
    """The lines that end the log follow its entries, in deltas and in snapshots."""
    log.add(1)
    feed = _feed(log)
    log.add(1)
    log.ending = [(1.0, "done", "Done")]
    feed.read()
    feed.read()
    assert [row[3] for row in feed.delta()["rows"]] == ["a line 0", "a line 1", "Done"]
    assert [row[3] for row in feed.snapshot()["rows"]] == ["a line 0", "a line 1", "Done"]


def test_a_burst_is_cut_to_its_newest_rows(log: _Log) -> None:
    """A delta stays small; the page sees the gap in the numbers and asks."""
    log.add(MAX_DELTA_ROWS + 5)
    delta = _feed(log).delta()
    assert (delta["first"], len(delta["rows"])) == (5, MAX_DELTA_ROWS)


def test_a_snapshot_has_the_newest_rows(log: _Log) -> None:
    """A page without rows gets enough for its log, not all there are."""
    log.add(MAX_SNAPSHOT_ROWS + 5)
    snapshot = _feed(log).snapshot()
    assert (snapshot["first"], snapshot["next"]) == (5, MAX_SNAPSHOT_ROWS + 5)
    assert [row[0] for row in snapshot["rows"]] == list(range(5, MAX_SNAPSHOT_ROWS + 5))
    assert snapshot["rows"][-1][3] == log.texts[-1]


@pytest.mark.parametrize("kind", ["delta", "snapshot"])
def test_a_message_is_bounded_by_bytes(log: _Log, kind: str) -> None:
    """Of long lines fewer fit, in bytes as they travel, whatever the script."""
    log.add(20, "界" * (MAX_BYTES // 30))
    message = getattr(_feed(log), kind)()
    size = sum(len(text.encode()) for _, _, _, text in message["rows"])
    assert 0 < size <= MAX_BYTES
    assert message["first"] == 20 - len(message["rows"])


def test_one_row_larger_than_a_message_is_sent(log: _Log) -> None:
    """The newest row is always sent."""
    log.add(1, "x" * (MAX_BYTES + 1))
    assert len(_feed(log).delta()["rows"]) == 1


def test_a_snapshot_does_not_count_as_a_delta(log: _Log) -> None:
    """It is for one page; the others still get their delta."""
    log.add(3)
    feed = _feed(log)
    feed.snapshot()
    assert len(feed.delta()["rows"]) == 3


def test_a_snapshot_ends_with_the_rows_that_were_read(log: _Log) -> None:
    """What came since is for the next delta, so that no row comes twice under two numbers."""
    log.add(3)
    feed = _feed(log)
    log.add(4)
    assert [row[0] for row in feed.snapshot()["rows"]] == [0, 1, 2]


def test_entries_that_are_gone_leave_a_gap(log: _Log) -> None:
    """Entries that their ring dropped before they were read count as rows, so that the page asks for a snapshot."""
    log.add(2)
    feed = _feed(log)
    page = Page()
    page.take(feed.delta())
    log.add(10)
    log.first = 7
    feed.read()
    delta = feed.delta()
    assert (delta["first"], delta["next"], delta["dropped"]) == (7, 12, 5)
    assert page.take(delta)
    assert not page.take(feed.snapshot())
    assert [row[0] for row in page.rows] == list(range(7, 12))


def test_each_feed_is_an_epoch(log: _Log) -> None:
    """A feed of another run has another epoch, under which numbers begin at zero."""
    assert _feed(log).epoch != _feed(log).epoch


def test_the_repr_has_counts(log: _Log) -> None:
    """Counts, and no line of text."""
    log.add(3)
    feed = _feed(log)
    assert repr(feed) == f"<Feed {feed.epoch}: next 3, 3 unsent>"


steps = st.lists(
    st.one_of(st.integers(1, 40), st.just("delta"), st.just("sync"), st.just("lost")), max_size=60
)


@given(steps=steps, burst=st.integers(2, 12), newest=st.integers(2, 30))
def test_pages_converge(steps: list[int | str], burst: int, newest: int) -> None:
    """Whatever the order of lines, deltas, lost deltas and snapshots, all pages end with the newest rows, each once."""
    with pytest.MonkeyPatch.context() as small:
        small.setattr(feed_module, "MAX_DELTA_ROWS", burst)
        small.setattr(feed_module, "MAX_SNAPSHOT_ROWS", newest)
        log = _Log()
        feed, pages = _feed(log), [Page(), Page()]
        for step in steps:
            if isinstance(step, int):
                log.add(step)
                continue
            if step == "sync":
                pages[1].take(feed.snapshot())
                continue
            feed.read()
            delta = feed.delta()
            for page in pages[: 1 if step == "lost" else 2]:
                if page.take(delta):
                    page.take(feed.snapshot())
        feed.read()
        delta = feed.delta()
        for page in pages:
            if page.take(delta):
                page.take(feed.snapshot())
            numbers = [row[0] for row in page.rows]
            assert numbers == sorted(set(numbers))
            count = min(feed.next, newest)
            assert numbers[len(numbers) - count :] == list(range(feed.next - count, feed.next))
            assert [row[3] for row in page.rows] == [log.texts[number] for number in numbers]
            assert page.next == feed.next


@given(counts=st.lists(st.integers(0, 20), max_size=30))
def test_deltas_partition_the_rows(counts: list[int]) -> None:
    """Deltas follow each other without a gap and without a row twice."""
    log = _Log()
    feed = Feed(log)
    numbers: list[int] = []
    for count in counts:
        log.add(count)
        feed.read()
        delta = feed.delta()
        assert delta["first"] == len(numbers)
        numbers += [row[0] for row in delta["rows"]]
        assert delta["next"] == len(numbers)
    assert numbers == list(range(feed.next))


def test_the_work_grows_with_the_rows_alone(log: _Log) -> None:
    """A delta does not read the entries of earlier ones again: 4,000 deltas are not 4,000 times the log."""
    feed = Feed(log)
    for _ in range(4_000):
        log.add(1)
        feed.read()
        feed.delta()
    assert log.read_count == 4_000


def test_the_bytes_grow_with_the_rows_alone(log: _Log) -> None:
    """Four thousand lines in as many deltas weigh as much as the lines."""
    feed, size = Feed(log), 0
    for _ in range(4_000):
        log.texts.append("x" * 50)
        feed.read()
        size += sum(sys.getsizeof(text) for *_, text in feed.delta()["rows"])
    assert size == 4_000 * sys.getsizeof("x" * 50)
