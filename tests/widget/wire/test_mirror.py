"""Both ends of a message, written as mirror images: Python's against js/src/kernel/messages.ts."""

import re
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.widget.models import flux
from tests.widget.wire.page import Wire
from tests.widget.wire.test_messages import SHAPES
from wiro_widgets import Panel
from wiro_widgets.media.images import Thumbnail
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.events import (
    STAGES,
    Lifecycle,
    Log,
    Notice,
    Outputs,
    Progress,
    TaskEvent,
    TextSnapshot,
    Unknown,
)
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.schema.parameters import Accept, Kind, Parameter
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.sweeps.cell import Status as CellStatus
from wiro_widgets.widget.form import control, form
from wiro_widgets.widget.panel_controls import PanelControls
from wiro_widgets.widget.wire import labels, messages
from wiro_widgets.widget.wire.feed import Feed
from wiro_widgets.widget.wire.log_rows import rows
from wiro_widgets.widget.wire.messages import image_message, parse, picture_facts, reply
from wiro_widgets.widget.wire.output_view import OutputView
from wiro_widgets.widget.wire.run_view import LAST_ROWS, RunView
from wiro_widgets.widget.wire.run_view import STAGES as TIMELINE

SOURCES = [
    Path(__file__).resolve().parents[3] / "js" / "src" / "kernel" / name
    for name in ("messages.ts", "message_parts.ts")
]


@cache
def _source() -> str:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL)


@cache
def _interface(name: str) -> dict[str, str]:
    """Return the fields of an interface with their types; a field that may be absent ends in "?"."""
    [(parent, body)] = re.findall(
        rf"interface {name}(?: extends (\w+))? \{{\n(.*?)\n\}}", _source(), re.DOTALL
    )
    own = dict(re.findall(r"^  (\w+\??): (.*);$", body, re.MULTILINE))
    return {**_interface(parent), **own} if parent else own


def _union(name: str) -> set[str]:
    """Return the members of `type name = A | B;`, text without its quotes."""
    [body] = re.findall(rf"type {name} =(.*?);", _source(), re.DOTALL)
    members = {member.strip().strip('"') for member in body.split("|") if member.strip()}
    return members - {"Question"} | _union("Question") if "Question" in members else members


def _fits(message: dict[str, Any], name: str) -> bool:
    """Return True if an object has every field that the page needs."""
    return {field for field in _interface(name) if not field.endswith("?")} <= message.keys()


@pytest.mark.parametrize("name", sorted(_union("Up")))
def test_what_comes_up(name: str) -> None:
    """Each message of the page's has a class here, with fields of the same names."""
    interface = {field.removesuffix("?"): kind for field, kind in _interface(name).items()}
    kind = interface.pop("type").strip('"')
    [message_type] = {type(item) for content, item in SHAPES if content["type"] == kind}
    assert interface.keys() <= {item.name for item in fields(message_type)}


@pytest.mark.parametrize("name", sorted(_union("Up")))
def test_a_message_of_the_page_is_understood(name: str) -> None:
    """A message with the fields that the page declares, and no others, is read."""
    interface = _interface(name)
    kind = interface.pop("type").strip('"')
    shape = next(
        content for content, _ in SHAPES if content["type"] == kind and interface.keys() <= content.keys()
    )
    values = {field: shape[field] for field in interface}
    assert parse({"v": 1, "client": "c", "type": kind, **values})


def test_the_version() -> None:
    """Both ends have the same version."""
    for name in [*_union("Down"), "Form"]:
        assert _interface(name)["v"] == str(messages.VERSION)


def test_what_goes_down() -> None:
    """Deltas, snapshots, images and replies have the fields that the page declares."""
    picture = Thumbnail(b"", "image/png", 1, 1)
    feed = Feed(RunView(0))
    assert _fits(feed.delta(), "Delta")
    assert _fits(feed.delta() | {"run": {}, "runs": []}, "Delta")
    assert _fits(feed.snapshot() | {"to": "c", "run": {}, "runs": []}, "Snapshot")
    facts = picture_facts("1-0", "thumb", "0.png", picture)
    assert _fits(facts, "PictureFacts")
    assert _fits(image_message([facts], None), "ImageMessage")
    assert _fits(reply("c", 1), "Reply")
    assert _fits(reply("c", 1, upload="u1", received=3), "Reply")
    assert _fits(reply("c", 1, text="code"), "Reply")


