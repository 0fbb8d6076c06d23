"""Files that come up from the browser in chunks."""

from __future__ import annotations

from dataclasses import dataclass, field

from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.wire.messages import Chunk

MAX_BYTES = 256 * 1024 * 1024
MAX_OPEN = 8  # uploads under way at once; the oldest gives way


class UploadRefused(ValueError):
    """A file that cannot be taken, in a sentence for the person who sent it."""


@dataclass(slots=True)
class _Open:
    name: str
    size: int
    data: bytearray = field(default_factory=bytearray)


class Uploads:
    """Collects chunks until a file is whole."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def __repr__(self) -> str:
        return f"<Uploads {len(self._open)} under way>"

    def take(self, chunk: Chunk) -> tuple[int, NamedBytes | None]:
        """Add a chunk; return the bytes received so far, and the file once it is whole.

        Raises UploadRefused when the file is too large or a chunk is missing.
        """
        if chunk.size > MAX_BYTES:
            raise UploadRefused(f"{chunk.name} is larger than {MAX_BYTES >> 20} MiB")
        if chunk.offset == 0:
            self._open.pop(chunk.upload, None)
            self._make_room()
            self._open[chunk.upload] = _Open(chunk.name, chunk.size)
        upload = self._open.get(chunk.upload)
        if (
            upload is None
            or chunk.offset != len(upload.data)
            or len(upload.data) + len(chunk.data) > upload.size
        ):
            self._open.pop(chunk.upload, None)
            raise UploadRefused(f"{chunk.name} did not arrive whole; choose it again")
        upload.data += chunk.data
        if len(upload.data) < upload.size:
            return len(upload.data), None
        del self._open[chunk.upload]
        return upload.size, NamedBytes(bytes(upload.data), upload.name or "file")

    def _make_room(self) -> None:
        while len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
