"""Which characters a font can draw, read from the character map (cmap) of its file: Pillow cannot be asked."""

from __future__ import annotations

import struct
import unicodedata
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

_COLLECTION: Final = b"ttcf"
_MAX_BYTES: Final = 4 * 2**20  # of a table; the largest character maps in use have a quarter of a megabyte
# Platform and encoding of a map of all of Unicode, then of its first plane alone.
_KINDS: Final = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
# Spaces, controls, joiners and variations: nothing is drawn for them.
_UNSEEN: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
_VARIATIONS: Final = range(0xFE00, 0xFE10)
_LAST: Final = 0xFFFF  # where the list of segments ends


@dataclass(frozen=True, slots=True)
class Coverage:
    """The characters of a font, as ranges in ascending order."""

    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def has_all(self, codes: frozenset[int]) -> bool:
        """Whether each of these characters can be drawn."""
        return all(self._has(code) for code in codes)

    def _has(self, code: int) -> bool:
        place = bisect_left(self.ends, code)
        return place < len(self.ends) and self.starts[place] <= code


def needed(text: str) -> frozenset[int]:
    """Return the characters of a text that need a glyph."""
    return frozenset(
        ord(char)
        for char in text
        if unicodedata.category(char) not in _UNSEEN and ord(char) not in _VARIATIONS
    )


def coverage(file: BinaryIO) -> Coverage:
    """Return the characters of a TrueType or OpenType font, the first of a collection; none of what is no font."""
    try:
        return _read(file)
    except (OSError, struct.error, KeyError, IndexError):
        return Coverage()


def _read(file: BinaryIO) -> Coverage:
    start = _number(file, 12, "L") if _at(file, 0, 4) == _COLLECTION else 0
    tables = struct.iter_unpack(">4sLLL", _at(file, start + 12, 16 * _number(file, start + 4, "H")))
    base = {tag: offset for tag, _, offset, _ in tables}[b"cmap"]
    maps = struct.iter_unpack(">HHL", _at(file, base + 4, 8 * _number(file, base + 2, "H")))
    offsets = {(platform, encoding): base + offset for platform, encoding, offset in maps}
    for kind in _KINDS:
        at = offsets.get(kind)
        if at is not None and (read := _FORMATS.get(_number(file, at, "H"))):
            return read(file, at)
    return Coverage()


def _segments(file: BinaryIO, at: int) -> Coverage:
    """Read format 4: ranges of the first plane, each with a shift or with a list of its glyphs."""
    words = _numbers(file, at + 14, "H", (_number(file, at + 2, "H") - 14) // 2)
    count = _number(file, at + 6, "H") // 2
    ranges: list[tuple[int, int]] = []
    for place in range(count):
        start, end, leap = words[count + 1 + place], words[place], words[3 * count + 1 + place]
        first = 3 * count + 1 + place + leap // 2
        glyphs = words[first : first + end - start + 1] if leap else ()
        if start == _LAST:
            continue
        if 0 in glyphs:  # the box that stands for what is not there
            ranges += [(start + number, start + number) for number, glyph in enumerate(glyphs) if glyph]
        else:
            ranges.append((start, end))
    return Coverage(tuple(start for start, _ in ranges), tuple(end for _, end in ranges))


def _groups(file: BinaryIO, at: int) -> Coverage:
    """Read formats 12 and 13: ranges of all of Unicode."""
    numbers = _numbers(file, at + 16, "L", 3 * _number(file, at + 12, "L"))
    return Coverage(numbers[0::3], numbers[1::3])


_FORMATS: Final[dict[int, Callable[[BinaryIO, int], Coverage]]] = {4: _segments, 12: _groups, 13: _groups}


def _at(file: BinaryIO, place: int, size: int) -> bytes:
    if not 0 <= size <= _MAX_BYTES:
        raise struct.error("a table of an unlikely size")
    file.seek(place)
    return file.read(size)


def _number(file: BinaryIO, place: int, kind: str) -> int:
    return _numbers(file, place, kind, 1)[0]


def _numbers(file: BinaryIO, place: int, kind: str, count: int) -> tuple[int, ...]:
    return struct.unpack(f">{count}{kind}", _at(file, place, count * struct.calcsize(f">{kind}")))
