"""ModelSchema: the built-in model, the binding of values, and models' names."""

import pickle
from typing import Any

import pytest

from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model

SEED_VALUES = {
    "prompt": "A close up portrait",
    "inputImage": "https://example.com/image1.jpg",
    "steps": 20,
    "scale": 3.5,
    "strength": 0.88,
    "samples": 1,
    "width": 1024,
    "height": 1024,
    "seed": 7350148318,
    "callbackUrl": "https://example.com/hook",
}


@pytest.fixture
def schema() -> ModelSchema:
    """Return the built-in model's schema."""
    schema = ModelSchema.built_in("tencent/hunyuan-flux-srpo")
    assert schema is not None
    return schema


def _refused(schema: ModelSchema, values: dict[Any, Any]) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as refusal:
        schema.bind(values)
    return refusal.value


def test_the_documented_model_is_built_in(schema: ModelSchema) -> None:
    """It has the documented parameters, with a control for each."""
    kinds = {item.id: item.kind for item in schema.parameters}
    assert kinds == {
        "prompt": "textarea",
        "inputImage": "file",
        "steps": "range",
        "scale": "range",
        "strength": "range",
        "samples": "range",
        "width": "number",
        "height": "number",
        "seed": "number",
        "callbackUrl": "text",
    }


def test_the_documented_defaults(schema: ModelSchema) -> None:
    """They are the documented numbers, digit for digit."""
    assert schema.defaults == {
        "steps": 20,
        "scale": 3.5,
        "strength": 0.88,
        "samples": 1,
        "width": 1024,
        "height": 1024,
        "seed": 7350148318,
    }


def test_the_documented_image_input(schema: ModelSchema) -> None:
    """It takes one image or URL, in one field."""
    image = schema.get("inputImage")
    assert image is not None
    assert (image.file_style, image.max_files, image.multiple, image.accept) == ("combine", 1, False, "image")


def test_another_model_is_not_built_in() -> None:
    """Its schema comes from the catalogue."""
    assert ModelSchema.built_in("tencent/other") is None


def test_the_documented_values_are_bound(schema: ModelSchema) -> None:
    """As numbers, and as the text of a form."""
    assert schema.bind(SEED_VALUES) == SEED_VALUES
    assert schema.bind({name: str(value) for name, value in SEED_VALUES.items()}) == SEED_VALUES


def test_values_are_bound_in_the_schemas_order(schema: ModelSchema) -> None:
    """The order of the arguments does not matter."""
    backwards = dict(reversed(SEED_VALUES.items()))
    assert list(schema.bind(backwards)) == [item.id for item in schema.parameters]


def test_what_is_not_given_stays_away(schema: ModelSchema) -> None:
    """Wiro's own defaults apply, also for None and blank numbers."""
    assert schema.bind({"prompt": "x", "steps": None, "width": " ", "inputImage": []}) == {"prompt": "x"}


def test_parameters_of_every_model_are_known(schema: ModelSchema) -> None:
    """`projectid` is in no catalogue entry."""
    assert schema.bind({"prompt": "x", "projectid": 699}) == {"prompt": "x", "projectid": "699"}


@pytest.mark.parametrize(
    ("name", "near"),
    [("promt", "prompt"), ("Steps", "steps"), ("input_image", "inputImage"), ("callbackurl", "callbackUrl")],
)
def test_an_unknown_name_proposes_the_near_one(schema: ModelSchema, name: str, near: str) -> None:
    """A typing error is found before it costs anything."""
    error = _refused(schema, {"prompt": "x", name: "y"})
    assert error.parameter == name
    assert f"Did you mean '{near}'?" in str(error)


def test_a_name_near_to_none_lists_them(schema: ModelSchema) -> None:
    """Each id is named once."""
    sentence = str(_refused(schema, {"prompt": "x", "zzzz": 1}))
    assert "tencent/hunyuan-flux-srpo" in sentence
    assert sentence.count("callbackUrl") == 1


def test_a_name_that_is_no_text_is_unknown(schema: ModelSchema) -> None:
    """A dict can have any key."""
    assert _refused(schema, {5: "x"}).parameter == "5"


