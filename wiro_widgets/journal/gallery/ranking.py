"""The ranking of runs by a person's picks: Elo ratings, and which two to show next."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.row import stamp
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.lookup import Present

START: Final = 1_000.0
STEP: Final = 32.0  # by how much one pick moves a rating at most
SPREAD: Final = 400.0  # of ratings, at which the better one wins ten of eleven
MAX_PAIRED: Final = 500  # runs among which a pair is looked for


@dataclass(frozen=True, slots=True)
class Pick:
    """Which of two runs was found better, by the ids of their rows; with `is_tie` neither."""

    better: str
    worse: str
    is_tie: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """The Elo rating of a run after all picks, and how many of them it won, lost and tied."""

    value: float = START
    wins: int = 0
    losses: int = 0
    ties: int = 0

    @property
    def comparisons(self) -> int:
        """In how many picks the run was."""
        return self.wins + self.losses + self.ties


def ratings(picks: Sequence[Pick]) -> dict[str, Rating]:
    """Return the rating of each run that was in a pick; the sum of all ratings stays what it was."""
    scores: dict[str, Rating] = {}
    for pick in picks:
        better, worse = scores.get(pick.better, Rating()), scores.get(pick.worse, Rating())
        expectation = 1 / (1 + 10 ** ((worse.value - better.value) / SPREAD))
        gain = STEP * ((0.5 if pick.is_tie else 1.0) - expectation)
        win, tie = int(not pick.is_tie), int(pick.is_tie)
        scores[pick.better] = replace(
            better, value=better.value + gain, wins=better.wins + win, ties=better.ties + tie
        )
        scores[pick.worse] = replace(
            worse, value=worse.value - gain, losses=worse.losses + win, ties=worse.ties + tie
        )
    return scores


def next_pair(ids: Sequence[str], picks: Sequence[Pick], dice: random.Random) -> tuple[str, str] | None:
    """Return which two runs to show next: one that was seldom compared, and one of a near rating that it did not meet.

    None if there are not two of them. Which one stands on the left is left to chance.
    """
    candidates = list(dict.fromkeys(ids))[:MAX_PAIRED]
    if len(candidates) < 2:  # noqa: PLR2004 - a pair
        return None
    scores = ratings(picks)
    meetings: dict[frozenset[str], int] = {}
    for pick in picks:
        pair = frozenset((pick.better, pick.worse))
        meetings[pair] = meetings.get(pair, 0) + 1
    dice.shuffle(candidates)
    first = min(candidates, key=lambda run: scores.get(run, Rating()).comparisons)
    others = [run for run in candidates if run != first]

    def cost(run: str) -> tuple[int, float]:
        distance = abs(scores.get(run, Rating()).value - scores.get(first, Rating()).value)
        return meetings.get(frozenset((first, run)), 0), distance

    second = min(others, key=cost)
    return (first, second) if dice.random() < 0.5 else (second, first)  # noqa: PLR2004 - a coin


def read(journal: Journal) -> list[Pick]:
    """Return all picks in order; none if the journal cannot be read."""
    answer = journal.execute("SELECT better, worse, is_tie FROM picks ORDER BY number", {}, writes=False)
    rows = answer.value if isinstance(answer, Present) else []
    return [Pick(str(better), str(worse), bool(tie)) for better, worse, tie in rows]


def add(journal: Journal, pick: Pick) -> None:
    """Write a pick down; raises WiroError if the journal cannot take it."""
    sql = "INSERT INTO picks (better, worse, is_tie, picked_at) VALUES (:better, :worse, :is_tie, :at)"
    values = {
        "better": pick.better,
        "worse": pick.worse,
        "is_tie": int(pick.is_tie),
        "at": stamp(datetime.now(UTC)),
    }
    answer = journal.execute(sql, values, writes=True)
    if not isinstance(answer, Present):
        raise WiroError(f"The pick was not written down: {answer.reason}.")
