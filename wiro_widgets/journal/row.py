"""JournalRow: what the journal knows of one run; which rows a query matches; and rows as SQLite and files hold them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from wiro_widgets.journal.columns import UNREADABLE, sound
from wiro_widgets.media.jsonable import is_file, json_text, storable
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.scalars import short_repr

RowOutcome = Literal["submitting", "running", "succeeded", "failed", "cancelled", "unknown", "refused"]
UNSETTLED: Final = ("submitting", "running", "unknown")
SENT: Final = (*UNSETTLED, "succeeded", "failed", "cancelled")
ROW_OUTCOMES: Final = (*SENT, "refused")
WAITING: Final = "Wiro made no task of it yet, since the balance allowed no further one (code 96)"
SYNCED: Final = "synced-"  # begins the id of a row that was made of Wiro's list of tasks, see `synced_id`
UNTYPED: Final = "untyped-"  # begins the `content` of a run whose model had no schema, see `runs.fingerprint`


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file of a run as it was when the run settled: its path or address, size in bytes, and SHA-256 in hexadecimal.

    `tag` is what the store at an address gives each version of a file; empty for a path.
    """

    path: str
    size: int
    sha256: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One run as the journal knows it; times in UTC.

    `parameters` has files by name and size. `pid`, `host` and `born` (see `process.start_time`) name the process that
    began it. `content` is the same for runs of the same model, values and file contents; `cell` counts equal cells
    within a sweep, and is None for a run that no sweep made. `reuses` counts the runs that its result has answered.
    `files` says what stood at `paths` when the run settled; it is empty if a version before this one wrote the row.
    Two are no columns, and a team's journal alone sets them: `is_connected` is True if another process began the run
    and was connected when the row was read, `is_elsewhere` if other machines have put its outputs down, and this one
    has not.
    """

    id: str
    server: str
    model: str
    parameters: dict[str, Any]
    intent_at: datetime
    outcome: RowOutcome = "submitting"
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
    files: tuple[OutputFile, ...] = ()
    parents: tuple[str, ...] = ()
    is_connected: bool = field(default=False, compare=False)
    is_elsewhere: bool = field(default=False, compare=False)

    @property
    def is_open(self) -> bool:
        """True if the run is not over, or if outputs of its task are still to come."""
        return self.outcome in UNSETTLED or (self.outcome == "succeeded" and self.settled_at is None)

    @property
    def is_waiting(self) -> bool:
        """True if Wiro certainly has no task of the run, which was to be sent again when the balance allows it."""
        return self.outcome == "submitting" and self.error == WAITING

    @property
    def is_imported(self) -> bool:
        """True if no process of this machine began the run: the author of a history file chose what stands here."""
        return self.pid is None

    @property
    def is_synced(self) -> bool:
        """True if the row repeats what Wiro's list says of a task, and does not know which run became it."""
        return self.id.startswith(SYNCED)


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows to return; None matches any.

    A row matches one of several models, outcomes, contents (see `JournalRow.content`) or ids, and all of several tags.
    `text` is looked for in the texts of the parameters, `note` in the notes, both whatever their case; `parameters`
    must all be equal, numbers by their value. `is_typed` asks for runs with or without a
    schema. With `is_open` only runs match that are not over, and those whose outputs
    are still to come. `parent` is a task whose outputs were inputs of the run.
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
    ids: Collection[str] | None = None
    is_typed: bool | None = None
    is_open: bool = False
    parent: str | None = None

    @property
    def models(self) -> Collection[str] | None:
        """The models that match, also if it is one."""
        return (self.model,) if isinstance(self.model, str) else self.model

    def matches(self, row: JournalRow) -> bool:
        """Return True if the row fits all that is asked."""
        return (
            self.id in {None, row.id}
            and self.server in {None, row.server}
            and self.task_id in {None, row.task_id}
            and (self.models is None or row.model in self.models)
            and self.star in {None, row.star}
            and (self.since is None or row.intent_at >= self.since)
            and (self.until is None or row.intent_at <= self.until)
            and (self.outcomes is None or row.outcome in self.outcomes)
            and (self.contents is None or row.content in self.contents)
            and (self.ids is None or row.id in self.ids)
            and (self.parent is None or self.parent in row.parents)
            and self.is_typed in {None, not (row.content or "").startswith(UNTYPED)}
            and (not self.is_open or row.is_open)
            and set(self.tags) <= set(row.tags)
            and (self.note or "").casefold() in row.notes.casefold()
            and self._matches_parameters(row.parameters)
        )

    def _matches_parameters(self, parameters: Mapping[str, Any]) -> bool:
        text = (self.text or "").casefold()
        texts = (value for value in parameters.values() if isinstance(value, str))
        return (not text or any(text in value.casefold() for value in texts)) and all(
            _is_same_value(parameters.get(name), value) for name, value in self.parameters.items()
        )


def _is_same_value(parameter: Any, value: Any) -> bool:
    """Return True if a parameter has this value: 20 is 20.0 and "20", a file is its name."""
    if is_file(parameter):
        parameter = parameter["file"]
    if parameter == value:
        return True
    one, other = wire_values.number(parameter), wire_values.number(value)
    if one is not None and other is not None:
        return one == other and wire_values.integer(parameter) == wire_values.integer(value)
    return wire_values.text(parameter) is not None and wire_values.text(parameter) == wire_values.text(value)


