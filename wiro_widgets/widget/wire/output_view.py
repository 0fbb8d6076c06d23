"""Outputs and input files as the browser shows them: thumbnails, short texts and facts."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wiro_widgets.media import images, pixels
from wiro_widgets.media.files import open_regular
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.render import run_words
from wiro_widgets.widget.wire import labels

THUMBNAIL_EDGE = 512  # pixels
PREVIEW_EDGE = 192  # pixels
MAX_INLINE_TEXT = 20_000  # bytes of a text file that is sent with its output


@dataclass(frozen=True, slots=True)
class OutputView:
    """An output with its thumbnail and full extent if it is a picture, its text if it is a small text file."""

    output: Output
    thumbnail: Thumbnail | None = None
    width: int | None = None
    height: int | None = None
    text: str | None = None
    error: OutputError | None = None

    @classmethod
    def of(cls, output: Output, edge: int = THUMBNAIL_EDGE) -> OutputView:
        """Make the thumbnail, at most `edge` pixels; there is none of a file that is missing, broken or no picture."""
        if not output.is_image:
            return cls(output, text=_inline_text(output), error=output.error)
        try:
            picture = output.peek()
        except OutputError as error:
            is_large = error.__cause__ is None and output.error is None
            return cls(output, _thumbnail_of_file(output, edge) if is_large else None, error=error)
        return cls(output, images.thumbnail(picture, edge=edge), *pixels.upright_size(picture))

    @property
    def name(self) -> str:
        """The file name."""
        return self.output.file_name or self.output.name

    def message(self, output_id: str) -> dict[str, Any]:
        """Return the output as a message has it."""
        output = self.output
        extent = f"{self.width} \N{MULTIPLICATION SIGN} {self.height}" if self.width and self.height else None
        size = None if output.size is None else labels.file_size(output.size)
        return {
            "id": output_id,
            "name": self.name,
            "content_type": output.content_type or "",
            "size": output.size,
            "width": self.width,
            "height": self.height,
            "text": self.text,
            "facts": run_words.join_facts(output.content_type, extent, size),
        }


def _thumbnail_of_file(output: Output, edge: int) -> Thumbnail | None:
    """Return the thumbnail of a picture that is too large to be decoded; a JPEG has one for less."""
    try:
        return images.thumbnail(output.path or output.bytes(), edge=edge)
    except OutputError:
        return None


def _inline_text(output: Output) -> str | None:
    is_text = (output.content_type or "").startswith(("text/", "application/json"))
    if output.content is not None or not is_text or (output.size or 0) > MAX_INLINE_TEXT or output.error:
        return None
    try:
        return output.bytes().decode("utf-8", "replace") or None
    except OutputError:
        return None


class Previews:
    """The previews of a panel's input files, by file id: each is made once, and sent once until `resend`."""

    def __init__(self) -> None:
        self._previews: dict[str, Thumbnail | None] = {}
        self._ids_at_browser: set[str] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Previews of {len(self._previews)} files>"

    def resend(self) -> None:
        """Let `new` return all of them once more, for a view that has none."""
        with self._lock:
            self._ids_at_browser = set()

    def new(self, files: Mapping[str, Any]) -> dict[str, Thumbnail]:
        """Return those previews of these files that the browser does not have; decodes pictures, so it takes time."""
        with self._lock:
            self._previews = {
                file_id: self._previews[file_id] if file_id in self._previews else preview(file)
                for file_id, file in files.items()
            }
            new = {
                file_id: picture
                for file_id, picture in self._previews.items()
                if picture and file_id not in self._ids_at_browser
            }
            self._ids_at_browser = set(files)
            return new


def preview(value: Any) -> Thumbnail | None:
    """Return a thumbnail of a file value, with the extent of the picture itself.

    None if it is no picture or cannot be read here.
    """
    try:
        data = _content(value)
        if isinstance(data, Path):
            with open_regular(data) as file:
                data = file.read(images.MAX_BYTES + 1)
        return _with_extent(images.thumbnail(data, edge=PREVIEW_EDGE), data) if data else None
    except (OSError, ValueError, RuntimeError, OutputError):  # RuntimeError: no home
        return None


def _with_extent(picture: Thumbnail, data: bytes) -> Thumbnail:
    """Return the preview with the extent of the picture itself, which the controls of a size can take."""
    width, height = images.upright_size(io.BytesIO(data)) or (0, 0)
    return replace(picture, width=width, height=height)


def _content(value: Any) -> bytes | Path | None:
    if isinstance(value, str | os.PathLike):
        return None if is_url(value) else Path(os.fsdecode(value)).expanduser()
    if isinstance(value, Output):
        return value.bytes()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, io.BytesIO):
        return value.getvalue()
    if hasattr(value, "read"):  # a run may be reading from this handle now, so the file is opened again
        name = getattr(value, "name", None)
        return Path(name) if isinstance(name, str) else None
    return images.to_upload_bytes(value)
