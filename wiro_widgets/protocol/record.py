"""TaskRecord: a run and its outcome as one flat row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.text.text_content import cut_off_reason

Outcome = Literal["succeeded", "failed", "cancelled", "running", "unknown"]

_TIMES = ("created_at", "started_at", "ended_at")
_TUPLES = ("output_urls", "output_paths", "parents", "tags")
_MAX_CELL = 1_000  # characters of one value in a notebook
_MAX_REPR = 80  # characters of one value in a terminal


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task as one row: times in UTC, durations in seconds, cost in USD.

    `status` is Wiro's word ("task_postprocess_end"), `outcome` is ours. `text` is the answer of a language model,
    `finish_reason` is Wiro's word for why it stopped ("stop", "length", "content_filter", "tool_calls"), and `usage`
    has its counts of tokens under Wiro's names.
    `reused_from` is the task whose result answered the run, which then cost nothing; `reuses` counts the runs that
    this task has answered. `star`, `tags` and `note` are the user's own, from the history.

    >>> record = client.history.records()[0]
    >>> record.prompt, record.total_cost, record.run_seconds, record.output_paths
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
    parents: tuple[str, ...] = ()
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
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

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> TaskRecord:
        """Read a row that `to_dict` wrote; unknown keys are left out."""
        values = {name: row[name] for name in _NAMES if name in row}
        values.update({name: _time(values[name]) for name in _TIMES if isinstance(values.get(name), str)})
        values.update({name: tuple(values.get(name) or ()) for name in _TUPLES})
        return cls(**values)

    def __repr__(self) -> str:
        task = f"task {self.task_id}" if self.task_id else "no task"
        summary = ", ".join((self.outcome, *_summary(self)))
        return printable(f"<TaskRecord of {task}, {_one_line(self.model or 'no model')}: {summary}>")

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        rows = [(name, value) for name, value in self.to_dict().items() if value not in (None, "", [], False)]
        cells = "".join(f"<tr><th>{name}</th><td>{_cell(value)}</td></tr>" for name, value in rows)
        return f'<table class="mathjax_ignore tex2jax_ignore" style="text-align:left">{cells}</table>'


_NAMES = tuple(item.name for item in fields(TaskRecord))


def task_id_of(task: object) -> str:
    """Return the id of a task that is named by its id, its record, or what has a record; "" for none."""
    record = getattr(task, "record", task)
    task_id = getattr(record, "task_id", record)
    return "" if task_id is None else str(task_id).strip()


def _time(text: str) -> datetime | None:
    """Return a time that `to_dict` wrote; the direct way is faster, and a history reads thousands."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return wire_values.utc_time(text)
    return time if time.tzinfo is UTC else wire_values.utc_time(text)


def _summary(record: TaskRecord) -> list[str]:
    count = record.output_count
    facts = [
        record.seed is not None and f"seed {_one_line(record.seed)}",
        record.elapsed_seconds is not None and f"{record.elapsed_seconds:.1f} s",
        record.total_cost is not None and dollars(record.total_cost),
        count > 0 and (f"{count} outputs" if count > 1 else "1 output"),
        record.text and f"{len(record.text)} characters",
        cut_off_reason(record.finish_reason) and f"cut off ({_one_line(record.finish_reason)})",
        record.prompt and f"prompt {_one_line(record.prompt)!r}",
        record.error and f"error {_one_line(record.error)!r}",
        record.reused_from and f"reused from task {record.reused_from}",
    ]
    return [fact for fact in facts if fact]


def _one_line(value: object) -> str:
    return _shorten(" ".join(str(value).split()), _MAX_REPR)


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def _cell(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name}={item!r}" for name, item in value.items())
    text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    return f'<div style="text-align:left;white-space:pre-wrap">{escape(_shorten(text, _MAX_CELL))}</div>'
