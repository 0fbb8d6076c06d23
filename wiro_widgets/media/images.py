"""Images: decode bytes within limits, make small ones for a screen, encode images and arrays for upload."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, TypeVar

from PIL import Image, features

from wiro_widgets.media import arrays, image_blocks, pixels
from wiro_widgets.media.content_types import HEAD_SIZE, agree, canonical, sniff
from wiro_widgets.protocol.errors import OutputError

A = TypeVar("A")
B = TypeVar("B")
MAX_PIXELS: Final = 64_000_000
MAX_BYTES: Final = 256 * 2**20
_COLUMN: Final = 160  # pixels that every page has
MAX_THREADS: Final = 4  # each holds a decoded picture

_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
HEIC_HINT: Final = (
    'Install pillow-heif (pip install "wiro-widgets[heic]"), or convert it to PNG or JPEG first.'
)
_HEIC: Final = "image/heic"
_FAST_PNG: Final = 1


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture, encoded for a browser."""

    data: bytes = field(repr=False)
    content_type: str
    width: int
    height: int

    @property
    def element(self) -> str:
        """An img element with the picture in it; one that is wider than a column of text may be is made to fit."""
        base64_text = base64.b64encode(self.data).decode()
        style = "margin:0;max-width:100%;height:auto" if self.width > _COLUMN else "margin:0"
        return (
            f'<img src="data:{self.content_type};base64,{base64_text}" '
            f'width="{self.width}" height="{self.height}" alt="" style="{style}">'
        )


_Failure: TypeAlias = Callable[..., Exception]


def decode(
    data: bytes | Path,
    *,
    content_type: str | None = None,
    name: str | None = None,
    task_id: str | None = None,
) -> Image.Image:
    """Return the bytes as a loaded PIL image that needs no open file.

    Raises OutputError if they are no image, not of the declared type, cut short, or over a limit; the number of pixels
    is checked before any is decoded. The error has a cause unless the limit is ours.
    """
    failure = partial(OutputError, output=name, task_id=task_id)
    return _read(_content(data, failure), content_type, failure)


def thumbnail(source: Image.Image | bytes | Path, *, edge: int = 512) -> Thumbnail:
    """Return the image at most `edge` pixels wide and high, upright: JPEG if opaque, else WebP or PNG.

    Raises OutputError as `shrink` does.
    """
    small = shrink(source, (edge, edge))
    data, content_type = _encode_small(small)
    return Thumbnail(data, content_type, small.width, small.height)


def shrink(source: Image.Image | bytes | Path, size: tuple[int, int]) -> Image.Image:
    """Return the image as a screen shows it, at most of that size: upright, in sRGB, of mode L, RGB or RGBA.

    Raises OutputError if a file is no image that `decode` accepts, or if an image is closed or cut short.
    """
    if isinstance(source, Image.Image):
        image = source
        _load(image, OutputError)
    else:
        image = _read(_content(source, OutputError), None, OutputError, enough=max(size))
    orientation = pixels.orientation(image)
    if pixels.upright_size(image) != image.size:
        size = size[1], size[0]
    small = _resize(pixels.for_screen(image), size)
    return pixels.turn(pixels.to_srgb(small), orientation)


def upright_size(source: BinaryIO) -> tuple[int, int] | None:
    """Return width and height of an image file as it is seen, from its header; None if that cannot be read."""
    try:
        with Image.open(source) as image:
            size = pixels.upright_size(image)
    except Exception:  # noqa: BLE001 - a broken header makes Pillow raise nearly anything
        source.seek(0)
        size = image_blocks.png_size(source.read(HEAD_SIZE)) or (0, 0)
    return size if all(size) else None


def to_upload_bytes(source: object) -> bytes:
    """Return a PIL image or an array (`arrays.to_image`) as a PNG, upright and compressed fast.

    Raises ValueError with the reason for anything else, and for an image that is closed, cut short or damaged.
    """
    image = source if isinstance(source, Image.Image) else arrays.to_image(source)
    _load(image, _unreadable)
    orientation = pixels.orientation(image)
    try:
        upright = pixels.turn(pixels.for_png(image), orientation)
        target = io.BytesIO()
        upright.save(target, "PNG", compress_level=_FAST_PNG)
    except ValueError:
        raise
    except Exception as exc:
        raise ValueError(f"the image of mode {image.mode} cannot be written as a PNG: {exc}") from exc
    return target.getvalue()


def in_threads(function: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """Return the function's result for each item, in order, computed in a few threads: Pillow decodes without the GIL.

    Raises what the function raises for the first item that fails.
    """
    if len(items) < 2:  # noqa: PLR2004 - one item needs no thread
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(len(items), MAX_THREADS), thread_name_prefix="wiro-pictures") as threads:
        return list(threads.map(function, items))


