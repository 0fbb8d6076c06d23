"""The progress of a sweep while somebody waits for it: a bar in a notebook, a line on stderr in a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Protocol, Self

from wiro_widgets.render.grid import bar
from wiro_widgets.render.notebook_repr import Displayed, in_notebook


class Going(Protocol):
    """What can be waited for."""

    @property
    def line(self) -> str:
        """How far it is, in words."""

    @property
    def progress(self) -> float:
        """How far it is, as a fraction."""


class Progress(Displayed):
    """Shows how far something is, in one place; `shown` None: in a notebook and in a terminal, nowhere else."""

    def __init__(self, what: Going, *, shown: bool | None) -> None:
        self._what = what
        self._wanted = shown
        self._handle: Any = None
        self._last = ""

    def __repr__(self) -> str:
        return self._what.line

    def _repr_html_(self) -> str:
        return bar(self._what.line, self._what.progress)

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.update()
        if self._last and self._handle is None:
            sys.stderr.write("\n")

    def begin(self) -> None:
        """Show it for the first time."""
        if self._wanted is not False:
            self._handle = in_notebook(self)
        self.update()

    def update(self) -> None:
        """Show how far it is now, where that has changed."""
        if self._wanted is False or self._what.line == self._last:
            return
        if self._handle is not None:
            self._handle.update(self)
        elif self._wanted or sys.stderr.isatty():
            sys.stderr.write(f"\r{self._what.line.ljust(len(self._last))}")
            sys.stderr.flush()
        else:
            return
        self._last = self._what.line
