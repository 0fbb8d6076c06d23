from pathlib import Path

import pytest
from PIL import Image, ImageChops, PngImagePlugin

from tests.media.pictures import image_bytes
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import text_content
from wiro_widgets.render import contact_sheet
from wiro_widgets.render.grid import GridCell, Layout

COLOURS = ("red", "green", "blue", "cyan")


@pytest.fixture
def outputs(tmp_path: Path) -> dict[str, Output]:
    """Write a picture of 300 x 200 pixels in each colour."""
    outputs = {}
    for name in COLOURS:
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (300, 200), name).save(path)
        outputs[name] = Output(OutputInfo(name=path.name, content_type="image/png"), path=path)
    return outputs


def cell(*outputs: Output, status: str = "succeeded", caption: str = "") -> GridCell:
    """Return a cell with these pictures."""
    return GridCell("", status, outputs, caption=caption)


def box(sheet: Image.Image, colour: str) -> tuple[int, int, int, int]:
    """Return where a colour is: left, top, right and bottom."""
    plain = Image.new("RGB", sheet.size, colour)
    away = ImageChops.difference(sheet, plain).convert("L").point([255, *[0] * 255])
    place = away.getbbox()
    assert place is not None
    return place


def test_pictures_are_at_their_places(outputs: dict[str, Output]) -> None:
    """The sheet has each picture in its row and column, as large as asked for, with labels left and above."""
    places = (
        ((cell(outputs["red"]),), (cell(outputs["green"]),)),
        ((cell(outputs["blue"]),), (cell(outputs["cyan"]),)),
    )
    sheet = contact_sheet.draw(Layout("seed", "prompt", ("1", "2"), ("a cat", "a dog"), places), edge=150)
    red, green, blue, cyan = (box(sheet, colour) for colour in ("red", "green", "blue", "cyan"))
    assert sheet.mode == "RGB"
    assert [(x2 - x1, y2 - y1) for x1, y1, x2, y2 in (red, green, blue, cyan)] == [(150, 100)] * 4
    assert (red[0], red[1], green[0], blue[1]) == (blue[0], green[1], cyan[0], cyan[1])
    assert 4 <= green[0] - red[2] == blue[1] - red[3] <= 8
    assert sheet.width - cyan[2] == sheet.height - cyan[3] == 15
    beside, above = (0, 0, red[0], sheet.height), (red[0], 0, sheet.width, red[1])
    for labels in (beside, above):
        assert ImageChops.invert(sheet.crop(labels).convert("L")).getbbox() is not None


def test_pictures_are_not_enlarged(outputs: dict[str, Output]) -> None:
    """A sheet of one small picture has a margin around it and nothing else."""
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(outputs["red"]),),),)), edge=1000)
    assert sheet.size == (300 + 30, 200 + 30)
    assert box(sheet, "red") == (15, 15, 315, 215)


def test_several_pictures_of_a_cell_stand_together(outputs: dict[str, Output]) -> None:
    """A run with several samples, and cells of further axes, share a place: up to four in a row, more as a block."""
    place = (cell(outputs["red"], outputs["green"]), cell(outputs["blue"]))
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), ((place,),)), edge=90)
    assert [box(sheet, colour)[:2] for colour in ("red", "green", "blue")] == [(11, 11), (105, 11), (199, 11)]
    block = (cell(*[outputs["red"]] * 6), cell(outputs["blue"]))
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), ((block,),)), edge=90)
    assert sheet.size == (3 * 94 - 4 + 22, 3 * 64 - 4 + 22)
    assert box(sheet, "blue")[:2] == (11, 11 + 2 * 64)


def test_places_of_several_pictures_stand_apart(outputs: dict[str, Output]) -> None:
    """Between places of several pictures is more room than between the pictures of one."""
    one, other = (cell(outputs["red"], outputs["green"]),), (cell(outputs["blue"], outputs["cyan"]),)
    sheet = contact_sheet.draw(Layout("seed", "", ("1", "2"), ("",), ((one, other),)), edge=90)
    assert box(sheet, "green")[0] - box(sheet, "red")[2] == 4
    assert box(sheet, "blue")[0] - box(sheet, "green")[2] == 16


def test_cells_without_a_picture_have_their_status() -> None:
    """A cell that failed or was not run is a frame that says so, and a place without a cell is bare."""
    layout = Layout("", "", ("", "", ""), ("",), (((cell(status="failed"),), (cell(status="pending"),), ()),))
    sheet = contact_sheet.draw(layout, edge=100)
    tiles = [sheet.crop((x, 12, x + 100, 112)).convert("L") for x in (12, 116, 220)]
    assert [tile.getextrema()[0] < 150 for tile in tiles] == [True, True, False]  # type: ignore[operator]
    assert tiles[0].tobytes() != tiles[1].tobytes()
    assert tiles[2].getextrema() == (255, 255)


