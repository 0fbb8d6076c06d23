"""The arguments of `History.find` as a Query: checked, so that a slip of the pen is not an empty answer."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from wiro_widgets.journal.columns import OUTCOMES
from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.schema.parameters import nearest

Moment = datetime | date | str


def query(
    *,
    model: str | Iterable[str] | None,
    since: Moment | None,
    until: Moment | None,
    outcome: str | Iterable[str] | None,
    text: str | None,
    parameters: Mapping[str, Any] | None,
    star: bool | None,
    tag: str | Iterable[str],
    note: str | None,
) -> Query:
    """Return the query; raises ValueError that names the argument with a wrong value."""
    _check("text", text, str | None, "a text")
    _check("note", note, str | None, "a text")
    _check("star", star, bool | None, "True, False or None for any")
    _check("parameters", parameters, Mapping | None, "a dict of values by their ids")
    return Query(
        model=None if model is None else _texts("model", model),
        since=moment("since", since, time.min),
        until=moment("until", until, time.max),
        outcomes=None if outcome is None else _outcomes(outcome),
        text=text,
        parameters=parameters or {},
        star=star,
        tags=_texts("tag", tag),
        note=note,
    )


def check_limit(limit: int | None) -> int | None:
    """Return how many runs to return at most; raises ValueError if it is not a number of runs."""
    if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0):
        return limit
    raise ValueError(f"limit is a number of runs or None, not {reprlib.repr(limit)}")


def _check(name: str, value: object, types: Any, description: str) -> None:
    if not isinstance(value, types):
        raise ValueError(f"{name} is {description}, not {reprlib.repr(value)}")  # noqa: TRY004 - a wrong value of `find`


def _texts(name: str, value: object) -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (None,)
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) != len(items):
        raise ValueError(f"{name} is a text or several, not {reprlib.repr(value)}")
    return texts


def _outcomes(value: object) -> tuple[str, ...]:
    outcomes = _texts("outcome", value)
    for name in outcomes:
        if name not in OUTCOMES:
            hint = nearest(name, list(OUTCOMES)) or f" A run is one of {', '.join(OUTCOMES)}."
            raise ValueError(f"{reprlib.repr(name)} is no outcome.{hint}")
    return outcomes


def moment(name: str, value: object, of_day: time = time.min) -> datetime | None:
    """Return a time in UTC; of a day alone that time of it on this clock. Raises ValueError that names the argument."""
    if value is None:
        return None
    try:
        instant = _parse(value) if isinstance(value, str) else value
        if isinstance(instant, datetime):  # combined: a pandas Timestamp without a zone refuses to be local
            return datetime.combine(instant.date(), instant.time(), instant.tzinfo).astimezone(UTC)
        if isinstance(instant, date):
            return datetime.combine(instant, of_day).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise ValueError(f"{name} is a time, a day or ISO 8601 text, not {reprlib.repr(value)}") from exc
    raise ValueError(f"{name} is a time, a day or ISO 8601 text, not {reprlib.repr(value)}")


def _parse(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)
