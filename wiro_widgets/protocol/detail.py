"""TaskDetail: a whole task as Task/Detail describes it, with a type for each field (docs/protocol.md, Task detail)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.redact import (
    TOKEN_FIELDS,
    SecretHolder,
    printable,
    redact_json,
    redactor,
    secret_field,
)
from wiro_widgets.protocol.replies import OutputInfo, outputs

CANCELLED = "task_cancel"
FINISHED = "task_postprocess_end"
SET_UP_FAILED = "task_error"  # as a status; the task waits until it is queued again
TERMINAL = frozenset({CANCELLED, FINISHED})
MAX_TASKS = 1_000  # of one reply: a small reply could hold many that are slow to read


@dataclass(frozen=True, slots=True, repr=False)
class TaskDetail(SecretHolder):
    """One task: times in UTC, durations in seconds, money in USD, the size in bytes.

    `exit_code` is None if Wiro's `pexit` is missing or unreadable; `exit_garbled` is True if it is unreadable.
    `extra` has all other fields, under Wiro's names.
    """

    id: str
    status: str
    token: str | None = secret_field()
    name: str = ""
    model: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    exit_code: int | None = None
    exit_garbled: bool = False
    total_cost: float | None = None
    cps: float | None = None
    elapsed_seconds: float | None = None
    created_at: datetime | None = None
    accepted_at: datetime | None = None
    preprocess_started_at: datetime | None = None
    preprocess_ended_at: datetime | None = None
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    postprocess_started_at: datetime | None = None
    postprocess_ended_at: datetime | None = None
    cancelled_at: datetime | None = None
    debug_output: str = field(default="", repr=False)
    debug_error: str = field(default="", repr=False)
    outputs: tuple[OutputInfo, ...] = ()
    categories: tuple[str, ...] = ()
    size: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        cost = "" if self.total_cost is None else f", {dollars(self.total_cost)}"
        model = f" of {self.model}" if self.model else ""
        return printable(f"<TaskDetail {self.id}{model}: {self.status}{cost}, outputs: {len(self.outputs)}>")

    @property
    def terminal(self) -> bool:
        """True if nothing more will happen to the task."""
        return self.status in TERMINAL

    @property
    def stage_times(self) -> dict[str, float]:
        """The Unix time of each stage, in whole seconds of Wiro's clock."""
        times = {stage: getattr(self, name) for name, stage in _TIMES.values()}
        return {stage: at.timestamp() for stage, at in times.items() if at is not None}


def read_tasks(reply: Mapping[str, Any], first_id: str | None = None) -> tuple[TaskDetail, ...]:
    """Read the `tasklist` of a reply, the task with `first_id` first."""
    tasks = wire_values.mappings(reply.get("tasklist"))
    if first_id is not None:
        tasks = sorted(tasks, key=lambda task: _id(task) != first_id)
    return tuple(map(read_task, tasks[:MAX_TASKS]))


def read_task(task: Mapping[str, Any]) -> TaskDetail:
    """Read one task of any types; its token is in the secret field and nowhere else."""
    token = wire_values.identifier(task.get("socketaccesstoken"), task.get("tasktoken"))
    task = redact_json(task, redactor(token)) if token else task
    simple = {name: read(value) for wire, name, read in _SIMPLE if (value := task.get(wire)) is not None}
    owner, name = (wire_values.identifier(task.get(key)) for key in ("modelslugowner", "modelslugproject"))
    pexit = task.get("pexit")
    code = wire_values.integer(pexit)
    return TaskDetail(
        id=_id(task),
        status=wire_values.text(task.get("status")) or "",
        token=token,
        model=f"{owner}/{name}" if owner and name else None,
        parameters=wire_values.mapping(task.get("parameters")),
        exit_code=code,
        exit_garbled=code is None and pexit is not None and pexit != "",
        outputs=outputs(task.get("outputs")) or outputs(task.get("output")),
        categories=wire_values.strings(task.get("categories")),
        size=wire_values.integer(task.get("size")),
        extra={key: value for key, value in task.items() if key not in _WIRE_NAMES},
        **simple,
    )


def _id(task: Mapping[str, Any]) -> str:
    return wire_values.identifier(task.get("id"), task.get("taskid")) or ""


_TEXTS = {"name": "name", "debugoutput": "debug_output", "debugerror": "debug_error"}
_TIMES = {
    "createtime": ("created_at", "task_queue"),
    "accepttime": ("accepted_at", "task_accept"),
    "preprocessstarttime": ("preprocess_started_at", "task_preprocess_start"),
    "preprocessendtime": ("preprocess_ended_at", "task_preprocess_end"),
    "assigntime": ("assigned_at", "task_assign"),
    "starttime": ("started_at", "task_start"),
    "endtime": ("ended_at", "task_end"),
    "postprocessstarttime": ("postprocess_started_at", "task_postprocess_start"),
    "postprocessendtime": ("postprocess_ended_at", "task_postprocess_end"),
    "canceltime": ("cancelled_at", "task_cancel"),
}
_AMOUNTS = {"totalcost": "total_cost", "cps": "cps", "elapsedseconds": "elapsed_seconds"}
_SIMPLE: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    *((wire, name, lambda value: wire_values.text(value) or "") for wire, name in _TEXTS.items()),
    *((wire, name, wire_values.utc_time) for wire, (name, _stage) in _TIMES.items()),
    *((wire, name, wire_values.amount) for wire, name in _AMOUNTS.items()),
)
_WIRE_NAMES = frozenset(
    {*_TEXTS, *_TIMES, *_AMOUNTS, *TOKEN_FIELDS, "id", "taskid", "status", "parameters"}
    | {"pexit", "outputs", "output", "categories", "size", "modelslugowner", "modelslugproject"}
)
