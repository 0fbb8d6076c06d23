"""Rows of the journal: what is known of one run, which rows are wanted, and both as SQLite holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from wiro_widgets.journal.sound import readable, sound
from wiro_widgets.media.jsonable import storable
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.record import TaskRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Outcome = Literal["submitting", "running", "succeeded", "failed", "cancelled", "unknown", "refused"]
UNSETTLED: Final = ("submitting", "running", "unknown")
SENT: Final = (*UNSETTLED, "succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One run as the journal knows it; times in UTC.

    `parameters` has files by name and size. `pid`, `host` and `born` (see `process.start_time`) say which process began
    it. `content` is the same for runs of the same model, values and file contents; `cell` counts equal cells within a
    sweep, and is None for a run that no sweep made. `reuses` is how many runs its result has answered.
    """

    id: str
    server: str
    model: str
    parameters: dict[str, Any]
    intent_at: datetime
    outcome: Outcome = "submitting"
    task_id: str | None = None
    submitted_at: datetime | None = None
    settled_at: datetime | None = None
    record: TaskRecord | None = None
    paths: tuple[str, ...] = ()
    error: str | None = None
    pid: int | None = None
    host: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""
    star: bool = False
    content: str | None = None
    cell: int | None = None
    born: str | None = None
    reuses: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows are wanted; None is any.

    Of several models, outcomes or contents any fits. `text` is looked for in the texts of the parameters, `note` in the
    notes, both whatever their case; `parameters` must all be equal, numbers by their value; `contents` are those of
    `JournalRow.content`.
    """

    server: str | None = None
    task_id: str | None = None
    model: str | Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcomes: Collection[str] | None = None
    text: str | None = None
    id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    star: bool | None = None
    tags: Collection[str] = ()
    note: str | None = None
    contents: Collection[str] | None = None

    def fits(self, row: JournalRow) -> bool:
        """Tell whether the row is wanted."""
        return (
            self.id in {None, row.id}
            and self.server in {None, row.server}
            and self.task_id in {None, row.task_id}
            and (self.model is None or row.model in several(self.model))
            and self.star in {None, row.star}
            and (self.since is None or row.intent_at >= self.since)
            and (self.until is None or row.intent_at <= self.until)
            and (self.outcomes is None or row.outcome in self.outcomes)
            and (self.contents is None or row.content in self.contents)
            and set(self.tags) <= set(row.tags)
            and (self.note or "").casefold() in row.notes.casefold()
            and self._fits_parameters(row)
        )

    def _fits_parameters(self, row: JournalRow) -> bool:
        wanted = (self.text or "").casefold()
        return (not wanted or any(wanted in text.casefold() for text in _texts(row.parameters))) and all(
            _same(row.parameters.get(name), value) for name, value in self.parameters.items()
        )


COLUMNS: Final = tuple(item.name for item in fields(JournalRow))
_TIMES: Final = ("intent_at", "submitted_at", "settled_at")
_LISTS: Final = ("paths", "tags")
_TEXTS: Final = ("task_id", "error", "host", "notes", "content", "born")
UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def packed(row: JournalRow) -> tuple[Any, ...]:
    """Return a row as SQLite takes it, in the order of `COLUMNS`."""
    return tuple(to_plain(row).values())


def to_plain(row: JournalRow) -> dict[str, Any]:
    """Return a row as texts and numbers; half a character, as a model may say it, becomes a mark."""
    plain: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    plain |= {name: stamp(plain[name]) for name in _TIMES}
    plain |= {name: json.dumps(plain[name], ensure_ascii=False) for name in ("parameters", *_LISTS)}
    plain["record"] = json.dumps(row.record.to_dict(), ensure_ascii=False) if row.record else None
    return {name: storable(value) if isinstance(value, str) else value for name, value in plain.items()}


def unpacked(values: Sequence[Any]) -> JournalRow:
    """Return the row that `packed` gave."""
    return from_plain(dict(zip(COLUMNS, values, strict=True)))


def from_plain(values: Mapping[str, Any]) -> JournalRow:
    """Return the row that `to_plain` gave; raises one of `UNREADABLE` for anything else."""
    plain = {name: values[name] for name in COLUMNS}
    if not all(isinstance(plain[name], str) for name in ("id", "server", "model", "intent_at")):
        raise ValueError("the run has no id, server, model or time")
    if plain["outcome"] not in (*SENT, "refused"):
        raise ValueError(f"{plain['outcome']!r} is no outcome")
    if not all(plain[name] is None or isinstance(plain[name], str) for name in _TEXTS):
        raise ValueError("the run has something else where a text belongs")
    if not all(plain[name] is None or isinstance(plain[name], int) for name in ("pid", "cell", "reuses")):
        raise ValueError("the run has something else where a number belongs")
    plain |= {name: _time(plain[name]) for name in _TIMES if plain[name]}
    plain |= {name: tuple(_loaded(plain[name], list)) for name in _LISTS}
    if not all(isinstance(item, str) for name in _LISTS for item in plain[name]):
        raise ValueError("the run has something else where a list of texts belongs")
    plain["parameters"] = _loaded(plain["parameters"], dict)
    plain["record"] = sound(TaskRecord.from_dict(_loaded(plain["record"], dict))) if plain["record"] else None
    plain["star"] = bool(plain["star"])
    plain["reuses"] = plain["reuses"] or 0
    return JournalRow(**plain)


def salvaged(values: Sequence[Any]) -> JournalRow | None:
    """Return what can be read of a damaged row that `packed` gave; None where that is too little."""
    told = readable(dict(zip(COLUMNS, values, strict=True)))
    try:
        return from_plain(told) if told else None
    except UNREADABLE:
        return None


def record_of_row(row: JournalRow) -> TaskRecord:
    """Return a run's record with what a person said of it; from what was to be run where it has none yet."""
    said: dict[str, Any] = {"star": row.star, "tags": row.tags, "note": row.notes, "reuses": row.reuses}
    if row.record is not None:
        same = all(getattr(row.record, name) == value for name, value in said.items())
        return row.record if same else replace(row.record, **said)
    seed = row.parameters.get("seed")
    prompt = row.parameters.get("prompt")
    return TaskRecord(
        task_id=row.task_id,
        model=row.model,
        prompt=prompt if isinstance(prompt, str) else None,
        seed=seed if isinstance(seed, int | str) else None,
        parameters=row.parameters,
        created_at=row.intent_at,
        error=row.error,
        outcome="running" if row.outcome == "running" else "unknown",
        **said,
    )


