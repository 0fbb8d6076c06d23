"""An output as the browser shows it: with its thumbnail, or its text, or why it cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wiro_widgets.media.images import Thumbnail, thumbnail
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.widget.wire import labels

EDGE = 512  # pixels of a thumbnail
MAX_SHOWN_TEXT = 20_000  # bytes of a text output that is shown at once


@dataclass(frozen=True, slots=True)
class Shown:
    """An output with its thumbnail and its own size, where it is a picture."""

    output: Output
    thumbnail: Thumbnail | None = None
    width: int | None = None
    height: int | None = None
    text: str | None = None
    error: OutputError | None = None

    @classmethod
    def of(cls, output: Output, edge: int = EDGE) -> Shown:
        """Make the thumbnail, `edge` pixels at most; what is no picture, or is not here, or is broken, has none."""
        if not output.is_image:
            return cls(output, text=_small_text(output), error=output.error)
        try:
            picture = output.peek()
        except OutputError as error:
            return cls(output, error=error)
        return cls(output, thumbnail(picture, edge=edge), picture.width, picture.height)

    def message(self, output_id: str) -> dict[str, Any]:
        """Return what the browser is told of it under this id."""
        output = self.output
        return {
            "id": output_id,
            "name": output.path.name if output.path else output.name,
            "content_type": output.content_type or "",
            "size": output.size,
            "width": self.width,
            "height": self.height,
            "text": self.text,
            "facts": self._facts(),
        }

    def _facts(self) -> str:
        extent = f"{self.width} \N{MULTIPLICATION SIGN} {self.height}" if self.width and self.height else None
        size = self.output.size
        parts = (self.output.content_type, extent, None if size is None else labels.weight(size))
        return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def _small_text(output: Output) -> str | None:
    """Return the text of a small text file, so that it can be shown at once."""
    kind = output.content_type or ""
    if output.content is not None or not kind.startswith(("text/", "application/json")):
        return None
    try:
        data = output.bytes() if (output.size or 0) <= MAX_SHOWN_TEXT else b""
    except OutputError:
        return None
    return data.decode("utf-8", "replace") or None
