"""Export: the outputs of runs copied into a folder, with a table beside them or as a dataset of pictures.

Nothing in the folder is overwritten, and nothing is written outside of it, whatever prompts and names hold.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from wiro_widgets.journal.columns import csv_text
from wiro_widgets.journal.result import TaskResult, ending_of, file_stem
from wiro_widgets.media.files import new_file
from wiro_widgets.media.jsonable import json_text, without_files
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, OutputError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.render import run_words

METADATA: Final = "metadata.jsonl"  # the name that readers of image folders look for


@dataclass
class Exported:
    """What was written: the paths of the files, that of the table, and what could not be copied."""

    folder: Path
    paths: list[Path] = field(default_factory=list)
    table: Path | None = None
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{run_words.count(len(self.paths), 'file')} in {self.folder}"
        if self.problems:
            text += (
                f"; {run_words.count(len(self.problems), 'output')} missing, the first: {self.problems[0]}"
            )
        return text


def export(results: Iterable[TaskResult], folder: str | Path, *, name: str, dataset: bool) -> Exported:
    """Copy the outputs of runs into a folder, which is made, and write a line for each file beside them.

    `name` is a pattern as in `Images.save`. With `dataset` only pictures are copied, and the lines are in
    metadata.jsonl, as readers of image folders expect; otherwise they are in a CSV table. Raises InvalidParameter for a
    field that the pattern cannot have, ConfigurationError if the folder cannot be used, OSError.
    """
    target = Path(folder).expanduser()
    if not str(folder).strip():
        raise ConfigurationError("Name a folder to export to.")
    if dataset and (target / METADATA).exists():
        raise ConfigurationError(
            f"{target} has a {METADATA} already: choose another folder for this dataset."
        )
    if target.exists() and not target.is_dir():
        raise ConfigurationError(f"{target} is a file: choose a folder.")
    exported = Exported(target)
    lines: list[dict[str, Any]] = []
    for result in results:
        for index, output in enumerate(result.outputs):
            if dataset and not output.is_image:
                continue
            stem = file_stem(name, result.record, index)
            target.mkdir(parents=True, exist_ok=True)
            try:
                path = _copy(output, target, stem)
            except OutputError as error:
                exported.problems.append(f"{output.name} of task {result.record.task_id} {error.reason}")
                continue
            exported.paths.append(path)
            lines.append(_line(path, index, result.record, dataset=dataset))
    if lines:
        exported.table = _write_lines(target, lines, dataset=dataset)
    return exported


def _copy(output: Output, folder: Path, stem: str) -> Path:
    ending = "txt" if output.text is not None else ending_of(output)
    data = output.bytes()
    path = new_file(folder, stem, ending)
    try:
        path.write_bytes(data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _line(path: Path, index: int, record: TaskRecord, *, dataset: bool) -> dict[str, Any]:
    row = record.to_dict()
    facts = {
        name: row[name]
        for name in ("task_id", "model", "prompt", "seed", "created_at", "total_cost", "star", "tags", "note")
    }
    parameters = without_files(record.parameters)
    text = {"text": record.prompt or ""} if dataset else {}  # the caption, as most trainers call it
    return {"file_name": path.name, **text, "index": index, **facts, "parameters": parameters}


def _write_lines(folder: Path, lines: list[dict[str, Any]], *, dataset: bool) -> Path:
    if dataset:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        path = folder / METADATA
        path.touch(exist_ok=False)
    else:
        text = _csv(lines)
        path = new_file(folder, "runs", "csv")
    path.write_bytes(text.encode("utf-8", "replace"))
    return path


def _csv(lines: list[dict[str, Any]]) -> str:
    """Return the lines as CSV, a column for each parameter; a text that begins like a formula gets an apostrophe."""
    names = list(dict.fromkeys(name for line in lines for name in line["parameters"]))
    columns = [name for name in lines[0] if name != "parameters"]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([*columns, *(csv_text(f"param.{name}") for name in names)])
    for line in lines:
        parameters: Mapping[str, Any] = line["parameters"]
        writer.writerow(
            [_cell(line[name]) for name in columns] + [_cell(parameters.get(name)) for name in names]
        )
    return target.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return csv_text(value)
    return value if value is None or isinstance(value, int | float) else csv_text(json_text(value))
