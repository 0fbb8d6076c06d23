"""The plan of a contact sheet: how large its letters are, and where its tiles and labels belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wiro_widgets.render.lettering import Lettering

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wiro_widgets.render.fonts import Fonts
    from wiro_widgets.render.grid import Layout
    from wiro_widgets.render.tiles import Tiles

_HEAD_LINES, _ROW_LINES, _CAPTION_LINES = 4, 8, 3  # of a label, at most
_ROW_WIDTH: Final = 16  # of the labels of rows, at most, in heights of a letter
_SMALLEST, _USUAL = 11, 15  # pixels of a letter, on small and on usual tiles
_PER_SHEET: Final = 90  # letters that the longer side of a large sheet is high or wide
_PER_TILE: Final = 8  # and that a tile is wide, at least

Lines = list[str]


class Plan:
    """A sheet with tiles of at most `edge` pixels; all measures are pixels.

    `heads`, `rows` and `captions` are the labels in lines, a caption by its text; `letters` is their size where a font
    brings its own.
    """

    def __init__(self, layout: Layout, tiles: Tiles, edge: int, fonts: Fonts, letters: int | None) -> None:
        self.tile = tiles.size(edge)
        size = letters or _letters(
            self.tile, len(layout.columns) * tiles.abreast, len(layout.rows) * tiles.deep
        )
        self.text, self.small = Lettering(fonts, size), Lettering(fonts, max(10, round(size * 0.85)))
        self.margin = size
        self._abreast = tiles.abreast
        gap = max(4, self.tile[0] // 32)
        self._apart = gap if tiles.abreast == tiles.deep == 1 else 4 * gap
        captions = dict.fromkeys(tile.shown.caption for tile in tiles)
        self.captions = {text: self.small.lines(text, self.tile[0], _CAPTION_LINES) for text in captions}
        below = self._height(self.small, self.captions.values())
        self._step = self.tile[0] + gap, self.tile[1] + below + gap
        self.place = tiles.abreast * self._step[0] - gap, tiles.deep * self._step[1] - gap
        self.heads = [self.text.lines(name, self.place[0], _HEAD_LINES) for name in layout.columns]
        self.rows = self._row_labels(layout)
        self.x, self.y = self._corner(layout)
        self.width = self._start(0, len(layout.columns))[0] - self._apart + self.margin
        self.height = self._start(len(layout.rows), 0)[1] - self._apart + self.margin

    def __repr__(self) -> str:
        return f"<Plan of {self.width} x {self.height} pixels, tiles of {self.tile[0]} x {self.tile[1]}>"

    def at(self, row: int, column: int, number: int = 0) -> tuple[int, int]:
        """Return the upper left corner of a tile: the number-th of its place."""
        x, y = self._start(row, column)
        down, across = divmod(number, self._abreast)
        return x + across * self._step[0], y + down * self._step[1]

    def _start(self, row: int, column: int) -> tuple[int, int]:
        return (
            self.x + column * (self.place[0] + self._apart),
            self.y + row * (self.place[1] + self._apart),
        )

    def _row_labels(self, layout: Layout) -> list[Lines]:
        if layout.is_folded:  # each tile has a label of its own
            return [[] for _ in layout.rows]
        most = min(_ROW_LINES, max(1, self.place[1] // self.text.line))
        return [self.text.lines(name, _ROW_WIDTH * self.text.size, most) for name in layout.rows]

    def _corner(self, layout: Layout) -> tuple[int, int]:
        """Return where the first tile begins, below and beside the labels and the names of the axes."""
        labels = [self.text.width(line) for lines in self.rows for line in lines]
        left = 0.0
        if labels:
            name = self.small.lines(layout.y, _ROW_WIDTH * self.text.size, 1)
            left = max(*labels, *map(self.small.width, name)) + self.text.size
        heads = max(map(len, self.heads), default=0) * self.text.line
        names = self.small.line * ((1 if layout.x else 0) + (1 if labels and not heads else 0))
        top = heads + names
        return round(self.margin + left), round(self.margin + top + (self.text.size // 3 if top else 0))

    @staticmethod
    def _height(letters: Lettering, labels: Iterable[Lines]) -> int:
        most = max(map(len, labels), default=0)
        return letters.size // 3 + most * letters.line if most else 0


def _letters(tile: tuple[int, int], across: int, down: int) -> int:
    """Return the size of the letters: larger on a large sheet, which is seen from farther away, and never too wide."""
    least = max(_SMALLEST, min(tile[0] // _PER_TILE, _USUAL))
    wished = max(tile[0] * across, tile[1] * down) // _PER_SHEET
    return max(least, min(wished, tile[0] // _PER_TILE))
