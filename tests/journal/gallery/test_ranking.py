"""Ratings from picks, and which pair comes next."""

import random

from wiro_widgets.journal.gallery.ranking import START, Pick, Rating, add, next_pair, ratings, read
from wiro_widgets.journal.journal import Journal


def test_the_better_one_rises_as_far_as_the_other_falls() -> None:
    """The sum of all ratings stays; a win against a stronger one counts more; a tie brings both closer."""
    scores = ratings([Pick("a", "b"), Pick("a", "b"), Pick("c", "a"), Pick("b", "c", is_tie=True)])
    assert abs(sum(rating.value for rating in scores.values()) - 3 * START) < 1e-6
    first = ratings([Pick("a", "b")])
    assert (first["a"].value, first["b"].value) == (START + 16, START - 16)
    upset = ratings([Pick("a", "b"), Pick("b", "a")])
    assert upset["b"].value - first["b"].value > 16
    assert (scores["a"].wins, scores["a"].losses, scores["b"].ties, scores["c"].comparisons) == (2, 1, 1, 2)
    assert ratings([]) == {}


def test_every_run_meets_every_other_before_one_meets_again() -> None:
    """Four runs have six pairs, which are all shown in six picks."""
    dice = random.Random(3)  # noqa: S311 - no secret
    picks: list[Pick] = []
    for _ in range(6):
        pair = next_pair("abcd", picks, dice)
        assert pair is not None
        picks.append(Pick(*pair))
    assert len({frozenset((pick.better, pick.worse)) for pick in picks}) == 6
    assert next_pair("a", picks, dice) is None
    assert next_pair("aa", [], dice) is None


def test_picks_without_a_file_are_in_memory() -> None:
    """A journal that keeps nothing ranks all the same."""
    with Journal.open(None) as journal:
        assert read(journal) == []
        add(journal, Pick("a", "b", is_tie=True))
        assert read(journal) == [Pick("a", "b", is_tie=True)]
    assert Rating().comparisons == 0
