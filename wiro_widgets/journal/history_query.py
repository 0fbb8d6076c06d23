"""What a person asks of the history, as a Query: checked, so that a slip of the pen is not an empty answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final, get_args

from wiro_widgets.journal.row import Query
from wiro_widgets.protocol.record import Outcome
from wiro_widgets.protocol.schema.parameters import nearest

Moment = datetime | date | str
OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)


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
    """Return the query; raises ValueError that names what is not what it should be."""
    return Query(
        model=None if model is None else _texts("model", model),
        since=_moment("since", since, time.min),
        until=_moment("until", until, time.max),
        outcomes=None if outcome is None else _outcomes(outcome),
        text=_said("text", text),
        parameters=_mapping(parameters),
        star=_flag("star", star),
        tags=_texts("tag", tag),
        note=_said("note", note),
    )


def count(limit: int | None) -> int | None:
    """Return how many are wanted at most; raises ValueError for what is no number of runs."""
    if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0):
        return limit
    raise ValueError(f"limit is a number of runs or None, not {limit!r}")


def _texts(name: str, given: object) -> tuple[str, ...]:
    found = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else ()
    texts = tuple(item for item in found if isinstance(item, str))
    if len(texts) != len(found) or not isinstance(given, Iterable):
        raise ValueError(f"{name} is a text or several, not {given!r}")
    return texts


def _outcomes(given: object) -> tuple[str, ...]:
    found = _texts("outcome", given)
    for name in found:
        if name not in OUTCOMES:
            hint = nearest(name, list(OUTCOMES)) or f" A run is one of {', '.join(OUTCOMES)}."
            raise ValueError(f"{name!r} is no outcome.{hint}")
    return found


def _moment(name: str, given: object, of_day: time) -> datetime | None:
    """Return a time in UTC; of a day alone its first or its last moment here."""
    if given is None:
        return None
    try:
        found = _parsed(given) if isinstance(given, str) else given
        if isinstance(
            found, datetime
        ):  # built anew, for a Timestamp of pandas without a zone refuses to be local
            return datetime.combine(found.date(), found.time(), found.tzinfo).astimezone(UTC)
        if isinstance(found, date):
            return datetime.combine(found, of_day).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise ValueError(f"{name} is a time, a day or ISO 8601 text, not {given!r}: {exc}") from exc
    raise ValueError(f"{name} is a time, a day or ISO 8601 text, not {given!r}")


def _parsed(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


def _said(name: str, given: object) -> str | None:
    if given is None or isinstance(given, str):
        return given
    raise ValueError(f"{name} is a text, not {given!r}")


def _flag(name: str, given: object) -> bool | None:
    if given is None or isinstance(given, bool):
        return given
    raise ValueError(f"{name} is True, False or None for any, not {given!r}")


def _mapping(given: object) -> Mapping[str, Any]:
    if given is None or isinstance(given, Mapping):
        return given or {}
    raise ValueError(f"parameters is a dict of values by their ids, not {given!r}")
