"""PNG, JPEG and WebP as lists of blocks: metadata goes in and out, the compressed pixels stay as they are."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

PNG: Final = "PNG"
JPEG: Final = "JPEG"
WEBP: Final = "WEBP"
MAX_BLOCKS: Final = 10_000  # an image cut into more is left as it is: to walk through millions takes seconds
LARGEST_SEGMENT: Final = 0xFFFF - 2  # a JPEG segment counts its own length in two bytes

_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_EXIF_FLAG, _XMP_FLAG, _ALPHA_FLAG = 0x08, 0x04, 0x10
_APP0, _APP1, _COM, _SOS, _EOI = b"\xe0", b"\xe1", b"\xfe", 0xDA, 0xD9
_FILL: Final = re.compile(rb"\xff*")
_LONE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True)
class Block:
    """A PNG chunk, a JPEG segment or a RIFF chunk: bytes `start` to `end` of the file, frame included."""

    kind: bytes
    start: int
    end: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Container:
    """An image file as its blocks; `tail` is where the part begins that is kept as it is."""

    format: str
    data: bytes
    blocks: tuple[Block, ...]
    tail: int

    def find(self, kind: bytes) -> Block | None:
        """Return the first block of that kind."""
        return next((block for block in self.blocks if block.kind == kind), None)

    def has_exif(self) -> bool:
        """Whether there is an EXIF block."""
        if self.format == JPEG:
            return any(block.kind == _APP1 and block.payload[:6] == b"Exif\0\0" for block in self.blocks)
        return self.find(b"EXIF") is not None

    def has_xmp(self) -> bool:
        """Whether there is an XMP block in a WebP file."""
        return self.find(b"XMP ") is not None


def read(data: bytes) -> Container | None:
    """Return the file's blocks, or None when it is none of the three, not well formed, or of too many blocks."""
    try:
        if data[:8] == _PNG_MAGIC:
            return _read_png(data)
        if data[:2] == b"\xff\xd8":
            return _read_jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _read_webp(data)
    except (IndexError, _MalformedError):
        pass
    return None


def intact(container: Container) -> bool:
    """Tell whether the checksum of every block of a PNG is right; the other formats have none."""
    return all(_crc_is_right(container.data, block) for block in container.blocks)


def _crc_is_right(data: bytes, block: Block) -> bool:
    body = memoryview(data)[block.start + 4 : block.end - 4]
    return zlib.crc32(body) == int.from_bytes(data[block.end - 4 : block.end], "big")


def without(container: Container, unwanted: Callable[[Block], bool]) -> bytes:
    """Return the file without some of its blocks."""
    verdicts = [(block, unwanted(block)) for block in container.blocks]
    removed = [block for block, verdict in verdicts if verdict]
    if not removed:
        return container.data
    if container.format == WEBP:
        kept = [(block.kind, block.payload) for block, verdict in verdicts if not verdict]
        return _webp(_simplest(kept), container.data[container.tail :])
    parts: list[bytes] = []
    position = 0
    for block in removed:
        parts.append(container.data[position : block.start])
        position = block.end
    return b"".join((*parts, container.data[position:]))


def with_png_text(container: Container, texts: Mapping[str, str]) -> bytes:
    """Return the PNG with these texts before its pixels, so that a reader meets them first."""
    pixels = container.find(b"IDAT")
    if pixels is None:
        return container.data
    chunks = b"".join(_png_text(keyword, text) for keyword, text in texts.items())
    return b"".join((container.data[: pixels.start], chunks, container.data[pixels.start :]))


def with_jpeg_segment(container: Container, kind: str, payload: bytes) -> bytes:
    """Return the JPEG with an "EXIF" or "COM" segment after its JFIF header."""
    marker = _APP1 if kind == "EXIF" else _COM
    first = container.blocks[0] if container.blocks else None
    at = first.end if first and first.kind == _APP0 else 2
    segment = b"\xff" + marker + (len(payload) + 2).to_bytes(2, "big") + payload
    return b"".join((container.data[:at], segment, container.data[at:]))


def with_webp_chunk(container: Container, kind: str, payload: bytes) -> bytes:
    """Return the WebP with an "EXIF" or "XMP" chunk, extended to the VP8X layout when it was a simple one."""
    blocks = [(block.kind, block.payload) for block in container.blocks]
    if blocks[0][0] != b"VP8X":
        header = _extended_header(*blocks[0])
        if header is None:
            return container.data
        blocks.insert(0, (b"VP8X", header))
    at = len(blocks)
    if kind == "EXIF" and blocks[-1][0] == b"XMP ":
        at -= 1  # the specification has EXIF before XMP
    blocks.insert(at, (kind.encode().ljust(4), payload))
    return _webp(blocks, container.data[container.tail :])


