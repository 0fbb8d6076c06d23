"""Several runs at one press, the lock of the seed, and a result on its way to another model."""

from typing import Any

import pytest

from tests.sandbox_clients import wait_for
from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import Wire
from wiro_widgets import InvalidParameter, NotFound, Panel, Sandbox

POSTER, UPSCALE = "wiro/sandbox-poster", "wiro/sandbox-upscale"


def seeds(panel: Panel) -> list[Any]:
    """Return the seeds of the runs of a panel."""
    return [task.values.get("seed") for task in panel.tasks]


def test_seeds_are_counted_up(panel: Panel, wire: Wire) -> None:
    """Each of several runs has its own seed; the field keeps the first."""
    panel.set(seed=7)
    tasks = panel.run_times(3)
    assert tasks == panel.tasks
    assert seeds(panel) == [7, 8, 9]
    assert panel.values["seed"] == 7
    for task in tasks:
        task.wait(60)
    wire.until(
        lambda: [run["status"] for run in wire.messages("delta")[-1].get("runs", ())] == ["succeeded"] * 3
    )


def test_a_seed_that_is_random_stays(panel_of: MakePanel) -> None:
    """Without a seed, and without a parameter for it, the runs are alike."""
    panel = panel_of(seed=None)
    panel.run_times(2)
    assert seeds(panel) == [None, None]
    chat = panel_of("wiro/sandbox-chat", prompt="why?")
    assert len(chat.run_times(2)) == 2


@pytest.mark.parametrize("times", [0, -1, 51, True, 2.0, "2"])
def test_a_wrong_number_of_runs_is_refused(panel: Panel, times: Any) -> None:
    """Nothing is sent."""
    with pytest.raises(InvalidParameter, match="1 to 50 runs are possible"):
        panel.run_times(times)
    assert panel.tasks == ()


def test_an_unlocked_seed_moves_on(panel: Panel, wire: Wire) -> None:
    """The next press goes on where the last one ended, from Python and from the page."""
    panel.set(seed=7)
    assert panel.seed_locked
    wire.ask("lock", rev=1, on=False)
    assert not panel.seed_locked
    assert wire.traits["_axes"]["locked"] is False
    panel.run()
    assert panel.values["seed"] == 8
    wire.say("run", rev=2, values={}, times=2)
    assert seeds(panel) == [7, 8, 9]
    assert wire.traits["values"]["seed"] == 10
    panel.seed_locked = True
    panel.run()
    assert seeds(panel)[-1] == panel.values["seed"] == 10


def test_the_page_asks_for_several(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """A page's number counts, within the limits; with axes there are as many runs as they make."""
    start = len(sandbox.requests)
    wire.ask("run", rev=1, values={"seed": 3}, times=3)
    assert seeds(panel) == [3, 4, 5]
    panel.wait(60)
    panel.vary(seed=[1, 2])
    wire.say("run", rev=2, values={}, times=3)
    wire.until(lambda: panel.sweep is not None and not panel.sweep.busy)
    for task in panel.tasks:
        task.wait(60)
    assert sum("/Run/" in item.path for item in sandbox.requests[start:]) == 5
    panel.vary(seed=None)
    wire.ask("run", rev=3, values={}, times=10_000)
    assert len(panel.tasks) == 5 + 50


def test_the_queue_shows_its_order() -> None:
    """Runs that wait say which is next; one that runs does not."""
    with Sandbox(speed=0.2, workers=1) as slow, slow.client(journal=False) as client:
        panel = Panel(FLUX, client=client, **SMALL)
        panel.run_times(3)
        wait_for(lambda: sorted(task.status for task in panel.tasks) == ["queued", "queued", "running"])
        lines = [run["line"] for run in panel._publisher._summaries()]
        # Runs sent at once arrive in any order.
        first = [task.status for task in panel.tasks].index("running")
        assert " of " not in lines.pop(first)
        assert [line.rpartition(" \N{MIDDLE DOT} ")[2] for line in lines] == ["1 of 2", "2 of 2"]
        for task in panel.tasks:
            task.stop()
        panel.close()


def test_send_to_another_model(panel: Panel) -> None:
    """The other panel has the picture as its input and the values that fit; this one stays as it is."""
    panel.set(prompt="a lighthouse", seed=3)
    panel.run()
    panel.wait(60)
    other = panel.send_to("wiro/sandbox-collage")
    try:
        assert other.model == "wiro/sandbox-collage"
        assert other.values["prompt"] == "a lighthouse"
        assert other.values["seed"] == 3
        assert other.values["inputImage"] is panel.outputs[0]
        task = other.run()
        assert other.wait(60).record.parents == (panel.task.id if panel.task else "",)
        assert task.model == "wiro/sandbox-collage"
    finally:
        other.close()
    assert panel.model == FLUX


def test_send_to_refuses_what_cannot_be(panel: Panel) -> None:
    """A model without a field for a picture is refused with a result, and taken without one."""
    panel.send_to(POSTER).close()
    panel.run()
    panel.wait(60)
    with pytest.raises(InvalidParameter, match=f"input: takes no image with {POSTER}"):
        panel.send_to(POSTER)
    with pytest.raises(IndexError):
        panel.send_to(UPSCALE, 5)
    with pytest.raises(NotFound):
        panel.send_to("nobody/nothing")
    panel.send_to(UPSCALE, 0).close()


def test_send_to_in_the_page(panel: Panel, wire: Wire) -> None:
    """The panel becomes one of the other model with the picture in it; a model that takes none changes nothing."""
    panel.run()
    panel.wait(60)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    refusal = wire.ask("model", rev=1, model=POSTER, output="1-0")
    assert "takes no image" in refusal["error"]
    assert panel.model == FLUX
    assert wire.ask("model", rev=2, model=UPSCALE, output="1-0")["error"] is None
    assert panel.model == UPSCALE
    assert panel.values["inputImage"] is panel.outputs[0]
    panel.undo()
    panel.undo()
    assert panel.model == FLUX
