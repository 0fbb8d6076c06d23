"""A panel opens at once; the network, Pillow and SQLite load behind it, or when Python needs them."""

import subprocess
import sys
from typing import Any

import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import InvalidParameter, Panel
from wiro_widgets.widget import panel as panel_module
from wiro_widgets.widget.wire.late_widget import LOADING

SKETCH = "wiro/sandbox-sketch"
HEAVY = ("httpx", "websockets", "PIL", "sqlite3", "psutil", "wiro_widgets.protocol.replies")
# A worker thread loads after LOAD_DELAY: these programs end long before, so they see what the cell itself loads.
FRESH = f"""
import sys
import wiro_widgets.widget.panel as panel_module
panel_module.LOAD_DELAY = 600
HEAVY = {HEAVY!r}
"""


def _run_fresh(program: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", FRESH + program], check=True)


@pytest.fixture
def slow_panel(panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch) -> Panel:
    """Make a panel that nothing but the test loads: its model has to be asked for."""
    monkeypatch.setattr(panel_module, "LOAD_DELAY", 600)
    monkeypatch.setattr(Panel, "_loads_first", lambda *_: False)
    return panel_of(SKETCH)


def test_the_first_panel_loads_nothing_heavy() -> None:
    """A cell of a fresh kernel shows its panel, values checked, before the network, Pillow and SQLite load."""
    _run_fresh(f"""
panel = panel_module.Panel({FLUX!r}, prompt="a lighthouse")
repr(panel), panel.model, panel._repr_mimebundle_()
assert not [name for name in HEAVY if name in sys.modules], sys.modules.keys()
assert panel.values["prompt"] == "a lighthouse" and panel.values["steps"] == 20
assert "PIL" in sys.modules
""")


def test_a_wrong_value_of_the_first_panel() -> None:
    """It raises at once, and leaves no panel behind."""
    _run_fresh(f"""
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.widget.gallery import open_panels
for values in ({{"steps": 1000}}, {{"stepps": 2}}):
    try:
        panel_module.Panel({FLUX!r}, **values)
    except InvalidParameter as error:
        assert error.parameter in values
    else:
        raise AssertionError(values)
assert open_panels.labels() == []
assert not [name for name in HEAVY if name in sys.modules]
""")


def test_the_second_panel_comes_while_the_first_loads() -> None:
    """Panels that are made while a worker imports the parts of the first wait for nothing, and are whole in the end."""
    _run_fresh(f"""
panel_module.LOAD_DELAY = 0
panels = [panel_module.Panel({FLUX!r}, prompt=str(number)) for number in range(40)]
assert [panel.values["prompt"] for panel in panels] == [str(number) for number in range(40)]
""")


def test_a_page_that_is_there_first(slow_panel: Panel) -> None:
    """It hears at once that somebody is there, and its questions are answered in order once the panel has loaded."""
    wire = slow_panel.comm
    assert isinstance(wire, Wire)
    assert wire.traits["_form"] == {}
    wire.say("sync", epoch="", next=0)
    wire.say("code", rev=3)
    assert wire.messages("loading") == [LOADING, LOADING]
    assert wire.messages("snapshot", "reply") == []
    slow_panel._load_behind()
    assert wire.traits["_form"]["model"] == SKETCH
    wire.until(lambda: wire.messages("snapshot"))
    wire.until(lambda: SKETCH in str(wire.messages("reply")[-1].get("text")))


def test_values_of_a_page_wait(slow_panel: Panel) -> None:
    """A link from another widget that sets a value before the panel has loaded sets it afterwards."""
    slow_panel.set_state({"values": {"prompt": "typed early"}})
    assert slow_panel.values["prompt"] == "typed early"


def test_observers_see_changes_alone(slow_panel: Panel) -> None:
    """What is loaded behind the display is no change."""
    changes: list[Any] = []
    slow_panel.observe(changes.append, "values")
    assert changes == []
    slow_panel.set(prompt="a cat")
    assert len(changes) == 1


def test_python_that_is_there_first(panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel that is run at once waits for what it needs."""
    monkeypatch.setattr(panel_module, "LOAD_DELAY", 600)
    monkeypatch.setattr(Panel, "_loads_first", lambda *_: False)
    panel = panel_of(FLUX)
    panel.run()
    assert panel.wait(SECONDS, progress=False).images
    assert panel.record is not None
    assert panel.record.prompt == SMALL["prompt"]


def test_the_worker_loads_by_itself(panel_of: MakePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to ask: form and values come in one message."""
    monkeypatch.setattr(Panel, "_loads_first", lambda *_: False)
    wire = panel_of(FLUX).comm
    assert isinstance(wire, Wire)
    wire.until(lambda: wire.traits["_form"])
    [update] = [data["state"] for _, data, _ in wire.traffic if "_form" in data.get("state", {})]
    assert update["values"]["prompt"] == SMALL["prompt"]


def test_a_wrong_value_for_a_model_of_the_catalogue(panel_of: MakePanel) -> None:
    """The catalogue is asked before the constructor returns, and the error is raised there."""
    with pytest.raises(InvalidParameter, match="stepps"):
        panel_of("wiro/sandbox-poster", stepps=3)


def test_a_panel_that_is_closed_before_it_has_loaded(slow_panel: Panel) -> None:
    """Nothing is loaded for it, and closing twice is fine."""
    slow_panel.close()
    slow_panel.close()
    assert slow_panel._load_state == "due"


def test_a_load_that_fails(slow_panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker logs it, and whoever needs a part gets the error; the next try may succeed."""
    load = Panel._load

    def fail(_panel: Panel) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Panel, "_load", fail)
    slow_panel._load_behind()
    with pytest.raises(OSError, match="no room"):
        _ = slow_panel.values
    monkeypatch.setattr(Panel, "_load", load)
    assert slow_panel.values is not None
