"""Rows of a name and a value, in a panel whose model nobody describes."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image

from tests.widget.conftest import MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Panel, Sandbox, TaskFailed
from wiro_widgets.widget.value_rows import ROWS, ValueRows, read, write

RIDDLE = "wiro/sandbox-riddle"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-0.25", -0.25),
        ("7350148318123456789", 7350148318123456789),
        ("true", True),
        ("false", False),
        (" 5 ", 5),
        ('"5"', "5"),
        ('"true"', "true"),
        ("007", "007"),
        ("3.50", "3.50"),
        ("1e3", "1e3"),
        ("1_000", "1_000"),
        ("NaN", "NaN"),
        ("True", "True"),
        ("null", "null"),
        ('"a fox"', '"a fox"'),
        ('"', '"'),
        ('["a"]', '["a"]'),
        (" a fox\n", " a fox\n"),
        ("https://example.com/a.png", "https://example.com/a.png"),
    ],
)
def test_what_a_text_means(text: str, value: object) -> None:
    """A number or a boolean whose spelling it keeps; in quotes it is a text, and all else is as it was typed."""
    assert (read(text), type(read(text))) == (value, type(value))


@pytest.mark.parametrize("value", ["5", "true", "a fox", '"a"', "007", 5, 0.5, 2.0, True, 10**30, ""])
def test_every_scalar_can_be_written(value: object) -> None:
    """What is written reads as the same value."""
    text = write(value)
    assert text is not None
    assert read(text) == value


@pytest.mark.parametrize("value", [b"x", ["a"], {"a": 1}, None, float("inf")])
def test_what_cannot_be_written(value: object) -> None:
    """Files, lists and objects."""
    assert write(value) is None


def _rows(*rows: tuple[str, str], key: str | None = None) -> str:
    return json.dumps([{"name": name, "text": text, "key": key} for name, text in rows])


def test_rows_that_are_not_complete_stay() -> None:
    """They mean no value yet, and what Python sets comes beside them."""
    rows = ValueRows()
    assert rows.enter(_rows(("prompt ", "a fox"), ("seed", ""), ("", "words"))) == {"prompt": "a fox"}
    rows.follow({"prompt": "a cat", "seed": "5", "style": 2})
    assert [(row["name"], row["text"]) for row in json.loads(rows.to_json())] == [
        ("prompt ", "a cat"),
        ("seed", '"5"'),
        ("", "words"),
        ("style", "2"),
    ]
    rows.follow({"style": 2})
    assert rows.values() == {"style": 2}


@pytest.mark.parametrize("text", [None, 5, "", "[", "[5]", '[{"name": {}}]', "[[[", {"a": 1}])
def test_rows_that_make_no_sense(text: object) -> None:
    """They mean nothing."""
    assert ValueRows().enter(text) == {}


@pytest.fixture
def panel(panel_of: MakePanel) -> Panel:
    """Make a panel of the model that nobody describes."""
    return panel_of(RIDDLE, prompt="a fox")


def _page_rows(wire: Wire) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(wire.traits["values"][ROWS])
    return rows


def test_the_form_is_open(panel: Panel, wire: Wire) -> None:
    """It has no controls, says so, and has a row for each value."""
    form = wire.traits["_form"]
    assert (form["open"], form["groups"], form["title"]) == (True, [], "Sandbox Riddle")
    assert _page_rows(wire) == [{"name": "prompt", "text": "a fox", "key": None}]
    assert panel.values == {"prompt": "a fox"}


def test_a_run_with_rows(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Numbers arrive as such, quoted ones as text, and all as it was typed."""
    text = _rows(("prompt", "a fox"), ("seed", "12"), ("code", '"12"'), ("scale", "3.50"), ("later", ""))
    wire.ask("run", rev=1, values={ROWS: text})
    assert panel.values == {"prompt": "a fox", "seed": 12, "code": "12", "scale": "3.50"}
    assert panel.wait(60).images
    request = next(item for item in reversed(sandbox.requests) if "/Run/" in item.path)
    assert request.fields == (("prompt", "a fox"), ("seed", "12"), ("code", "12"), ("scale", "3.50"))
    assert "seed=12" in panel.code()


def test_python_and_the_page_agree(panel: Panel, wire: Wire) -> None:
    """What Python sets is a row, what the page removes is gone, and None clears."""
    panel.set(seed=5, tall=True)
    assert [(row["name"], row["text"]) for row in _page_rows(wire)][1:] == [("seed", "5"), ("tall", "true")]
    wire.ask("values", rev=1, patch={ROWS: _rows(("prompt", "a cat"), ("tall", "false"))})
    assert panel.values == {"prompt": "a cat", "tall": False}
    panel.set(tall=None)
    assert panel.values == {"prompt": "a cat"}


def test_a_file_from_python_is_a_row_that_stays(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Its content never reaches the page; renamed there it is still the same file, and removed it is forgotten."""
    panel.set(inputimage=_png())
    row = _page_rows(wire)[1]
    assert (row["name"], row["text"], bool(row["key"])) == ("inputimage", "bytes", True)
    entries = [{"name": "prompt", "text": "a fox"}, {**row, "name": "inputImage"}]
    wire.ask("values", rev=1, patch={ROWS: json.dumps(entries)})
    assert panel.values["inputImage"] == _png()
    panel.run()
    panel.wait(60)
    request = next(item for item in reversed(sandbox.requests) if "/Run/" in item.path)
    assert [name for name, *_ in request.files] == ["inputImage"]
    wire.ask("values", rev=2, patch={ROWS: _rows(("prompt", "a fox"))})
    assert panel.values == {"prompt": "a fox"}


def test_a_page_cannot_name_a_file(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """A path is a text, and a key that the kernel did not give is none."""
    text = _rows(("prompt", "x"), ("inputImage", "/etc/hostname"), key="v1")
    wire.ask("run", rev=1, values={ROWS: text})
    with suppress(TaskFailed):
        panel.wait(60)
    request = next(item for item in reversed(sandbox.requests) if "/Run/" in item.path)
    assert request.files == ()
    assert dict(request.fields)["inputImage"] == "/etc/hostname"


def test_switching_models(panel: Panel, wire: Wire) -> None:
    """What fits the other model goes along; to a model that nobody describes, only the prompt does."""
    panel.set(seed=5, style="ink")
    panel.switch_to("wiro/sandbox-sketch")
    assert (panel.values["prompt"], panel.values["seed"], "style" in panel.values) == ("a fox", 5, False)
    panel.switch_to(RIDDLE)
    assert panel.values == {"prompt": "a fox"}
    assert wire.traits["_form"]["open"] is True


def test_the_traits_have_no_stray_controls(panel_of: MakePanel) -> None:
    """A described model has no rows."""
    panel = panel_of()
    assert panel.get_state()["_form"]["open"] is False
    assert ROWS not in panel.get_state()["values"]


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()
