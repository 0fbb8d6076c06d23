"""A contact sheet: pictures laid out by two axes on one PIL image, its rows and columns labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

from wiro_widgets.protocol.errors import OutputError

if TYPE_CHECKING:
    from wiro_widgets.results.grid import Layout, Shown
    from wiro_widgets.results.outputs import Output

MAX_PIXELS: Final = 64_000_000
_GAP: Final = 6
_FONT_SIZE: Final = 15
_LINE: Final = 19
_MOST_LINES: Final = 4
_LEFT: Final = 170  # pixels for the labels of the rows
_PAPER, _INK, _FAINT = "white", "#202020", "#909090"


def draw(layout: Layout, *, edge: int = 256) -> Image.Image:
    """Return the sheet; every picture is at most `edge` pixels wide and high, and smaller where the sheet is large.

    A cell without a picture has its status in its place.
    """
    font = ImageFont.load_default(_FONT_SIZE)
    across = max((len(_tiles(place)) for row in layout.places for place in row), default=1) or 1
    left = _LEFT if any(layout.rows) else 0
    edge = _bounded(edge, columns=len(layout.columns) * across, rows=len(layout.rows))
    column = across * (edge + _GAP)
    heads = [_wrapped(_head(layout.x, name), font, column - _GAP) for name in layout.columns]
    top = _GAP + _LINE * max(map(len, heads), default=0)
    size = left + len(layout.columns) * column + _GAP, top + len(layout.rows) * (edge + _GAP) + _GAP
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, lines in enumerate(heads):
        _write(pen, font, (left + number * column + _GAP, _GAP // 2), lines)
    for number, name in enumerate(layout.rows):
        y = top + number * (edge + _GAP) + _GAP
        _write(pen, font, (_GAP, y), _wrapped(_head(layout.y, name), font, left - 2 * _GAP))
        for place, shown in enumerate(layout.places[number]):
            for tile, (output, cell) in enumerate(_tiles(shown)):
                at = left + place * column + tile * (edge + _GAP) + _GAP, y
                _put(sheet, pen, font, at, edge, output, cell)
    return sheet


def _tiles(place: tuple[Shown, ...]) -> list[tuple[Output | None, Shown]]:
    """Return the pictures of a place side by side, with their cells; a cell without one has a tile as well."""
    found: list[tuple[Output | None, Shown]] = []
    for shown in place:
        pictures = [output for output in shown.outputs if output.is_image and output.error is None]
        found += [(output, shown) for output in pictures] or [(None, shown)]
    return found


def _bounded(edge: int, *, columns: int, rows: int) -> int:
    """Return an edge with which the whole sheet stays within `MAX_PIXELS`."""
    edge = max(16, min(edge, 2048))
    while edge > 16 and (columns * (edge + _GAP) + _LEFT) * (rows * (edge + _GAP) + 100) > MAX_PIXELS:  # noqa: PLR2004
        edge = edge * 3 // 4
    return edge


def _put(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    at: tuple[int, int],
    edge: int,
    output: Output | None,
    cell: Shown,
) -> None:
    picture = _opened(output, edge) if output else None
    if picture is None:
        pen.rectangle((*at, at[0] + edge - 1, at[1] + edge - 1), outline=_FAINT)
        word = output.name if output else cell.status
        _write(pen, font, (at[0] + _GAP, at[1] + _GAP), _wrapped(word, font, edge - 2 * _GAP), _FAINT)
        return
    place = at[0] + (edge - picture.width) // 2, at[1] + (edge - picture.height) // 2
    sheet.paste(picture, place, picture if picture.mode == "RGBA" else None)


def _opened(output: Output, edge: int) -> Image.Image | None:
    try:
        picture = output.image()
    except OutputError:
        return None
    picture.thumbnail((edge, edge))
    transparent = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    return picture.convert("RGBA" if transparent else "RGB")


def _head(axis: str, name: str) -> str:
    return f"{axis}: {name}" if axis else name


def _write(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    at: tuple[int, int],
    lines: list[str],
    ink: str = _INK,
) -> None:
    for number, line in enumerate(lines):
        pen.text((at[0], at[1] + number * _LINE), line, fill=ink, font=font)


def _wrapped(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Return the text in lines that fit, at most four; what is left out is told by dots."""
    lines: list[str] = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]}..."]
    return [_clipped(line, font, width) for line in lines if line]


def _clipped(line: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    clipped = line
    while len(clipped) > 1 and font.getlength(clipped) > width:
        clipped = f"{clipped.removesuffix('...')[:-1]}..."
        if clipped == "...":
            break
    return clipped
