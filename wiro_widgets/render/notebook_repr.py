"""NotebookRepr: an object that a notebook shows as HTML and a terminal by its repr."""

from __future__ import annotations

import sys
from typing import Any

from wiro_widgets.media.public_names import PublicNames

NO_MATH = "mathjax_ignore tex2jax_ignore"  # classes that MathJax 3 and 2 leave alone


class NotebookRepr(PublicNames):
    """Has `_repr_html_` and a repr, and offers both to a host, which takes the one that it can show."""

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _markdown(self) -> str | None:
        """Return an answer as Markdown, for hosts that prefer it; None if there is none."""
        return None

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        # IPython in a terminal asks for every form too: no pictures are decoded for it.
        shell = _shell()
        in_terminal = shell is not None and shell.display_formatter.active_types == ["text/plain"]
        text = {"text/plain": repr(self)}
        if in_terminal:
            return text
        markdown = self._markdown()
        html = plain_text(self._repr_html_())
        return {**text, "text/html": html, **({"text/markdown": markdown} if markdown else {})}


def plain_text(html: str) -> str:
    """Return HTML in which a page takes no text for mathematics: two prices, or a prompt with two dollar signs."""
    return f'<div class="{NO_MATH}">{html}</div>' if html else html


def is_notebook() -> bool:
    """Return True if this code runs in a kernel, and so in a notebook's cell."""
    return hasattr(_shell(), "kernel")


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None
