import dataclasses
import io
import time
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.sandbox.raw import FLUX, POSTER, SKETCH, UPSCALE, Caller, png
from wiro_widgets.sandbox.painting.motifs import MOTIFS, Brush, choose_palette
from wiro_widgets.sandbox.painting.render import PAPER, Scene, _dice, draw, paint

SCENE = Scene("m", "a lighthouse", 7, 128, 96, 20, 3.5, 0.88)


def opened(data: bytes) -> Image.Image:
    """Decode a picture."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def distance(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def test_the_same_scene_gives_the_same_bytes() -> None:
    """A picture depends on its parameters and on nothing else."""
    assert paint(SCENE, None) == paint(SCENE, None)


@pytest.mark.parametrize(
    "change", [{"prompt": "a lighthouse!"}, {"seed": 8}, {"steps": 5}, {"scale": 9.0}, {"model": "n"}]
)
def test_another_parameter_gives_another_picture(change: dict[str, Any]) -> None:
    """Prompt, seed, steps, scale and model all show."""
    assert (
        distance(opened(paint(SCENE, None)), opened(paint(dataclasses.replace(SCENE, **change), None))) > 0.5
    )


def test_steps_refine_one_composition() -> None:
    """More steps sharpen the same picture, another seed composes another."""
    base = opened(paint(SCENE, None))
    more = opened(paint(dataclasses.replace(SCENE, steps=40), None))
    other = opened(paint(dataclasses.replace(SCENE, seed=8), None))
    assert distance(base, more) < distance(base, other)


@pytest.mark.parametrize("size", [(64, 64), (2048, 64), (64, 2048), (301, 203)])
def test_a_picture_has_the_size_asked_for(size: tuple[int, int]) -> None:
    """Also when it is tiny, long or odd."""
    scene = dataclasses.replace(SCENE, width=size[0], height=size[1])
    assert opened(paint(scene, None)).size == size


@pytest.mark.parametrize("motif", MOTIFS, ids=lambda motif: motif.__name__)
def test_every_motif_paints_every_size(motif: Any) -> None:
    """None of them fails on a small, flat or tall canvas."""
    for size in ((64, 64), (640, 64), (64, 640)):
        dice = _dice(motif.__name__, size)
        picture = motif(Brush(dice, choose_palette("night sea", dice, 0.5), 0.0), size)
        assert picture.size == size
        assert ImageStat.Stat(picture).extrema != [(0, 0)] * 3


def test_a_megapixel_is_quick() -> None:
    """1024 x 1024 takes well under half a second, so that the tests of everybody are quick."""
    started = time.process_time()
    paint(dataclasses.replace(SCENE, width=1024, height=1024), None)
    assert time.process_time() - started < 0.5


def test_strength_0_is_the_input() -> None:
    """Only the mark in its corner is new."""
    source = png((200, 30, 30), (128, 96))
    result = opened(paint(dataclasses.replace(SCENE, strength=0.0), source))
    left_half = (0, 0, 64, 96)
    assert distance(result.crop(left_half), opened(source).crop(left_half)) == 0


def test_more_strength_is_farther_from_the_input() -> None:
    """From the input at 0 to mostly new at 1, ever farther away."""
    source = png((200, 30, 30), (128, 96))
    distances = [
        distance(opened(paint(dataclasses.replace(SCENE, strength=strength), source)), opened(source))
        for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert distances == sorted(distances)
    new = opened(paint(SCENE, None))
    assert distance(opened(paint(dataclasses.replace(SCENE, strength=1.0), source)), new) < distances[-1] / 2


def test_pictures_are_marked_as_the_sandboxs() -> None:
    """The corner at the lower right carries the mark even where the input is given back."""
    source = png((200, 30, 30), (256, 256))
    scene = dataclasses.replace(SCENE, width=256, height=256, strength=0.0)
    corner = opened(paint(scene, source)).crop((180, 230, 256, 256))
    assert distance(corner, Image.new("RGB", corner.size, (200, 30, 30))) > 10


def test_the_uploaded_bytes_are_really_used(caller: Caller) -> None:
    """Two inputs give two pictures of the same prompt and seed."""
    data = {"prompt": "a pier", "width": "64", "height": "64", "steps": "1", "strength": "0"}
    sizes = []
    for colour in ((200, 30, 30), (30, 30, 200)):
        files = {"inputImage": ("a.png", png(colour))}
        picture = caller.picture(
            caller.wait_until_settled(caller.call(f"Run/{FLUX}", data=data, files=files))
        )
        sizes.append(picture.getpixel((5, 5)))
    assert sizes == [(200, 30, 30), (30, 30, 200)]


def test_an_input_may_be_an_address_of_the_sandbox(caller: Caller) -> None:
    """File/Upload gives an address, and the model starts from what lies there."""
    address = caller.call("File/Upload", files={"file": ("a.png", png((1, 2, 3)))})["list"][0]["url"]
    task = caller.finish(inputImage=address, strength="0")
    assert task["parameters"]["inputImage"] == address
    assert caller.picture(task).getpixel((5, 5)) == (1, 2, 3)


def test_an_address_elsewhere_is_never_fetched(caller: Caller) -> None:
    """A stand-in is drawn, and the log says so."""
    task = caller.finish(inputImage="https://example.com/image1.jpg")
    assert task["pexit"] == "0"
    assert "The sandbox makes no outside requests" in task["debugoutput"]


def test_an_input_that_is_no_picture_fails_the_task(caller: Caller) -> None:
    """The task exits with 1 and stderr says why."""
    files = {"inputImage": ("a.png", b"not a picture")}
    task = caller.wait_until_settled(caller.call(f"Run/{FLUX}", data={"prompt": "a pier"}, files=files))
    assert (task["pexit"], task["outputs"]) == ("1", [])
    assert "cannot be identified" in task["debugerror"]


def test_samples_follow_each_other_by_seed(caller: Caller) -> None:
    """The second sample is the picture of the next seed."""
    two = caller.finish(samples="2", seed="5")
    next_one = caller.finish(seed="6")
    assert caller.picture(two, 1).tobytes() == caller.picture(next_one).tobytes()
    assert caller.picture(two, 0).tobytes() != caller.picture(two, 1).tobytes()


@pytest.mark.parametrize("scale", ["2", "3"])
def test_upscale_enlarges_the_upload(caller: Caller, scale: str) -> None:
    """Every side is `scale` times as long."""
    files = {"inputImage": ("a.png", png(size=(40, 30)))}
    task = caller.wait_until_settled(caller.call(f"Run/{UPSCALE}", data={"scale": scale}, files=files))
    assert caller.picture(task).size == (40 * int(scale), 30 * int(scale))


def test_a_sketch_is_pencil_on_paper(caller: Caller) -> None:
    """The fast model draws one picture of the size asked for, without a colour, mostly paper."""
    picture = caller.picture(caller.finish(SKETCH, width="200", height="120", seed="3"))
    assert picture.size == (200, 120)
    assert max(ImageStat.Stat(picture.convert("HSV").getchannel("S")).mean) < 40
    assert distance(picture, Image.new("RGB", picture.size, PAPER)) < 90
    assert draw(SCENE) == draw(SCENE) != draw(dataclasses.replace(SCENE, seed=8))


@pytest.mark.parametrize(
    ("resolution", "size"), [("480p", (320, 480)), ("720p", (480, 720)), ("1080p", (720, 1080))]
)
def test_a_poster_has_the_size_that_it_is_priced_by(
    caller: Caller, resolution: str, size: tuple[int, int]
) -> None:
    """Each resolution has a size of its own, and each sample the next seed."""
    task = caller.finish(POSTER, resolution=resolution, samples="2")
    assert [caller.picture(task, number).size for number in (0, 1)] == [size, size]
    assert distance(caller.picture(task, 0), caller.picture(task, 1)) > 0.5
