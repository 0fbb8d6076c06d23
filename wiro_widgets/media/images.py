"""Images: bytes into PIL images within limits, small pictures for a screen, and arrays into bytes to send."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from PIL import Image, ImageOps, features

from wiro_widgets.media.content_types import HEAD_SIZE, agree, canonical, sniff
from wiro_widgets.protocol.errors import OutputError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_PIXELS: Final = 64_000_000
MAX_BYTES: Final = 256 * 2**20

_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
_PNG_MODES: Final = {"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"}
_ALPHA_MODES: Final = {"RGBA", "LA", "PA", "RGBa", "La"}
_FAST_PNG: Final = 1
_SIXTEEN_BITS: Final = 2**16


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture ready for a browser."""

    data: bytes = field(repr=False)
    content_type: str
    width: int
    height: int


def decode(
    data: bytes | Path,
    *,
    content_type: str | None = None,
    name: str | None = None,
    task_id: str | None = None,
    max_pixels: int = MAX_PIXELS,
    max_bytes: int = MAX_BYTES,
) -> Image.Image:
    """Return the bytes as a loaded PIL image that needs no open file.

    Raises OutputError when they are no image, not the declared type, cut short, or over a limit; the pixels
    are counted before any is decoded.
    """
    try:
        _check_bytes(data, max_bytes)
        whole = data.read_bytes() if isinstance(data, Path) else data
        image = _open(whole, content_type, max_pixels)
        _load(image)
    except _Refused as refused:
        raise OutputError(
            refused.reason, output=name, task_id=task_id, hint=refused.hint
        ) from refused.__cause__
    except OSError as exc:
        raise OutputError(
            f"cannot be read from disk: {exc.strerror or exc}", output=name, task_id=task_id
        ) from exc
    return image


def thumbnail(source: Image.Image | bytes, *, edge: int = 512, name: str | None = None) -> Thumbnail:
    """Return the image at most `edge` pixels wide and high, upright: JPEG when opaque, else WebP or PNG.

    Raises OutputError when bytes are no image that `decode` would take.
    """
    try:
        if isinstance(source, Image.Image):
            image = source
        else:
            image = _open(source, None, MAX_PIXELS)
            image.draft(None, (edge, edge))  # lets the JPEG decoder skip most of its work
            _load(image)
    except _Refused as refused:
        raise OutputError(refused.reason, output=name, hint=refused.hint) from refused.__cause__
    small = _upright(_shrink(_for_screen(image), edge), image)
    data, content_type = _encode_small(
        small, image.info.get("icc_profile") if image.mode == small.mode else None
    )
    return Thumbnail(data, content_type, small.width, small.height)


def to_upload_bytes(source: object) -> bytes:
    """Return a PIL image or a uint8 array of shape (H, W), (H, W, 3) or (H, W, 4) as a PNG, compressed fast.

    Raises ValueError that says what is wrong with anything else.
    """
    image = source if isinstance(source, Image.Image) else _from_array(source)
    if not image.width or not image.height:
        raise ValueError("the image has no pixels")
    if image.mode == "F":
        raise ValueError("a floating point image has no agreed white; convert it to mode 'RGB' or 'L' first")
    upright = _upright(image, image)
    if upright.mode not in _PNG_MODES:
        upright = upright.convert("RGBA" if upright.mode in _ALPHA_MODES else "RGB")
    target = io.BytesIO()
    upright.save(target, "PNG", compress_level=_FAST_PNG)
    return target.getvalue()


class _Refused(Exception):
    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def _check_bytes(data: bytes | Path, max_bytes: int) -> None:
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > max_bytes:
        raise _Refused(f"has {size:,} bytes, the limit is {max_bytes:,}", "Raise max_bytes if you trust it.")


def _open(data: bytes, content_type: str | None, max_pixels: int) -> ImageFile:
    held = sniff(data[:HEAD_SIZE])
    if not data:
        raise _Refused("is empty")
    if not agree(content_type, held):
        raise _Refused(f"says {canonical(content_type)} but holds {held or 'something unknown'}")
    if held not in _FORMATS:
        raise _Refused(f"holds {held or 'bytes of an unknown type'}, which is not an image that Pillow reads")
    image = _parse_header(data, _FORMATS[held], held)
    if image.width * image.height > max_pixels:
        raise _Refused(
            f"has {image.width:,} x {image.height:,} pixels, the limit is {max_pixels:,}",
            "Raise max_pixels if you trust it.",
        )
    return image


