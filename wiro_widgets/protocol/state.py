"""TaskState and `advance`: what events and details make of a task, the same in whatever order the frames arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal, overload

from wiro_widgets.protocol.detail import CANCELLED, FINISHED, SET_UP_FAILED, TaskDetail
from wiro_widgets.protocol.events import STAGES, Lifecycle, Log, Outputs, Progress, TaskEvent, TextSnapshot
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import TextContent, stream_content, with_end

Status = Literal[
    "idle", "submitting", "queued", "running", "finishing", "succeeded", "failed", "cancelled", "unknown"
]
SETTLED: frozenset[Status] = frozenset({"succeeded", "failed", "cancelled", "unknown"})
MAX_LOG_LINES = 10_000
MAX_LOG_CHARS = 16 * 1024 * 1024

_RANK = {stage: rank for rank, stage in enumerate(STAGES)}
_NEVER = float("inf")
_NO_REASON = "The set-up failed, and Wiro gives no reason."


class LogLines(Sequence[Log]):
    """An immutable list of log lines that shares memory with the longer lists made from it, so that growing is cheap.

    Holds the last `MAX_LOG_LINES`, fewer if they exceed `MAX_LOG_CHARS` together; `dropped_count` counts the others.
    """

    __slots__ = ("_chars", "_end", "_lines", "_start", "dropped_count")

    def __init__(self, lines: Iterable[Log] = ()) -> None:
        self._lines = list(lines)
        self._start = 0
        self._end = len(self._lines)
        self._chars = sum(len(line.text) for line in self._lines)
        self.dropped_count = 0

    def plus(self, *more: Log) -> LogLines:
        """Return these lines and more; constant time for each new line if no longer list was made before."""
        lines, start = self._lines, self._start
        # Copy if a longer list has grown behind this one, or if most of the memory is dropped lines.
        if len(lines) != self._end or start > len(self):
            lines, start = lines[start : self._end], 0
        lines.extend(more)
        longer = LogLines()
        longer._lines, longer._start, longer._end = lines, start, len(lines)
        longer._chars = self._chars + sum(len(line.text) for line in more)
        while len(longer) > MAX_LOG_LINES or (longer._chars > MAX_LOG_CHARS and len(longer) > 1):
            longer._chars -= len(lines[longer._start].text)
            longer._start += 1
        longer.dropped_count = self.dropped_count + longer._start - start
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


@dataclass(frozen=True, slots=True, repr=False)
class TaskState:
    """What is known of a task now.

    `status` is for people, `stage` is Wiro's word. `progress` is a fraction from 0 to 1, `step` the event it came from.
    `stage_times` has the Unix time at which the first event of each stage arrived. `output_text` and `error_text` are
    whole streams, if Wiro sent them. `log` has the lines as they arrived, so it does not count in a comparison.
    `text` is a language model's: the longest `snapshot` while it writes, Task/Detail's once it has succeeded.
    `outputs` is empty until the task has ended: before that the links may answer 404.
    """

    status: Status = "submitting"
    stage: str | None = None
    progress: float | None = None
    step: Progress | None = None
    stage_times: Mapping[str, float] = field(default_factory=dict)
    outputs: tuple[OutputInfo, ...] = ()
    text: TextContent | None = None
    snapshot: TextContent | None = field(default=None, repr=False)
    output_text: str | None = None
    error_text: str | None = None
    success: bool | None = None
    exit_code: int | None = None
    note: str | None = None
    detail: TaskDetail | None = field(default=None, compare=False, repr=False)
    log: LogLines = field(default_factory=LogLines, compare=False)

    def __repr__(self) -> str:
        facts = [self.status, self.stage, None if self.progress is None else f"{self.progress:.0%}"]
        facts += [f"outputs: {len(self.outputs)}", f"log lines: {len(self.log)}"]
        return printable(f"<TaskState {', '.join(filter(None, facts))}>")

    @property
    def timings(self) -> Mapping[str, float]:
        """The Unix time of each stage: that of its first event, else Task/Detail's, in whole seconds."""
        return self.stage_times or (self.detail.stage_times if self.detail else {})

    @property
    def settled(self) -> bool:
        """True if nothing more will change."""
        return self.status in SETTLED

    @property
    def ended(self) -> bool:
        """True if Wiro said that the task has ended, even if its results are not here yet."""
        return self.stage in (FINISHED, CANCELLED)


