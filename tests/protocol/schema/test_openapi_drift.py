"""Every drift that an OpenAPI 3 description can have: each gives a schema that binds its defaults."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.protocol.json_strategies import SPEC_WORDS, few_examples, json_objects
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.requests import run
from wiro_widgets.protocol.schema.openapi import read
from wiro_widgets.protocol.schema.parameters import Option, Parameter
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.widget.form import form


def _spec(schema: object, path: str = "/Run/a/b", **facts: Any) -> dict[str, Any]:
    post = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    return {"paths": {path: {"post": post}}, **facts}


def _of(properties: dict[str, Any], **facts: Any) -> ModelSchema:
    return ModelSchema.from_openapi(_spec({"type": "object", "properties": properties}, **facts))


def _parameter(field: object, **facts: Any) -> Parameter:
    [parameter] = _of({"x": field}, **facts).parameters
    return parameter


@pytest.mark.parametrize(
    ("field", "kind", "default"),
    [
        ({"type": ["string", "null"], "default": "a"}, "text", "a"),
        ({"type": ["null", "integer"], "default": "5"}, "number", 5),
        ({"type": ["integer", "string"], "default": "auto"}, "text", "auto"),
        ({"type": ["integer", "number"], "default": 0.5}, "number", 0.5),
        ({"type": "float", "default": "0.5"}, "number", 0.5),
        ({"type": "null"}, None, None),
        ({"type": "string", "nullable": True, "default": None}, "text", None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": "a"}, "text", "a"),
        ({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 4}, {"type": "null"}]}, "range", None),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}], "default": 2}, "number", 2),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}], "default": "auto"}, "text", "auto"),
        ({"allOf": [{"type": "boolean"}, {"default": True}]}, "boolean", True),
        ({"allOf": [{"$ref": "#/components/schemas/Size"}], "default": "b"}, "select", "b"),
        ({"$ref": "#/components/schemas/Size"}, "select", "a"),
        ({"$ref": "#/components/schemas/Odd~1na~0me%20s"}, "boolean", False),
        ({"$ref": "other.yaml#/Size"}, "select", "a"),
        ({"$ref": "#/components/schemas/Loop"}, "text", None),
        ({"$ref": "#/components/schemas/Nowhere"}, "text", None),
        ({"enum": [None, None]}, "text", None),
        ({"type": "string", "enum": [None], "x-input-type": "select"}, "text", None),
        ({"type": "string", "x-options": [{"value": None, "label": None}], "enum": ["a"]}, "select", None),
        ({"enum": ["a", None, 5, 0.5, True], "default": 5}, "select", "5"),
        ({"type": "integer", "enum": [512, 1024], "default": 1024}, "select", "1024"),
        ({"type": "string", "enum": ["a", "b"], "default": "c"}, "select", "c"),
        ({"const": "only"}, "select", None),
        ({"type": "boolean", "enum": [True, False], "default": "false"}, "boolean", False),
        ({"type": "number", "minimum": "1", "maximum": "5", "default": "9"}, "range", 9),
        ({"type": "integer", "minimum": 5, "maximum": 1, "default": 3}, "range", 3),
        ({"type": "number", "default": "auto"}, "number", None),
        ({}, "text", None),
        (None, "text", None),
        (True, "text", None),
        ({"type": "array", "items": {"type": "string"}, "default": ["a", "b"]}, "textarea", ["a", "b"]),
        ({"type": "array", "items": {"type": "object"}, "default": '[{"a": 1}]'}, "textarea", [{"a": 1}]),
        ({"type": "object", "properties": {"a": {}}, "default": {"a": 1}}, "textarea", {"a": 1}),
        ({"properties": {"a": {"type": "string"}}, "default": "no"}, "textarea", None),
        ({"type": "string", "format": "binary", "default": "x"}, "file", None),
        ({"type": "string", "format": "byte"}, "file", None),
        ({"type": "array", "items": {"type": "string", "format": "binary"}}, "file", None),
        ({"anyOf": [{"type": "string", "format": "binary"}, {"type": "string"}]}, "file", None),
        ({"anyOf": [{"type": "null"}, {"type": "array", "items": {"format": "binary"}}]}, "file", None),
    ],
)
def test_properties(field: object, kind: str | None, default: object) -> None:
    """Each has one of the kinds and its default, and binds it."""
    components = {
        "schemas": {
            "Size": {"type": "string", "enum": ["a", "b"], "default": "a"},
            "Odd/na~me s": {"type": "boolean", "default": "false"},
            "Loop": {"$ref": "#/components/schemas/Loop"},
        }
    }
    schema = _of({"x": field, "prompt": {"type": "string"}}, components=components)
    parameter = schema.get("x")
    assert (parameter and parameter.kind, parameter and parameter.default) == (kind, default)
    assert schema.bind(schema.defaults) == schema.defaults
    form(schema, sandbox=False, models=False)


@pytest.mark.parametrize(
    ("field", "bounds"),
    [
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 10}, (1, 9)),
        ({"minimum": 0, "exclusiveMinimum": True, "maximum": 10, "exclusiveMaximum": False}, (1, 10)),
        ({"minimum": 5, "exclusiveMinimum": 0}, (5, None)),
        ({"minimum": "none", "maximum": []}, (None, None)),
        ({"type": "number", "exclusiveMinimum": 0}, (0, None)),
    ],
)
def test_exclusive_bounds(field: dict[str, Any], bounds: tuple[object, object]) -> None:
    """A whole number stays inside; of a fraction nobody can say which is the next."""
    parameter = _parameter({"type": "integer", **field})
    assert (parameter.minimum, parameter.maximum) == bounds


def test_alternatives_with_titles_are_options() -> None:
    """Each constant with its title."""
    choices = [{"const": "a", "title": "First"}, {"const": 2, "title": "Second"}, {"enum": ["c", "d"]}]
    options = _parameter({"oneOf": choices}).options
    assert options == (Option("a", "First"), Option("2", "Second"), Option("c", "c"), Option("d", "d"))


def test_examples_are_no_defaults() -> None:
    """They stand in the empty field, and nothing of them is sent."""
    fields = {
        "a": {"type": "string", "example": "A fox"},
        "b": {"type": "string", "examples": ["A cat", "A dog"]},
        "c": {"type": "string", "examples": {"one": {"value": "A cow"}}},
        "d": {"type": "object", "example": {"x": 1}},
    }
    schema = _of(fields)
    assert [item.placeholder for item in schema.parameters] == ["A fox", "A cat", "A cow", '{"x": 1}']
    assert schema.bind({}) == schema.defaults == {}


def test_deprecated_and_read_only() -> None:
    """One is out of the way; the other is no input, though it is required."""
    fields = {
        "old": {"type": "string", "deprecated": True},
        "id": {"type": "string", "readOnly": True},
        "key": {"type": "string", "writeOnly": True},
    }
    schema = ModelSchema.from_openapi(_spec({"properties": fields, "required": ["id"]}))
    assert [(item.id, item.advanced) for item in schema.parameters] == [("old", True), ("key", False)]
    assert schema.bind({}) == {}


@pytest.mark.parametrize(
    "body",
    [
        {
            "allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}],
            "required": ["b"],
        },
        {"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}], "required": ["a", "b"]},
        {"oneOf": [{"properties": {"a": {}, "b": {}}, "required": ["a", "b"]}]},
        {"properties": {"a": {"required": True}, "b": {"required": "true"}}},
        {"properties": {"a": {}, "b": {}}, "required": '["a", "b"]'},
    ],
)
def test_composed_bodies(body: dict[str, Any]) -> None:
    """All of the properties, and all that is required."""
    schema = ModelSchema.from_openapi(_spec(body))
    assert {item.id: item.required for item in schema.parameters} == {"a": True, "b": True}


def test_alternative_bodies_require_what_each_requires() -> None:
    """Text or picture: neither must be given for the other."""
    bodies = [
        {"properties": {"prompt": {}, "seed": {}}, "required": ["prompt", "seed"]},
        {"properties": {"inputImage": {}, "seed": {}}, "required": ["inputImage", "seed"]},
    ]
    schema = ModelSchema.from_openapi(_spec({"oneOf": bodies}))
    assert {item.id for item in schema.parameters if item.required} == {"seed"}


def test_json_and_form_together() -> None:
    """What one calls a text and the other a file is a file; what only one requires is optional."""
    as_json = {"properties": {"photo": {"type": "string"}, "prompt": {}}, "required": ["photo", "prompt"]}
    as_form = {"properties": {"photo": {"type": "string", "format": "binary"}, "prompt": {}, "extra": {}}}
    as_form["required"] = ["prompt"]  # type: ignore[assignment]
    content = {"application/json": {"schema": as_json}, "multipart/form-data": {"schema": as_form}}
    spec = {"paths": {"/Run/a/b": {"post": {"requestBody": {"content": content}}}}}
    schema = ModelSchema.from_openapi(spec)
    assert [(item.id, item.kind, item.required) for item in schema.parameters] == [
        ("photo", "file", False),
        ("prompt", "textarea", True),
        ("extra", "text", False),
    ]


def test_a_body_by_reference_and_the_fields_of_openapi_2() -> None:
    """Both are read."""
    body: dict[str, Any] = {"content": {"x": {"schema": {"properties": {"a": {}}}}}}
    spec = {
        "paths": {"/Run/a/b": {"post": {"requestBody": {"$ref": "#/components/requestBodies/B"}}}},
        "components": {"requestBodies": {"B": body}},
    }
    assert [item.id for item in ModelSchema.from_openapi(spec).parameters] == ["a"]
    fields = [{"in": "formData", "name": "photo", "type": "file"}, {"in": "header", "name": "x-api-key"}]
    spec = {"paths": {"/Run/a/b": {"post": {"parameters": fields}}}}
    assert [(item.id, item.kind) for item in ModelSchema.from_openapi(spec).parameters] == [("photo", "file")]


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/Run/lantern/ harbour-2.3", "lantern/harbour-2.3"),
        ("/Run/lantern/%20harbour", "lantern/harbour"),
        ("/Run/ lantern /harbour /", "lantern/harbour"),
        ("/v1/Run/lantern/harbour 2.1", "lantern/harbour 2.1"),
        ("Run/lantern/harbour", "lantern/harbour"),
        ("/run/läntern/hårbour", "läntern/hårbour"),
    ],
)
def test_paths(path: str, model: str) -> None:
    """Trimmed, decoded, with and without what stands before."""
    schema = ModelSchema.from_openapi(_spec({"properties": {"a": {}}}, path))
    assert schema.model == model
    assert run(schema.model, schema.bind({"a": "x"}), schema).json == {"a": "x"}


def test_several_models_in_one_description() -> None:
    """The one that is asked for, else the first; a template of a path is none."""
    spec = _spec({"properties": {"a": {}}})
    spec["paths"]["/Run/{owner}/{project}"] = spec["paths"]["/Run/a/b"]
    spec["paths"]["/Run/c/ d"] = _spec({"properties": {"c": {}}})["paths"]["/Run/a/b"]
    assert ModelSchema.from_openapi(spec).model == "a/b"
    assert [item.id for item in ModelSchema.from_openapi(spec, model="C/d").parameters] == ["c"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda spec: [{"type": "apikey", "spec": json.dumps(spec)}],
        lambda spec: {"result": True, "errors": [], "list": [{"spec": spec}]},
        lambda spec: {"data": {"spec": spec}},
        lambda spec: {"spec": spec},
        lambda spec: [[spec]],
    ],
)
def test_what_is_around_a_description(wrap: Any) -> None:
    """JSON text, an envelope, or another list."""
    assert ModelSchema.from_openapi(wrap(_spec({"properties": {"a": {}}}))).parameters[0].id == "a"


IDS = [
    "class",
    "from",
    "a.b",
    "a-b",
    "a[0]",
    "a b",
    "größe",
    "强度",
    "__proto__",
    "constructor",
    "*",
    "self",
    "0",
    "-",
]


@pytest.mark.parametrize("name", IDS)
def test_ids_of_any_kind(name: str) -> None:
    """They travel as they are, and have a label."""
    schema = _of({name: {"type": "string"}})
    assert schema.bind({name: "x"}) == {name: "x"}
    [group] = form(schema, sandbox=False, models=False)["groups"]
    assert (group["parameters"][0]["id"], bool(group["parameters"][0]["label"])) == (name, True)


def test_an_empty_id_is_left_out() -> None:
    """It could not be sent."""
    assert _of({"": {"type": "string"}, "a": {}}).parameters[0].id == "a"


def test_a_huge_enum() -> None:
    """Ten thousand options bind, and an error names a few."""
    schema = _of({"x": {"enum": [f"voice-{number}" for number in range(10_000)]}})
    assert schema.bind({"x": "voice-9999"}) == {"x": "voice-9999"}
    with pytest.raises(InvalidParameter) as refusal:
        schema.bind({"x": "voic-9999"})
    assert len(str(refusal.value)) < 400


def test_a_description_that_multiplies() -> None:
    """References that double at each level end early."""
    schemas = {
        f"L{depth}": {"allOf": [{"$ref": f"#/components/schemas/L{depth + 1}"}] * 2} for depth in range(60)
    }
    schemas["L60"] = {"properties": {"a": {}}}  # type: ignore[dict-item]
    spec = _spec({"$ref": "#/components/schemas/L0"}, components={"schemas": schemas})
    ModelSchema.from_openapi(spec)


@pytest.mark.parametrize(
    ("structure", "value", "bound"),
    [
        ("array", ["a", 1], ["a", 1]),
        ("array", ("a",), ["a"]),
        ("array", '["a", 1]', ["a", 1]),
        ("array", "1, 2.5", [1, 2.5]),
        ("array", "a\n b c \n\n", ["a", "b c"]),
        ("object", {"a": [1]}, {"a": [1]}),
        ("object", '{"a": [1]}', {"a": [1]}),
    ],
)
def test_lists_and_objects(structure: str, value: object, bound: object) -> None:
    """As Python has them, as JSON text, and a list as lines; they are sent as JSON."""
    schema = _of({"x": {"type": structure}})
    assert schema.bind({"x": value}) == {"x": bound}
    assert run("a/b", schema.bind({"x": value}), schema).json == {"x": bound}


@pytest.mark.parametrize(
    ("structure", "value"), [("array", 5), ("array", {"a": 1}), ("object", "a"), ("object", [])]
)
def test_what_is_no_list_or_object(structure: str, value: object) -> None:
    """It is refused by name."""
    with pytest.raises(InvalidParameter, match=r"^x: "):
        _of({"x": {"type": structure}}).bind({"x": value})


@few_examples
@given(json_objects(SPEC_WORDS))
def test_any_properties(properties: dict[str, Any]) -> None:
    """Whatever a description says, there is a schema, its defaults bind, and a form."""
    schema = ModelSchema(*read(_spec({"properties": properties}, components={"schemas": {"a": properties}})))
    assert schema.bind({**_samples(schema), **schema.defaults}).keys() >= schema.defaults.keys()
    form(schema, sandbox=False, models=False)


def _samples(schema: ModelSchema) -> dict[str, Any]:
    """Return a value for each required parameter."""
    values = {"file": b"x", "number": 1, "range": 1, "boolean": True}
    return {
        item.id: item.minimum or item.maximum or values[item.kind]
        if item.kind in values
        else item.options[0].value
        if item.options
        else []
        if item.structure == "list"
        else {}
        if item.structure
        else "x"
        for item in schema.parameters
        if item.required
    }
