"""TaskState and `advance`: the one reducer, pure, and the same whatever order the frames arrive in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

from wiro_widgets.protocol.detail import CANCELLED, FINISHED, TaskDetail
from wiro_widgets.protocol.events import STAGES, Lifecycle, Log, Outputs, Progress, TaskEvent, TextSnapshot
from wiro_widgets.protocol.loglines import LogLines
from wiro_widgets.protocol.replies import OutputInfo, TextContent

Status = Literal[
    "idle",
    "submitting",
    "queued",
    "running",
    "finishing",
    "succeeded",
    "failed",
    "cancelled",
    "unknown",
]
SETTLED: frozenset[Status] = frozenset({"succeeded", "failed", "cancelled", "unknown"})

_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_QUEUED, _ENDING = _RANK["task_queue"], _RANK["task_output_full"]
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known of a task now.

    `status` is the word a person reads, `stage` Wiro's own. `progress` is a fraction of 1 and `step` the
    event it came from. `heard` has the unix time at which each stage was first heard of. `output_text` and
    `error_text` are whole streams where Wiro told them; `log` is the lines as they were seen, so it does not
    count in a comparison.
    Outputs are published only once the task has ended, for until then their links may lead nowhere.
    """

    status: Status = "submitting"
    stage: str | None = None
    progress: float | None = None
    step: Progress | None = None
    heard: Mapping[str, float] = field(default_factory=dict)
    outputs: tuple[OutputInfo, ...] = ()
    text: TextContent | None = None
    output_text: str | None = None
    error_text: str | None = None
    success: bool | None = None
    exit_code: int | None = None
    note: str | None = None
    detail: TaskDetail | None = field(default=None, compare=False, repr=False)
    log: LogLines = field(default_factory=LogLines, compare=False)

    @property
    def timings(self) -> Mapping[str, float]:
        """The unix time of each stage: as heard, else as Task/Detail has it, in whole seconds of Wiro's clock."""
        return self.heard or (_times(self.detail) if self.detail else {})

    @property
    def settled(self) -> bool:
        """Whether nothing more will change."""
        return self.status in SETTLED

    @property
    def ended(self) -> bool:
        """Whether Wiro said that the task has ended, though its results may not be here yet."""
        return self.stage in (FINISHED, CANCELLED)


def advance(state: TaskState, item: TaskEvent | TaskDetail) -> TaskState:
    """Return the state after an event from the socket or a detail read over HTTP.

    Events may come late, twice and in any order: each of them only ever adds, and none undoes a settled outcome.
    Details come in the order in which they were read.
    """
    if isinstance(item, Log):
        return _logged(state, item)
    if isinstance(item, Progress):
        return _progressed(state, item)
    if isinstance(item, TextSnapshot):
        return _said(_staged(state, "task_start", item.at), item.content)
    if isinstance(item, Lifecycle | Outputs):
        return _ended(_staged(state, item.type, item.at), item)
    if isinstance(item, TaskDetail):
        return _detailed(state, item)
    return state


def advance_all(state: TaskState, events: Sequence[TaskEvent]) -> TaskState:
    """Return the state after these events, as if after one after the other, but lines in a row cost one new state."""
    for is_line, group in groupby(events, _is_line):
        if is_line:
            lines = [event for event in group if isinstance(event, Log)]
            state = _staged(state, "task_start", min(line.at for line in lines))
            state = replace(state, log=state.log.appended(*lines))
        else:
            for event in group:
                state = advance(state, event)
    return state


def _is_line(event: TaskEvent) -> bool:
    return isinstance(event, Log) and not event.full


def succeeded(detail: TaskDetail, state: TaskState) -> bool:
    """Whether an ended task gave what was asked (protocol: the life of a task).

    A `pexit` that says something unreadable ("SIGKILL") is no success. Where it is missing, the newer frames'
    `success` decides, and failing that the outputs do, unless there is an error beside them.
    """
    if detail.status != FINISHED or detail.exit_garbled:
        return False
    code = detail.exit_code if detail.exit_code is not None else state.exit_code
    if code is not None:
        return code == 0
    if state.success is not None:
        return state.success
    return bool(detail.outputs) and not detail.debug_error


def _staged(state: TaskState, stage: str, at: float) -> TaskState:
    """Move on to a stage, never back; a stage's time is the earliest that was heard of it."""
    if stage not in _RANK:
        return state
    if at < state.heard.get(stage, _NEVER):
        state = replace(state, heard={**state.heard, stage: at})
    if state.settled or (state.stage is not None and _RANK[stage] <= _RANK.get(state.stage, -1)):
        return state
    return replace(state, stage=stage, status=_status_at(stage))