def advance(state: TaskState, item: TaskEvent | TaskDetail) -> TaskState:
    """Return the state after an event from the socket or a detail read over HTTP.

    Events may come late, twice and in any order: each only adds, and none undoes a settled outcome.
    Details come in the order in which they were read.
    """
    if isinstance(item, Log):
        return _with_full_log(state, item) if item.full else _with_lines(state, (item,))
    if isinstance(item, Progress):
        return _with_progress(state, item)
    if isinstance(item, TextSnapshot):
        state = _with_progress(state, item.progress) if item.progress else state
        return _with_text(_at_stage(state, "task_start", item.at), item.content)
    if isinstance(item, Lifecycle | Outputs):
        return _with_outcome(_at_stage(state, item.type, item.at), item)
    if isinstance(item, TaskDetail):
        return _with_detail(state, item)
    return state


def advance_all(state: TaskState, events: Sequence[TaskEvent]) -> TaskState:
    """Return the state after these events in order; consecutive log lines cost one new state together."""
    for is_line, group in groupby(events, lambda event: isinstance(event, Log) and not event.full):
        if is_line:
            state = _with_lines(state, [event for event in group if isinstance(event, Log)])
        else:
            for event in group:
                state = advance(state, event)
    return state


def succeeded(detail: TaskDetail, state: TaskState) -> bool:
    """Return True if an ended task gave a result (docs/protocol.md, Task life).

    An unreadable `pexit` ("SIGKILL") is no success. Without a `pexit` the `success` of newer frames decides, without
    both the outputs do, unless there is an error beside them.
    """
    if detail.status != FINISHED or detail.exit_garbled:
        return False
    code = detail.exit_code if detail.exit_code is not None else state.exit_code
    if code is not None:
        return code == 0
    if state.success is not None:
        return state.success
    return bool(detail.outputs) and not detail.debug_error


def _at_stage(state: TaskState, stage: str, at: float) -> TaskState:
    """Move on to a stage, never back; the earliest time of a stage counts."""
    if stage not in _RANK:
        return state
    if at < state.stage_times.get(stage, _NEVER):
        state = replace(state, stage_times={**state.stage_times, stage: at})
    rank = _RANK[stage]
    if state.settled or (state.stage is not None and rank <= _RANK.get(state.stage, -1)):
        return state
    is_running = _RANK["task_queue"] < rank < _RANK["task_output_full"]
    status: Status = "running" if is_running else "queued" if stage == "task_queue" else "finishing"
    return replace(state, stage=stage, status=status)


def _with_lines(state: TaskState, lines: Sequence[Log]) -> TaskState:
    state = _at_stage(state, "task_start", min(line.at for line in lines))
    return replace(state, log=state.log.plus(*lines))


def _with_full_log(state: TaskState, log: Log) -> TaskState:
    state = _at_stage(state, log.type, log.at)
    if log.stream == "error":
        return replace(state, error_text=_longer(state.error_text, log.text))
    return replace(state, output_text=_longer(state.output_text, log.text))


def _with_outcome(state: TaskState, item: Lifecycle | Outputs) -> TaskState:
    """Take the outcome of a newer frame; if two frames differ, the failure counts."""
    if state.settled or (item.success is None and item.exit_code is None):
        return state
    successes = [success for success in (state.success, item.success) if success is not None]
    codes = [code for code in (state.exit_code, item.exit_code) if code is not None]
    return replace(
        state,
        success=all(successes) if successes else None,
        exit_code=max(codes, key=lambda code: (code != 0, code), default=None),
    )


