"""A page or a picture cannot name a file of this machine."""

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from wiro_widgets import InvalidParameter, ModelSchema, read_recipe
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.schema.scalars import mark_untrusted
from wiro_widgets.widget.panel import Panel

HUNYUAN = "tencent/hunyuan-flux-srpo"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """Write a file that nobody meant to send."""
    path = tmp_path / "letter.txt"
    path.write_text("dear diary")
    return path


def test_a_page_names_a_file(letter: Path) -> None:
    """A path in place of a web address is ignored."""
    panel = Panel(HUNYUAN)
    panel._controls.enter({"inputImage": [{"url": str(letter)}]}, panel._publisher.output)
    assert "inputImage" not in panel.values
    panel.close()


def test_a_page_sets_traits(letter: Path) -> None:
    """A state update of the page changes values like typing; it names no file and sets no other trait."""
    panel = Panel(HUNYUAN)
    before = {name: panel.get_state()[name] for name in ("status", "progress", "_form", "_esm", "_card_id")}
    state = {"values": {"steps": 9, "inputImage": str(letter)}, **dict.fromkeys(before, "x")}
    panel.comm.handle_msg(
        {"content": {"data": {"method": "update", "state": state, "buffer_paths": []}}, "buffers": []}
    )
    assert panel.values["steps"] == 9
    assert "inputImage" not in panel.values
    assert {name: panel.get_state()[name] for name in before} == before
    panel.close()


def test_a_recipe_of_a_picture_uploads_nothing(letter: Path, tmp_path: Path) -> None:
    """The documented call refuses a file that a recipe names, by its own name as by a path; an address it takes."""
    schema = ModelSchema.built_in(HUNYUAN)
    assert schema is not None
    for file_name in (str(letter), letter.name):
        text = json.dumps({"wiro_widgets": "1", "parameters": {"prompt": "x", "inputImage": file_name}})
        info = PngInfo()
        info.add_text("wiro", text)
        Image.new("RGB", (8, 8)).save(tmp_path / "picture.png", pnginfo=info)
        recipe = read_recipe(tmp_path / "picture.png")
        assert recipe is not None
        assert recipe["parameters"]["prompt"] == "x"
        with pytest.raises(InvalidParameter, match=r"the recipe names .* give the file itself"):
            schema.bind(recipe["parameters"])
    assert schema.bind(mark_untrusted({"prompt": "x", "inputImage": "https://example.com/a.png"}))[
        "inputImage"
    ]


def test_setting_the_model_switches_it() -> None:
    """Assigning a model switches to it; what is no model is refused."""
    panel = Panel(HUNYUAN, prompt="kept")
    panel.model = HUNYUAN
    assert (panel.model, panel.values["prompt"]) == (HUNYUAN, "kept")
    with pytest.raises(InvalidParameter, match="owner/name"):
        panel.model = 5  # type: ignore[assignment]
    assert panel.model == HUNYUAN
    panel.close()


def test_files_are_varied_by_a_list() -> None:
    """One path is not a list of letters, and a dict is not a list of its keys."""
    panel = Panel(HUNYUAN, prompt="x")
    with pytest.raises(InvalidParameter, match="a list of files"):
        panel.vary(inputImage="photo.png")
    with pytest.raises(InvalidParameter, match="a list of values"):
        panel.vary(seed={1: 2})
    panel.close()


@pytest.mark.parametrize("url", ["http://[::1", "https://", {}, 7])
def test_a_page_names_nonsense(url: object) -> None:
    """A broken address leaves the panel usable."""
    panel = Panel(HUNYUAN)
    panel._controls.enter({"inputImage": [{"url": url}]}, panel._publisher.output)
    panel.set(steps=9)
    assert panel.get_state()["values"]["steps"] == 9
    panel.close()


def test_a_recipe_names_a_file(letter: Path) -> None:
    """A picture's recipe sets the controls but names no file; a web address in it is taken."""
    panel = Panel(HUNYUAN)
    panel._receiver.apply_recipe({"model": HUNYUAN, "parameters": {"steps": 7, "inputImage": str(letter)}})
    assert panel.values["steps"] == 7
    assert "inputImage" not in panel.values
    panel._receiver.apply_recipe({"parameters": {"inputImage": "https://example.com/a.png"}})
    assert panel.values["inputImage"] == "https://example.com/a.png"
    panel.close()


def test_a_record_names_a_file(letter: Path) -> None:
    """A panel made from a record takes its values but names no file."""
    panel = Panel.from_record(TaskRecord(model=HUNYUAN, parameters={"steps": 7, "inputImage": str(letter)}))
    assert panel.values["steps"] == 7
    assert "inputImage" not in panel.values
    panel.close()
