from pathlib import Path

import pytest
from PIL import Image, ImageChops

from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.results import contact_sheet
from wiro_widgets.results.grid import Layout, Shown
from wiro_widgets.results.outputs import Output

COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


@pytest.fixture
def outputs(tmp_path: Path) -> dict[str, Output]:
    """Write a picture of 300 x 200 pixels in each colour."""
    found = {}
    for name in COLOURS:
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (300, 200), name).save(path)
        found[name] = Output(OutputInfo(name=path.name, content_type="image/png"), path=path)
    return found


def cell(*outputs: Output, status: str = "succeeded") -> Shown:
    """Return a cell with these pictures."""
    return Shown("", status, outputs)


def colours(sheet: Image.Image) -> set[tuple[int, ...]]:
    """Return the colours that fill more than a few pixels."""
    counted = sheet.getcolors(sheet.width * sheet.height) or []
    return {colour for count, colour in counted if count > 2000 and isinstance(colour, tuple)}


def test_pictures_stand_at_their_places(outputs: dict[str, Output]) -> None:
    """The sheet has each picture in its row and column, as large as asked for, with labels left and above."""
    places = (
        ((cell(outputs["red"]),), (cell(outputs["green"]),)),
        ((cell(outputs["blue"]),), (cell(outputs["red"]),)),
    )
    sheet = contact_sheet.draw(Layout("seed", "prompt", ("1", "2"), ("a cat", "a dog"), places), edge=150)
    assert sheet.mode == "RGB"
    assert sheet.width == 170 + 2 * (150 + 6) + 6
    left, top = 170 + 6 + 75, sheet.height - 2 * (100 + 6) - 6 + 6 + 50
    assert sheet.getpixel((left, top)) == COLOURS["red"]
    assert sheet.getpixel((left + 156, top)) == COLOURS["green"]
    assert sheet.getpixel((left, top + 106)) == COLOURS["blue"]
    labels = sheet.crop((0, 0, 170, sheet.height))
    assert ImageChops.invert(labels.convert("L")).getbbox() is not None


def test_pictures_are_not_enlarged(outputs: dict[str, Output]) -> None:
    """A sheet of small pictures has no room around them."""
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(outputs["red"]),),),)), edge=1000)
    assert sheet.size == (300 + 12, 200 + 12)


def test_several_pictures_of_a_cell_stand_side_by_side(outputs: dict[str, Output]) -> None:
    """A run with several samples, and cells of further axes, share a place."""
    place = (cell(outputs["red"], outputs["green"]), cell(outputs["blue"]))
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), ((place,),)), edge=90)
    assert sheet.width == 3 * (90 + 6) + 6
    assert colours(sheet) >= {COLOURS["red"], COLOURS["green"], COLOURS["blue"]}


def test_cells_without_a_picture_have_their_status() -> None:
    """A cell that failed or was not run is an empty frame that says so."""
    layout = Layout("seed", "", ("1", "2"), ("",), (((cell(status="failed"),), ()),))
    sheet = contact_sheet.draw(layout, edge=100)
    assert len(sheet.getcolors(100_000) or []) > 2


def test_broken_pictures_do_not_break_the_sheet(tmp_path: Path, outputs: dict[str, Output]) -> None:
    """A picture that cannot be decoded is a frame with its name."""
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    broken = Output(OutputInfo(name="broken.png", content_type="image/png"), path=tmp_path / "broken.png")
    layout = Layout("", "", ("", ""), ("",), (((cell(broken),), (cell(outputs["red"]),)),))
    assert COLOURS["red"] in colours(contact_sheet.draw(layout, edge=100))


def test_a_huge_sheet_gets_smaller_pictures(
    outputs: dict[str, Output], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet stays within its limit of pixels by making its pictures smaller."""
    monkeypatch.setattr(contact_sheet, "MAX_PIXELS", 1_000_000)
    place = (cell(outputs["red"]),)
    layout = Layout("x", "y", tuple("abcdefghij"), tuple("abcdefghij"), ((place,) * 10,) * 10)
    sheet = contact_sheet.draw(layout, edge=256)
    assert sheet.width * sheet.height <= 1_000_000
    assert COLOURS["red"] in colours(sheet)


@pytest.mark.parametrize("text", ["x" * 5000, "long " * 500, "", "\n\n", "日本語のラベル", "<b>"])
def test_labels_always_fit(outputs: dict[str, Output], text: str) -> None:
    """Labels of any length are wrapped and cut, so that they never grow the sheet beyond four lines."""
    layout = Layout("prompt", "prompt", (text,), (text,), (((cell(outputs["red"]),),),))
    sheet = contact_sheet.draw(layout, edge=300)
    assert sheet.height <= 200 + 12 + 4 * 19


def test_transparent_pictures_lie_on_paper(tmp_path: Path) -> None:
    """A transparent picture shows the paper through."""
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    clear = Output(OutputInfo(name="clear.png"), path=tmp_path / "clear.png")
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(clear),),),)), edge=100)
    assert sheet.getpixel((56, 56)) == COLOURS["white"]
