"""A run as the browser shows it: stages with durations, progress, cost, a notice, outputs, text and log lines."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wiro_widgets.client.chat import Turn
from wiro_widgets.client.sync_client import Task
from wiro_widgets.media.images import in_threads
from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.render import run_words
from wiro_widgets.widget.wire import labels
from wiro_widgets.widget.wire.feed import RATE, Line
from wiro_widgets.widget.wire.log_rows import missing_rows, rows, shorten
from wiro_widgets.widget.wire.messages import Choice
from wiro_widgets.widget.wire.output_view import OutputView

MAX_PROMPT = 200  # characters of a prompt in the list of runs
# Characters of a language model's answer, and of the earlier turns of a conversation together.
MAX_ANSWER = 200_000
MAX_TURNS, MAX_TURN = 50, 20_000  # earlier turns, and characters of a text of one

# Each stage of the timeline, and the events that begin it.
STAGES = (
    ("Queue", ("task_queue",)),
    ("Prepare", ("task_accept", "task_preprocess_start", "task_preprocess_end", "task_assign")),
    ("Generate", ("task_start",)),
    (
        "Finish",
        ("task_output_full", "task_end", "task_postprocess_start", "task_postprocess_end", "task_cancel"),
    ),
)
LAST_ROWS: dict[Status, tuple[str, str]] = {
    "succeeded": ("done", "Done"),
    "failed": ("error", "Failed"),
    "cancelled": ("cancel", "Stopped"),
    "unknown": ("error", "Lost sight of the task"),
}


class View(ABC):
    """One press of Run, numbered from 1: a run or a sweep.

    `started` and `ended` are unix times; it has ended once its outputs can be shown.
    """

    rate = RATE  # deltas a second

    def __init__(self, number: int, model: str | None, values: Mapping[str, Any] | None, prompt: str) -> None:
        self.number = number
        self.model = model
        self.values = values
        self.prompt = prompt[:MAX_PROMPT]
        self.seed: str | None = None
        self.next_seed: str | None = None
        self.started = time.time()
        self.ended: float | None = None
        self.outputs: list[OutputView] = []
        self.notice: dict[str, str] | None = None
        self.cost: float | None = None
        self.starred = False
        self.is_deciding = False  # while a choice is carried out no other one is offered

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}: {self.status}, {len(self.outputs)} outputs>"

    @property
    @abstractmethod
    def status(self) -> Status:
        """The status; it settles only once the outputs can be shown."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """True if nothing more happens."""

    @property
    @abstractmethod
    def fraction(self) -> float | None:
        """The progress, 0 to 1."""

    @property
    def task_id(self) -> str | None:
        """The id of its task; None for a sweep, which has many."""
        return None

    @property
    @abstractmethod
    def choices(self) -> tuple[Choice, ...]:
        """What the user may do about a run of unknown outcome, or about outputs that are still to come."""

    @property
    def reason(self) -> str:
        """Why the run did not end well, in words."""
        return self.notice["text"] if self.notice else ""

    @abstractmethod
    def watch(self, callback: Callable[[], object]) -> None:
        """Call back on the engine's thread after each change."""

    @abstractmethod
    def stop(self) -> None:
        """Begin to stop it and return at once."""

    @abstractmethod
    def finish(self) -> None:
        """Make what is shown at the end and set `ended`; decodes pictures, so it takes time."""

    @abstractmethod
    def entries(self, position: int) -> tuple[Sequence[Any], int]:
        """Return the log entries from a position on that still exist, and the position after them."""

    @abstractmethod
    def lines(self, entry: Any) -> Iterable[Line]:
        """Return the log lines of an entry."""

    @abstractmethod
    def last_lines(self) -> Sequence[Line]:
        """Return the lines that end the log; none before `ended`."""

    @abstractmethod
    def details(self, elapsed: float) -> dict[str, Any]:
        """Return the part of `message` that differs between a run and a sweep."""

    def extras(self, *, whole: bool) -> dict[str, Any]:  # noqa: ARG002 - for a sweep
        """Return further fields of a delta, or with `whole` of a snapshot."""
        return {}

    @property
    def due(self) -> bool:
        """True if it is over and `finish` is still to be called."""
        return self.ended is None and self.over

    def seconds(self, at: float) -> float:
        """Return the seconds from the start to a unix time."""
        return max(0.0, at - self.started)

    def summary(self) -> dict[str, Any]:
        """Return the entry in the list of runs."""
        return {
            "number": self.number,
            "task": self.task_id,
            "status": self.status,
            "progress": self.fraction,
            "prompt": self.prompt,
            "starred": self.starred,
            "line": labels.run_line(self.status, self.fraction, self.cost),
            "reason": shorten(self.reason),
            "choices": [] if self.is_deciding else [self._choice(name) for name in self.choices],
        }

    def message(self) -> dict[str, Any]:
        """Return the run as a message has it; times are in seconds since its start."""
        elapsed = self.seconds(self.ended or time.time())
        return {
            **self.summary(),
            "seed": self.seed,
            "next_seed": self.next_seed,
            "elapsed": round(elapsed, 2),
            "word": labels.status_label(self.status, elapsed),
            "empty": labels.placeholder(self.status),
            "price": None if self.cost is None else run_words.price(self.cost),
            "notice": self.notice,
            **self.details(elapsed),
        }

    def _choice(self, name: Choice) -> dict[str, str | None]:
        return labels.choice(name)

    def output_id(self, index: int) -> str:
        """Return the id of an output at the browser."""
        return f"{self.number}-{index}"


