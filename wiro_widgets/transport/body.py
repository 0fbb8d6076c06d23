"""Bodies of requests and replies: files of a known length go up, replies within a limit come down."""

from __future__ import annotations

import io
import os
import zlib
from typing import BinaryIO

import httpx

from wiro_widgets.protocol.requests import Upload

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class UnreadableFileError(Exception):
    """A file cannot be read to its end while it is sent: the request stays incomplete and has no effect."""


class TooLargeError(Exception):
    """A reply is larger than the limit."""


class BrokenBodyError(Exception):
    """A reply cannot be decompressed."""


class ExactFile:
    """An open file that yields exactly as many bytes as it had when its length was announced.

    A file that grows meanwhile is cut; one that shrinks raises UnreadableFileError, which breaks the request off, and
    so does a file on the disk that was written to since it was opened: the journal has noted other bytes.
    """

    def __init__(self, upload: Upload) -> None:
        self._handle: BinaryIO = upload.content
        self._name = upload.filename
        self._size = upload.size or 0
        self._modified_ns = upload.modified_ns
        self._remaining = self._size

    def __repr__(self) -> str:
        return f"<ExactFile {self._name}, {self._size} bytes>"

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Go to the beginning or the end, which is all that httpx needs."""
        target = self._size if whence == io.SEEK_END else position
        try:
            self._handle.seek(target)
        except (OSError, ValueError) as error:
            raise UnreadableFileError(f"{self._name} cannot be read ({error})") from None
        self._remaining = self._size - target
        return target

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._size - self._remaining

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes; raises UnreadableFileError."""
        size = self._remaining if count < 0 else min(count, self._remaining)
        if not size:
            return b""
        try:
            data = self._handle.read(size)
        except (OSError, ValueError) as error:
            raise UnreadableFileError(f"{self._name} cannot be read ({error})") from None
        if not data:
            raise UnreadableFileError(f"{self._name} became shorter while it was sent")
        self._remaining -= len(data)
        if not self._remaining and self._is_changed():
            raise UnreadableFileError(f"{self._name} was changed while it was sent; run again")
        return data

    def _is_changed(self) -> bool:
        if self._modified_ns is None:
            return False
        return os.fstat(self._handle.fileno()).st_mtime_ns != self._modified_ns


async def read_reply(response: httpx.Response, limit: int) -> bytes:
    """Return the whole reply, decompressed; never holds more than the limit, however well it was compressed.

    Raises TooLargeError or BrokenBodyError.
    """
    decompressor = Decompressor(response)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += decompressor.feed(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise TooLargeError
    decompressor.finish()
    return bytes(body)


class Decompressor:
    """Decompresses the body of a response chunk by chunk; a gzip body may have several members (RFC 1952, 2.2)."""

    def __init__(self, response: httpx.Response) -> None:
        """Raise BrokenBodyError if the body is compressed in a way that was not asked for."""
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
            raise BrokenBodyError(f"the reply is compressed as {encoding[:20]!r}, which was not asked for")
        self._stream = None if encoding in ("identity", "") else zlib.decompressobj(_GZIP_OR_ZLIB)
        self._has_data = False

    def __repr__(self) -> str:
        return f"<Decompressor{'' if self._stream else ' of a plain body'}>"

    def feed(self, chunk: bytes, limit: int) -> bytes:
        """Return the decompressed bytes, at most `limit` of them; the rest is lost. Raises BrokenBodyError."""
        if self._stream is None:
            return chunk
        self._has_data = self._has_data or bool(chunk)
        data = bytearray()
        try:
            while chunk and len(data) < limit:
                if self._stream.eof:
                    chunk = chunk.lstrip(b"\0")  # some writers fill up the last block
                    if not chunk:
                        break
                    self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
                data += self._stream.decompress(chunk, limit - len(data))
                chunk = self._stream.unused_data
        except zlib.error:
            raise BrokenBodyError("the reply is compressed, and broken") from None
        return bytes(data)

    def finish(self) -> None:
        """Raise BrokenBodyError if the compressed body was cut off."""
        if self._stream is not None and self._has_data and not self._stream.eof:
            raise BrokenBodyError("the reply is compressed, and cut off")
