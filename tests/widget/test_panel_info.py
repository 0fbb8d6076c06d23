"""What Wiro tells of a panel's model, and examples that fill its form."""

import io
import logging
from typing import Any

import pytest
from PIL import Image

from tests.widget.conftest import FLUX, MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, InvalidParameter, Panel, Sandbox
from wiro_widgets.widget.wire.covers import cover_id

UPSCALE = "wiro/sandbox-upscale"


def pictures(sandbox: Sandbox) -> list[str]:
    """Return the pictures of the catalogue that were fetched so far."""
    return [item.path for item in sandbox.requests if item.path.startswith("/uploads/")]


def wire_of(panel: Panel) -> Wire:
    """Return the browser's end of a panel."""
    assert isinstance(panel.comm, Wire)
    return panel.comm


def looked_at(panel: Panel) -> Wire:
    """Return the browser's end of a panel whose page has its examples."""
    wire = wire_of(panel)
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.traits.get("_examples"))
    return wire


def test_a_page_that_looks_gets_the_examples_in_words(panel: Panel, wire: Wire) -> None:
    """Not before anybody looks, and also for the model that is built in."""
    assert panel.get_state()["_examples"] == []
    examples = looked_at(panel).traits["_examples"]
    assert len(examples) == 3
    assert examples[1] == "A lighthouse in a storm, waves over the rocks"
    assert examples[2].endswith("\N{MIDDLE DOT} 1 file")
    assert wire.messages("reply") == []


def test_an_example_fills_the_form_and_undo_takes_it_back(panel: Panel, sandbox: Sandbox) -> None:
    """Its values take the place of what they name, the others stay, and no file is fetched or sent."""
    wire = looked_at(panel)
    panel.set(samples=3, prompt="mine")
    before, fetched, sent = dict(panel.values), pictures(sandbox), len(sandbox.requests)
    reply = wire.ask("example", rev=5, model=FLUX, index=2)
    assert (reply["rev"], reply["error"]) == (5, None)
    assert panel.values["prompt"] == "The same harbour in winter, painted in oil"
    assert (panel.values["strength"], panel.values["samples"]) == (0.7, 3)
    assert wire.traits["values"]["inputImage"][0]["url"].endswith("/uploads/sampleinputs/harbour.png")
    wire.until(lambda: wire.traits["_axes"]["undo"] == "3 fields")
    wire.ask("undo", rev=6)
    assert dict(panel.values) == before
    assert pictures(sandbox) == fetched
    runs = [item.path for item in sandbox.requests[sent:] if "/Run/" in item.path or "/File/" in item.path]
    assert runs == []


@pytest.mark.parametrize(("model", "index"), [(FLUX, 7), ("a/b", 0)])
def test_an_example_that_is_not_there(panel: Panel, model: str, index: int) -> None:
    """A page that shows another model's examples changes nothing."""
    before = dict(panel.values)
    reply = wire_of(panel).ask("example", rev=1, model=model, index=index)
    assert "is none of them" in reply["error"]
    assert dict(panel.values) == before


def test_python_can_do_the_same(panel_of: MakePanel) -> None:
    """`use_example` fills the form; a panel without a model has no examples."""
    panel = panel_of(UPSCALE)
    panel.use_example(0)
    assert panel.values["scale"] == "3"
    assert panel.values["inputImage"] == panel.info.examples[0]["inputImage"]
    with pytest.raises(InvalidParameter, match="number 1 is none of them"):
        panel.use_example(1)
    assert panel.undo()
    assert "inputImage" not in panel.values


def test_rows_of_an_open_form_take_an_example(panel_of: MakePanel) -> None:
    """Also where nothing tells what the model takes; its texts are never taken for paths."""
    panel = panel_of("wiro/sandbox-riddle")
    panel.use_example(0)
    assert panel.values == {"prompt": "A harbour in the early fog, boats at rest", "seed": "5"}


def test_another_model_has_other_examples(panel: Panel) -> None:
    """Until they are there, there are none."""
    wire = looked_at(panel)
    panel.switch_to(UPSCALE)
    wire.until(lambda: wire.traits["_examples"] == ["scale 3 \N{MIDDLE DOT} 1 file"])
    panel.switch_to("wiro/sandbox-fail")
    assert wire.traits["_examples"] == []
    panel.undo()
    wire.until(lambda: wire.traits["_examples"] == ["scale 3 \N{MIDDLE DOT} 1 file"])


def test_what_stands_behind_the_name(panel: Panel, sandbox: Sandbox, wire: Wire) -> None:
    """The page gets words and names of pictures, no addresses; the kernel fetches those that it asks for."""
    fetched = len(pictures(sandbox))
    about: dict[str, Any] = wire.ask("about", rev=2)["about"]
    assert about["price"] == "about $0.00234 a run"
    assert about["readme"].startswith("Paints from a **prompt**")  # the title stands above it
    assert "\n# Good to know\n" in about["readme"]  # headings begin below the title
    assert "<script" not in about["readme"]
    assert "127.0.0.1" not in str(about)
    assert about["page"] is None  # the sandbox has none
    assert len(pictures(sandbox)) == fetched
    wire.say("covers", ids=[about["cover"], *about["samples"]])
    wire.until(lambda: len(wire.pictures("cover")) == 3)
    assert Image.open(io.BytesIO(wire.pictures("cover")[about["cover"]])).size == (512, 320)
    assert panel.info.cover is not None
    assert about["cover"] == cover_id(panel.info.cover)


def test_the_list_of_models_has_prices(wire: Wire) -> None:
    """So that they can be compared before one is chosen."""
    models = wire.ask("search", rev=1, text="sandbox")["models"]
    assert {item["model"]: item["price"] for item in models}["wiro/sandbox-sketch"] == "$0.002 a run"


def test_a_catalogue_that_cannot_be_asked(
    sandbox_client: Client, panel_of: MakePanel, caplog: pytest.LogCaptureFixture
) -> None:
    """There are no examples, and the page that asks is told why."""
    panel = panel_of(FLUX)
    sandbox_client.close()
    wire = wire_of(panel)
    with caplog.at_level(logging.WARNING):
        wire.say("sync", epoch="", next=0)
        reply = wire.ask("about", rev=1)
    wire.until(lambda: [item for item in wire.messages("reply") if item["error"]])
    assert wire.traits.get("_examples", []) == []
    assert caplog.records == []
    assert reply is not None
