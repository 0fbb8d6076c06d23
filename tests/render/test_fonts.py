"""Which font a label is drawn in, and how it is broken into lines."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.render.conftest import Install
from tests.render.typefaces import ASCII, write_typeface
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.render import fonts
from wiro_widgets.render.fonts import Fonts, Lettering

CYRILLIC = {"ж": "k", "ю": "o", "д": "t"}


@pytest.fixture
def letters(install: Install) -> Lettering:
    """Return letters of 15 pixels in Pillow's own font, on a machine without others."""
    del install  # it has emptied the list of fonts
    return Lettering(Fonts(), 15)


def file_of(fonts: Fonts, text: str) -> str:
    """Return the name of the font's file for a text; Pillow's own has none."""
    path = fonts.for_text(text, 15).path
    return Path(path).name if isinstance(path, str | Path) else ""


def test_pillows_own_font_is_enough_for_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """English labels are in Pillow's own font, and no other is looked for."""

    def names() -> Iterator[str]:
        raise AssertionError("the fonts of the machine were looked for")
        yield ""

    monkeypatch.setattr(fonts, "_FILES", names())
    assert file_of(Fonts(), "a cat, 3.5!") == ""


def test_a_font_that_has_all_of_a_text_is_taken(install: Install) -> None:
    """A text is in one font, the first that has all of its characters."""
    install("a.ttf", CYRILLIC)
    install("b.ttf", CYRILLIC | ASCII)
    assert file_of(Fonts(), "жюд, a cat") == "b.ttf"
    assert file_of(Fonts(), "жюд") == "a.ttf"
    assert file_of(Fonts(), "a cat") == ""


def test_a_text_that_no_font_has(install: Install) -> None:
    """It is in the font that lacks the fewest of its characters, and these are reported."""
    install("a.ttf", CYRILLIC)
    label_fonts = Fonts()
    assert file_of(label_fonts, "жюд ŋ") == "a.ttf"
    assert list(label_fonts.missing) == ["ŋ"]
    assert file_of(label_fonts, "a \u200d\ufe0f\n") == ""
    assert list(label_fonts.missing) == ["ŋ"]


def test_accents_may_be_written_apart(install: Install) -> None:
    """A letter with a combining mark is the one letter that fonts have."""
    install("a.ttf", ASCII | {"é": "e"})
    label_fonts = Fonts()
    assert file_of(label_fonts, "cafe\u0301") == "a.ttf"
    assert not label_fonts.missing


def test_a_broken_or_missing_font_is_skipped(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is no font, and a name that Pillow does not find, are skipped."""
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts, "_FILES", ("no-such-font", str(tmp_path / "broken.ttf")))
    install("good.ttf", CYRILLIC)
    assert file_of(Fonts(), "жюд") == "good.ttf"


def test_the_fonts_of_the_system_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow looks for the names in the folders of the system."""
    folder = tmp_path / "fonts" / "deep"
    folder.mkdir(parents=True)
    write_typeface(folder / "DejaVuSans.ttf", CYRILLIC)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "nowhere"))
    monkeypatch.setattr("sys.platform", "linux")
    assert file_of(Fonts(), "жюд") == "DejaVuSans.ttf"


def test_a_new_font_is_found(install: Install) -> None:
    """A font that is installed between two sheets is used by the second."""
    assert file_of(Fonts(), "жюд") == ""
    install("a.ttf", CYRILLIC)
    assert file_of(Fonts(), "жюд") == "a.ttf"


def test_the_users_font_goes_first(install: Install, tmp_path: Path) -> None:
    """A path or a font of Pillow's is taken for the texts that it has, and others for other texts."""
    mine = write_typeface(tmp_path / "mine.ttf", ASCII)
    install("a.ttf", CYRILLIC | ASCII)
    from_pillow = ImageFont.truetype(mine, 30)
    for font in (mine, str(mine), from_pillow):
        label_fonts = Fonts(font, ["жюд", "cat"])
        assert (file_of(label_fonts, "cat"), file_of(label_fonts, "жюд")) == ("mine.ttf", "a.ttf")
    assert Fonts(from_pillow).for_text("cat", 15).size == 15
    in_memory = ImageFont.truetype(io.BytesIO(mine.read_bytes()), 9)
    assert not Fonts(in_memory).missing


def test_one_font_for_all_labels(install: Install) -> None:
    """If one font has all labels of a sheet, all are in it."""
    install("a.ttf", CYRILLIC | ASCII)
    assert file_of(Fonts(None, ["жюд", "cat"]), "cat") == "a.ttf"


@pytest.mark.parametrize("font", ["missing.ttf", Path("missing.ttf"), __file__, 15])
def test_a_font_that_cannot_be_opened_is_refused(font: Any) -> None:
    """A wrong font is an error at once, and the error names it."""
    with pytest.raises(InvalidParameter, match=r"font: .* cannot be opened as a font"):
        Fonts(font)


@pytest.mark.parametrize(
    "text",
    ["a cat on a mat by the sea", "x" * 300, "long " * 900, "猫" * 40, "a\n\n b", "IMG_20240101_123.png"],
)
@pytest.mark.parametrize("width", [40, 100, 250])
def test_lines_fit(letters: Lettering, text: str, width: int) -> None:
    """No line is wider than its width, and there are at most as many lines as asked for."""
    lines = letters.lines(text, width, 4)
    assert 1 <= len(lines) <= 4
    assert all(letters.width(line) <= width for line in lines)


def test_lines_are_broken_between_words(letters: Lettering) -> None:
    """Words that fit stay whole, and lines have no spaces at their ends."""
    assert letters.lines("a cat on  a mat", letters.width("a cat on"), 4) == ["a cat on", "a mat"]


def test_dots_stand_for_the_rest(letters: Lettering) -> None:
    """The last line ends in dots if there is more, and only then."""
    assert letters.lines("one two three four", letters.width("one two"), 2) == ["one two", "three\u2026"]
    assert letters.lines("one two", letters.width("one two"), 1) == ["one two"]
    assert letters.lines("one two", 200, 0) == letters.lines("  ", 200, 3) == []
    assert letters.lines("x " * 5000, 10**6, 9)[-1].endswith("\u2026")


def test_a_word_wider_than_a_line_is_broken(letters: Lettering) -> None:
    """The name of a file, and a text without spaces, continues in the next line."""
    lines = letters.lines("a IMG_20240101_123456.png", 80, 9)
    assert lines[0].startswith("a IMG")
    assert "".join(lines) == "a IMG_20240101_123456.png"
    assert letters.lines("一二三四五", letters.width("一二三四"), 4) == ["一二三四", "五"]


def test_lines_are_written_downwards(letters: Lettering) -> None:
    """Text is written from its corner downwards, or in the middle of a width, and never beyond it."""
    paper = Image.new("L", (200, 60), 255)
    letters.write(ImageDraw.Draw(paper), (10, 5), ["ab", "cd"], "black")
    x1, y1, x2, y2 = Image.eval(paper, lambda level: 255 - level).getbbox() or (0, 0, 0, 0)
    assert 10 <= x1 <= 12
    assert 5 <= y1 <= 12
    assert x2 <= 12 + letters.width("ab")
    assert letters.line < y2 <= 5 + 2 * letters.line
    paper = Image.new("L", (200, 60), 255)
    letters.write(ImageDraw.Draw(paper), (0, 5), ["ab"], "black", across=200)
    x1, _, x2, _ = Image.eval(paper, lambda level: 255 - level).getbbox() or (0, 0, 0, 0)
    assert abs((x1 + x2) / 2 - 100) <= 2
