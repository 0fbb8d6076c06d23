"""Pictures in the modes that people bring: their tones, colours and orientation arrive."""

import io

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps

from tests.media.pictures import image_bytes, picture
from wiro_widgets.media.images import decode, shrink, thumbnail, to_upload_bytes, upright_size

RAMP = np.linspace(0, 65_535, 64).astype(np.uint16).reshape(8, 8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREYS = {
    "I;16": Image.frombytes("I;16", (8, 8), RAMP.astype("<u2").tobytes()),
    "I;16L": Image.frombytes("I;16L", (8, 8), RAMP.astype("<u2").tobytes()),
    "I;16B": Image.frombytes("I;16B", (8, 8), RAMP.astype(">u2").tobytes()),
    "I;16N": Image.frombytes("I;16N", (8, 8), RAMP.astype("=u2").tobytes()),
    "I": Image.fromarray(RAMP.astype(np.int32)),
    "F": Image.fromarray(RAMP.astype(np.float32)),
}


def upload_of(source: object) -> Image.Image:
    """Return what a model receives."""
    return Image.open(io.BytesIO(to_upload_bytes(source)))


def profile(colour_space: bytes) -> bytes:
    """Return a profile that says it is for this colour space."""
    return SRGB[:16] + colour_space + SRGB[20:]


@pytest.mark.parametrize("mode", GREYS)
def test_greys_of_more_than_eight_bits_keep_their_tones(mode: str) -> None:
    """Whatever the mode of a 16-bit grey picture, each of its tones is sent."""
    image = upload_of(GREYS[mode])
    assert image.mode == "I;16"
    assert np.array_equal(np.asarray(image), RAMP)


@pytest.mark.parametrize("mode", GREYS)
def test_greys_of_more_than_eight_bits_are_shown(mode: str) -> None:
    """Whatever the mode of a 16-bit grey picture, a small picture of it has the same tones in 8 bits."""
    small = shrink(GREYS[mode], (8, 8))
    assert small.mode == "L"
    assert np.abs(np.asarray(small).astype(int) - RAMP / 257).max() <= 1


@pytest.mark.parametrize("mode", ["I", "F"])
def test_whole_numbers_up_to_255_are_eight_bits(mode: str) -> None:
    """A picture of 8 bits in a wider mode is sent as what it is."""
    image = upload_of(picture(mode="L").convert(mode))
    assert (image.mode, image.tobytes()) == ("L", picture(mode="L").tobytes())


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "i4", "u4", "i8"])
def test_arrays_of_sixteen_bits_keep_their_tones(dtype: str) -> None:
    """An array of whole numbers up to 65,535 is a grey picture of 16 bits, whatever its byte order."""
    image = upload_of(RAMP.astype(dtype))
    assert image.mode == "I;16"
    assert np.array_equal(np.asarray(image), RAMP)


def test_other_arrays_mean_what_they_say() -> None:
    """True is white, whole numbers up to 255 are 8 bits, uint16 colours are scaled, one channel is grey."""
    levels = (RAMP // 257).astype(np.uint8)
    assert upload_of(levels > 100).tobytes() == ((levels > 100) * np.uint8(255)).tobytes()
    assert upload_of(levels.astype(np.int64)).tobytes() == levels.tobytes()
    assert upload_of(levels[:, :, None]).tobytes() == levels.tobytes()
    colours = upload_of(np.dstack([RAMP] * 3))
    assert (colours.mode, colours.tobytes()) == (
        "RGB",
        np.dstack([np.rint(RAMP / 257)] * 3).astype("u1").tobytes(),
    )


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "LAB", "YCbCr", "HSV", "RGBX", "CMYK"])
def test_modes_that_png_lacks_are_sent_and_shown(mode: str) -> None:
    """A picture of any other mode is converted, and keeps its transparency."""
    base = picture(mode={"La": "LA", "RGBa": "RGBA"}.get(mode, "RGB"))
    source = Image.new(mode, (96, 64)) if mode in ("PA", "LAB") else base.convert(mode)
    image, small = upload_of(source), thumbnail(source)
    assert image.mode == {"La": "LA", "RGBa": "RGBA", "PA": "RGBA"}.get(mode, "RGB")
    assert (small.width, small.height) == (96, 64)
    if mode not in ("PA", "LAB"):
        on_grey = [
            Image.alpha_composite(Image.new("RGBA", (96, 64), "grey"), one.convert("RGBA"))
            for one in (image, base)
        ]
        difference = ImageChops.difference(*on_grey).convert("L").getextrema()
        assert difference[1] < 4  # type: ignore[operator]


