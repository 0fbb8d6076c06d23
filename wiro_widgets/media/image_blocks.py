"""PNG, JPEG and WebP files as lists of blocks: texts and EXIF are read, added and removed, the pixels stay encoded."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from PIL import Image

PNG: Final = "PNG"
JPEG: Final = "JPEG"
WEBP: Final = "WEBP"
MAX_BLOCKS: Final = 10_000  # a file of more blocks is not read: millions would take seconds
DESCRIPTION, USER_COMMENT = 0x010E, 0x9286  # EXIF tags; the second is in the Exif IFD
EXIF_IFD, _GPS_IFD = 0x8769, 0x8825

_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_MAX_TEXTS: Final = 64  # text chunks that are read
_MAX_INFLATED: Final = 2**20  # bytes of all compressed texts together
_MAX_PROFILE: Final = 16 * 2**20  # bytes of an inflated colour profile
_MAX_PARTS: Final = 256  # segments of one text in a JPEG, of 64 KiB each
_LONGEST_TEXT: Final = 2**16  # bytes of a text that `without_details` keeps
_PNG_PIXELS: Final = frozenset({b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf"})  # and every critical chunk
_LOWER_CASE: Final = 0x20  # of the first letter of a chunk that is not critical
_LARGEST_SEGMENT: Final = 0xFFFF - 2  # a JPEG segment counts its own length in two bytes
_APP0, _APP1, _APP15, _SOS, _EOI = b"\xe0", b"\xe1", b"\xef", 0xDA, 0xD9
_OURS: Final = b"wiro-widgets\0"  # at the start of a segment of our own
_PART: Final = struct.Struct(">HH")  # then comes the number of the part, from 0, and how many there are
_FILL: Final = re.compile(rb"\xff*")
_LONE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_EXIF_FLAG, _ALPHA_FLAG = 0x08, 0x10  # of a VP8X chunk


@dataclass(frozen=True, slots=True)
class Block:
    """A PNG chunk, a JPEG segment or a RIFF chunk: bytes `start` to `end` of the file, frame included."""

    kind: bytes
    start: int
    end: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Container:
    """An image file as its blocks; from `tail` on, the bytes are copied as they are."""

    format: str
    data: bytes
    blocks: tuple[Block, ...]
    tail: int


class _MalformedError(Exception):
    pass


def read(data: bytes) -> Container | None:
    """Return the file's blocks, or None if it is not PNG, JPEG or WebP, is malformed or has too many blocks."""
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
    """Return True if the checksum of every block of a PNG is right."""
    view = memoryview(container.data)
    return all(
        zlib.crc32(view[block.start + 4 : block.end - 4]) == int.from_bytes(view[block.end - 4 : block.end])
        for block in container.blocks
    )


def png_texts(container: Container, keywords: frozenset[bytes]) -> Iterator[str]:
    """Yield the texts of a PNG under these keywords; compressed ones are inflated up to a limit."""
    room = _MAX_INFLATED
    for block in islice(filter(_has_keyword(keywords), container.blocks), _MAX_TEXTS):
        body = block.payload.partition(b"\0")[2]
        encoding = "utf-8" if block.kind == b"iTXt" else "latin-1"
        is_compressed = block.kind == b"zTXt" or (block.kind == b"iTXt" and body[:1] == b"\1")
        text = body[2:].split(b"\0", 2)[-1] if block.kind == b"iTXt" else body
        if is_compressed:
            text = _inflate(text[1:] if block.kind == b"zTXt" else text, room)
            room -= len(text)
        yield text.decode(encoding, "replace")


def without_png_texts(container: Container, keywords: frozenset[bytes]) -> bytes:
    """Return the PNG without its texts under these keywords."""
    return _without(container, _has_keyword(keywords))


def with_png_texts(container: Container, texts: Mapping[str, str]) -> bytes:
    """Return the PNG with these texts before its pixels, so that a reader finds them first."""
    pixels = next((block.start for block in container.blocks if block.kind == b"IDAT"), None)
    if pixels is None:
        return container.data
    chunks = b"".join(_png_text(keyword, text) for keyword, text in texts.items())
    return b"".join((container.data[:pixels], chunks, container.data[pixels:]))


def without_details(container: Container) -> bytes:
    """Return the PNG with what its pixels, their transparency, animation and orientation need, and plain short texts.

    The very same object if there is nothing else, or if this is no PNG.
    """
    return _without(container, _is_detail) if container.format == PNG else container.data


