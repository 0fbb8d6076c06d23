"""A panel that runs several models side by side: its own first, each with what it takes and what it costs."""

import subprocess
import sys
from typing import Any

import pytest

from tests.sandbox_clients import environment
from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import Message, Wire
from wiro_widgets import Client, InvalidParameter, ModelSchema, NotFound, Panel, Sandbox
from wiro_widgets.widget.controls.model_axis import MAX_MODELS, ModelAxis

SECONDS = 20.0
SKETCH, POSTER, RIDDLE = "wiro/sandbox-sketch", "wiro/sandbox-poster", "wiro/sandbox-riddle"
CHAT = "wiro/sandbox-chat"


def _models(wire: Wire) -> list[dict[str, Any]]:
    """Return the models that the page lists."""
    rows: list[dict[str, Any]] = wire.traits["_axes"].get("models", [])
    return rows


def _names(wire: Wire) -> list[str]:
    return [row["model"] for row in _models(wire)]


def _runs(sandbox: Sandbox, since: int) -> list[str]:
    return sorted(item.path for item in sandbox.requests[since:] if "/Run/" in item.path)


def _board(wire: Wire) -> Message:
    boards = [message["board"] for message in wire.messages("delta", "snapshot") if "board" in message]
    board: Message = boards[-1]
    return board


def _item(name: str, kind: str = "text", **facts: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "label": name.capitalize(), **facts}


def _schema(model: str, *items: dict[str, Any]) -> ModelSchema:
    owner, name = model.split("/")
    groups = [{"title": "Input", "items": list(items)}]
    return ModelSchema.from_tool({"slugowner": owner, "slugproject": name, "parameters": groups})


def test_python_names_further_models(panel: Panel, wire: Wire) -> None:
    """The panel's own model stands first, wherever the list has it, and each other one once."""
    panel.vary(model=[SKETCH, FLUX, POSTER, SKETCH], seed="1..2")
    assert panel.axes == {"model": (FLUX, SKETCH, POSTER), "seed": (1, 2)}
    assert _names(wire) == [FLUX, SKETCH, POSTER]
    panel.vary(model=f"{POSTER}, {SKETCH}\n")
    assert panel.axes["model"] == (FLUX, POSTER, SKETCH)
    panel.vary(model=None)
    assert panel.axes == {"seed": (1, 2)}
    assert "models" not in wire.traits["_axes"]


@pytest.mark.parametrize(
    ("models", "error", "words"),
    [
        (["wiro/no-such-model"], NotFound, "no-such-model"),
        (["sketch"], InvalidParameter, "owner/name"),
        ({SKETCH}, InvalidParameter, "a set has no order"),
        ([], InvalidParameter, "empty"),
        (7, InvalidParameter, "owner/name"),
    ],
)
def test_what_is_no_list_of_models_changes_nothing(
    panel: Panel, models: Any, error: type[Exception], words: str
) -> None:
    """The error says what is needed, and neither the models nor the other axes change."""
    with pytest.raises(error, match=words):
        panel.vary(model=models, seed=[1, 2])
    assert panel.axes == {}


def test_every_model_runs_with_what_it_takes(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """The board has a column for each with its title and its cost; what a model lacks makes no run twice."""
    panel.vary(model=[SKETCH], seed="1, 2", steps="2, 3")
    assert wire.traits["_axes"]["runs"] == 6
    [own, sketch] = _models(wire)
    assert (own["title"], own["note"]) == ("Hunyuan Flux SRPO", "")
    assert sketch["note"] == "without Scale, Strength, Samples, Steps"
    before = len(sandbox.requests)
    sweep = panel.run_sweep()
    assert sweep.wait(SECONDS) is sweep
    assert _runs(sandbox, before) == [f"/v1/Run/{FLUX}"] * 4 + [f"/v1/Run/{SKETCH}"] * 2
    wire.until(lambda: wire.traits["status"] == "succeeded")
    board = _board(wire)
    assert (board["x"], board["columns"]) == ("model", ["Hunyuan Flux SRPO", "Sandbox Sketch"])
    assert [row["label"] for row in board["rows"]][-2:] == [
        f"without steps \N{MIDDLE DOT} {seed}" for seed in (1, 2)
    ]
    assert sorted(cell for row in board["rows"] for cell in row["cells"] if cell is not None) == list(
        range(6)
    )
    assert board["costs"][1] == "$0.004 as estimated"
    assert board["costs"][2:] == [""] * len(board["rows"])
    assert board["titles"]["4"] == "Sandbox Sketch, seed 1"
    assert board["note"] == "Sandbox Sketch without scale, strength, samples, steps"


def test_models_alone_are_one_row(panel: Panel, wire: Wire) -> None:
    """Without another axis each column has one cell."""
    panel.vary(model=[SKETCH, POSTER])
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    board = _board(wire)
    assert board["rows"] == [{"label": "", "cells": [0, 1, 2]}]
    assert (len(board["columns"]), board["costs"][3:]) == (3, [""])


def test_the_price_of_each_stands_beside_it(panel: Panel, wire: Wire) -> None:
    """Before the runs the estimates, after them that the results are there; the sum has all of them."""
    panel.vary(model=[SKETCH], seed="1, 2")
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.traits.get("_outlook", {}).get("models"))
    outlook = wire.traits["_outlook"]
    assert outlook["models"][SKETCH] == "$0.004"
    assert outlook["models"][FLUX].startswith("about $0.0")
    assert "sandbox-sketch $0.004" in outlook["price"]
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["_outlook"].get("models", {}).get(SKETCH) == "all 2 are there")
    panel.vary(model=None)
    wire.until(lambda: "models" not in wire.traits["_outlook"])


