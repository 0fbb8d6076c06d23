"""TaskResult: what a settled task gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from wiro_widgets.journal import output_files
from wiro_widgets.journal.row import JournalRow, record_of_row
from wiro_widgets.media.output import Output, images_of
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import CUT_OFF, TextContent, cut_off_reason
from wiro_widgets.render import html
from wiro_widgets.render.notebook_repr import NotebookRepr

if TYPE_CHECKING:
    from PIL.Image import Image

_NO_TROUBLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class TaskResult(NotebookRepr):
    """The outputs of a task that succeeded, its text if it is a language model, and its record."""

    record: TaskRecord
    outputs: tuple[Output, ...] = ()
    text: str | None = None

    @property
    def finish_reason(self) -> str | None:
        """Wiro's word for why a language model stopped: "stop", "length", "content_filter", "tool_calls"."""
        return self.record.finish_reason

    @property
    def usage(self) -> Mapping[str, Any] | None:
        """The counts of tokens of a language model, under Wiro's names."""
        return self.record.usage

    @cached_property
    def images(self) -> list[Image]:
        """The pictures among the outputs, decoded once.

        Raises OutputError naming the first one that could not be downloaded or is no picture.
        """
        return images_of(self.outputs)

    def __repr__(self) -> str:
        words = f", {len(self.text)} characters" if self.text else ""
        words += f", {CUT_OFF.lower()}" if cut_off_reason(self.finish_reason) else ""
        return printable(f"<TaskResult of task {self.record.task_id}: {len(self.outputs)} outputs{words}>")

    def _repr_html_(self) -> str:
        return html.result(self.record, self.outputs, self.text)


def result_of(record: TaskRecord, troubles: Mapping[str, str] = _NO_TROUBLES) -> TaskResult:
    """Return the result of a run from its record: its text, and the files that it names, opened on demand.

    `troubles` says of paths why their files are not to be opened, as `output_files.trouble` does.
    """
    pairs = zip_longest(record.output_paths, record.output_urls)
    outputs = [_output(path, url, record.task_id, troubles.get(path or "")) for path, url in pairs]
    if record.text is not None and len(outputs) < record.output_count:
        answer = OutputInfo(name="text", content_type="raw", content=text_of(record))
        outputs.append(Output(answer, task_id=record.task_id))
    return TaskResult(record, tuple(outputs), record.text)


def verified_result(row: JournalRow, output_dir: Path | None) -> TaskResult:
    """Return the result of a row; a file that does not answer for the run is an output with an error."""
    reasons = {path: output_files.trouble(row, path, output_dir) for path in row.paths}
    return result_of(record_of_row(row), {path: reason for path, reason in reasons.items() if reason})


def text_of(record: TaskRecord) -> TextContent | None:
    """Return the text of a record with its end; None if it has none."""
    if record.text is None:
        return None
    answer = (record.text,) if record.text else ()
    return TextContent(answer=answer, finish_reason=record.finish_reason, usage=record.usage or {})


def _output(path: str | None, url: str | None, task_id: str | None, reason: str | None) -> Output:
    name = Path(path).name if path else str(url).split("?", 1)[0].rsplit("/", 1)[-1]
    info = OutputInfo(name=name, url=url)
    if path and not reason and Path(path).is_file():
        return Output(info, path=Path(path), task_id=task_id)
    reason = reason or (f"is no longer at {path}" if path else "was not downloaded")
    return Output(info, error=OutputError(reason, output=name, task_id=task_id), task_id=task_id)