@pytest.mark.parametrize("values", [{}, {"prompt": None}, {"prompt": ""}, {"prompt": " \n"}])
def test_a_required_text_must_be_given(schema: ModelSchema, values: dict[str, Any]) -> None:
    """A blank prompt counts as missing, because a run costs money."""
    error = _refused(schema, values)
    assert (error.parameter, error.reason) == ("prompt", "is required")


def test_a_required_choice_takes_its_default() -> None:
    """Texts and files have to be given."""
    items = [
        {"id": "mode", "type": "select", "required": True, "default": "std", "options": ["std", "pro"]},
        {"id": "steps", "type": "range", "required": True, "default": 20},
        {"id": "fog", "type": "checkbox", "required": True, "default": False},
    ]
    schema = ModelSchema.from_tool({"parameters": [{"items": items}]})
    assert schema.bind({}) == {"mode": "std", "steps": 20, "fog": False}


@pytest.mark.parametrize("kind", ["text", "textarea", "fileinput", "select", "range", "checkbox"])
def test_a_required_value_without_a_default_must_be_given(kind: str) -> None:
    """This applies to every kind."""
    schema = ModelSchema.from_tool({"parameters": [{"items": [{"id": "x", "type": kind, "required": True}]}]})
    assert _refused(schema, {}).reason == "is required"


@pytest.mark.parametrize("kind", ["text", "textarea", "fileinput"])
def test_a_required_text_or_file_is_not_made_up(kind: str) -> None:
    """The catalogue's example is not what the user wants to pay for."""
    item = {"id": "x", "type": kind, "required": True, "default": "a car"}
    schema = ModelSchema.from_tool({"parameters": [{"items": [item]}]})
    assert _refused(schema, {}).reason == "is required"


def test_problems_are_all_of_them(schema: ModelSchema) -> None:
    """All fields at once, with the messages of `bind`."""
    problems = schema.problems({"steps": "many", "scale": 11, "colour": "red", "width": 512})
    assert {name: str(error) for name, error in problems.items()} == {
        "steps": "steps: a whole number is needed, not 'many'",
        "scale": "scale: must be between 0 and 10, not 11",
        "colour": str(_refused(schema, {"prompt": "x", "colour": "red"})),
        "prompt": "prompt: is required",
    }
    assert schema.problems(SEED_VALUES) == {}


def test_what_wiro_tells_gets_its_types_back(schema: ModelSchema) -> None:
    """Texts become numbers where the schema has numbers; files, unknown ids and refused values stay texts."""
    wire_values = {
        "prompt": "123",
        "steps": "20",
        "scale": "3.50",
        "seed": "",
        "width": "many",
        "inputImage": "1",
        "x": "1",
    }
    assert schema.typed_values(wire_values) == {**wire_values, "steps": 20, "scale": 3.5}


def test_a_schema_is_a_value(schema: ModelSchema) -> None:
    """It compares, hashes and pickles."""
    again = pickle.loads(pickle.dumps(schema))  # noqa: S301 - our own bytes
    assert again == schema
    assert hash(again) == hash(schema)
    assert again.bind(SEED_VALUES) == SEED_VALUES


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("tencent/hunyuan-flux-srpo", ("tencent", "hunyuan-flux-srpo")),
        (" alibaba/wan 2.6 ", ("alibaba", "wan 2.6")),
        ("models/a/b", ("a", "b")),
        ("https://wiro.ai/models/tencent/hunyuan-flux-srpo", ("tencent", "hunyuan-flux-srpo")),
        ("https://wiro.ai/models/alibaba/wan%202.6/?tab=api#run", ("alibaba", "wan 2.6")),
        ("https://api.example/a/b", ("a", "b")),
    ],
)
def test_an_address_of_a_model(text: str, parts: tuple[str, str]) -> None:
    """Owner and name, also of the URL of a model's page."""
    assert split_model(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunyuan",
        "a/",
        "/b",
        "a/b/c",
        "../b",
        "a/..",
        "./b",
        "a/\x00",
        "a/\ud800",
        "https://wiro.ai/",
        "https://[/a/b/c",
    ],
)
def test_no_address_of_a_model(text: str) -> None:
    """The error shows an example."""
    with pytest.raises(InvalidParameter, match="tencent/hunyuan-flux-srpo") as refusal:
        split_model(text)
    assert refusal.value.parameter == "model"
