"""A contact sheet: pictures laid out by two axes on one PIL image, its rows, columns and further axes labelled."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from math import isqrt
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

from wiro_widgets.protocol.errors import WiroWarning
from wiro_widgets.render.fonts import FontLike, Fonts
from wiro_widgets.render.sheet_plan import Plan
from wiro_widgets.render.tiles import Tile, Tiles

if TYPE_CHECKING:
    from wiro_widgets.render.grid import Layout

MAX_PIXELS: Final = 64_000_000
_LEAST, _MOST = 16, 2048  # pixels of a picture's edge
_PAPER, _INK, _FAINT = "white", "#1f1f1f", "#6e6e6e"
_NAMED = 12  # characters of a warning
_FRAME, _EMPTY = "#dcdcdc", "#f6f6f6"


def draw(layout: Layout, *, edge: int = 256, font: FontLike | None = None) -> Image.Image:
    """Return the sheet; every picture is at most `edge` pixels wide and high, and smaller where the sheet is large.

    A cell without a picture has its words or its status in its place. `font` is tried first for the labels: a path, a
    name or a Pillow font, which keeps its size. Raises InvalidParameter when it cannot be opened.
    """
    layout = _squared(layout) if layout.is_folded else layout
    fonts, tiles = Fonts(font), Tiles(layout)
    captions = dict.fromkeys(tile.shown.caption for tile in tiles)
    fonts.prefer_for([layout.x, layout.y, *layout.columns, *layout.rows, *captions])
    letters = round(font.size) if isinstance(font, FreeTypeFont) else None
    edge = max(_LEAST, min(edge, _MOST))
    while True:
        plan = Plan(layout, tiles, edge, fonts, letters)
        if plan.width * plan.height <= MAX_PIXELS or edge == _LEAST:
            sheet = _drawn(layout, tiles, plan)
            _tell_of(fonts.lacking)
            return sheet
        edge = max(_LEAST, edge * 3 // 4)


def _tell_of(lacking: Iterable[str]) -> None:
    """Warn of characters in whose place there are boxes."""
    named = " ".join(islice(lacking, _NAMED))
    if named:
        warnings.warn(
            f"No font of this machine has {named}, so the sheet has boxes there. "
            "Give one that does: contact_sheet(font=...).",
            WiroWarning,
            stacklevel=4,
        )


def _squared(layout: Layout) -> Layout:
    """Return a folded layout in rows that are long enough to make a sheet of it and no strip."""
    places = [place for row in layout.places for place in row]
    across = max(len(layout.columns), isqrt(len(places)))
    rows = tuple(tuple(places[start : start + across]) for start in range(0, len(places), across))
    return replace(layout, columns=("",) * across, rows=("",) * len(rows), places=rows)


def _drawn(layout: Layout, tiles: Tiles, plan: Plan) -> Image.Image:
    sheet = Image.new("RGB", (plan.width, plan.height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _label(pen, layout, plan)
    for row, places in enumerate(tiles.places):
        for column, place in enumerate(places):
            for number, tile in enumerate(place):
                _put(sheet, pen, plan, tile, plan.at(row, column, number))
    return sheet


def _label(pen: ImageDraw.ImageDraw, layout: Layout, plan: Plan) -> None:
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
        left = plan.at(0, column)[0]
        text.write(pen, (left, bottom - len(lines) * text.line), lines, _INK)
    for row, lines in enumerate(plan.rows):
        top = plan.at(row, 0)[1] + max(0, plan.place[1] - len(lines) * text.line) / 2
        text.write(pen, (plan.margin, top), lines, _INK)


def _put(sheet: Image.Image, pen: ImageDraw.ImageDraw, plan: Plan, tile: Tile, at: tuple[int, int]) -> None:
    """Draw a picture, or what stands in its place, and the caption below it."""
    (x, y), (width, height) = at, plan.tile
    picture = tile.picture(plan.tile)
    if picture is None:
        _write(pen, plan, tile, at)
    else:
        place = x + (width - picture.width) // 2, y + (height - picture.height) // 2
        sheet.paste(picture, place, picture if picture.mode == "RGBA" else None)
    lines = plan.captions[tile.shown.caption]
    plan.small.write(pen, (x, y + height + plan.small.size // 3), lines, _FAINT)


def _write(pen: ImageDraw.ImageDraw, plan: Plan, tile: Tile, at: tuple[int, int]) -> None:
    """Draw a frame with what a model said from its upper left corner, or what became of a cell in its middle."""
    (x, y), (width, height) = at, plan.tile
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=_EMPTY, outline=_FRAME)
    pad, small = max(2, plan.small.size // 2), plan.small
    lines = small.lines(tile.words, width - 2 * pad, (height - 2 * pad) // small.line)
    if tile.is_text:
        small.write(pen, (x + pad, y + pad), lines, _INK)
    else:
        top = y + (height - len(lines) * small.line) / 2
        small.write(pen, (x + pad, top), lines, _FAINT, across=width - 2 * pad)