def png_profile(container: Container) -> bytes | None:
    """Return the colour profile of a PNG, None if it has none, or one that is broken or beyond `_MAX_PROFILE`."""
    for block in container.blocks:
        if block.kind == b"iCCP":
            packed = container.data[block.start + 8 : block.end - 4].partition(b"\0")[2]
            return _inflate(packed[1:], _MAX_PROFILE) or None
    return None


def png_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height that the header of a PNG says; None if this is no PNG."""
    if data[:8] != _PNG_MAGIC or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def read_exif(container: Container) -> Image.Exif | None:
    """Return the EXIF tags of a JPEG or WebP, empty if there are none, None if they cannot be read."""
    return parse_exif(next((block.payload for block in container.blocks if _is_exif(block)), b""))


def parse_exif(payload: bytes) -> Image.Exif | None:
    """Return the tags of an EXIF block, None if they cannot be read."""
    exif = Image.Exif()
    try:
        exif.load(payload)
        exif.get_ifd(EXIF_IFD)
    except Exception:  # noqa: BLE001 - a broken EXIF block makes Pillow raise nearly anything
        return None
    return exif


def with_exif(container: Container, exif: Image.Exif) -> bytes:
    """Return the JPEG or WebP with these EXIF tags in place of its own.

    The very same object if the tags do not fit, or if Pillow would not write them as they are.
    """
    try:
        payload = _exif_payload(exif)
    except Exception:  # noqa: BLE001 - odd values of foreign tags make Pillow raise nearly anything
        return container.data
    if container.format == WEBP:
        return _webp_with_exif(container, payload.removeprefix(b"Exif\0\0"))
    if len(payload) > _LARGEST_SEGMENT:
        return container.data
    data = _without(container, _is_exif)
    first = container.blocks[0] if container.blocks else None
    at = first.end if first and first.kind == _APP0 else 2  # the JFIF header comes first
    segment = b"\xff" + _APP1 + (len(payload) + 2).to_bytes(2, "big") + payload if payload else b""
    return b"".join((data[:at], segment, data[at:]))


def jpeg_text(payloads: Iterable[bytes]) -> str | None:
    """Return the text that `with_jpeg_text` wrote, from the payloads of all APP15 segments; None if it is not whole."""
    parts: dict[int, bytes] = {}
    total = 0
    for payload in payloads:
        body = payload.removeprefix(_OURS)
        if len(body) == len(payload) or len(body) < _PART.size:
            continue
        number, total = _PART.unpack_from(body)
        parts[number] = body[_PART.size :]
    if not total or parts.keys() != set(range(total)):
        return None
    return b"".join(parts[number] for number in range(total)).decode("utf-8", "replace")


def jpeg_payloads(container: Container) -> Iterator[bytes]:
    """Yield the payloads of a JPEG's APP15 segments."""
    return (block.payload for block in container.blocks if block.kind == _APP15)


def with_jpeg_text(container: Container, text: str) -> bytes:
    """Return the JPEG with a text of any length in as many segments of our own as it takes, behind EXIF.

    The very same object if there are too many.
    """
    data, room = text.encode("utf-8", "replace"), _LARGEST_SEGMENT - len(_OURS) - _PART.size
    parts = [data[start : start + room] for start in range(0, len(data), room)]
    if len(parts) > _MAX_PARTS:
        return container.data
    first = [block.end for block in container.blocks[:2] if block.kind == _APP0 or _is_exif(block)]
    at = max(first, default=2)
    segments = [
        b"".join((b"\xff", _APP15, (len(body) + 2).to_bytes(2, "big"), body))
        for body in (_OURS + _PART.pack(number, len(parts)) + part for number, part in enumerate(parts))
    ]
    return b"".join((container.data[:at], *segments, container.data[at:]))


def without_jpeg_text(container: Container) -> bytes:
    """Return the JPEG without our own segments; the very same object if there are none."""
    return _without(container, lambda block: block.kind == _APP15 and block.payload.startswith(_OURS))


def _is_exif(block: Block) -> bool:
    return block.kind == b"EXIF" or (block.kind == _APP1 and block.payload[:6] == b"Exif\0\0")


def _exif_payload(exif: Image.Exif) -> bytes:
    # Pillow reads texts as Latin-1 and writes them as ASCII with question marks: given as bytes, they stay as they are.
    texts = {
        (ifd_tag, tag): value
        for ifd_tag, ifd in _ifds(exif).items()
        for tag, value in ifd.items()
        if isinstance(value, str) and not value.isascii()
    }
    for (ifd_tag, tag), value in texts.items():
        _ifds(exif)[ifd_tag][tag] = value.encode("latin-1")
    payload = exif.tobytes() if exif.get_ifd(EXIF_IFD) or exif.keys() - {EXIF_IFD} else b""
    if texts:
        again = Image.Exif()
        again.load(payload)
        if any(_ifds(again)[ifd_tag].get(tag) != value for (ifd_tag, tag), value in texts.items()):
            raise ValueError("Pillow does not write these texts as they are.")
    return payload


