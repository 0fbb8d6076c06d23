"""Texts in an image's metadata: PNG text chunks, EXIF, XMP and comments, written and found again."""

from __future__ import annotations

import html
import re
import zlib
from itertools import islice
from typing import TYPE_CHECKING, Final

from PIL import Image

from wiro_widgets.media.image_blocks import PNG, Block, Container

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIPTION, _EXIF_POINTER, _USER_COMMENT = 0x010E, 0x8769, 0x9286
_XMP_TEXT: Final = re.compile(r'<rdf:li xml:lang="x-default">(\{[^<]*\})</rdf:li>')
_XMP: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{}</rdf:li>'
    "</rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
)
_MOST_INFLATED: Final = 2**20  # bytes, of all the compressed texts of an image
_MOST_TEXTS: Final = 64  # blocks with texts that are looked into
_PNG_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_OURS: Final = frozenset({b"wiro", b"parameters"})


def exif(*, description: str, comment: str) -> bytes:
    """Return an EXIF block with an ImageDescription (ASCII) and a UserComment."""
    block = Image.Exif()
    block[_DESCRIPTION] = description
    block.get_ifd(_EXIF_POINTER)[_USER_COMMENT] = b"UNICODE\0" + comment.encode("utf-16-be")
    return block.tobytes()


def xmp(*, description: str) -> bytes:
    """Return an XMP packet with a description."""
    return _XMP.format(html.escape(description)).encode()


def texts(container: Container) -> Iterator[tuple[Block, str]]:
    """Return the texts in which a recipe may stand, with their blocks: as many as an honest image has."""
    room = _MOST_INFLATED
    for block in islice((block for block in container.blocks if may_hold(container, block)), _MOST_TEXTS):
        if container.format == PNG:
            text, inflated = _png_text(block, room)
            room -= inflated
            yield block, text
        else:
            yield from ((block, text) for text in _texts(block))


def may_hold(container: Container, block: Block) -> bool:
    """Tell whether a recipe may stand in a block, as far as its name tells."""
    if container.format == PNG:
        return block.kind in _PNG_TEXTS and block.payload.partition(b"\0")[0] in _OURS
    return block.kind in {b"EXIF", b"XMP ", b"\xe1", b"\xfe"}


def _texts(block: Block) -> Iterator[str]:
    if block.kind == b"EXIF" or (block.kind == b"\xe1" and block.payload[:6] == b"Exif\0\0"):
        yield from _exif_texts(block.payload)
    elif block.kind == b"XMP ":
        yield from _xmp_texts(block.payload)
    elif block.kind == b"\xfe":
        yield block.payload.decode("utf-8", "replace")


def texts_of_image(image: Image.Image) -> Iterator[str]:
    """Return the texts of an opened image in which a recipe may stand."""
    for name in ("wiro", "parameters", "comment"):
        value = image.info.get(name)
        if isinstance(value, str | bytes):
            yield value if isinstance(value, str) else value.decode("utf-8", "replace")
    for kind, value in getattr(image, "applist", ()):  # of several comments `info` keeps the last
        if kind == "COM":
            yield value.decode("utf-8", "replace")
    for name, read in (("exif", _exif_texts), ("xmp", _xmp_texts)):
        value = image.info.get(name)
        if isinstance(value, bytes):
            yield from read(value)


def _png_text(block: Block, room: int) -> tuple[str, int]:
    """Return a chunk's text and how many bytes were inflated for it, at most `room`."""
    rest = block.payload.partition(b"\0")[2]
    if block.kind == b"tEXt":
        return rest.decode("latin-1"), 0
    if block.kind == b"zTXt":
        text = _inflated(rest[1:], room)
        return text.decode("latin-1"), len(text)
    text = rest[2:].split(b"\0", 2)[-1]
    if rest[:1] != b"\1":
        return text.decode("utf-8", "replace"), 0
    text = _inflated(text, room)
    return text.decode("utf-8", "replace"), len(text)


def _inflated(data: bytes, room: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, room) if room > 0 else b""
    except zlib.error:
        return b""


def _exif_texts(payload: bytes) -> Iterator[str]:
    try:
        exif = Image.Exif()
        exif.load(payload)
        description, comment = exif.get(_DESCRIPTION), exif.get_ifd(_EXIF_POINTER).get(_USER_COMMENT)
    except Exception:  # noqa: BLE001 - a broken EXIF block makes Pillow raise nearly anything; it holds no recipe
        return
    if isinstance(description, str):
        yield description
    if isinstance(comment, bytes):
        text = comment[8:]
        if comment[:7] == b"UNICODE":
            yield text.decode(
                "utf-16-le" if text[::2].count(0) < text[1::2].count(0) else "utf-16-be", "replace"
            )
        else:
            yield text.decode("utf-8", "replace")


def _xmp_texts(payload: bytes) -> Iterator[str]:
    for found in _XMP_TEXT.findall(payload.decode("utf-8", "replace")):
        yield html.unescape(found)
