import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import PngImagePlugin

from tests.media.pictures import image_bytes, picture
from wiro_widgets.media import a1111
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


VALUES = "Steps: 28, Sampler: Euler a, Seed: 42, Model: dream"


def parameters_of(text: str) -> dict[str, Any]:
    """Return the parameters that are read of such a text."""
    recipe = read_recipe(with_parameters(text))
    assert recipe is not None
    return dict(recipe["parameters"])


@pytest.mark.parametrize(
    ("pair", "name", "value"),
    [
        ('Lora hashes: "a: 1, b: 2"', "Lora hashes", "a: 1, b: 2"),
        ('ADetailer prompt: "one,\ntwo: 2"', "ADetailer prompt", "one,\ntwo: 2"),
        ('ADetailer prompt: "one,\\ntwo \\"three\\", 4"', "ADetailer prompt", 'one,\ntwo "three", 4'),
        ('Hashes: {"model": "a", "vae": "b"}', "Hashes", '{"model": "a", "vae": "b"}'),
        (
            'Civitai resources: [{"a": [1, 2]},\n {"b": 3}]',
            "Civitai resources",
            '[{"a": [1, 2]},\n {"b": 3}]',
        ),
        ('Resources: [{"name": "a ] b, c"}]', "Resources", '[{"name": "a ] b, c"}]'),
        ("Tiled Diffusion: {'Method': 'A', 'Size': 96}", "Tiled Diffusion", "{'Method': 'A', 'Size': 96}"),
        ("VAE: best (pruned, fp16)", "VAE", "best (pruned, fp16)"),
        ("Mood: :(", "Mood", ":("),
        ("Mood: (:", "Mood", "(:"),
        ('Style: 5" tall', "Style", '5" tall'),
        ("Note: ", "Note", ""),
    ],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_values_in_quotes_and_brackets_are_whole(pair: str, name: str, value: str, is_last: bool) -> None:
    """Commas, colons and new lines inside quotes and brackets belong to the value; a lone bracket is a letter."""
    text = f"a cat\n{VALUES}, {pair}" + ("" if is_last else ", CFG scale: 7")
    read = parameters_of(text)
    assert read.pop(name) == value
    expected = {"prompt": "a cat", "steps": 28, "Sampler": "Euler a", "seed": 42}
    assert read == expected | ({} if is_last else {"scale": 7})


def test_lines_behind_the_values_are_values() -> None:
    """A line behind the values is pairs, or one pair that takes the line; it takes nothing from the prompt."""
    assert parameters_of(
        f"a cat,\na hat\nNegative prompt: fog,\nrain\n{VALUES}\n"
        "Template: a {cat|dog}, (best: 1), blue\nand red\n"
        'Used embeddings: one [1], two [2]\n\nVersion: v1.6.0, Parser: Full, Hashes: {"a": 1, "b": 2}'
    ) == {
        "prompt": "a cat,\na hat",
        "negativePrompt": "fog,\nrain",
        "steps": 28,
        "Sampler": "Euler a",
        "seed": 42,
        "Template": "a {cat|dog}, (best: 1), blue\nand red",
        "Used embeddings": "one [1], two [2]",
        "Version": "v1.6.0",
        "Parser": "Full",
        "Hashes": '{"a": 1, "b": 2}',
    }


def test_a_negative_prompt_behind_the_values_is_one() -> None:
    """Some programs write the negative prompt last."""
    assert parameters_of(f"a cat\n{VALUES}\nNegative prompt: fog, rain")["negativePrompt"] == "fog, rain"


def test_lines_of_windows_are_lines() -> None:
    """A text whose lines end as Windows has them is the same text."""
    text = f'a cat,\nsits\nNegative prompt: fog\n{VALUES}, Note: "a,\nb"\nVersion: v1'
    assert (
        parameters_of(text.replace("\n", "\r\n"))
        == parameters_of(text)
        == parameters_of(text.replace("\n", "\r"))
    )


def test_a_prompt_that_looks_like_values_is_a_prompt() -> None:
    """The last line that begins with the steps has the values, and a line inside quotes is none."""
    assert parameters_of(f"Steps: 1, Seed: 2, Model: x\n{VALUES}")["prompt"] == "Steps: 1, Seed: 2, Model: x"
    read = parameters_of(f'a cat\n{VALUES}, Note: "b\nSteps: 1, Seed: 2, Model: x"')
    assert (read["prompt"], read["steps"], read["Note"]) == ("a cat", 28, "b\nSteps: 1, Seed: 2, Model: x")


@given(
    st.dictionaries(
        st.sampled_from(["style", "note", "lora 1", "Sampler"]),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).map(
            str.strip
        )
        | st.sampled_from(["a [b", "c], d", '"', "(", "a\nb", "x: 1, y: 2", "Steps: 1", "\\"]),
    )
)
def test_our_own_text_comes_back(values: dict[str, str]) -> None:
    """Whatever texts are among the values, our text for other tools is read as what was written."""
    text = a1111.to_text("a/b", "a cat", {"steps": 2, "seed": 3, **values})
    fields = a1111.from_text(text)
    assert fields is not None
    assert (fields[0], fields[1]) == ("a/b", "a cat")
    assert {key: str(value) for key, value in fields[2].items() if key in values} == {
        key: value if set(value) & set(',:"\r\n[](){}') else str(fields[2][key])
        for key, value in values.items()
    }


@pytest.mark.parametrize(
    "noise", ["a:[,", "Steps: [\n", 'Steps: "\n', "a: {(", "Steps: 1, b: 2, Model: 3\n", '"\\']
)
def test_a_text_made_to_cost_time_costs_little(noise: str) -> None:
    """A megabyte of open brackets, quotes or lines of values is read in a moment."""
    for text in (noise * (2**20 // len(noise)), f"{VALUES}, " + noise * (2**18 // len(noise))):
        start = time.thread_time()
        a1111.from_text(text)
        assert time.thread_time() - start < 5
