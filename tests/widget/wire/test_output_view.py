"""Previews of input files, and outputs as the browser shows them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.media.pictures import image_bytes
from wiro_widgets import OutputError
from wiro_widgets.media import images
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.wire.output_view import PREVIEW_EDGE, OutputView, Previews, preview


def _png(width: int = 400, height: int = 200) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize("kind", ["bytes", "named", "path", "text", "buffer", "pil", "array", "output"])
def test_a_picture_of_any_kind(kind: str, tmp_path: Path) -> None:
    """Every kind of value that can be sent as a picture has a preview."""
    path = tmp_path / "photo.png"
    path.write_bytes(_png())
    value = {
        "bytes": _png(),
        "named": NamedBytes(_png(), "photo.png"),
        "path": path,
        "text": str(path),
        "buffer": io.BytesIO(_png()),
        "pil": Image.new("RGB", (400, 200)),
        "array": np.zeros((200, 400, 3), dtype=np.uint8),
        "output": Output(OutputInfo("0.png"), data=_png()),
    }[kind]
    picture = preview(value)
    assert picture is not None
    assert Image.open(io.BytesIO(picture.data)).size == (PREVIEW_EDGE, PREVIEW_EDGE // 2)
    assert (picture.width, picture.height) == (400, 200)


@pytest.mark.parametrize(
    "value",
    [
        "https://example.org/x.png",
        "nowhere.png",
        b"no picture",
        b"",
        Path("nowhere.png"),
        Output(OutputInfo("0.png"), error=OutputError("is gone")),
        np.zeros((2, 2, 9), dtype=np.uint8),
    ],
    ids=str,
)
def test_a_value_without_a_preview(value: object) -> None:
    """An address, a missing file and a file that is no picture have none, without an error."""
    assert preview(value) is None


def test_an_open_file_keeps_its_position(tmp_path: Path) -> None:
    """A run may be reading from the same handle."""
    (tmp_path / "photo.png").write_bytes(_png())
    with (tmp_path / "photo.png").open("rb") as handle:
        handle.seek(5)
        assert preview(handle) is not None
        assert handle.tell() == 5


def test_each_preview_is_sent_once() -> None:
    """A picture that the browser has is not sent again while the user types, but a late view gets it."""
    previews = Previews()
    files = {"f1": _png(), "f2": b"no picture"}
    assert list(previews.new(files)) == ["f1"]
    assert previews.new(files) == {}
    assert list(previews.new({**files, "f3": _png()})) == ["f3"]
    previews.resend()
    assert list(previews.new({**files, "f3": _png()})) == ["f1", "f3"]


def test_each_preview_is_made_once(tmp_path: Path) -> None:
    """A file is read once while a control has it."""
    path = tmp_path / "photo.png"
    path.write_bytes(_png())
    previews = Previews()
    previews.new({"f1": path})
    path.unlink()
    previews.resend()
    assert list(previews.new({"f1": path})) == ["f1"]
    assert previews.new({}) == {}
    assert repr(previews) == "<Previews of 0 files>"


def test_an_output_that_is_no_picture() -> None:
    """It has no thumbnail; a small text is sent along, a large one is not."""
    small = OutputView.of(Output(OutputInfo("a.json", "application/json"), data=b'{"a": 1}'))
    large = OutputView.of(Output(OutputInfo("a.txt", "text/plain"), data=b"x" * 100_000))
    assert (small.thumbnail, small.text, large.text) == (None, '{"a": 1}', None)


def test_an_output_that_is_not_here() -> None:
    """It has no thumbnail."""
    assert (
        OutputView.of(Output(OutputInfo("0.png", "image/png"), error=OutputError("is gone"))).thumbnail
        is None
    )


def test_a_turned_picture_has_the_size_that_is_seen() -> None:
    """A picture that EXIF says is lying on its side is measured as it is shown."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = image_bytes(Image.new("RGB", (400, 200)), "JPEG", exif=exif)
    view = OutputView.of(Output(OutputInfo("0.jpg", content_type="image/jpeg"), data=data))
    assert (view.width, view.height) == (200, 400)
    assert view.thumbnail is not None
    assert (view.thumbnail.width, view.thumbnail.height) == (200, 400)


def test_a_picture_beyond_the_limit_is_shown_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A JPEG of too many pixels has a thumbnail, for which few are decoded; any other picture has its reason."""
    monkeypatch.setattr(images, "MAX_PIXELS", 500_000)
    for image_format, is_shown in (("JPEG", True), ("PNG", False)):
        data = image_bytes(Image.new("RGB", (2_000, 1_000)), image_format)
        item = Output(OutputInfo("0", content_type=f"image/{image_format.lower()}"), data=data)
        view = OutputView.of(item, edge=200)
        assert (view.thumbnail is not None) is is_shown
        assert "has more than 500,000 pixels" in str(view.error)
        assert "save(path)" in str(view.error)
        assert item.bytes() == data
