"""The panels that are open in this process, so that a gallery can hand a picture to one of them."""

from __future__ import annotations

import weakref
from itertools import count
from typing import Any, Protocol


class OpenPanel(Protocol):
    """What is used of a panel."""

    @property
    def model(self) -> str | None:
        """The model as "owner/name"."""

    def take_input(self, value: Any) -> str:
        """Use a file as input; return what the field is called. Raises InvalidParameter."""


_numbers = count(1)
_panels: weakref.WeakValueDictionary[str, OpenPanel] = weakref.WeakValueDictionary()


def add(panel: OpenPanel) -> str:
    """Note a panel that was opened, and return its name here."""
    name = str(next(_numbers))
    _panels[name] = panel
    return name


def remove(name: str) -> None:
    """Note that a panel was closed."""
    _panels.pop(name, None)


def find(name: str) -> OpenPanel | None:
    """Return a panel by its name; None if it is closed."""
    return _panels.get(name)


def labels() -> list[tuple[str, str]]:
    """Return the names of the open panels with a label for people, the newest first."""
    items = sorted(_panels.items(), key=lambda item: int(item[0]), reverse=True)
    return [(name, f"Panel {name}: {panel.model or 'without a model'}") for name, panel in items]
