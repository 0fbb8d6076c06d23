"""A panel whose controls come from an OpenAPI description."""

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
