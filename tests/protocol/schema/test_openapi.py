"""Tool/DetailOpenAPI read into parameters (docs/protocol.md, Catalogue)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.protocol.payload_files import payload_json
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema

# Other people's data beside the checkout: read where it lies, never copied.
REAL = Path(__file__).resolve().parents[4] / "shared" / "wire" / "openapi"
REAL_FILES = sorted(REAL.glob("*.json"))


@pytest.fixture
def schema() -> ModelSchema:
    """Read a small description of our own."""
    return ModelSchema.from_openapi(payload_json("openapi.json"))


def _parameter(schema: ModelSchema, name: str) -> Parameter:
    parameter = schema.get(name)
    assert parameter is not None
    return parameter


def test_the_head(schema: ModelSchema) -> None:
    """The path is the model's name, with spaces and dots; "Run" is no part of the title."""
    assert (schema.model, schema.title) == ("lantern/harbour painter 2.1", "Harbour Painter")
    assert schema.description == "Paints harbours."


def test_a_percent_encoded_path() -> None:
    """The name is decoded."""
    spec: dict[str, Any] = {"paths": {"/Run/alibaba/wan%202.6": {"post": {}}}}
    assert ModelSchema.from_openapi(spec).model == "alibaba/wan 2.6"


@pytest.mark.parametrize("path", ["/Run/lightricks/ ltx-2.3", "/Run/lightricks/%20ltx-2.3 "])
def test_a_path_with_a_space_after_the_slash(path: str) -> None:
    """Spaces around a slug are not part of the model's name, nor of its title."""
    schema = ModelSchema.from_openapi({"paths": {path: {"post": {}}}})
    assert (schema.model, schema.title) == ("lightricks/ltx-2.3", "ltx-2.3")


def test_bare_and_wrapped_descriptions_are_the_same(schema: ModelSchema) -> None:
    """The reply is a list of descriptions by kind of authentication; the first one with content counts."""
    reply = payload_json("openapi.json")
    assert ModelSchema.from_openapi(reply[0]["spec"]) == schema
    assert ModelSchema.from_openapi([None, {"type": "signature", "spec": None}, *reply]) == schema


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("prompt", "textarea"),
        ("title", "text"),
        ("story", "textarea"),
        ("sketch", "file"),
        ("extra", "file"),
        ("ratio", "select"),
        ("plain", "select"),
        ("steps", "range"),
        ("scale", "number"),
        ("count", "number"),
        ("gulls", "boolean"),
        ("seed", "text"),
        ("callbackUrl", "text"),
    ],
)
def test_kinds(schema: ModelSchema, name: str, kind: str) -> None:
    """JSON types, formats and Wiro's own x-input-type become the seven kinds."""
    assert _parameter(schema, name).kind == kind


def test_details_of_parameters(schema: ModelSchema) -> None:
    """Required, typed defaults, options, bounds, files and help."""
    assert {item.id for item in schema.parameters if item.required} == {"prompt", "ratio"}
    steps, sketch = _parameter(schema, "steps"), _parameter(schema, "sketch")
    assert (steps.default, steps.minimum, steps.maximum, steps.integer) == (20, 1, 50, True)
    assert (sketch.label, sketch.help, sketch.file_style) == ("Sketch image", "One drawing.", "combine")
    assert (sketch.max_files, sketch.accept, sketch.multiple) == (1, "image", False)
    assert _parameter(schema, "ratio").options == (Option("16:9", "wide"), Option("1:1", "square"))
    assert _parameter(schema, "count").integer
    assert not _parameter(schema, "scale").integer
    assert _parameter(schema, "gulls").default is True
    assert _parameter(schema, "callbackUrl").advanced


def test_a_text_seed_has_no_length() -> None:
    """Its `maxLength` is the largest seed, not a number of letters."""
    schema = ModelSchema.from_openapi(payload_json("openapi.json"))
    assert schema.bind({"prompt": "x", "seed": 7350148318})["seed"] == "7350148318"


@pytest.mark.parametrize(
    "spec", [{}, [], [None], {"paths": None}, {"paths": {"/Task/Detail": {}}}, [{"spec": "no"}]]
)
def test_a_description_without_a_model(spec: Any) -> None:
    """Without a /Run/ path there is nothing to run."""
    with pytest.raises(ConfigurationError, match="describes no model"):
        ModelSchema.from_openapi(spec)


@pytest.mark.parametrize(
    "post", [None, {}, {"requestBody": None}, {"requestBody": {"content": {"x": {"schema": {}}}}}]
)
def test_a_run_without_a_body(post: object) -> None:
    """The model has no parameters."""
    assert ModelSchema.from_openapi({"paths": {"/Run/a/b": {"post": post}}}).parameters == ()


@pytest.mark.skipif(not REAL_FILES, reason="the real descriptions are not part of the project")
@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.stem)
def test_real_descriptions(path: Path) -> None:
    """Each has a name and a title, and binds its own defaults."""
    schema = ModelSchema.from_openapi(json.loads(path.read_text()))
    owner, _, name = schema.model.partition("/")
    assert owner
    assert name
    assert schema.title
    values = {item.id: "x" for item in schema.parameters if item.required}
    bound = schema.bind(values | schema.defaults)
    assert set(values) <= set(bound)
    assert all(item.label and item.id for item in schema.parameters)


@pytest.mark.skipif(not REAL_FILES, reason="the real descriptions are not part of the project")
@pytest.mark.parametrize(
    ("stem", "name", "expected"),
    [
        ("openapi-alibaba-wan-2-6", "duration", ("range", 5, 3, 15, True)),
        ("openapi-alibaba-wan-2-6", "watermark", ("select", "false", None, None, False)),
        ("openapi-black-forest-labs-flux-2-pro", "width", ("range", 1024, 0, 2048, True)),
        ("openapi-qwen-qwen3-5-27b", "do_sample", ("boolean", False, None, None, False)),
        ("openapi-wiro-flux-2-dev", "seed", ("text", "0", None, None, False)),
        ("openapi-klingai-kling-v3", "inputImage", ("file", None, None, None, False)),
        ("openapi-wiro-virtual-try-on", "pose", ("select", "auto", None, None, False)),
    ],
)
def test_real_parameters(stem: str, name: str, expected: tuple[object, ...]) -> None:
    """Kind, default, bounds and `integer` of one parameter of each."""
    schema = ModelSchema.from_openapi(json.loads((REAL / f"{stem}.json").read_text()))
    parameter = _parameter(schema, name)
    assert (
        parameter.kind,
        parameter.default,
        parameter.minimum,
        parameter.maximum,
        parameter.integer,
    ) == expected
