"""A panel alone and beside others, closed early, late and twice."""

import threading
from pathlib import Path

import ipywidgets
import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import SECONDS, Wire
from wiro_widgets import Panel, Sandbox


def test_closing_twice_is_fine(panel: Panel) -> None:
    """The second time does nothing."""
    panel.close()
    panel.close()


def test_closing_while_a_run_goes_on(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """The task goes on without the panel, which sends nothing more; Python still gets its results."""
    sandbox.faults = {"stuck": "run"}
    task = panel.run()
    wire.until(lambda: wire.traits.get("status") == "running")
    panel.close()
    count = len(wire.traffic)
    sandbox.faults = None
    assert task.wait(SECONDS).images
    assert panel.wait(SECONDS).images
    assert len(wire.traffic) == count


def test_a_closed_panel_may_still_run(panel: Panel) -> None:
    """Python can still run it: its values and its client are there."""
    panel.close()
    panel.set(seed=3)
    panel.run()
    assert panel.wait(SECONDS).record.seed == 3


def test_two_panels_at_once(panel_of: MakePanel) -> None:
    """Each has its own values, runs and browser."""
    first, second = panel_of(seed=1), panel_of(seed=2, samples=2)
    tasks = [first.run(), second.run()]
    assert [len(first.wait(SECONDS).images), len(second.wait(SECONDS).images)] == [1, 2]
    for panel, task in zip((first, second), tasks, strict=True):
        assert panel.tasks == (task,)
        assert isinstance(panel.comm, Wire)
        runs = [message["run"]["task"] for message in panel.comm.messages("delta") if message.get("run")]
        assert set(runs) == {None, task.id}


def test_it_composes_with_other_widgets(panel: Panel) -> None:
    """A panel is a widget among others."""
    box = ipywidgets.VBox([panel, ipywidgets.Label("below")])
    assert box.children[0] is panel
    box.close()


def test_a_traitlets_link(panel: Panel) -> None:
    """A trait may be linked to another widget's."""
    bar = ipywidgets.FloatProgress(max=1.0)
    panel.observe(lambda change: setattr(bar, "value", change.new or 0.0), "progress")
    panel.run()
    panel.wait(SECONDS)
    assert bar.value == 1.0
    bar.close()


def test_nothing_is_left(tmp_path: Path) -> None:
    """Once panel, client and sandbox are closed, in any order, none of their threads runs."""
    before = set(threading.enumerate())
    for order in ("panel client", "client panel"):
        with Sandbox(speed=1000) as sandbox:
            client = sandbox.client(output_dir=tmp_path)
            panel = Panel(FLUX, client=client, **SMALL)
            panel.run()
            panel.wait(SECONDS)
            for name in order.split():
                (panel if name == "panel" else client).close()
        assert set(threading.enumerate()) <= before


def test_a_panel_whose_sandbox_is_gone(tmp_path: Path) -> None:
    """The server may go away during a run: the task ends and the panel can be closed."""
    with Sandbox(speed=1000, faults={"stuck": "run"}) as sandbox:
        client = sandbox.client(output_dir=tmp_path)
        panel = Panel(FLUX, client=client, **SMALL)
        task = panel.run()
        with pytest.raises(TimeoutError):
            panel.wait(0.2)
    assert task.over
    assert panel.task is task
    panel.close()
