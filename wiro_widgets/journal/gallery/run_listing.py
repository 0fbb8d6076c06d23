"""Listing: which runs a gallery shows, in order and by days; and the filter that says which."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from wiro_widgets.journal.gallery.run_index import RunIndex, microseconds
from wiro_widgets.journal.row import SENT, row_outcomes
from wiro_widgets.media.jsonable import storable

SHORT: Final = 3  # letters: what is shorter is not in the index of texts
WINDOW: Final = 20_000  # runs in which a shorter text is looked for, the newest
MAX_TERMS: Final = 16  # words of a search; the rest is not looked at
MAX_TRIGRAMS: Final = 48  # of them that the index is asked for; the text is looked at again in any case
MAX_TAGS: Final = 200
_TERM: Final = re.compile(r'"([^"]+)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Filter:
    """Which runs to show; None and what is empty match any.

    All words of `text`, or parts of words, must stand in a run's texts, model, tags or note, in any order; a text in
    quotation marks must stand there as it is. A run matches one of several models or outcomes, and all of several tags.
    `since` and `until` are times, costs are in USD, both inclusive.
    """

    text: str = ""
    models: Collection[str] | None = None
    outcomes: Collection[str] | None = None
    star: bool | None = None
    tags: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    min_cost: float | None = None
    max_cost: float | None = None

    @property
    def terms(self) -> list[str]:
        """The words and the quoted texts of `text`, in small letters."""
        text = storable(self.text).casefold().replace("\0", " ")
        return [phrase or word for phrase, word in _TERM.findall(text)][:MAX_TERMS]

    @property
    def is_windowed(self) -> bool:
        """True if the text is so short that only the newest `WINDOW` runs are searched."""
        return bool(self.terms) and all(len(term) < SHORT for term in self.terms)


@dataclass(frozen=True)
class Listing:
    """The runs that match, newest first, as numbers of the index and times (see `run_index.microseconds`)."""

    numbers: array[int]
    times: array[int]
    is_whole: bool = True

    def __len__(self) -> int:
        return len(self.numbers)

    def days(self) -> list[tuple[str, int]]:
        """Return the local days with the number of runs of each, newest first; binary search, not a run at a time."""
        days: list[tuple[str, int]] = []
        start = 0
        while start < len(self.times):
            day = datetime.fromtimestamp(self.times[start] / 1e6, UTC).astimezone().date()
            first = microseconds(_first_moment(day))
            end = max(start + 1, bisect_left(self.times, -first + 1, start, key=lambda at: -at))
            days.append((day.isoformat(), end - start))
            start = end
        return days


def read(index: RunIndex, server: str, filters: Sequence[Filter], limit: int | None = None) -> Listing:
    """Return the runs that match all of these filters; with `limit` the newest of them.

    Raises sqlite3.OperationalError if the read is interrupted.
    """
    conditions: list[str] = ["server = :server"]
    values: dict[str, Any] = {"server": server, "limit": -1 if limit is None else limit}
    outcomes: Collection[str] = SENT
    for place, item in enumerate(filters):
        if item.outcomes is not None:
            outcomes = [name for name in row_outcomes(item.outcomes) if name in outcomes]
        _add_conditions(item, str(place), conditions, values, index_has_trigrams=index.has_trigrams)
    values["outcomes"] = json.dumps(list(outcomes))
    conditions.append("outcome IN (SELECT value FROM json_each(:outcomes))")
    sql = (
        f"SELECT number, at FROM cards WHERE {' AND '.join(conditions)} "  # noqa: S608 - constants
        "ORDER BY at DESC, number DESC LIMIT :limit"
    )
    rows = index.read(sql, values)
    return Listing(
        array("q", (row[0] for row in rows)),
        array("q", (row[1] for row in rows)),
        limit is None or len(rows) < limit,
    )


def ids_by_number(index: RunIndex, numbers: Sequence[int]) -> dict[int, str]:
    """Return the ids of runs by their numbers in the index, without those that are gone."""
    sql = "SELECT number, run_id FROM cards WHERE number IN (SELECT value FROM json_each(?))"
    return dict(index.read(sql, [json.dumps(list(numbers))]))


def models(index: RunIndex, server: str) -> list[tuple[str, int]]:
    """Return the models with the number of runs of each, the most used first."""
    sql = "SELECT model, count(*) FROM cards WHERE server = ? GROUP BY model ORDER BY 2 DESC, 1"
    return [(str(model), int(count)) for model, count in index.read(sql, [server])]


def tags(index: RunIndex, server: str) -> list[str]:
    """Return the tags in use, the most used first."""
    sql = (
        "SELECT value, count(*) FROM (SELECT tags FROM cards WHERE server = ? AND tags <> '[]'), json_each(tags) "
        "GROUP BY value ORDER BY 2 DESC, 1 LIMIT ?"
    )
    return [str(tag) for tag, _ in index.read(sql, [server, MAX_TAGS])]


def day_range(since: date | None, until: date | None) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment of local days."""
    last = None if until is None else _first_moment(until + timedelta(days=1)) - timedelta(microseconds=1)
    return None if since is None else _first_moment(since), last


def _first_moment(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone(UTC)


def _add_conditions(
    item: Filter, place: str, conditions: list[str], values: dict[str, Any], *, index_has_trigrams: bool
) -> None:
    """Add the conditions of one filter, and the values for them under names that end in `place`."""
    options: list[tuple[str, Any]] = [
        (
            "model IN (SELECT value FROM json_each({}))",
            None if item.models is None else json.dumps(list(item.models)),
        ),
        ("at >= {}", item.since and microseconds(item.since)),
        ("at <= {}", item.until and microseconds(item.until)),
        ("cost >= {}", item.min_cost),
        ("coalesce(cost, 0) <= {}", item.max_cost),
    ]
    options += [
        ("tags <> '[]' AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = {})", storable(tag))
        for tag in item.tags
    ]
    for number, (condition, value) in enumerate(options):
        if value is not None:
            conditions.append(condition.format(f":value{place}_{number}"))
            values[f"value{place}_{number}"] = value
    if item.star is not None:
        conditions.append("star" if item.star else "NOT star")
    if not item.terms:
        return
    names = [f"term{place}_{number}" for number in range(len(item.terms))]
    values.update(zip(names, item.terms, strict=True))
    every_term = " AND ".join(f"instr(words.text, :{name})" for name in names)
    if not item.is_windowed:
        # The index finds the rows that have all trigrams, somewhere; whether they have the text is looked at then.
        values[f"match{place}"] = " AND ".join(f'"{part}"' for part in _trigrams(item.terms))
        match = f"words MATCH :match{place} AND " if index_has_trigrams else ""
        conditions.append(f"number IN (SELECT rowid FROM words WHERE {match}{every_term})")  # noqa: S608 - constants
        return
    conditions.append(
        "number IN (SELECT rowid FROM words WHERE rowid IN (SELECT number FROM cards WHERE server = :server "  # noqa: S608
        f"ORDER BY at DESC, number DESC LIMIT {WINDOW}) AND {every_term})"
    )


def _trigrams(terms: Sequence[str]) -> list[str]:
    parts = {term[start : start + SHORT] for term in terms for start in range(len(term) - SHORT + 1)}
    return sorted(part.replace('"', '""') for part in parts)[:MAX_TRIGRAMS]
