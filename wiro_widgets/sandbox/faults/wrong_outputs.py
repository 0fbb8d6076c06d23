"""Outputs that are not what they say (fault `output_as`)."""

import io
import struct
import zlib
from functools import cache

from PIL import Image

BOMB_SIDE = 20_000
_PAGE = b"<!doctype html><title>Expired</title><p>This link has expired."


def disguise(picture: bytes, kind: str) -> bytes:
    """Return what is served in place of a PNG."""
    if kind == "jpeg":
        out = io.BytesIO()
        Image.open(io.BytesIO(picture)).save(out, "JPEG")
        return out.getvalue()
    if kind == "truncated":
        return picture[: len(picture) // 2]
    return {"html": _PAGE, "text": b"no picture today\n", "empty": b"", "bomb": _bomb()}[kind]


@cache
def _bomb() -> bytes:
    """Return a small PNG of 400 megapixels."""
    head = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((BOMB_SIDE // 8 + 1) * BOMB_SIDE), 1)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
