"""Images, as `generate` returns them, as inputs of other runs."""

from pathlib import Path

import pytest
from PIL import Image

from tests.sandbox_clients import FLUX, SMALL
from wiro_widgets import Client, Images, InvalidParameter


def test_images_as_an_input(sandbox_client: Client) -> None:
    """The pictures of one run go into the next, which knows its parent."""
    images = sandbox_client.generate(FLUX, prompt="a fox", **SMALL)
    assert isinstance(images, Images)
    assert images.record is not None
    task = sandbox_client.run(FLUX, prompt="in winter", inputImage=images, strength=0.5, **SMALL)
    assert task.wait().record.parents == (images.record.task_id,)
    part = sandbox_client.run(FLUX, prompt="in summer", inputImage=images[:1], strength=0.5, **SMALL)
    assert part.wait().record.parents == (images.record.task_id,)


def test_images_as_an_axis(sandbox_client: Client) -> None:
    """In a sweep they are an axis, as any list."""
    images = sandbox_client.generate(FLUX, prompt="a fox", samples=2, **SMALL)
    sweep = sandbox_client.sweep(FLUX, prompt="in winter", inputImage=images, strength=0.5, **SMALL).wait()
    assert len(sweep) == len(images) == 2
    assert [cell.record.parents for cell in sweep.cells] == [(images.outputs[0].task_id,)] * 2


def test_several_for_one(sandbox_client: Client) -> None:
    """A field of one picture says that there are two, and nothing is sent."""
    images = sandbox_client.generate(FLUX, prompt="a fox", samples=2, **SMALL)
    with pytest.raises(InvalidParameter, match="up to 1 file, not 2") as caught:
        sandbox_client.run(FLUX, prompt="in winter", inputImage=images, **SMALL)
    assert caught.value.parameter == "inputImage"


def test_pictures_of_ones_own(sandbox_client: Client) -> None:
    """A picture that was put into the list goes as it is, without a parent."""
    images = sandbox_client.generate(FLUX, prompt="a fox", **SMALL)
    images[0] = Image.new("RGB", (16, 16), "red")
    task = sandbox_client.run(FLUX, prompt="in winter", inputImage=images, strength=0.5, **SMALL)
    assert task.wait().record.parents == ()


def test_an_empty_list_is_no_picture(sandbox_client: Client) -> None:
    """Nothing is sent for a list without pictures."""
    with pytest.raises(InvalidParameter, match="inputImage"):
        sandbox_client.run(FLUX, prompt="in winter", inputImage=Images(), **SMALL)


def test_save_of_a_run(sandbox_client: Client, tmp_path: Path) -> None:
    """What `generate` returns is saved with the recipe in it."""
    images = sandbox_client.generate(FLUX, prompt="a fox", seed=7, **SMALL)
    (path,) = images.save(tmp_path / "saved")
    assert path.name.startswith("a-fox-7-0.")
    assert path.read_bytes() == images.outputs[0].bytes()
