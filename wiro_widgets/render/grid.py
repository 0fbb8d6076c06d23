"""Pictures laid out by two axes, as a table for a notebook: plain elements with inline styles, no script."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.protocol import wire_values
from wiro_widgets.render.html import clipped, thumbnail
from wiro_widgets.render.notebook_repr import Displayed

if TYPE_CHECKING:
    from wiro_widgets.media.output import Output

LARGE_EDGE: Final = 512  # pixels of a picture that is clicked
MAX_BYTES: Final = 8 * 2**20  # of all pictures of one table; a notebook stores them all
FOLD: Final = 10  # pictures in a row where there is one axis alone
MAX_CELLS: Final = 400  # of one table; the contact sheet and the DataFrame have them all
_LABEL: Final = 80  # characters
_WHY: Final = 80  # characters of what went wrong with it
_WORDS: Final = 160  # characters of a text in place of a picture
_EDGE: Final = "padding:4px;text-align:center;vertical-align:top"
# Where a host removes it, a click shows the large picture below the small one instead of in its place.
_ZOOM: Final = (
    "<style>.wiro-zoom>summary{list-style:none}.wiro-zoom>summary::-webkit-details-marker{display:none}"
    ".wiro-zoom[open]>summary>img{width:16px;height:16px;opacity:.5}</style>"
)
_WAITING: Final = {"pending": "to go", "running": "running"}


@dataclass(frozen=True, slots=True)
class GridCell:
    """What is shown of one cell; `caption` is what neither its row nor its column says of it."""

    title: str
    status: str
    outputs: tuple[Output, ...] = field(repr=False)
    error: str = ""
    caption: str = ""

    @property
    def said(self) -> str | None:
        """What a language model said; None where there is no text."""
        return next((output.text for output in self.outputs if output.text), None)

    @property
    def words(self) -> str:
        """What stands in place of a picture: what was said, else a file's name, else the status."""
        name = self.outputs[0].name if self.outputs else _WAITING.get(self.status, self.status)
        return self.said or name


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells by row and column; a place may have several, where there are more than two axes, or none.

    `is_folded` where one row was too long: then a cell's column says nothing of it, and its caption all.
    """

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    places: tuple[tuple[tuple[GridCell, ...], ...], ...] = field(repr=False)
    is_folded: bool = False

    def folded(self) -> Layout:
        """Return a single long row as several, each labelled by where it begins and ends, and each cell by its own."""
        if len(self.rows) != 1 or len(self.columns) <= FOLD + 2:
            return self
        starts = range(0, len(self.columns), FOLD)
        parts = [self.columns[start : start + FOLD] for start in starts]
        places = [
            tuple(replace(shown, caption=f"{self.x}: {name}") for shown in place)
            for name, place in zip(self.columns, self.places[0], strict=True)
        ]
        return Layout(
            x="",
            y=self.x,
            columns=("",) * FOLD,
            rows=tuple(part[0] if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in parts),
            places=tuple(tuple(places[start : start + FOLD]) for start in starts),
            is_folded=True,
        )


class Grid(Displayed):
    """A table of pictures that a notebook shows; a click on a picture enlarges it."""

    def __init__(self, layout: Layout, *, edge: int = 160) -> None:
        self.layout = layout
        self._edge = edge

    def __repr__(self) -> str:
        x, y = self.layout.x or "one column", self.layout.y or "one row"
        return f"<Grid of {len(self.layout.rows)} x {len(self.layout.columns)}: {y} down, {x} across>"

    def _repr_html_(self) -> str:
        return table(self.layout, self._edge, large=True)


def label(value: Any) -> str:
    """Return a value of an axis as the heading of its row or column."""
    text = wire_values.text(value)
    if text is None:
        name = getattr(value, "name", None) or getattr(value, "filename", None)
        text = PurePath(str(name)).name if name else "none" if value is None else type(value).__name__
    line = " ".join(text.split())
    return line if len(line) <= _LABEL else f"{line[: _LABEL - 3]}..."


def bar(line: str, progress: float) -> str:
    """Return a line, and under it how much of something is done, until all of it is."""
    whole = '<div style="height:4px;max-width:480px;background:rgba(128,128,128,.25);margin:4px 0">'
    part = f'<div style="height:4px;width:{progress:.0%};background:currentColor;opacity:.6"></div></div>'
    return f"<div>{escape(line)}{whole + part if progress < 1 else ''}</div>"


def table(layout: Layout, edge: int, *, large: bool) -> str:
    """Return the table; with `large` each picture opens to a larger one as long as the whole stays within bounds."""
    purse = _Purse()
    corner = escape(f"{layout.y} / {layout.x}" if layout.x and layout.y else layout.x or layout.y)
    head = "".join(f'<th style="{_EDGE};max-width:{edge}px">{escape(name)}</th>' for name in layout.columns)
    body = ""
    for name, places in zip(layout.rows, layout.places, strict=True):
        if purse.is_empty:
            purse.left_out += sum(map(len, places))
            continue
        cells = "".join(f'<td style="{_EDGE}">{_place(place, edge, large, purse)}</td>' for place in places)
        body += f'<tr><th style="{_EDGE};max-width:200px;text-align:left">{escape(name)}</th>{cells}</tr>'
    left = f"<div>{purse.left_out} cells are not shown.</div>" if purse.left_out else ""
    heading = f'<tr><th style="{_EDGE}">{corner}</th>{head}</tr>' if corner else ""
    style = _ZOOM if large else ""
    return f'<div style="overflow-x:auto">{style}<table>{heading}{body}</table>{left}</div>'


class _Purse:
    """What may still be put into the table."""

    def __init__(self) -> None:
        self.bytes = MAX_BYTES
        self.cells = MAX_CELLS
        self.left_out = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is no room for another cell."""
        return self.cells <= 0 or self.bytes <= 0


def _place(place: tuple[GridCell, ...], edge: int, large: bool, purse: _Purse) -> str:
    return "".join(_cell(shown, edge, large, purse) for shown in place)


def _cell(shown: GridCell, edge: int, large: bool, purse: _Purse) -> str:
    if purse.is_empty:
        purse.left_out += 1
        return ""
    purse.cells -= 1
    title = escape(f"{shown.title}: {shown.error or shown.status}")
    pictures = "".join(_picture(output, edge, large, purse) for output in shown.outputs if output.is_image)
    if not pictures:
        style = f"opacity:.75;font-size:90%;max-width:{edge}px;overflow-wrap:break-word"
        style += ";text-align:left" if shown.said else ""
        pictures = f'<div style="{style}">{clipped(shown.words, _WORDS)}</div>'
    if shown.error:
        pictures += (
            f'<div style="opacity:.75;font-size:80%;max-width:{edge}px">{clipped(shown.error, _WHY)}</div>'
        )
    if shown.caption:
        pictures += f'<div style="opacity:.75;font-size:80%;max-width:{edge}px">{escape(shown.caption)}</div>'
    return f'<div title="{title}" style="display:inline-block;vertical-align:top;margin:1px">{pictures}</div>'


def _picture(output: Output, edge: int, large: bool, purse: _Purse) -> str:
    if output.error is not None or (source := output.path or output.data) is None:
        return escape(output.name)
    small = thumbnail(source, edge) or escape(output.name)
    purse.bytes -= len(small)
    if not large or purse.bytes <= 0:
        return small
    opened = thumbnail(source, LARGE_EDGE) or ""
    if opened in ("", small):  # it is not larger than its thumbnail
        return small
    purse.bytes -= len(opened)
    return f'<details class="wiro-zoom"><summary style="cursor:zoom-in">{small}</summary>{opened}</details>'