def synced_id(server: str, task_id: str) -> str:
    """Return the id of the row that Wiro's list gives for a task: the same in every process that reads the list."""
    return f"{SYNCED}{hashlib.sha256(f'{server} {task_id}'.encode()).hexdigest()[:32]}"


def record_of_row(row: JournalRow) -> TaskRecord:
    """Return a run's record with its star, tags and note; made from what was to be run if it has none yet."""
    annotations: dict[str, Any] = {
        "star": row.star,
        "tags": row.tags,
        "note": row.notes,
        "reuses": row.reuses,
        "parents": row.parents or (row.record.parents if row.record else ()),
    }
    if row.record is not None:
        annotations["output_paths"] = row.paths  # those that were verified, whatever an imported record says
        is_same = all(getattr(row.record, name) == value for name, value in annotations.items())
        return row.record if is_same else replace(row.record, **annotations)
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
        **annotations,
    )


def row_outcomes(outcomes: Iterable[str]) -> tuple[str, ...]:
    """Return the outcomes of rows whose records have one of these: a run that was never answered is unknown."""
    names = set(outcomes)
    return tuple(name for name in SENT if name in names or (name == "submitting" and "unknown" in names))


# Rows as texts and numbers


def stamp(moment: datetime | None) -> str | None:
    """Return a time as text of one length, so that its order is the order of the text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def to_plain(row: JournalRow) -> dict[str, Any]:
    """Return a row as texts and numbers, in the order of `ROW_COLUMNS`; half a character becomes a question mark."""
    values: dict[str, Any] = {name: getattr(row, name) for name in ROW_COLUMNS}
    values |= {name: stamp(values[name]) for name in ("intent_at", "submitted_at", "settled_at")}
    values |= {name: json_text(values[name]) for name in ("parameters", "paths", "tags", "parents")}
    values["files"] = json_text([asdict(item) for item in row.files])
    values["record"] = json_text(row.record.to_dict()) if row.record else None
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def from_plain(values: Mapping[str, Any]) -> JournalRow:
    """Return the row that `to_plain` gave; raises ValueError that names the first column with anything else."""
    columns, errors = _read(values)
    for name, error in errors.items():
        raise ValueError(f"{name}: {str(error) or type(error).__name__}") from error
    return JournalRow(**columns)


def salvage(values: Mapping[str, Any]) -> JournalRow | None:
    """Return a damaged row with what can be read of it; None if it names no task to ask for."""
    columns, errors = _read(values)
    if errors.keys() & {"id", "server", "outcome"} or columns.get("task_id") is None:
        return None
    return JournalRow(**{**_DEFAULTS, **columns})


def read_rows(
    items: Iterable[Mapping[str, Any]], damaged_ids: set[str], unreadable_ids: set[str]
) -> Iterator[JournalRow]:
    """Yield the rows of a database, of damaged ones what can be read; add their ids to the sets."""
    for values in items:
        try:
            yield from_plain(values)
        except ValueError:
            damaged_ids.add(str(values["id"]))
            row = salvage(values)
            if row is not None:
                yield row
            else:
                unreadable_ids.add(str(values["id"]))


def _read(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Exception]]:
    """Return the columns that can be read, and why the others cannot."""
    columns: dict[str, Any] = {}
    errors: dict[str, Exception] = {}
    for name, read in _READERS.items():
        try:
            columns[name] = read(values[name])
        except UNREADABLE as exc:
            errors[name] = exc
    return columns, errors


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - a damaged row
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError("not a whole number")  # noqa: TRY004 - the same
    return value


def _outcome(value: Any) -> str:
    if value not in ROW_OUTCOMES:
        raise ValueError(f"{short_repr(value)} is not an outcome")
    return str(value)


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _object(value: Any) -> dict[str, Any]:
    mapping = json.loads(value)
    if not isinstance(mapping, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the same
    return mapping


def _texts(value: Any) -> tuple[str, ...]:
    if value == "[]":  # as most are
        return ()
    items = json.loads(value)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("not a list of texts")
    return tuple(items)


def _files(value: Any) -> tuple[OutputFile, ...]:
    if value == "[]":
        return ()
    items = json.loads(value or "[]")  # a history file of an earlier version has none
    return tuple(
        OutputFile(
            _text(item["path"]), _number(item["size"]), _text(item["sha256"]), _text(item.get("tag", ""))
        )
        for item in items
    )


def _record(value: Any) -> TaskRecord:
    return sound(TaskRecord.from_dict(_object(value)))


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("id", "server", "model"), _text),
    **dict.fromkeys(("task_id", "error", "host", "content", "born"), _or_none(_text)),
    **dict.fromkeys(("pid", "cell"), _or_none(_number)),
    **dict.fromkeys(("paths", "tags"), _texts),
    "parents": lambda value: _texts(value or "[]"),  # the same
    "files": _files,
    "parameters": _object,
    "record": _or_none(_record),
    "outcome": _outcome,
    "intent_at": _time,
    **dict.fromkeys(("submitted_at", "settled_at"), _or_none(_time)),
    "notes": lambda value: _text(value or ""),
    "star": bool,
    "reuses": lambda value: _number(value or 0),
}
_NO_COLUMNS: Final = {"is_connected", "is_elsewhere"}
ROW_COLUMNS: Final = tuple(item.name for item in fields(JournalRow) if item.name not in _NO_COLUMNS)
_DEFAULTS: Final = {
    **{item.name: item.default for item in fields(JournalRow) if item.default is not MISSING},
    "model": "",
    "parameters": {},
    "intent_at": datetime(1970, 1, 1, tzinfo=UTC),
}
