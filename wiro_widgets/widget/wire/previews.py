"""Small pictures of the files that a panel's controls hold."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wiro_widgets.media import images
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.schema.scalars import is_url

EDGE = 192  # pixels


class Previews:
    """The previews of one panel's files: each is made once, and given out once until it is asked for again."""

    def __init__(self) -> None:
        self._made: dict[str, Thumbnail | None] = {}
        self._given: set[str] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Previews of {len(self._made)} files>"

    def again(self) -> None:
        """Give all of them out once more, for a view that came late."""
        with self._lock:
            self._given = set()

    def fresh(self, held: Mapping[str, Any]) -> dict[str, Thumbnail]:
        """Return the previews of these files, by id, that were not given out yet; takes its time."""
        with self._lock:
            self._made = {
                file_id: self._made[file_id] if file_id in self._made else preview(file)
                for file_id, file in held.items()
            }
            found = {key: made for key, made in self._made.items() if made and key not in self._given}
            self._given = set(held)
            return found


def preview(value: Any) -> Thumbnail | None:
    """Return a thumbnail of a file value, or None when it is no picture that can be read here."""
    try:
        data = _bytes(value)
        return images.thumbnail(images.decode(data), edge=EDGE) if data else None
    except (OSError, ValueError, OutputError):
        return None


def _bytes(value: Any) -> bytes | Path | None:
    if isinstance(value, str | Path):
        return None if is_url(value) else Path(value).expanduser()
    if isinstance(value, Output):
        return value.bytes()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, io.BytesIO):
        return value.getvalue()
    if hasattr(value, "read"):  # a run may be reading it just now, so it is opened once more
        name = getattr(value, "name", None)
        return Path(name) if isinstance(name, str) else None
    return images.to_upload_bytes(value)
