"""Files the sandbox serves: outputs under /files, uploaded inputs under /v1/File."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and the path it is served at."""

    path: str
    name: str
    content_type: str
    data: bytes = field(repr=False)


class FileShelf:
    """Files by path; the oldest are removed when the memory limit is reached."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._bytes = 0

    def put_output(self, name: str, content_type: str, data: bytes) -> StoredFile:
        """Store an output at /files/<random>/<name>."""
        folder = "-".join(secrets.token_hex(4) for _ in range(8))
        return self._put(StoredFile(f"/files/{folder}/{name}", name, content_type, data))

    def put_input(self, name: str, content_type: str, data: bytes) -> StoredFile:
        """Store an uploaded input at /v1/File/<random>/<name>."""
        return self._put(StoredFile(f"/v1/File/{secrets.token_hex(15)}/{name}", name, content_type, data))

    def get(self, path: str) -> StoredFile | None:
        """Return the file at this path."""
        return self._files.get(path)

    def discard(self, path: str) -> None:
        """Remove the file at this path, if there is one."""
        if file := self._files.pop(path, None):
            self._bytes -= len(file.data)

    def _put(self, file: StoredFile) -> StoredFile:
        self._files[file.path] = file
        self._bytes += len(file.data)
        while self._bytes > MAX_BYTES and len(self._files) > 1:
            self.discard(next(iter(self._files)))
        return file
