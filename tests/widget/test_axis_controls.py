"""Controls that vary, set from Python and typed by hand."""

from typing import Any

import pytest

from tests.widget.models import flux, many
from wiro_widgets import InvalidParameter
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.axis_controls import MARK
from wiro_widgets.widget.panel_controls import PanelControls


def _flux() -> PanelControls:
    return PanelControls(flux(), "tencent/hunyuan-flux-srpo")


def _enter(controls: PanelControls, **texts: Any) -> PanelControls:
    controls.enter({f"{MARK}{name}": text for name, text in texts.items()}, lambda _output_id: None)
    return controls


def test_nothing_is_varied_at_first() -> None:
    """Run means one run."""
    controls = _flux()
    assert (controls.axis_controls.axes, controls.axes_to_json()) == (
        (),
        {"shown": {}, "words": {}, "runs": 1, "undo": "", "locked": True},
    )


def test_an_axis_begins_with_what_the_control_holds() -> None:
    """The page only begins the axis; Python chooses its text."""
    axes_json = _enter(_flux(), steps=True, seed=True).axes_to_json()
    assert axes_json == {
        "shown": {"*steps": "20", "*seed": "7350148318..7350148321"},
        "words": {"steps": "1 value: 20", "seed": "4 values: 7350148318 \N{HORIZONTAL ELLIPSIS} 7350148321"},
        "runs": 4,
        "undo": "2 fields",
        "locked": True,
    }


def test_a_text_becomes_values() -> None:
    """In the order of the controls, whichever was typed first."""
    controls = _enter(_flux(), seed="1..3", steps="10, 20")
    assert [(axis.name, axis.values) for axis in controls.axis_controls.axes] == [
        ("steps", (10, 20)),
        ("seed", (1, 2, 3)),
    ]
    assert controls.axis_controls.run_count == 6


def test_a_wrong_text_is_kept_with_its_error() -> None:
    """It stays as typed, its error has the name of the axis, and it makes no run."""
    controls = _enter(_flux(), steps="10, many")
    assert controls.axes_to_json()["shown"] == {"*steps": "10, many"}
    assert controls.axes_to_json()["runs"] == 0
    assert "many" in controls.errors["*steps"].reason
    assert controls.values["steps"] == 20


def test_a_wrong_value_beneath_an_axis_does_not_matter() -> None:
    """An empty prompt is not missing if the prompt varies."""
    controls = _flux()
    assert "prompt" in controls.problems()
    assert _enter(controls, prompt="a cat\na dog").problems() == {}


def test_an_axis_ends() -> None:
    """By the page's null or by Python's None; the value beneath stays."""
    controls = _enter(_enter(_flux(), steps="10, 20"), steps=None)
    assert controls.axis_controls.axes == ()
    controls.axis_controls.set("steps", [10, 20])
    controls.axis_controls.set("steps", None)
    assert (controls.axis_controls.axes, controls.values["steps"]) == ((), 20)


@pytest.mark.parametrize(
    ("argument", "values", "text"),
    [
        ([10, "20", 30.0], (10, 20, 30), "10, 20, 30"),
        (range(10, 60, 10), (10, 20, 30, 40, 50), "10..50 by 10"),
        ("10..30 by 10", (10, 20, 30), "10..30 by 10"),
        (iter([1, 2]), (1, 2), "1, 2"),
    ],
)
def test_python_gives_values_or_a_text(argument: Any, values: tuple[int, ...], text: str) -> None:
    """The user can edit what Python set."""
    controls = _flux()
    controls.axis_controls.set("steps", argument)
    assert controls.axis_controls.axes[0].values == values
    assert controls.axes_to_json()["shown"] == {"*steps": text}


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("stepps", [1], "Did you mean 'steps'"),
        ("steps", [], "1 to 10,000 values"),
        ("steps", range(20_000), "1 to 10,000 values"),
        ("steps", {1, 2}, "a list of values"),
        ("steps", 20, "a list of values"),
        ("steps", [10, 300], "between 1 and 50"),
        ("steps", "10..300", "between 1 and 50"),
    ],
)
def test_pythons_wrong_axes_change_nothing(name: str, argument: Any, words: str) -> None:
    """The error names the field and says what is needed."""
    controls = _flux()
    with pytest.raises(InvalidParameter, match=words):
        controls.axis_controls.set(name, argument)
    assert controls.axis_controls.axes == ()


def test_a_model_that_is_not_known_has_no_axes() -> None:
    """Without a schema no axis can be read."""
    with pytest.raises(InvalidParameter):
        PanelControls(None, "a/b").axis_controls.set("steps", [1])