@dataclass
class PastTurns:
    """The turns of a session that the history has, once they were read; the runs of the session share them."""

    turns: tuple[Turn, ...] = ()


class RunView(View):
    """One run; number 0 stands for none. It has no task while it is submitted."""

    def __init__(
        self, number: int, model: str | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(number, model, values, wire_values.text((values or {}).get("prompt")) or "")
        self.seed = wire_values.text((values or {}).get("seed"))
        self.task: Task | None = None
        self.conversation: tuple[Task, ...] | None = None  # the earlier runs of its session, if it has one
        self.past = PastTurns()
        self._sent_past: tuple[Turn, ...] = ()
        self.is_closed = False  # the user says that it never became a task
        self.is_sent_again = False

    @property
    def state(self) -> TaskState:
        """The state of its task."""
        return self.task.state if self.task else TaskState()

    @property
    def status(self) -> Status:
        """The status of the task."""
        if self.task is None:
            return "submitting" if self.number else "idle"
        if self.ended is None and self.task.state.settled:
            return "finishing"
        if self.is_closed:
            return "cancelled"
        return self.task.status

    @property
    def over(self) -> bool:
        """True if the task has settled or was refused."""
        return self.task is not None and self.task.over

    @property
    def fraction(self) -> float | None:
        """The progress of the model."""
        return self.state.progress

    @property
    def task_id(self) -> str | None:
        """The id of the task."""
        return self.task.id if self.task else None

    @property
    def journal_id(self) -> str | None:
        """The journal row of a run that may have become a task."""
        return getattr(self.task.error, "journal_id", None) if self.task else None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What the user may do; a run that was sent again is not offered to be sent once more."""
        if self.task is None or self.ended is None:
            return ()
        if self.status == "unknown":
            may_be_found = self.task.id is not None or self.journal_id is not None
            offers: dict[Choice, bool] = {
                "look": may_be_found,
                "send": not self.is_sent_again,
                "close": may_be_found and self.task.id is None,
            }
            return tuple(name for name, is_offered in offers.items() if is_offered)
        return (
            ("fetch",) if any(output.error and output.error.may_come for output in self.task.outputs) else ()
        )

    def replace_task(self, task: Task) -> None:
        """Go on with the task that the run became."""
        self.task, self.ended, self.notice, self.cost = task, None, None, None

    def close(self) -> None:
        """End it as a run that never became a task."""
        self.is_closed = True
        text = "This run is closed in the history as one that never became a task. Nothing was sent again."
        self.notice = {"kind": "info", "title": "Closed", "text": text}

    def watch(self, callback: Callable[[], object]) -> None:
        """Call back after each change of the task."""
        if self.task is not None:
            self.task.watch(callback)

    def stop(self) -> None:
        """Begin to stop the task."""
        if self.task is not None:
            self.task.stop_soon()

    def finish(self) -> None:
        """Make the thumbnails and the notice."""
        if self.task is None:
            return
        self.outputs = in_threads(OutputView.of, self.task.outputs)
        error = self.task.error or next((item.error for item in self.outputs if item.error), None)
        self.notice = None if error is None else labels.notice(error)
        self.cost = self.task.record.total_cost
        self.ended = self.ended or time.time()

    def entries(self, position: int) -> tuple[Sequence[TaskEvent], int]:
        """Return events of the task, from its ring."""
        return self.task.events_since(position) if self.task else ((), position)

    def lines(self, entry: TaskEvent) -> Iterator[Line]:
        """Return the log lines of an event."""
        at = self.seconds(entry.at)
        return ((at, kind, text) for kind, text in rows(entry))

    def last_lines(self) -> list[Line]:
        """Return what the socket left out, and how the run ended."""
        task = self.task
        if task is None or self.ended is None:
            return []
        at = self.seconds(self.ended)
        kind, text = LAST_ROWS.get(task.status, ("note", task.status))
        if task.error and task.status != "cancelled":
            text = shorten(f"{text}: {task.error}")
        return [(at, *row) for row in missing_rows(self.state)] + [(at, kind, text)]

    def details(self, elapsed: float) -> dict[str, Any]:
        """Return the timeline, the activity and the results."""
        state = self.state
        stages = self._stages(state.timings, elapsed)
        open_stage = next((stage["name"] for stage in reversed(stages) if stage["end"] is None), None)
        notice = self.notice or labels.retry_notice(state)
        note = labels.cut_off(state.text.finish_reason) if state.text and state.settled else ""
        return {
            "progress": None if state.settled else state.progress,
            "stages": stages,
            "doing": run_words.activity(self.status, open_stage, state.step),
            "pace": run_words.pace(state.step),
            "said": labels.announcement(
                self.status,
                elapsed,
                problem=notice["title"] if notice else None,
                has_answer=state.text is not None,
                is_cut_off=bool(note),
                content_types=[item.output.content_type or "" for item in self.outputs],
            ),
            "notice": notice,
            "outputs": [item.message(self.output_id(index)) for index, item in enumerate(self.outputs)],
            "text": None
            if state.text is None
            else {
                "thinking": "\n".join(state.text.thinking)[:MAX_ANSWER],
                "answer": state.text.text[:MAX_ANSWER],
                "done": state.settled,
                "note": note,
            },
        }

    def extras(self, *, whole: bool) -> dict[str, Any]:
        """Return with `whole` what the run asks and the earlier turns of its conversation, if it is one.

        Without it only if turns of the history came since.
        """
        past = self.past.turns
        if self.conversation is None or not (whole or past is not self._sent_past):
            return {}
        self._sent_past = past
        turns: list[dict[str, str]] = []
        characters = 0
        for prompt, answer in self._earlier_turns(past)[: -MAX_TURNS - 1 : -1]:
            turn = {"prompt": prompt[:MAX_TURN], "answer": answer[:MAX_TURN]}
            characters += len(turn["prompt"]) + len(turn["answer"])
            if characters > MAX_ANSWER:
                break
            turns.append(turn)
        return {"talk": {"run": self.number, "prompt": _prompt(self.values or {}), "turns": turns[::-1]}}

    def _earlier_turns(self, past: Sequence[Turn]) -> list[tuple[str, str]]:
        """Return the prompts and answers of the history, and then those of this panel that are not among them.

        The history is in the order in which runs were begun; a run of it has the turns before its own.
        """
        past_ids = [turn.record.task_id for turn in past]
        own_id = self.task.id if self.task else None
        end = past_ids.index(own_id) if own_id is not None and own_id in past_ids else len(past)
        turns = [(turn.prompt, str(turn.answer)) for turn in past[:end]]
        for task in self.conversation or ():
            text = task.state.text
            if task.status == "succeeded" and text is not None and task.id not in past_ids:
                turns.append((_prompt(task.values), text.text))
        return turns

    def _stages(self, timings: Mapping[str, float], elapsed: float) -> list[dict[str, Any]]:
        """Return the stages so far; each ends where the next one begins."""
        starts = [
            (name, self.seconds(min(timings[kind] for kind in kinds if kind in timings)))
            for name, kinds in STAGES
            if any(kind in timings for kind in kinds)
        ]
        ends = [start for _, start in starts[1:]] + [elapsed if self.ended else None]
        return [
            {
                "name": name,
                "start": round(start, 2),
                "end": None if end is None else round(max(end, start), 2),
            }
            for (name, start), end in zip(starts, ends, strict=False)
        ]


def _prompt(values: Mapping[str, Any]) -> str:
    return (wire_values.text(values.get("prompt")) or "")[:MAX_TURN]
