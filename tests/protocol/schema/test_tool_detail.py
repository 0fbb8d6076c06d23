"""Tool/Detail read into parameters (docs/protocol.md, Catalogue)."""

import json
from typing import Any

import pytest

from tests.protocol.payload_files import payload_json
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema


@pytest.fixture
def schema() -> ModelSchema:
    """Read an entry with every kind and oddity."""
    return ModelSchema.from_tool(payload_json("tool.json"))


def _parameter_of(**item: Any) -> Parameter:
    """Read a single parameter."""
    entry = {"parameters": [{"title": "Input", "items": [{"id": "x", **item}]}]}
    [parameter] = ModelSchema.from_tool(entry).parameters
    return parameter


def _parameter(schema: ModelSchema, name: str) -> Parameter:
    parameter = schema.get(name)
    assert parameter is not None
    return parameter


def test_the_head_of_an_entry(schema: ModelSchema) -> None:
    """Clean slugs make the model's name; categories may be JSON text."""
    assert (schema.model, schema.title) == ("lantern/harbour-painter-2-1", "Harbour Painter")
    assert (schema.description, schema.categories) == ("Paints harbours.", ("tool", "text-to-image"))


def test_without_clean_slugs_the_others_are_the_address() -> None:
    """Spaces and dots stay; without a title the name is the title."""
    schema = ModelSchema.from_tool({"slugowner": "alibaba", "slugproject": "wan 2.6"})
    assert (schema.model, schema.title) == ("alibaba/wan 2.6", "wan 2.6")


def test_groups(schema: ModelSchema) -> None:
    """They keep their order; the title can make a group advanced."""
    assert [(group.title, group.advanced) for group in schema.groups] == [
        ("Input", False),
        ("Advanced settings", True),
    ]
    assert [item.id for item in schema.groups[0].parameters] == [
        "prompt",
        "title",
        "sketch",
        "sound",
        "material",
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("title", "text"),
        ("prompt", "textarea"),
        ("ratio", "select"),
        ("style", "select"),
        ("steps", "range"),
        ("width", "number"),
        ("count", "number"),
        ("shift", "number"),
        ("gulls", "boolean"),
        ("fog", "boolean"),
        ("sketch", "file"),
        ("sound", "file"),
        ("material", "file"),
        ("palette", "text"),
    ],
)
def test_kinds(schema: ModelSchema, name: str, kind: str) -> None:
    """Every documented type is one of seven kinds; an unknown type is a text field."""
    assert _parameter(schema, name).kind == kind


@pytest.mark.parametrize("kind", ["TextArea", " textarea "])
def test_a_type_in_other_letters(kind: str) -> None:
    """Case and space do not matter."""
    assert _parameter_of(type=kind).kind == "textarea"


@pytest.mark.parametrize("kind", [None, "", 5, [], "hologram"])
def test_a_senseless_type_is_a_text_field(kind: object) -> None:
    """It takes any text."""
    assert _parameter_of(type=kind).kind == "text"


@pytest.mark.parametrize(
    ("name", "style", "multiple", "files"),
    [("sketch", "combine", True, 2), ("sound", "single", False, None), ("material", "multi", True, None)],
)
def test_file_styles(schema: ModelSchema, name: str, style: str, multiple: bool, files: int | None) -> None:
    """One part, repeated parts, or parts mixed with URLs; `max` counts files."""
    parameter = _parameter(schema, name)
    assert (parameter.file_style, parameter.multiple, parameter.max_files) == (style, multiple, files)
    assert (parameter.minimum, parameter.maximum, parameter.default) == (None, None, None)


@pytest.mark.parametrize("files", [0, -1, "", None, "many"])
def test_a_limit_of_files_that_makes_no_sense_is_none(files: object) -> None:
    """Otherwise no file could be sent."""
    assert _parameter_of(type="combinefileinput", max=files).max_files is None


@pytest.mark.parametrize(
    ("words", "accept"),
    [
        ("Input image", "image"),
        ("A photo of you", "image"),
        ("Mask", "image"),
        ("Voice", "audio"),
        ("Video", "video"),
        ("Images or video", None),
        ("Archive", None),
    ],
)
def test_what_a_file_parameter_holds(words: str, accept: str | None) -> None:
    """Its name says it; a name that fits two types, or none, gives no guess."""
    assert _parameter_of(type="fileinput", label=words).accept == accept


def test_string_booleans(schema: ModelSchema) -> None:
    """`required`, `default` and `advanced` can be "true", 1 and "0"."""
    assert _parameter(schema, "prompt").required
    assert _parameter(schema, "sound").required
    assert not _parameter(schema, "title").required
    assert _parameter(schema, "gulls").default is True
    assert _parameter(schema, "fog").default is False
    assert _parameter(schema, "guidancescale").advanced


