"""Taking the last change of a form back."""

import pytest

from tests.widget.conftest import FLUX, MakePanel
from tests.widget.models import flux, many
from tests.widget.wire.page import Wire
from wiro_widgets import Panel
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.controls import undo_stack
from wiro_widgets.widget.panel_controls import PanelControls


def _enter(controls: PanelControls, **values: object) -> None:
    controls.enter(values, lambda _output_id: None)


def test_each_change_is_taken_back_the_last_first() -> None:
    """Values from Python, values typed, axes and recipes: each is one change."""
    controls = PanelControls(flux(), FLUX)
    before = dict(controls.values)
    controls.set({"steps": 30})
    _enter(controls, prompt="fog")
    controls.vary({"seed": [1, 2]})
    controls.fit({"prompt": "dusk", "width": 512})
    assert [_undo(controls) for _ in range(4)] == ["2 fields", "Seed", "Prompt", "Steps"]
    assert controls.values == before
    assert not controls.axis_controls
    assert not controls.undo()
    assert controls.axes_to_json()["undo"] == ""


def _undo(controls: PanelControls) -> str:
    title: str = controls.axes_to_json()["undo"]
    assert controls.undo()
    return title


def test_what_is_typed_in_one_go_is_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that follow each other are one change; after a pause, or in another field, another begins."""
    controls = PanelControls(flux(), FLUX)
    for text in ("f", "fo", "fog"):
        _enter(controls, prompt=text)
    _enter(controls, steps=30)
    _enter(controls, prompt="fog bank")
    monkeypatch.setattr(undo_stack, "TYPING_SECONDS", 0)
    _enter(controls, prompt="fog bank at dusk")
    prompts = []
    while controls.undo():
        prompts.append(controls.values.get("prompt"))
    assert prompts == ["fog bank", "fog", "fog", None]


def test_what_changes_nothing_is_no_change() -> None:
    """A Run sends all values again; nothing is to be taken back then."""
    controls = PanelControls(flux(), FLUX)
    controls.set({"inputImage": b"PNG"})
    _enter(controls, **{name: value for name, value in controls.to_json().items() if name != "inputImage"})
    _enter(controls, inputImage=[controls.to_json()["inputImage"][0]["id"]])
    assert _undo(controls) == "Input image"
    assert not controls.undo()


def test_files_come_back() -> None:
    """A file that was taken away, or replaced, is there again, and the page gets it."""
    controls = PanelControls(many(), "wiro/many")
    photo, other = NamedBytes(b"PNG", "photo.png"), NamedBytes(b"PNG", "other.png")
    controls.add_file("photos", photo)
    controls.add_file("photos", other)
    _enter(controls, photos=[])
    controls.undo()
    assert controls.values["photos"] == [photo, other]
    assert [item["name"] for item in controls.to_json()["photos"]] == ["photo.png", "other.png"]
    controls.undo()
    assert controls.values["photos"] == [photo]


def test_a_wrong_value_is_taken_back_with_its_error() -> None:
    """What was typed wrong goes, and so does the complaint."""
    controls = PanelControls(flux(), FLUX)
    _enter(controls, steps="many")
    assert controls.errors
    controls.undo()
    assert not controls.errors
    assert controls.values["steps"] == 20


def test_only_so_many_changes_are_kept() -> None:
    """The oldest are forgotten, with their files."""
    controls = PanelControls(flux(), FLUX)
    for steps in range(1, 50):
        controls.set({"steps": steps})
    assert sum(iter(controls.undo, False)) == undo_stack.MAX_CHANGES


def test_another_model_is_taken_back(panel_of: MakePanel) -> None:
    """The form, its values and its axes are those of the model before."""
    panel = panel_of(prompt="fog", steps=7)
    wire = panel.comm
    assert isinstance(wire, Wire)
    panel.vary(seed=[1, 2])
    panel.switch_to("wiro/sandbox-sketch")
    assert wire.traits["_axes"]["undo"] == "the model"
    assert panel.undo()
    assert panel.model == FLUX
    assert wire.traits["_form"]["model"] == FLUX
    assert panel.values["steps"] == 7
    assert panel.axes == {"seed": (1, 2)}


def test_a_whole_set_of_values_is_one_change(panel: Panel) -> None:
    """`panel.values = ...` is taken back at once, and the trait follows."""
    before = dict(panel.values)
    panel.values = {"prompt": "fog", "steps": 3}
    panel.undo()
    assert panel.values == before


def test_undo_in_the_page(panel: Panel, wire: Wire) -> None:
    """The page knows what it can take back, and asks for it."""
    assert wire.traits["_axes"]["undo"] == ""
    wire.ask("values", rev=1, patch={"steps": 9})
    wire.until(lambda: wire.traits["_axes"]["undo"] == "Steps")
    assert wire.ask("undo", rev=2)["error"] is None
    assert panel.values["steps"] == 2
    assert wire.traits["values"]["steps"] == 2
    assert wire.traits["_axes"]["undo"] == ""


def test_an_open_form(panel_of: MakePanel) -> None:
    """The rows of a model that nobody describes follow."""
    panel = panel_of("wiro/sandbox-riddle")
    panel.set(prompt="fog")
    panel.set(prompt="dusk", seed=3)
    panel.undo()
    assert panel.values == {"prompt": "fog"}