def _with_progress(state: TaskState, step: Progress) -> TaskState:
    state = _at_stage(state, "task_start", step.at)
    if state.step is not None and _progress_order(step) <= _progress_order(state.step):
        return state
    return replace(state, step=step, progress=1.0 if state.status == "succeeded" else step.fraction)


def _progress_order(step: Progress) -> tuple[Any, ...]:
    """Order progress by its extent; of equal ones the first counts, and the words make the order total.

    Of those without any extent, as a language model sends, the last counts.
    """
    fraction = -1.0 if step.fraction is None else step.fraction
    number = -1 if step.step is None else step.step
    words = (step.label, step.speed, step.elapsed, step.remaining)
    at = step.at if step.fraction is None and step.step is None else -step.at
    return (fraction, number, at, step.total or 0, *(word or "" for word in words))


def _with_text(state: TaskState, content: TextContent) -> TaskState:
    """Keep the longer snapshot: they are cumulative, so it is the later one (docs/protocol.md, Language models)."""
    if state.snapshot and _text_order(state.snapshot) >= _text_order(content):
        return state
    return replace(state, snapshot=content, text=_text_of(state.detail, content, state.status))


def _text_order(content: TextContent) -> tuple[Any, ...]:
    """Order snapshots by their text; what else they hold makes the order total."""
    thinking, answer, calls = content.thinking, content.answer, tuple(map(str, content.calls))
    lengths = (sum(map(len, answer)), sum(map(len, calls)), sum(map(len, thinking)), len(content.raw))
    ends = (content.finish_reason or "", str(content.usage))
    return (*lengths, answer, calls, thinking, content.raw, content.prompt, *ends)


def _with_detail(state: TaskState, detail: TaskDetail) -> TaskState:
    """Take a detail: its outcome and its text go before the socket's."""
    if state.detail and state.detail.terminal and not detail.terminal:
        return state  # a late reply, older than the one we have
    state = replace(
        state,
        detail=detail,
        note=detail.debug_error or state.note or _NO_REASON if detail.status == SET_UP_FAILED else None,
        output_text=_longer(state.output_text, detail.debug_output),
        error_text=_longer(state.error_text, detail.debug_error),
    )
    if detail.status in _RANK and not detail.terminal:
        return _at_stage(state, detail.status, _NEVER)
    if not detail.terminal:  # such as a failed set-up that waits for its next try
        return replace(state, status="queued") if state.status == "submitting" else state
    success = succeeded(detail, state)
    status: Status = "succeeded" if success else "cancelled" if detail.status == CANCELLED else "failed"
    return replace(
        state,
        stage=detail.status,
        status=status,
        success=success,
        exit_code=detail.exit_code if detail.exit_code is not None else state.exit_code,
        outputs=detail.outputs,
        text=_text_of(detail, state.snapshot, status),
        progress=1.0 if success else state.progress,
    )


def _text_of(detail: TaskDetail | None, snapshot: TextContent | None, status: Status) -> TextContent | None:
    """Return the text of the outputs, else that of stdout if the task left no files, else the snapshot."""
    if detail is None or not detail.terminal:
        return snapshot
    contents = (item.content for item in detail.outputs if item.content)
    text = next((content for content in contents if content.text or content.thinking), None)
    if text is None and status == "succeeded" and not any(item.url for item in detail.outputs):
        text = stream_content(detail.debug_output, snapshot)
    if text is None or snapshot is None:
        return text or snapshot
    return with_end(text, snapshot.finish_reason, snapshot.usage)


def _longer(before: str | None, text: str) -> str | None:
    """Return the longer version of a stream; the result does not depend on the order of the two."""
    if not text or (before is not None and (len(before), before) >= (len(text), text)):
        return before
    return text
