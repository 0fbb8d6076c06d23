import io
import pickle
import subprocess
import sys
import threading
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.media.pictures import image_bytes, picture, pixels
from wiro_widgets.media import images
from wiro_widgets.media.images import MAX_THREADS, decode, in_threads, thumbnail, to_upload_bytes
from wiro_widgets.protocol.errors import OutputError

HEIC_WORDS = (
    "looks like image/heic but cannot be read"
    if find_spec("pillow_heif")
    else "holds image/heic, which is not an image that"
)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG of that size whose pixels are missing."""
    body = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    chunk = (13).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    empty = b"IDAT" + zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk
        + (len(empty) - 4).to_bytes(4, "big")
        + empty
        + zlib.crc32(empty).to_bytes(4, "big")
    )


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_image_type_decodes(image_format: str) -> None:
    """Each image format that Wiro's models produce becomes a loaded PIL image."""
    image = decode(
        image_bytes(picture(), image_format), content_type=f"image/{image_format.lower()}", name="0"
    )
    assert (image.size, image.format) == ((96, 64), image_format)
    assert image.getpixel((90, 5)) != image.getpixel((5, 60))


def test_decoded_image_needs_no_file(tmp_path: Path) -> None:
    """An image decoded from disk is independent of the file, which can be removed at once."""
    file = tmp_path / "0.bmp"
    file.write_bytes(image_bytes(picture(), "BMP"))
    image = decode(file, content_type="image/bmp", name="0.bmp")
    file.write_bytes(b"")
    file.unlink()
    assert image.tobytes() == picture().tobytes()


def test_decoded_image_pickles() -> None:
    """A decoded image travels to a worker process."""
    image = decode(image_bytes(picture(), "WEBP", lossless=True))
    assert pickle.loads(pickle.dumps(image)).tobytes() == picture().tobytes()  # noqa: S301 - our own bytes


