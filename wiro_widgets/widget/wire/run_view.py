"""A run as the browser shows it: stages with durations, progress, cost, a notice in words, outputs, text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wiro_widgets.client.sync_client import Task
from wiro_widgets.media.images import in_threads
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.widget.wire import labels
from wiro_widgets.widget.wire.log_rows import clipped, rows, unheard
from wiro_widgets.widget.wire.notices import notice_of, waiting_note
from wiro_widgets.widget.wire.output_view import Shown
from wiro_widgets.widget.wire.view import Line, View

MAX_ANSWER = 200_000  # characters of a model's answer that the browser is told

# Each stage of the timeline, and Wiro's words for its begin.
_STAGES = (
    ("Queue", ("task_queue",)),
    ("Prepare", ("task_accept", "task_preprocess_start", "task_preprocess_end", "task_assign")),
    ("Generate", ("task_start",)),
    (
        "Finish",
        ("task_output_full", "task_end", "task_postprocess_start", "task_postprocess_end", "task_cancel"),
    ),
)
_LAST_ROW: dict[Status, tuple[str, str]] = {
    "succeeded": ("done", "Done"),
    "failed": ("error", "Failed"),
    "cancelled": ("cancel", "Stopped"),
    "unknown": ("error", "Lost sight of the task"),
}


class RunView(View):
    """One run of the model; without a task it is being submitted."""

    task: Task | None = None

    @property
    def state(self) -> TaskState:
        """What is known of its task."""
        return self.task.state if self.task else TaskState()

    @property
    def status(self) -> Status:
        """One word; a run is over only once its pictures can be shown."""
        if self.task is None:
            return "submitting" if self.number else "idle"
        if self.ended is None and self.task.state.settled:
            return "finishing"
        return self.task.status

    @property
    def over(self) -> bool:
        """Whether its task has settled, or never came to be."""
        return self.task is not None and self.task.over

    @property
    def fraction(self) -> float | None:
        """How far the model is."""
        return self.state.progress

    @property
    def task_id(self) -> str | None:
        """The id of its task."""
        return self.task.id if self.task else None

    @property
    def model(self) -> str | None:
        """The model that it runs."""
        return self.task.record.model if self.task else None

    @property
    def values(self) -> Mapping[str, Any] | None:
        """What it was started with."""
        return self.task.record.parameters if self.task else None

    def watch(self, hear: Callable[[], object]) -> None:
        """Have something called whenever something happens to its task."""
        if self.task is not None:
            self.task.watch(hear)

    def stop(self) -> None:
        """Begin to stop its task."""
        if self.task is not None:
            self.task.stop_soon()

    def finish(self) -> None:
        """Make the thumbnails and the notice of a run whose task is over; takes its time."""
        if self.task is None:
            return
        self.shown = in_threads(Shown.of, self.task.outputs)
        error = self.task.error or next((item.error for item in self.shown if item.error), None)
        if error is not None:
            self.notice = notice_of(error)
        self.cost = self.task.record.total_cost
        self.end()

    def news(self, position: int) -> tuple[Iterator[Line], int, int]:
        """Return what its task has said since."""
        if self.task is None:
            return iter(()), position, 0
        events, after = self.task.events_since(position)
        lines = ((self.seconds(event.at), kind, text) for event in events for kind, text in rows(event))
        return lines, after, after - position - len(events)

    def last_lines(self) -> Iterator[Line]:
        """Return what the socket did not bring, and how the run ended."""
        task = self.task
        if task is None or self.ended is None:
            return
        ended = self.seconds(self.ended)
        yield from ((ended, kind, text) for kind, text in unheard(self.state))
        kind, standing = _LAST_ROW.get(task.status, ("note", task.status))
        said = f"{standing}: {task.error}" if task.error and task.status != "cancelled" else standing
        yield ended, kind, clipped(said)

    def details(self, elapsed: float) -> dict[str, Any]:
        """Return its timeline, what it is at, and what came of it."""
        state, status = self.state, self.status
        stages = self._stages(state.timings, elapsed)
        notice = self.notice or waiting_note(state)
        return {
            "progress": None if state.settled else state.progress,
            "stages": stages,
            "doing": labels.doing(status, _open_stage(stages), state.step),
            "pace": labels.pace(state.step),
            "said": labels.said(
                status,
                elapsed,
                trouble=notice["title"] if notice else None,
                answered=state.text is not None,
                kinds=[shown.output.content_type or "" for shown in self.shown],
            ),
            "notice": notice,
            "outputs": [shown.message(self.output_id(index)) for index, shown in enumerate(self.shown)],
            "text": _text(state),
        }

    def _stages(self, timings: Mapping[str, float], elapsed: float) -> list[dict[str, Any]]:
        """Return the stages begun so far; each ends where the next one begins."""
        begins = []
        for name, kinds in _STAGES:
            heard = [timings[kind] for kind in kinds if kind in timings]
            if heard:
                begins.append((name, max(0.0, min(heard) - self.begun)))
        found = []
        for index, (name, start) in enumerate(begins):
            end = begins[index + 1][1] if index + 1 < len(begins) else (elapsed if self.ended else None)
            whole = None if end is None else round(max(end, start), 2)
            found.append({"name": name, "start": round(start, 2), "end": whole})
        return found


def _open_stage(stages: Sequence[Mapping[str, Any]]) -> str | None:
    return next((stage["name"] for stage in reversed(stages) if stage["end"] is None), None)


def _text(state: TaskState) -> dict[str, Any] | None:
    if state.text is None:
        return None
    return {
        "thinking": "\n".join(state.text.thinking)[:MAX_ANSWER],
        "answer": state.text.text[:MAX_ANSWER],
        "done": state.settled,
    }
