"""A panel's controls from Python."""

import json
from typing import Any

import numpy as np
import pytest
import traitlets
from PIL import Image

from tests.widget.conftest import MakePanel
from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import InvalidParameter, Panel


def test_values_by_keyword(panel_of: MakePanel) -> None:
    """Keyword arguments set controls; the others have the model's defaults."""
    panel = panel_of(prompt="a harbour", seed="42")
    assert (panel.values["prompt"], panel.values["seed"], panel.values["scale"]) == ("a harbour", 42, 3.5)


def test_setting_some(panel: Panel, wire: Wire) -> None:
    """`set` changes what it names, in Python and in the browser, and leaves the others."""
    panel.set(prompt="at night", steps=30)
    assert (panel.values["prompt"], panel.values["steps"], panel.values["width"]) == ("at night", 30, 64)
    assert (wire.traits["values"]["prompt"], wire.traits["values"]["steps"]) == ("at night", 30)


def test_clearing_one(panel: Panel, wire: Wire) -> None:
    """None empties a control."""
    panel.set(prompt=None)
    assert "prompt" not in panel.values
    assert wire.traits["values"]["prompt"] is None


def test_setting_an_item(panel: Panel, wire: Wire) -> None:
    """`panel.values["steps"] = 30` changes the control."""
    values = panel.values
    values["steps"] = 30
    assert (panel.values["steps"], values["steps"], wire.traits["values"]["steps"]) == (30, 30, 30)


def test_updating_in_place(panel: Panel) -> None:
    """`|=` and `update` change what they name."""
    panel.values |= {"steps": 30}
    panel.values.update(seed=7)
    assert (panel.values["steps"], panel.values["seed"], panel.values["prompt"]) == (30, 7, "A lighthouse")


def test_assigning_all(panel: Panel) -> None:
    """A whole set of values replaces the one before; what it does not name gets its default."""
    panel.values = {"prompt": "alone", "steps": "3"}
    assert panel.values == {
        "prompt": "alone", "steps": 3, "scale": 3.5, "strength": 0.88, "samples": 1, "width": 1024, "height": 1024,
        "seed": 7350148318,
    }  # fmt: skip


def test_assigning_the_values_of_another_panel(panel: Panel, panel_of: MakePanel) -> None:
    """A panel may get the values of another one."""
    other = panel_of(prompt="elsewhere", seed=1)
    panel.values = other.values
    assert panel.values == other.values
    other.set(seed=2)
    assert panel.values["seed"] == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"steps": "many"}, "steps"),
        ({"steps": 300}, "steps"),
        ({"steps": True}, "steps"),
        ({"scale": float("nan")}, "scale"),
        ({"prompt": 3j}, "prompt"),
        ({"inputImage": 3}, "inputImage"),
        ({"stepps": 3}, "stepps"),
    ],
)
def test_a_wrong_value(
    values: dict[str, Any], field: str, panel: Panel, wire: Wire, panel_of: MakePanel
) -> None:
    """Each way to set a value raises InvalidParameter, which names the field, and changes nothing."""
    values_before, json_before = dict(panel.values), dict(wire.traits["values"])
    ways = (
        lambda: panel.set(**values),
        lambda: panel.values.update(values),
        lambda: setattr(panel, "values", values),
        lambda: panel_of(**values),
    )
    for way in ways:
        with pytest.raises(InvalidParameter) as error:
            way()
        assert error.value.parameter == field
    assert (panel.values, wire.traits["values"]) == (values_before, json_before)


def test_values_are_a_dict(panel: Panel) -> None:
    """Anything else is an error of the trait."""
    with pytest.raises(traitlets.TraitError):
        panel.values = 3  # type: ignore[assignment] # that is what is tested


def test_a_panel_that_was_refused_makes_no_noise(
    panel_of: MakePanel, recwarn: pytest.WarningsRecorder
) -> None:
    """A wrong value or a wrong name raises an error, without a further warning."""
    for wrong in ({"model": "no-slash"}, {"steps": "many"}):
        with pytest.raises(InvalidParameter):
            panel_of(**wrong)
    assert list(recwarn) == []


def test_typed_values_show_in_python(panel: Panel, wire: Wire) -> None:
    """`panel.values` has what the user typed, converted, before the reply."""
    reply = wire.ask("values", rev=7, patch={"steps": "33", "prompt": "by hand"})
    assert (reply["to"], reply["rev"], reply["error"]) == ("page", 7, None)
    assert (panel.values["steps"], panel.values["prompt"]) == (33, "by hand")


def test_typed_errors_show_beside_the_field(panel: Panel, wire: Wire) -> None:
    """Wrong text stays as typed, with its error, until Python or the user corrects it."""
    wire.ask("values", rev=1, patch={"steps": "3o"})
    assert (panel.values["steps"], wire.traits["_errors"]) == (
        "3o",
        {"steps": "a whole number is needed, not '3o'"},
    )
    panel.set(steps=30)
    assert (panel.values["steps"], wire.traits["_errors"]) == (30, {})


def test_half_a_character_from_a_hand(wire: Wire) -> None:
    """A lone surrogate gets an error, and does not break the panel."""
    wire.ask("values", rev=1, patch={"prompt": "a \ud83d"})
    assert "half a character" in wire.traits["_errors"]["prompt"]
    assert wire.traits["values"]["prompt"] == "a ?"


def test_an_observer_of_values(panel: Panel, wire: Wire) -> None:
    """`observe` works as with any widget, for changes by Python and by the user."""
    steps: list[Any] = []
    panel.observe(lambda change: steps.append(change.new["steps"]), "values")
    panel.set(steps=30)
    wire.ask("values", rev=1, patch={"steps": 31})
    assert steps == [30, 31]


def test_a_picture_from_python(panel: Panel, wire: Wire) -> None:
    """A PIL image shows in the browser by name and preview, and never as a value."""
    panel.set(inputImage=Image.new("RGB", (80, 40)))
    [reference] = wire.traits["values"]["inputImage"]
    wire.until(lambda: wire.pictures("preview"))
    assert list(wire.pictures("preview")) == [reference["id"]]
    assert reference["name"] == "image 80x40"


def test_typing_sends_no_preview_again(panel: Panel, wire: Wire) -> None:
    """A preview is sent once, and once more to a late view."""
    panel.set(inputImage=np.zeros((8, 8, 3), dtype=np.uint8))
    wire.until(lambda: len(wire.messages("image")) == 1)
    for number in range(20):
        wire.ask("values", rev=number, patch={"prompt": "x" * number})
    wire.ask("sync", epoch="", next=0)
    wire.until(lambda: len(wire.messages("image")) == 2)


def test_the_state_is_small_json(panel: Panel) -> None:
    """The state that a notebook saves is a few kilobytes beside the front end, whatever the values."""
    panel.set(inputImage=Image.effect_noise((500, 500), 90))
    panel.run()
    panel.wait(SECONDS)
    state = {name: value for name, value in panel.get_state().items() if name not in ("_esm", "layout")}
    assert len(json.dumps(state)) < 8_000


def test_the_repr_is_calm(panel: Panel) -> None:
    """The model, the status, the number of runs; none of the values."""
    assert repr(panel) == "<Panel tencent/hunyuan-flux-srpo: idle, 0 runs>"


def test_the_code_repeats_the_controls(panel: Panel, wire: Wire) -> None:
    """`panel.code()` is what the browser copies too."""
    panel.set(prompt="it's here", seed=2**60)
    assert 'prompt="it\'s here"' in panel.code()
    assert f"seed={2**60}" in panel.code()
    assert wire.ask("code", rev=1)["text"] == panel.code()
