"""Pictures of other programs, read by sd-parsers, which is the extra `recipes`."""

import io
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from wiro_widgets import read_recipe
from wiro_widgets.media import other_recipes

pytest.importorskip("sd_parsers")

GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 42, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox in the snow", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
}  # fmt: skip
LINKS = [[1, 4, 0, 3, 0, "MODEL"], [2, 6, 0, 3, 1, "CONDITIONING"], [3, 7, 0, 3, 2, "CONDITIONING"]]
COMFY = {"prompt": json.dumps(GRAPH), "workflow": json.dumps({"links": LINKS})}
INVOKE = {
    "generation_mode": "txt2img", "positive_prompt": "a fox in the snow", "negative_prompt": "blurry",
    "width": 512, "height": 768, "seed": 42, "cfg_scale": 7.5, "steps": 20, "scheduler": "euler",
    "model": {"name": "sdxl", "hash": "abc"},
}  # fmt: skip
NOVEL = {
    "prompt": "a fox in the snow",
    "steps": 20,
    "height": 768,
    "width": 512,
    "scale": 7.5,
    "uc": "blurry",
}
NOVEL |= {"sampler": "k_euler", "seed": 42}
FOOOCUS = {
    "base_model": "jugg", "base_model_hash": "abc", "full_negative_prompt": ["blurry"], "guidance_scale": 7.5,
    "full_prompt": ["a fox in the snow"], "prompt": "a fox", "negative_prompt": "blurry", "sampler": "euler",
    "resolution": "(512, 768)", "scheduler": "karras", "seed": "42", "steps": 20, "metadata_scheme": "fooocus",
    "version": "Fooocus v2.2.1",
}  # fmt: skip
PICTURES: dict[str, dict[str, str]] = {
    "ComfyUI": COMFY,
    "InvokeAI": {"invokeai_metadata": json.dumps(INVOKE)},
    "NovelAI": {
        "Software": "NovelAI",
        "Source": "NovelAI",
        "Description": "a fox in the snow",
        "Comment": json.dumps(NOVEL),
    },
    "Fooocus": {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"},
}


def png(texts: Mapping[str, str]) -> bytes:
    """Return a PNG with these texts."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG", pnginfo=info)
    return data.getvalue()


@pytest.mark.parametrize("program", PICTURES)
def test_the_recipe_of_another_program_is_read(program: str, tmp_path: Path) -> None:
    """Prompt, negative prompt, seed, steps and size have the ids that AUTOMATIC1111's have too."""
    path = tmp_path / "picture.png"
    path.write_bytes(png(PICTURES[program]))
    recipe = read_recipe(path)
    assert recipe is not None
    assert (recipe["prompt"], recipe["seed"]) == ("a fox in the snow", 42)
    values = dict(recipe["parameters"])
    values.pop("scale", None)
    expected = {"prompt": "a fox in the snow", "negativePrompt": "blurry", "seed": 42, "steps": 20}
    assert values == expected | {"width": 512, "height": 768}
    with Image.open(path) as image:
        assert read_recipe(image) == read_recipe(path.read_bytes()) == recipe


def test_the_model_is_named() -> None:
    """The file of the model stands in the recipe, although it is none of Wiro's."""
    recipe = read_recipe(png(COMFY))
    assert recipe is not None
    assert recipe["model"] == "v1-5.safetensors"
    assert recipe["parameters"]["scale"] == 7.5


def test_a_jpeg_has_it_in_its_comment() -> None:
    """Fooocus writes into EXIF's comment of a JPEG and of a WebP."""
    for kind in ("JPEG", "WEBP"):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + json.dumps(FOOOCUS).encode("utf-16-be")
        data = io.BytesIO()
        Image.new("RGB", (8, 8)).save(data, kind, exif=exif)
        recipe = read_recipe(data)
        assert recipe is not None
        assert recipe["prompt"] == "a fox in the snow"
        assert read_recipe(Image.open(data)) == recipe


@pytest.mark.parametrize(
    "texts",
    [
        {"prompt": "{", "workflow": "{}"},
        {"prompt": "[]", "workflow": "[]"},
        {"prompt": "{}", "workflow": '{"links": []}'},
        {"Comment": "[1]"},
        {"parameters": "nothing"},
        {},
    ],
)
def test_what_is_no_recipe_is_none(texts: dict[str, str]) -> None:
    """Malformed and foreign texts raise nothing."""
    assert read_recipe(png(texts)) is None


def test_a_huge_graph_is_not_followed() -> None:
    """A graph whose links would be followed for minutes is left alone."""
    graph = {str(number): {**GRAPH["3"]} for number in range(1500)}
    links = [[0, number, 0, number + 1, 0, "MODEL"] for number in range(1500)]
    start = time.process_time()
    assert read_recipe(png({"prompt": json.dumps(graph), "workflow": json.dumps({"links": links})})) is None
    assert time.process_time() - start < 5


def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without sd-parsers such a picture has no recipe, and nothing is raised."""
    monkeypatch.setattr(other_recipes, "find_spec", lambda _name: None)
    assert read_recipe(png(COMFY)) is None
