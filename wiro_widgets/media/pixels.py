"""Pixels of any mode as those that a PNG, a JPEG and a screen show: greys, colour profiles, orientation."""

from __future__ import annotations

import io
import math
import sys
from array import array
from functools import lru_cache
from typing import Any, Final, cast

from PIL import Image

ALPHA_MODES: Final = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_PNG_MODES: Final = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_LEVELS, _LEVELS_16 = 255, 65_535  # the white of 8 and of 16 bits
_ORIENTATION: Final = 0x0112
_TURNS: Final = {  # EXIF 2.32, 4.6.4 A, Orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_ON_SIDE: Final = 5
_COLOUR_SPACES: Final = {"CMYK": b"CMYK", "LAB": b"Lab "}
_GREY_MODES: Final = ("1", "L", "LA", "La", "F", "I")


def orientation(image: Image.Image) -> int:
    """Return how EXIF says that the picture lies, from 1, upright, to 8; 1 if it says nothing."""
    if image.format == "TIFF":  # which Pillow turns as it reads
        return 1
    try:
        # The base class reads the header only, where that of a PNG decodes the picture.
        value = image.getexif().get(_ORIENTATION) if image.format != "PNG" else _png_orientation(image)
    except Exception:  # noqa: BLE001 - a broken EXIF block makes Pillow raise nearly anything
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def _png_orientation(image: Image.Image) -> Any:
    return Image.Image.getexif(image).get(_ORIENTATION)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height as the picture is seen."""
    return image.size if orientation(image) < _FIRST_ON_SIDE else (image.height, image.width)


def turn(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture upright."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def is_grey(image: Image.Image) -> bool:
    """Return True for the modes of one channel with more than 8 bits."""
    return image.mode == "F" or image.mode.startswith("I")


def exact_grey(image: Image.Image) -> Image.Image:
    """Return a grey picture of more than 8 bits as mode L or I;16 with the same tones; raises ValueError if none has.

    White is 65,535 for 16 bits and for numbers beyond 255, and 255 otherwise; of mode F it is 1 if no number is beyond
    it, and other fractions have no agreed white.
    """
    if image.mode == "I;16":
        return image
    if image.mode.startswith("I;16"):
        return _whole_numbers(image).convert("I;16")  # Pillow's direct way goes through 8 bits
    low, high = _extrema(image)
    if image.mode == "F":
        if low >= 0 and high <= 1 and math.isfinite(sum(array("f", image.tobytes()))):
            return _scaled_grey(image)
        whole = image.convert("I")
        if high == 1 or whole.convert("F").tobytes() != image.tobytes():
            raise ValueError(
                f"a floating point image of {low:g} to {high:g} has no agreed white; "
                "bring it to 0 to 1, or convert it to mode 'RGB' or 'L' first"
            )
        image = whole
    if low < 0 or high > _LEVELS_16:
        raise ValueError(
            f"the pixels must be numbers from 0 to {_LEVELS_16:,}, not {low:,.0f} to {high:,.0f}"
        )
    if high == 1:
        raise ValueError(
            "the pixels are 0 and 1 only, nearly black; convert the image to mode '1' or 'L' first"
        )
    return image.convert("L" if high <= _LEVELS else "I;16")


def for_png(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that PNG has, without loss where there is one; raises ValueError as `exact_grey`.

    `info["icc_profile"]` is a profile that fits the mode, or missing.
    """
    if is_grey(image):
        image = exact_grey(image)
    elif image.mode in ("CMYK", "LAB"):
        image = to_srgb(image)
    elif image.mode == "La":
        image = image.convert("LA")
    elif image.mode not in _PNG_MODES:
        image = image.convert("RGBA" if image.mode in ALPHA_MODES else "RGB")
    if image.info.get("icc_profile") and profile(image) is None:
        image = image.copy()
        del image.info["icc_profile"]
    return image


def for_screen(image: Image.Image) -> Image.Image:
    """Return the picture in mode L, RGB, RGBA or CMYK, which can be resized; `to_srgb` does the rest.

    Greys of more than 8 bits are scaled to 8: floating point pixels and those beyond 16 bits by their range.
    """
    if is_grey(image):
        return _scaled_grey(image)
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ALPHA_MODES or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("RGB", "L", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def to_srgb(image: Image.Image) -> Image.Image:
    """Return the picture as a screen shows it, without a colour profile: L, RGB or RGBA, its colours by its profile."""
    icc_profile = profile(image)
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    result = None
    if icc_profile is not None and image.mode in ("L", "RGB", "RGBA", "CMYK", "LAB"):
        transform = _transform(icc_profile, image.mode, mode)
        result = transform.apply(image) if transform else None
    if result is None:
        result = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGB")
    if "icc_profile" in result.info:
        result = result.copy() if result is image else result
        del result.info["icc_profile"]
    return result


def profile(image: Image.Image) -> bytes | None:
    """Return the colour profile of a picture if it is one for its mode: a mode may have been changed without it."""
    data = image.info.get("icc_profile")
    if not isinstance(data, bytes) or not data:
        return None
    space = _COLOUR_SPACES.get(image.mode, b"RGB ")
    if image.mode in _GREY_MODES or image.mode.startswith("I;16"):
        space = b"GRAY"
    return data if data[16:20] == space else None  # ICC.1:2022, 7.2.6


def _whole_numbers(image: Image.Image) -> Image.Image:
    """Return a grey picture as mode I; older versions of Pillow read I;16N wrongly."""
    if image.mode == "I;16N":
        mode = "I;16" if sys.byteorder == "little" else "I;16B"
        image = Image.frombytes(mode, image.size, image.tobytes())
    return image.convert("I")


def _extrema(image: Image.Image) -> tuple[float, float]:
    return cast("tuple[float, float]", image.convert("F").getextrema())


def _scaled_grey(image: Image.Image) -> Image.Image:
    is_sixteen_bits = image.mode.startswith("I;16")
    image = _whole_numbers(image) if is_sixteen_bits else image
    low, high = _extrema(image)
    if image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0, 1
    elif image.mode != "F" and low >= 0 and high <= _LEVELS_16:
        low, high = 0, _LEVELS if high <= _LEVELS and not is_sixteen_bits else _LEVELS_16
    scale = _LEVELS / ((high - low) or 1)
    return image.convert("F").point(lambda value: value * scale - low * scale + 0.5).convert("L")


@lru_cache(8)
def _transform(icc_profile: bytes, mode: str, target: str) -> Any:
    """Return Pillow's transform to sRGB; None if there is no LittleCMS, or the profile is not for this mode."""
    try:
        from PIL import ImageCms  # noqa: PLC0415 - few pictures need it

        source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, target)
    except Exception:  # noqa: BLE001 - a broken profile makes Pillow raise nearly anything
        return None
