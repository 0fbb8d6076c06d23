"""The fonts of this machine: where they are, which to try first, and which characters each has."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Final

from wiro_widgets.render.glyphs import Coverage, coverage

MAX_FILES: Final = 4000  # names that are looked at
MAX_READ: Final = 1000  # fonts that are tried; to read so many takes a fifth of a second, once
_SUFFIXES: Final = (".ttf", ".otf", ".ttc", ".otc")
# Plain faces with many scripts go first, in this order; then other plain ones; then bold, slanted and narrow ones.
_GOOD: Final = (
    "notosansregular",
    "dejavusans",
    "segoeui",
    "arialunicode",
    "notosanscjk",
    "sourcehansans",
    "pingfang",
    "hiraginosans",
    "yugoth",
    "msyh",
    "malgun",
    "nirmala",
    "leelaw",
    "notosans",
)
_ODD: Final = re.compile(
    "bold|italic|oblique|mono|serif|condensed|narrow|light|thin|black|heavy|medium|looped"
)
_EMPTY: Final = re.compile(
    "lastresort|adobeblank|notdef"
)  # these have a box, or nothing, for every character


def installed() -> list[tuple[str, int]]:
    """Return the paths of the fonts and when each was changed, those to be tried first in front."""
    found: list[tuple[tuple[bool, int, str], str, int]] = []
    for entry in _entries():
        name = re.sub("[^a-z]", "", Path(entry.name).stem.lower())
        if _EMPTY.search(name):
            continue
        place = next((place for place, good in enumerate(_GOOD) if name.startswith(good)), len(_GOOD))
        try:
            found.append(((bool(_ODD.search(name)), place, name), entry.path, entry.stat().st_mtime_ns))
        except OSError:
            continue
    return [(path, changed) for _, path, changed in sorted(found)][:MAX_READ]


@lru_cache(maxsize=MAX_READ)
def covers(path: str, _changed: int) -> Coverage:
    """Return the characters of a font; none where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return coverage(file)
    except OSError:
        return Coverage()


def _entries() -> Iterator[os.DirEntry[str]]:
    waiting, left = list(dict.fromkeys(reversed(_folders()))), MAX_FILES
    while waiting and left > 0:
        try:
            with os.scandir(waiting.pop()) as entries:
                looked_at = list(islice(entries, left))
            waiting += [entry.path for entry in looked_at if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        left -= len(looked_at)
        yield from (entry for entry in looked_at if entry.name.lower().endswith(_SUFFIXES))


def _folders() -> list[str]:
    """Return where this system keeps its fonts, and first where matplotlib keeps one of many scripts."""
    spec, env, home = find_spec("matplotlib"), os.environ, os.environ.get("HOME", "")
    found = [f"{place}/mpl-data/fonts/ttf" for place in (spec and spec.submodule_search_locations) or ()]
    found += [f"{sys.prefix}/fonts", f"{sys.prefix}/share/fonts"]
    if sys.platform == "win32":
        own = f"{env.get('LOCALAPPDATA')}/Microsoft/Windows/Fonts"
        return [*found, own, f"{env.get('WINDIR') or 'C:/Windows'}/Fonts"]
    if sys.platform == "darwin":
        return [*found, f"{home}/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts"]
    shared = (env.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    data = [env.get("XDG_DATA_HOME") or f"{home}/.local/share", *shared]
    return [*found, f"{home}/.fonts", *(f"{place}/fonts" for place in data)]
