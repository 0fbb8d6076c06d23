"""Results and histories as HTML for a notebook: everything is escaped, no script, no link to another host."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wiro_widgets.media import images
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.protocol.text.text_content import CUT_OFF, cut_off_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from wiro_widgets.media.output import Output
    from wiro_widgets.protocol.record import TaskRecord

EDGE: Final = 160  # pixels of a thumbnail
_EDGES: Final = ((1, 480), (2, 360), (4, 240))  # of so many pictures at most, and each
MAX_CACHED: Final = 512  # thumbnails of a few kilobytes each
MAX_THUMBNAILS: Final = 24  # of one result
MAX_FILE: Final = 64 * 2**20  # bytes; larger files are not opened for a thumbnail
_CELL: Final = "padding:2px 8px;text-align:left;vertical-align:top"
_TEXT: Final = 600  # characters of a prompt or an error
_ANSWER: Final = 4_000  # characters of a language model's answer


def result(record: TaskRecord, outputs: Sequence[Output], text: str | None, error: str = "") -> str:
    """Return the pictures of a result, or its error, with its prompt, model, task, seed, time and cost."""
    files = [output for output in outputs if output.text is None or output.url]
    pictures = [picture_of(output, edge_of(len(files))) for output in files[:MAX_THUMBNAILS]]
    return _error(error) + row(pictures, len(files) - len(pictures), record, text)


def row(pictures: Sequence[str], more: int, record: TaskRecord | None, text: str | None) -> str:
    """Return img elements in a row that is wrapped, how many more there are, a text, and what made them."""
    pictures = [*pictures, *([f"<span>and {more} more</span>"] if more > 0 else [])]
    style = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:8px"
    flow = f'<div style="{style}">{"".join(pictures)}</div>' if pictures else ""
    style = "white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0;padding:0"
    answer = f'<div style="{style}">{clip(text, _ANSWER)}</div>' if text else ""
    reason = cut_off_reason(record.finish_reason) if record else ""
    answer += f'<div style="margin:4px 0"><b>{CUT_OFF}.</b> {escape(reason)}</div>' if reason else ""
    return f"<div>{flow}{answer}{_caption(record) if record else ''}</div>"


def _error(text: str) -> str:
    style = "white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 4px"
    return f'<div style="{style}">{clip(text)}</div>' if text else ""


def edge_of(count: int) -> int:
    """Return how wide and high, in pixels, each of so many pictures in a row is at most."""
    return next((edge for most, edge in _EDGES if count <= most), EDGE)


def history(title: str, records: Sequence[TaskRecord]) -> str:
    """Return runs as a table with a small picture each."""
    head = "".join(
        f'<th style="{_CELL}">{name}</th>' for name in ("", "task", "model", "prompt", "outcome", "s", "USD")
    )
    rows = "".join(_history_row(record) for record in records)
    return f"<div>{escape(title.strip('<>'))}</div><table><tr>{head}</tr>{rows}</table>"


def picture_of(output: Output, edge: int = EDGE) -> str:
    """Return an output as a small picture, or its name if it is not a picture, with the error if there is one."""
    try:
        if output.error is not None:
            raise output.error.with_traceback(None)  # what is missing is not fetched for a display
        picture = picture_element(output.path or output.bytes(), edge) if output.is_image else None
    except OutputError as error:
        return f'<span title="{escape(str(error))}">{escape(output.name)}: {escape(error.reason)}</span>'
    return picture or f"<span>{escape(output.name)}</span>"


def thumbnail(source: Path | bytes | Image, edge: int = EDGE) -> str | None:
    """Return an img element with the picture in it, at most `edge` pixels wide and high; None if it is no picture."""
    try:
        return picture_element(source, edge)
    except OutputError:
        return None


def picture_element(source: Path | bytes | Image, edge: int) -> str:
    """Return an img element as `thumbnail` does; raises OutputError with the reason if there is none."""
    try:
        if not isinstance(source, Path):
            return _element(source, edge)
        stat = source.stat()
        if stat.st_size > MAX_FILE:
            raise OutputError(f"has {stat.st_size:,} bytes, too many for a small picture")
        if edge > EDGE:
            return _element(source.read_bytes(), edge)
        return _cached_element(source, edge, stat.st_size, stat.st_mtime_ns)
    except OSError as exc:
        raise OutputError(f"cannot be read from disk: {exc.strerror or exc}") from exc


@lru_cache(MAX_CACHED)
def _cached_element(path: Path, edge: int, _size: int, _mtime_ns: int) -> str:
    # The display of a running sweep is made again and again from the same files.
    return _element(path.read_bytes(), edge)


def _element(data: bytes | Image, edge: int) -> str:
    return images.thumbnail(data, edge=edge).element


def clip(text: str | None, size: int = _TEXT) -> str:
    """Return a text of at most `size` characters, escaped."""
    text = text or ""
    return escape(text if len(text) <= size else f"{text[: size - 3]}...")


def _history_row(record: TaskRecord) -> str:
    star = "&#9733; " if record.star else ""
    tags = f" <i>{escape(', '.join(record.tags))}</i>" if record.tags else ""
    pictures = (thumbnail(Path(path), 64) for path in record.output_paths)
    cells = (
        next(filter(None, pictures), None) or clip(record.text, 120),
        star + escape(record.task_id or "") + tags,
        escape(record.model or ""),
        clip(record.prompt, 120),
        escape(record.outcome) + (f": {clip(record.error, 80)}" if record.error else ""),
        "" if record.elapsed_seconds is None else f"{record.elapsed_seconds:.1f}",
        "" if record.total_cost is None else dollars(record.total_cost),
    )
    columns = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f"<tr>{columns}</tr>"


def _caption(record: TaskRecord) -> str:
    seconds = "" if record.elapsed_seconds is None else f"{record.elapsed_seconds:.1f} s"
    cost = "" if record.total_cost is None else dollars(record.total_cost)
    seed = "" if record.seed is None else f"seed {record.seed}"
    reuse = f"reused from task {record.reused_from}" if record.reused_from else ""
    facts = [record.model or "", f"task {record.task_id}", seed, seconds, cost, reuse]
    line = ", ".join(escape(fact) for fact in facts if fact)
    return f'<div style="font-size:90%;opacity:.75">{clip(record.prompt)}<br>{line}</div>'
