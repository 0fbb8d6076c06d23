"""TaskResult and Images: what a settled task gave, and its pictures as a list that shows and saves itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, SupportsIndex, overload

from wiro_widgets.journal import output_files
from wiro_widgets.journal.row import JournalRow, record_of_row
from wiro_widgets.media.cloud_files import CloudFile, OutputFolder, cached_copy, is_address
from wiro_widgets.media.content_types import extension, type_of_name
from wiro_widgets.media.files import new_file, replace_bytes
from wiro_widgets.media.images import to_upload_bytes
from wiro_widgets.media.output import Output, images_of
from wiro_widgets.protocol.errors import InvalidParameter, OutputError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.schema.parameters import nearest
from wiro_widgets.protocol.text.text_content import CUT_OFF, TextContent, cut_off_reason
from wiro_widgets.render import html
from wiro_widgets.render.markdown import safe_markdown
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.render.run_words import count

if TYPE_CHECKING:
    from PIL.Image import Image

    _List = list[Image]
else:
    _List = list

_MAX_DIGITS: Final = 3  # of a width in a pattern of names
NAME: Final = "{prompt:.40}-{seed}-{index}"
_NO_TROUBLES: Mapping[str, str] = MappingProxyType({})


class Images(NotebookRepr, _List):
    """The pictures of a run, a list of PIL images that a notebook shows as a row of pictures with what made them.

    `record` is the run as one row. Slices and copies know their files too. As an input of another run it stands for
    its files, so that the history knows what came of what; pictures that were put into it go as they are.

    >>> images = client.generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    >>> images.save("dusk")
    """

    def __init__(
        self,
        images: Iterable[Image] = (),
        outputs: Iterable[Output] = (),
        record: TaskRecord | None = None,
        *,
        all_outputs: Sequence[Output] = (),
    ) -> None:
        super().__init__(images)
        self.record = record
        self._files = tuple(zip(self, outputs, strict=False))  # each picture with the file that it came from
        self._others = tuple(output for output in all_outputs if not output.is_image)

    @classmethod
    def of_outputs(cls, outputs: Sequence[Output], record: TaskRecord | None) -> Self:
        """Return the pictures among the outputs of a run; raises OutputError for the first that fails."""
        pictures = [output for output in outputs if output.is_image]
        return cls(images_of(pictures), pictures, record, all_outputs=outputs)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The files of the pictures, in the same order; a picture of your own has none."""
        return tuple(output for image in self if (output := self._file_of(image)) is not None)

    def save(self, folder: str | Path, name: str = NAME) -> list[Path]:
        """Save the pictures below a folder, which is made, and return their paths; nothing there is overwritten.

        `name` is a pattern with `prompt`, `seed`, `model`, `task_id`, `created_at`, `index` from 0 and the parameters
        of the run, each with a format as in `{prompt:.40}` or `{index:03}`. Whatever they hold, it becomes one safe
        file name; the file keeps its own ending. The files are those that the model made; a picture of your own
        becomes a PNG. Raises InvalidParameter for another field, OutputError if a file is missing, OSError.

        >>> images.save("pictures", name="{model}-{seed}-{index}")
        """
        target = Path(folder).expanduser()
        names = [file_stem(name, self.record, index) for index in range(len(self))]
        target.mkdir(parents=True, exist_ok=True)
        paths: list[Path] = []
        for image, stem in zip(self, names, strict=True):
            output = self._file_of(image)
            data = to_upload_bytes(image) if output is None else b""
            path = new_file(target, stem, ending_of(output))
            try:
                if output is None:
                    replace_bytes(path, data)
                else:
                    output.save(path)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            paths.append(path)
        return paths

    def copy(self) -> Self:
        """Return a copy that knows the files of its pictures too."""
        return self[:]

    def __wiro_input__(self) -> list[Output | Image]:
        return [self._file_of(image) or image for image in self]

    @overload
    def __getitem__(self, index: SupportsIndex) -> Image: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: SupportsIndex | slice) -> Image | Self:
        if not isinstance(index, slice):
            return super().__getitem__(index)
        part = copy(self)
        part[:] = super().__getitem__(index)
        return part

    def __repr__(self) -> str:
        sizes = {image.size for image in self}
        size = " of {} x {}".format(*sizes.pop()) if len(sizes) == 1 else ""
        record = self.record
        facts = [f"{count(len(self), 'picture')}{size}"]
        if record is not None:
            task = f"task {record.task_id}" if record.task_id else ""
            text = f"{len(record.text)} characters" if record.text else ""
            facts += filter(None, (text, record.model, task))
        return printable(f"<Images: {', '.join(facts)}>")

    def _repr_html_(self) -> str:
        edge = html.edge_of(len(self) + len(self._others))
        pictures = [self._element(image, edge) for image in self[: html.MAX_THUMBNAILS]]
        others = [html.picture_of(output, edge) for output in self._others if output.text is None]
        text = self.record.text if self.record else None
        return html.row(pictures + others, len(self) - len(pictures), self.record, text)

    def _markdown(self) -> str | None:
        return safe_markdown(self.record.text) if self.record and self.record.text else None

    def _element(self, image: Image, edge: int) -> str:
        output = self._file_of(image)
        return html.thumbnail(image, edge) or "" if output is None else html.picture_of(output, edge)

    def _file_of(self, image: object) -> Output | None:
        return next((output for one, output in self._files if one is image), None)


