"""What a panel does with the messages of a page, and its replies."""

import io
import json
import logging
from typing import Any

import pytest
from PIL import Image

from tests.widget.conftest import MakePanel
from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import Panel, Sandbox
from wiro_widgets.runs.inputs import NamedBytes


def _png() -> bytes:
    target = io.BytesIO()
    Image.effect_noise((300, 200), 90).save(target, "PNG")
    return target.getvalue()


def _send(
    wire: Wire, field: str, data: bytes, upload: str = "u1", *, size: int = 4096
) -> list[dict[str, object]]:
    """Send a file in chunks; return the replies."""
    return [
        wire.ask(
            "file",
            data[offset : offset + size],
            rev=offset,
            field=field,
            upload=upload,
            name="photo.png",
            mime="image/png",
            size=len(data),
            offset=offset,
        )
        for offset in range(0, max(1, len(data)), size)
    ]


def test_a_file_from_a_page(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Each chunk has a reply; the file is among the values, has a preview, and goes with the run."""
    data = _png()
    replies = _send(wire, "inputImage", data)
    assert replies[-1]["received"] == len(data)
    assert {reply["upload"] for reply in replies} == {"u1"}
    assert (panel.values["inputImage"], panel.values["inputImage"].name) == (data, "photo.png")
    wire.until(lambda: wire.pictures("preview"))
    panel.run()
    panel.wait(SECONDS)
    files = [item[:3] for request in sandbox.requests for item in request.files]
    assert ("inputImage", "photo.png", "image/png") in files


def test_a_file_for_no_field(wire: Wire) -> None:
    """The reply says that the field takes none, and that nothing was received."""
    [reply] = _send(wire, "prompt", b"123")
    assert (reply["received"], reply["error"]) == (0, "prompt: takes no file")


def test_a_chunk_that_is_missing(panel: Panel, wire: Wire) -> None:
    """The reply says that the file did not arrive whole; the control keeps its value."""
    panel.set(inputImage=NamedBytes(b"before", "a.png"))
    wire.ask("file", b"abc", rev=1, field="inputImage", upload="u", name="b.png", mime="", size=9, offset=0)
    reply = wire.ask(
        "file", b"ghi", rev=2, field="inputImage", upload="u", name="b.png", mime="", size=9, offset=6
    )
    assert "did not arrive whole" in reply["error"]
    assert panel.values["inputImage"] == b"before"


def test_run_and_stop_by_hand(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Run takes all that was typed; Stop without a number stops the run on the stage."""
    sandbox.faults = {"stuck": "run"}
    assert wire.ask("run", rev=3, values={"prompt": "by hand", "steps": "4"})["error"] is None
    assert panel.task is not None
    assert (panel.task.values["prompt"], panel.task.values["steps"]) == ("by hand", 4)
    wire.say("stop", run=None)
    wire.until(lambda: wire.traits.get("status") == "cancelled")


def test_stop_one_of_two(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Stop with a number stops that run and leaves the other."""
    sandbox.faults = {"stuck": "run"}
    first, second = panel.run(), panel.run()
    wire.say("stop", run=1)
    with pytest.raises(Exception, match="stopped before it finished"):
        first.wait(SECONDS)
    assert not second.over
    second.stop()


def test_a_wrong_run_by_hand(panel: Panel, wire: Wire) -> None:
    """A run with a wrong value has a reply, marks the field, and fails."""
    wire.ask("run", rev=1, values={"steps": "many"})
    assert (panel.status, list(wire.traits["_errors"])) == ("failed", ["steps"])


def test_search(panel_of: MakePanel) -> None:
    """A panel without a model searches the catalogue, and takes the model that the user chooses."""
    panel = panel_of(None)
    wire = panel.comm
    assert isinstance(wire, Wire)
    assert wire.traits["_form"] == {"v": 1, "models": True}
    reply = wire.ask("search", rev=1, text="chat")
    assert (reply["error"], [item["model"] for item in reply["models"]]) == (None, ["wiro/sandbox-chat"])
    assert wire.ask("model", rev=2, model="wiro/sandbox-chat")["error"] is None
    assert (panel.model, wire.traits["_form"]["models"]) == ("wiro/sandbox-chat", True)


def test_a_search_that_fails(panel_of: MakePanel, sandbox: Sandbox) -> None:
    """The page gets the error."""
    panel = panel_of(None)
    sandbox.faults = {"auth_error": "Tool/List:1"}
    assert isinstance(panel.comm, Wire)
    reply = panel.comm.ask("search", rev=1, text="chat")
    assert (reply["models"], "WIRO_API_KEY" in reply["error"]) == ([], True)


def test_a_panel_without_a_model_cannot_run(panel_of: MakePanel) -> None:
    """Run says that a model must be chosen."""
    panel = panel_of(None)
    panel.run()
    with pytest.raises(Exception, match="Choose a model first"):
        panel.wait()


def test_the_recipe_of_an_output(panel: Panel, wire: Wire) -> None:
    """The recipe comes as readable JSON, and a picture that carries one sets the controls."""
    panel.set(seed=99, steps=3)
    panel.run()
    panel.wait(SECONDS)
    recipe = json.loads(wire.ask("recipe", rev=1, id="1-0")["text"])
    assert recipe["parameters"]["seed"] == 99
    panel.set(seed=1, prompt="another")
    replies = _send(wire, "*recipe", panel.outputs[0].bytes())
    assert replies[-1]["error"] is None
    wire.until(lambda: wire.traits["values"]["seed"] == 99)
    assert panel.values["prompt"] == "A lighthouse"


def test_a_picture_without_a_recipe(panel: Panel, wire: Wire) -> None:
    """The reply says that it carries none."""
    assert "carries no recipe" in str(_send(wire, "*recipe", _png())[-1]["error"])
    assert "inputImage" not in panel.values


def test_an_earlier_output_as_input(panel: Panel, wire: Wire) -> None:
    """A page may use an output as the next input."""
    panel.run()
    panel.wait(SECONDS)
    wire.ask("values", rev=1, patch={"inputImage": [{"output": "1-0"}]})
    assert panel.values["inputImage"] is panel.outputs[0]
    panel.run()
    panel.wait(SECONDS)
    assert panel.record is not None
    assert panel.record.parents == (panel.tasks[0].id,)


@pytest.mark.parametrize(
    "content", [{"type": "dance"}, {"type": "values", "rev": "x"}, {"v": 9, "type": "stop"}]
)
def test_nonsense_is_ignored(
    content: dict[str, Any], panel: Panel, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """A message of an unknown shape is logged by its field, not by its content; the panel goes on."""
    with caplog.at_level(logging.WARNING):
        wire.say(content.pop("type"), **content, secret="tell-nobody")
    assert "was ignored" in caplog.text
    assert "tell-nobody" not in caplog.text
    assert wire.ask("values", rev=1, patch={"steps": 3})["error"] is None
    assert panel.values["steps"] == 3


@pytest.mark.parametrize("depth", [40, 700, 5_000])
@pytest.mark.parametrize(
    ("kind", "name"), [("values", "patch"), ("run", "values"), ("search", "text"), ("star", "on")]
)
def test_deep_json_is_refused(kind: str, name: str, depth: int, panel: Panel, wire: Wire) -> None:
    """Values that lie too deep in each other, of lists or of objects, are refused with a reply."""
    deep_list: object = 1
    deep_object: object = 1
    for _ in range(depth):
        deep_list, deep_object = [deep_list], {"x": deep_object}
    for rev, value in enumerate((deep_list, deep_object), 1):
        message = {"patch": {}, "values": {}, "text": "", "run": 1, "on": True} | {name: {"prompt": value}}
        assert "refused" in wire.ask(kind, rev=rev, **message)["error"]
    assert panel.values["prompt"] != deep_list
    assert panel.status == "idle"
    panel.set_state({"values": {"prompt": deep_object, "steps": 9}})
    assert panel.values["steps"] != 9
    assert wire.ask("values", rev=3, patch={"steps": 3})["error"] is None


def test_messages_for_what_is_not_there(panel: Panel, wire: Wire) -> None:
    """An unknown run or output is ignored, or answered."""
    for kind, fields in (
        ("show", {"run": 9}),
        ("stop", {"run": 9}),
        ("stop", {"run": None}),
        ("image", {"id": "9-9"}),
    ):
        wire.say(kind, **fields)
    assert wire.ask("star", rev=1, run=9, on=True)["error"] is None
    assert "carries no recipe" in wire.ask("recipe", rev=2, id="9-9")["error"]
    assert panel.status == "idle"
