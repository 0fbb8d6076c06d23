"""A run as the browser shows it: stages with durations, progress, cost, a notice in words, outputs, text."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wiro_widgets.client.sync import Task
from wiro_widgets.protocol.errors import (
    ApiError,
    InvalidParameter,
    OutputError,
    RunOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    WiroError,
)
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.results.images import Thumbnail, thumbnail
from wiro_widgets.results.outputs import Output
from wiro_widgets.results.side_by_side import side_by_side
from wiro_widgets.widget import words

MAX_ANSWER = 200_000  # characters of a model's answer that the browser is told
MAX_PROMPT = 200  # characters of a prompt in the list of runs
MAX_SHOWN_TEXT = 20_000  # bytes of a text output that is shown at once

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


@dataclass(frozen=True, slots=True)
class Shown:
    """An output with its thumbnail and its own size, where it is a picture."""

    output: Output
    thumbnail: Thumbnail | None = None
    width: int | None = None
    height: int | None = None
    text: str | None = None
    error: OutputError | None = None

    @classmethod
    def of(cls, output: Output) -> Shown:
        """Make the thumbnail; what is no picture, or is not here, or is broken, has none."""
        if not output.is_image:
            return cls(output, text=_small_text(output), error=output.error)
        try:
            picture = output.image()
        except OutputError as error:
            return cls(output, error=error)
        return cls(output, thumbnail(picture), picture.width, picture.height)


class RunView:
    """One run of a panel and what is shown of it; `begun` is the unix time at which it was started."""

    def __init__(self, number: int, *, prompt: str = "", seed: str | None = None) -> None:
        self.number = number
        self.prompt = prompt[:MAX_PROMPT]
        self.seed = seed
        self.begun = time.time()
        self.ended: float | None = None
        self.task: Task | None = None
        self.shown: list[Shown] = []
        self.notice: dict[str, str] | None = None
        self.cost: float | None = None
        self.starred = False

    def __repr__(self) -> str:
        return f"<RunView {self.number}: {self.status}, {len(self.shown)} outputs>"

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
    def due(self) -> bool:
        """Whether its task is over and its outputs are still to be shown."""
        return self.ended is None and self.task is not None and self.task.over

    def finish(self) -> None:
        """Make the thumbnails and the notice of a run whose task is over; takes its time."""
        if self.task is None:
            return
        self.shown = side_by_side(Shown.of, self.task.outputs)
        error = self.task.error or next((item.error for item in self.shown if item.error), None)
        if error is not None:
            self.notice = notice_of(error)
        self.cost = self.task.record.total_cost
        self.ended = time.time()

    def seconds(self, at: float) -> float:
        """Return how long after the run's start a unix time is."""
        return max(0.0, at - self.begun)

    def summary(self) -> dict[str, Any]:
        """Return the run as one line of the list of runs."""
        return {
            "number": self.number,
            "task": self.task.id if self.task else None,
            "status": self.status,
            "progress": self.state.progress,
            "prompt": self.prompt,
            "starred": self.starred,
            "line": words.line(self.status, self.state.progress, self.cost),
        }

    def message(self) -> dict[str, Any]:
        """Return the run as the browser takes it; times are in seconds since it was started."""
        elapsed = self.seconds(self.ended or time.time())
        state, status = self.state, self.status
        stages = self._stages(state.timings, elapsed)
        notice = self.notice or _waiting_note(state)
        return {
            **self.summary(),
            "seed": self.seed,
            "elapsed": round(elapsed, 2),
            "stages": stages,
            "progress": None if state.settled else state.progress,
            "word": words.standing(status, elapsed),
            "doing": words.doing(status, _open_stage(stages), state.step),
            "pace": words.pace(state.step),
            "said": words.said(
                status,
                elapsed,
                trouble=notice["title"] if notice else None,
                answered=state.text is not None,
                kinds=[shown.output.content_type or "" for shown in self.shown],
            ),
            "price": None if self.cost is None else words.price(self.cost),
            "notice": notice,
            "outputs": [self._output(index) for index in range(len(self.shown))],
            "text": _text(state),
        }

    def output_id(self, index: int) -> str:
        """Return the id under which the browser knows an output."""
        return f"{self.number}-{index}"

    def _output(self, index: int) -> dict[str, Any]:
        shown = self.shown[index]
        output = shown.output
        return {
            "id": self.output_id(index),
            "name": output.path.name if output.path else output.name,
            "content_type": output.content_type or "",
            "size": output.size,
            "width": shown.width,
            "height": shown.height,
            "text": shown.text,
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


def _small_text(output: Output) -> str | None:
    """Return the text of a small text file, so that it can be shown at once."""
    kind = output.content_type or ""
    if output.content is not None or not kind.startswith(("text/", "application/json")):
        return None
    try:
        data = output.bytes() if (output.size or 0) <= MAX_SHOWN_TEXT else b""
    except OutputError:
        return None
    return data.decode("utf-8", "replace") or None


def notice_of(error: WiroError) -> dict[str, str]:
    """Return what happened, in a title and a sentence that says what to do."""
    if isinstance(error, TaskCancelled):
        return {"kind": "info", "title": "Stopped", "text": str(error)}
    if isinstance(error, TaskFailed):
        code = "" if error.exit_code is None else f" with exit code {error.exit_code}"
        return {"kind": "error", "title": f"The model stopped{code}", "text": str(error)}
    if isinstance(error, InvalidParameter):
        return {"kind": "error", "title": f"{error.parameter} needs another value", "text": str(error)}
    titles: tuple[tuple[type[WiroError], str], ...] = (
        (RunOutcomeUnknown, "Nobody knows whether this run was started"),
        (ApiError, "Wiro refused"),
        (WiroError, "This did not work"),
    )
    title = next(title for kind, title in titles if isinstance(error, kind))
    return {"kind": "error", "title": title, "text": str(error)}


def _waiting_note(state: TaskState) -> dict[str, str] | None:
    if state.settled or not state.note:
        return None
    return {"kind": "info", "title": "Wiro tries again", "text": state.note.strip()[-500:]}


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
