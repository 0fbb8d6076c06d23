"""Output: one result of a task, on disk or in memory, or the reason why it is missing."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from wiro_widgets.media import cloud_files, images
from wiro_widgets.media.content_types import HEAD_SIZE, is_picture
from wiro_widgets.media.files import atomic_write, replace_bytes, safe_name, unique_target
from wiro_widgets.media.public_names import PublicNames
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.protocol.redact import printable

if TYPE_CHECKING:
    from PIL.Image import Image

    from wiro_widgets.media.cloud_files import CloudFile
    from wiro_widgets.protocol.replies import OutputInfo
    from wiro_widgets.protocol.text.text_content import TextContent

MAX_RECENT_PIXELS: Final = 8 * 2**20  # of all images that `peek` keeps: eight of 1024 x 1024
_SHOWN_EDGE: Final = 480  # pixels of the picture in a notebook
_LONGEST_ANSWER: Final = 4_000  # characters in a notebook
_Bytes = bytes  # inside the class, `bytes` is its method
_keys = count(1)
_recent: OrderedDict[int, Image] = OrderedDict()  # images that `peek` decoded, by the key of their output
_recent_lock = threading.Lock()


class Output(PublicNames):
    """One result of a task: a file (`path` on disk, or bytes in memory) or a language model's `content`.

    A file that was moved to an output folder elsewhere has an `address`, and `path` is its copy in a cache, or None.
    If it is missing, `error` says why. `bytes()`, `image()` and `save()` fetch it again where that can help, and raise
    the error if it stays missing; `url` may still work for a while.
    """

    _internal_names = ("is_to_come", "peek", "set_fetcher", "take")

    def __init__(
        self,
        info: OutputInfo,
        *,
        path: Path | None = None,
        data: _Bytes | None = None,
        error: OutputError | None = None,
        task_id: str | None = None,
        file_name: str | None = None,
        cloud: CloudFile | None = None,
    ) -> None:
        self.id = info.id
        self.name = info.name
        self.content_type = info.content_type
        self.url = info.url
        self._path = path
        self.cloud = cloud
        self.content: TextContent | None = info.content
        self.error = error
        self.task_id = task_id
        self._data = data
        self._file_name = file_name
        self._declared_size = info.size
        self._key = next(_keys)
        self.source: Path | None = None  # of a file that was moved, until the journal has its address
        self.needs_move = False  # True while it waits here for its output folder, which is elsewhere
        self._fetch_again: Callable[[], None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_fetch_again": None}  # it belongs to a client of this process

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._key = next(_keys)  # another output of this process may have the one of its own
        if self.cloud is not None:
            cloud_files.remember(self.cloud)

    @property
    def path(self) -> Path | None:
        """The file on this disk; of a file with an address its copy here, None if it was not fetched."""
        if self.cloud is not None and self._path is not None and not self._path.is_file():
            self._path = None  # the cache has made room for others
        return self._path

    @property
    def address(self) -> str | None:
        """Where the file was moved to, such as "s3://bucket/folder/name.png"; None if it is on this disk."""
        return self.cloud.address if self.cloud else None

    @property
    def place(self) -> str | None:
        """The address or the path of the file, as records have it; None if it has none."""
        return self.address or (str(self._path) if self._path else None)

    @property
    def file_name(self) -> str | None:
        """The name of the file; None if it has none."""
        return self.cloud.name if self.cloud else self._path.name if self._path else None

    @property
    def is_to_come(self) -> bool:
        """True if the file is not on the disk but may still come there."""
        return self.error.may_come if self.error else self._data is not None or self.needs_move

    def set_moved(self, file: CloudFile, copy: Path) -> None:
        """Take the address to which the file was moved, and its copy here; `source` stays until `drop_moved`."""
        self.source, self._path, self.cloud, self.needs_move = self._path, copy, file, False

    def set_fetcher(self, fetch_again: Callable[[], None]) -> None:
        """Let this function fetch the file again when somebody asks for it; it waits, and calls `take` if it can."""
        self._fetch_again = fetch_again

    def take(self, newer: Output) -> None:
        """Take the file of a newer download of the same output, or why that one failed."""
        self.url, self.error = newer.url, newer.error
        self._file_name = newer._file_name or self._file_name
        self._data, self._path, self.cloud = newer._data, newer._path, newer.cloud
        self.needs_move, self.source = newer.needs_move, newer.source

    @property
    def size(self) -> int | None:
        """The number of bytes: of the file if it is here, else as Wiro declares it."""
        if self._data is not None:
            return len(self._data)
        if self.cloud is not None and self.cloud.size is not None:
            return self.cloud.size
        try:
            return self.path.stat().st_size if self.path else self._declared_size
        except OSError:
            return self._declared_size

    @property
    def data(self) -> _Bytes | None:
        """The bytes of a file in memory; None if it is on disk or missing."""
        return self._data

    @property
    def text(self) -> str | None:
        """The answer of a language model; None for a file."""
        return self.content.text if self.content else None

    @property
    def is_image(self) -> bool:
        """True for a picture: by its type, else by its bytes, else by its name."""
        return not self._is_text() and is_picture(self.content_type, self._head(), self.name)

    def bytes(self) -> _Bytes:
        """Return the file's bytes; raises OutputError if they are missing."""
        fetch_missing((self,))
        return self._present_bytes()

    def _present_bytes(self) -> _Bytes:
        if self.error is not None:
            raise self.error
        if self._data is not None:
            return self._data
        if (path := self._file()) is not None:
            try:
                return path.read_bytes()
            except OSError as exc:
                raise self._failure(f"cannot be read from {path}: {exc.strerror or exc}") from exc
        if self.content is not None:
            return self.content.text.encode()
        raise self._failure("was not downloaded")

    def _file(self) -> Path | None:
        """Return the file on this disk, fetched from its address if need be; raises OutputError."""
        if self.path is None and self.cloud is not None and self.error is None:
            try:
                self._path = cloud_files.fetch(self.cloud)
            except OSError as exc:
                is_gone = isinstance(exc, FileNotFoundError)
                reason = "it is no longer there" if is_gone else exc.strerror or str(exc)
                raise self._failure(f"cannot be read from {self.cloud.address}: {reason}") from None
        return self.path

    def image(self) -> Image:
        """Return a new PIL image; raises OutputError if this is no image or is missing."""
        fetch_missing((self,))
        return self._present_image()

    def _present_image(self) -> Image:
        with _recent_lock:
            image = _recent.pop(self._key, None)
        return image or self._decode()

    def peek(self) -> Image:
        """Return the image to be read and not changed: the next call of `image` returns it instead of decoding again.

        A few recent images are kept for that. Raises OutputError as `image` does, and fetches nothing.
        """
        image = self._decode()
        with _recent_lock:
            _recent[self._key] = image
            while sum(one.width * one.height for one in _recent.values()) > MAX_RECENT_PIXELS:
                _recent.popitem(last=False)
        return image

    def _decode(self) -> Image:
        if self.error is None and self._is_text():
            raise self._failure("is text, not an image", hint="Read .text.")
        return images.decode(
            self._present_bytes(), content_type=self.content_type, name=self.name, task_id=self.task_id
        )

    def save(self, path: str | Path) -> Path:
        """Write the file to this path, replacing what is there, or into a folder under a free name.

        Returns the path. Raises OutputError if the bytes are missing, OSError if the path cannot be written.
        """
        fetch_missing((self,))
        target = Path(path).expanduser()
        if target.is_dir():
            with unique_target(target, self.file_name or self._default_name()) as free:
                return self._save_as(free)
        return self._save_as(target)

    def _save_as(self, target: Path) -> Path:
        file = self._file()
        if file is not None and file.exists() and target.exists() and target.samefile(file):
            return target
        if self.error is None and self._data is None and file is not None and file.is_file():
            with atomic_write(target) as temporary:
                shutil.copyfile(file, temporary)
        else:
            replace_bytes(target, self._present_bytes())
        return target

    def __repr__(self) -> str:
        place = "in memory" if self._data is not None else self.place or _public(self.url)
        state = f"error: {self.error.reason}" if self.error else "text" if self.content else place
        size = f", {self.size:,} bytes" if self.size is not None else ""
        return printable(f"<Output {self.name} {self.content_type or 'of unknown type'}{size}, {state}>")

    def _repr_html_(self) -> str:
        """Show the picture, or the answer of a language model, and what the file is."""
        content = ""
        if self.text:
            style = "white-space:pre-wrap;overflow-wrap:anywhere"
            content = f'<div style="{style}">{escape(self.text[:_LONGEST_ANSWER])}</div>'
        elif self.error is None and self.is_image:
            with suppress(OutputError, OSError):
                content = images.thumbnail(self.path or self.bytes(), edge=_SHOWN_EDGE).element
        about = f'<div style="font-size:90%;opacity:.75">{escape(repr(self)[1:-1])}</div>'
        return f'<div class="mathjax_ignore tex2jax_ignore">{content}{about}</div>'

    def _default_name(self) -> str:
        """Return a file name of our own: the server's could mean something in the user's folder."""
        content_type = "text/plain" if self._is_text() else self.content_type
        return self._file_name or safe_name(None, self.task_id, 0, content_type, self.name)

    def _is_text(self) -> bool:
        return self.content is not None and self.place is None and self._data is None

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


def images_of(outputs: Iterable[Output]) -> list[Image]:
    """Return the PIL images among the outputs, in order; raises OutputError for the first that fails."""
    pictures = [output for output in outputs if output.is_image]
    fetch_missing(pictures)
    return images.in_threads(Output._present_image, pictures)  # noqa: SLF001 - this file is the class


def fetch_missing(outputs: Iterable[Output]) -> None:
    """Fetch again, in this thread, what is missing of these outputs; each says in its error if it stays missing."""
    missing = [item for item in outputs if item.error is not None and item.error.may_come]
    for fetch_again in dict.fromkeys(item._fetch_again for item in missing):  # noqa: SLF001 - one for each task
        if fetch_again is not None:
            fetch_again()


def _public(url: str | None) -> str:
    """Return a URL without its query, which may grant access to the file."""
    if not url:
        return "nowhere"
    try:
        parts = urlsplit(url)
    except ValueError:
        return "at an unreadable URL"
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
