"""What Wiro tells of a model besides its parameters, in each shape of the wire."""

import json
from typing import Any

import pytest

from wiro_widgets import ModelSchema
from wiro_widgets.protocol import replies
from wiro_widgets.protocol.schema.model_info import MAX_EXAMPLES, ModelInfo, fit, snippet
from wiro_widgets.protocol.schema.scalars import UntrustedText

ITEMS = [
    {"id": "prompt", "type": "textarea", "required": True},
    {"id": "steps", "type": "range", "min": 1, "max": 50, "step": 1, "default": 20},
    {"id": "photo", "type": "fileinput"},
    {"id": "clothes", "type": "combinefileinput"},
    {"id": "style", "type": "select", "options": [{"value": "oil", "label": "Oil"}]},
]
TOOL: dict[str, Any] = {
    "slugowner": "wiro",
    "slugproject": "Try-On",
    "cleanslugproject": "try-on",
    "title": "Try-on",
    "description": "Dresses people.",
    "image": "https://cdn.example.com/cover.webp",
    "readme": "<p>Dresses <b>people</b>.</p>",
    "categories": ["tool"],
    "parameters": [{"title": "", "items": ITEMS}],
    "dynamicprice": '[{"inputs":{},"price":0.09,"priceMethod":"cpr"}]',
}
PHOTO, SHIRT = "https://cdn.example.com/photo.png", "https://cdn.example.com/shirt.png"
EXAMPLE = {"prompt": "a coat", "steps": "30", "photo": PHOTO, "clothes": [SHIRT], "style": "oil"}
VALUES = {**EXAMPLE, "steps": 30}


def info_of(**fields: Any) -> ModelInfo:
    """Return what an entry with these fields says."""
    tool = {**TOOL, **fields}
    return ModelInfo.from_tool(tool, ModelSchema.from_tool(tool))


@pytest.mark.parametrize(
    "inspire", [[EXAMPLE], json.dumps([EXAMPLE]), EXAMPLE, json.dumps(EXAMPLE), [json.dumps(EXAMPLE)]]
)
def test_examples_have_the_types_of_the_parameters(inspire: object) -> None:
    """A list, its JSON text or a single object: the values are ready for a run."""
    assert info_of(inspire=inspire).examples == (VALUES,)


@pytest.mark.parametrize("nothing", [None, [], "", "null", "[]", 7, {}, [None, 3, [], {}]])
def test_no_examples(nothing: object) -> None:
    """What says nothing is nothing."""
    info = info_of(inspire=nothing, samples=nothing, readme=nothing and None, image=nothing and None)
    assert (info.examples, info.samples, info.readme, info.cover) == ((), (), "", None)


def test_samples_are_addresses_of_results_or_more_examples() -> None:
    """An object among them is an example; each of both is there once."""
    info = info_of(inspire=[EXAMPLE, EXAMPLE], samples=[PHOTO, {"prompt": "a hat"}, PHOTO, "no address"])
    assert info.samples == (PHOTO,)
    assert info.examples == (VALUES, {"prompt": "a hat"}, {"prompt": "no address"})


def test_what_a_model_does_not_take_is_left_out() -> None:
    """Unknown names, wrong values and empty ones; `photoUrl` is the photo."""
    values = {"lora": "x", "steps": 99, "style": "neon", "prompt": "", "photoUrl": PHOTO, "clothes": ""}
    assert info_of(inspire=[values]).examples == ({"photo": PHOTO},)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "file:///etc/passwd", "~/.ssh/id_rsa", "data:image/png;base64,x"]
)
def test_an_example_names_no_file_of_this_machine(path: str) -> None:
    """A file is a web address, and a text of an open form is never taken for a path."""
    assert info_of(inspire=[{"photo": path, "clothes": [path], "prompt": "x"}]).examples == ({"prompt": "x"},)
    assert isinstance(fit({"photo": path}, ModelSchema("a/b"))["photo"], UntrustedText)


def test_an_example_says_not_where_a_run_is_reported_to() -> None:
    """Nor whose project or conversation it belongs to, also of a model of which nothing is known."""
    values = {"prompt": "x", "callbackUrl": PHOTO, "projectid": "7"}
    items = [*ITEMS, {"id": "session_id", "type": "text"}, {"id": "callbackUrl", "type": "text"}]
    info = info_of(inspire=[values | {"session_id": "9"}], parameters=[{"title": "", "items": items}])
    assert info.examples == ({"prompt": "x"},)
    assert fit(values, ModelSchema("a/b")) == {"prompt": "x"}


def test_the_number_of_examples_is_bounded() -> None:
    """A catalogue that sends thousands is read up to a limit, without objects inside objects and endless texts."""
    assert len(info_of(inspire=[{"prompt": str(n)} for n in range(1_000)]).examples) == MAX_EXAMPLES
    assert info_of(inspire=[{"prompt": "x" * 100_000}, {"prompt": {"a": 1}}]).examples == ()


def test_the_readme_is_markdown_and_the_cover_an_address() -> None:
    """Whatever Wiro sends: no markup, and nothing but a web address."""
    info = info_of()
    assert (info.readme, info.cover) == ("Dresses **people**.", "https://cdn.example.com/cover.webp")
    assert info_of(image="javascript:alert(1)").cover is None
    assert "readme" not in repr(info)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "$0.09 a run"),
        ({"dynamicprice": [{"price": 0.5, "priceMethod": "cpr"}, {"price": "0.13", "priceMethod": "cpr"}]},
         "$0.13 to $0.50 a run"),
        ({"dynamicprice": [{"price": 0.01, "priceMethod": "cp-outputVideoLength"}]}, "$0.01 a second of video"),
        ({"dynamicprice": [{"price": 0.01, "priceMethod": "cpo"}], "approximatelycost": "0.04"}, "about $0.04 a run"),
        ({"dynamicprice": [{"price": 0.01, "priceMethod": "cpo"}, {"price": 0.2, "priceMethod": "cpr"}]},
         "from $0.01"),
        ({"dynamicprice": "[]", "cps": "0.0005"}, "$0.0005 a second"),
        ({"dynamicprice": None}, ""),
        ({"dynamicprice": [{"price": "?"}]}, ""),
        ({"dynamicprice": [{"price": 1, "priceMethod": "cp-new"}]}, "from $1.00"),
    ],
)  # fmt: skip
def test_a_price_in_words(fields: dict[str, Any], words: str) -> None:
    """The documented entry of Tool/List has nothing but `dynamicprice`; a list of models says the same."""
    assert info_of(**fields).price == words
    [summary] = replies.models({"tool": [{**TOOL, **fields}]})
    assert summary.price == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": "a coat\n in red", "photo": PHOTO}, "a coat in red · 1 file"),
        ({"text": "longer words yet", "style": "oil"}, "longer words yet"),
        ({"clothes": [PHOTO, SHIRT]}, "2 files"),
        ({"steps": 30, "loop": True}, "steps 30, loop True"),
        ({"scale": "3", "photo": PHOTO}, "scale 3 · 1 file"),
        ({"prompt": "x" * 90}, "x" * 47 + "…"),
    ],
)
def test_an_example_in_a_few_words(values: dict[str, Any], words: str) -> None:
    """Its prompt, and how many files it has."""
    assert snippet(values) == words
