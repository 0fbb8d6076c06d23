"""What a command prints: no terminal, pipe or encoding that refuses it stops the command."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self, TextIO

from wiro_widgets.client.sync_task import Task
from wiro_widgets.display.pacer import pacer
from wiro_widgets.display.terminal_line import stderr_lock, terminal_line
from wiro_widgets.journal import event_log
from wiro_widgets.protocol.errors import (
    ConcurrencyLimit,
    RateLimited,
    RunOutcomeUnknown,
    TaskTimeout,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.events import Log, Notice, TaskEvent
from wiro_widgets.protocol.record import Outcome
from wiro_widgets.protocol.redact import printable

FAILED: Final = 1
GOES_ON: Final = 3
UNKNOWN: Final = 4
TRY_AGAIN: Final = 5
STATUS_OF: Final[dict[Outcome, int]] = {
    "succeeded": 0,
    "failed": FAILED,
    "cancelled": FAILED,
    "running": GOES_ON,
    "unknown": UNKNOWN,
}  # the exit status for a task; docs/reference/settings.md has the list

_COMMANDS: Final = {
    "client.recover()": "`wiro-widgets recover`",
    "wiro_widgets.Sandbox() runs": "`wiro-widgets sandbox` runs",
    "columns=[...] names": "--column NAME names",
    "columns={'column': 'parameter'} renames": "--column NAME=PARAMETER renames",
}  # what does in a shell what an error says of Python
_ESCAPE: Final = "wiro-escape"
_FACTS: Final = ("parameter", "task_id", "journal_id", "candidates", "code", "http_status")  # of errors


def prepare() -> None:
    """Have both streams escape what their encoding lacks, and wait for a reader, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPE)
            with suppress(OSError, ValueError, AttributeError):  # no file; a Windows before Python 3.12
                # Some parents make their children's pipes non-blocking.
                os.set_blocking(stream.fileno(), True)


def out(text: str) -> bool:
    """Print a result on stdout, with a line's end; return False if it was lost.

    A reader that has left (`| head`) and a stdout that is closed wanted no more: nothing is lost.
    """
    error = _write(sys.stdout, text)
    if error is None or isinstance(error, BrokenPipeError):
        return True
    err(f"wiro-widgets: stdout cannot be written: {getattr(error, 'strerror', None) or error}")
    return False


def out_json(item: Mapping[str, Any]) -> bool:
    """Print an object as one line of ASCII, which no encoding can damage; return False if it was lost."""
    return out(json.dumps(item, default=str))


def fail(error: WiroError, *, as_json: bool) -> int:
    """Say what went wrong, with `as_json` on stdout as well, and return the exit status."""
    err(printable(f"wiro-widgets: {_as_commands(str(error))}"))
    if as_json:
        facts = {name: getattr(error, name, None) for name in _FACTS}
        record = getattr(error, "record", None)
        row = record.to_dict() if record is not None else {}
        facts = {name: value for name, value in facts.items() if value not in (None, (), 0)}
        out_json(
            {**facts, **row, "error": row.get("error") or str(error), "error_type": type(error).__name__}
        )
    return exit_status(error)


def _as_commands(text: str) -> str:
    """Return a sentence with the commands that do what its calls of Python do."""
    text = re.sub(r"client\.attach\('(\w+)'\)", r"`wiro-widgets watch \1`", text)
    for call, command in _COMMANDS.items():
        text = text.replace(call, command)
    return text


def exit_status(error: WiroError) -> int:
    """Return the exit status for an error."""
    if isinstance(error, RunOutcomeUnknown):
        return UNKNOWN
    if isinstance(error, TaskTimeout):
        return GOES_ON
    if isinstance(error, TransportError):
        return TRY_AGAIN if error.safe_to_retry and error.retry_helps else FAILED
    return TRY_AGAIN if isinstance(error, RateLimited | ConcurrencyLimit) else FAILED


def err(text: str, end: str = "\n") -> None:
    """Print something on stderr for a person; nothing happens if nobody can read it."""
    with stderr_lock:
        _write(sys.stderr, text, end)


def is_stuck() -> bool:
    """Return True if a thread waits for the reader of stderr; the interpreter cannot end meanwhile."""
    return stderr_lock.locked()


def _write(stream: TextIO | None, text: str, end: str = "\n") -> Exception | None:
    """Write and flush; return the error that kept the text from being written."""
    if stream is None or stream.closed:  # `>&-`, or a program without a console
        return None
    try:
        stream.write(text + end)
        stream.flush()
    except (OSError, ValueError) as error:
        _silence(stream)
        return error
    return None


def _silence(stream: TextIO) -> None:
    """Let the rest go nowhere: the interpreter would try it again at its end, and exit with status 120."""
    try:
        target = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)
    except (OSError, ValueError):  # a stream in memory
        return


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode what the encoding lacks: a byte of a file name as itself, any other character by its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    replaced = codecs.backslashreplace_errors
    piece = error.object[error.start : error.end]
    if os.name != "nt" and all("\udc80" <= letter <= "\udcff" for letter in piece):
        return bytes(ord(letter) - 0xDC00 for letter in piece), error.end
    return replaced(error)


codecs.register_error(_ESCAPE, _escape)


class LogLines:
    """What the model and the client say of a task, printed on stderr above its progress while a block runs.

    The pacer's thread reads and prints it, because the engine's thread must not wait for a reader.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._position = 0
        self._lock = threading.Lock()  # guards `_position`, and is held while lines are printed

    def refresh(self) -> bool:
        """Print what is new; log lines wait for no turn."""
        with self._lock:
            events, self._position = self._task.events_since(self._position)
            self._print(events)
        return False

    def _print(self, events: Sequence[TaskEvent]) -> None:
        lines = [
            " ".join(event.text.split())
            for event in events
            if isinstance(event, Notice) or (isinstance(event, Log) and not event.full)
        ]
        if lines:
            terminal_line.say(*lines)

    def __enter__(self) -> Self:
        pacer().add(self)
        return self

    def __exit__(self, *_error: object) -> None:
        pacer().remove(self)
        if not is_stuck():
            self.refresh()


class EventLines(LogLines):
    """Every event of a task as a line of JSON on stdout, while a block runs."""

    def _print(self, events: Sequence[TaskEvent]) -> None:
        for event in events:
            out_json(event_log.to_dict(event))
