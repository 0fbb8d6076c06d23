"""The values of controls, set from Python and typed by hand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.widget.models import flux, many
from wiro_widgets import InvalidParameter, OutputError
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.panel_controls import PanelControls
from wiro_widgets.widget.wire.output_view import OutputView


def _flux() -> PanelControls:
    return PanelControls(flux(), "tencent/hunyuan-flux-srpo")


def _many() -> PanelControls:
    return PanelControls(many(), "wiro/many")


def _enter(controls: PanelControls, **values: object) -> PanelControls:
    controls.enter(values, lambda _output_id: None)
    return controls


def test_the_defaults_stand_in_the_controls() -> None:
    """A new panel shows the defaults of the model."""
    assert _flux().values == {
        "steps": 20, "scale": 3.5, "strength": 0.88, "samples": 1, "width": 1024, "height": 1024, "seed": 7350148318
    }  # fmt: skip


def test_pythons_values_are_converted() -> None:
    """Text becomes a number; a numpy number becomes one of Python's."""
    values = _flux().schema.convert({"steps": "30", "scale": np.float32(2.5), "seed": 2**70})
    assert values == {"steps": 30, "scale": 2.5, "seed": 2**70}
    assert [type(value) for value in values.values()] == [int, float, int]


def test_pythons_wrong_values_change_nothing() -> None:
    """The error names the field; the values stay."""
    controls = _flux()
    before = dict(controls.values)
    with pytest.raises(InvalidParameter) as error:
        controls.put(controls.schema.convert({"prompt": "x", "steps": 300}))
    assert error.value.parameter == "steps"
    assert controls.values == before


def test_an_unknown_name_proposes_the_near_one() -> None:
    """A misspelt name is an error, not a new control."""
    with pytest.raises(InvalidParameter, match="Did you mean 'steps'"):
        _flux().schema.convert({"stepps": 3})


def test_none_clears_a_control() -> None:
    """So does an empty text for a number."""
    controls = _flux()
    controls.put(controls.schema.convert({"steps": None, "scale": "", "width": "  "}))
    assert not {"steps", "scale", "width"} & controls.values.keys()


def test_wrong_text_stays_as_it_was_typed() -> None:
    """A wrong value stays, goes to the browser as typed, and has an error."""
    controls = _enter(_flux(), steps="3o", scale=99, prompt="fine")
    assert (controls.values["steps"], controls.values["scale"]) == ("3o", 99)
    assert controls.to_json()["steps"] == "3o"
    assert {name: error.reason for name, error in controls.errors.items()} == {
        "steps": "a whole number is needed, not '3o'",
        "scale": "must be between 0 and 10, not 99",
    }


def test_a_right_value_takes_its_error_away() -> None:
    """The error is gone once the value is right."""
    controls = _enter(_enter(_flux(), steps="3o"), steps="30")
    assert (controls.values["steps"], controls.errors) == (30, {})


def test_one_wrong_field_leaves_the_others_alone() -> None:
    """Typing in one control does not clear the error of another."""
    controls = _enter(_enter(_flux(), steps="3o"), prompt="x")
    assert list(controls.errors) == ["steps"]


def test_an_unknown_field_of_the_page_is_ignored() -> None:
    """A page cannot add a value that the model does not have."""
    controls = _enter(_flux(), nonsense=1)
    assert "nonsense" not in controls.values


def test_big_integers_are_exact() -> None:
    """A seed that JavaScript would round travels as text, and comes back as the same number."""
    controls = _enter(_flux(), seed="9007199254740993")
    assert controls.values["seed"] == 9007199254740993
    assert controls.to_json()["seed"] == "9007199254740993"
    assert _flux().to_json()["seed"] == 7350148318


def test_the_problems_of_a_run() -> None:
    """All fields that are missing or wrong."""
    controls = _enter(_flux(), steps="3o")
    assert list(controls.problems()) == ["steps", "prompt"]


