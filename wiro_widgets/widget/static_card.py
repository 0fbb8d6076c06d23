"""Puts a panel into a cell: the live view, and beside it the static card, brought up to date as the run goes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wiro_widgets.media.images import Thumbnail
from wiro_widgets.widget import fallback

MAX_CARDS = 20  # cells that show the same panel and are kept up to date


def in_notebook() -> bool:
    """Whether there is a kernel whose page can show a widget."""
    try:
        from IPython import get_ipython  # noqa: PLC0415 - without IPython there is no cell
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


@dataclass(frozen=True, slots=True)
class Card:
    """A still picture of a panel, as HTML and as text."""

    html: str
    text: str

    @classmethod
    def of(
        cls,
        card_id: str,
        *,
        model: str,
        run: Mapping[str, Any],
        values: Mapping[str, Any],
        order: Sequence[str],
        pictures: Sequence[Thumbnail],
    ) -> Card:
        """Draw the card of a run as the browser is told of it, its values in the order of the controls."""
        at = {name: place for place, name in enumerate(order)}
        names = sorted(values, key=lambda name: at.get(name, len(at)))
        told: dict[str, Any] = {"model": model, "run": run, "values": {name: values[name] for name in names}}
        return cls(fallback.card(card_id, **told, pictures=pictures), fallback.words(**told))


class Cards:
    """The cards of one panel in the cells that show it; `catch_up` brings the panel up to what its tasks are."""

    def __init__(self, catch_up: Callable[[], object]) -> None:
        self.id = secrets.token_hex(6)
        self._catch_up = catch_up
        self._shown: list[str] = []
        self._card: Card | None = None

    def __repr__(self) -> str:
        return f"<Cards in {len(self._shown)} cells>"

    def __len__(self) -> int:
        return len(self._shown)

    def show(self, view: tuple[dict[str, Any], dict[str, Any]], make: Callable[[], Card]) -> None:
        """Show the live view and, in a notebook, the card that stands for it where it cannot live."""
        from IPython.display import display  # noqa: PLC0415 - only where there is a cell

        data, metadata = view
        if not in_notebook():
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call] # IPython's
            return
        # The words are the card's: these would stay as they were, beside it, wherever the view cannot live.
        display({**data, "text/plain": ""}, metadata=metadata, raw=True)  # type: ignore[no-untyped-call] # IPython's
        if not self._shown:
            _events().register("post_run_cell", self._cell_ended)
        self.add(make())

    def close(self) -> None:
        """Let the cells be; closing twice is fine."""
        if self._shown:
            _events().unregister("post_run_cell", self._cell_ended)
        self._shown = []

    def add(self, card: Card) -> None:
        """Publish the card as an output of the cell that is running."""
        display_id = secrets.token_hex(8)
        self._shown = [*self._shown, display_id][-MAX_CARDS:]
        self._card = card
        _publish(card, display_id, update=False)

    def update(self, card: Card) -> None:
        """Bring every card up to date; says nothing when nothing has changed."""
        if card == self._card:
            return
        self._card = card
        for display_id in self._shown:
            _publish(card, display_id, update=True)

    def _cell_ended(self, *_result: object) -> None:
        """Be up to date when a cell ends: the kernel of a notebook that is only executed ends with its last cell."""
        self._catch_up()


def _events() -> Any:
    from IPython import get_ipython  # noqa: PLC0415 - only where there is a cell

    return get_ipython().events


def _publish(card: Card, display_id: str, *, update: bool) -> None:
    from IPython.display import publish_display_data  # noqa: PLC0415 - only where there is a cell

    data = {"text/html": card.html, "text/plain": card.text}
    transient = {"display_id": display_id}
    publish_display_data(data, transient=transient, update=update)  # type: ignore[no-untyped-call] # IPython's
