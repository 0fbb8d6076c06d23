"""Cell: one run of a sweep, from planned to done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.sweeps.plan import PlannedCell

if TYPE_CHECKING:
    from PIL.Image import Image

    from wiro_widgets.journal.result import TaskResult

TaskT = TypeVar("TaskT")
Status = Literal["pending", "running", "succeeded", "failed", "cancelled", "refused", "unknown"]
# What `resume` runs again; an unknown cell may exist and be billed, so it never does that by itself.
AGAIN: frozenset[Status] = frozenset({"pending", "failed", "cancelled", "refused"})


class Cell(Generic[TaskT]):
    """One run of a sweep: its values, its task, and its result or its error.

    `chosen` is what it has of the axes; `task` is None before it runs, and where its result came from the journal.
    `value` is what `then` made of the result. `refused` cells were not sent, because of a budget.
    """

    def __init__(self, model: str, planned: PlannedCell) -> None:
        self.model = model
        self.index = planned.index
        self.values = dict(planned.values)
        self.chosen = dict(planned.chosen)
        self.content = planned.content
        self.number = planned.number
        self.status: Status = "pending"
        self.task: TaskT | None = None
        self.result: TaskResult | None = None
        self.error: Exception | None = None
        self.value: Any = None
        self.from_journal = False
        self._record: TaskRecord | None = None

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={_short(value)}" for name, value in self.chosen.items())
        return f"<Cell {self.index}{f' {told}' if told else ''}: {self.status}>"

    @property
    def done(self) -> bool:
        """Whether nothing more happens to it unless the sweep is resumed."""
        return self.status not in ("pending", "running")

    @property
    def record(self) -> TaskRecord:
        """The run as one row; of a cell that was not sent its values alone."""
        if self.result is not None:
            return self.result.record
        kept = getattr(self.error, "record", None) or getattr(self.task, "record", None)
        if isinstance(kept, TaskRecord):
            return kept
        values = plain(self.values)
        prompt, seed = values.get("prompt"), values.get("seed")
        return TaskRecord(
            model=self.model,
            prompt=prompt if isinstance(prompt, str) else None,
            seed=seed if isinstance(seed, int | str) else None,
            parameters=values,
            error=str(self.error) if self.error else None,
        )

    @property
    def images(self) -> list[Image]:
        """The pictures of the result, none where there is no result; raises OutputError."""
        return self.result.images if self.result else []

    @property
    def trouble(self) -> str | None:
        """What went wrong with it, in words: its error, or why files of its result are not here."""
        if isinstance(self.error, WiroError):
            return str(self.error)
        if self.error is not None:  # which is not ours, but what `then` raised
            return f"{type(self.error).__name__}: {self.error}".removesuffix(": ")
        outputs = self.result.outputs if self.result else ()
        return "; ".join(str(output.error) for output in outputs if output.error) or None

    @property
    def lacks_files(self) -> bool:
        """Whether it has a result, and not all files of it."""
        return self.done and self.result is not None and any(output.error for output in self.result.outputs)

    def begin(self) -> None:
        """Take note that the run goes off; what an earlier one left is gone."""
        self.status, self.error, self.task = "running", None, None

    def end(self, status: Status, error: Exception | None = None) -> None:
        """Take note of what became of it."""
        self.status, self.error = status, error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - a line of a repr
