import io
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.media.pictures import encoded, picture, pixels
from wiro_widgets.media.images import decode
from wiro_widgets.media.recipes import embed, read_recipe, recipe_of, strip, strip_recipe
from wiro_widgets.protocol.record import TaskRecord

RECORD = TaskRecord(
    task_id="534574",
    model="tencent/hunyuan-flux-srpo",
    prompt='A cat, "sleeping": ünïcode 猫\nsecond line',
    seed=7350148318,
    parameters={
        "prompt": 'A cat, "sleeping": ünïcode 猫\nsecond line',
        "inputImage": "https://api.wiro.ai/v1/File/mCmUXgZLG1FN/inputImage-6060136.png",
        "steps": 20,
        "scale": 3.5,
        "strength": 0.88,
        "samples": 1,
        "seed": 7350148318,
        "width": 1024,
        "height": 768,
        "callbackUrl": "https://me.example/hook?token=x",
    },
    total_cost=0.00351,
    created_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
)
RECIPE = recipe_of(RECORD, version="0.1.0")
EXIF = Image.Exif()
EXIF[0x0110] = "A camera"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
FILES = {
    "png": encoded(picture(), "PNG"),
    "png with palette": encoded(picture(mode="P"), "PNG"),
    "png with alpha": encoded(picture(mode="RGBA"), "PNG"),
    "jpeg": encoded(picture(), "JPEG"),
    "progressive jpeg": encoded(picture(), "JPEG", progressive=True),
    "grey jpeg": encoded(picture(mode="L"), "JPEG"),
    "jpeg with exif": encoded(picture(), "JPEG", exif=EXIF),
    "jpeg with comment": encoded(picture(), "JPEG", comment=b"mine"),
    "jpeg with exif and comment": encoded(picture(), "JPEG", exif=EXIF, comment=b"mine"),
    "webp": encoded(picture(), "WEBP"),
    "odd webp": encoded(picture(33, 17), "WEBP"),
    "lossless webp": encoded(picture(), "WEBP", lossless=True),
    "lossless webp with alpha": encoded(picture(mode="RGBA"), "WEBP", lossless=True),
    "webp with alpha": encoded(picture(mode="RGBA"), "WEBP"),
    "webp with exif": encoded(picture(), "WEBP", exif=EXIF),
    "webp with xmp": encoded(picture(), "WEBP", xmp=XMP),
    "animated webp": encoded(
        picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)], lossless=True
    ),
    "animated png": encoded(picture(), "PNG", save_all=True, append_images=[picture().rotate(90)]),
}
every_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES.keys())


def test_recipe_holds_what_repeats_the_run() -> None:
    """A recipe has model, values, task, cost, time and version; files by name, no callback address."""
    assert {
        "wiro_widgets": "0.1.0",
        "model": "tencent/hunyuan-flux-srpo",
        "prompt": RECORD.prompt,
        "seed": 7350148318,
        "task_id": "534574",
        "total_cost": 0.00351,
        "created_at": "2026-05-01T12:00:00+00:00",
        "parameters": {
            "prompt": RECORD.prompt,
            "inputImage": "inputImage-6060136.png",
            "steps": 20,
            "scale": 3.5,
            "strength": 0.88,
            "samples": 1,
            "seed": 7350148318,
            "width": 1024,
            "height": 768,
        },
    } == RECIPE


@every_file
def test_recipe_comes_back(data: bytes) -> None:
    """What was embedded in an image file is read back from its bytes."""
    assert read_recipe(embed(data, RECIPE)) == RECIPE


@every_file
def test_recipe_comes_back_from_a_pil_image(data: bytes) -> None:
    """What was embedded is read back from the decoded image."""
    assert read_recipe(decode(embed(data, RECIPE))) == RECIPE


@every_file
def test_pixels_stay_identical(data: bytes) -> None:
    """Embedding and stripping leave every pixel, the size and the mode as they were."""
    assert pixels(embed(data, RECIPE)) == pixels(strip(embed(data, RECIPE))) == pixels(data)


@every_file
def test_strip_restores_the_file(data: bytes) -> None:
    """Stripping gives back the file that was there before, byte for byte."""
    assert strip(embed(data, RECIPE)) == data


@every_file
def test_embedding_twice_replaces(data: bytes) -> None:
    """A second recipe takes the place of the first."""
    assert embed(embed(data, {"model": "a/b"}), RECIPE) == embed(data, RECIPE)


def test_frames_of_an_animation_stay() -> None:
    """An animated file keeps its frames."""
    with Image.open(io.BytesIO(embed(FILES["animated webp"], RECIPE))) as image:
        image.seek(1)
        assert image.convert("RGB").tobytes() == picture().rotate(90).tobytes()


