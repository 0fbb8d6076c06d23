"""What the controls hold, from Python and from a hand."""

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


def _typed(controls: PanelControls, **values: object) -> PanelControls:
    controls.enter(values, lambda _output_id: None)
    return controls


def test_the_defaults_stand_in_the_controls() -> None:
    """A new panel shows what the model would take by itself."""
    assert _flux().values == {
        "steps": 20, "scale": 3.5, "strength": 0.88, "samples": 1, "width": 1024, "height": 1024, "seed": 7350148318
    }  # fmt: skip


def test_pythons_values_are_converted() -> None:
    """Text becomes the number that it says; a numpy number becomes Python's."""
    held = _flux().convert({"steps": "30", "scale": np.float32(2.5), "seed": 2**70})
    assert held == {"steps": 30, "scale": 2.5, "seed": 2**70}
    assert [type(value) for value in held.values()] == [int, float, int]


def test_pythons_wrong_values_change_nothing() -> None:
    """The error names the field; what the controls held is held still."""
    controls = _flux()
    before = dict(controls.values)
    with pytest.raises(InvalidParameter) as caught:
        controls.put(controls.convert({"prompt": "x", "steps": 300}))
    assert caught.value.parameter == "steps"
    assert controls.values == before


def test_an_unknown_name_proposes_the_near_one() -> None:
    """A misspelt name is an error, not a new control."""
    with pytest.raises(InvalidParameter, match="Did you mean 'steps'"):
        _flux().convert({"stepps": 3})


def test_none_clears_a_control() -> None:
    """So does text that is empty, where a number belongs."""
    controls = _flux()
    controls.put(controls.convert({"steps": None, "scale": "", "width": "  "}))
    assert not {"steps", "scale", "width"} & controls.values.keys()


def test_wrong_text_stays_as_it_was_typed() -> None:
    """A hand's wrong value is kept, shown to the browser as typed, and explained."""
    controls = _typed(_flux(), steps="3o", scale=99, prompt="fine")
    assert (controls.values["steps"], controls.values["scale"]) == ("3o", 99)
    assert controls.to_json()["steps"] == "3o"
    assert {name: error.reason for name, error in controls.errors.items()} == {
        "steps": "a whole number is needed, not '3o'",
        "scale": "must be between 0 and 10, not 99",
    }


def test_a_right_value_takes_its_error_away() -> None:
    """Typing on until it is right leaves no complaint."""
    controls = _typed(_typed(_flux(), steps="3o"), steps="30")
    assert (controls.values["steps"], controls.errors) == (30, {})


def test_one_wrong_field_leaves_the_others_alone() -> None:
    """Typing in one control does not clear another one's complaint."""
    controls = _typed(_typed(_flux(), steps="3o"), prompt="x")
    assert list(controls.errors) == ["steps"]


def test_a_hand_can_only_fill_in_what_is_there() -> None:
    """A field that the model does not have is left alone."""
    controls = _typed(_flux(), nonsense=1)
    assert "nonsense" not in controls.values


def test_big_integers_are_exact() -> None:
    """A seed that JavaScript would round travels as text, and comes back as the same number."""
    controls = _typed(_flux(), seed="9007199254740993")
    assert controls.values["seed"] == 9007199254740993
    assert controls.to_json()["seed"] == "9007199254740993"
    assert _flux().to_json()["seed"] == 7350148318


def test_what_a_run_would_be_refused_for() -> None:
    """Every field at once: missing, or wrong as it was typed."""
    controls = _typed(_flux(), steps="3o")
    assert list(controls.problems()) == ["steps", "prompt"]


def test_an_upload_replaces_the_only_file() -> None:
    """A control for one file holds the newest one."""
    controls = _flux()
    controls.add_file("inputImage", NamedBytes(b"1", "a.png"))
    controls.add_file("inputImage", NamedBytes(b"2", "b.png"))
    assert controls.values["inputImage"] == b"2"


def test_an_upload_joins_the_other_files() -> None:
    """A control for several files keeps them in the order in which they came, up to its limit."""
    controls = _many()
    for name in ("a.png", "b.png", "c.png"):
        controls.add_file("photos", NamedBytes(name.encode(), name))
    assert [item["name"] for item in controls.to_json()["photos"]] == ["a.png", "b.png", "c.png"]
    with pytest.raises(InvalidParameter, match="up to 3 files, not 4"):
        controls.add_file("photos", NamedBytes(b"d", "d.png"))
    assert len(controls.values["photos"]) == 3


@pytest.mark.parametrize("name", ["prompt", "nonsense"])
def test_a_file_for_what_takes_none(name: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidParameter, match="takes no file"):
        _flux().add_file(name, NamedBytes(b"1", "a.png"))


def test_files_are_referred_to_and_never_sent() -> None:
    """The browser gets a file's name, type and size."""
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