def test_too_many_runs_are_refused_beside_the_longest_axis() -> None:
    """A sweep that large is never sent."""
    controls = _enter(_flux(), seed="1..1000", steps="1..50")
    assert "50,000 runs" in controls.errors["*seed"].reason
    assert controls.problems().keys() == {"prompt", "*seed"}


def test_files_are_gone_through_one_by_one() -> None:
    """The file of the control is the first, an upload is one more, and each is a run."""
    controls = _flux()
    first, second = NamedBytes(b"1", "1.png"), NamedBytes(b"2", "2.png")
    controls.add_file("inputImage", first)
    _enter(controls, inputImage=True)
    controls.add_file("inputImage", second)
    assert controls.axis_controls.axes[0].values == (first, second)
    axes_json = controls.axes_to_json()
    assert [ref["name"] for ref in axes_json["shown"]["inputImage"]] == ["1.png", "2.png"]
    assert (axes_json["runs"], axes_json["words"]) == (2, {"inputImage": "2 files"})
    assert {ref["id"] for ref in axes_json["shown"]["inputImage"]} == controls.files_by_id().keys()
    order = [ref["id"] for ref in reversed(axes_json["shown"]["inputImage"])]
    controls.enter({"inputImage": order}, lambda _output_id: None)
    assert controls.axis_controls.axes[0].values == (second, first)


def test_the_first_file_stays_when_its_axis_ends() -> None:
    """A single run takes it."""
    controls = _flux()
    files = [NamedBytes(b"1", "1.png"), NamedBytes(b"2", "2.png")]
    controls.axis_controls.set("inputImage", files)
    _enter(controls, inputImage=None)
    assert controls.values["inputImage"] is files[0]


def test_an_axis_of_files_waits_for_some() -> None:
    """Without a file there is nothing to run."""
    controls = _enter(_flux(), inputImage=True)
    assert "choose the files" in controls.errors["*inputImage"].reason
    assert controls.axis_controls.run_count == 0


def test_groups_of_files_are_values_of_an_axis() -> None:
    """A control for several files takes one group for each run."""
    controls = PanelControls(many(), "wiro/many")
    pairs = [[NamedBytes(b"1", "1.png"), NamedBytes(b"2", "2.png")], [NamedBytes(b"3", "3.png")]]
    controls.axis_controls.set("photos", pairs)
    assert controls.axis_controls.run_count == 2
    assert len(controls.axes_to_json()["shown"]["photos"]) == 3


def test_axes_go_along_to_another_model_where_they_can_be_read() -> None:
    """A seed fits; an axis that the other model cannot read is left out."""
    before = _enter(_flux(), seed="1..3", strength="0, 1", inputImage=True)
    after = PanelControls(many(), "wiro/many")
    after.axis_controls.fit(before.axis_controls)
    assert [axis.name for axis in after.axis_controls.axes] == ["seed"]


def test_a_recipe_ends_the_axes_that_it_names() -> None:
    """The control then has the value of the picture."""
    controls = _enter(_flux(), steps="10, 20", scale="1, 2")
    controls.fit({"steps": 30})
    assert ([axis.name for axis in controls.axis_controls.axes], controls.values["steps"]) == (["scale"], 30)


def test_a_pattern_is_counted_as_it_is_typed() -> None:
    """A choice in the axis of a prompt makes several values, and a wrong pattern makes none and says why."""
    controls = _enter(_flux(), prompt="a {red|blue} fox\na hen")
    assert controls.axes_to_json()["words"] == {"prompt": "3 values"}
    assert controls.axis_controls.run_count == 3
    _enter(controls, prompt="a {red|blue fox")
    assert controls.axis_controls.run_count == 0
    assert "no }" in controls.errors["*prompt"].reason


def test_a_plain_prompt_with_braces_becomes_no_pattern_by_itself() -> None:
    """Vary begins with the one text that the control holds, and a list from Python has as many texts as items."""
    controls = _flux()
    controls.set({"prompt": "a {red|blue} fox"})
    assert _enter(controls, prompt=True).axis_controls.run_count == 1
    [axis] = controls.axis_controls.axes
    assert axis.values == ("a {red|blue} fox",)
    controls.vary({"prompt": ["{a|b}", r"\{c|d\}"]})
    [axis] = controls.axis_controls.axes
    assert axis.values == ("{a|b}", r"\{c|d\}")
    text = controls.axes_to_json()["shown"]["*prompt"]
    [axis] = _enter(_flux(), prompt=text).axis_controls.axes
    assert axis.values == ("{a|b}", r"\{c|d\}")
    controls.vary({"prompt": "{a|b}"})
    assert controls.axis_controls.run_count == 2
