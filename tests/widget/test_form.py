"""The schema as the browser draws it."""

import json
from dataclasses import replace

import pytest

from tests.widget.models import flux, many
from wiro_widgets import ModelSchema
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.widget.form import LARGEST_EXACT, control, exact, form, label, next_seed, no_form


def test_the_form_has_the_schemas_groups() -> None:
    """Every parameter is in its group, those that people change first."""
    schema = flux()
    form_json = form(schema, sandbox=True, models=False)
    assert (form_json["owner"], form_json["name"], form_json["sandbox"]) == (
        "tencent",
        "hunyuan-flux-srpo",
        True,
    )
    assert [group["title"] for group in form_json["groups"]] == [group.title for group in schema.groups]
    for group, group_json in zip(schema.groups, form_json["groups"], strict=True):
        assert {item.id for item in group.parameters} == {item["id"] for item in group_json["parameters"]}


def test_the_form_is_json() -> None:
    """JSON can carry all of it."""
    for schema in (flux(), many()):
        assert json.loads(json.dumps(form(schema, sandbox=False, models=True)))["models"] is True


def test_panels_of_one_schema_share_what_follows_from_it() -> None:
    """The groups are made once for a schema, and anew for another one, even for one that is equal."""
    schema, equal = flux(), replace(flux())
    one, other = form(schema, sandbox=True, models=False), form(schema, sandbox=False, models=True)
    assert one["groups"] is other["groups"]
    assert (one["sandbox"], other["sandbox"]) == (True, False)
    assert form(equal, sandbox=True, models=False) == one
    assert form(equal, sandbox=True, models=False)["groups"] is not one["groups"]


def test_a_control_keeps_the_rules_of_its_parameter() -> None:
    """Bounds, options and defaults are those of `bind`."""
    steps = control(next(item for item in flux().parameters if item.id == "steps"))
    assert (steps["kind"], steps["minimum"], steps["maximum"], steps["integer"], steps["default"]) == (
        "range", 1, 50, True, 20
    )  # fmt: skip
    size = control(next(item for item in many().parameters if item.id == "size"))
    assert size["options"] == [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}]
    photos = control(next(item for item in many().parameters if item.id == "photos"))
    assert (photos["multiple"], photos["max_files"]) == (True, 3)


@pytest.mark.parametrize(
    ("parameter", "role"),
    [
        (Parameter("prompt", "textarea"), "prompt"),
        (Parameter("Prompt", "text"), "prompt"),
        (Parameter("prompt", "file"), None),
        (Parameter("negativePrompt", "textarea"), None),
        (Parameter("seed", "number"), "seed"),
        (Parameter("seed", "text"), "seed"),
        (Parameter("seed", "select"), None),
        (Parameter("width", "number"), "width"),
        (Parameter("height", "range"), "height"),
        (Parameter("height", "text"), None),
        (Parameter("steps", "range"), None),
    ],
)
def test_roles(parameter: Parameter, role: str | None) -> None:
    """The name and the kind of a parameter decide whether it has a special control."""
    assert control(parameter)["role"] == role


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7350148318, 7350148318),
        (LARGEST_EXACT, LARGEST_EXACT),
        (-LARGEST_EXACT, -LARGEST_EXACT),
        (LARGEST_EXACT + 1, str(LARGEST_EXACT + 1)),
        (-(2**70), str(-(2**70))),
        (True, True),
        (3.5, 3.5),
        ("x", "x"),
        (None, None),
    ],
)
def test_what_javascript_would_round_travels_as_text(value: object, expected: object) -> None:
    """Whole numbers beyond 2**53 - 1, and nothing else."""
    assert (exact(value), type(exact(value))) == (expected, type(expected))


def test_a_label_that_is_only_an_id_is_made_readable() -> None:
    """Words are shown; the id travels."""
    ids = ("inputImage", "negative_prompt", "guidancescale", "callbackUrl", "CFG_scale")
    labels = [label(Parameter(item, label=item)) for item in ids]
    assert labels == ["Input image", "Negative prompt", "Guidance scale", "Callback url", "CFG scale"]
    assert label(Parameter("callbackUrl", label="Callback URL")) == "Callback URL"


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Parameter("steps", "range", integer=True, minimum=1, maximum=50), "A whole number, 1 to 50"),
        (Parameter("scale", "number", minimum=0.5), "A number, 0.5 or more"),
        (Parameter("scale", "number", maximum=50), "A number, at most 50"),
        (Parameter("x", "number"), "A number"),
        (Parameter("seed", "text", integer=True, minimum=0), "A whole number, 0 or more"),
        (Parameter("seed", "text"), "This cannot be empty"),
        (Parameter("prompt", "textarea"), "This cannot be empty"),
        (Parameter("a", "file", accept="image"), "Choose an image"),
        (Parameter("a", "file"), "Choose a file"),
    ],
)
def test_the_text_beside_a_field(parameter: Parameter, words: str) -> None:
    """It has the bounds of the schema."""
    assert control(parameter)["expected"] == words


def test_a_slider_needs_two_ends_and_few_steps_and_no_size_or_seed_to_set() -> None:
    """Other numbers are typed."""
    steps = Parameter("steps", "range", integer=True, minimum=1, maximum=50)
    assert control(steps)["slider"]
    assert control(replace(steps, integer=False))["slider"]
    for other in (
        replace(steps, maximum=None),
        replace(steps, maximum=100_000),
        replace(steps, minimum=50),
        replace(steps, id="width"),
        replace(steps, kind="number"),
    ):
        assert not control(other)["slider"]


@pytest.mark.parametrize(
    ("parameter", "step"),
    [
        (Parameter("a", "range", step=0.5), 0.5),
        (Parameter("a", "range", integer=True), 1),
        (Parameter("a", "range", minimum=0, maximum=10), 0.1),
        (Parameter("a", "number"), 0.1),
        (Parameter("a", "text"), None),
    ],
)
def test_a_step_that_the_catalogue_leaves_out(parameter: Parameter, step: float | None) -> None:
    """An arrow key moves by 1, by a hundredth of the range, or by a tenth."""
    assert control(parameter)["step"] == step


@pytest.mark.parametrize(
    ("seed", "maximum", "after"),
    [
        ("41", None, "42"),
        ("9007199254740992", None, "9007199254740993"),
        ("100", 100, None),
        ("99", 100, "100"),
        ("cat", None, None),
        ("\N{SUPERSCRIPT TWO}", None, None),
        (None, None, None),
    ],
)
def test_the_seed_after_this_one(seed: str | None, maximum: float | None, after: str | None) -> None:
    """It may be larger than a double can hold; after the largest there is none."""
    assert next_seed(seed, Parameter("seed", "number", maximum=maximum)) == after


def test_no_form() -> None:
    """Without a model there is a search, or nothing."""
    assert no_form(models=True) == {"v": 1, "models": True}
    assert no_form(models=False) == {}


def test_a_default_that_javascript_would_round() -> None:
    """The default of a seed is exact too."""
    schema = ModelSchema.from_tool(
        {
            "slugowner": "a",
            "slugproject": "b",
            "parameters": [{"items": [{"id": "seed", "type": "number", "default": str(2**60)}]}],
        }
    )
    assert control(schema.parameters[0])["default"] == str(2**60)
