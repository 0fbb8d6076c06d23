import io
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageFont

from tests.render.typefaces import ASCII, typeface, written
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.render import font_files, fonts
from wiro_widgets.render.fonts import Fonts

CYRILLIC = {"ж": "k", "ю": "o", "д": "t"}
HEBREW = {"ח": "h", "ת": "t", "ש": "l"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of fonts that there is."""
    monkeypatch.setattr(font_files, "_folders", lambda: [str(tmp_path), str(tmp_path / "missing")])
    return tmp_path


def files(found: Fonts, text: str) -> list[tuple[str, str]]:
    """Return the pieces of a text, each with the name of its font's file; Pillow's own has none."""
    return [
        (piece, Path(font.path).name if isinstance(font.path, str | Path) else "")
        for piece, font in found.runs(text, 15)
    ]


def test_what_pillow_has_is_looked_for_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """English labels are in Pillow's own font, and no folder is read."""

    def nowhere() -> list[Any]:
        raise AssertionError("the fonts of the machine were asked for")

    monkeypatch.setattr(fonts, "installed", nowhere)
    assert files(Fonts(), "a cat, 3.5!") == [("a cat, 3.5!", "")]


def test_a_font_that_has_all_of_a_text_is_taken(folder: Path) -> None:
    """A text of another script is in one font where one has all of it, its English words too."""
    (folder / "deep").mkdir()
    written(folder, "a.ttf", typeface(CYRILLIC))
    written(folder / "deep", "b.otf", typeface(CYRILLIC | ASCII))
    assert files(Fonts(), "жюд, a cat") == [("жюд, a cat", "b.otf")]


def test_a_text_of_several_scripts_is_in_several_fonts(folder: Path) -> None:
    """Where no font has all of a text each word is in one that has it, and each letter where it must be."""
    written(folder, "a.ttf", typeface(CYRILLIC))
    written(folder, "b.ttf", typeface({"é": "e"}))
    assert files(Fonts(), "a cat: жюд жюд") == [("a cat: ", ""), ("жюд жюд", "a.ttf")]
    assert files(Fonts(), "жé") == [("ж", "a.ttf"), ("é", "b.ttf")]


def test_pieces_stand_in_the_order_of_their_script(folder: Path) -> None:
    """In a text that runs from right to left, so do its pieces."""
    written(folder, "a.ttf", typeface(HEBREW))
    assert [piece for piece, _ in files(Fonts(), "חתש cat")] == ["cat", "חתש "]
    assert [piece for piece, _ in files(Fonts(), "cat חתש")] == ["cat ", "חתש"]


def test_without_a_font_accents_are_left_out(folder: Path) -> None:
    """On a machine without fonts accented letters are plain, and other scripts are left to Pillow's own."""
    assert list(folder.iterdir()) == []
    assert files(Fonts(), "café à Łódź") == [("cafe a Łodz", "")]
    assert files(Fonts(), "猫 cat") == [("猫 cat", "")]


def test_plain_faces_of_many_scripts_go_first(folder: Path) -> None:
    """Regular faces are tried before bold and narrow ones, and known ones before unknown ones."""
    for name in (
        "A-Bold.ttf",
        "B-Italic.ttf",
        "Zebra.ttf",
        "NotoSans-Regular.ttf",
        "DejaVuSans.TTF",
        "x.txt",
    ):
        written(folder, name, typeface(CYRILLIC))
    written(folder, "LastResort.ttf", typeface(CYRILLIC))
    order = [Path(path).name for path, _ in font_files.installed()]
    assert order == ["NotoSans-Regular.ttf", "DejaVuSans.TTF", "Zebra.ttf", "A-Bold.ttf", "B-Italic.ttf"]
    assert files(Fonts(), "жюд") == [("жюд", "NotoSans-Regular.ttf")]


def test_fonts_that_draw_nothing_are_passed_over(folder: Path) -> None:
    """A damaged file, and a font without outlines for its characters, do not stand in the way of a good one."""
    written(folder, "a.ttf", b"no font")
    written(folder, "b.ttf", typeface(CYRILLIC, blank=True))
    written(folder, "c.ttf", typeface(CYRILLIC)[:3000])
    written(folder, "d.ttf", typeface(CYRILLIC))
    (folder / "e.ttf").symlink_to(folder / "gone.ttf")
    assert files(Fonts(), "жюд") == [("жюд", "d.ttf")]


def test_a_look_is_bounded_and_not_repeated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many names are looked at and no more, and a font that has not changed is read once."""
    for number in range(20):
        written(folder, f"{number:02}.ttf", typeface(CYRILLIC))
    Fonts().runs("жюд", 15)
    read = font_files.covers.cache_info().misses
    Fonts().runs("жюд", 15)
    assert font_files.covers.cache_info().misses == read
    monkeypatch.setattr(font_files, "MAX_FILES", 5)
    assert len(font_files.installed()) <= 5


def test_a_new_font_is_found(folder: Path) -> None:
    """A font that was installed between two sheets is used by the second."""
    assert files(Fonts(), "жюд") == [("жюд", "")]
    written(folder, "a.ttf", typeface(CYRILLIC))
    assert files(Fonts(), "жюд") == [("жюд", "a.ttf")]


def test_the_given_font_goes_first(folder: Path) -> None:
    """A path or a font of Pillow's is taken where it has the characters, and others where it has not."""
    given = written(folder, "Mine-Bold.ttf", typeface(ASCII))
    written(folder, "a.ttf", typeface(CYRILLIC | ASCII))
    opened = ImageFont.truetype(given, 30)
    for font in (given, str(given), opened):
        found = Fonts(font)
        found.prefer_for(["жюд", "cat"])
        assert files(found, "cat") == [("cat", "Mine-Bold.ttf")]
        assert files(found, "жюд") == [("жюд", "a.ttf")]
    assert Fonts(opened).runs("cat", 15)[0][1].size == 15
    assert Fonts(ImageFont.truetype(io.BytesIO(typeface(CYRILLIC)), 9)).runs("жюд", 15)[0][0] == "жюд"


def test_one_font_for_all_labels(folder: Path) -> None:
    """Where one font has all labels of a sheet, all are in it."""
    written(folder, "a.ttf", typeface(CYRILLIC | ASCII))
    found = Fonts()
    found.prefer_for(["жюд", "cat"])
    assert files(found, "cat") == [("cat", "a.ttf")]


@pytest.mark.parametrize("font", ["missing.ttf", Path("missing.ttf"), __file__, 15])
def test_a_font_that_cannot_be_opened_is_refused(font: Any) -> None:
    """A wrong font is told at once, by name."""
    with pytest.raises(InvalidParameter, match=r"font: .* cannot be opened as a font"):
        Fonts(font)


def test_each_system_has_its_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fonts are looked for where Linux, macOS and Windows keep them, the user's own before the system's."""
    for name in ("HOME", "LOCALAPPDATA", "WINDIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("XDG_DATA_DIRS", "/one:/two")
    ends = {
        "linux": [f"{tmp_path}/HOME/.fonts", f"{tmp_path}/XDG_DATA_HOME/fonts", "/one/fonts", "/two/fonts"],
        "darwin": [f"{tmp_path}/HOME/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts"],
        "win32": [f"{tmp_path}/LOCALAPPDATA/Microsoft/Windows/Fonts", f"{tmp_path}/WINDIR/Fonts"],
    }
    for system, end in ends.items():
        monkeypatch.setattr(sys, "platform", system)
        assert font_files._folders()[-len(end) :] == end