class _MalformedError(Exception):
    pass


def _read_png(data: bytes) -> Container:
    blocks: list[Block] = []
    position = len(_PNG_MAGIC)
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data) or (not blocks and kind != b"IHDR"):
            raise _MalformedError
        payload = data[position + 8 : end - 4] if kind not in {b"IDAT", b"fdAT"} else b""
        _add(blocks, Block(kind, position, end, payload))
        position = end
        if kind == b"IEND":
            return Container(PNG, data, tuple(blocks), position)
    raise _MalformedError


def _read_jpeg(data: bytes) -> Container:
    blocks: list[Block] = []
    position = 2
    for _ in range(MAX_BLOCKS):
        start = position
        if data[position] != 0xFF:  # noqa: PLR2004 - every segment begins with it
            raise _MalformedError
        if (fill := _FILL.match(data, position)) is not None:  # and may be filled with more of them
            position = fill.end()
        marker = data[position]
        position += 1
        if marker == _SOS:
            return Container(JPEG, data, tuple(blocks), start)
        if marker in _LONE_MARKERS:
            continue
        length = int.from_bytes(data[position : position + 2], "big")
        end = position + length
        if marker in {0, _EOI} or length < 2 or end > len(data):  # noqa: PLR2004 - the length counts itself
            raise _MalformedError
        blocks.append(Block(bytes((marker,)), start, end, data[position + 2 : end]))
        position = end
    raise _MalformedError


def _read_webp(data: bytes) -> Container:
    whole = 8 + int.from_bytes(data[4:8], "little")
    blocks: list[Block] = []
    position = 12
    if whole > len(data):
        raise _MalformedError
    while position < whole:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + length + length % 2
        if end > whole:
            raise _MalformedError
        payload = data[position + 8 : position + 8 + length]
        _add(blocks, Block(data[position : position + 4], position, end, payload))
        position = end
    if not blocks or blocks[0].kind not in {b"VP8 ", b"VP8L", b"VP8X"}:
        raise _MalformedError
    return Container(WEBP, data, tuple(blocks), whole)


def _add(blocks: list[Block], block: Block) -> None:
    if len(blocks) == MAX_BLOCKS:
        raise _MalformedError
    blocks.append(block)


def _png_text(keyword: str, text: str) -> bytes:
    try:
        body = b"tEXt" + keyword.encode() + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        body = b"iTXt" + keyword.encode() + b"\0\0\0\0\0" + text.encode()
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def _extended_header(kind: bytes, payload: bytes) -> bytes | None:
    """Return the VP8X payload for a simple image: flags, and its size less one in 24 bits each."""
    if kind == b"VP8L" and payload[:1] == b"\x2f":
        bits = int.from_bytes(payload[1:5], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
        flags = _ALPHA_FLAG if bits >> 28 & 1 else 0
    elif kind == b"VP8 " and payload[3:6] == b"\x9d\x01\x2a":
        width = (int.from_bytes(payload[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(payload[8:10], "little") & 0x3FFF) - 1
        flags = 0
    else:
        return None
    if min(width, height) < 0:
        return None
    return bytes((flags, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _simplest(blocks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Leave out a VP8X header that says nothing the image itself does not say."""
    if len(blocks) == 2 and blocks[0][0] == b"VP8X":  # noqa: PLR2004 - a header and an image
        flags = blocks[0][1][0] & ~(_EXIF_FLAG | _XMP_FLAG)
        if bytes((flags,)) + blocks[0][1][1:] == _extended_header(*blocks[1]):
            return blocks[1:]
    return blocks


def _webp(blocks: list[tuple[bytes, bytes]], tail: bytes) -> bytes:
    """Return a WebP file of these blocks, its VP8X flags saying which metadata there is."""
    kinds = {kind for kind, _ in blocks}
    parts: list[bytes] = []
    for kind, payload in blocks:
        body = payload
        if kind == b"VP8X":
            flags = payload[0] & ~(_EXIF_FLAG | _XMP_FLAG)
            flags |= _EXIF_FLAG if b"EXIF" in kinds else 0
            flags |= _XMP_FLAG if b"XMP " in kinds else 0
            body = bytes((flags,)) + payload[1:]
        parts += (kind, len(body).to_bytes(4, "little"), body, b"\0" * (len(body) % 2))
    size = 4 + sum(len(part) for part in parts)
    return b"".join((b"RIFF", size.to_bytes(4, "little"), b"WEBP", *parts, tail))
