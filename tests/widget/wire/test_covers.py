"""The covers of a select's options."""

import io

import pytest
from PIL import Image

from tests.widget.conftest import SMALL, MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import Client, ModelSchema
from wiro_widgets.protocol.errors import OutputError
from wiro_widgets.widget.form import form
from wiro_widgets.widget.wire.covers import MAX_AT_ONCE, Covers, cover_id

ADDRESS = "https://cdn.example.com/a.png"


def _schema(*covers: str, name: str = "cover") -> ModelSchema:
    options = [{"value": f"v{n}", "label": f"Style {n}", name: cover} for n, cover in enumerate(covers)]
    item = {"id": "style", "type": "selectwithcover", "options": options, "default": "v0"}
    tool = {"slugowner": "a", "slugproject": "b", "parameters": [{"title": "", "items": [item]}]}
    return ModelSchema.from_tool(tool)


@pytest.mark.parametrize("name", ["cover", "coverurl", "image", "thumbnail"])
def test_the_page_gets_names_and_no_addresses(name: str) -> None:
    """Whatever the catalogue calls a picture, the page can ask for it and cannot fetch it."""
    form_json = form(_schema(ADDRESS, "", "not an address", name=name), sandbox=False, models=False)
    [control] = form_json["groups"][0]["parameters"]
    assert [option.get("cover") for option in control["options"]] == [cover_id(ADDRESS), None, None]
    assert "example.com" not in str(form_json)


def test_a_panel_sends_the_covers_that_its_page_shows(sandbox_client: Client, panel_of: MakePanel) -> None:
    """They are fetched from their server by the kernel, and come as small pictures."""
    output = sandbox_client.generate("tencent/hunyuan-flux-srpo", **SMALL).outputs[0]
    assert output.url
    panel = panel_of(_schema(output.url, ADDRESS))
    wire = panel.comm
    assert isinstance(wire, Wire)
    name = cover_id(output.url)
    wire.say("covers", ids=[name])
    wire.until(lambda: wire.pictures("cover"))
    assert Image.open(io.BytesIO(wire.pictures("cover")[name])).size == (64, 64)
    [message] = wire.messages("image")
    assert (message["to"], message["images"][0]["name"]) == ("page", "Style 0")


def test_each_cover_is_fetched_once() -> None:
    """What cannot be had is not asked for again, and no request takes more than a page shows."""
    addresses = [f"https://cdn.example.com/{n}.png" for n in range(100)]
    schema = _schema(*addresses)
    calls: list[str] = []

    def read(url: str, _limit: int) -> bytes:
        calls.append(url)
        raise OutputError("is not there", output=url)

    covers = Covers(read)
    names = [cover_id(url) for url in addresses]
    assert covers.pictures(schema, names) == []
    assert len(calls) == MAX_AT_ONCE
    covers.pictures(schema, names)
    assert len(calls) == MAX_AT_ONCE
    assert covers.pictures(schema, ["c00000000"]) == []