def test_the_page_adds_and_removes_models(wire: Wire) -> None:
    """Each in a message of its own, so that two that come together both count; an unknown one is refused in words."""
    for rev, name in enumerate((SKETCH, POSTER)):
        wire.say("vary", rev=rev, model=name, on=True)
    wire.until(lambda: len(wire.messages("reply")) == 2)
    assert sorted(_names(wire)) == sorted([FLUX, SKETCH, POSTER])
    assert _names(wire)[0] == FLUX
    reply = wire.ask("vary", rev=5, model="wiro/no-such-model", on=True)
    assert "no-such-model" in reply["error"]
    assert wire.ask("vary", rev=6, model=SKETCH, on=False)["error"] is None
    assert _names(wire) == [FLUX, POSTER]
    assert wire.ask("vary", rev=7, model=FLUX, on=False)["error"] is None  # its own stays
    assert _names(wire) == [FLUX, POSTER]
    assert wire.ask("vary", rev=8, model=POSTER, on=False)["error"] is None
    assert _names(wire) == []
    wire.ask("vary", rev=9, model=SKETCH, on=True)
    wire.ask("vary", rev=10, model="", on=False)
    assert _names(wire) == []


def test_answers_stand_on_the_board(panel_of: MakePanel) -> None:
    """A language model makes no picture: its cell has the text, beside the pictures of another model."""
    panel = panel_of(CHAT, prompt="why is the sky blue?")
    wire = panel.comm
    assert isinstance(wire, Wire)
    panel.vary(model=[SKETCH])
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    cells = {cell["index"]: cell for message in wire.messages("delta") for cell in message.get("cells", ())}
    assert cells[0]["outputs"][0]["text"].startswith("You asked: why is the sky blue?")
    assert cells[1]["outputs"][0]["text"] is None


def test_run_in_the_page_runs_all_models(panel: Panel, wire: Wire) -> None:
    """The button does what `run_sweep` does; `run` stays one run of the panel's own model."""
    wire.ask("vary", rev=1, model=SKETCH, on=True)
    assert wire.ask("run", rev=2, values={"prompt": "A harbour"})["error"] is None
    wire.until(lambda: wire.traits["status"] == "succeeded")
    assert panel.sweep is not None
    assert [(cell.model, cell.values["prompt"]) for cell in panel.sweep.cells] == [
        (FLUX, "A harbour"), (SKETCH, "A harbour")
    ]  # fmt: skip
    assert panel.run().model == FLUX
    panel.wait(SECONDS)


