"""The ring of rows: its bounds, its numbers, and that every page ends with the same rows."""

import sys
from collections import deque
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.wire.page import Page
from wiro_widgets.widget.wire import feed as ring
from wiro_widgets.widget.wire.feed import MAX_BYTES, MAX_DELTA_ROWS, MAX_ROWS, MAX_SNAPSHOT_ROWS, Feed


def _filled(count: int, text: str = "a line") -> Feed:
    feed = Feed()
    for number in range(count):
        feed.add(number / 100, "output", f"{text} {number}")
    return feed


def test_rows_are_numbered_from_nought() -> None:
    """A row is its number, the seconds since the run's start, its kind and its text."""
    feed = Feed()
    feed.add(0.123456, "note", "first")
    feed.add(2, "output", "second")
    assert feed.delta()["rows"] == [(0, 0.12, "note", "first"), (1, 2, "output", "second")]


def test_a_delta_has_what_is_new() -> None:
    """Rows are sent once; a delta without news has none and is numbered all the same."""
    feed = _filled(3)
    assert (feed.pending, feed.delta()["next"], feed.pending) == (3, 3, 0)
    assert feed.delta() == {
        "v": 1, "type": "delta", "epoch": feed.epoch, "first": 3, "next": 3, "rows": [], "dropped": 0
    }  # fmt: skip


def test_the_ring_is_bounded_by_count() -> None:
    """The oldest rows give way, and how many is told."""
    feed = _filled(MAX_ROWS + 10)
    assert len(feed._rows) == MAX_ROWS
    assert feed.snapshot()["dropped"] == 10
    assert feed.snapshot()["next"] == MAX_ROWS + 10


def test_the_ring_is_bounded_by_bytes() -> None:
    """Long lines give way sooner, in bytes as they travel, whatever the script."""
    feed = Feed()
    for _ in range(20):
        feed.add(0, "output", "界" * (MAX_BYTES // 30))
    kept = sum(len(text.encode()) for _, _, _, text in feed._rows)
    assert kept <= MAX_BYTES
    assert feed.dropped == 20 - len(feed._rows)


def test_one_row_larger_than_the_ring_is_kept() -> None:
    """The newest row is never dropped."""
    feed = Feed()
    feed.add(0, "output", "x" * (MAX_BYTES + 1))
    assert len(feed._rows) == 1


def test_a_burst_is_cut_to_its_newest_rows() -> None:
    """A delta stays small; the page sees the gap in the numbers and asks."""
    delta = _filled(MAX_DELTA_ROWS + 5).delta()
    assert (delta["first"], len(delta["rows"])) == (5, MAX_DELTA_ROWS)


def test_a_snapshot_has_the_newest_rows() -> None:
    """A page that has none gets enough for its log, not the whole ring."""
    snapshot = _filled(MAX_SNAPSHOT_ROWS + 5).snapshot()
    assert (snapshot["first"], len(snapshot["rows"])) == (5, MAX_SNAPSHOT_ROWS)


def test_a_snapshot_counts_nothing_as_sent() -> None:
    """It is for one page; the others are owed the same delta as before."""
    feed = _filled(3)
    feed.snapshot()
    assert feed.pending == 3


def test_a_new_run_is_a_new_epoch() -> None:
    """Numbers begin anew under another epoch."""
    feed = _filled(3)
    before = feed.epoch
    feed.clear()
    assert feed.epoch != before
    assert (feed.next, feed.pending, feed.dropped) == (0, 0, 0)


def test_the_repr_says_how_full_it_is() -> None:
    """Counts, and not a line of text."""
    feed = _filled(3)
    assert repr(feed) == f"<Feed {feed.epoch}: 3 rows, next 3, 0 dropped>"


steps = st.lists(
    st.one_of(st.integers(1, 40), st.just("delta"), st.just("sync"), st.just("lost")), max_size=60
)


@given(steps=steps, rows=st.integers(3, 30), burst=st.integers(2, 12), shown=st.integers(2, 30))
def test_pages_converge(steps: list[int | str], rows: int, burst: int, shown: int) -> None:
    """However adds, deltas, lost deltas and snapshots interleave, all pages end with the newest rows, each once."""
    with pytest.MonkeyPatch.context() as small:
        small.setattr(ring, "MAX_ROWS", rows)
        small.setattr(ring, "MAX_DELTA_ROWS", burst)
        small.setattr(ring, "MAX_SNAPSHOT_ROWS", shown)
        feed, pages = Feed(), [Page(), Page()]
        for step in steps:
            if isinstance(step, int):
                for _ in range(step):
                    feed.add(0, "output", f"line {feed.next}")
            elif step == "sync":
                pages[1].take(feed.snapshot())
            else:
                delta = feed.delta()
                for page in pages[: 1 if step == "lost" else 2]:
                    if page.take(delta):
                        page.take(feed.snapshot())
        last = feed.delta()
        for page in pages:
            if page.take(last):
                page.take(feed.snapshot())
            numbers = [row[0] for row in page.rows]
            assert numbers == sorted(set(numbers))
            newest = min(feed.next, rows, shown)
            assert numbers[len(numbers) - newest :] == list(range(feed.next - newest, feed.next))
            assert page.next == feed.next


@given(adds=st.lists(st.integers(0, 20), max_size=30))
def test_deltas_partition_the_rows(adds: list[int]) -> None:
    """Deltas follow each other without a gap and without a row twice."""
    feed = Feed()
    heard: list[int] = []
    for count in adds:
        for _ in range(count):
            feed.add(0, "output", "x")
        delta = feed.delta()
        assert delta["first"] == len(heard)
        heard += [row[0] for row in delta["rows"]]
        assert delta["next"] == len(heard)
    assert heard == list(range(feed.next))


class _Counting(deque[ring.Row]):
    """A ring that counts how many of its rows are looked at."""

    looked = 0

    def __iter__(self) -> Iterator[ring.Row]:
        return self._counted(super().__iter__())

    def __reversed__(self) -> Iterator[ring.Row]:
        return self._counted(super().__reversed__())

    def _counted(self, rows: Iterator[ring.Row]) -> Iterator[ring.Row]:
        for row in rows:
            self.looked += 1
            yield row


def test_the_work_grows_with_the_rows_alone() -> None:
    """A delta does not look through the rows that were sent before: 4,000 deltas are not 4,000 times the ring."""
    feed = Feed()
    rows = feed._rows = _Counting()
    for _ in range(4_000):
        feed.add(0, "output", "x")
        feed.delta()
    assert rows.looked <= 2 * 4_000


def test_the_bytes_grow_with_the_rows_alone() -> None:
    """Four thousand lines told one by one cost what they weigh."""
    feed, sent = Feed(), 0
    for _ in range(4_000):
        feed.add(0, "output", "x" * 50)
        sent += sum(sys.getsizeof(text) for *_, text in feed.delta()["rows"])
    assert sent == 4_000 * sys.getsizeof("x" * 50)
