"""TaskRecord: what a run was and what came of it, as one flat row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Literal, TypeAlias

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.state import TaskState

_Seen: TypeAlias = tuple[
    datetime | None, datetime | None
]  # of a stage: when Wiro says it was, when it was heard
Outcome = Literal["succeeded", "failed", "cancelled", "running", "unknown"]

_TIMES = ("created_at", "started_at", "ended_at")
_SHOWN = 1_000  # characters of one value in a notebook
_EARLIEST, _LATEST = timedelta(seconds=-1), timedelta(seconds=2)  # a whole second, other clocks, the way here
_GLANCE = 80  # characters of one value in a terminal
_TUPLES = ("output_urls", "output_paths", "tags")


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task as one row: times in UTC, durations in seconds, cost in USD.

    `status` is Wiro's own word ("task_postprocess_end"), `outcome` is ours. `text` is what a language model said.
    `reused_from` is the task whose result answered the run, which then cost nothing, and `reuses` how many runs this
    one's has answered. `star`, `tags` and `note` are what a person said of it in the history.
    """

    task_id: str | None = None
    model: str | None = None
    status: str | None = None
    success: bool | None = None
    exit_code: int | None = None
    prompt: str | None = None
    seed: int | str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    queue_seconds: float | None = None
    run_seconds: float | None = None
    elapsed_seconds: float | None = None
    total_cost: float | None = None
    output_count: int = 0
    output_urls: tuple[str, ...] = ()
    output_paths: tuple[str, ...] = ()
    error: str | None = None
    outcome: Outcome = "unknown"
    text: str | None = None
    reused_from: str | None = None
    star: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""
    reuses: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON-ready values: times as ISO 8601 text, tuples as lists."""
        row = asdict(self)
        row.update({name: row[name].isoformat() for name in _TIMES if row[name] is not None})
        row.update({name: list(row[name]) for name in _TUPLES})
        return row

    def __repr__(self) -> str:
        whose = f"task {self.task_id}" if self.task_id else "no task"
        what = ", ".join((self.outcome, *_facts(self)))
        return f"<TaskRecord of {whose}, {_clipped(self.model or 'no model')}: {what}>"

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        rows = [(name, value) for name, value in self.to_dict().items() if value not in (None, "", [], False)]
        cells = "".join(f"<tr><th>{name}</th><td>{_cell(value)}</td></tr>" for name, value in rows)
        return f'<table style="text-align:left">{cells}</table>'

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> TaskRecord:
        """Read what `to_dict` wrote; unknown keys are left out."""
        known = {name: row[name] for name in _NAMES if name in row}
        known.update({name: _moment(known[name]) for name in _TIMES if isinstance(known.get(name), str)})
        for name in _TUPLES:
            known[name] = tuple(known.get(name) or ())
        return cls(**known)


_NAMES = tuple(item.name for item in fields(TaskRecord))


def _moment(text: str) -> datetime | None:
    """Return a time that `to_dict` wrote, which needs no look at Wiro's other ways; those for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return wire_values.moment(text)
    return found if found.tzinfo is UTC else wire_values.moment(text)


def _facts(record: TaskRecord) -> list[str]:
    """Return what is read of a run at a glance; the row itself has the rest."""
    count = record.output_count
    told = [
        record.seed is not None and f"seed {_clipped(record.seed)}",
        record.elapsed_seconds is not None and f"{record.elapsed_seconds:.1f} s",
        record.total_cost is not None and dollars(record.total_cost),
        count > 0 and (f"{count} outputs" if count > 1 else "1 output"),
        record.text and f"{len(record.text)} characters",
        record.prompt and f"prompt {_clipped(record.prompt)!r}",
        record.error and f"error {_clipped(record.error)!r}",
        record.reused_from and f"reused from task {record.reused_from}",
    ]
    return [fact for fact in told if fact]


def _clipped(value: object) -> str:
    line = " ".join(str(value).split())
    return line if len(line) <= _GLANCE else f"{line[:_GLANCE]}..."