def test_animation_keeps_its_frames() -> None:
    """An animated image can still be wound forward."""
    frames = [picture().rotate(angle) for angle in (0, 90, 180)]
    image = decode(image_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    image.seek(2)
    assert getattr(image, "n_frames", 1) == 3


@pytest.mark.parametrize(
    ("data", "content_type", "words"),
    [
        (b"<!doctype html><h1>Not found", "image/png", "says image/png but holds text/html"),
        (image_bytes(picture(), "JPEG"), "image/png", "says image/png but holds image/jpeg"),
        (b"\0\1\2\3", "image/png", "says image/png but holds something unknown"),
        (b'{"a": 1}', None, "holds application/json, which is not an image"),
        (b"", "image/png", "is empty"),
        (image_bytes(picture(), "PNG")[:-60], "image/png", "is cut short"),
        (image_bytes(picture(), "JPEG")[:-200], "image/jpeg", "is cut short"),
        (image_bytes(picture(), "WEBP")[:-200], "image/webp", "damaged WEBP|cannot read its header"),
        (image_bytes(picture(), "PNG")[:20], "image/png", "cannot read its header"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "image/heic", HEIC_WORDS),
    ],
)
def test_other_bytes_are_refused(data: bytes, content_type: str | None, words: str) -> None:
    """Bytes that are not an image of the declared type raise OutputError with the reason."""
    with pytest.raises(OutputError, match=f"Output 0.png of task 12: .*({words})") as info:
        decode(data, content_type=content_type, name="0.png", task_id="12")
    assert info.value.output == "0.png"


def test_missing_file_is_an_output_error(tmp_path: Path) -> None:
    """A file that is gone is an OutputError, not a bare OSError."""
    with pytest.raises(OutputError, match=r"cannot be read from disk: No such file"):
        decode(tmp_path / "0.png", content_type="image/png", name="0.png")


@pytest.mark.parametrize("content_type", ["image/jpg", None, "application/octet-stream", "x/y"])
def test_vague_types_accept_the_bytes(content_type: str | None) -> None:
    """A missing, generic, unknown or oddly spelt type accepts any image."""
    assert decode(image_bytes(picture(), "JPEG"), content_type=content_type, name="0").format == "JPEG"


@pytest.mark.parametrize(("width", "height"), [(9000, 9000), (10000, 10000), (60000, 60000)])
def test_pixel_bombs_are_refused_by_their_header(width: int, height: int) -> None:
    """An image over our pixel limit, or over Pillow's, is refused before decoding; the error has no cause."""
    with pytest.raises(OutputError, match="has more than 64,000,000 pixels, the limit") as info:
        decode(png_header(width, height), content_type="image/png", name="0.png")
    assert info.value.__cause__ is None


def test_the_pixel_limit_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of as many pixels as the limit is decoded, and one of more is not."""
    data = image_bytes(picture(), "PNG")
    monkeypatch.setattr(images, "MAX_PIXELS", 96 * 64)
    assert decode(data).size == (96, 64)
    monkeypatch.setattr(images, "MAX_PIXELS", 96 * 64 - 1)
    with pytest.raises(OutputError, match="more than 6,143 pixels"):
        decode(data)


def test_the_byte_limit_is_checked_before_reading(tmp_path: Path) -> None:
    """A file over the byte limit is refused without being read."""
    file = tmp_path / "0.png"
    with file.open("wb") as target:
        target.truncate(257 * 2**20)
    with pytest.raises(OutputError, match="has 269,484,032 bytes, the limit is 268,435,456"):
        decode(file, content_type="image/png", name="0.png")


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "I", "F", "I;16"])
def test_opaque_thumbnails_are_jpeg(mode: str) -> None:
    """An opaque image of any mode gives a JPEG that fits the edge and keeps its proportions."""
    source = Image.new("I;16", (1000, 500), 40_000) if mode == "I;16" else picture(1000, 500, mode)
    small = thumbnail(source, edge=100)
    assert (small.content_type, small.width, small.height) == ("image/jpeg", 100, 50)
    assert pixels(small.data)[1] == (100, 50)


def test_transparent_thumbnails_keep_alpha() -> None:
    """An image with transparency gives a WebP with transparency."""
    small = thumbnail(picture(800, 400, "RGBA"), edge=200)
    assert (small.content_type, pixels(small.data)[0]) == ("image/webp", "RGBA")


def test_opaque_alpha_is_dropped() -> None:
    """An alpha channel that hides nothing costs nothing: the thumbnail is a JPEG."""
    assert thumbnail(picture().convert("RGBA")).content_type == "image/jpeg"


def test_sixteen_bit_greys_keep_their_tones() -> None:
    """A 16-bit grey image is scaled to 8 bits, not clipped to white."""
    small = thumbnail(Image.new("I;16", (64, 64), 32_768))
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.getpixel((5, 5)) == pytest.approx(128, abs=2)


@pytest.mark.parametrize("as_bytes", [True, False])
def test_thumbnails_stand_upright(as_bytes: bool) -> None:
    """A picture that EXIF says is lying on its side is turned."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = image_bytes(picture(1000, 500), "JPEG", exif=exif)
    small = thumbnail(data if as_bytes else Image.open(io.BytesIO(data)), edge=100)
    assert (small.width, small.height) == (50, 100)


def test_small_images_are_not_enlarged() -> None:
    """A picture smaller than the edge keeps its size."""
    assert thumbnail(picture(30, 20)).width == 30


def test_a_thumbnail_leaves_its_source_alone() -> None:
    """Making a thumbnail does not change its source."""
    source = picture(1000, 500)
    thumbnail(source, edge=10)
    assert source.size == (1000, 500)


def test_thumbnails_of_nonsense_raise() -> None:
    """Bytes that are no image raise OutputError."""
    with pytest.raises(OutputError, match=r"holds text/plain, which is not an image"):
        thumbnail(b"hello")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_pil_images_upload_without_loss(mode: str) -> None:
    """A PIL image is sent as a PNG with the same pixels."""
    source = picture(mode=mode)
    assert pixels(to_upload_bytes(source)) == (mode, (96, 64), source.tobytes())


def test_other_modes_become_rgb() -> None:
    """A mode that PNG lacks is converted."""
    assert pixels(to_upload_bytes(picture(mode="CMYK")))[0] == "RGB"


@pytest.mark.parametrize(("shape", "mode"), [((7, 5), "L"), ((7, 5, 3), "RGB"), ((7, 5, 4), "RGBA")])
def test_arrays_upload_as_png(shape: tuple[int, ...], mode: str) -> None:
    """A uint8 array of height, width and channels is sent as a PNG with the same numbers."""
    array = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert pixels(to_upload_bytes(array)) == (mode, (5, 7), array.tobytes())


def test_array_views_upload_as_they_look() -> None:
    """A flipped and sliced view is sent as it looks, not as it lies in memory."""
    array = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)[::-1, ::2]
    assert pixels(to_upload_bytes(array))[2] == array.tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 1), (7, 5, 3), (7, 5, 4)])
