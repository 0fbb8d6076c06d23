"""The line that a wait shows: a display in a notebook, the last line of a terminal, otherwise nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from wiro_widgets.display.cell_output import CellOutput
from wiro_widgets.display.terminal_line import PlainLines, is_terminal, terminal_line
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.render.notebook_repr import is_notebook
from wiro_widgets.render.progress_line import ProgressLine

ProgressMode = bool | Literal["transient"] | None
VARIABLE = "WIRO_PROGRESS"
_WORDS: dict[str, ProgressMode] = {
    **dict.fromkeys(("0", "false", "no", "off"), False),
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    "transient": "transient",
}


def checked_mode(mode: ProgressMode) -> ProgressMode:
    """Return the mode; raises InvalidParameter if it is none."""
    if mode not in (None, True, False, "transient"):
        raise InvalidParameter("progress", f'None, True, False or "transient" is needed, not {mode!r}')
    return mode


@contextmanager
def live_line(content: Callable[[], ProgressLine], *modes: ProgressMode) -> Iterator[None]:
    """Show what `content()` returns while the block runs, and leave the last of it, or nothing with "transient".

    The first mode that is not None counts, then the environment's WIRO_PROGRESS. None shows it in a notebook and in a
    terminal; True prints plain lines to stderr where there is neither; False shows nothing. `content` is called on
    another thread a few times a second. Raises InvalidParameter for another mode.
    """
    mode = next((mode for mode in map(checked_mode, modes) if mode is not None), None)
    if mode is None:
        mode = _WORDS.get(os.environ.get(VARIABLE, "").strip().lower())
    end = None if mode is False else _begin(content, force=mode is True)
    try:
        yield
    finally:
        if end is not None:
            end(None if mode == "transient" else content())


def _begin(
    content: Callable[[], ProgressLine], *, force: bool
) -> Callable[[ProgressLine | None], None] | None:
    """Show it where it can be shown, and return the function that shows its last state."""
    if is_notebook():
        output = CellOutput(content)
        output.begin()
        return output.end
    if is_terminal():
        terminal_line.begin(content)
        return lambda last: terminal_line.end(content, last)
    if force:
        lines = PlainLines(content)
        lines.begin()
        return lines.end
    return None