def test_an_upload_replaces_the_only_file() -> None:
    """A control for one file has the newest one."""
    controls = _flux()
    controls.add_file("inputImage", NamedBytes(b"1", "a.png"))
    controls.add_file("inputImage", NamedBytes(b"2", "b.png"))
    assert controls.values["inputImage"] == b"2"


def test_an_upload_joins_the_other_files() -> None:
    """A control for several files keeps them in the order of their arrival, up to its limit."""
    controls = _many()
    for name in ("a.png", "b.png", "c.png"):
        controls.add_file("photos", NamedBytes(name.encode(), name))
    assert [item["name"] for item in controls.to_json()["photos"]] == ["a.png", "b.png", "c.png"]
    with pytest.raises(InvalidParameter, match="up to 3 files, not 4"):
        controls.add_file("photos", NamedBytes(b"d", "d.png"))
    assert len(controls.values["photos"]) == 3


def _pictures(count: int, content_type: str = "image/png") -> list[Output]:
    return [Output(OutputInfo(f"{place}.png", content_type), data=b"PNG") for place in range(count)]


def test_outputs_go_where_they_fit_and_what_came_of_it_is_said() -> None:
    """A field for one takes the first, one for several as many as it has room for, and no file of another kind."""
    one, several = _flux(), _many()
    pictures = _pictures(2)
    sound = _pictures(1, "audio/mpeg")
    words = one.take_inputs(pictures)
    assert words.startswith("The first of 2 outputs went to ")
    assert words.endswith(" of tencent/hunyuan-flux-srpo, which takes no more")
    assert one.values["inputImage"] is pictures[0]
    assert one.take_inputs(pictures[1:]).startswith("It is now ")
    assert several.take_inputs([pictures[0], *sound, pictures[1]], "photos").startswith("2 outputs are now ")
    assert several.values["photos"] == pictures
    assert several.take_inputs(_pictures(2), "photos").startswith("The first of 2 outputs went to ")
    with pytest.raises(InvalidParameter, match="up to 3 files, not 4"):
        several.take_inputs(_pictures(1), "photos")
    with pytest.raises(InvalidParameter, match="takes no audio"):
        several.take_inputs(sound, "photos")
    with pytest.raises(InvalidParameter, match="takes no file"):
        one.take_inputs(pictures, "prompt")


@pytest.mark.parametrize("name", ["prompt", "nonsense"])
def test_a_file_for_what_takes_none(name: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidParameter, match="takes no file"):
        _flux().add_file(name, NamedBytes(b"1", "a.png"))


def test_files_are_referred_to_and_never_sent() -> None:
    """The browser gets the name, type and size of a file."""
    controls = _flux()
    controls.add_file("inputImage", NamedBytes(b"123", "photo.jpg"))
    [reference] = controls.to_json()["inputImage"]
    assert {**reference, "id": ""} == {
        "id": "",
        "name": "photo.jpg",
        "mime": "image/jpeg",
        "size": 3,
        "url": None,
        "facts": "JPEG \N{MIDDLE DOT} 3 B",
    }


def test_a_reference_stays_the_same() -> None:
    """Other controls may change; the file keeps its id, also when it changes places with another."""
    controls = _many()
    for name in ("a.png", "b.png"):
        controls.add_file("photos", NamedBytes(name.encode(), name))
    first, second = controls.to_json()["photos"]
    _enter(controls, title="x", photos=[second["id"], first["id"]])
    assert controls.to_json()["photos"] == [second, first]


def test_a_page_takes_a_file_away() -> None:
    """A file that the page leaves out is forgotten, with its id."""
    controls = _many()
    for name in ("a.png", "b.png"):
        controls.add_file("photos", NamedBytes(name.encode(), name))
    first, second = controls.to_json()["photos"]
    _enter(controls, photos=[second["id"]])
    assert [item.name for item in controls.values["photos"]] == ["b.png"]
    assert controls.files.get(first["id"]) is None
    _enter(controls, photos=[])
    assert "photos" not in controls.values


