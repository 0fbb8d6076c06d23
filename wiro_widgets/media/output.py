"""Output: one result of a task, on disk or in memory, or the reason why it is neither."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wiro_widgets.media import decoded, images
from wiro_widgets.media.content_types import HEAD_SIZE, is_picture
from wiro_widgets.media.files import replace_bytes, safe_name, unique_target, written_whole
from wiro_widgets.protocol.errors import OutputError

if TYPE_CHECKING:
    from PIL.Image import Image

    from wiro_widgets.protocol.replies import OutputInfo, TextContent

_keys = count(1)
_Bytes = bytes  # inside the class, `bytes` is its method


class Output:
    """One result of a task: a file (`path` on disk, or bytes in memory) or a language model's `content`.

    Where it could not be had, `error` says why, and `bytes()`, `image()` and `save()` raise it;
    `url` may still work for a while.
    """

    def __init__(
        self,
        info: OutputInfo,
        *,
        path: Path | None = None,
        data: _Bytes | None = None,
        error: OutputError | None = None,
        task_id: str | None = None,
        file_name: str | None = None,
    ) -> None:
        self.id = info.id
        self.name = info.name
        self.content_type = info.content_type
        self.url = info.url
        self.path = path
        self.content: TextContent | None = info.content
        self.error = error
        self.task_id = task_id
        self._data = data
        self._file_name = file_name
        self._told_size = info.size
        self._key = next(_keys)

    @property
    def size(self) -> int | None:
        """The number of bytes: as they are here, else as Wiro said."""
        if self._data is not None:
            return len(self._data)
        try:
            return self.path.stat().st_size if self.path else self._told_size
        except OSError:
            return self._told_size

    @property
    def data(self) -> _Bytes | None:
        """The bytes of a file that is in memory; None when it is on disk or not here."""
        return self._data

    @property
    def text(self) -> str | None:
        """What a language model said; None for a file."""
        return self.content.text if self.content else None

    @property
    def is_image(self) -> bool:
        """Whether this is a picture, or was to be one: by its type, else by its bytes, else by its name."""
        return not self._is_text() and is_picture(self.content_type, self._head(), self.name)

    def bytes(self) -> _Bytes:
        """Return the file's bytes; raises OutputError when they are not here."""
        if self.error is not None:
            raise self.error
        if self._data is not None:
            return self._data
        if self.path is not None:
            try:
                return self.path.read_bytes()
            except OSError as exc:
                raise self._failure(f"cannot be read from {self.path}: {exc.strerror or exc}") from exc
        if self.content is not None:
            return self.content.text.encode()
        raise self._failure("was not downloaded")

    def image(self) -> Image:
        """Return a PIL image of the caller's own; raises OutputError when this is none or is not here."""
        return decoded.kept.take(self._key) or self._decode()

    def glance(self) -> Image:
        """Return the picture to be looked at and not changed: it is kept a while for whoever asks for `image` next.

        Raises OutputError as `image` does.
        """
        found = self._decode()
        decoded.kept.keep(self._key, found)
        return found

    def _decode(self) -> Image:
        if self.error is None and self._is_text():
            raise self._failure("is text, not an image", hint="Read .text.")
        return images.decode(
            self.bytes(),
            content_type=self.content_type,
            name=self.name,
            task_id=self.task_id,
        )

    def save(self, path: str | Path) -> Path:
        """Write the file to this path, in place of what is there, or into a folder under a free name of our own.

        Returns the path. Raises OutputError when the bytes are not here, OSError when it cannot be written.
        """
        target = Path(path).expanduser()
        if target.is_dir():
            target = unique_target(target, self.path.name if self.path else self._own_name())
        if self.path is not None and target.exists() and target.samefile(self.path):
            return target
        if self.error is None and self._data is None and self.path is not None and self.path.is_file():
            with written_whole(target) as temporary:
                shutil.copyfile(self.path, temporary)
        else:
            replace_bytes(target, self.bytes())
        return target

    def __repr__(self) -> str:
        where = "in memory" if self._data is not None else str(self.path) if self.path else _public(self.url)
        state = f"error: {self.error.reason}" if self.error else "text" if self.content else where
        size = f", {self.size:,} bytes" if self.size is not None else ""
        return f"<Output {self.name} {self.content_type or 'of unknown type'}{size}, {state}>"

    def _own_name(self) -> str:
        """Return the name of the file in a folder; the server's own name could be one that means something there."""
        content_type = "text/plain" if self._is_text() else self.content_type
        return self._file_name or safe_name(None, self.task_id, 0, content_type, self.name)

    def _is_text(self) -> bool:
        return self.content is not None and self.path is None and self._data is None

    def _head(self) -> _Bytes:
        if self._data is not None:
            return self._data[:HEAD_SIZE]
        if self.path is None:
            return b""
        try:
            with self.path.open("rb") as file:
                return file.read(HEAD_SIZE)
        except OSError:
            return b""

    def _failure(self, reason: str, hint: str | None = None) -> OutputError:
        return OutputError(reason, output=self.name, task_id=self.task_id, hint=hint)


def _public(url: str | None) -> str:
    """Return an address without its query, which may be the permission to read it."""
    if not url:
        return "nowhere"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "at an unreadable address"
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
