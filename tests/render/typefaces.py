"""Fonts for the tests: Pillow's own shapes under other characters, so that no font need be installed."""

import struct
from collections.abc import Mapping
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

ASCII = {chr(code): chr(code) for code in range(33, 127)}


def write_typeface(path: Path, shapes: Mapping[str, str]) -> Path:
    """Write a font whose characters have the shapes of these ASCII ones."""
    font = bytearray(_pillow_font())
    glyphs = _glyph_numbers()
    pairs = sorted((ord(char), glyphs[shape]) for char, shape in shapes.items())
    groups = b"".join(struct.pack(">LLL", code, code, glyph) for code, glyph in pairs)
    table = struct.pack(">HHLLL", 12, 0, 16 + len(groups), 0, len(pairs)) + groups
    place = 12 + 16 * [tag for tag, _ in _tables()].index(b"cmap")
    character_map = struct.pack(">HHHHL", 0, 1, 3, 10, 12) + table
    struct.pack_into(">LL", font, place + 8, len(font), len(character_map))
    path.write_bytes(bytes(font) + character_map)
    return path


def _pillow_font() -> bytes:
    font = ImageFont.load_default(10)
    assert isinstance(font, FreeTypeFont)
    return font.font_bytes


def _glyph_numbers() -> dict[str, int]:
    """Return the number of each ASCII character's glyph in Pillow's font, from its map of format 4."""
    font = _pillow_font()
    base = dict(_tables())[b"cmap"]
    (count,) = struct.unpack_from(">H", font, base + 2)
    records = struct.iter_unpack(">HHL", font[base + 4 : base + 4 + 8 * count])
    at = base + {(platform, encoding): offset for platform, encoding, offset in records}[3, 1]
    segments = struct.unpack_from(">H", font, at + 6)[0] // 2
    words = struct.unpack_from(f">{(len(font) - at - 14) // 2}H", font, at + 14)
    numbers = {}
    for place in range(segments):
        end, start = words[place], words[segments + 1 + place]
        shift, leap = words[2 * segments + 1 + place], words[3 * segments + 1 + place]
        for code in range(start, min(end, 126) + 1):
            index = 3 * segments + 1 + place + leap // 2 + code - start
            numbers[chr(code)] = words[index] if leap else (code + shift) % 65536
    return numbers


def _tables() -> list[tuple[bytes, int]]:
    font = _pillow_font()
    (count,) = struct.unpack_from(">H", font, 4)
    return [(tag, offset) for tag, _, offset, _ in struct.iter_unpack(">4sLLL", font[12 : 12 + 16 * count])]
