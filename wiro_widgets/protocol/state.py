"""TaskState and `advance`: the one reducer, pure, and the same whatever order the frames arrive in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, overload

from wiro_widgets.protocol.detail import CANCELLED, FINISHED, TaskDetail
from wiro_widgets.protocol.events import STAGES, Lifecycle, Log, Outputs, Progress, TaskEvent, TextSnapshot
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
MAX_LOG_LINES = 10_000

_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_QUEUED, _ENDING = _RANK["task_queue"], _RANK["task_output_full"]


class LogLines(Sequence[Log]):
    """An immutable list of log lines that shares its memory with the longer ones made from it.

    Holds the last `MAX_LOG_LINES`; `dropped` counts the ones before.
    """

    __slots__ = ("_end", "_lines", "_start", "dropped")

    def __init__(self, lines: list[Log] | None = None) -> None:
        self._lines = [] if lines is None else lines
        self._start = 0
        self._end = len(self._lines)
        self.dropped = 0

    def appended(self, line: Log) -> LogLines:
        """Return these lines and one more, in constant time when these are the newest."""
        lines, start = self._lines, self._start
        if len(lines) != self._end or start > MAX_LOG_LINES:
            lines, start = lines[start : self._end], 0
        lines.append(line)
        longer = LogLines(lines)
        over = max(0, longer._end - start - MAX_LOG_LINES)
        longer._start = start + over
        longer.dropped = self.dropped + over
        return longer

    def __len__(self) -> int:
        return self._end - self._start

    @overload
    def __getitem__(self, index: int) -> Log: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Log]: ...
    def __getitem__(self, index: int | slice) -> Log | Sequence[Log]:
        if isinstance(index, slice):
            return self._lines[self._start : self._end][index]
        return self._lines[range(self._start, self._end)[index]]

    def __iter__(self) -> Iterator[Log]:
        return (self._lines[index] for index in range(self._start, self._end))

    def __repr__(self) -> str:
        return f"<{len(self)} log lines>"


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
    """Return the state after an event from the socket or a detail read over HTTP."""
    if isinstance(item, Log):
        return _logged(state, item)
    if isinstance(item, Progress):
        return _progressed(state, item)
    if isinstance(item, TextSnapshot):
        return _staged(_said(state, item.content), "task_start", item.at)
    if isinstance(item, Lifecycle | Outputs):
        told = _staged(state, item.type, item.at)
        success = told.success if item.success is None else item.success
        exit_code = told.exit_code if item.exit_code is None else item.exit_code
        return replace(told, success=success, exit_code=exit_code)
    if isinstance(item, TaskDetail):
        return _detailed(state, item)
    return state


def succeeded(detail: TaskDetail, state: TaskState) -> bool:
    """Whether an ended task gave what was asked (protocol: the life of a task).

    Where `pexit` is missing or garbage, the newer frames' `success` decides, and failing that the outputs do.
    """
    if detail.status != FINISHED:
        return False
    code = detail.exit_code if detail.exit_code is not None else state.exit_code
    if code is not None:
        return code == 0
    return bool(detail.outputs) if state.success is None else state.success


def _staged(state: TaskState, stage: str, at: float) -> TaskState:
    """Move on to a stage, never back; a stage's time is the earliest that was heard of it."""
    heard = state.heard
    if at < heard.get(stage, float("inf")):
        heard = {**heard, stage: at}
    if state.stage is not None and _RANK.get(stage, -1) <= _RANK[state.stage]:
        return state if heard is state.heard else replace(state, heard=heard)
    if stage not in _RANK:
        return state
    status = state.status if state.settled else _status_at(stage)
    return replace(state, stage=stage, status=status, heard=heard)


def _status_at(stage: str) -> Status:
    rank = _RANK[stage]
    return "queued" if rank == _QUEUED else "running" if rank < _ENDING else "finishing"


def _logged(state: TaskState, line: Log) -> TaskState:
    if line.full:
        told = _staged(state, line.type, line.at)
        if not line.text:
            return told
        if line.stream == "error":
            return replace(told, error_text=_longer(told.error_text, line.text))
        return replace(told, output_text=_longer(told.output_text, line.text))
    return replace(_staged(state, "task_start", line.at), log=state.log.appended(line))


def _progressed(state: TaskState, told: Progress) -> TaskState:
    state = _staged(state, "task_start", told.at)
    if told.fraction is None or (state.progress is not None and told.fraction < state.progress):
        return state if state.step else replace(state, step=told)
    if state.step and told.fraction == state.progress and told.at >= state.step.at:
        return state
    return replace(state, progress=told.fraction, step=told)


def _said(state: TaskState, content: TextContent) -> TaskState:
    """Keep the longer snapshot: they are cumulative, so the longer one is the later one."""
    known = state.text
    if known and _length(known) >= _length(content):
        return state
    return replace(state, text=content)


def _detailed(state: TaskState, detail: TaskDetail) -> TaskState:
    """Take the truth: a detail's own texts and outcome go before what the socket said."""
    state = replace(
        state,
        detail=detail,
        note=detail.debug_error or state.note if detail.status == "task_error" else None,
        output_text=_longer(state.output_text, detail.debug_output),
        error_text=_longer(state.error_text, detail.debug_error),
    )
    if not detail.terminal:
        return _staged(state, detail.status, float("inf")) if detail.status in _RANK else _waiting(state)
    won = succeeded(detail, state)
    text = next((item.content for item in detail.outputs if item.content), None)
    return replace(
        _said(state, text) if text else state,
        stage=detail.status,
        status="succeeded" if won else "cancelled" if detail.status == CANCELLED else "failed",
        success=won,
        exit_code=detail.exit_code if detail.exit_code is not None else state.exit_code,
        outputs=detail.outputs,
        progress=1.0 if won else state.progress,
    )


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
    return told if told and len(told) > len(known or "") else known


def _length(content: TextContent) -> tuple[int, int]:
    return sum(map(len, content.answer)) or len(content.raw), sum(map(len, content.thinking))