def test_own_exif_is_kept() -> None:
    """The EXIF that an image came with is still there beside the recipe."""
    for name in ("jpeg with exif", "webp with exif"):
        with Image.open(io.BytesIO(embed(FILES[name], RECIPE))) as image:
            assert image.getexif()[0x0110] == "A camera"


def test_other_tools_find_the_text() -> None:
    """A PNG carries AUTOMATIC1111's text under "parameters", a JPEG in its EXIF comment."""
    with Image.open(io.BytesIO(embed(FILES["png"], RECIPE))) as image:
        text = image.info["parameters"]
    assert text == (
        'A cat, "sleeping": ünïcode 猫\nsecond line\n'
        "Steps: 20, CFG scale: 3.5, Seed: 7350148318, Size: 1024x768, Model: tencent/hunyuan-flux-srpo, "
        "inputImage: inputImage-6060136.png, Denoising strength: 0.88, samples: 1"
    )
    with Image.open(io.BytesIO(embed(FILES["jpeg"], RECIPE))) as image:
        assert image.getexif().get_ifd(0x8769)[0x9286] == b"UNICODE\0" + text.encode("utf-16-be")


def test_read_and_strip_on_disk(tmp_path: Path) -> None:
    """A file's recipe is read by its path and removed in place, which says whether there was one."""
    path = tmp_path / "0.png"
    path.write_bytes(embed(FILES["png"], RECIPE))
    assert read_recipe(str(path)) == RECIPE
    assert (strip_recipe(path), strip_recipe(path)) == (True, False)
    assert path.read_bytes() == FILES["png"]


def test_only_allowed_fields_are_written() -> None:
    """Anything that is not on the list, and any credential among the values, stays out of the file."""
    planted: dict[str, Any] = {**RECIPE, "api_secret": "planted", "socketaccesstoken": "planted"}
    planted["parameters"] = {
        "prompt": "x",
        "openai_api_key": "planted",
        "image": "https://u:planted@h/a.png?planted",
    }
    for data in FILES.values():
        written = embed(data, planted)
        assert b"planted" not in written
        assert "planted".encode("utf-16-be") not in written


def test_files_that_are_no_such_image_are_untouched() -> None:
    """Other files come back as the very object they were."""
    for data in (
        b"",
        b"hello",
        encoded(picture(), "GIF"),
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"\xff\xd8\xff",
    ):
        assert embed(data, RECIPE) is data
        assert strip(data) is data
        assert read_recipe(data) is None


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_cut_files_are_untouched_or_readable(name: str) -> None:
    """A file cut anywhere raises nothing; it is left alone, or it holds the recipe."""
    for end in range(0, len(FILES[name]), 7):
        written = embed(FILES[name][:end], RECIPE)
        assert written == FILES[name][:end] or read_recipe(written) == RECIPE


@given(st.sampled_from(sorted(FILES)), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_broken_files_raise_nothing(name: str, at: int, noise: bytes) -> None:
    """Whatever bytes a file has, reading, embedding and stripping raise nothing."""
    whole = embed(FILES[name], RECIPE)
    broken = whole[:at] + noise + whole[at + len(noise) :]
    read_recipe(broken)
    strip(embed(broken, RECIPE))


def test_a_long_prompt_that_no_exif_holds() -> None:
    """A JPEG whose EXIF has no room for both texts has the recipe in a comment, at worst it is left alone."""
    short: dict[str, Any] = {"wiro_widgets": "1", "model": "a/b", "prompt": "x" * 40_000}
    long: dict[str, Any] = {**short, "prompt": "x" * 70_000}
    assert dict(read_recipe(embed(FILES["jpeg"], short)) or {}) == short
    assert embed(FILES["jpeg"], long) is FILES["jpeg"]
    assert dict(read_recipe(embed(FILES["png"], long)) or {}) == long


def fastest(call: Callable[[], object]) -> float:
    """Return the seconds of this thread's own work in the fastest of several calls, whatever else runs."""
    return min(timeit.repeat(call, number=1, repeat=9, timer=time.thread_time))


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_embedding_is_cheap(image_format: str) -> None:
    """Embedding costs less than a tenth of decoding a picture of 1024 pixels."""
    data = encoded(picture(1024, 1024), image_format)
    assert fastest(lambda: embed(data, RECIPE)) < fastest(lambda: decode(data)) / 10


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_embedding_encodes_nothing_anew(image_format: str) -> None:
    """The compressed pixels come out as they went in."""
    data = encoded(picture(1024, 1024), image_format)
    assert data[len(data) // 4 : -len(data) // 4] in embed(data, RECIPE)
