"""The panels that are open in this process, so that a gallery or another panel can hand a file to one of them."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from wiro_widgets.protocol.errors import WiroError

if TYPE_CHECKING:
    from wiro_widgets.media.output import Output


class OpenControls(Protocol):
    """What is used of a panel: its controls."""

    @property
    def model(self) -> str | None:
        """The model as "owner/name"."""

    def take_inputs(self, outputs: Sequence[Output], field: str | None = None) -> str:
        """Use outputs as input; return what came of it in words. Raises InvalidParameter."""


_panels: weakref.WeakValueDictionary[str, OpenControls] = weakref.WeakValueDictionary()


def add(name: str, controls: OpenControls) -> None:
    """Note a panel that was opened, by the name that its page knows it by."""
    _panels[name] = controls


def remove(name: str) -> None:
    """Note that a panel was closed."""
    _panels.pop(name, None)


def hand_over(outputs: Sequence[Output], name: str, field: str) -> str:
    """Use outputs as input of a panel, in this field or, if that is empty, the first that takes them.

    Returns in words what came of it. Raises WiroError if the panel is closed or there is no output, InvalidParameter.
    """
    panel = _panels.get(name)
    if panel is None or not outputs:
        raise WiroError("The panel was closed meanwhile, or the output is gone.")
    return panel.take_inputs(outputs, field or None)


def labels() -> list[tuple[str, str]]:
    """Return the names of the open panels with a label for people, the newest first."""
    items = list(_panels.items())
    texts = [
        f"Panel {place}: {panel.model or 'without a model'}" for place, (_, panel) in enumerate(items, 1)
    ]
    return [(name, text) for (name, _), text in zip(items, texts, strict=True)][::-1]
