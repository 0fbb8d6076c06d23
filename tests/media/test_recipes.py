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

from tests.media.pictures import image_bytes, picture, pixels
from wiro_widgets.media import image_blocks
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
    "png": image_bytes(picture(), "PNG"),
    "png with palette": image_bytes(picture(mode="P"), "PNG"),
    "png with alpha": image_bytes(picture(mode="RGBA"), "PNG"),
    "jpeg": image_bytes(picture(), "JPEG"),
    "progressive jpeg": image_bytes(picture(), "JPEG", progressive=True),
    "grey jpeg": image_bytes(picture(mode="L"), "JPEG"),
    "jpeg with exif": image_bytes(picture(), "JPEG", exif=EXIF),
    "jpeg with comment": image_bytes(picture(), "JPEG", comment=b"mine"),
    "jpeg with exif and comment": image_bytes(picture(), "JPEG", exif=EXIF, comment=b"mine"),
    "jpeg of four inks": image_bytes(picture(mode="CMYK"), "JPEG"),
    "jpeg of several pictures": image_bytes(
        picture(), "MPO", save_all=True, append_images=[picture().rotate(90)]
    ),
    "png of 16 bits": image_bytes(Image.new("I;16", (96, 64), 40_000), "PNG"),
    "webp": image_bytes(picture(), "WEBP"),
    "odd webp": image_bytes(picture(33, 17), "WEBP"),
    "lossless webp": image_bytes(picture(), "WEBP", lossless=True),
    "lossless webp with alpha": image_bytes(picture(mode="RGBA"), "WEBP", lossless=True),
    "webp with alpha": image_bytes(picture(mode="RGBA"), "WEBP"),
    "webp with exif": image_bytes(picture(), "WEBP", exif=EXIF),
    "webp with xmp": image_bytes(picture(), "WEBP", xmp=XMP),
    "animated webp": image_bytes(
        picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)], lossless=True
    ),
    "animated png": image_bytes(picture(), "PNG", save_all=True, append_images=[picture().rotate(90)]),
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
def test_strip_leaves_nothing_of_the_recipe(data: bytes) -> None:
    """After stripping there is no recipe and no word of it, and nothing more to strip."""
    bare = strip(embed(data, RECIPE))
    assert read_recipe(bare) is None
    assert b"hunyuan" not in bare
    assert "hunyuan".encode("utf-16-be") not in bare
    assert "hunyuan".encode("utf-16-le") not in bare
    assert strip(bare) is bare


@pytest.mark.parametrize("name", ["png", "png with palette", "animated png", "jpeg", "jpeg with comment"])
def test_strip_restores_a_png_or_jpeg(name: str) -> None:
    """Stripping a PNG, or a JPEG without EXIF of its own, gives back the file byte for byte."""
    assert strip(embed(FILES[name], RECIPE)) == FILES[name]


@every_file
def test_embedding_twice_replaces(data: bytes) -> None:
    """A second recipe takes the place of the first."""
    assert embed(embed(data, {"model": "a/b"}), RECIPE) == embed(data, RECIPE)


def test_pictures_of_an_mpo_stay() -> None:
    """A JPEG of several pictures keeps them: their places count from behind the recipe."""
    for length in (10, 100_000):
        whole = embed(FILES["jpeg of several pictures"], {**RECIPE, "prompt": "x" * length})
        with Image.open(io.BytesIO(whole)) as image:
            image.seek(1)
            with Image.open(io.BytesIO(FILES["jpeg of several pictures"])) as original:
                original.seek(1)
                assert image.tobytes() == original.tobytes()


def test_frames_of_an_animation_stay() -> None:
    """An animated file keeps its frames."""
    with Image.open(io.BytesIO(embed(FILES["animated webp"], RECIPE))) as image:
        image.seek(1)
        assert image.convert("RGB").tobytes() == picture().rotate(90).tobytes()


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
def test_own_exif_is_kept(image_format: str) -> None:
    """The EXIF that an image came with is there beside the recipe, and after stripping."""
    exif = Image.Exif()
    exif[0x0110] = "A camera"
    exif.get_ifd(0x8769)[0x9003] = "2026:05:01 12:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    whole = embed(image_bytes(picture(), image_format, exif=exif), RECIPE)
    for data in (whole, strip(whole)):
        with Image.open(io.BytesIO(data)) as image:
            tags = image.getexif()
            assert tags[0x0110] == "A camera"
            assert tags.get_ifd(0x8769)[0x9003] == "2026:05:01 12:00:00"
            assert tags.get_ifd(0x8825)[1] == "N"


def with_tag(image_format: str, tag: int, text: bytes) -> bytes:
    """Return a picture with this text in its EXIF."""
    exif = Image.Exif()
    exif[tag] = "x" * len(text)
    return image_bytes(picture(), image_format, exif=exif).replace(b"x" * len(text), text)


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
def test_a_foreign_description_stays(image_format: str) -> None:
    """A foreign description is not replaced: a JPEG has the recipe beside it, a WebP has no room for one."""
    data = with_tag(image_format, 0x010E, b"Summer at the sea")
    whole = embed(data, RECIPE)
    assert strip(whole) == strip(data) == data
    with Image.open(io.BytesIO(whole)) as image:
        assert image.getexif()[0x010E] == "Summer at the sea"
    assert read_recipe(whole) == (RECIPE if image_format == "JPEG" else None)


