"""`wiro-widgets run`: one task in a terminal, with a progress bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.commands import console
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, OutputError
from wiro_widgets.protocol.redact import printable


def main(model: str, parameters: Sequence[str], *, out: str, timeout: float | None) -> int:
    """Run the model, follow it on stderr, save its outputs below `out` and print their paths on stdout.

    All of them are saved before the first word of the result is printed.
    """
    values = read_values(parameters)
    folder = make_folder(out)
    with Client() as client:
        task = client.run(model, values)
        try:
            with task.show_progress(True), console.LogLines(task):
                result = task.wait(timeout, progress=False)
                saved_paths = [_save(output, folder) for output in result.outputs if output.content is None]
        except KeyboardInterrupt as interrupt:
            interrupt.__notes__ = []  # the last line of the progress says what becomes of the task
            raise
        texts = [printable(result.text)] if result.text else []
        paths = [str(path) for path in saved_paths if isinstance(path, Path)]
        is_printed = not (texts or paths) or console.out("\n".join([*texts, *paths]))
        problems = [path for path in saved_paths if isinstance(path, str)]
        console.err("".join(f"{problem}\n" for problem in problems), end="")
        return 0 if is_printed and not problems else 1


def read_values(parameters: Sequence[str]) -> dict[str, Any]:
    """Read the NAME=VALUE texts; a name that occurs several times has a list of values."""
    value_lists: dict[str, list[Any]] = {}
    for item in parameters:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise InvalidParameter(item, "NAME=VALUE is needed after -p")
        value_lists.setdefault(name, []).append(Path(value[1:]) if value.startswith("@") else value)
    return {name: values[0] if len(values) == 1 else values for name, values in value_lists.items()}


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
        note = f"; it is kept as {output.path}" if output.path else ""
        return printable(
            f"{output.name} cannot be written: {getattr(error, 'strerror', None) or error}{note}"
        )