def test_a_sweep(panel: Panel, wire: Wire) -> None:
    """Its run, its board and its cells have the page's fields, and so have the axes and the price."""
    panel.vary(seed="1, 2")
    panel.run_sweep().wait(60)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    deltas = [message for message in wire.messages("delta") if "board" in message]
    assert deltas
    assert all(_fits(message["run"], "Run") and _fits(message["board"], "Board") for message in deltas)
    cells = [cell for message in wire.messages("delta") for cell in message.get("cells", ())]
    assert all(_fits(cell, "Cell") for cell in cells)
    assert {cell["status"] for cell in cells} <= {
        part.strip().strip('"') for part in _interface("Cell")["status"].split("|")
    }
    assert {part.strip().strip('"') for part in _interface("Cell")["status"].split("|")} == set(
        get_args(CellStatus)
    )
    assert _fits(wire.traits["_axes"], "Axes")
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.traits["_outlook"])
    assert _fits(wire.traits["_outlook"], "Outlook")


def test_the_form() -> None:
    """A form, its groups, its parameters and their options have the page's fields."""
    form_json = form(flux(), sandbox=True, models=False)
    assert _fits(form_json, "Form")
    for group in form_json["groups"]:
        assert _fits(group, "Group")
        assert all(_fits(item, "Parameter") for item in group["parameters"])
    assert set(get_args(Kind)) == _union("ParameterKind")
    items = [item for group in form_json["groups"] for item in group["parameters"]]
    roles = {item["role"] for item in [*items, control(Parameter("session_id", "text"))]}
    assert roles - {None} == _union("ParameterRole")
    assert _interface("Parameter")["accept"] == " | ".join(
        [*(f'"{item}"' for item in get_args(Accept)), "null"]
    )
    assert all(_fits(option, "Option") for item in flux().parameters for option in control(item)["options"])


def test_a_file_reference() -> None:
    """A file reference has the page's fields."""
    controls = PanelControls(flux(), "tencent/hunyuan-flux-srpo")
    controls.put(controls.schema.convert({"inputImage": b"PNG"}))
    assert _fits(controls.to_json()["inputImage"][0], "FileRef")


def test_a_run() -> None:
    """A run, its stages, progress, notice, outputs and text have the page's fields."""
    view = RunView(1)
    view.outputs = [OutputView(Output(OutputInfo("0.png")))]
    message = view.message()
    assert _fits(message, "Run")
    assert _fits(message["outputs"][0], "Output")
    assert _fits(labels.notice(WiroError("x")), "Notice")


def test_the_choices_of_a_run() -> None:
    """Every choice that the kernel offers has the page's fields, and the page knows each name."""
    assert set(get_args(messages.Choice)) == _union("ChoiceName")
    assert all(_fits(labels.choice(name), "Choice") for name in get_args(messages.Choice))


def test_the_words_of_a_run() -> None:
    """The page has the same statuses and stages."""
    assert set(get_args(Status)) == _union("Status")
    assert TaskState().status in _union("Status")
    assert _interface("Stage")["name"] == " | ".join(f'"{name}"' for name, _ in TIMELINE)


def test_the_kinds_of_rows() -> None:
    """The page draws every kind of row."""
    events: list[TaskEvent] = [
        *(Lifecycle(stage, 0) for stage in STAGES),
        Log("output", "x", 0),
        Log("error", "x", 0),
        Progress(0),
        TextSnapshot(TextContent(), 0),
        Outputs((), 0),
        Unknown("x", 0),
        Notice("x", 0),
        Notice("x", 0, "error"),
    ]
    kinds = {kind for event in events for kind, _ in rows(event)} | {kind for kind, _ in LAST_ROWS.values()}
    assert kinds == _union("RowKind")
