"""Files built to cost time or memory: they are left as they are."""

import time
import zlib
from pathlib import Path

import pytest

from tests.media.pictures import image_bytes, picture
from wiro_widgets.media import image_blocks, recipes
from wiro_widgets.media.recipes import embed, read_recipe, strip

PNG = image_bytes(picture(), "PNG")
JPEG = image_bytes(picture(), "JPEG")
WEBP = image_bytes(picture(), "WEBP")
HEAD = 33  # bytes of a PNG before its second chunk
RECIPE = {"wiro_widgets": "1", "prompt": "a cat"}


def chunk(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a PNG chunk."""
    return len(payload).to_bytes(4, "big") + kind + payload + zlib.crc32(kind + payload).to_bytes(4, "big")


def with_blocks(name: str, count: int) -> bytes:
    """Return an image with so many empty blocks."""
    if name == "png":
        return PNG[:HEAD] + chunk(b"abCd") * count + PNG[HEAD:]
    if name == "jpeg":
        return JPEG[:2] + b"\xff\xec\0\2" * count + JPEG[2:]
    if name == "jpeg markers":
        return JPEG[:2] + b"\xff\x01" * count + JPEG[2:]
    body = WEBP[8:] + b"ABCD\0\0\0\0" * count
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize("name", ["png", "jpeg", "jpeg markers", "webp"])
def test_a_million_blocks_are_left_alone(name: str) -> None:
    """An image of a million empty blocks is neither read nor changed, and not walked to its end."""
    data = with_blocks(name, 1_000_000)
    start = time.process_time()
    assert embed(data, RECIPE) is data
    assert strip(data) is data
    assert read_recipe(data) is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_thousands_of_blocks_are_fine(name: str) -> None:
    """An image of thousands of blocks, as encoders write large ones, takes a recipe."""
    data = with_blocks(name, image_blocks.MAX_BLOCKS // 2)
    assert read_recipe(embed(data, RECIPE)) == RECIPE


def test_padding_is_skipped_at_once() -> None:
    """A JPEG of padding only, as its format allows, costs nothing."""
    data = JPEG[:2] + b"\xff" * 30_000_000 + JPEG[2:]
    start = time.process_time()
    assert read_recipe(embed(data, RECIPE)) == RECIPE
    assert time.process_time() - start < 1


def test_compressed_texts_are_inflated_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of compressed texts are inflated to one MiB in total, and stripped without being inflated."""
    sizes: list[int] = []
    real = zlib.decompressobj

    class Counting:
        """zlib that counts what it gives."""

        def decompress(self, data: bytes, room: int) -> bytes:
            """Inflate and count."""
            content = real().decompress(data, room)
            sizes.append(len(content))
            return content

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    bomb = chunk(b"zTXt", b"wiro\0\0" + zlib.compress(b"a" * 2**22, 9))
    data = PNG[:HEAD] + bomb * 300 + PNG[HEAD:]
    assert read_recipe(data) is None
    assert sum(sizes) == 2**20
    assert strip(data) == PNG
    assert sum(sizes) == 2**20


def test_large_files_are_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of a file beyond the limit is not read, from a path as little as from bytes."""
    path = tmp_path / "large.png"
    path.write_bytes(embed(PNG, RECIPE))
    assert read_recipe(path) == RECIPE
    monkeypatch.setattr(recipes, "MAX_READ", path.stat().st_size - 1)
    assert read_recipe(path) is None
    assert read_recipe(path.read_bytes()) is None
