"""Small pictures of the files that a panel's controls hold."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from wiro_widgets.client.files import is_url
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.results import images
from wiro_widgets.results.images import Thumbnail
from wiro_widgets.results.outputs import Output

EDGE = 192  # pixels


def preview(value: Any) -> Thumbnail | None:
    """Return a thumbnail of a file value, or None when it is no picture that can be read here."""
    try:
        data = _bytes(value)
        return images.thumbnail(images.decode(data), edge=EDGE) if data else None
    except (OSError, ValueError, OutputError):
        return None


def _bytes(value: Any) -> bytes | Path | None:
    if isinstance(value, Output):
        return value.bytes()
    if is_url(value):
        return None
    if isinstance(value, str | Path):
        return Path(value).expanduser()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, io.IOBase):
        position = value.tell()
        try:
            value.seek(0)
            return bytes(value.read())
        finally:
            value.seek(position)
    return images.to_upload_bytes(value)