def test_a_reference_stays_the_same_while_it_is_held() -> None:
    """Other controls may change; the file keeps its id, also when it moves among others."""
    controls = _many()
    for name in ("a.png", "b.png"):
        controls.add_file("photos", NamedBytes(name.encode(), name))
    first, second = controls.to_json()["photos"]
    _typed(controls, title="x", photos=[second["id"], first["id"]])
    assert controls.to_json()["photos"] == [second, first]


def test_a_hand_takes_a_file_away() -> None:
    """What is not named any more is forgotten, and its id with it."""
    controls = _many()
    for name in ("a.png", "b.png"):
        controls.add_file("photos", NamedBytes(name.encode(), name))
    first, second = controls.to_json()["photos"]
    _typed(controls, photos=[second["id"]])
    assert [item.name for item in controls.values["photos"]] == ["b.png"]
    assert controls.files.get(first["id"]) is None
    _typed(controls, photos=[])
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
    """A hand may give addresses, which travel as they are and are named by their last part."""
    controls = _many()
    controls.add_file("photos", NamedBytes(b"1", "a.png"))
    [reference] = controls.to_json()["photos"]
    _typed(controls, photos=[{"url": "https://example.org/pictures/b%20c.png?x=1"}, reference["id"]])
    assert controls.values["photos"][0] == "https://example.org/pictures/b%20c.png?x=1"
    told = controls.to_json()["photos"]
    assert [(item["name"], item["url"]) for item in told] == [
        ("b c.png", "https://example.org/pictures/b%20c.png?x=1"),
        ("a.png", None),
    ]


@pytest.mark.parametrize("item", ["f0", {"url": None}, {}, None, 3, ["f1"], {"output": "9-9"}])
def test_a_file_that_is_not_there(item: object) -> None:
    """An id that nobody has, or a thing that is no file, is left out."""
    controls = _typed(_many(), photos=[item])
    assert "photos" not in controls.values


def test_a_value_that_is_no_list_of_files() -> None:
    """A page cannot put text where a file belongs: a path would be read from this machine."""
    controls = _typed(_many(), photos="secrets.txt")
    assert "photos" not in controls.values


def test_an_earlier_output_as_input(tmp_path: Path) -> None:
    """An output that is on disk goes in as its path, and one in memory as its bytes under its name."""
    info = OutputInfo("0.png", "image/png")
    found = {
        "1-0": OutputView(Output(info, data=b"PNG")),
        "2-0": OutputView(Output(info, path=tmp_path / "kept.png")),
        "3-0": OutputView(Output(info, error=OutputError("is gone"))),
    }
    controls = _many()
    controls.enter({"photos": [{"output": output_id} for output_id in found]}, found.get)
    assert controls.values["photos"] == [b"PNG", tmp_path / "kept.png"]
    assert [item["name"] for item in controls.to_json()["photos"]] == ["0.png", "kept.png"]


def test_an_output_from_python() -> None:
    """An Output may be set as it is, and is named as such."""
    controls = _flux()
    controls.put(controls.convert({"inputImage": Output(OutputInfo("0.png", "image/png"), data=b"PNG")}))
    [reference] = controls.to_json()["inputImage"]
    assert (reference["name"], reference["mime"]) == ("0.png", "image/png")


def test_pictures_and_arrays_are_named_by_their_size() -> None:
    """A PIL image or a numpy array has no name of its own."""
    controls = _many()
    pixels = np.zeros((4, 6, 3), dtype=np.uint8)
    controls.put(controls.convert({"photos": [Image.new("RGB", (6, 4)), pixels]}))
    told = controls.to_json()["photos"]
    assert [(item["name"], item["mime"]) for item in told] == [
        ("image 6x4", "image/png"),
        ("array 4x6x3", "image/png"),
    ]


def test_values_that_fit_another_model() -> None:
    """Of another model's values those that this one takes are taken, and the others left."""
    controls = _flux()
    controls.fit({"prompt": "kept", "steps": 3000, "title": "gone", "seed": "42"})
    assert (controls.values["prompt"], controls.values["seed"], controls.values["steps"]) == ("kept", 42, 20)


def test_a_model_that_is_not_known_takes_anything() -> None:
    """Without a schema nothing can be checked, so Python's values go as they are."""
    controls = PanelControls(None, "somebody/hidden")
    controls.put(controls.convert({"anything": 3, "empty": None}))
    assert (controls.values, controls.problems(), controls.to_json()) == ({"anything": 3}, {}, {})


def test_the_repr_counts() -> None:
    """Counts, and none of what was typed."""
    controls = _typed(_flux(), steps="3o", prompt="private")
    assert repr(controls) == "<PanelControls of tencent/hunyuan-flux-srpo: 8 values, 1 wrong>"