@dataclass(frozen=True)
class TaskResult(NotebookRepr):
    """The outputs of a task that succeeded, its text if it is a language model, and its record.

    `images` decodes the pictures when it is read, and raises OutputError for a file that is gone or damaged.

    >>> result = client.run("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk").wait()
    >>> result.images, result.outputs[0].path, result.record.total_cost
    """

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
    def images(self) -> Images:
        """The pictures among the outputs, decoded once.

        Raises OutputError naming the first one that could not be downloaded or is no picture.
        """
        return Images.of_outputs(self.outputs, self.record)

    def __repr__(self) -> str:
        words = f", {len(self.text)} characters" if self.text else ""
        words += f", {CUT_OFF.lower()}" if cut_off_reason(self.finish_reason) else ""
        return printable(
            f"<TaskResult of task {self.record.task_id}: {count(len(self.outputs), 'output')}{words}>"
        )

    def _repr_html_(self) -> str:
        return html.result(self.record, self.outputs, self.text)

    def _markdown(self) -> str | None:
        return safe_markdown(self.text) if self.text else None


def result_of(
    record: TaskRecord, troubles: Mapping[str, str] = _NO_TROUBLES, files: Iterable[CloudFile] = ()
) -> TaskResult:
    """Return the result of a run from its record: its text, and the files that it names, opened on demand.

    `troubles` says of paths why their files are not to be opened, as `output_files.trouble` does; `files` are those at
    addresses, as they were noted.
    """
    pairs = zip_longest(record.output_paths, record.output_urls)
    by_address = {file.address: file for file in files}
    outputs = [
        _output(path, url, record.task_id, troubles.get(path or ""), by_address.get(path or ""))
        for path, url in pairs
    ]
    if record.text is not None and len(outputs) < record.output_count:
        answer = OutputInfo(name="text", content_type="raw", content=text_of(record))
        outputs.append(Output(answer, task_id=record.task_id))
    return TaskResult(record, tuple(outputs), record.text)


def verified_result(row: JournalRow, output_dir: OutputFolder | None) -> TaskResult:
    """Return the result of a row; a file that does not answer for the run is an output with an error."""
    reasons = {path: output_files.trouble(row, path, output_dir) for path in row.paths}
    return result_of_row(row, {path: reason for path, reason in reasons.items() if reason})


def result_of_row(row: JournalRow, troubles: Mapping[str, str] = _NO_TROUBLES) -> TaskResult:
    """Return the result of a row whose files were verified, but for those with troubles."""
    files = [output_files.cloud_file(row, path) for path in row.paths if is_address(path)]
    return result_of(record_of_row(row), troubles, files)


def text_of(record: TaskRecord) -> TextContent | None:
    """Return the text of a record with its end; None if it has none."""
    if record.text is None:
        return None
    answer = (record.text,) if record.text else ()
    return TextContent(answer=answer, finish_reason=record.finish_reason, usage=record.usage or {})


def file_stem(pattern: str, record: TaskRecord | None, index: int) -> str:
    """Return the text of which the name of an output's file is made; see `Images.save`. Raises InvalidParameter."""
    fields: dict[str, Any] = {} if record is None else _scalars(record.parameters)
    for name in ("prompt", "seed", "model", "task_id", "created_at"):
        fields[name] = getattr(record, name, None)
    pattern = str(pattern)
    if (type_of_name(pattern) or "").startswith("image/"):  # the file has an ending of its own
        pattern = pattern.rpartition(".")[0]
    return _Names(fields | {"index": index}).format(pattern)


class _Nothing(str):
    """A value that a run does not have, in any format."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return ""


class _Names(Formatter):
    """Fills in a pattern of names; a field is a whole name, so that no pattern reads attributes."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def get_field(self, field_name: str, _args: object, _kwargs: object) -> tuple[Any, str]:
        """Return the value of a field."""
        if field_name not in self._fields:
            names = list(self._fields)
            hint = nearest(field_name, names) or f" There are {', '.join(names)}."
            raise InvalidParameter("name", f"no field is {field_name!r}.{hint}")
        value = self._fields[field_name]
        return _Nothing() if value is None else value, field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value in its format; one that is wider than any name is refused."""
        if any(len(number) > _MAX_DIGITS for number in re.findall(r"\d+", format_spec)):
            raise InvalidParameter("name", f"{format_spec[:40]!r} makes a name that is too long")
        return str(super().format_field(value, format_spec))

    def format(self, pattern: str) -> str:  # type: ignore[override]
        """Return the text; raises InvalidParameter."""
        try:
            return super().format(pattern)
        except InvalidParameter:
            raise
        except (ValueError, TypeError, IndexError, KeyError) as error:
            raise InvalidParameter("name", f"{pattern!r} is no pattern of names: {error}") from None


def _scalars(parameters: Mapping[str, Any]) -> dict[str, Any]:
    kinds = str | int | float | bool | datetime | None
    return {name: value for name, value in parameters.items() if isinstance(value, kinds)}


def ending_of(output: Output | None) -> str:
    """Return the ending of the file of a picture, without the dot."""
    if output is None:
        return "png"
    suffix = Path(output.file_name or "").suffix.lstrip(".")
    return suffix or extension(output.content_type, output.name)


def _output(
    path: str | None, url: str | None, task_id: str | None, reason: str | None, file: CloudFile | None
) -> Output:
    name = path.rpartition("/")[2] if is_address(path) else Path(path).name if path else ""
    name = name or str(url).split("?", 1)[0].rsplit("/", 1)[-1]
    info = OutputInfo(name=name, url=url)
    if path and not reason and is_address(path):
        file = file or CloudFile(path)
        return Output(info, path=cached_copy(file), cloud=file, task_id=task_id)
    if path and not reason and Path(path).is_file():
        return Output(info, path=Path(path), task_id=task_id)
    reason = reason or (f"is no longer at {path}" if path else "was not downloaded")
    hint = f"client.attach({task_id!r}).wait() fetches it again, if Wiro still has it." if task_id else None
    return Output(info, error=OutputError(reason, output=name, task_id=task_id, hint=hint), task_id=task_id)
