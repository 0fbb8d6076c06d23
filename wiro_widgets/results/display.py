"""Displayed: what a notebook shows as HTML, and a terminal by its repr."""

from __future__ import annotations

import sys


class Displayed:
    """Has `_repr_html_` and a repr, and gives a host both at once, so that it takes the one it can show."""

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        plain = {"text/plain": repr(self)}
        return plain if _in_terminal() else {**plain, "text/html": self._repr_html_()}


def _in_terminal() -> bool:
    """Whether this is IPython in a terminal: it asks for every form too, and would decode pictures for none to see."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and shell.display_formatter.active_types == ["text/plain"]