def test_floats_from_black_to_white_upload_as_8_bits(dtype: type, shape: tuple[int, ...]) -> None:
    """Floats from 0 to 1, as picture libraries make them, are sent as the nearest of 256 levels."""
    array: Any = np.linspace(0, 1, int(np.prod(shape)), dtype=dtype).reshape(shape)
    levels = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    assert pixels(to_upload_bytes(array))[2] == levels.tobytes()


def test_a_rounding_error_beyond_white_is_white() -> None:
    """A float that a filter has computed may miss 0 and 1 by what 8 bits do not show."""
    assert pixels(to_upload_bytes(np.array([[-1e-9, 1.0000000002]])))[2] == b"\x00\xff"


def test_a_floating_point_picture_of_fractions_is_scaled() -> None:
    """A PIL image made from an array of floats is sent as the array would be."""
    array = np.array([[0, 0.25, 1]], np.float32)
    assert pixels(to_upload_bytes(Image.fromarray(array))) == pixels(to_upload_bytes(array))


class Tensor:
    """What libraries of tensors have: a shape, and numpy's array when asked; on a GPU they refuse."""

    def __init__(self, array: Any, problem: str = "") -> None:
        self.shape, self._array, self._problem = array.shape, array, problem

    def __array__(self, *_args: Any, **_options: Any) -> Any:
        if self._problem:
            raise TypeError(self._problem)
        return self._array


def test_tensors_that_numpy_reads_are_arrays() -> None:
    """An object that becomes a numpy array when asked is a picture; one that refuses says how to make it one."""
    array = np.linspace(0, 1, 105, dtype=np.float32).reshape(7, 5, 3)
    assert to_upload_bytes(Tensor(array)) == to_upload_bytes(array)
    with pytest.raises(ValueError, match=r"Tensor cannot be read .*cuda:0.*give tensor.detach\(\).cpu"):
        to_upload_bytes(Tensor(array, "can't convert cuda:0 device type tensor to numpy"))


def test_tables_are_no_pictures() -> None:
    """A table becomes a numpy array as well, and is still no picture."""
    with pytest.raises(ValueError, match="DataFrame is no image; a PIL image or numpy array is"):
        to_upload_bytes(pd.DataFrame({"a": [0.0, 1.0]}))