@pytest.mark.parametrize("image_format", ["JPEG", "WEBP"])
@pytest.mark.parametrize("text", ["Jos\u00e9".encode("latin-1"), "Jos\u00e9 \u732b".encode()])
def test_foreign_texts_that_are_not_ascii_stay(image_format: str, text: bytes) -> None:
    """A text of another encoding stays as it is beside the recipe, and after stripping."""
    data = with_tag(image_format, 0x013B, text)
    whole = embed(data, RECIPE)
    assert read_recipe(whole) == RECIPE
    for result in (whole, strip(whole)):
        assert text in result
        with Image.open(io.BytesIO(result)) as image:
            assert image.getexif()[0x013B] == text.decode("latin-1")
    assert read_recipe(strip(whole)) is None


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
    fields: dict[str, Any] = {**RECIPE, "api_secret": "planted", "socketaccesstoken": "planted"}
    fields["parameters"] = {
        "prompt": "x",
        "openai_api_key": "planted",
        "image": "https://u:planted@h/a.png?planted",
    }
    for data in FILES.values():
        result = embed(data, fields)
        assert b"planted" not in result
        assert "planted".encode("utf-16-be") not in result
        assert "planted".encode("utf-16-le") not in result


def test_files_that_are_no_such_image_are_untouched() -> None:
    """Other files come back as the very object they were."""
    for data in (
        b"",
        b"hello",
        image_bytes(picture(), "GIF"),
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
        result = embed(FILES[name][:end], RECIPE)
        assert result == FILES[name][:end] or read_recipe(result) == RECIPE


@given(st.sampled_from(sorted(FILES)), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_broken_files_raise_nothing(name: str, at: int, noise: bytes) -> None:
    """Whatever bytes a file has, reading, embedding and stripping raise nothing."""
    whole = embed(FILES[name], RECIPE)
    data = whole[:at] + noise + whole[at + len(noise) :]
    read_recipe(data)
    strip(embed(data, RECIPE))


LENGTHS = [1_000, 5_454, 5_455, 20_000, 32_726, 32_727, 40_000, 70_000, 1_000_000]


@pytest.mark.parametrize("letter", ["x", "\u732b", '"', "\U0001f408"])
@pytest.mark.parametrize("name", ["jpeg", "jpeg with exif", "webp", "png"])
def test_prompts_of_any_length_come_back(name: str, letter: str) -> None:
    """No recipe is dropped for its length, whatever its script; stripping removes all of it."""
    for length in LENGTHS:
        prompt = letter * length
        recipe: dict[str, Any] = {
            "wiro_widgets": "1",
            "model": "a/b",
            "prompt": prompt,
            "parameters": {"prompt": prompt},
        }
        whole = embed(FILES[name], recipe)
        assert read_recipe(whole) == recipe, length
        assert read_recipe(decode(whole)) == recipe, length
        assert embed(whole, RECIPE) == embed(FILES[name], RECIPE)
        assert read_recipe(strip(whole)) is None
        assert pixels(whole) == pixels(FILES[name])


def test_the_prompt_is_written_once() -> None:
    """Our text in EXIF names a prompt once and is UTF-8, so that 60,000 letters fit beside Pillow's own limits."""
    prompt = "\u732b" * 20_000
    recipe: dict[str, Any] = {
        "wiro_widgets": "1",
        "prompt": prompt,
        "parameters": {"prompt": prompt, "steps": 2},
    }
    whole = embed(FILES["jpeg"], recipe)
    assert whole.count("\u732b".encode()) == 20_000
    with Image.open(io.BytesIO(whole)) as image:
        assert read_recipe(image.copy()) == recipe


@pytest.mark.parametrize(("letter", "length"), [("x", 20_000), ("\u732b", 12_000), ("\u732b", 30_000)])
def test_other_tools_find_long_texts(letter: str, length: int) -> None:
    """AUTOMATIC1111's text is in the EXIF of a JPEG wherever it fits, and ours goes where there is room."""
    recipe: dict[str, Any] = {
        "model": "a/b",
        "prompt": letter * length,
        "parameters": {"steps": 2, "seed": 3},
    }
    with Image.open(io.BytesIO(embed(FILES["jpeg"], recipe))) as image:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
    text = comment[8:].decode("ascii" if comment.startswith(b"ASCII") else "utf-16-be")
    assert text == f"{letter * length}\nSteps: 2, Seed: 3, Model: a/b"


def test_a_missing_part_is_no_recipe() -> None:
    """A recipe of several segments of which one was lost is not read as something else."""
    long = {"wiro_widgets": "1", "model": "a/b", "prompt": "x" * 200_000}
    container = image_blocks.read(embed(FILES["jpeg"], long))
    assert container is not None
    segments = [block for block in container.blocks if block.kind == b"\xef"]
    assert len(segments) == 4
    for block in segments:
        data = container.data[: block.start] + container.data[block.end :]
        assert read_recipe(data) is None
        assert strip(data) == FILES["jpeg"]


def fastest(call: Callable[[], object]) -> float:
    """Return the seconds of this thread's own work in the fastest of several calls, whatever else runs."""
    return min(timeit.repeat(call, number=1, repeat=9, timer=time.thread_time))


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_embedding_is_cheap(image_format: str) -> None:
    """Embedding costs less than a tenth of decoding a picture of 1024 pixels."""
    data = image_bytes(picture(1024, 1024), image_format)
    assert fastest(lambda: embed(data, RECIPE)) < fastest(lambda: decode(data)) / 10


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_embedding_encodes_nothing_anew(image_format: str) -> None:
    """The compressed pixels come out as they went in."""
    data = image_bytes(picture(1024, 1024), image_format)
    assert data[len(data) // 4 : -len(data) // 4] in embed(data, RECIPE)
