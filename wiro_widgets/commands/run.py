"""`wiro-widgets run`: one task in a terminal, with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.client.sync_task import Task
from wiro_widgets.commands import console
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, OutputError
from wiro_widgets.protocol.redact import printable


def main(
    model: str,
    parameters: Sequence[str],
    *,
    out: str,
    budget: float | None,
    timeout: float | None,
    no_wait: bool,
    as_json: bool,
) -> int:
    """Run the model, follow it on stderr, save its outputs below `out` and print their paths on stdout.

    With `no_wait` print the task's id instead, once Wiro has accepted the run, and leave the task to Wiro.
    """
    values = read_values(parameters)
    if no_wait:
        with Client(budget=budget) as client:
            task = client.run(model, values)
            console.err(f"Task {task.id} goes on; wiro-widgets watch {task.id} follows it.")
            is_printed = console.out_json(task.record.to_dict()) if as_json else console.out(str(task.id))
            return 0 if is_printed else console.FAILED
    folder = make_folder(out)
    with Client(budget=budget) as client:
        return follow(client.run(model, values), folder, timeout, as_json=as_json)


def follow(
    task: Task, folder: Path, timeout: float | None, *, as_json: bool, with_events: bool = False
) -> int:
    """Follow a task on stderr to its end, save its outputs and print where they are; return the exit status.

    All of them are saved before the first word of the result is printed. `with_events` prints the events before it.
    """
    lines = console.EventLines(task) if with_events else console.LogLines(task)
    try:
        with task.show_progress(True), lines:
            result = task.wait(timeout, progress=False)
            paths, problems = save_all(result.outputs, folder)
    except KeyboardInterrupt as interrupt:
        interrupt.__notes__ = []  # the last line of the progress says what becomes of the task
        raise
    return _print(task, paths, problems, as_json=as_json)


def save_all(outputs: Iterable[Output], folder: Path) -> tuple[list[str], list[str]]:
    """Save the outputs in a folder; return their paths, and a sentence for each that could not be saved."""
    results = [_save(output, folder) for output in outputs if output.content is None]
    paths = [str(item) for item in results if isinstance(item, Path)]
    return paths, [item for item in results if isinstance(item, str)]


def _print(task: Task, paths: list[str], problems: list[str], *, as_json: bool) -> int:
    """Print what came of a task on stdout and the problems on stderr; return the exit status."""
    if as_json:
        record = task.record.to_dict()
        is_printed = console.out_json({**record, "paths": paths, "problems": problems})
    else:
        texts = [printable(task.record.text)] if task.record.text else []
        is_printed = not (texts or paths) or console.out("\n".join([*texts, *paths]))
    console.err("".join(f"{problem}\n" for problem in problems), end="")
    return 0 if is_printed and not problems else console.FAILED


def read_values(parameters: Sequence[str], *, stdin_is_used: bool = False) -> dict[str, Any]:
    """Read the NAME=VALUE texts; a name that occurs several times has a list of values.

    The value "-" is the text on stdin, without the end of its last line, and "@-" are its bytes, for one parameter.
    """
    value_lists: dict[str, list[Any]] = {}
    for item in parameters:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise InvalidParameter(item, "NAME=VALUE is needed after -p")
        value: Any = text
        if text in ("-", "@-"):
            if stdin_is_used:
                raise InvalidParameter(name, "stdin is read already; it gives one thing only")
            value, stdin_is_used = _read_stdin(name, is_text=text == "-"), True
        elif text.startswith("@"):
            value = Path(text[1:])
        value_lists.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in value_lists.items()}


def _read_stdin(name: str, *, is_text: bool) -> str | bytes:
    try:
        if sys.stdin is None:  # `<&-`
            raise InvalidParameter(name, "there is no stdin to read")
        data = sys.stdin.buffer.read()
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r") if is_text else data
    except UnicodeDecodeError:
        raise InvalidParameter(name, "the text on stdin is no UTF-8; @- sends it as a file") from None
    except OSError as error:
        raise InvalidParameter(name, f"stdin cannot be read: {error.strerror}") from None


def make_folder(out: str) -> Path:
    """Create the folder before the run costs anything."""
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--out {out!r} is not usable as a folder: {error.strerror}.") from error
    return folder


def _save(output: Output, folder: Path) -> Path | str:
    """Return where the output was saved, or the sentence that says why it was not."""
    try:
        return output.save(folder)
    except OutputError as error:
        return printable(str(error))
    except (OSError, ValueError) as error:  # ValueError: a name that the file system cannot encode
        note = f"; it is kept as {output.place}" if output.place else ""
        return printable(
            f"{output.name} cannot be written: {getattr(error, 'strerror', None) or error}{note}"
        )
