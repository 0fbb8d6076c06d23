"""Fonts and lines for labels: Pillow's own font, and fonts of the machine that Pillow finds by their file names."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias, cast

from PIL import ImageFont
from PIL.ImageDraw import ImageDraw
from PIL.ImageFont import FreeTypeFont

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.scalars import short_repr

FontLike: TypeAlias = "str | os.PathLike[str] | FreeTypeFont"

# File names without their extension, in the order in which they are tried: many scripts, East Asia, single scripts.
_FILES: Final = (
    *("NotoSans-Regular", "DejaVuSans", "segoeui", "arial", "Arial Unicode", "FreeSans"),
    *("NotoSansCJK-Regular", "NotoSansCJKjp-Regular", "NotoSansJP-Regular", "NotoSansSC-Regular"),
    *("NotoSansKR-Regular", "SourceHanSans-Regular", "DroidSansFallbackFull", "wqy-microhei", "msyh"),
    *("YuGothR", "malgun", "Hiragino Sans GB", "PingFang", "AppleSDGothicNeo"),
    *("NotoSansArabic-Regular", "NotoSansHebrew-Regular", "NotoSansDevanagari-Regular"),
    *("NotoSansBengali-Regular", "NotoSansTamil-Regular", "NotoSansThai-Regular", "Nirmala", "LeelawUI"),
    *("NotoEmoji-Regular", "seguiemj"),
)
_PROBE_SIZE: Final = 16  # pixels of a glyph that is drawn to see whether the font has it
_NO_CHARACTER: Final = "\U0010fffe"  # every font draws its sign for a missing glyph
_VARIATIONS: Final = range(0xFE00, 0xFE10)  # selectors that are not drawn
_MAX_CHARACTERS: Final = 2000  # of a label that are looked at
_DOTS: Final = "\u2026"


class _Face:
    """A font in any size."""

    def __init__(self, font: FreeTypeFont) -> None:
        self._font = font
        self._sizes: dict[int, FreeTypeFont] = {}
        self._characters: dict[str, bool] = {}
        self._missing_glyph = self._glyph(_NO_CHARACTER)

    def lacks(self, character: str) -> bool:
        """Return True if the font draws its sign for a missing glyph; Pillow cannot be asked directly."""
        if character not in self._characters:
            self._characters[character] = self._glyph(character) == self._missing_glyph
        return self._characters[character]

    def at(self, size: int) -> FreeTypeFont:
        if size not in self._sizes:
            self._sizes[size] = self._font.font_variant(size=size)
        return self._sizes[size]

    def _glyph(self, character: str) -> tuple[object, bytes]:
        mask = self.at(_PROBE_SIZE).getmask(character)
        return mask.size, bytes(mask)


class Fonts:
    """The fonts for these texts: the one that the user names, then the one that has most characters, then the others.

    `missing` has the characters of labels that their font lacks. Raises InvalidParameter if `font` cannot be opened.
    """

    def __init__(self, font: FontLike | None = None, texts: Iterable[str] = ()) -> None:
        first = [] if font is None else [_Face(_open(font))]
        self._faces = [*first, _Face(cast("FreeTypeFont", ImageFont.load_default(_PROBE_SIZE)))]
        self._names = iter(_FILES)
        self.own_size = round(font.size) if isinstance(font, FreeTypeFont) else None
        self.missing: dict[str, None] = {}
        face, _ = self._best_face("".join(texts))
        if face not in first:
            self._faces.remove(face)
            self._faces.insert(len(first), face)

    def __repr__(self) -> str:
        return f"<Fonts, {self._faces[0].at(_PROBE_SIZE).getname()[0]} first>"

    def for_text(self, text: str, size: int) -> FreeTypeFont:
        """Return the first font that has all characters of the text, else the one that lacks the fewest."""
        face, missing = self._best_face(text)
        self.missing.update(dict.fromkeys(sorted(missing)))
        return face.at(size)

    def _best_face(self, text: str) -> tuple[_Face, set[str]]:
        characters = {
            character
            for character in unicodedata.normalize("NFC", text)
            if character.isprintable() and not character.isspace() and ord(character) not in _VARIATIONS
        }
        best, fewest = self._faces[0], characters
        for face in self._candidates():
            missing = {character for character in characters if face.lacks(character)}
            if len(missing) < len(fewest):
                best, fewest = face, missing
            if not fewest:
                break
        return best, fewest

    def _candidates(self) -> Iterator[_Face]:
        yield from tuple(self._faces)
        for name in self._names:  # each is looked up once for all texts
            try:
                face = _Face(ImageFont.truetype(name, _PROBE_SIZE))
            except (OSError, ValueError):
                continue
            self._faces.append(face)
            yield face


class Lettering:
    """Text of one size, in pixels; `line` is the height of a line."""

    def __init__(self, fonts: Fonts, size: int) -> None:
        self.size = size
        self.line = round(size * 1.35)
        self._fonts = fonts
        self._cache: dict[tuple[str, int, int], list[str]] = {}

    def __repr__(self) -> str:
        return f"<Lettering of {self.size} pixels>"

    def width(self, text: str) -> float:
        """Return the length of the text in one line."""
        return self._fonts.for_text(text, self.size).getlength(text)

    def lines(self, text: str, width: float, most: int) -> list[str]:
        """Return the text broken into at most `most` lines of that width; dots stand for the rest."""
        key = text, int(width), most
        if key not in self._cache:
            self._cache[key] = self._broken_lines(unicodedata.normalize("NFC", text), width, most)
        return self._cache[key]

    def write(
        self, pen: ImageDraw, at: tuple[float, float], lines: list[str], ink: str, *, across: float = 0
    ) -> None:
        """Write the lines from this corner downwards, or centred in a width of `across`."""
        for number, text in enumerate(lines):
            font = self._fonts.for_text(text, self.size)
            x = at[0] + max(0.0, across - font.getlength(text)) / 2
            pen.text((x, at[1] + number * self.line + self.size), text, ink, font, anchor="ls")

    def _broken_lines(self, text: str, width: float, most: int) -> list[str]:
        """Break between words, and a word that is wider than a line between its characters."""
        lines = [""]
        for word in text[:_MAX_CHARACTERS].split():
            space = " "
            for piece in [word] if self.width(word) <= width else word:
                longer = f"{lines[-1]}{space}{piece}" if lines[-1] else piece
                if self.width(longer) <= width:
                    lines[-1] = longer
                else:
                    lines.append(piece)
                space = ""
            if len(lines) > most + 1:
                break
        lines = [line for line in lines if line]
        has_more = len(lines) > most or len(text) > _MAX_CHARACTERS
        visible = lines[:most]
        return [
            self._cut(line, width, dots=has_more and number == len(visible))
            for number, line in enumerate(visible, 1)
        ]

    def _cut(self, line: str, width: float, *, dots: bool) -> str:
        if not dots and self.width(line) <= width:
            return line
        while line and self.width(f"{line}{_DOTS}") > width:
            line = line[:-1]
        return f"{line.rstrip()}{_DOTS}"


def _open(font: FontLike) -> FreeTypeFont:
    try:
        if isinstance(font, FreeTypeFont):
            return font.font_variant(size=_PROBE_SIZE)
        return ImageFont.truetype(font, _PROBE_SIZE)
    except (OSError, TypeError, AttributeError) as error:
        raise InvalidParameter(
            "font", f"{short_repr(str(font))} cannot be opened as a font: {error}"
        ) from error
