"""Records, results and histories as HTML for a notebook: plain elements, everything escaped, no script, no link out."""

from __future__ import annotations

import base64
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wiro_widgets.media import images
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.prices.dollars import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wiro_widgets.media.output import Output
    from wiro_widgets.protocol.record import TaskRecord

EDGE: Final = 160  # pixels of a thumbnail
KEPT: Final = 512  # thumbnails, of a few kilobytes each
MAX_THUMBNAILS: Final = 24  # of one result
MAX_FILE: Final = 64 * 2**20  # bytes of a picture that is opened for a thumbnail
_CELL: Final = "padding:2px 8px;text-align:left;vertical-align:top"
_TEXT: Final = 600  # characters of a prompt or an error
_ANSWER: Final = 4_000  # characters of what a language model said


def result(record: TaskRecord, outputs: Sequence[Output], text: str | None) -> str:
    """Return the pictures of a result with what made them."""
    files = [output for output in outputs if output.text is None or output.url]
    pictures = [picture_of(output) for output in files[:MAX_THUMBNAILS]]
    more = len(files) - MAX_THUMBNAILS
    pictures += [f"<span>and {more} more</span>"] if more > 0 else []
    said = f'<pre style="white-space:pre-wrap;margin:4px 0">{clipped(text, _ANSWER)}</pre>' if text else ""
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(pictures)}</div>{said}{_caption(record)}'
    )


def history(title: str, records: Sequence[TaskRecord]) -> str:
    """Return the newest runs as a table with a small picture each."""
    head = "".join(
        f'<th style="{_CELL}">{name}</th>' for name in ("", "task", "model", "prompt", "outcome", "s", "USD")
    )
    rows = "".join(_history_row(record) for record in records)
    return f"<div>{escape(title.strip('<>'))}</div><table><tr>{head}</tr>{rows}</table>"


def picture_of(output: Output, edge: int = EDGE) -> str:
    """Return an output as a small picture, or by its name where it is none."""
    try:
        shown = thumbnail(output.path or output.bytes(), edge) if output.is_image else None
    except OutputError as error:
        return f'<span title="{escape(str(error))}">{escape(output.name)}: {escape(error.reason)}</span>'
    return shown or f"<span>{escape(output.name)}</span>"


def thumbnail(source: Path | bytes, edge: int = EDGE) -> str | None:
    """Return an img element that holds its picture, at most `edge` pixels wide and high; None for no picture."""
    try:
        if isinstance(source, bytes):
            return _element(source, edge)
        found = source.stat()
        if found.st_size > MAX_FILE:
            return None
        made = _kept if edge <= EDGE else _of_file
        return made(source, edge, found.st_size, found.st_mtime_ns)
    except (OSError, OutputError):
        return None


def _of_file(path: Path, edge: int, _size: int, _changed: int) -> str:
    return _element(path.read_bytes(), edge)


_kept = lru_cache(KEPT)(
    _of_file
)  # what is shown anew, such as a sweep that goes on, has most of its pictures


def _element(source: bytes, edge: int) -> str:
    small = images.thumbnail(source, edge=edge)
    data = base64.b64encode(small.data).decode()
    size = f'width="{small.width}" height="{small.height}"'
    return f'<img src="data:{small.content_type};base64,{data}" {size} alt="" style="margin:0">'


def first_picture(paths: Iterable[str], edge: int = EDGE) -> str | None:
    """Return the first of these files that is a picture, small."""
    return next((shown for path in paths if (shown := thumbnail(Path(path), edge))), None)


def clipped(text: str | None, size: int = _TEXT) -> str:
    """Return a text short enough for a table, escaped."""
    whole = text or ""
    return escape(whole if len(whole) <= size else f"{whole[: size - 3]}...")


def _history_row(record: TaskRecord) -> str:
    star = "&#9733; " if record.star else ""
    tags = f" <i>{escape(', '.join(record.tags))}</i>" if record.tags else ""
    cells = (
        first_picture(record.output_paths, 64) or clipped(record.text, 120),
        star + escape(record.task_id or "") + tags,
        escape(record.model or ""),
        clipped(record.prompt, 120),
        escape(record.outcome) + (f": {clipped(record.error, 80)}" if record.error else ""),
        "" if record.elapsed_seconds is None else f"{record.elapsed_seconds:.1f}",
        "" if record.total_cost is None else dollars(record.total_cost),
    )
    columns = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f"<tr>{columns}</tr>"


def _caption(record: TaskRecord) -> str:
    seconds = "" if record.elapsed_seconds is None else f"{record.elapsed_seconds:.1f} s"
    cost = "" if record.total_cost is None else dollars(record.total_cost)
    seed = "" if record.seed is None else f"seed {record.seed}"
    reused = f"reused from task {record.reused_from}" if record.reused_from else ""
    facts = [record.model or "", f"task {record.task_id}", seed, seconds, cost, reused]
    line = ", ".join(escape(fact) for fact in facts if fact)
    return f'<div style="font-size:90%;opacity:.75">{clipped(record.prompt)}<br>{line}</div>'
