"""The tiles of a contact sheet: what stands at each place, and how large all of them are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isqrt
from typing import TYPE_CHECKING, Final

from PIL import Image

from wiro_widgets.protocol.errors import OutputError

if TYPE_CHECKING:
    from wiro_widgets.media.output import Output
    from wiro_widgets.render.grid import GridCell, Layout

_LEAST: Final = 16  # pixels of a tile's edge
_ABREAST: Final = 4  # tiles of one place in a row; more go into a block


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a cell, or a cell without one."""

    shown: GridCell
    output: Output | None

    def picture(self, size: tuple[int, int]) -> Image.Image | None:
        """Return the picture no larger than that, in RGB or RGBA; None where there is none to be had."""
        try:
            picture = self.output.image() if self.output else None
        except OutputError:
            return None
        if picture is None:
            return None
        picture.thumbnail(size)
        transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
        return picture.convert("RGBA" if transparent else "RGB")

    @property
    def is_text(self) -> bool:
        """Whether what stands in place of the picture was said by a model."""
        return self.output is None and self.shown.said is not None

    @property
    def words(self) -> str:
        """What stands in place of the picture."""
        return self.output.name if self.output else self.shown.words


class Tiles:
    """The tiles of every place; a place has room for the same number, `abreast` in a row and `deep` rows."""

    def __init__(self, layout: Layout) -> None:
        self.places = [[_tiles(place) for place in row] for row in layout.places]
        most = max((len(place) for row in self.places for place in row), default=1) or 1
        self.abreast = most if most <= _ABREAST else isqrt(most - 1) + 1
        self.deep = ceil(most / self.abreast)
        found = (_size(tile.output) for tile in self if tile.output)
        self._sizes = {size for size in found if size}

    def __iter__(self) -> Iterator[Tile]:
        return (tile for row in self.places for place in row for tile in place)

    def __repr__(self) -> str:
        return f"<Tiles, {self.abreast} x {self.deep} at a place>"

    def size(self, edge: int) -> tuple[int, int]:
        """Return the size that holds every picture when it is made to fit the edge; a square where there is none."""
        fitted = [(size, min(1.0, edge / max(size))) for size in self._sizes] or [((edge, edge), 1.0)]
        width = max(round(size[0] * scale) for size, scale in fitted)
        height = max(round(size[1] * scale) for size, scale in fitted)
        return max(width, _LEAST), max(height, _LEAST)


def _tiles(place: tuple[GridCell, ...]) -> list[Tile]:
    found: list[Tile] = []
    for shown in place:
        pictures = [output for output in shown.outputs if output.is_image and output.error is None]
        found += [Tile(shown, output) for output in pictures] or [Tile(shown, None)]
    return found


def _size(output: Output) -> tuple[int, int] | None:
    """Return a picture's size from its header."""
    try:
        with Image.open(output.path or io.BytesIO(output.bytes())) as picture:
            return picture.size
    except Exception:  # noqa: BLE001 - a broken header makes Pillow raise nearly anything
        return None
