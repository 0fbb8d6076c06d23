"""A contact sheet: pictures laid out by two axes on one PIL image, with labels for rows, columns and further axes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil, isqrt
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from wiro_widgets.media import images
from wiro_widgets.protocol.errors import OutputError, WiroWarning
from wiro_widgets.render.fonts import FontLike, Fonts, Lettering

if TYPE_CHECKING:
    from wiro_widgets.media.output import Output
    from wiro_widgets.render.grid import GridCell, Layout

MAX_PIXELS: Final = 64_000_000
_MIN_EDGE, _MAX_EDGE = 16, 2048  # pixels of a picture
_MAX_ABREAST: Final = 4  # tiles of one place in a row; more become a block
_GALLERY_ROW: Final = 6  # tiles in a row of a gallery, at least
_HEAD_LINES, _ROW_LINES, _CAPTION_LINES = 4, 8, 3  # of a label, at most
_ROW_WIDTH: Final = 16  # of the labels of rows, at most, in heights of a letter
_SMALL_LETTERS, _USUAL_LETTERS = 11, 15  # pixels, on small and on usual tiles
_LETTERS_PER_SHEET: Final = 90  # heights of a letter in the longer side of a large sheet
_LETTERS_PER_TILE: Final = 8  # heights of a letter in the width of a tile, at least
_PAPER, _INK, _FAINT = "white", "#1f1f1f", "#6e6e6e"
_FRAME, _EMPTY = "#dcdcdc", "#f6f6f6"
_MAX_NAMES: Final = 12  # characters in a warning


def draw(layout: Layout, *, edge: int = 256, font: FontLike | None = None) -> Image.Image:
    """Return the sheet; each picture is at most `edge` pixels wide and high, and smaller on a very large sheet.

    A cell without a picture shows its text or its status. `font` is tried first for the labels: a path, a name or a
    Pillow font, which keeps its size. Raises InvalidParameter if it cannot be opened.
    """
    layout = _square(layout) if layout.is_gallery else layout
    tiles = Tiles(layout)
    captions = dict.fromkeys(tile.cell.caption for tile in tiles)
    fonts = Fonts(font, [layout.x, layout.y, *layout.columns, *layout.rows, *captions])
    edge = max(_MIN_EDGE, min(edge, _MAX_EDGE))
    while (plan := Plan(layout, tiles, edge, fonts)).area > MAX_PIXELS and edge > _MIN_EDGE:
        edge = max(_MIN_EDGE, edge * 3 // 4)
    sheet = Image.new("RGB", (plan.width, plan.height), _PAPER)
    _draw_labels(ImageDraw.Draw(sheet), layout, plan)
    for row, places in enumerate(tiles.places):
        for column, place in enumerate(places):
            for number, tile in enumerate(place):
                _draw_tile(sheet, plan, tile, plan.at(row, column, number))
    if fonts.missing:
        names = " ".join(list(fonts.missing)[:_MAX_NAMES])
        warnings.warn(
            f"The fonts of this machine that Pillow finds lack {names}: the sheet shows boxes there. "
            "Name a font that has them: contact_sheet(font=...).",
            WiroWarning,
            stacklevel=3,
        )
    return sheet


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a cell, or a cell without a picture."""

    cell: GridCell
    output: Output | None

    def picture(self, size: tuple[int, int]) -> Image.Image | None:
        """Return the picture, upright and at most of that size, in L, RGB or RGBA; None if the tile has none.

        Raises OutputError if it cannot be read.
        """
        return images.shrink(self.output.path or self.output.bytes(), size) if self.output else None


