"""Pictures laid out by two axes as an HTML table for a notebook: elements with inline styles, no script."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.render.html import clip, picture_element, thumbnail
from wiro_widgets.render.notebook_repr import NotebookRepr

if TYPE_CHECKING:
    from wiro_widgets.media.output import Output

LARGE_EDGE: Final = 512  # pixels of a picture after a click
MAX_BYTES: Final = 8 * 2**20  # of all pictures of one table: a notebook stores them
FOLD: Final = 10  # pictures in a row if there is only one axis
MAX_CELLS: Final = 400  # of one table; the contact sheet and the DataFrame have no limit
_LABEL: Final = 80  # characters of a heading
_ERROR: Final = 80  # characters
_TEXT: Final = 160  # characters of a text in place of a picture
_CELL: Final = "padding:4px;text-align:center;vertical-align:top"
# If a host removes this, a click shows the large picture below the small one instead of in its place.
_ZOOM: Final = (
    "<style>.wiro-zoom>summary{list-style:none}.wiro-zoom>summary::-webkit-details-marker{display:none}"
    ".wiro-zoom[open]>summary>img{width:16px;height:16px;opacity:.5}</style>"
)


@dataclass(frozen=True, slots=True)
class GridCell:
    """The content of one cell; `caption` names its values on axes that are neither rows nor columns."""

    title: str
    status: str
    outputs: tuple[Output, ...] = field(repr=False)
    error: str = ""
    caption: str = ""

    @property
    def text(self) -> str | None:
        """The answer of a language model; None if there is none."""
        return next((output.text for output in self.outputs if output.text), None)

    @property
    def placeholder(self) -> str:
        """The text in place of a picture: an answer, else a file's name, else the status."""
        words = {"pending": "to go", "unknown": "Unknown: a task may exist"}
        return self.text or (self.outputs[0].name if self.outputs else words.get(self.status, self.status))


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells by row and column; a place has several if there are more than two axes, and may be empty.

    `is_folded` if a single row was too long: then columns have no headings, and captions name each cell.
    """

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    places: tuple[tuple[tuple[GridCell, ...], ...], ...] = field(repr=False)
    is_folded: bool = False

    def fold(self) -> Layout:
        """Return a single long row as several, labelled by their first and last value; any other layout as it is."""
        if len(self.rows) != 1 or len(self.columns) <= FOLD + 2:
            return self
        starts = range(0, len(self.columns), FOLD)
        parts = [self.columns[start : start + FOLD] for start in starts]
        places = [
            tuple(replace(cell, caption=f"{self.x}: {name}") for cell in place)
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


class Grid(NotebookRepr):
    """A table of pictures for a notebook; a click on a picture enlarges it."""

    def __init__(self, layout: Layout, *, edge: int = 160) -> None:
        self.layout = layout
        self._edge = edge

    def __repr__(self) -> str:
        x, y = self.layout.x or "one column", self.layout.y or "one row"
        return f"<Grid of {len(self.layout.rows)} x {len(self.layout.columns)}: {y} down, {x} across>"

    def _repr_html_(self) -> str:
        return table(self.layout, self._edge, large=True)


def label(value: Any) -> str:
    """Return the heading of a row or column for a value of its axis."""
    text = wire_values.text(value)
    if text is None:
        name = getattr(value, "name", None) or getattr(value, "filename", None)
        text = PurePath(str(name)).name if name else "none" if value is None else type(value).__name__
    line = " ".join(text.split())
    return line if len(line) <= _LABEL else f"{line[: _LABEL - 3]}..."


def bar(line: str, progress: float) -> str:
    """Return a line of text with a progress bar below it, which disappears when `progress` is 1."""
    whole = '<div style="height:4px;max-width:480px;background:rgba(128,128,128,.25);margin:4px 0">'
    part = f'<div style="height:4px;width:{progress:.0%};background:currentColor;opacity:.6"></div></div>'
    return f"<div>{escape(line)}{whole + part if progress < 1 else ''}</div>"


def table(layout: Layout, edge: int, *, large: bool) -> str:
    """Return the table; with `large`, a click enlarges each picture, as far as `MAX_BYTES` allows."""
    quota = _Quota()
    corner = escape(f"{layout.y} / {layout.x}" if layout.x and layout.y else layout.x or layout.y)
    head = "".join(f'<th style="{_CELL};max-width:{edge}px">{escape(name)}</th>' for name in layout.columns)
    body = ""
    for name, places in zip(layout.rows, layout.places, strict=True):
        if quota.is_empty:
            quota.omitted_cells += sum(map(len, places))
            continue
        contents = ["".join(_cell(cell, edge, large, quota) for cell in place) for place in places]
        cells = "".join(f'<td style="{_CELL}">{content}</td>' for content in contents)
        body += f'<tr><th style="{_CELL};max-width:200px;text-align:left">{escape(name)}</th>{cells}</tr>'
    note = f"<div>{quota.omitted_cells} cells are not shown.</div>" if quota.omitted_cells else ""
    heading = f'<tr><th style="{_CELL}">{corner}</th>{head}</tr>' if corner else ""
    style = _ZOOM if large else ""
    return f'<div style="overflow-x:auto">{style}<table>{heading}{body}</table>{note}</div>'


class _Quota:
    """What may still be added to the table."""

    def __init__(self) -> None:
        self.bytes = MAX_BYTES
        self.cells = MAX_CELLS
        self.omitted_cells = 0

    @property
    def is_empty(self) -> bool:
        """True if there is no room for another cell."""
        return self.cells <= 0 or self.bytes <= 0


def _cell(cell: GridCell, edge: int, large: bool, quota: _Quota) -> str:
    if quota.is_empty:
        quota.omitted_cells += 1
        return ""
    quota.cells -= 1
    title = escape(f"{cell.title}: {cell.error or cell.status}")
    pictures = "".join(_picture(output, edge, large, quota) for output in cell.outputs if output.is_image)
    if not pictures:
        style = f"opacity:.75;font-size:90%;max-width:{edge}px;overflow-wrap:break-word"
        style += ";text-align:left" if cell.text else ""
        pictures = f'<div style="{style}">{clip(cell.placeholder, _TEXT)}</div>'
    if cell.error:
        pictures += (
            f'<div style="opacity:.75;font-size:80%;max-width:{edge}px">{clip(cell.error, _ERROR)}</div>'
        )
    if cell.caption:
        pictures += f'<div style="opacity:.75;font-size:80%;max-width:{edge}px">{escape(cell.caption)}</div>'
    return f'<div title="{title}" style="display:inline-block;vertical-align:top;margin:1px">{pictures}</div>'


def _picture(output: Output, edge: int, large: bool, quota: _Quota) -> str:
    if output.error is not None or (source := output.path or output.data) is None:
        return escape(output.name)
    try:
        small = picture_element(source, edge)
    except OutputError as error:
        return f'<div style="max-width:{edge}px">{escape(f"{output.name}: {error.reason}")}</div>'
    quota.bytes -= len(small)
    if not large or quota.bytes <= 0:
        return small
    enlargement = thumbnail(source, LARGE_EDGE) or ""
    if enlargement in ("", small):  # the picture is no larger than its thumbnail
        return small
    quota.bytes -= len(enlargement)
    return (
        f'<details class="wiro-zoom"><summary style="cursor:zoom-in">{small}</summary>{enlargement}</details>'
    )