def _parse_header(data: bytes, name: str, held: str) -> ImageFile:
    # What Image.open(formats=[name]) does, without its own pixel limit: that one speaks through the warning
    # filters of the process, which no thread can silence for itself; ours is checked right after this.
    Image.preinit()
    if name not in Image.OPEN:
        Image.init()
    if name not in Image.OPEN:
        raise _Refused(f"holds {held}, which this build of Pillow does not read")
    try:
        return Image.OPEN[name][0](io.BytesIO(data), "")
    except Exception as exc:
        raise _Refused(f"looks like {held} but its header is broken ({_why(exc)})") from exc


def _load(image: ImageFile) -> None:
    try:
        image.load()
    except Exception as exc:
        if "truncated" in str(exc).lower():
            raise _Refused("is cut short: the end of the image is missing", "Download it again.") from exc
        raise _Refused(f"is a damaged {image.format} image ({_why(exc)})", "Download it again.") from exc


def _why(exc: Exception) -> str:
    return str(exc).strip().rstrip(".") or type(exc).__name__


def _for_screen(image: Image.Image) -> Image.Image:
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"RGB", "L"}:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        low, high = cast("tuple[float, float]", image.convert("F").getextrema())
        if image.mode != "F" and low >= 0 and high < _SIXTEEN_BITS:
            low, high = 0, _SIXTEEN_BITS - 1
        scale = 255 / ((high - low) or 1)
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    return image.convert("RGB")


def _shrink(image: Image.Image, edge: int) -> Image.Image:
    longest = max(image.size)
    if longest <= edge:
        return image
    size = tuple(max(1, round(side * edge / longest)) for side in image.size)
    # A gap of 1 averages whole blocks first: 1 ms instead of 8 for 1024 pixels, and nobody sees it.
    return image.resize(cast("tuple[int, int]", size), Image.Resampling.BICUBIC, reducing_gap=1.0)


def _upright(image: Image.Image, source: Image.Image) -> Image.Image:
    """Turn the image as the EXIF of its source asks, since what is drawn or sent next carries no EXIF."""
    try:
        turned = source.getexif().get(0x0112, 1) != 1
        return ImageOps.exif_transpose(image) if turned else image
    except Exception:  # noqa: BLE001 - a broken EXIF block makes Pillow raise nearly anything, and is no loss here
        return image


def _encode_small(image: Image.Image, icc_profile: bytes | None) -> tuple[bytes, str]:
    target = io.BytesIO()
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    if image.mode != "RGBA":
        image.save(target, "JPEG", quality=84, icc_profile=icc_profile)
        return target.getvalue(), "image/jpeg"
    if features.check("webp"):
        image.save(target, "WEBP", quality=84, method=0, icc_profile=icc_profile or "")
        return target.getvalue(), "image/webp"
    image.save(target, "PNG", compress_level=_FAST_PNG, icc_profile=icc_profile)
    return target.getvalue(), "image/png"


def _from_array(source: object) -> Image.Image:
    interface: Any = getattr(source, "__array_interface__", None)
    if not isinstance(interface, dict):
        raise ValueError(  # noqa: TRY004 - a value its field refuses
            f"{type(source).__name__} is no image; a PIL image or numpy array is (tensor.cpu().numpy())",
        )
    shape, kind = tuple(interface.get("shape", ())), interface.get("typestr")
    if kind != "|u1":
        raise ValueError(f"the array must hold uint8 from 0 to 255, not {getattr(source, 'dtype', kind)}")
    if len(shape) not in {2, 3} or (len(shape) == 3 and shape[2] not in {3, 4}):  # noqa: PLR2004 - H, W, channels
        raise ValueError(f"the array must have the shape (H, W), (H, W, 3) or (H, W, 4), not {shape}")
    if 0 in shape:
        raise ValueError("the image has no pixels")
    return Image.fromarray(cast("Image.SupportsArrayInterface", source))
