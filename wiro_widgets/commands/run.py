"""`wiro-widgets run`: one task in a terminal, with a progress bar."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, OutputError
from wiro_widgets.protocol.events import Lifecycle, Log, Notice, Progress, TaskEvent
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.redact import printable

_BAR = 30
_WORDS = {"task_queue": "queued", "task_start": "running", "task_end": "finishing", "task_cancel": "stopped"}


def main(model: str, parameters: Sequence[str], *, out: str, timeout: float | None) -> int:
    """Run the model, follow it on stderr, save its outputs below `out` and print their paths on stdout."""
    values = _values(parameters)
    folder = _folder(out)
    with Client() as client:
        task = client.run(model, values)
        result = _wait(task, timeout)
        if result.text:
            print(printable(result.text))
        files = [output for output in result.outputs if output.content is None]
        save_results = [_save(output, folder) for output in files]
        cost = result.record.total_cost
        print(f"Task {task.id} done{'' if cost is None else f', {dollars(cost)}'}.", file=sys.stderr)
        return 0 if all(save_results) else 1


def _values(parameters: Sequence[str]) -> dict[str, Any]:
    """Read the NAME=VALUE texts; a name that occurs several times has a list of values."""
    value_lists: dict[str, list[Any]] = {}
    for item in parameters:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise InvalidParameter(item, "NAME=VALUE is needed after -p")
        value_lists.setdefault(name, []).append(Path(value[1:]) if value.startswith("@") else value)
    return {name: values[0] if len(values) == 1 else values for name, values in value_lists.items()}


def _folder(out: str) -> Path:
    """Create the folder before the run costs anything."""
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--out {out!r} is not usable as a folder: {error.strerror}.") from error
    return folder


def _wait(task: Task, timeout: float | None) -> TaskResult:
    line = _Line()
    task.add_callback(line.show)
    try:
        return task.wait(timeout)
    finally:
        line.end()


def _save(output: Output, folder: Path) -> bool:
    try:
        print(output.save(folder))
    except OutputError as error:
        print(error, file=sys.stderr)
        return False
    except OSError as error:
        note = f"; it is kept as {output.path}" if output.path else ""
        print(printable(f"{output.name} cannot be written: {error.strerror}{note}"), file=sys.stderr)
        return False
    return True


class _Line:
    """A progress line that is rewritten in a terminal; elsewhere one plain line for each tenth."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._has_bar = False
        self._tenth = -1

    def show(self, event: TaskEvent) -> None:
        match event:
            case Progress(fraction=float() as fraction):
                self._progress(fraction, event)
            case Log(full=False):
                self._say(event.text)
            case Notice():
                self._say(event.text)
            case Lifecycle() if event.type in _WORDS:
                self._say(_WORDS[event.type])

    def end(self) -> None:
        if self._has_bar:
            print(file=sys.stderr)
            self._has_bar = False

    def _progress(self, fraction: float, event: Progress) -> None:
        if not self._live:
            if int(fraction * 10) > self._tenth:
                self._tenth = int(fraction * 10)
                print(f"{fraction:.0%}", file=sys.stderr)
            return
        done = round(_BAR * fraction)
        steps = f"step {event.step} of {event.total}" if event.step and event.total else f"{fraction:.0%}"
        remaining = f", {event.remaining} left" if event.remaining else ""
        words = printable(f"[{'#' * done}{'.' * (_BAR - done)}] {steps}{remaining}").replace("\n", " ")
        print(
            f"\r{words[: shutil.get_terminal_size().columns - 1]}\x1b[K", end="", file=sys.stderr, flush=True
        )
        self._has_bar = True

    def _say(self, text: str) -> None:
        self.end()
        print(printable(text).replace("\n", " "), file=sys.stderr)
