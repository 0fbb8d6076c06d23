"""Puts a panel into a cell: the live view, and beside it the static card, brought up to date when a run ends."""

from __future__ import annotations

import secrets
from typing import Any

MAX_CARDS = 20  # cells that show the same panel and are kept up to date


def in_notebook() -> bool:
    """Whether there is a kernel whose page can show a widget."""
    try:
        from IPython import get_ipython  # noqa: PLC0415 - without IPython there is no cell
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


class Cards:
    """The cards of one panel in the cells that show it."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(6)
        self._shown: list[str] = []
        self._html = ""

    def __repr__(self) -> str:
        return f"<Cards in {len(self._shown)} cells>"

    def __len__(self) -> int:
        return len(self._shown)

    def add(self, html: str) -> None:
        """Publish the card as an output of the cell that is running."""
        display_id = secrets.token_hex(8)
        self._shown = [*self._shown, display_id][-MAX_CARDS:]
        self._html = html
        _publish(html, display_id, update=False)

    def update(self, html: str) -> None:
        """Bring every card up to date; says nothing when nothing has changed."""
        if html == self._html:
            return
        self._html = html
        for display_id in self._shown:
            _publish(html, display_id, update=True)


def _publish(html: str, display_id: str, *, update: bool) -> None:
    from IPython.display import publish_display_data  # noqa: PLC0415 - only where there is a cell

    data: dict[str, Any] = {"text/html": html, "text/plain": ""}
    transient = {"display_id": display_id}
    publish_display_data(data, transient=transient, update=update)  # type: ignore[no-untyped-call] # IPython's
