"""Displayed: what a notebook shows as HTML, and a terminal by its repr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class Displayed:
    """Has `_repr_html_` and a repr, and gives a host both at once, so that it takes the one it can show."""

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        plain = {"text/plain": repr(self)}
        return plain if _in_terminal() else {**plain, "text/html": self._repr_html_()}


def is_notebook() -> bool:
    """Whether this code runs in a kernel, and so in a notebook's cell."""
    return hasattr(_shell(), "kernel")


def in_notebook(shown: Displayed) -> Any:
    """Show it in a notebook's cell and return the handle to show it anew with; None outside of a notebook."""
    if not is_notebook():
        return None
    from IPython import display  # noqa: PLC0415 - only where it runs already

    show: Callable[..., Any] = display.display
    return show(shown, display_id=True)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _in_terminal() -> bool:
    """Whether this is IPython in a terminal: it asks for every form too, and would decode pictures for none to see."""
    shell = _shell()
    return shell is not None and shell.display_formatter.active_types == ["text/plain"]
