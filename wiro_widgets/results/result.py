"""TaskResult: what a settled task gave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.results.outputs import Output

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class TaskResult:
    """The outputs of a task that succeeded, its text when it is a language model, and its record."""

    record: TaskRecord
    outputs: tuple[Output, ...] = ()
    text: str | None = None

    @cached_property
    def images(self) -> list[Image]:
        """The pictures among the outputs, decoded once.

        Raises OutputError naming the first one that could not be downloaded or is no picture.
        """
        return [output.image() for output in self.outputs if output.is_image]

    def __repr__(self) -> str:
        words = f", {len(self.text)} characters" if self.text else ""
        return f"<TaskResult of task {self.record.task_id}: {len(self.outputs)} outputs{words}>"
