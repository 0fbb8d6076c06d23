"""Cell: one run of a sweep, from planned to done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from wiro_widgets.media.jsonable import plain
from wiro_widgets.media.public_names import PublicNames
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.text.text_content import CUT_OFF, cut_off_reason
from wiro_widgets.sweeps.plan import PlannedCell

if TYPE_CHECKING:
    from PIL.Image import Image

    from wiro_widgets.journal.result import TaskResult

TaskT = TypeVar("TaskT")
Status = Literal["pending", "running", "succeeded", "failed", "cancelled", "refused", "unknown"]
# What `resume` runs again. An unknown cell may have a task that is billed, so it is never among them.
RESUMABLE: frozenset[Status] = frozenset({"pending", "failed", "cancelled", "refused"})


class Cell(PublicNames, Generic[TaskT]):
    """One run of a sweep: its values, its task, and its result or its error.

    `chosen` has its values of the axes. `task` is None before the cell runs, and if its result came from the journal.
    `value` is what `then` returned for the result. A "refused" cell was not sent, because of a budget.
    """

    _internal_names = ("begin", "end", "is_left", "lacks_files")

    def __init__(self, plan: PlannedCell) -> None:
        self.model = plan.model
        self.schema = plan.schema
        self.index = plan.index
        self.values = dict(plan.values)
        self.chosen = dict(plan.axis_values)
        self.content = plan.content
        self.number = plan.number
        self.file_digests = plan.file_digests
        self.status: Status = "failed" if plan.error else "pending"
        self.task: TaskT | None = None
        self.result: TaskResult | None = None
        self.error: Exception | None = plan.error
        self.value: Any = None
        self.from_journal = False
        self.can_run = plan.error is None

    def __repr__(self) -> str:
        axis_values = ", ".join(f"{name}={_short(value)}" for name, value in self.chosen.items())
        return printable(f"<Cell {self.index}{' ' if axis_values else ''}{axis_values}: {self.status}>")

    def __wiro_input__(self) -> Any:
        """Return the result, or the task that will make it, as an input of another run."""
        return self.result or self.task or self.record

    @property
    def done(self) -> bool:
        """True if nothing more happens to the cell unless the sweep is resumed."""
        return self.status not in ("pending", "running")

    @property
    def record(self) -> TaskRecord:
        """The run as one row; for a cell that was not sent, its values alone."""
        if self.result is not None:
            return self.result.record
        record = getattr(self.error, "record", None) or getattr(self.task, "record", None)
        if isinstance(record, TaskRecord):
            return record
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
        """The pictures of the result; empty if there is no result. Raises OutputError."""
        return self.result.images if self.result else []

    @property
    def first_image(self) -> Image | None:
        """The first picture of the result that is there; None if there is none. Raises OutputError."""
        outputs = self.result.outputs if self.result else ()
        return next((output.image() for output in outputs if output.is_image and not output.error), None)

    @property
    def trouble(self) -> str | None:
        """What went wrong, in words: the error of the cell, or why files of its result are missing."""
        if isinstance(self.error, WiroError):
            return str(self.error)
        if self.error is not None:  # raised by `then`
            return f"{type(self.error).__name__}: {self.error}".removesuffix(": ")
        outputs = self.result.outputs if self.result else ()
        return "; ".join(str(output.error) for output in outputs if output.error) or None

    @property
    def cut_off_note(self) -> str | None:
        """That the answer of a language model is cut off, why, and what to do; None if it is whole."""
        reason = cut_off_reason(self.result.finish_reason) if self.result else None
        return reason and f"{CUT_OFF}. {reason}"

    @property
    def lacks_files(self) -> bool:
        """True if the cell has a result, but not all of its files."""
        return self.done and self.result is not None and any(output.error for output in self.result.outputs)

    @property
    def is_left(self) -> bool:
        """True if `resume` runs the cell, or fetches its files."""
        return (self.can_run and self.status in RESUMABLE) or self.lacks_files

    def begin(self) -> None:
        """Mark the cell as running; the task and the error of an earlier run are dropped."""
        self.status, self.error, self.task = "running", None, None

    def end(self, status: Status, error: Exception | None = None) -> None:
        """Set the final status, and the error if there is one."""
        self.status, self.error = status, error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - a line of a repr
