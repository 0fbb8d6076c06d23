"""Small pictures of the files that the controls hold."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wiro_widgets import OutputError
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.wire.previews import EDGE, Previews, preview


def _png(width: int = 400, height: int = 200) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize("kind", ["bytes", "named", "path", "text", "buffer", "pil", "array", "output"])
def test_a_picture_of_any_kind(kind: str, tmp_path: Path) -> None:
    """Whatever may be sent as a picture has a preview of it."""
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
    assert (picture.width, picture.height) == (EDGE, EDGE // 2)


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
def test_what_has_none(value: object) -> None:
    """An address, what is no picture, and what is not here have no preview, and that is no error."""
    assert preview(value) is None


def test_an_open_file_is_left_where_it_was(tmp_path: Path) -> None:
    """A run may be reading the same handle: it is not moved, and not read."""
    (tmp_path / "photo.png").write_bytes(_png())
    with (tmp_path / "photo.png").open("rb") as handle:
        handle.seek(5)
        assert preview(handle) is not None
        assert handle.tell() == 5


def test_each_preview_is_given_once() -> None:
    """A picture that the browser has is not sent again while the user types, but is for who comes late."""
    previews = Previews()
    held = {"f1": _png(), "f2": b"no picture"}
    assert list(previews.fresh(held)) == ["f1"]
    assert previews.fresh(held) == {}
    assert list(previews.fresh({**held, "f3": _png()})) == ["f3"]
    previews.again()
    assert list(previews.fresh({**held, "f3": _png()})) == ["f1", "f3"]


def test_each_preview_is_made_once(tmp_path: Path) -> None:
    """A file is read once for as long as it is held."""
    path = tmp_path / "photo.png"
    path.write_bytes(_png())
    previews = Previews()
    previews.fresh({"f1": path})
    path.unlink()
    previews.again()
    assert list(previews.fresh({"f1": path})) == ["f1"]
    assert previews.fresh({}) == {}
    assert repr(previews) == "<Previews of 0 files>"
