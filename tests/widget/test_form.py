"""The schema as the browser draws it."""

import json

import pytest

from tests.widget.models import flux, many
from wiro_widgets import ModelSchema
from wiro_widgets.protocol.parameters import Parameter
from wiro_widgets.widget.form import LARGEST_EXACT, control, exact, form, no_form


def test_the_form_has_the_schemas_groups() -> None:
    """Every parameter stands in its group, in the catalogue's order."""
    schema = flux()
    told = form(schema, sandbox=True, models=False)
    assert (told["owner"], told["name"], told["sandbox"]) == ("tencent", "hunyuan-flux-srpo", True)
    ids = [item["id"] for group in told["groups"] for item in group["parameters"]]
    assert ids == [item.id for item in schema.parameters]


def test_the_form_is_json() -> None:
    """It travels as it is."""
    for schema in (flux(), many()):
        assert json.loads(json.dumps(form(schema, sandbox=False, models=True)))["models"] is True


def test_a_control_keeps_the_rules_of_its_parameter() -> None:
    """Bounds, options and defaults are those that `bind` keeps."""
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
    """The parameters that have a control of their own are known by name and kind."""
    assert control(parameter)["role"] == role


@pytest.mark.parametrize(
    ("value", "told"),
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
def test_what_javascript_would_round_travels_as_text(value: object, told: object) -> None:
    """Whole numbers beyond 2**53 - 1, and nothing else."""
    assert (exact(value), type(exact(value))) == (told, type(told))


def test_no_form() -> None:
    """Without a model there is a search, or nothing yet."""
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
