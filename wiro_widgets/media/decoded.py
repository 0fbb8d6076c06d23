"""Pictures that were decoded for a look, kept a while for whoever asks for them next: decoding is most of the cost."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS: Final = 8 * 2**20  # of all that are kept: eight pictures of 1024 x 1024


class Decoded:
    """A few pictures, each given away once; safe for several threads."""

    def __init__(self, most_pixels: int = MOST_PIXELS) -> None:
        self._most = most_pixels
        self._kept: OrderedDict[int, Image] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Decoded, {len(self._kept)} pictures>"

    def keep(self, key: int, image: Image) -> None:
        """Keep a picture, and let the oldest ones go where that is too much."""
        with self._lock:
            self._kept[key] = image
            while sum(one.width * one.height for one in self._kept.values()) > self._most:
                self._kept.popitem(last=False)

    def take(self, key: int) -> Image | None:
        """Return the picture, which is the caller's own from now on; None where it is not kept."""
        with self._lock:
            return self._kept.pop(key, None)


kept: Final = Decoded()