def _cell(value: object) -> str:
    """Return a value as a table of HTML shows it: escaped, on the left, no longer than is read."""
    if isinstance(value, dict):
        value = ", ".join(f"{name}={item!r}" for name, item in value.items())
    text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    clipped = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return f'<div style="text-align:left;white-space:pre-wrap">{escape(clipped)}</div>'


def record_of(
    state: TaskState,
    *,
    task_id: str | None,
    model: str | None,
    parameters: Mapping[str, Any],
    paths: tuple[str, ...] = (),
) -> TaskRecord:
    """Return the row of a task as it stands.

    Times are those that were heard, to parts of a second, where Task/Detail, which counts whole ones, agrees with them.
    """
    detail = state.detail or TaskDetail(id=task_id or "", status=state.stage or "")
    created = _seen(state, "task_queue", detail.created_at)
    started = _seen(state, "task_start", detail.started_at)
    ended = _ended(state, detail)
    accepted = _seen(state, "task_accept", detail.accepted_at)
    stopped = _seen(state, "task_end", detail.ended_at)
    created_at, started_at, ended_at = _on_one_clock(created, started, ended)
    known = {**detail.parameters, **parameters}
    seed = wire_values.integer(known.get("seed"))
    return TaskRecord(
        task_id=task_id,
        model=model or detail.model,
        status=detail.status or state.stage,
        success=state.success if state.settled else None,
        exit_code=state.exit_code,
        prompt=wire_values.text(known.get("prompt")),
        seed=seed if seed is not None else wire_values.text(known.get("seed")),
        parameters=known,
        created_at=created_at,
        started_at=started_at,
        ended_at=ended_at,
        queue_seconds=_between(created, accepted if any(accepted) else started),
        run_seconds=_between(started, stopped if any(stopped) else ended),
        elapsed_seconds=detail.elapsed_seconds
        if detail.elapsed_seconds is not None
        else _between(created, ended),
        total_cost=detail.total_cost,
        output_count=len(state.outputs),
        output_urls=tuple(item.url for item in state.outputs if item.url),
        output_paths=paths,
        error=_error(state),
        outcome=_outcome(state),
        text=state.text.text if state.text else None,
    )


def error_text(state: TaskState) -> str:
    """Return what a failed task had to say: its stderr, else the lines that were seen of it."""
    lines = [line.text for line in state.log if line.stream == "error"]
    return state.error_text or "\n".join(lines) or state.note or ""


def _outcome(state: TaskState) -> Outcome:
    match state.status:
        case "succeeded" | "failed" | "cancelled" | "unknown":
            return state.status
        case _:
            return "running"


def _error(state: TaskState) -> str | None:
    return (error_text(state) or "The model gave no reason.") if state.status == "failed" else state.note


def _ended(state: TaskState, detail: TaskDetail) -> _Seen:
    if not state.settled:
        return None, None
    told = detail.postprocess_ended_at or detail.ended_at
    if state.status == "cancelled":
        return _seen(state, "task_cancel", detail.cancelled_at or told)
    return _seen(state, "task_postprocess_end", told)


def _seen(state: TaskState, stage: str, told: datetime | None) -> _Seen:
    """Return a stage's time as Wiro tells it and as it was heard, unless that was long after, as by a late listener."""
    at = state.heard.get(stage)
    heard = None if at is None else datetime.fromtimestamp(at, UTC)
    if told is not None and heard is not None and not _EARLIEST < heard - told < _LATEST:
        heard = None
    return told, heard


def _on_one_clock(*seen: _Seen) -> list[datetime | None]:
    """Return the times as heard where all of them were, else as Wiro tells them, so that their order is right."""
    all_heard = all(heard is not None for told, heard in seen if told is not None)
    return [heard if all_heard else told or heard for told, heard in seen]


def _between(start: _Seen, end: _Seen) -> float | None:
    first, last = _on_one_clock(start, end)
    return None if first is None or last is None else max(0.0, (last - first).total_seconds())