def _status_at(stage: str) -> Status:
    rank = _RANK[stage]
    return "queued" if rank == _QUEUED else "running" if rank < _ENDING else "finishing"


def _ended(state: TaskState, item: Lifecycle | Outputs) -> TaskState:
    """Take what a newer frame says of the outcome; of two that differ the bad news stays."""
    if state.settled or (item.success is None and item.exit_code is None):
        return state
    successes = [told for told in (state.success, item.success) if told is not None]
    codes = [told for told in (state.exit_code, item.exit_code) if told is not None]
    return replace(
        state,
        success=all(successes) if successes else None,
        exit_code=max(codes, key=lambda code: (code != 0, code), default=None),
    )


def _logged(state: TaskState, line: Log) -> TaskState:
    if not line.full:
        return advance_all(state, (line,))
    state = _staged(state, line.type, line.at)
    if line.stream == "error":
        return replace(state, error_text=_longer(state.error_text, line.text))
    return replace(state, output_text=_longer(state.output_text, line.text))


def _progressed(state: TaskState, told: Progress) -> TaskState:
    state = _staged(state, "task_start", told.at)
    if state.step is not None and _how_far(told) <= _how_far(state.step):
        return state
    return replace(state, step=told, progress=1.0 if state.status == "succeeded" else told.fraction)


def _how_far(told: Progress) -> tuple[Any, ...]:
    """Order progress by how far it is; of the same progress told twice the first counts."""
    fraction = -1.0 if told.fraction is None else told.fraction
    step = -1 if told.step is None else told.step
    words = (told.label, told.speed, told.elapsed, told.remaining)
    return (fraction, step, -told.at, told.total or 0, *(word or "" for word in words))


def _said(state: TaskState, content: TextContent) -> TaskState:
    """Keep the longer snapshot: they are cumulative, so the longer one is the later one."""
    if state.settled and state.detail and _content(state.detail):
        return state
    if state.text and _how_long(state.text) >= _how_long(content):
        return state
    return replace(state, text=content)


def _detailed(state: TaskState, detail: TaskDetail) -> TaskState:
    """Take the truth: a detail's own texts and outcome go before what the socket said."""
    if state.detail and state.detail.terminal and not detail.terminal:
        return state  # an answer that was on its way for long
    state = replace(
        state,
        detail=detail,
        note=detail.debug_error or state.note if detail.status == "task_error" else None,
        output_text=_longer(state.output_text, detail.debug_output),
        error_text=_longer(state.error_text, detail.debug_error),
    )
    if not detail.terminal:
        return _staged(state, detail.status, _NEVER) if detail.status in _RANK else _waiting(state)
    won = succeeded(detail, state)
    return replace(
        state,
        stage=detail.status,
        status="succeeded" if won else "cancelled" if detail.status == CANCELLED else "failed",
        success=won,
        exit_code=detail.exit_code if detail.exit_code is not None else state.exit_code,
        outputs=detail.outputs,
        text=_content(detail) or state.text,
        progress=1.0 if won else state.progress,
    )


def _content(detail: TaskDetail) -> TextContent | None:
    return next((item.content for item in detail.outputs if item.content), None)


def _waiting(state: TaskState) -> TaskState:
    """Keep waiting at a status outside the stages, such as a set-up failure that awaits its next try."""
    return replace(state, status="queued") if state.status == "submitting" else state


def _times(detail: TaskDetail) -> dict[str, float]:
    told = {
        "task_queue": detail.created_at,
        "task_accept": detail.accepted_at,
        "task_preprocess_start": detail.preprocess_started_at,
        "task_preprocess_end": detail.preprocess_ended_at,
        "task_assign": detail.assigned_at,
        "task_start": detail.started_at,
        "task_end": detail.ended_at,
        "task_postprocess_start": detail.postprocess_started_at,
        "task_postprocess_end": detail.postprocess_ended_at,
        "task_cancel": detail.cancelled_at,
    }
    return {stage: at.timestamp() for stage, at in told.items() if at is not None}


def _longer(known: str | None, told: str) -> str | None:
    """Return the longer of two tellings of one stream; the order of their coming must not matter."""
    if not told or (known is not None and (len(known), known) >= (len(told), told)):
        return known
    return told


def _how_long(content: TextContent) -> tuple[Any, ...]:
    thinking, answer = content.thinking, content.answer
    return (
        sum(map(len, answer)),
        sum(map(len, thinking)),
        len(content.raw),
        answer,
        thinking,
        content.raw,
        content.prompt,
    )
