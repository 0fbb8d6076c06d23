"""Files that the browser uploads in chunks."""

from __future__ import annotations

from dataclasses import dataclass, field

from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.wire.messages import Chunk

MAX_BYTES = 256 * 1024 * 1024
MAX_OPEN = 8  # uploads under way at once; one more ends the oldest


class UploadRefused(ValueError):
    """A file that cannot be taken; the text is for the user."""


@dataclass(slots=True)
class _Upload:
    name: str
    size: int
    data: bytearray = field(default_factory=bytearray)


class Uploads:
    """Joins chunks to files."""

    def __init__(self) -> None:
        self._open: dict[str, _Upload] = {}

    def __repr__(self) -> str:
        return f"<Uploads {len(self._open)} under way>"

    def add(self, chunk: Chunk) -> tuple[int, NamedBytes | None]:
        """Add a chunk; return the number of bytes so far, and the file once it is complete.

        Raises UploadRefused if the file is too large or a chunk is missing.
        """
        if chunk.size > MAX_BYTES:
            raise UploadRefused(f"{chunk.name} is larger than {MAX_BYTES >> 20} MiB")
        if chunk.offset == 0:
            self._open.pop(chunk.upload, None)
            while len(self._open) >= MAX_OPEN:
                del self._open[next(iter(self._open))]
            self._open[chunk.upload] = _Upload(chunk.name, chunk.size)
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
