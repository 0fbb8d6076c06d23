"""Labels on paper: in lines that fit a width, cut where they are too many, in whatever font has their characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wiro_widgets.render.writing import clusters, units

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from wiro_widgets.render.fonts import Fonts

_LONGEST: Final = 2000  # characters of a label that are looked at
_DOTS: Final = "\u2026"


class Lettering:
    """Text of one size, in pixels; `line` is the height of a line."""

    def __init__(self, fonts: Fonts, size: int) -> None:
        self.size = size
        self.line = round(size * 1.35)
        self._fonts = fonts
        self._known: dict[tuple[str, int, int], list[str]] = {}

    def __repr__(self) -> str:
        return f"<Lettering of {self.size} pixels>"

    def width(self, text: str) -> float:
        """Return how long the text is in one line."""
        return sum(font.getlength(piece) for piece, font in self._fonts.runs(text, self.size))

    def lines(self, text: str, width: float, most: int) -> list[str]:
        """Return the text in at most so many lines of that width; what is left out is told by dots."""
        key = text, int(width), most
        if key not in self._known:
            self._known[key] = self._broken(text, width, most)
        return self._known[key]

    def write(
        self, pen: ImageDraw, at: tuple[float, float], lines: list[str], ink: str, *, across: float = 0
    ) -> None:
        """Write lines from this corner downwards; in the middle of `across`, where that is given."""
        for number, text in enumerate(lines):
            x = at[0] + max(0.0, across - self.width(text)) / 2
            for piece, font in self._fonts.runs(text, self.size):
                # On one base line, so that pieces of different fonts stand level.
                pen.text((x, at[1] + number * self.line + self.size), piece, ink, font, anchor="ls")
                x += font.getlength(piece)

    def _broken(self, text: str, width: float, most: int) -> list[str]:
        lines: list[str] = []
        for space, word in units(text[:_LONGEST]):
            longer = f"{lines[-1]}{space}{word}" if lines else word
            if self.width(longer) <= width:
                lines = [*lines[:-1], longer]
            elif self.width(word) <= width:
                lines.append(word)
            else:
                lines += self._filled(word, width)
            if len(lines) > most:
                break
        kept, more = lines[:most], len(lines) > most or len(text) > _LONGEST
        return [
            self._cut(line, width, dots=more and number == len(kept)) for number, line in enumerate(kept, 1)
        ]

    def _filled(self, word: str, width: float) -> list[str]:
        """Return a word that no line holds in as many as it needs."""
        lines = [""]
        for part in clusters(word):
            if lines[-1] and self.width(lines[-1] + part) > width:
                lines.append("")
            lines[-1] += part
        return lines

    def _cut(self, line: str, width: float, *, dots: bool) -> str:
        if not dots and self.width(line) <= width:
            return line
        kept = clusters(line)
        while kept and self.width(f"{''.join(kept)}{_DOTS}") > width:
            kept.pop()
        return f"{''.join(kept).rstrip()}{_DOTS}"
