"""What a command prints: no terminal, pipe or encoding that refuses it stops the command."""

from __future__ import annotations

import codecs
import io
import os
import queue
import shutil
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self, TextIO

from wiro_widgets.protocol.events import Lifecycle, Log, Notice, Progress, TaskEvent
from wiro_widgets.protocol.redact import printable

_BAR: Final = 30
_WORDS: Final = {
    "task_queue": "queued",
    "task_start": "running",
    "task_end": "finishing",
    "task_cancel": "stopped",
}
_MAX_WAITING = 1_000  # events that wait for a slow reader; further ones are left out
_GRACE_SECONDS = 1.0  # for lines on stderr to come before the result on stdout
_ESCAPE: Final = "wiro-escape"

# Held while a thread writes to stderr. Python's own lock of the stream cannot be interrupted by Ctrl-C, this one can.
_stderr_lock = threading.Lock()


def prepare() -> None:
    """Have both streams escape what their encoding lacks, and wait for a reader, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPE)
            with suppress(OSError, ValueError, AttributeError):  # no file; a Windows before Python 3.12
                os.set_blocking(
                    stream.fileno(), True
                )  # some parents make their children's pipes non-blocking


def out(text: str) -> bool:
    """Print a result on stdout, with a line's end; return False if it was lost.

    A reader that has left (`| head`) and a stdout that is closed wanted no more: nothing is lost.
    """
    error = _write(sys.stdout, text)
    if error is None or isinstance(error, BrokenPipeError):
        return True
    err(f"wiro-widgets: stdout cannot be written: {getattr(error, 'strerror', None) or error}")
    return False


def err(text: str, end: str = "\n") -> None:
    """Print something on stderr for a person; nothing happens if nobody can read it."""
    with _stderr_lock:
        _write(sys.stderr, text, end)


def is_stuck() -> bool:
    """Return True if a thread waits for the reader of stderr; the interpreter cannot end meanwhile."""
    return _stderr_lock.locked()


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


class ProgressLine:
    """A task's progress on stderr: a line that is rewritten in a terminal, elsewhere a plain line for each tenth.

    It is printed by a thread of its own, because the engine's thread must not wait for a reader.
    """

    def __init__(self) -> None:
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._has_bar = False
        self._tenth = -1
        self._events: queue.SimpleQueue[TaskEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._print_all, name="wiro-progress", daemon=True)
        self._thread.start()

    def show(self, event: TaskEvent) -> None:
        """Print an event soon; called on the engine's thread."""
        if self._events.qsize() < _MAX_WAITING:
            self._events.put(event)

    def pause(self) -> None:
        """Wait a moment for what was shown to be printed, so that a result comes after it."""
        self._events.put(None)
        self._thread.join(_GRACE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()
        if kind is not KeyboardInterrupt:  # whoever presses Ctrl-C waits for no reader
            self._thread.join()

    def _print_all(self) -> None:
        while (event := self._events.get()) is not None:
            self._print(event)
        self._end_bar()

    def _print(self, event: TaskEvent) -> None:
        match event:
            case Progress(fraction=float() as fraction):
                self._print_progress(fraction, event)
            case Log(full=False) | Notice():
                self._print_line(event.text)
            case Lifecycle() if event.type in _WORDS:
                self._print_line(_WORDS[event.type])

    def _print_progress(self, fraction: float, event: Progress) -> None:
        if not self._is_terminal:
            if int(fraction * 10) > self._tenth:
                self._tenth = int(fraction * 10)
                err(f"{fraction:.0%}")
            return
        done = round(_BAR * fraction)
        steps = f"step {event.step} of {event.total}" if event.step and event.total else f"{fraction:.0%}"
        remaining = f", {event.remaining} left" if event.remaining else ""
        words = printable(f"[{'#' * done}{'.' * (_BAR - done)}] {steps}{remaining}").replace("\n", " ")
        err(f"\r{words[: shutil.get_terminal_size().columns - 1]}\x1b[K", end="")
        self._has_bar = True

    def _print_line(self, text: str) -> None:
        self._end_bar()
        err(printable(text).replace("\n", " "))

    def _end_bar(self) -> None:
        if self._has_bar:
            err("")
        self._has_bar = False