def as_kept(outcomes: Iterable[str]) -> tuple[str, ...]:
    """Return a record's outcomes as rows have them: what was never answered is unknown."""
    return tuple(
        name for told in outcomes for name in (("unknown", "submitting") if told == "unknown" else (told,))
    )


def several(given: str | Collection[str]) -> Collection[str]:
    """Return one text or several as several."""
    return (given,) if isinstance(given, str) else given


def _texts(parameters: dict[str, Any]) -> list[str]:
    return [value for value in parameters.values() if isinstance(value, str)]


def _same(kept: Any, wanted: Any) -> bool:
    """Tell whether a parameter has the value: 20 is 20.0 and "20", a file is its name."""
    if isinstance(kept, dict) and kept.keys() == {"file", "size"}:
        kept = kept["file"]
    if kept == wanted:
        return True
    one, other = wire_values.number(kept), wire_values.number(wanted)
    if one is not None and other is not None:
        return one == other and wire_values.integer(kept) == wire_values.integer(wanted)
    return wire_values.text(kept) is not None and wire_values.text(kept) == wire_values.text(wanted)


def _loaded(text: Any, kind: type) -> Any:
    """Return what a JSON text holds; raises ValueError when that is not of the kind."""
    found = json.loads(text)
    if not isinstance(found, kind):
        raise ValueError(f"{text[:100]} is not what belongs there")  # noqa: TRY004 - a damaged row
    return found


def _time(text: Any) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def stamp(moment: datetime | None) -> str | None:
    """Return a time as text of one length, so that its order is the order of the text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None