def test_an_answer_stands_in_place_of_a_picture() -> None:
    """A cell of text shows it, from the upper left corner and as much as there is room for."""
    outputs = [
        Output(OutputInfo(name="0", content_type="raw", content=text_content({"raw": text})))
        for text in ("The sky is blue.", "The sky is blue. " * 100)
    ]
    layout = Layout("", "", ("", ""), ("",), ((tuple((cell(output),) for output in outputs)),))
    sheet = contact_sheet.draw(layout, edge=200)
    short, long = (sheet.crop((x, 16, x + 198, 213)).convert("L") for x in (16, 222))
    boxes = [ImageChops.invert(tile).point([0] * 40 + [255] * 216).getbbox() for tile in (short, long)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert (boxes[0][:2], boxes[0][3] < 40) == (boxes[1][:2], True)
    assert 160 < boxes[1][3] < 198


def test_broken_pictures_do_not_break_the_sheet(tmp_path: Path, outputs: dict[str, Output]) -> None:
    """A picture that cannot be decoded is a frame with its name."""
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    output = Output(OutputInfo(name="broken.png", content_type="image/png"), path=tmp_path / "broken.png")
    layout = Layout("", "", ("", ""), ("",), (((cell(output),), (cell(outputs["red"]),)),))
    assert box(contact_sheet.draw(layout, edge=100), "red")[2:] == (12 + 204, 12 + 67)


@pytest.mark.parametrize("most", [1_000_000, 300_000])
def test_a_huge_sheet_gets_smaller_pictures(
    outputs: dict[str, Output], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A sheet stays within its limit of pixels by making its pictures smaller."""
    monkeypatch.setattr(contact_sheet, "MAX_PIXELS", most)
    place = (cell(outputs["red"], caption="z: 1"),)
    layout = Layout("x", "y", tuple("abcdefghij"), tuple("abcdefghij"), ((place,) * 10,) * 10)
    sheet = contact_sheet.draw(layout, edge=256)
    assert sheet.width * sheet.height <= most
    assert box(sheet, "red")


def test_transparent_pictures_lie_on_paper(tmp_path: Path) -> None:
    """A transparent picture shows the paper through."""
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    clear = Output(OutputInfo(name="clear.png"), path=tmp_path / "clear.png")
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(clear),),),)), edge=100)
    assert sheet.getcolors() == [(sheet.width * sheet.height, (255, 255, 255))]


def output_of(path: Path, data: bytes) -> Output:
    """Return an output whose file has these bytes."""
    path.write_bytes(data)
    return Output(OutputInfo(name=path.name), path=path)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_stand_upright(tmp_path: Path, image_format: str) -> None:
    """A picture that EXIF says is lying on its side is turned, and its tile is as high as it is then."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = output_of(
        tmp_path / "0", image_bytes(Image.new("RGB", (300, 200), "red"), image_format, exif=exif)
    )
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(lying),),),)), edge=90)
    assert sheet.size == (60 + 2 * 11, 90 + 2 * 11)
    middle = sheet.crop((13, 13, 69, 99)).getcolors()
    assert middle is not None
    assert all(red > 250 and green < 5 for _, (red, green, _) in middle)  # type: ignore[misc]


def test_greys_of_sixteen_bits_have_their_tones(tmp_path: Path) -> None:
    """A 16-bit picture is as grey on the sheet as it is, not white."""
    grey = output_of(tmp_path / "0", image_bytes(Image.new("I;16", (100, 100), 0x4040), "PNG"))
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(grey),),),)), edge=100)
    assert sheet.getpixel((sheet.width // 2, sheet.height // 2)) == (64, 64, 64)


def test_a_picture_with_large_texts_is_on_the_sheet(tmp_path: Path) -> None:
    """A picture is drawn whatever Pillow thinks of its texts, and in its own size."""
    info = PngImagePlugin.PngInfo()
    info.add_text("x", "a" * 3_000_000, zip=True)
    output = output_of(tmp_path / "0", image_bytes(Image.new("RGB", (200, 100), "red"), "PNG", pnginfo=info))
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(output),),),)), edge=100)
    x1, y1, x2, y2 = box(sheet, "red")
    assert (x2 - x1, y2 - y1) == (100, 50)


def test_a_picture_of_no_size_is_a_name(tmp_path: Path) -> None:
    """A picture whose header says that it has no pixels is a frame with its name."""
    empty = output_of(
        tmp_path / "0.png", image_bytes(Image.new("RGB", (1, 1)), "PNG").replace(b"\0\0\0\1" * 2, bytes(8))
    )
    sheet = contact_sheet.draw(Layout("", "", ("",), ("",), (((cell(empty),),),)), edge=90)
    assert sheet.convert("L").getextrema()[0] < 150  # type: ignore[operator]
