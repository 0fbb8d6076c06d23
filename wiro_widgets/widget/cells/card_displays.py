"""CardDisplays: the static cards of one widget in the cells that show it.

Apart from `static_card`, which draws the cards: that needs Pillow, and a cell shows its widget before Pillow loads.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from wiro_widgets.widget import host

MAX_CARDS = 20  # cells that show the same panel and are kept up to date


class Card(Protocol):
    """A card as it is drawn."""

    @property
    def bundle(self) -> dict[str, Any]:
        """The card as a MIME bundle."""


@dataclass(frozen=True, slots=True)
class BlankCard:
    """Nothing to see yet: the place of a card that is drawn once the widget has loaded."""

    card_id: str
    text: str

    @property
    def bundle(self) -> dict[str, Any]:
        """The place as a MIME bundle."""
        html = f'<div class="wiro-card" data-card="{self.card_id}" hidden></div>'
        return {"text/html": html, "text/plain": self.text}


class CardDisplays:
    """The cards of one widget in the cells that show it; `catch_up` brings the widget up to date with its tasks."""

    def __init__(self, catch_up: Callable[[], object]) -> None:
        self.id = secrets.token_hex(6)
        self._catch_up = catch_up
        self._displays: list[Any] = []  # IPython's handles
        self._card: Card | None = None

    def __repr__(self) -> str:
        return f"<CardDisplays in {len(self._displays)} cells>"

    def __len__(self) -> int:
        return len(self._displays)

    def show(self, view: tuple[dict[str, Any], dict[str, Any]], make: Callable[[], Card]) -> None:
        """Show the live view and, in a notebook, its card as a second output of the cell."""
        data, metadata = view
        if not host.in_notebook():
            host.display(data, metadata)
            return
        # The text is the card's, which is updated; a second one here would stay as it is where the view cannot live.
        host.display({**data, "text/plain": ""}, metadata)
        if not self._displays:
            host.cell_events().register("post_run_cell", self._after_cell)
        self._card = make()
        self._displays = [*self._displays, host.display(self._card.bundle)][-MAX_CARDS:]

    def update(self, card: Card) -> None:
        """Bring every card up to date; does nothing if the card is the same."""
        if card != self._card:
            self._card = card
            for display in self._displays:
                display.update(card.bundle, raw=True)

    def close(self) -> None:
        """Leave the cards as they are; closing twice is fine."""
        if self._displays:
            host.cell_events().unregister("post_run_cell", self._after_cell)
        self._displays = []

    def _after_cell(self, *_result: object) -> None:
        """Catch up: the kernel of a notebook that is only executed ends with its last cell."""
        self._catch_up()
