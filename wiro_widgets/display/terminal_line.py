"""The line of a terminal that is rewritten while something goes on, and plain lines where stderr is no terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

from wiro_widgets.display.pacer import pacer
from wiro_widgets.protocol.redact import printable
from wiro_widgets.render.progress_line import ProgressLine

Content = Callable[[], ProgressLine]
# Held while a thread writes to stderr. Python's own lock of the stream cannot be interrupted by Ctrl-C, this one can.
stderr_lock = threading.Lock()

_CLEAR = "\r\x1b[K"
_PATIENCE = 1.0  # seconds that the end of a wait waits for somebody to read stderr
_TENTHS = 10
_COLUMNS = 80  # of a terminal that does not say how wide it is


def is_terminal() -> bool:
    """Return True if stderr is a terminal that can rewrite its line."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # there is no stderr, or it was closed
        return False


class TerminalLine:
    """The last line of the terminal, one for a process; of several waits the first is drawn, the others are counted.

    The pacer's thread writes it, so that a wait is not kept by a terminal that nobody reads.
    """

    def __init__(self) -> None:
        self._contents: list[Content] = []
        self._text = ""  # guarded by `stderr_lock`

    def begin(self, content: Content) -> None:
        """Draw this content from now on."""
        self._contents.append(content)
        pacer().add(self)

    def refresh(self) -> bool:
        """Draw the line again if it has changed; return True if it was written."""
        with stderr_lock:
            return self._draw()

    def say(self, *lines: str) -> None:
        """Print lines of text above it."""
        with stderr_lock:
            self._replace("".join(f"{printable(line)}\n" for line in lines))

    def end(self, content: Content, last: ProgressLine | None) -> None:
        """Draw this content no more, and leave a last line, None for nothing."""
        self._contents.remove(content)
        if not self._contents:
            pacer().remove(self)
        if stderr_lock.acquire(timeout=_PATIENCE):
            try:
                self._replace("" if last is None else f"{_fit(last)}\n")
            finally:
                stderr_lock.release()

    def _replace(self, text: str) -> None:
        """Write whole lines in place of the line, and draw it again below them."""
        if self._text or text:
            _write((_CLEAR if self._text else "") + text)
        self._text = ""
        self._draw()

    def _draw(self) -> bool:
        contents = tuple(self._contents)
        if not contents:
            return False
        tail = f" (+{len(contents) - 1})" if len(contents) > 1 else ""
        text = _fit(contents[0](), len(tail)) + tail
        if text == self._text:
            return False
        self._text = text
        _write(f"\r{text}\x1b[K")
        return True


class PlainLines:
    """Progress where no line can be rewritten: a line for each stage, and for each tenth of it."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._last: object = None  # guarded by `stderr_lock`, as is the text of the last line
        self._text = ""
        self._ended = False

    def begin(self) -> None:
        """Print lines from now on."""
        pacer().add(self)

    def refresh(self) -> bool:
        """Print a line if there is something new; return True if one was printed."""
        with stderr_lock:
            line = self._content()
            place = line.stage if line.fraction is None else int(line.fraction * _TENTHS)
            if place == self._last or self._ended:
                return False
            self._last, self._text = place, repr(line)
            _write(f"{self._text}\n")
            return True

    def end(self, last: ProgressLine | None) -> None:
        """Print the last line, None for nothing."""
        pacer().remove(self)
        if stderr_lock.acquire(timeout=_PATIENCE):
            try:
                self._ended = True
                if last is not None and repr(last) != self._text:
                    _write(f"{last!r}\n")
            finally:
                stderr_lock.release()


terminal_line = TerminalLine()


def _fit(line: ProgressLine, columns_less: int = 0) -> str:
    # A text as wide as the terminal would go on in the next line.
    return line.fit(_columns() - 1 - columns_less, getattr(sys.stderr, "encoding", None) or "ascii")


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except (AttributeError, OSError, ValueError):  # stderr is no file
        return _COLUMNS


def _write(text: str) -> None:
    """Write to stderr for a person; nothing happens if nobody can read it."""
    stream = sys.stderr
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except (AttributeError, OSError, ValueError):  # there is no stderr, or it was closed
        return