def test_an_id_is_never_used_twice() -> None:
    """Not even by another panel: a browser remembers pictures by them."""
    ids = set()
    for _ in range(3):
        controls = _flux()
        controls.add_file("inputImage", NamedBytes(b"1", "a.png"))
        ids.add(controls.to_json()["inputImage"][0]["id"])
    assert len(ids) == 3


def test_an_address_beside_a_file() -> None:
    """A page may name web addresses; their last part is shown."""
    controls = _many()
    controls.add_file("photos", NamedBytes(b"1", "a.png"))
    [reference] = controls.to_json()["photos"]
    _enter(controls, photos=[{"url": "https://example.org/pictures/b%20c.png?x=1"}, reference["id"]])
    assert controls.values["photos"][0] == "https://example.org/pictures/b%20c.png?x=1"
    references = controls.to_json()["photos"]
    assert [(item["name"], item["url"]) for item in references] == [
        ("b c.png", "https://example.org/pictures/b%20c.png?x=1"),
        ("a.png", None),
    ]


@pytest.mark.parametrize("item", ["f0", {"url": None}, {}, None, 3, ["f1"], {"output": "9-9"}])
def test_a_file_that_is_not_there(item: object) -> None:
    """An unknown id, or what is no file, is left out."""
    controls = _enter(_many(), photos=[item])
    assert "photos" not in controls.values


def test_a_value_that_is_no_list_of_files() -> None:
    """A page cannot set a file to a text: a path would be read from this machine."""
    controls = _enter(_many(), photos="secrets.txt")
    assert "photos" not in controls.values


def test_an_earlier_output_as_input(tmp_path: Path) -> None:
    """An output on disk or in memory is an input, from which the run knows its parent; a missing one is none."""
    info = OutputInfo("0.png", "image/png")
    outputs = {
        "1-0": OutputView(Output(info, data=b"PNG")),
        "2-0": OutputView(Output(info, path=tmp_path / "kept.png")),
        "3-0": OutputView(Output(info, error=OutputError("is gone"))),
    }
    controls = _many()
    controls.enter({"photos": [{"output": output_id} for output_id in outputs]}, outputs.get)
    assert controls.values["photos"] == [outputs["1-0"].output, outputs["2-0"].output]
    assert [item["name"] for item in controls.to_json()["photos"]] == ["0.png", "kept.png"]


def test_an_output_from_python() -> None:
    """An Output may be set as it is; it keeps its name."""
    controls = _flux()
    controls.put(
        controls.schema.convert({"inputImage": Output(OutputInfo("0.png", "image/png"), data=b"PNG")})
    )
    [reference] = controls.to_json()["inputImage"]
    assert (reference["name"], reference["mime"]) == ("0.png", "image/png")


def test_pictures_and_arrays_are_named_by_their_size() -> None:
    """A PIL image or a numpy array has no name of its own."""
    controls = _many()
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    controls.put(controls.schema.convert({"photos": [Image.new("RGB", (6, 4)), pixels]}))
    references = controls.to_json()["photos"]
    assert [(item["name"], item["mime"]) for item in references] == [
        ("image 6x4", "image/png"),
        ("array 4x6x3", "image/png"),
    ]


def test_values_that_fit_another_model() -> None:
    """Of another model's values those that fit are taken."""
    controls = _flux()
    controls.fit({"prompt": "kept", "steps": 3000, "title": "gone", "seed": "42"})
    assert (controls.values["prompt"], controls.values["seed"], controls.values["steps"]) == ("kept", 42, 20)


def test_a_model_that_is_not_known_takes_anything() -> None:
    """Without a schema nothing can be checked, so Python's values stay as they are."""
    controls = PanelControls(None, "somebody/hidden")
    controls.put(controls.schema.convert({"anything": 3, "empty": None}))
    assert (controls.values, controls.problems(), controls.to_json()) == ({"anything": 3}, {}, {})


def test_the_repr_counts() -> None:
    """Counts, and no value."""
    controls = _enter(_flux(), steps="3o", prompt="private")
    assert repr(controls) == "<PanelControls of tencent/hunyuan-flux-srpo: 8 values, 1 wrong>"
