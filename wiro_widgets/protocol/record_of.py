"""The row of a task: a TaskState in, a TaskRecord out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.record import Outcome, TaskRecord
from wiro_widgets.protocol.state import TaskState

# Of one stage: Task/Detail's time in whole seconds, and the arrival of its event in parts of a second.
_Times: TypeAlias = tuple[datetime | None, datetime | None]
# An event that arrives within these of Task/Detail's time is exact: rounding, other clocks, and the way here.
_EARLIEST, _LATEST = timedelta(seconds=-1), timedelta(seconds=2)


def record_of(
    state: TaskState,
    *,
    task_id: str | None,
    model: str | None,
    parameters: Mapping[str, Any],
    paths: tuple[str, ...] = (),
    parents: tuple[str, ...] = (),
) -> TaskRecord:
    """Return the row of a task in this state.

    Times are those of the events, which have parts of a second, if Task/Detail's whole seconds agree with them.
    """
    detail = state.detail or TaskDetail(id=task_id or "", status=state.stage or "")
    created = _times(state, "task_queue", detail.created_at)
    acceptance = _times(state, "task_accept", detail.accepted_at)
    started = _times(state, "task_start", detail.started_at)
    model_ended = _times(state, "task_end", detail.ended_at)
    ended: _Times = (None, None)
    if state.settled:
        last = detail.postprocess_ended_at or detail.ended_at
        if state.status == "cancelled":
            ended = _times(state, "task_cancel", detail.cancelled_at or last)
        else:
            ended = _times(state, "task_postprocess_end", last)
    created_at, started_at, ended_at = _on_one_clock(created, started, ended)
    elapsed = detail.elapsed_seconds
    values = {**detail.parameters, **parameters}
    seed = wire_values.integer(values.get("seed"))
    failure = (error_text(state) or "The model gave no reason.") if state.status == "failed" else state.note
    outcome: Outcome = "running"
    if state.status in ("succeeded", "failed", "cancelled", "unknown"):
        outcome = state.status
    return TaskRecord(
        task_id=task_id,
        model=model or detail.model,
        status=detail.status or state.stage,
        success=state.success if state.settled else None,
        exit_code=state.exit_code,
        prompt=wire_values.text(values.get("prompt")),
        seed=seed if seed is not None else wire_values.text(values.get("seed")),
        parameters=values,
        created_at=created_at,
        started_at=started_at,
        ended_at=ended_at,
        queue_seconds=_seconds_between(created, acceptance if any(acceptance) else started),
        run_seconds=_seconds_between(started, model_ended if any(model_ended) else ended),
        elapsed_seconds=elapsed if elapsed is not None else _seconds_between(created, ended),
        total_cost=detail.total_cost,
        output_count=len(state.outputs),
        output_urls=tuple(item.url for item in state.outputs if item.url),
        output_paths=paths,
        error=failure,
        outcome=outcome,
        text=state.text.text if state.text else None,
        parents=parents,
        finish_reason=state.text.finish_reason if state.text else None,
        usage=(state.text.usage or None) if state.text else None,
    )


def error_text(state: TaskState) -> str:
    """Return the stderr of a task: the whole stream, else the lines that arrived, else Wiro's note."""
    lines = [line.text for line in state.log if line.stream == "error"]
    return state.error_text or "\n".join(lines) or state.note or ""


def _times(state: TaskState, stage: str, detail_time: datetime | None) -> _Times:
    """Return a stage's two times; an arrival long after Task/Detail's time, as of a late subscriber, does not count."""
    at = state.stage_times.get(stage)
    arrival = None if at is None else datetime.fromtimestamp(at, UTC)
    if detail_time is not None and arrival is not None and not _EARLIEST < arrival - detail_time < _LATEST:
        arrival = None
    return detail_time, arrival


def _on_one_clock(*stages: _Times) -> list[datetime | None]:
    """Return the arrivals if there is one for each time of Task/Detail, else Task/Detail's, to keep them in order."""
    all_arrived = all(arrival is not None for detail_time, arrival in stages if detail_time is not None)
    return [arrival if all_arrived else detail_time or arrival for detail_time, arrival in stages]


def _seconds_between(start: _Times, end: _Times) -> float | None:
    first, last = _on_one_clock(start, end)
    return None if first is None or last is None else max(0.0, (last - first).total_seconds())
