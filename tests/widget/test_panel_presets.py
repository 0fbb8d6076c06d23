"""Presets and earlier prompts in a panel, from Python and from the page."""

from typing import Any

import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, ConfigurationError, InvalidParameter, Panel, Sandbox


@pytest.fixture(autouse=True)
def _no_presets(sandbox_client: Client) -> None:
    """Begin without presets; clients of the tests share a journal if they have one."""
    sandbox_client.presets(FLUX).clear()


def _names(reply: dict[str, Any]) -> list[str]:
    return [preset["name"] for preset in reply["presets"]]


def test_a_preset_brings_the_controls_back(panel: Panel, sandbox_client: Client) -> None:
    """All of them, those that were empty too; files stay as they are."""
    panel.set(steps=8, seed=None)
    panel.save_preset("dusk")
    assert panel.presets["dusk"] == {
        **SMALL,
        "steps": 8,
        "seed": None,
        "scale": 3.5,
        "strength": 0.88,
        "samples": 1,
        "callbackUrl": None,
    }
    panel.set(prompt="a hen", steps=20, seed=7, inputImage=b"png")
    panel.load_preset("dusk")
    assert (panel.values["prompt"], panel.values["steps"], panel.values.get("seed")) == (
        "A lighthouse",
        8,
        None,
    )
    assert "inputImage" in panel.values
    assert sandbox_client.presets(FLUX) == panel.presets
    assert sandbox_client.estimate(FLUX, **panel.presets["dusk"])


def test_a_part_of_the_values(panel: Panel) -> None:
    """Values that are given are the preset, converted as the model takes them; the others stay."""
    panel.save_preset("draft", steps="4")
    assert panel.presets["draft"] == {"steps": 4}
    panel.set(scale=5)
    panel.load_preset("draft")
    assert (panel.values["steps"], panel.values["scale"]) == (4, 5)
    with pytest.raises(InvalidParameter, match="steps"):
        panel.save_preset("draft", step=4)
    with pytest.raises(KeyError, match="did you mean 'draft'"):
        panel.load_preset("darft")


def test_a_style_stands_around_the_prompt(panel: Panel) -> None:
    """It holds what differs from the model's defaults, and loading it again changes nothing."""
    panel.set(prompt="a photo of {prompt}, grain")
    panel.save_preset("photo")
    assert panel.presets["photo"] == {
        "prompt": "a photo of {prompt}, grain",
        "steps": 2,
        "width": 64,
        "height": 64,
    }
    panel.set(prompt="a fox", scale=5)
    for _ in range(2):
        panel.load_preset("photo")
        assert (panel.values["prompt"], panel.values["scale"]) == ("a photo of a fox, grain", 5)


def test_what_does_not_fit_any_more_is_left_out(panel: Panel) -> None:
    """A preset of an earlier schema, or of a hand that wrote the journal, harms nothing and names no file."""
    panel.presets["old"] = {"steps": 9_999, "gone": 1, "inputImage": "/etc/passwd", "scale": 5}
    panel.load_preset("old")
    assert (panel.values["steps"], panel.values["scale"]) == (2, 5)
    assert not {"gone", "inputImage"} & panel.values.keys()


def test_a_new_panel_begins_with_the_default(panel_of: MakePanel, sandbox_client: Client) -> None:
    """Values that are given come first, and a record is shown as it was."""
    presets = sandbox_client.presets(FLUX)
    presets["draft"] = {"steps": 8, "scale": 5, "width": 128}
    presets.default = "draft"
    panel = panel_of()
    assert {name: panel.values[name] for name in ("steps", "scale", "width")} == {
        "steps": 2,
        "scale": 5,
        "width": 64,
    }
    record = sandbox_client.run(FLUX, **SMALL, seed=1).wait().record
    assert Panel.from_record(record, client=sandbox_client).values["scale"] == 3.5
    presets.default = None
    assert panel_of().values["scale"] == 3.5


def test_without_a_model_there_are_none(panel_of: MakePanel) -> None:
    """They belong to a model."""
    with pytest.raises(ConfigurationError, match="Choose a model"):
        _ = panel_of(None).presets


def test_earlier_prompts(panel: Panel, sandbox_client: Client, wire: Wire) -> None:
    """Each run of the model brings one, whoever made it; the page gets the same."""
    for prompt in ("first of all", "second to none"):
        panel.set(prompt=prompt)
        panel.run()
        panel.wait(60)
    sandbox_client.run(FLUX, {**SMALL, "prompt": "from a script"}).wait(60)
    assert panel.prompts[:3] == ["from a script", "second to none", "first of all"]
    assert sandbox_client.prompts(FLUX) == panel.prompts
    assert wire.ask("prompts", rev=3)["prompts"] == panel.prompts


def test_the_page_has_a_menu_of_them(panel: Panel, wire: Wire) -> None:
    """Each press is answered with all presets, or with why not."""

    def ask(action: str, name: str = "", to: str = "") -> dict[str, Any]:
        return wire.ask("preset", rev=4, action=action, name=name, to=to)

    assert ask("list")["presets"] == []
    panel.set(steps=8)
    assert _names(ask("save", "dusk")) == ["dusk"]
    panel.set(steps=20)
    ask("load", "dusk")
    assert panel.values["steps"] == 8
    assert ask("default", "dusk")["presets"] == [{"name": "dusk", "is_default": True, "is_style": False}]
    assert ask("default", "dusk")["presets"] == [{"name": "dusk", "is_default": False, "is_style": False}]
    assert _names(ask("rename", "dusk", "evening")) == ["evening"]
    assert "no preset 'dusk'" in ask("load", "dusk")["error"]
    assert ask("save", " ")["error"] == "A preset has a name of 1 to 80 characters."
    assert _names(ask("delete", "evening")) == []


def test_a_damaged_preset_is_listed(panel: Panel, sandbox_client: Client, wire: Wire) -> None:
    """Loading it says so, and it can be deleted."""
    sandbox_client.presets(FLUX).update({"dusk": {}, "noon": {}})
    sql = "UPDATE presets SET parameters = '[' WHERE name = 'dusk'"
    panel.presets._journal.execute(sql, {}, writes=True)
    ask = {"rev": 4, "name": "dusk", "to": ""}
    assert _names(wire.ask("preset", action="list", **ask)) == ["dusk", "noon"]
    assert "damaged" in wire.ask("preset", action="load", **ask)["error"]
    assert _names(wire.ask("preset", action="delete", **ask)) == ["noon"]


def test_a_message_of_an_unknown_shape(panel: Panel, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is done, and its wrong field is named in the log."""
    wire.say("preset", rev=5, action="drop", name="dusk", to="")
    assert "'action'" in caplog.text
    assert len(panel.presets) == 0


def test_presets_without_a_journal(sandbox: Sandbox) -> None:
    """They last as long as the client."""
    with sandbox.client(journal=False) as client:
        panel = Panel(FLUX, client=client)
        panel.save_preset("dusk")
        assert list(client.presets(FLUX)) == ["dusk"]
        panel.close()
