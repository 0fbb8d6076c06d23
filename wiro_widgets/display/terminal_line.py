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
_CLEAR = "\r\x1b[K"
_TENTHS = 10
_COLUMNS = 80  # of a terminal that does not say how wide it is


def is_terminal() -> bool:
    """Return True if stderr is a terminal that can rewrite its line."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # there is no stderr, or it was closed
        return False


class TerminalLine:
    """The last line of the terminal, one for a process; of several waits the first is drawn, the others are counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the rest, and is held while it is written
        self._contents: list[Content] = []
        self._text = ""

    def begin(self, content: Content) -> None:
        """Draw this content from now on."""
        with self._lock:
            self._contents.append(content)
            self._draw()
        pacer().add(self)

    def refresh(self) -> bool:
        """Draw the line again if it has changed; return True if it was written."""
        with self._lock:
            return self._draw()

    def say(self, *lines: str) -> None:
        """Print lines of text above it."""
        with self._lock:
            text = "".join(f"{printable(line)}\n" for line in lines)
            _write(f"{_CLEAR}{text}" if self._text else text)
            self._text = ""
            self._draw()

    def end(self, content: Content, last: ProgressLine | None) -> None:
        """Draw this content no more, and leave a last line, None for nothing."""
        with self._lock:
            if content not in self._contents:
                return
            self._contents.remove(content)
            if not self._contents:
                pacer().remove(self)
            _write(_CLEAR + ("" if last is None else f"{_fit(last)}\n"))
            self._text = ""
            self._draw()

    def _draw(self) -> bool:
        if not self._contents:
            return False
        more = len(self._contents) - 1
        tail = f" (+{more})" if more else ""
        text = _fit(self._contents[0](), len(tail)) + tail
        if text == self._text:
            return False
        self._text = text
        _write(f"\r{text}\x1b[K")
        return True


class PlainLines:
    """Progress where no line can be rewritten: a line for each stage, and for each tenth of it."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._lock = threading.Lock()  # held while a line is written
        self._last: object = None

    def begin(self) -> None:
        """Print the first line."""
        self.refresh()
        pacer().add(self)

    def refresh(self) -> bool:
        """Print a line if there is something new; return True if one was printed."""
        with self._lock:
            line = self._content()
            place = line.stage if line.fraction is None else int(line.fraction * _TENTHS)
            if place == self._last:
                return False
            self._last = place
            _write(f"{line!r}\n")
            return True

    def end(self, last: ProgressLine | None) -> None:
        """Print the last line, None for nothing."""
        pacer().remove(self)
        with self._lock:
            if last is not None:
                _write(f"{last!r}\n")


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
