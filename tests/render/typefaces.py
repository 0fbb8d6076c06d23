"""Fonts for the tests: Pillow's own shapes under other characters, so that no font need be installed."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

ASCII = {chr(code): chr(code) for code in range(33, 127)}


def pillows_own() -> bytes:
    """Return the font that Pillow brings, as a file."""
    font = ImageFont.load_default(10)
    assert isinstance(font, FreeTypeFont)
    return font.font_bytes


def typeface(shapes: Mapping[str, str], *, blank: bool = False) -> bytes:
    """Return a font whose characters have the shapes of these ASCII ones; none at all where it is `blank`."""
    glyphs = glyph_numbers()
    space = glyphs[" "]
    pairs = sorted((ord(char), space if blank else glyphs[shape]) for char, shape in shapes.items())
    groups = b"".join(struct.pack(">LLL", code, code, glyph) for code, glyph in pairs)
    table = struct.pack(">HHLLL", 12, 0, 16 + len(groups), 0, len(pairs)) + groups
    return with_map(table, (3, 10))


def with_map(table: bytes, kind: tuple[int, int]) -> bytes:
    """Return Pillow's font with another character map of this platform and encoding."""
    font = bytearray(pillows_own())
    place = 12 + 16 * [tag for tag, _ in _tables()].index(b"cmap")
    whole = struct.pack(">HHHHL", 0, 1, *kind, 12) + table
    struct.pack_into(">LL", font, place + 8, len(font), len(whole))
    return bytes(font) + whole


def collection(font: bytes) -> bytes:
    """Return a font as the only one of a collection."""
    (count,) = struct.unpack_from(">H", font, 4)
    moved = bytearray(struct.pack(">4sLLL", b"ttcf", 0x10000, 1, 16) + font)
    for place in range(16 + 12, 16 + 12 + 16 * count, 16):
        (offset,) = struct.unpack_from(">L", moved, place + 8)
        struct.pack_into(">L", moved, place + 8, offset + 16)
    return bytes(moved)


def glyph_numbers() -> dict[str, int]:
    """Return the number of each ASCII character's glyph in Pillow's font, from its map of format 4."""
    font = pillows_own()
    base = dict(_tables())[b"cmap"]
    (count,) = struct.unpack_from(">H", font, base + 2)
    records = struct.iter_unpack(">HHL", font[base + 4 : base + 4 + 8 * count])
    at = base + {(platform, encoding): offset for platform, encoding, offset in records}[3, 1]
    segments = struct.unpack_from(">H", font, at + 6)[0] // 2
    words = struct.unpack_from(f">{(len(font) - at - 14) // 2}H", font, at + 14)
    found = {}
    for place in range(segments):
        end, start = words[place], words[segments + 1 + place]
        shift, leap = words[2 * segments + 1 + place], words[3 * segments + 1 + place]
        for code in range(start, min(end, 126) + 1):
            listed = 3 * segments + 1 + place + leap // 2 + code - start
            found[chr(code)] = words[listed] if leap else (code + shift) % 65536
    return found


def written(folder: Path, name: str, font: bytes) -> Path:
    """Write a font into a folder."""
    path = folder / name
    path.write_bytes(font)
    return path


def opens(font: bytes) -> bool:
    """Whether Pillow takes it for a font."""
    return bool(ImageFont.truetype(io.BytesIO(font), 16).getname())


def _tables() -> list[tuple[bytes, int]]:
    font = pillows_own()
    (count,) = struct.unpack_from(">H", font, 4)
    return [(tag, offset) for tag, _, offset, _ in struct.iter_unpack(">4sLLL", font[12 : 12 + 16 * count])]