def test_a_value_that_another_model_refuses(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Its reason stands beside that model, and Run sends nothing."""
    panel.set(width=2000)
    panel.vary(model=[SKETCH])
    assert "Width: must be" in _models(wire)[1]["error"]
    before = len(sandbox.requests)
    with pytest.raises(InvalidParameter, match=rf"width: cell 1 \({SKETCH}\)"):
        panel.run_sweep()
    assert _runs(sandbox, before) == []
    panel.set(width=64)
    assert _models(wire)[1]["error"] == ""


def test_a_default_that_another_model_refuses_is_left_to_each(panel_of: MakePanel) -> None:
    """A choice that nobody made is not sent to a model with other choices; one that was made is refused."""
    sizes = [{"value": value, "text": value} for value in ("1K", "2K")]
    others = [{"value": value, "text": value} for value in ("480p", "720p")]
    panel = panel_of(
        _schema("a/one", _item("prompt"), _item("size", "select", options=sizes, value="1K", default="1K")),
        prompt="x",
    )
    other = _schema("a/two", _item("prompt"), _item("size", "select", options=others))
    panel._controls.vary({}, {"a/one": None, "a/two": other})
    inputs = panel._controls.sweep_inputs()
    assert "size" not in inputs.constants
    [_, two] = panel._axes["models"]
    assert (two["note"], two["error"]) == ("its own Size", "")
    assert "size" not in panel.code()
    panel.set(size="2K")
    assert "is not one of" in panel._axes["models"][1]["error"]


def test_what_another_model_needs_and_the_form_does_not_have(panel: Panel) -> None:
    """It is said beside that model, with the name of the field."""
    film = _schema("a/film", _item("prompt"), _item("firstFrame", "fileinput", required=True))
    axis = ModelAxis.of({FLUX: panel._controls.known_schema, "a/film": film})
    [error] = axis.problems("a/film", {"prompt": "x"}, ())
    assert error == "It needs Firstframe, which this form does not have"


def test_a_model_that_nobody_describes_takes_everything(panel: Panel, wire: Wire) -> None:
    """Nothing is left out, and nothing is refused."""
    panel.vary(model=[RIDDLE], steps="1, 2")
    assert _models(wire)[1] | {"title": ""} == {
        "model": RIDDLE, "title": "", "note": "", "about": "", "error": ""
    }  # fmt: skip
    assert wire.traits["_axes"]["runs"] == 4


def test_models_are_undone_like_anything_else(panel: Panel, wire: Wire) -> None:
    """An added model goes, a dropped one comes back, and so do those of a model that was left."""
    panel.vary(model=[SKETCH])
    panel.vary(model=[SKETCH, POSTER])
    assert wire.traits["_axes"]["undo"] == "the models"
    panel.undo()
    assert panel.axes["model"] == (FLUX, SKETCH)
    panel.switch_to(POSTER)
    assert panel.axes["model"] == (POSTER, SKETCH)
    assert wire.traits["_axes"]["undo"] == "the model"
    panel.undo()
    assert (panel.model, panel.axes["model"]) == (FLUX, (FLUX, SKETCH))
    panel.switch_to(SKETCH)  # which is in the list: they change places
    assert panel.axes["model"] == (SKETCH, FLUX)


def test_the_settings_of_a_picture_name_one_model(panel: Panel, wire: Wire) -> None:
    """A cell of another model makes the panel that model's, alone."""
    panel.vary(model=[SKETCH])
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    cells = {cell["index"]: cell for message in wire.messages("delta") for cell in message.get("cells", ())}
    question = {"id": cells[1]["outputs"][0]["id"], "take": True}
    assert wire.ask("recipe", rev=3, **question)["error"] is None
    assert (panel.model, panel.axes) == (SKETCH, {})


def test_a_record_of_such_a_sweep_opens_its_own_model(panel: Panel, sandbox_client: Client) -> None:
    """`Panel.from_record` has the model of the cell, its values and its picture, and no axis."""
    panel.vary(model=[SKETCH], seed="7")
    sweep = panel.run_sweep().wait(SECONDS)
    again = Panel.from_record(sweep[1].record, client=sandbox_client)
    assert (again.model, again.values["seed"], again.axes) == (SKETCH, 7, {})
    assert again.image is not None
    again.close()


def test_the_copied_program_runs_the_same_sweep(panel: Panel, sandbox: Sandbox) -> None:
    """In a fresh kernel; what a model lacks is named there too."""
    panel.vary(model=[SKETCH], seed="1, 2")
    code = panel.code()
    assert f"client.sweep(\n    [{FLUX!r}, {SKETCH!r}],\n" in code
    program = f"{code}\nprint(sweep.counts, [cell.model for cell in sweep.cells], sweep.left_out)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(sandbox),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "{'succeeded': 4}" in done.stdout
    assert str([FLUX, FLUX, SKETCH, SKETCH]) in done.stdout


def test_a_parameter_named_model_keeps_its_name(panel_of: MakePanel) -> None:
    """The axis of models is then called "owner/model"."""
    schema = _schema("a/chat", _item("prompt"), _item("model"))
    panel = panel_of(schema, prompt="x")
    panel.vary(model=["large", "small"])
    assert panel.axes == {"model": ("large", "small")}
    panel.vary(**{"owner/model": [SKETCH]})
    assert panel.axes == {"owner/model": ("a/chat", SKETCH), "model": ("large", "small")}
    panel.vary(**panel.axes)
    assert panel.axes == {"owner/model": ("a/chat", SKETCH), "model": ("large", "small")}


def test_there_are_not_too_many(panel: Panel) -> None:
    """Each of them is asked for; a longer list is refused and `client.sweep` takes it."""
    own = panel._controls.known_schema
    schemas = {f"a/m{number}": own for number in range(MAX_MODELS + 1)}
    with pytest.raises(InvalidParameter, match=f"at most {MAX_MODELS} models"):
        panel._controls.vary({}, schemas)
    assert panel.axes == {}


def test_send_to_takes_the_other_models_along(panel: Panel) -> None:
    """The new panel's own model stands in the place of the first one."""
    panel.vary(model=[SKETCH])
    other = panel.send_to(POSTER)
    assert other.axes == {"model": (POSTER, SKETCH)}
    assert other.values["prompt"] == SMALL["prompt"]
    other.close()
