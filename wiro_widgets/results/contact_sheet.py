"""A contact sheet: pictures laid out by two axes on one PIL image, its rows and columns labelled."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from wiro_widgets.protocol.errors import OutputError

if TYPE_CHECKING:
    from wiro_widgets.results.grid import Layout, Shown
    from wiro_widgets.results.outputs import Output

_Tile: TypeAlias = "tuple[Output | None, Shown]"
MAX_PIXELS: Final = 64_000_000
_GAP: Final = 6
_FONT_SIZE: Final = 15
_LINE: Final = 19
_MOST_LINES: Final = 4
_LONGEST: Final = 400  # characters of a label that are looked at
_LEFT: Final = 170  # pixels for the labels of the rows
_LEAST, _MOST = 16, 2048  # pixels of a picture's edge
_PAPER, _INK, _FAINT = "white", "#202020", "#909090"


def draw(layout: Layout, *, edge: int = 256) -> Image.Image:
    """Return the sheet; every picture is at most `edge` pixels wide and high, and smaller where the sheet is large.

    A cell without a picture has its status in its place.
    """
    tiles = [[_tiles(place) for place in row] for row in layout.places]
    sheet = _Sheet(layout, tiles, edge)
    for row, places in enumerate(tiles):
        for column, place in enumerate(places):
            for number, (output, shown) in enumerate(place):
                sheet.put(row, column, number, output, shown)
    return sheet.image


class _Sheet:
    """The paper with its labels, and where on it each tile belongs."""

    def __init__(self, layout: Layout, tiles: list[list[list[_Tile]]], edge: int) -> None:
        places = [place for row in tiles for place in row]
        abreast = max((len(place) for place in places), default=1) or 1
        edge = _bounded(edge, columns=len(layout.columns) * abreast, rows=len(layout.rows))
        self._tile = _tile_size([output for place in places for output, _ in place if output], edge)
        self._font = ImageFont.load_default(_FONT_SIZE)
        self._column = abreast * (self._tile[0] + _GAP)
        self._left = _LEFT if any(layout.rows) else 0
        heads = [self._wrapped(_head(layout.x, name), self._column - _GAP) for name in layout.columns]
        self._top = _LINE * max(map(len, heads), default=0)
        width = self._left + len(layout.columns) * self._column + _GAP
        height = self._top + len(layout.rows) * (self._tile[1] + _GAP) + _GAP
        self.image = Image.new("RGB", (width, height), _PAPER)
        self._pen = ImageDraw.Draw(self.image)
        for number, lines in enumerate(heads):
            self._write((self._left + number * self._column + _GAP, _GAP // 2), lines)
        for number, name in enumerate(layout.rows):
            lines = self._wrapped(_head(layout.y, name), self._left - 2 * _GAP)
            self._write((_GAP, self._top + number * (self._tile[1] + _GAP) + _GAP), lines)

    def put(self, row: int, column: int, number: int, output: Output | None, shown: Shown) -> None:
        """Draw a picture, or what became of a cell that has none."""
        width, height = self._tile
        x = self._left + column * self._column + number * (width + _GAP) + _GAP
        y = self._top + row * (height + _GAP) + _GAP
        picture = _opened(output, self._tile) if output else None
        if picture is None:
            self._pen.rectangle((x, y, x + width - 1, y + height - 1), outline=_FAINT)
            lines = self._wrapped(output.name if output else shown.status, width - 2 * _GAP)
            self._write((x + _GAP, y + _GAP), lines, _FAINT)
            return
        place = x + (width - picture.width) // 2, y + (height - picture.height) // 2
        self.image.paste(picture, place, picture if picture.mode == "RGBA" else None)

    def _write(self, at: tuple[int, int], lines: list[str], ink: str = _INK) -> None:
        for number, line in enumerate(lines):
            self._pen.text((at[0], at[1] + number * _LINE), line, fill=ink, font=self._font)

    def _wrapped(self, text: str, width: int) -> list[str]:
        """Return the text in lines that fit, at most four; what is left out is told by dots."""
        lines: list[str] = [""]
        for word in text[:_LONGEST].split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self._font.getlength(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        if len(lines) > _MOST_LINES:
            lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]}..."]
        return [self._clipped(line, width) for line in lines if line]

    def _clipped(self, line: str, width: int) -> str:
        kept = line
        while kept and self._font.getlength(line) > width:
            kept = kept[:-1]
            line = f"{kept}..."
        return line


def _tiles(place: tuple[Shown, ...]) -> list[_Tile]:
    """Return the pictures of a place side by side, with their cells; a cell without one has a tile as well."""
    found: list[_Tile] = []
    for shown in place:
        pictures = [output for output in shown.outputs if output.is_image and output.error is None]
        found += [(output, shown) for output in pictures] or [(None, shown)]
    return found


def _tile_size(outputs: list[Output], edge: int) -> tuple[int, int]:
    """Return the size that holds every picture when it is made to fit the edge; a square where there is none."""
    sizes = [size for output in outputs if (size := _size(output))]
    if not sizes:
        return edge, edge
    scales = [min(1.0, edge / max(size)) for size in sizes]
    width = max(round(size[0] * scale) for size, scale in zip(sizes, scales, strict=True))
    height = max(round(size[1] * scale) for size, scale in zip(sizes, scales, strict=True))
    return max(width, _LEAST), max(height, _LEAST)


def _size(output: Output) -> tuple[int, int] | None:
    """Return a picture's size from its header."""
    try:
        with Image.open(output.path or io.BytesIO(output.bytes())) as picture:
            return picture.size
    except Exception:  # noqa: BLE001 - a broken header makes Pillow raise nearly anything
        return None


def _bounded(edge: int, *, columns: int, rows: int) -> int:
    """Return an edge with which the whole sheet stays within `MAX_PIXELS`."""
    edge = max(_LEAST, min(edge, _MOST))
    while edge > _LEAST and (columns * (edge + _GAP) + _LEFT) * (rows * (edge + _GAP) + _LEFT) > MAX_PIXELS:
        edge = max(_LEAST, edge * 3 // 4)
    return edge


def _opened(output: Output, size: tuple[int, int]) -> Image.Image | None:
    try:
        picture = output.image()
    except OutputError:
        return None
    picture.thumbnail(size)
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    return picture.convert("RGBA" if transparent else "RGB")


def _head(axis: str, name: str) -> str:
    return f"{axis}: {name}" if axis else name
