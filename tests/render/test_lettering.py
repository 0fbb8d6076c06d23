import pytest
from PIL import Image, ImageDraw

from wiro_widgets.render.fonts import Fonts
from wiro_widgets.render.lettering import Lettering
from wiro_widgets.render.writing import clusters, runs_leftwards, units, without_accents


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Lettering:
    """Return letters of 15 pixels in Pillow's own font, on a machine without others."""
    monkeypatch.setattr("wiro_widgets.render.fonts.installed", list)
    return Lettering(Fonts(), 15)


@pytest.mark.parametrize(
    "text",
    ["a cat on a mat by the sea", "x" * 300, "long " * 900, "猫" * 40, "a\n\n b", "IMG_20240101_123.png"],
)
@pytest.mark.parametrize("width", [40, 100, 250])
def test_lines_fit(letters: Lettering, text: str, width: int) -> None:
    """No line is wider than it may be, and there are no more lines than there may be."""
    lines = letters.lines(text, width, 4)
    assert 1 <= len(lines) <= 4
    assert all(letters.width(line) <= width for line in lines)


def test_lines_are_broken_between_words(letters: Lettering) -> None:
    """Words stay whole where they fit, and spaces at the ends of lines are gone."""
    assert letters.lines("a cat on  a mat", letters.width("a cat on"), 4) == ["a cat on", "a mat"]


def test_what_is_left_out_is_told_by_dots(letters: Lettering) -> None:
    """The last line ends in dots when there is more, and only then."""
    assert letters.lines("one two three four", letters.width("one two"), 2) == ["one two", "three\u2026"]
    assert letters.lines("one two", letters.width("one two"), 1) == ["one two"]
    assert letters.lines("one two", 200, 0) == letters.lines("  ", 200, 3) == []
    assert letters.lines("x " * 5000, 10**6, 9)[-1].endswith("\u2026")


def test_a_word_that_no_line_holds_is_broken(letters: Lettering) -> None:
    """A file's name or an address goes on in the next line."""
    lines = letters.lines("a IMG_20240101_123456.png", 80, 9)
    assert lines[0] == "a"
    assert "".join(lines[1:]) == "IMG_20240101_123456.png"


def test_a_script_without_spaces_is_broken_anywhere(letters: Lettering) -> None:
    """Chinese fills its lines, and no line begins with a comma; Korean words and Latin ones stay whole."""
    width = letters.width("一二三四")
    assert letters.lines("一二三四五", width, 4) == ["一二三四", "五"]
    assert letters.lines("一二三四\u3001五六", width, 4) == ["一二三", "四\u3001五六"]
    assert [part for _, part in units("FLUX模型 고양이와")] == ["FLUX", "模", "型", "고양이와"]


def test_what_belongs_together_stays_together() -> None:
    """Marks stay with their letters, and joined emoji are one."""
    assert clusters("e\u0301a") == ["e\u0301", "a"]
    assert clusters("\U0001f468\u200d\U0001f467!") == ["\U0001f468\u200d\U0001f467", "!"]
    assert clusters("カー") == ["カー"]


def test_directions() -> None:
    """A text runs as its first letter does, and what has no letters runs to the right."""
    assert [runs_leftwards(text) for text in ("abc", "3 חתש", "שלום a", "مرحبا", "12", "")] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_accents() -> None:
    """Letters lose what is above them, and other scripts nothing."""
    assert [without_accents(text) for text in ("é", "Å", "e\u0301", "ﬁ", "猫", "ß", "й")] == [
        "e",
        "A",
        "e",
        "fi",
        "猫",
        "ß",
        "й",
    ]


def test_lines_stand_one_under_the_other(letters: Lettering) -> None:
    """Text is written from its corner downwards, in the middle where a width is given, and never beyond it."""
    paper = Image.new("L", (200, 60), 255)
    letters.write(ImageDraw.Draw(paper), (10, 5), ["ab", "cd"], "black")
    left, top, right, bottom = Image.eval(paper, lambda level: 255 - level).getbbox() or (0, 0, 0, 0)
    assert 10 <= left <= 12
    assert 5 <= top <= 12
    assert right <= 12 + letters.width("ab")
    assert letters.line < bottom <= 5 + 2 * letters.line
    paper = Image.new("L", (200, 60), 255)
    letters.write(ImageDraw.Draw(paper), (0, 5), ["ab"], "black", across=200)
    left, _, right, _ = Image.eval(paper, lambda level: 255 - level).getbbox() or (0, 0, 0, 0)
    assert abs((left + right) / 2 - 100) <= 2