def test_photographs_upload_upright() -> None:
    """A photograph whose EXIF asks for a turn is sent turned, since the PNG carries no EXIF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph = Image.open(io.BytesIO(image_bytes(picture(), "JPEG", exif=exif)))
    assert pixels(to_upload_bytes(photograph))[1] == (64, 96)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            np.full((4, 4), 1.5, np.float32),
            "this float32 one has 1.5 to 1.5; where 255 is white, give array.round",
        ),
        (
            np.array([[-1.0, 1.0]]),
            r"this float64 one has -1.0 to 1.0; where -1 is black, give \(array \+ 1\) / 2",
        ),
        (np.array([[0.0, 1e4]]), r"this float64 one has 0.0 to 10000.0; bring it there"),
        (np.array([[0.5, np.nan]]), r"this float64 one has NaN or infinity beside 0.5 to 0.5; np.nan_to_num"),
        (np.full((4, 4), np.inf, np.float16), r"this float16 one has NaN or infinity only; np.nan_to_num"),
        (np.zeros((3, 4, 5)), r"not \(3, 4, 5\); put the channels last: array.transpose\(1, 2, 0\)"),
        (np.zeros((4, 4), complex), "must hold uint8 from 0 to 255, not complex128"),
        (np.array([[None, 1]]), "must hold uint8 from 0 to 255, not object"),
        (np.full((4, 4), -1), "numbers from 0 to 65,535; this int64 one has -1 to -1"),
        (np.full((4, 4), 65_536), "this int64 one has 65536 to 65536"),
        (np.full((4, 4, 3), 256, dtype=np.int16), "numbers from 0 to 255; this int16 one has 256 to 256"),
        (np.eye(4, dtype=np.int32), r"0 and 1 only, nearly black; array.astype\(bool\)"),
        (np.zeros((3, 4, 5), dtype=np.uint8), r"not \(3, 4, 5\); put the channels last"),
        (np.zeros((4, 4, 2), dtype=np.uint8), r"not \(4, 4, 2\)"),
        (np.zeros((2, 4, 4, 3), dtype=np.uint8), r"not \(2, 4, 4, 3\)"),
        (np.zeros((0, 4), dtype=np.uint8), "has no pixels"),
        (Image.new("RGB", (0, 4)), "has no pixels"),
        (picture(mode="F"), "floating point image"),
        (Image.new("F", (4, 4), 1.5), "floating point image of 1.5 to 1.5 has no agreed white"),
        (Image.new("F", (4, 4), float("nan")), "floating point image of nan to nan has no agreed white"),
        (Image.fromarray(np.array([[0.5, np.nan]], np.float32)), "has no agreed white"),
        (Image.new("I", (4, 4), 65_536), "numbers from 0 to 65,535, not 65,536 to 65,536"),
        (Image.new("I", (4, 4), -1), "numbers from 0 to 65,535, not -1 to -1"),
        (Image.new("I", (4, 4), 1), "0 and 1 only"),
        ([[1, 2], [3, 4]], "list is no image"),
    ],
)
def test_a_wrong_upload_value_has_a_reason(source: object, words: str) -> None:
    """A value that is no image raises ValueError with the reason."""
    with pytest.raises(ValueError, match=words):
        to_upload_bytes(source)


def test_numpy_is_not_imported() -> None:
    """Importing the image functions does not import numpy."""
    code = "import sys, wiro_widgets.media.images; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_results_are_in_the_order_of_the_items() -> None:
    """Whichever item is finished first, the results are in the order of the items."""
    assert in_threads(lambda number: number * 2, range(100)) == [number * 2 for number in range(100)]
    assert in_threads(str, []) == []


def test_several_items_run_at_once() -> None:
    """Several threads work at the same time: these wait for each other."""
    barrier = threading.Barrier(MAX_THREADS, timeout=20)
    assert sorted(in_threads(lambda _: barrier.wait(), range(MAX_THREADS))) == list(range(MAX_THREADS))


def test_a_single_item_needs_no_thread() -> None:
    """A single item is processed in the calling thread."""
    assert in_threads(lambda _: threading.current_thread(), [0]) == [threading.current_thread()]


def test_the_first_error_in_order_is_raised() -> None:
    """The error is that of the first item that fails, not of the first failure in time."""

    def fail_from_two(number: int) -> int:
        if number >= 2:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match="2"):
        in_threads(fail_from_two, range(8))
