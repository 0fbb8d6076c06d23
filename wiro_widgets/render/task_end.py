"""TaskEnd: what a cell shows of a task that is over: its pictures or its text, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wiro_widgets.render import html
from wiro_widgets.render.markdown import safe_markdown
from wiro_widgets.render.notebook_repr import NotebookRepr

if TYPE_CHECKING:
    from wiro_widgets.media.output import Output
    from wiro_widgets.protocol.record import TaskRecord


@dataclass(frozen=True, repr=False)
class TaskEnd(NotebookRepr):
    """The end of a task; `words` is its repr, and `error` what its wait raises."""

    words: str
    record: TaskRecord
    outputs: tuple[Output, ...]
    error: str = ""

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return html.result(self.record, self.outputs, self.record.text, self.error)

    def _markdown(self) -> str | None:
        return safe_markdown(self.record.text) if self.record.text else None
