import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.typefaces import collection, opens, pillows_own, typeface, with_map
from wiro_widgets.render.glyphs import Coverage, coverage, needed


def has(font: bytes, text: str) -> bool:
    """Return whether a font has every character of a text."""
    return coverage(io.BytesIO(font)).has_all(needed(text))


def segments(*parts: tuple[int, int, list[int]]) -> bytes:
    """Return a map of format 4: first and last character, and glyphs; without glyphs they follow from a shift."""
    parts = (*parts, (0xFFFF, 0xFFFF, []))
    leaps: list[int] = []
    glyphs: list[int] = []
    for place, (_, _, listed) in enumerate(parts):
        leaps.append(2 * (len(parts) - place + len(glyphs)) if listed else 0)
        glyphs += listed
    ends, starts = [end for _, end, _ in parts], [start for start, _, _ in parts]
    words = [*ends, 0, *starts, *([1] * len(parts)), *leaps, *glyphs]
    body = struct.pack(f">{len(words)}H", *words)
    return struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * len(parts), 0, 0, 0) + body


def test_pillows_own_font_has_ascii() -> None:
    """It has the letters of English and no others, which is why other fonts are looked for."""
    font = pillows_own()
    assert has(font, "A cat, 3.5!")
    assert [text for text in ("é", "ждю", "猫", "—") if has(font, text)] == []


def test_ranges_of_the_first_plane() -> None:
    """A range that follows from a shift is there whole."""
    font = with_map(segments((0x410, 0x44F, [])), (3, 1))
    assert (has(font, "Ждю"), has(font, "Ждю!")) == (True, False)


def test_holes_of_a_range() -> None:
    """Where a range lists its glyphs, those with number 0 are not there."""
    font = with_map(segments((0x61, 0x64, [5, 0, 7, 0]), (0x42E, 0x42F, [5, 6])), (0, 3))
    assert [char for char in "abcdЮЯ" if has(font, char)] == ["a", "c", "Ю", "Я"]


def test_characters_beyond_the_first_plane() -> None:
    """A map of all of Unicode has emoji and rare letters too."""
    font = typeface({"a": "a", "🐱": "b", "𠀀": "c"})
    assert opens(font)
    assert (has(font, "a🐱𠀀"), has(font, "🐶")) == (True, False)


def test_the_first_font_of_a_collection() -> None:
    """Of several fonts in one file the first is read."""
    assert has(collection(typeface({"猫": "c"})), "猫")


def test_what_is_not_drawn_needs_no_glyph() -> None:
    """Spaces, joiners and the signs that choose a variation are left out."""
    assert needed("a b\n\t\u200d\ufe0f\u00a0c") == {ord("a"), ord("b"), ord("c")}
    assert Coverage().has_all(needed(" \u200d"))


@pytest.mark.parametrize(
    "file",
    [b"", b"no font", with_map(struct.pack(">HH", 99, 0), (3, 1)), with_map(segments(), (1, 0))],
    ids=["empty", "text", "a format of its own", "a map of another code"],
)
def test_what_cannot_be_read_has_nothing(file: bytes) -> None:
    """A file that is no font, or whose map is of an unknown form, has no characters."""
    assert coverage(io.BytesIO(file)) == Coverage()


@given(st.data())
def test_a_damaged_font_breaks_nothing(data: st.DataObject) -> None:
    """However a font is cut or changed, its characters are some or none, and nothing is raised."""
    whole = data.draw(
        st.sampled_from([pillows_own(), typeface({"猫": "c"}), collection(typeface({"é": "e"}))])
    )
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place, byte in data.draw(
        st.dictionaries(st.integers(0, 300), st.integers(0, 255), max_size=8)
    ).items():
        if place < len(damaged):
            damaged[place] = byte
    assert isinstance(coverage(io.BytesIO(bytes(damaged))).has_all(needed("a猫é")), bool)