def test_a_profile_stays_where_it_fits() -> None:
    """A profile for RGB is sent with every mode that has RGB's colours."""
    for mode in ("RGB", "RGBA", "P", "YCbCr", "HSV"):
        source = picture(mode=mode)
        source.info["icc_profile"] = SRGB
        assert upload_of(source).info.get("icc_profile") == SRGB, mode


@pytest.mark.parametrize(
    ("mode", "colour_space"),
    [
        ("CMYK", b"CMYK"),
        ("RGB", b"CMYK"),
        ("L", b"RGB "),
        ("RGB", b"GRAY"),
        ("CMYK", b"RGB "),
        ("1", b"RGB "),
    ],
)
def test_a_profile_of_other_colours_is_left_out(mode: str, colour_space: bytes) -> None:
    """A profile that describes other colours than those that are sent would falsify them."""
    source = picture(mode=mode)
    source.info["icc_profile"] = profile(colour_space)
    assert "icc_profile" not in upload_of(source).info
    assert source.info["icc_profile"] == profile(colour_space)


def test_small_pictures_are_in_the_colours_of_screens() -> None:
    """A profile is applied to a small picture instead of travelling with it."""
    swap = bytearray(SRGB)  # the tags of red and blue exchanged
    table = [128 + 4 + 12 * number for number in range(int.from_bytes(SRGB[128:132], "big"))]
    red, blue = (next(at for at in table if SRGB[at : at + 4] == tag) for tag in (b"rXYZ", b"bXYZ"))
    swap[red : red + 4], swap[blue : blue + 4] = b"bXYZ", b"rXYZ"
    source = Image.new("RGB", (40, 40), "red")
    source.info["icc_profile"] = bytes(swap)
    small = shrink(source, (20, 20))
    assert small.getpixel((10, 10)) == (0, 0, 255)
    assert "icc_profile" not in small.info
    assert SRGB[:64] not in thumbnail(source).data


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP", "PNG", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(image_format: str, orientation: int) -> None:
    """Sent, shown small and measured, a picture stands as EXIF says, in every format that can say it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = image_bytes(picture(90, 60), image_format, exif=exif)
    expected = ImageOps.exif_transpose(decode(data)).convert("RGB")
    assert shrink(data, (90, 90)).convert("RGB").tobytes() == expected.tobytes()
    assert upload_of(Image.open(io.BytesIO(data))).convert("RGB").tobytes() == expected.tobytes()
    assert upright_size(io.BytesIO(data)) == expected.size
    small = shrink(data, (20, 90))
    assert (small.width, small.height) == (20, round(20 * expected.height / expected.width))


def test_broken_pictures_have_a_reason() -> None:
    """A picture that is cut short, damaged or closed raises ValueError with the reason, whatever Pillow raises."""
    data = image_bytes(picture(300, 300), "JPEG")
    no_file, no_pixels = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(data))
    no_file.close()
    no_pixels.load()
    no_pixels.close()
    png = image_bytes(picture(), "PNG")
    damage = Image.open(io.BytesIO(png[:60] + b"\xff" * 40 + png[100:]))
    for source, words in (
        (Image.open(io.BytesIO(data[:-300])), "is cut short"),
        (no_file, "is closed"),
        (no_pixels, "is closed"),
        (damage, "is a damaged PNG image"),
    ):
        with pytest.raises(ValueError, match=words):
            to_upload_bytes(source)
