"""Pictures laid out by two axes as an HTML table for a notebook: elements with inline styles, no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
MAX_ROW: Final = 12  # pictures in a row that is not wrapped
MAX_OPEN: Final = 60  # cells that are shown without a scroll bar
_HEIGHT: Final = 640  # pixels of what has more cells
MAX_CELLS: Final = 400  # of one table; the contact sheet and the DataFrame have no limit
_LABEL: Final = 80  # characters of a heading
_SHORT: Final = 32  # characters of a text that is a heading as it is
_FEWEST_SHARED: Final = 3  # words that texts share, so that it is worth to leave them out
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

    A heading may have several lines.

    `note` has what the values of an axis share, said once.

    In a gallery there is one place for each cell, in one row; the row is wrapped, and a caption names each cell.
    """

    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    places: tuple[tuple[tuple[GridCell, ...], ...], ...] = field(repr=False)
    is_gallery: bool = False
    note: str = ""

    @classmethod
    def gallery(cls, cells: Sequence[GridCell], note: str = "") -> Layout:
        """Return the layout of cells whose values vary together, or in one way that is too long for a row."""
        places = (tuple((cell,) for cell in cells),)
        return cls("", "", ("",) * len(cells), ("",), places, is_gallery=True, note=note)

    @property
    def cells(self) -> Iterator[GridCell]:
        """Its cells, row by row."""
        return (cell for row in self.places for place in row for cell in place)


class Grid(NotebookRepr):
    """A table of pictures for a notebook; a click on a picture enlarges it."""

    def __init__(self, layout: Layout, *, edge: int = 160) -> None:
        self.layout = layout
        self._edge = edge

    def __repr__(self) -> str:
        if self.layout.is_gallery:
            return f"<Grid of {len(self.layout.columns)} pictures in a row that is wrapped>"
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


def differing_words(texts: Sequence[str]) -> tuple[list[str], str]:
    """Return of long texts that share words the words that differ, and what they share, with "..." in their places.

    Texts that are short, or share next to nothing, stay whole, and nothing is said of them.
    """
    words = [text.split() for text in texts]
    shortest = min(map(len, words), default=0)
    if len(texts) < 2 or max(map(len, texts)) <= _SHORT:  # noqa: PLR2004 - one text differs from none
        return list(texts), ""
    start = next((n for n in range(shortest) if len({item[n] for item in words}) > 1), shortest)
    end = next((n for n in range(shortest) if len({item[-1 - n] for item in words}) > 1), shortest)
    start, end = min(start, shortest - 1), min(end, shortest - 1)
    end = min(end, shortest - 1 - start)  # a word of each is left
    if start + end < _FEWEST_SHARED:
        return list(texts), ""
    middles = [" ".join(item[start : len(item) - end]) for item in words]
    mark = middles[0][-1]
    if mark in ",.;:" and all(len(text) > 1 and text[-1] == mark for text in middles):
        middles = [text[:-1] for text in middles]
    else:
        mark = ""
    head, tail = " ".join(words[0][:start]), " ".join(words[0][len(words[0]) - end :])
    return middles, " ".join(filter(None, (head, f"...{mark}", tail)))


def table(layout: Layout, edge: int, *, large: bool) -> str:
    """Return the table; with `large`, a click enlarges each picture, as far as `MAX_BYTES` allows."""
    quota = _Quota()
    if layout.is_gallery:
        cells = "".join(_cell(cell, edge, large, quota) for cell in layout.cells)
        body = f'<div style="display:flex;flex-wrap:wrap;gap:8px;align-items:flex-start;text-align:left">{cells}</div>'
        return _scroller(layout, body, quota, large=large)
    corner = escape(f"{layout.y} / {layout.x}" if layout.x and layout.y else layout.x or layout.y)
    head = "".join(f'<th style="{_CELL};max-width:{edge}px">{_heading(name)}</th>' for name in layout.columns)
    body = ""
    for name, places in zip(layout.rows, layout.places, strict=True):
        if quota.is_empty:
            quota.omitted_cells += sum(map(len, places))
            continue
        contents = ["".join(_cell(cell, edge, large, quota) for cell in place) for place in places]
        cells = "".join(f'<td style="{_CELL}">{content}</td>' for content in contents)
        body += f'<tr><th style="{_CELL};max-width:200px;text-align:left">{_heading(name)}</th>{cells}</tr>'
    heading = f'<tr><th style="{_CELL}">{corner}</th>{head}</tr>' if corner else ""
    return _scroller(layout, f"<table>{heading}{body}</table>", quota, large=large)


def _heading(name: str) -> str:
    """Return a heading as HTML; what follows its first line is small."""
    first, *more = map(escape, name.split("\n"))
    return "".join([first, *(f'<div style="font-weight:normal;opacity:.75">{line}</div>' for line in more)])


def _scroller(layout: Layout, content: str, quota: _Quota, *, large: bool) -> str:
    """Return the content with scroll bars where it needs them, and how many cells it leaves out."""
    note = f"<div>{quota.omitted_cells} cells are not shown.</div>" if quota.omitted_cells else ""
    if layout.note:
        content = (
            f'<div style="opacity:.75;text-align:left;margin-bottom:4px">{escape(layout.note)}</div>{content}'
        )
    is_long = sum(1 for _ in layout.cells) > MAX_OPEN
    height = f"max-height:{_HEIGHT}px;overflow-y:auto;" if is_long else ""
    return f'{_ZOOM if large else ""}<div style="{height}overflow-x:auto">{content}</div>{note}'


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
    # A place in the gallery, and what it is for.
    if cell.caption and cell.status == "pending" and not cell.outputs:
        style = "display:inline-block;padding:2px 6px;border:1px dashed;border-radius:4px;opacity:.75;font-size:80%"
        return f'<div title="{escape(cell.title)}: to go" style="{style}">{escape(cell.caption)}</div>'
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