def _ifds(exif: Image.Exif) -> dict[int, MutableMapping[int, Any]]:
    """Return the tags by the tag of their IFD, 0 for the first."""
    return {0: exif} | {tag: exif.get_ifd(tag) for tag in (EXIF_IFD, _GPS_IFD) if tag in exif}


def _is_detail(block: Block) -> bool:
    if block.kind == b"tEXt":
        return len(block.payload) > _LONGEST_TEXT
    if block.kind == b"iTXt":
        is_compressed = block.payload.partition(b"\0")[2][:1] != b"\0"
        return is_compressed or len(block.payload) > _LONGEST_TEXT
    return bool(block.kind[0] & _LOWER_CASE) and block.kind not in _PNG_PIXELS


def _has_keyword(keywords: frozenset[bytes]) -> Callable[[Block], bool]:
    return lambda block: block.kind in _PNG_TEXTS and block.payload.partition(b"\0")[0] in keywords


def _without(container: Container, condition: Callable[[Block], bool]) -> bytes:
    """Return the file without the blocks that meet the condition; the very same object if there are none."""
    data, position = container.data, 0
    parts: list[bytes] = []
    for block in filter(condition, container.blocks):
        parts.append(data[position : block.start])
        position = block.end
    return b"".join((*parts, data[position:])) if parts else data


def _read_png(data: bytes) -> Container:
    blocks: list[Block] = []
    position = len(_PNG_MAGIC)
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data) or (not blocks and kind != b"IHDR"):
            raise _MalformedError
        payload = data[position + 8 : end - 4] if kind in _PNG_TEXTS else b""
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
        if data[position] != 0xFF:  # noqa: PLR2004 - the first byte of every segment
            raise _MalformedError
        if (fill := _FILL.match(data, position)) is not None:  # which may be repeated
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
    file_end = 8 + int.from_bytes(data[4:8], "little")
    blocks: list[Block] = []
    position = 12
    if file_end > len(data):
        raise _MalformedError
    while position < file_end:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + length + length % 2
        if end > file_end:
            raise _MalformedError
        payload = data[position + 8 : position + 8 + length]
        _add(blocks, Block(data[position : position + 4], position, end, payload))
        position = end
    if not blocks or blocks[0].kind not in {b"VP8 ", b"VP8L", b"VP8X"}:
        raise _MalformedError
    return Container(WEBP, data, tuple(blocks), file_end)


def _add(blocks: list[Block], block: Block) -> None:
    if len(blocks) == MAX_BLOCKS:
        raise _MalformedError
    blocks.append(block)


def _inflate(data: bytes, room: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, room) if room > 0 else b""
    except zlib.error:
        return b""


def _png_text(keyword: str, text: str) -> bytes:
    try:
        body = b"tEXt" + keyword.encode() + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        body = b"iTXt" + keyword.encode() + b"\0\0\0\0\0" + text.encode()
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def _webp_with_exif(container: Container, payload: bytes) -> bytes:
    """Return the WebP with this EXIF chunk (none if empty), in the VP8X layout if there is one."""
    blocks = [(block.kind, block.payload) for block in container.blocks if not _is_exif(block)]
    if payload:
        if blocks[0][0] != b"VP8X":
            header = _extended_header(*blocks[0])
            if header is None:
                return container.data
            blocks.insert(0, (b"VP8X", header))
        # The specification has EXIF before XMP.
        at = len(blocks) - 1 if blocks[-1][0] == b"XMP " else len(blocks)
        blocks.insert(at, (b"EXIF", payload))
    parts: list[bytes] = []
    for kind, content in blocks:
        body = content
        if kind == b"VP8X" and content:
            flags = content[0] | _EXIF_FLAG if payload else content[0] & ~_EXIF_FLAG
            body = bytes((flags,)) + content[1:]
        parts += (kind, len(body).to_bytes(4, "little"), body, b"\0" * (len(body) % 2))
    size = 4 + sum(map(len, parts))
    return b"".join((b"RIFF", size.to_bytes(4, "little"), b"WEBP", *parts, container.data[container.tail :]))


def _extended_header(kind: bytes, payload: bytes) -> bytes | None:
    """Return the VP8X payload for a simple WebP: flags, then width - 1 and height - 1 in 24 bits each."""
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