def test_defaults_have_the_parameters_type(schema: ModelSchema) -> None:
    """Numbers from text, a text seed stays text, `value` stands in for `default`."""
    names = ("steps", "guidancescale", "seed", "duration", "watermark", "count")
    assert [_parameter(schema, name).default for name in names] == [20, 3.5, "0", "5", "false", 1]
    assert isinstance(_parameter(schema, "steps").default, int)


@pytest.mark.parametrize("default", ["many", "", [], {}, True])
def test_a_default_that_is_no_number_is_none(default: object) -> None:
    """The parameter has no default then."""
    assert _parameter_of(type="range", default=default).default is None


def test_options(schema: ModelSchema) -> None:
    """Objects with value and label, bare texts and numbers; "" is a valid choice."""
    assert _parameter(schema, "ratio").options == (
        Option("", "automatic"),
        Option("16:9", "wide"),
        Option("1:1", "1:1"),
    )
    assert _parameter(schema, "duration").options == (
        Option("5", "5"),
        Option("10", "10"),
        Option("15", "long"),
    )
    assert [item.label for item in _parameter(schema, "style").options] == ["Ink", "Chalk"]


def test_options_as_json_text() -> None:
    """They can be JSON text; unreadable ones are left out."""
    parameter = _parameter_of(
        type="select", options='["a", null, {"label": "no value"}, [], {"value": false}]'
    )
    assert parameter.options == (Option("a", "a"), Option("false", "false"))


def test_bounds_and_steps(schema: ModelSchema) -> None:
    """Numbers from text; whole steps from a whole minimum make it a whole number."""
    steps, scale = _parameter(schema, "steps"), _parameter(schema, "guidancescale")
    assert (steps.minimum, steps.maximum, steps.step, steps.integer) == (1, 50, 1, True)
    assert (scale.minimum, scale.maximum, scale.step, scale.integer) == (0, 10, 0.1, False)
    assert _parameter(schema, "count").integer
    assert not _parameter(schema, "shift").integer


@pytest.mark.parametrize(("low", "high"), [(0, 0), (10, 1), ("5", "5")])
def test_bounds_that_leave_no_room_mean_nothing(low: object, high: object) -> None:
    """A catalogue that says 0 to 0 has not filled them in."""
    parameter = _parameter_of(type="number", min=low, max=high)
    assert (parameter.minimum, parameter.maximum) == (None, None)


@pytest.mark.parametrize("step", [0, -1, "", "any", None])
def test_a_senseless_step_is_none(step: object) -> None:
    """A step is more than zero."""
    parameter = _parameter_of(type="range", step=step)
    assert (parameter.step, parameter.integer) == (None, False)


@pytest.mark.parametrize("item", [{"min": 0.5}, {"default": 2.5}, {"step": 0.5}])
def test_a_half_anywhere_makes_it_no_whole_number(item: dict[str, object]) -> None:
    """Minimum, default and step must all be whole."""
    assert not _parameter_of(type="range", **({"step": 1} | item)).integer


def test_words_for_people(schema: ModelSchema) -> None:
    """Untranslated labels become words, a note goes before a description, placeholders are kept."""
    assert _parameter(schema, "guidancescale").label == "Guidance scale"
    assert _parameter(schema, "prompt").help == "In your own words."
    assert _parameter(schema, "title").help == "Painted into a corner."
    assert _parameter(schema, "prompt").placeholder == "What is in the harbour"
    assert _parameter_of(type="text").label == "X"


def test_the_callback_address_is_advanced() -> None:
    """A notebook does not need it."""
    schema = ModelSchema.from_tool({"parameters": [{"items": [{"id": "callbackUrl", "type": "text"}]}]})
    assert _parameter(schema, "callbackUrl").advanced


def test_an_item_without_an_id_is_left_out(schema: ModelSchema) -> None:
    """It could not be sent."""
    assert len(schema.parameters) == 18


def test_parameters_as_json_text() -> None:
    """The whole list may be a text."""
    entry = payload_json("tool.json")
    as_text = entry | {"parameters": json.dumps(entry["parameters"])}
    assert ModelSchema.from_tool(as_text) == ModelSchema.from_tool(entry)


@pytest.mark.parametrize(
    "parameters", [None, "", "none", [], {}, 5, [None], [{"items": None}], [{"items": [None, 5]}]]
)
def test_an_entry_without_parameters(parameters: object) -> None:
    """A model can have no parameters."""
    assert ModelSchema.from_tool({"parameters": parameters}).parameters == ()
