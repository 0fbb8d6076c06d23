"""Recipes in files and open files: read, written into pictures that Pillow saved, and removed."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.media.pictures import image_bytes, picture, pixels
from wiro_widgets.media.recipes import embed, read_recipe, recipe_of, strip_recipe, write_recipe
from wiro_widgets.protocol.record import TaskRecord

RECORD = TaskRecord(
    "7", "a/b", prompt="a cat", seed=2**40, parameters={"prompt": "a cat", "seed": 2**40, "image": b"123"}
)
RECIPE = recipe_of(RECORD, version="0.1.0")
FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
CHANGES: list[Callable[[Image.Image], Image.Image]] = [
    Image.Image.copy,
    lambda image: image.resize((40, 30)),
    lambda image: image.crop((0, 0, 20, 20)),
    lambda image: image.convert("L"),
]


def image_with_recipe(name: str) -> Image.Image:
    """Return a picture with a recipe as a PIL image."""
    image = Image.open(io.BytesIO(embed(image_bytes(picture(), FORMATS[name]), RECIPE)))
    image.load()
    return image


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("saved_as", FORMATS)
@pytest.mark.parametrize("change", CHANGES, ids=["copied", "resized", "cropped", "grey"])
def test_a_picture_that_was_edited(
    tmp_path: Path, name: str, saved_as: str, change: Callable[[Image.Image], Image.Image]
) -> None:
    """A picture keeps its recipe while it is edited, and `write_recipe` puts it into the file that Pillow saved."""
    image = change(image_with_recipe(name))
    assert read_recipe(image) == RECIPE
    path = tmp_path / f"edited.{saved_as}"
    image.save(path)
    before = pixels(path.read_bytes())
    write_recipe(path, image)
    assert (read_recipe(path), pixels(path.read_bytes())) == (RECIPE, before)


def test_a_recipe_is_replaced(tmp_path: Path) -> None:
    """An older recipe is replaced, whether the new one is a record or a recipe that was read."""
    path = tmp_path / "a.png"
    path.write_bytes(embed(image_bytes(picture(), "PNG"), {"wiro_widgets": "0", "model": "old/model"}))
    write_recipe(str(path), RECORD)
    assert read_recipe(path) == RECIPE
    write_recipe(path, {**RECIPE, "model": "c/d", "secret": "planted"})
    assert read_recipe(path) == {**RECIPE, "model": "c/d"}
    assert b"planted" not in path.read_bytes()
    assert b"old/model" not in path.read_bytes()


@pytest.mark.parametrize(
    "recipe", [{}, {"secret": "x"}, picture()], ids=["empty", "of other words", "a bare picture"]
)
def test_nothing_to_write(tmp_path: Path, recipe: Any) -> None:
    """Without a recipe nothing is written."""
    path = tmp_path / "a.png"
    path.write_bytes(image_bytes(picture(), "PNG"))
    with pytest.raises(ValueError, match="no recipe to write"):
        write_recipe(path, recipe)
    assert path.read_bytes() == image_bytes(picture(), "PNG")


@pytest.mark.parametrize(
    "data", [b"", b"no picture", image_bytes(picture(), "GIF")], ids=["empty", "text", "GIF"]
)
def test_a_file_that_holds_no_recipe(tmp_path: Path, data: bytes) -> None:
    """A file of another format is left as it is, and the error names it."""
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.png cannot hold a recipe"):
        write_recipe(path, RECIPE)
    assert path.read_bytes() == data
    with pytest.raises(FileNotFoundError):
        write_recipe(tmp_path / "missing.png", RECIPE)


def test_open_files(tmp_path: Path) -> None:
    """A binary file is read from its start and keeps its position; a pipe is read as it comes."""
    data = embed(image_bytes(picture(), "PNG"), RECIPE)
    in_memory = io.BytesIO(data)
    in_memory.seek(5)
    assert (read_recipe(in_memory), in_memory.tell()) == (RECIPE, 5)
    (tmp_path / "a.png").write_bytes(data)
    with (tmp_path / "a.png").open("rb") as file:
        assert read_recipe(file) == RECIPE
    reading, writing = os.pipe()
    os.write(writing, data[:4_000])
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert read_recipe(pipe) == (RECIPE if len(data) <= 4_000 else None)
    assert read_recipe(io.BytesIO(b"no picture")) is None
    with pytest.raises(TypeError):
        read_recipe(None)  # type: ignore[arg-type]  # the value of a mistyped name


def test_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path may begin with ~ wherever a recipe is read, written or removed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "a.png").write_bytes(image_bytes(picture(), "PNG"))
    write_recipe("~/a.png", RECIPE)
    assert read_recipe("~/a.png") == RECIPE
    assert (strip_recipe("~/a.png"), read_recipe(Path("~/a.png"))) == (True, None)
