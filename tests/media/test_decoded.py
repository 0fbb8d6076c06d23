"""A picture that was decoded for a look is not decoded a second time."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.media.pictures import encoded, picture
from wiro_widgets.media import images
from wiro_widgets.media.decoded import Decoded
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo

PNG = encoded(picture(), "PNG")


def test_what_was_glanced_at_is_given_away_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next caller gets that picture, the one after it another: nobody draws on somebody else's."""
    path = tmp_path / "0.png"
    path.write_bytes(PNG)
    decoded: list[object] = []
    original = images.decode

    def decode(data: bytes, **told: Any) -> Image.Image:
        decoded.append(data)
        return original(data, **told)

    monkeypatch.setattr(images, "decode", decode)
    output = Output(OutputInfo("0.png", "image/png"), path=path)
    looked_at = output.glance()
    first, second = output.image(), output.image()
    assert first is looked_at
    assert second is not first
    assert second.tobytes() == first.tobytes()
    assert len(decoded) == 2


def test_two_outputs_are_two_pictures() -> None:
    """Also where they are the same bytes."""
    one, other = (Output(OutputInfo("0.png", "image/png"), data=PNG) for _ in range(2))
    looked_at = one.glance()
    assert other.image() is not looked_at
    assert one.image() is looked_at


def test_only_a_few_are_kept() -> None:
    """The oldest go first, and one that is too large by itself is not kept at all."""
    kept = Decoded(most_pixels=100)
    small = [Image.new("L", (5, 10)) for _ in range(3)]
    for key, image in enumerate(small):
        kept.keep(key, image)
    assert repr(kept) == "<Decoded, 2 pictures>"
    assert [kept.take(key) for key in range(3)] == [None, *small[1:]]
    kept.keep(9, Image.new("L", (20, 20)))
    assert kept.take(9) is None