class Tiles:
    """The tiles of every place; each place has room for the same number: `abreast` in a row, `deep` rows."""

    def __init__(self, layout: Layout) -> None:
        self.places = [[_tiles(place) for place in row] for row in layout.places]
        most = max((len(place) for row in self.places for place in row), default=1) or 1
        self.abreast = most if most <= _MAX_ABREAST else isqrt(most - 1) + 1
        self.deep = ceil(most / self.abreast)
        self._sizes = {size for tile in self if tile.output and (size := _picture_size(tile.output))}

    def __iter__(self) -> Iterator[Tile]:
        return (tile for row in self.places for place in row for tile in place)

    def __repr__(self) -> str:
        return f"<Tiles, {self.abreast} x {self.deep} at a place>"

    def size(self, edge: int) -> tuple[int, int]:
        """Return the size that holds every picture shrunk to the edge; a square if there are no pictures."""
        sizes = [(size, min(1.0, edge / max(size))) for size in self._sizes] or [((edge, edge), 1.0)]
        width = max(round(size[0] * scale) for size, scale in sizes)
        height = max(round(size[1] * scale) for size, scale in sizes)
        return max(width, _MIN_EDGE), max(height, _MIN_EDGE)


class Plan:
    """Where everything is on a sheet with tiles of at most `edge` pixels; all measures are pixels.

    `heads`, `rows` and `captions` are the lines of the labels; `x` and `y` is the corner of the first tile.
    """

    def __init__(self, layout: Layout, tiles: Tiles, edge: int, fonts: Fonts) -> None:
        self.tile = tiles.size(edge)
        size = fonts.own_size or _letter_size(
            self.tile, len(layout.columns) * tiles.abreast, len(layout.rows) * tiles.deep
        )
        self.text, self.small = Lettering(fonts, size), Lettering(fonts, max(10, round(size * 0.85)))
        self.margin = size
        self._abreast = tiles.abreast
        gap = max(4, self.tile[0] // 32)
        self._place_gap = gap if tiles.abreast == tiles.deep == 1 else 4 * gap
        captions = dict.fromkeys(tile.cell.caption for tile in tiles)
        self.captions = {text: self.small.lines(text, self.tile[0], _CAPTION_LINES) for text in captions}
        self._step = self.tile[0] + gap, self.tile[1] + self._captions_height(self.captions.values()) + gap
        self.place = tiles.abreast * self._step[0] - gap, tiles.deep * self._step[1] - gap
        self.heads = [self.text.lines(name, self.place[0], _HEAD_LINES) for name in layout.columns]
        self.rows = self._row_labels(layout)
        self.x, self.y = self._corner(layout)
        self.width = self._start(0, len(layout.columns))[0] - self._place_gap + self.margin
        self.height = self._start(len(layout.rows), 0)[1] - self._place_gap + self.margin

    def __repr__(self) -> str:
        return f"<Plan of {self.width} x {self.height} pixels, tiles of {self.tile[0]} x {self.tile[1]}>"

    @property
    def area(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    def at(self, row: int, column: int, number: int = 0) -> tuple[int, int]:
        """Return the upper left corner of a tile, the number-th of its place."""
        x, y = self._start(row, column)
        down, across = divmod(number, self._abreast)
        return x + across * self._step[0], y + down * self._step[1]

    def _start(self, row: int, column: int) -> tuple[int, int]:
        return (
            self.x + column * (self.place[0] + self._place_gap),
            self.y + row * (self.place[1] + self._place_gap),
        )

    def _row_labels(self, layout: Layout) -> list[list[str]]:
        if layout.is_gallery:  # each tile has a caption
            return [[] for _ in layout.rows]
        most = min(_ROW_LINES, max(1, self.place[1] // self.text.line))
        return [self.text.lines(name, _ROW_WIDTH * self.text.size, most) for name in layout.rows]

    def _corner(self, layout: Layout) -> tuple[int, int]:
        """Return the corner of the first tile: below and beside the labels and the names of the axes."""
        widths = [self.text.width(line) for lines in self.rows for line in lines]
        labels_width = 0.0
        if widths:
            name = self.small.lines(layout.y, _ROW_WIDTH * self.text.size, 1)
            labels_width = max(*widths, *map(self.small.width, name)) + self.text.size
        heads = max(map(len, self.heads), default=0) * self.text.line
        names = self.small.line * ((1 if layout.x else 0) + (1 if widths and not heads else 0))
        top = heads + names
        return (
            round(self.margin + labels_width),
            round(self.margin + top + (self.text.size // 3 if top else 0)),
        )

    def _captions_height(self, captions: Iterable[list[str]]) -> int:
        most = max(map(len, captions), default=0)
        return self.small.size // 3 + most * self.small.line if most else 0


def _square(layout: Layout) -> Layout:
    """Return a gallery in several rows, so that the sheet is about square."""
    places = [place for row in layout.places for place in row]
    across = max(min(len(places), _GALLERY_ROW), isqrt(len(places)))
    rows = tuple(tuple(places[start : start + across]) for start in range(0, len(places), across))
    return replace(layout, columns=("",) * across, rows=("",) * len(rows), places=rows)


def _tiles(place: tuple[GridCell, ...]) -> list[Tile]:
    tiles: list[Tile] = []
    for cell in place:
        pictures = [output for output in cell.outputs if output.is_image and output.error is None]
        tiles += [Tile(cell, output) for output in pictures] or [Tile(cell, None)]
    return tiles


def _picture_size(output: Output) -> tuple[int, int] | None:
    """Return a picture's size as it is seen, from its header."""
    try:
        with output.path.open("rb") if output.path else io.BytesIO(output.bytes()) as file:
            return images.upright_size(file)
    except (OSError, OutputError):
        return None


def _letter_size(tile: tuple[int, int], across: int, down: int) -> int:
    """Return the size of letters: larger on a large sheet, which is seen from farther away, and never too wide."""
    smallest = max(_SMALL_LETTERS, min(tile[0] // _LETTERS_PER_TILE, _USUAL_LETTERS))
    in_proportion = max(tile[0] * across, tile[1] * down) // _LETTERS_PER_SHEET
    return max(smallest, min(in_proportion, tile[0] // _LETTERS_PER_TILE))


def _draw_labels(pen: ImageDraw.ImageDraw, layout: Layout, plan: Plan) -> None:
    """Write the names of the axes and the labels of columns and rows."""
    text, small = plan.text, plan.small
    x, bottom = plan.x, plan.y - text.size // 3
    heads = max(map(len, plan.heads)) * text.line
    if layout.x:
        name = small.lines(layout.x, plan.width - x, 1)
        small.write(pen, (x, bottom - heads - small.line), name, _FAINT)
    if any(plan.rows):
        name = small.lines(layout.y, x - plan.margin, 1)
        small.write(pen, (plan.margin, bottom - small.line), name, _FAINT)
    for column, lines in enumerate(plan.heads):
        text.write(pen, (plan.at(0, column)[0], bottom - len(lines) * text.line), lines, _INK)
    for row, lines in enumerate(plan.rows):
        top = plan.at(row, 0)[1] + max(0, plan.place[1] - len(lines) * text.line) / 2
        text.write(pen, (plan.margin, top), lines, _INK)


def _draw_tile(sheet: Image.Image, plan: Plan, tile: Tile, at: tuple[int, int]) -> None:
    """Draw a picture, else a text in a frame or a status in its middle; and the caption below."""
    (x, y), (width, height), small = at, plan.tile, plan.small
    pen = ImageDraw.Draw(sheet)
    try:
        picture, words = tile.picture(plan.tile), tile.cell.placeholder
    except OutputError as error:
        picture, words = None, f"{tile.output.name if tile.output else ''}: {error.reason}"
    if picture is not None:
        place = x + (width - picture.width) // 2, y + (height - picture.height) // 2
        sheet.paste(picture, place, picture if picture.mode == "RGBA" else None)
    else:
        pen.rectangle((x, y, x + width - 1, y + height - 1), fill=_EMPTY, outline=_FRAME)
        pad = max(2, small.size // 2)
        lines = small.lines(words, width - 2 * pad, (height - 2 * pad) // small.line)
        if tile.output is None and tile.cell.text is not None:
            small.write(pen, (x + pad, y + pad), lines, _INK)
        else:
            top = y + (height - len(lines) * small.line) / 2
            small.write(pen, (x + pad, top), lines, _FAINT, across=width - 2 * pad)
    small.write(pen, (x, y + height + small.size // 3), plan.captions[tile.cell.caption], _FAINT)
