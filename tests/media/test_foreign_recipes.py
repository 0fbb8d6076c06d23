import pytest
from PIL import PngImagePlugin

from tests.media.pictures import image_bytes, picture
from wiro_widgets.media.recipes import read_recipe, strip


def with_parameters(text: str, is_compressed: bool = False) -> bytes:
    """Return a PNG that AUTOMATIC1111 could have written."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text, zip=is_compressed)
    return image_bytes(picture(), "PNG", pnginfo=info)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_foreign_text_is_read(is_compressed: bool) -> None:
    """AUTOMATIC1111's text alone gives prompt, values and model."""
    text = (
        "a castle, (stone:1.2)\nNegative prompt: fog\n"
        'Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model: dream, Lora: "a, b: 1"'
    )
    assert read_recipe(with_parameters(text, is_compressed)) == {
        "model": "dream",
        "prompt": "a castle, (stone:1.2)",
        "seed": 42,
        "parameters": {
            "prompt": "a castle, (stone:1.2)",
            "negativePrompt": "fog",
            "steps": 28,
            "Sampler": "Euler a",
            "scale": 7,
            "seed": 42,
            "width": 512,
            "height": 768,
            "Lora": "a, b: 1",
        },
    }


@pytest.mark.parametrize("text", ["just a prompt, with: colons", "", "a\nb", "x: 1, y: 2, z: 3", "{}", "[1]"])
def test_other_text_is_no_recipe(text: str) -> None:
    """A text that is neither ours nor AUTOMATIC1111's gives nothing."""
    assert read_recipe(with_parameters(text)) is None


def test_foreign_text_is_stripped() -> None:
    """Stripping removes another tool's text as well."""
    assert strip(with_parameters("a\nSteps: 1, Seed: 2, Model: x")) == image_bytes(picture(), "PNG")


def test_wrong_types_in_a_file_are_left_out() -> None:
    """Fields of the wrong type are left out of a recipe."""
    data = with_parameters('{"wiro_widgets": "9", "model": 5, "prompt": "a", "parameters": [1], "more": 1}')
    assert read_recipe(data) == {"wiro_widgets": "9", "prompt": "a"}


def test_a_size_beyond_all_sizes_is_no_size() -> None:
    """Python refuses to read such a number; the rest of the text is read."""
    huge = "9" * 5_000
    recipe = read_recipe(with_parameters(f"cat\nSteps: 1, Seed: 2, Size: 9x{huge}, Model: a/b"))
    assert recipe is not None
    assert (recipe["model"], recipe["parameters"]["prompt"]) == ("a/b", "cat")
    assert not {"width", "height"} & recipe["parameters"].keys()
