"""Fonts for labels in any script: Pillow's own has ASCII, and what it lacks comes from the fonts of this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias, cast

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.render.font_files import covers, installed
from wiro_widgets.render.glyphs import Coverage, coverage, needed
from wiro_widgets.render.writing import clusters, runs_leftwards, without_accents

FontLike: TypeAlias = "str | os.PathLike[str] | FreeTypeFont"
_TRIAL: Final = 16  # pixels of a glyph that is drawn to see whether a font draws at all


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A font in any size, and what it covers; Pillow's own where `source` is None."""

    source: FontLike | None
    covers: Coverage
    sizes: dict[int, FreeTypeFont] = field(default_factory=dict, repr=False)

    def at(self, size: int) -> FreeTypeFont:
        if size not in self.sizes:
            self.sizes[size] = _opened(self.source, size)
        return self.sizes[size]

    def draws(self, codes: frozenset[int]) -> bool:
        """Whether it leaves a mark: a font of coloured pictures opens in one size only, or has no outlines."""
        try:
            font = self.at(_TRIAL)
            return all(font.getmask(chr(code)).getbbox() is not None for code in codes)
        except (OSError, InvalidParameter):
            return False


class Fonts:
    """The fonts of one sheet: the given one, then Pillow's own, then those of the machine where a text needs them.

    `lacking` has the characters that were asked for and that none of them has. Raises InvalidParameter for a font that
    cannot be opened.
    """

    def __init__(self, given: FontLike | None = None) -> None:
        self._given = [_own_face(given)] if given is not None else []
        self._own = [*self._given, _own_face(None)]
        self._found: dict[frozenset[int], _Face | None] = {}
        self.lacking: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<Fonts, {self._own[0].at(_TRIAL).getname()[0]} first>"

    def prefer_for(self, texts: Iterable[str]) -> None:
        """Take one font for all of these texts, where there is one that has all of their characters.

        A given font stays in front of it.
        """
        face = self._covering(needed("".join(texts)))
        if face is not None and face not in self._own:
            self._own.insert(len(self._given), face)
            self._found.clear()

    def runs(self, text: str, size: int) -> list[tuple[str, FreeTypeFont]]:
        """Return the text in pieces from left to right, each with the font that has its characters.

        What no font has loses its accents, and else is left to Pillow's own, which draws a box.
        """
        whole = self._covering(needed(text))
        runs: list[tuple[str, _Face]] = []
        for piece, face in [(text, whole)] if whole else self._pieces(text):
            if runs and runs[-1][1] is face:
                runs[-1] = runs[-1][0] + piece, face
            else:
                runs.append((piece, face))
        if runs_leftwards(text):
            runs.reverse()
        return [(piece, face.at(size)) for piece, face in runs]

    def _pieces(self, text: str) -> Iterator[tuple[str, _Face]]:
        for word in re.findall(r"\S+\s*|\s+", text):
            whole = self._covering(needed(word))
            for piece in [word] if whole else clusters(word):
                face = whole or self._covering(needed(piece))
                if face is None:
                    face, piece = self._own[-1], without_accents(piece)  # noqa: PLW2901 - what is drawn of it
                    if not piece.isascii():
                        self.lacking[piece.strip()] = None
                yield piece, face

    def _covering(self, codes: frozenset[int]) -> _Face | None:
        if codes not in self._found:
            self._found[codes] = next(self._all_covering(codes), None)
        return self._found[codes]

    def _all_covering(self, codes: frozenset[int]) -> Iterator[_Face]:
        yield from (face for face in self._own if face.covers.has_all(codes))
        yield from (face for face in self._installed if face.covers.has_all(codes) and face.draws(codes))

    @cached_property
    def _installed(self) -> list[_Face]:
        return [_Face(path, covers(path, changed)) for path, changed in installed()]


def _own_face(given: FontLike | None) -> _Face:
    font = _opened(given, _TRIAL)
    if not isinstance(font.path, str | bytes | os.PathLike):
        return _Face(given, coverage(BytesIO(font.font_bytes)))
    with Path(os.fsdecode(font.path)).open("rb") as file:
        return _Face(given, coverage(file))


def _opened(source: FontLike | None, size: int) -> FreeTypeFont:
    if source is None:  # with a size it is never the font of bitmaps
        return cast("FreeTypeFont", ImageFont.load_default(size))
    try:
        if isinstance(source, FreeTypeFont):
            return source.font_variant(size=size)
        return ImageFont.truetype(source, size)
    except (OSError, TypeError, AttributeError) as error:
        raise InvalidParameter("font", f"{source!r} cannot be opened as a font: {error}") from error
