"""How scripts are written: which characters stay together, where a line may end, which way it runs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

_JOINER: Final = "\u200d"
_MARKS: Final = ("Mn", "Mc", "Me", "Cf", "Lm", "Sk")
_CLOSING: Final = ("Po", "Pe", "Pf")


def clusters(text: str) -> list[str]:
    """Return the text in the smallest pieces that a line may be broken into: letters with their marks, emoji."""
    found: list[str] = []
    for char in text:
        if found and (_belongs(char) or found[-1].endswith(_JOINER)):
            found[-1] += char
        else:
            found.append(char)
    return found


def units(text: str) -> Iterator[tuple[str, str]]:
    """Return what a line may be broken between, each with the space before it: words, and signs that are words."""
    for word in text.split():
        space = " "
        for part in _parts(word):
            yield space, part
            space = ""


def runs_leftwards(text: str) -> bool:
    """Whether its first letter is of a script that is written from right to left."""
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((found for found in directions if found in ("L", "R", "AL")), "L") != "L"


def without_accents(cluster: str) -> str:
    """Return plain letters in place of accented ones, where that is all that is special about them."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", cluster) if not unicodedata.combining(char))
    return bare if bare.isascii() else cluster


def _parts(word: str) -> list[str]:
    found: list[str] = []
    for cluster in clusters(word):
        if found and not _is_word(cluster) and not _is_word(found[-1]):
            found[-1] += cluster
        else:
            found.append(cluster)
    return found


def _is_word(part: str) -> bool:
    """Whether it is of a script without spaces; Korean has wide letters and spaces."""
    return _is_wide(part[0]) and not unicodedata.name(part[0], "").startswith("HANGUL")


def _belongs(char: str) -> bool:
    """Whether a character may not begin a line: a mark, a sign of repetition, or wide closing punctuation."""
    kind = unicodedata.category(char)
    return kind in _MARKS or (kind in _CLOSING and _is_wide(char))


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F")
