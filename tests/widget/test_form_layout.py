"""Where each field of a form stands."""

from typing import Any

import pytest

from tests.widget.models import flux
from wiro_widgets import ModelSchema
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.widget.form import form, makes
from wiro_widgets.widget.form_layout import folded_names, is_narrow


def _schema(*items: dict[str, Any], **facts: Any) -> ModelSchema:
    entry = {
        "slugowner": "wiro",
        "slugproject": "video",
        "parameters": [{"title": "Input", "items": list(items)}],
    }
    return ModelSchema.from_tool(entry | facts)


def _order(schema: ModelSchema) -> list[str]:
    groups = form(schema, sandbox=False, models=False)["groups"]
    return [item["id"] for group in groups for item in group["parameters"]]


SELECT = {"type": "select", "options": ["a", "b"], "default": "a"}
VIDEO = (
    {"id": "watermark", **SELECT},
    {"id": "numImages", "type": "range", "min": 1, "max": 4, "default": 1},
    {"id": "seed", "type": "text"},
    {"id": "aspectRatio", **SELECT},
    {"id": "firstFrame", "type": "combinefileinput", "label": "First Frame"},
    {"id": "prompt", "type": "textarea"},
    {"id": "voice", "type": "text", "required": True},
)


def test_fields_that_people_change_come_first() -> None:
    """What has to be filled in, the prompt, files, the size, the seed, the count, then the model's order."""
    assert _order(_schema(*VIDEO)) == [
        "voice", "prompt", "firstFrame", "aspectRatio", "seed", "numImages", "watermark",
    ]  # fmt: skip
    assert _order(flux())[:2] == ["prompt", "inputImage"]


def test_a_long_form_is_folded() -> None:
    """What finds no room stands under More, in the model's order; what is required never does."""
    rest = [{"id": f"option{n}", **SELECT} for n in range(12)]
    required = [{"id": f"must{n}", **SELECT, "required": True} for n in range(3)]
    names = folded_names(_schema(*rest, *VIDEO, *required))
    assert names
    assert not names & {"voice", "prompt", "firstFrame", "aspectRatio", "seed", "must0", "must1", "must2"}
    assert "watermark" in names


def test_a_fold_is_not_for_two_fields() -> None:
    """A short form shows all but what is advanced."""
    assert folded_names(_schema(*VIDEO)) == set()
    advanced = {"id": "extra", "type": "text", "advanced": True}
    assert folded_names(_schema(*VIDEO, advanced)) == {"extra"}


@pytest.mark.parametrize(
    ("parameter", "narrow"),
    [
        (Parameter("temperature"), True),
        (Parameter("top_p"), True),
        (Parameter("cfgScale"), True),
        (Parameter("session_id"), True),
        (Parameter("margin", default="0.5"), True),
        (Parameter("scale", default="large and wide"), False),
        (Parameter("top_picks"), False),
        (Parameter("stop_sequences"), False),
        (Parameter("temperature", "textarea"), False),
    ],
)
def test_a_number_that_a_schema_calls_text_is_narrow(parameter: Parameter, narrow: bool) -> None:
    """By its name, or by what stands in it."""
    assert is_narrow(parameter) is narrow


@pytest.mark.parametrize(
    ("item", "shape"),
    [
        ({"id": "x", "type": "textarea", "default": '[{"index": 1}]'}, "list"),
        ({"id": "x", "type": "text", "default": '{"a": 1}'}, "object"),
        ({"id": "x", "type": "textarea", "note": "A JSON string, one object a shot."}, "any"),
        ({"id": "x", "type": "textarea", "default": "[a harbour] in fog"}, None),
        ({"id": "x", "type": "textarea", "note": "What to draw."}, None),
        ({"id": "x", "type": "number", "note": "A JSON string"}, None),
    ],
)
def test_a_field_of_json_is_checked(item: dict[str, Any], shape: str | None) -> None:
    """By its default, or by what its help says."""
    [group] = form(_schema(item), sandbox=False, models=False)["groups"]
    assert group["parameters"][0]["json"] == shape


@pytest.mark.parametrize(
    ("categories", "title", "kind"),
    [
        (["image-to-video"], "", "video"),
        (["text-to-speech"], "", "audio"),
        (["speech-to-text"], "", "text"),
        (["llm"], "", "text"),
        (["tool", "text-to-image", "image-to-image"], "", "image"),
        ([], "Video Generator", "video"),
        ([], "Text-to-Image", "image"),
        ([], "Riddle", None),
    ],
)
def test_the_form_says_what_a_run_makes(categories: list[str], title: str, kind: str | None) -> None:
    """By the categories, else by the title; a guess is no reason to say something."""
    facts = {"slugproject": "riddle", "categories": categories, "title": title}
    assert makes(_schema({"id": "x"}, **facts)) == kind