def _content(source: bytes | Path, failure: _Failure) -> bytes:
    """Return the bytes of a file within the limit."""
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        if size > MAX_BYTES:
            raise failure(f"has {size:,} bytes, the limit is {MAX_BYTES:,}")
        return source.read_bytes() if isinstance(source, Path) else source
    except OSError as exc:
        raise failure(f"cannot be read from disk: {exc.strerror or exc}") from exc


def _unreadable(reason: str, **_advice: str) -> ValueError:
    return ValueError(f"the image {reason}")


def _read(data: bytes, content_type: str | None, failure: _Failure, enough: int | None = None) -> Image.Image:
    """Return the loaded image; `enough` is an edge that is enough: a JPEG decoder then skips most of its work.

    A PNG whose texts or colour profile Pillow finds too large, or broken, is read without these texts: they are no
    reason to withhold its pixels. Pillow's own limits are global, and stay as they are.
    """
    actual_type = sniff(data[:HEAD_SIZE])
    if not data:
        raise failure("is empty")
    if not agree(content_type, actual_type):
        raise failure(f"says {canonical(content_type)} but holds {actual_type or 'something unknown'}")
    if actual_type == _HEIC:
        return _read_heic(data, failure)
    if actual_type not in _FORMATS:
        what = actual_type or "bytes of an unknown type"
        raise failure(f"holds {what}, which is not an image that Pillow reads")
    try:
        return _read_with_pillow(data, actual_type, failure, enough)
    except OutputError as error:
        container = image_blocks.read(data) if error.__cause__ is not None else None
        plain = image_blocks.without_details(container) if container else data
        if container is None or plain is data:
            raise
        try:
            image = _read_with_pillow(plain, actual_type, failure, enough)
        except OutputError:
            raise error from error.__cause__
        if (icc_profile := image_blocks.png_profile(container)) is not None:
            image.info["icc_profile"] = icc_profile
        return image


def _read_with_pillow(data: bytes, actual_type: str, failure: _Failure, enough: int | None) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=[_FORMATS[actual_type]])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # limits above ours
        raise _too_large(failure) from None
    except Exception as exc:
        raise failure(f"looks like {actual_type} but Pillow cannot read its header") from exc
    if enough is not None:
        image.draft(None, (enough, enough))
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(failure)
    _load(image, failure)
    return image


def _too_large(failure: _Failure) -> Exception:
    hint = "Its file is as it came: output.path, save(path) and bytes() give it."
    return failure(f"has more than {MAX_PIXELS:,} pixels, the limit", hint=hint)


def _read_heic(data: bytes, failure: _Failure) -> Image.Image:
    try:
        pillow_heif = import_module("pillow_heif")
    except ImportError as exc:
        raise failure(f"holds {_HEIC}, which is not an image that Pillow reads", hint=HEIC_HINT) from exc
    try:
        file = pillow_heif.open_heif(io.BytesIO(data))
        image: Image.Image | None = file.to_pillow() if file.size[0] * file.size[1] <= MAX_PIXELS else None
    except Exception as exc:
        raise failure(f"looks like {_HEIC} but cannot be read") from exc
    if image is None:
        raise _too_large(failure)
    return image


def _load(image: Image.Image, failure: _Failure) -> None:
    try:
        image.load()
    except Exception as exc:
        why = str(exc).strip().rstrip(".") or type(exc).__name__
        if "truncated" in why.lower():
            raise failure("is cut short: the end of the image is missing", hint="Download it again.") from exc
        if "closed" in why.lower():
            raise failure("is closed; open it again and leave it open, or use its copy()") from exc
        raise failure(f"is a damaged {image.format} image ({why})", hint="Download it again.") from exc
    if not image.width or not image.height:
        raise failure("has no pixels")


def _resize(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = min(size[0] / image.width, size[1] / image.height)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    # A gap of 1 averages whole blocks first: 1 ms instead of 8 for 1024 pixels, with no visible difference.
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=1.0)


def _encode_small(image: Image.Image) -> tuple[bytes, str]:
    target = io.BytesIO()
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    if image.mode != "RGBA":
        image.save(target, "JPEG", quality=84)
        return target.getvalue(), "image/jpeg"
    if features.check("webp"):
        image.save(target, "WEBP", quality=84, method=0)
        return target.getvalue(), "image/webp"
    image.save(target, "PNG", compress_level=_FAST_PNG)
    return target.getvalue(), "image/png"
