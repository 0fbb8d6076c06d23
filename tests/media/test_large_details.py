"""Texts and colour profiles beyond Pillow's limits: no reason to withhold a picture."""

import io
import zlib

import pytest
from PIL import ImageCms, PngImagePlugin

from tests.media.pictures import image_bytes, picture
from tests.media.test_recipe_limits import HEAD, PNG, chunk
from wiro_widgets.media.images import decode, thumbnail, upright_size
from wiro_widgets.media.recipes import embed, read_recipe
from wiro_widgets.protocol.errors import OutputError

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LARGE_PROFILE = SRGB + bytes(1_400_000)
DETAILS = {
    "large zTXt": chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(3 * 2**20))),
    "large iTXt": chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(bytes(3 * 2**20))),
    "zTXt bomb": chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(2**27), 9)),
    "many texts": chunk(b"tEXt", b"x\0" + b"a" * 2**20) * 70,
    "unknown compression": chunk(b"zTXt", b"x\0\5abc"),
    "large profile": chunk(b"iCCP", b"p\0\0" + zlib.compress(LARGE_PROFILE)),
    "broken profile": chunk(b"iCCP", b"p\0\5abc"),
    "broken resolution": chunk(b"pHYs", b"1"),
    "broken gamma": chunk(b"gAMA", b"1"),
}


@pytest.mark.parametrize("place", [HEAD, len(PNG) - 12], ids=["before the pixels", "behind the pixels"])
@pytest.mark.parametrize("detail", DETAILS)
def test_a_picture_is_not_withheld_for_its_details(detail: str, place: int) -> None:
    """A sound picture is decoded, shown and measured whatever Pillow thinks of its texts and its profile."""
    data = PNG[:place] + DETAILS[detail] + PNG[place:]
    assert decode(data).tobytes() == picture().tobytes()
    assert thumbnail(data).width == 96
    assert upright_size(io.BytesIO(data)) == (96, 64)


def test_a_large_profile_is_kept() -> None:
    """A colour profile beyond Pillow's limit comes with the image."""
    data = PNG[:HEAD] + DETAILS["large profile"] + PNG[HEAD:]
    assert decode(data).info["icc_profile"] == LARGE_PROFILE


def test_the_recipe_and_the_animation_stay() -> None:
    """What the image needs beside its pixels is still there when a large text is left out."""
    frames = image_bytes(picture(), "PNG", save_all=True, append_images=[picture().rotate(90)])
    data = embed(frames, {"wiro_widgets": "1", "model": "a/b", "prompt": "a \u732b"})
    image = decode(data[:HEAD] + DETAILS["large zTXt"] + data[HEAD:])
    assert read_recipe(image) == {"wiro_widgets": "1", "model": "a/b", "prompt": "a \u732b"}
    assert getattr(image, "n_frames", 1) == 2


def test_limits_of_pillow_stay_for_others() -> None:
    """Pillow's limits are global, and protect the user's own code: they are as they were."""
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    decode(PNG[:HEAD] + DETAILS["large zTXt"] + PNG[HEAD:])
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


def test_a_cut_picture_with_large_details_is_cut() -> None:
    """Leaving out a text does not make a whole picture of a part."""
    data = PNG[:HEAD] + DETAILS["large zTXt"] + PNG[HEAD:-60]
    with pytest.raises(OutputError):
        decode(data)
