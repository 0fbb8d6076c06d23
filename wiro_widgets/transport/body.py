"""What goes up and what comes down, byte for byte: files of a known length, replies within a limit."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import BinaryIO

import httpx

from wiro_widgets.protocol.requests import Upload

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class UnreadableFileError(Exception):
    """A file that is being sent cannot be read to its end: the request stays incomplete and has no effect."""


class TooLargeError(Exception):
    """A reply is larger than the limit."""


class BrokenBodyError(Exception):
    """A reply cannot be unpacked."""


class ExactFile:
    """An open file that gives exactly the bytes it had when it was measured.

    A file that grows meanwhile is cut, one that shrinks breaks the request off: the length is announced before.
    """

    def __init__(self, upload: Upload) -> None:
        self._handle: BinaryIO = upload.content
        self._name = upload.filename
        self._size = upload.size or 0
        self._left = self._size

    def __repr__(self) -> str:
        return f"<ExactFile {self._name}, {self._size} bytes>"

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Go to the beginning or the end, which is all that a sender needs."""
        target = self._size if whence == io.SEEK_END else position
        try:
            self._handle.seek(target)
        except (OSError, ValueError) as error:
            raise UnreadableFileError(f"{self._name} cannot be read ({error})") from None
        self._left = self._size - target
        return target

    def tell(self) -> int:
        """Return how many bytes were given."""
        return self._size - self._left

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes; raises UnreadableFileError."""
        wanted = self._left if count < 0 else min(count, self._left)
        if not wanted:
            return b""
        try:
            data = self._handle.read(wanted)
        except (OSError, ValueError) as error:
            raise UnreadableFileError(f"{self._name} cannot be read ({error})") from None
        if not data:
            raise UnreadableFileError(f"{self._name} became shorter while it was sent")
        self._left -= len(data)
        return data


async def read_reply(response: httpx.Response, limit: int) -> bytes:
    """Return the whole reply, unpacked; never holds more than the limit, however small it came.

    Raises TooLargeError or BrokenBodyError.
    """
    unpack = unpacker(response)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += unpack(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise TooLargeError
    return bytes(body)


def unpacker(response: httpx.Response) -> Callable[[bytes, int], bytes]:
    """Return what unpacks one chunk after the other, each into so many bytes at most."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return lambda chunk, _most: chunk
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BrokenBodyError(f"the reply is packed as {encoding[:20]!r}, which was not asked for")
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)

    def unpack(chunk: bytes, most: int) -> bytes:
        try:
            return unpacking.decompress(chunk, most)
        except zlib.error:
            raise BrokenBodyError("the reply is packed, and broken") from None

    return unpack
