from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageFont

from tests.render.conftest import Install
from tests.render.typefaces import ASCII, write_typeface
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, WiroWarning
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.render import contact_sheet
from wiro_widgets.render.contact_sheet import Plan, Tiles
from wiro_widgets.render.fonts import Fonts
from wiro_widgets.render.grid import GridCell, Layout

# Whichever fonts the machine has.
pytestmark = pytest.mark.filterwarnings("ignore:The fonts of this machine")
# Letters that Pillow's own font lacks, of the same script as their shapes, so that they are spaced alike.
FOREIGN = {"ŋ": "c", "ø": "a", "ŧ": "t"}
WORD = "".join(FOREIGN)


@pytest.fixture
def picture(tmp_path: Path) -> Output:
    """Write a picture of 300 x 200 pixels."""
    path = tmp_path / "red.png"
    Image.new("RGB", (300, 200), "red").save(path)
    return Output(OutputInfo(name=path.name, content_type="image/png"), path=path)


def grid(picture: Output, across: int, down: int, caption: str = "", **labels: Any) -> Layout:
    """Return a layout of one picture over and over."""
    place = (GridCell("", "succeeded", (picture,), caption=caption),)
    defaults = {
        "x": "seed",
        "y": "scale",
        "columns": tuple(map(str, range(across))),
        "rows": tuple(map(str, range(down))),
    }
    return Layout(**{**defaults, **labels}, places=((place,) * across,) * down)


def plan_of(layout: Layout, edge: int) -> Plan:
    """Return the plan of a sheet in Pillow's own font."""
    return Plan(layout, Tiles(layout), edge, Fonts())


