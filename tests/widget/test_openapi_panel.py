"""A panel whose controls come from an OpenAPI description."""

from tests.widget.conftest import MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, ModelSchema, Panel

SPEC = {
    "paths": {
        "/Run/wiro/sandbox-chat": {
            "post": {
                "summary": "Run Sandbox chat",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["prompt"],
                                "properties": {"prompt": {"type": "string", "title": "Question"}},
                            }
                        }
                    }
                },
            }
        }
    }
}


def test_a_panel_from_an_openapi_description(sandbox_client: Client) -> None:
    """A schema in place of a name defines the controls, and the model runs like any other."""
    panel = Panel(ModelSchema.from_openapi(SPEC), client=sandbox_client, prompt="hello")
    (control,) = panel.get_state()["_form"]["groups"][0]["parameters"]
    assert (panel.model, control["label"], control["role"]) == ("wiro/sandbox-chat", "Question", "prompt")
    panel.run()
    assert "hello" in (panel.wait().text or "")
    panel.close()


def test_lists_and_objects_are_typed_as_text(panel_of: MakePanel) -> None:
    """What Python sets shows as JSON, what is typed stays as it is, and a run gets the list; each can be an axis."""
    properties = {
        "words": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
        "box": {"type": "object", "default": {"x": 1}},
    }
    body = {"content": {"application/json": {"schema": {"properties": properties}}}}
    spec = {"paths": {"/Run/wiro/sandbox-chat": {"post": {"requestBody": body}}}}
    panel = panel_of(ModelSchema.from_openapi(spec))
    wire = panel.comm
    assert isinstance(wire, Wire)
    assert panel.get_state()["values"] == {"words": '["a", "b"]', "box": '{"x": 1}'}
    wire.ask("values", rev=1, patch={"words": "red\n", "box": "{"})
    assert wire.traits["values"] == {"words": "red\n", "box": "{"}
    assert list(wire.traits["_errors"]) == ["box"]
    panel.set(box={"x": [2]})
    wire.ask("values", rev=2, patch={"words": "red\nblue"})
    assert ModelSchema.from_openapi(spec).bind(panel.values) == {"words": ["red", "blue"], "box": {"x": [2]}}
    panel.vary(words='["a"]\n["b", "c"]\n["a"]')
    assert panel.axes["words"] == (["a"], ["b", "c"])
    panel.vary(box=[{"x": 1}, {"x": 2}])
    assert wire.traits["_axes"]["shown"]["*box"] == '{"x": 1}\n{"x": 2}'