def has_ink(sheet: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Return True if anything is written there."""
    return ImageChops.invert(sheet.crop(box).convert("L")).getbbox() is not None


def test_labels_are_drawn_in_a_font_that_has_them(install: Install, picture: Output) -> None:
    """Characters that Pillow's own font lacks are drawn in a font of the machine: in all kinds of labels."""
    plain = install("plain.ttf", ASCII)
    english = contact_sheet.draw(
        grid(picture, 1, 1, "cat", x="cat", y="cat", columns=("cat",), rows=("cat",)), font=plain
    )
    install("wide.ttf", ASCII | FOREIGN)
    foreign = grid(picture, 1, 1, WORD, x=WORD, y=WORD, columns=(WORD,), rows=(WORD,))
    assert contact_sheet.draw(foreign).tobytes() == english.tobytes()


@pytest.mark.usefixtures("install")
def test_without_such_a_font_there_are_boxes(picture: Output) -> None:
    """On a machine without fonts the sheet is drawn all the same, and a warning names the characters."""
    with pytest.warns(WiroWarning, match=r"lack ø ŋ ŧ: .* contact_sheet\(font=\.\.\.\)"):
        boxes = contact_sheet.draw(grid(picture, 1, 1, rows=(WORD,)))
    assert boxes.tobytes() != contact_sheet.draw(grid(picture, 1, 1, rows=("cat",))).tobytes()


def test_the_font_is_an_argument(tmp_path: Path, picture: Output) -> None:
    """`font` is a path, or a font of Pillow's with the size that it has."""
    mine = write_typeface(tmp_path / "mine.ttf", ASCII)
    layout = grid(picture, 2, 1)
    by_path = contact_sheet.draw(layout, font=mine)
    large = contact_sheet.draw(layout, font=ImageFont.truetype(mine, 60))
    assert large.height > by_path.height + 60
    with pytest.raises(InvalidParameter, match="font: "):
        contact_sheet.draw(layout, font=tmp_path / "missing.ttf")


def test_captions_are_below_their_pictures(picture: Output) -> None:
    """A caption is below its picture, from the left edge, and takes no room if no picture has one."""
    with_captions, without = grid(picture, 2, 2, "strength: 0.5"), grid(picture, 2, 2)
    sheet, plan = contact_sheet.draw(with_captions, edge=150), plan_of(with_captions, 150)
    assert sheet.size == (plan.width, plan.height)
    for row in range(2):
        for column in range(2):
            x, y = plan.at(row, column)
            assert sheet.getpixel((x, y)) == sheet.getpixel((x + 149, y + 99)) == (255, 0, 0)
            assert has_ink(sheet, (x, y + 100, x + 20, y + 100 + plan.small.line))
    assert plan_of(without, 150).height < plan.height - 2 * plan.small.line


def gallery(picture: Output, count: int) -> Layout:
    """Lay out cells in order, with a caption each."""
    cells = list(grid(picture, count, 1, y="", rows=("",)).cells)
    return Layout.gallery([replace(cell, caption=f"seed: {number}") for number, cell in enumerate(cells)])


def test_a_gallery_has_a_caption_for_each_picture(picture: Output) -> None:
    """Nothing is a label of rows or columns."""
    plan = plan_of(gallery(picture, 33), 64)
    assert (plan.x, plan.y) == (plan.margin, plan.margin)
    assert len(plan.captions) == 33


@pytest.mark.parametrize(("count", "across"), [(3, 3), (7, 6), (24, 6), (400, 20)])
def test_a_gallery_is_no_strip(picture: Output, count: int, across: int) -> None:
    """Few pictures stand in a row, many make a sheet that is about as many pictures wide as high."""
    sheet = contact_sheet.draw(gallery(picture, count), edge=48)
    assert sheet.width == across * (48 + 4) - 4 + 2 * 11
    down = -(-count // across)
    assert down * 36 < sheet.height < down * 70 + 2 * 11


@pytest.mark.parametrize("text", ["x" * 5000, "long " * 500, "", "\n\n", "\u65e5\u672c\u8a9e", "<b>"])
def test_labels_never_grow_without_end(picture: Output, text: str) -> None:
    """Labels of any length are wrapped and cut: those above to four lines, those beside to their row's height."""
    layout = grid(picture, 1, 1, text, x=text[:40], y=text[:40], columns=(text,), rows=(text,))
    sheet, plan = contact_sheet.draw(layout, edge=300), plan_of(layout, 300)
    assert plan.y <= 15 + 5 * plan.text.line + 15
    assert plan.x <= 15 + 16 * 15 + 15
    assert sheet.height <= plan.y + 200 + 3 * plan.small.line + 15 + 15


@pytest.mark.parametrize(
    ("columns", "rows", "edge", "letters"),
    [(1, 1, 16, 11), (2, 2, 64, 11), (2, 2, 256, 15), (20, 12, 64, 11), (20, 12, 256, 32), (2, 2, 1024, 22)],
)
def test_letters_fit_the_sheet(tmp_path: Path, columns: int, rows: int, edge: int, letters: int) -> None:
    """Letters can be read on a small sheet, grow with a large one, and are at most an eighth of a picture's width."""
    Image.new("RGB", (1024, 1024)).save(tmp_path / "a.png")
    large = Output(OutputInfo(name="a.png", content_type="image/png"), path=tmp_path / "a.png")
    assert plan_of(grid(large, columns, rows), edge).text.size == letters


def test_short_labels_take_no_more_room_than_they_need(picture: Output) -> None:
    """The column of row labels is as wide as its widest label or the name of the axis."""
    assert plan_of(grid(picture, 1, 2, rows=("1", "2"), y="s"), 150).x < 15 + 15 + 15
    assert plan_of(grid(picture, 1, 2, rows=("a lighthouse", "2")), 150).x > 15 + 15 + 60
    assert plan_of(grid(picture, 1, 1, y="", rows=("",)), 150).x == 15


def test_names_of_axes_are_at_their_labels(picture: Output) -> None:
    """The name of the column axis is above the headings, that of the row axis in the corner, even without columns."""
    sheet, plan = contact_sheet.draw(grid(picture, 2, 2), edge=150), plan_of(grid(picture, 2, 2), 150)
    assert has_ink(sheet, (plan.x, 0, sheet.width, plan.y - plan.text.line - 5))
    assert has_ink(sheet, (0, plan.y - plan.small.line - 5, plan.x - 15, plan.y))
    only_rows = grid(picture, 1, 2, x="", columns=("",))
    sheet, plan = contact_sheet.draw(only_rows, edge=150), plan_of(only_rows, 150)
    assert has_ink(sheet, (0, 0, plan.x, plan.y))
    assert not has_ink(sheet, (plan.x, 0, sheet.width, plan.y))
