"""The buttons of a sweep: which are there, and what they do, without a page."""

from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, wait_for
from wiro_widgets import Client, Sandbox, Sweep
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.widget.cells.sweep_buttons import VIEW, SweepButtons


def _visible(buttons: SweepButtons) -> list[str]:
    items: tuple[Any, ...] = buttons._box.children
    return [item.description.partition(" (")[0] for item in items[:3] if item.layout.display != "none"]


@pytest.fixture
def sweep(sandbox: Sandbox, sandbox_client: Client) -> Sweep:
    """Return a sweep of three cells, of which one runs and goes no further."""
    sandbox.faults = {"stuck": "run"}
    return sandbox_client.sweep(FLUX, prompt="x", seed=range(3), concurrency=1, **SMALL)


def test_the_buttons_follow_the_sweep(sweep: Sweep, sandbox: Sandbox) -> None:
    """Pause and Stop while it goes on, Run what is left when it does not, and none at the end."""
    buttons = SweepButtons(sweep)
    wait_for(lambda: sweep.counts.get("running") == 1)
    assert VIEW in buttons()._repr_mimebundle_()
    assert _visible(buttons) == ["Pause", "Stop"]
    buttons._buttons["pause"].click()
    wait_for(lambda: not sweep.goes_on)
    buttons()
    assert _visible(buttons) == ["Run what is left", "Stop"]
    assert buttons._buttons["resume"].description.endswith("(2 cells)")
    buttons._buttons["stop"].click()
    wait_for(lambda: not sweep.busy)
    buttons()
    assert _visible(buttons) == ["Run what is left"]
    assert buttons._buttons["resume"].description.endswith("(3 cells)")
    sandbox.faults = None
    buttons._buttons["resume"].click()
    wait_for(lambda: sweep.counts == {"succeeded": 3} and not sweep.busy)
    assert buttons()._repr_mimebundle_() == {}
    assert buttons._box.comm is None


def test_two_clicks_are_one(sweep: Sweep, sandbox: Sandbox) -> None:
    """Run what is left, pressed again and again, sends each cell once."""
    buttons = SweepButtons(sweep)
    sweep.stop()
    sandbox.faults = None
    start = len(sandbox.requests)
    for _ in range(5):
        buttons._run_what_is_left()
    wait_for(lambda: sweep.counts == {"succeeded": 3} and not sweep.busy)
    assert sum("/Run/" in request.path for request in sandbox.requests[start:]) == 3


def test_a_closed_client_says_so(sweep: Sweep, sandbox_client: Client) -> None:
    """What a press cannot do is said beside it."""
    buttons = SweepButtons(sweep)
    sweep.stop()
    sandbox_client.close()
    buttons._buttons["resume"].click()
    wait_for(lambda: "closed" in buttons._message.value)
    assert not buttons._buttons["resume"].disabled
    buttons._buttons["pause"].click()
    buttons._buttons["stop"].click()


def test_unknown_cells_are_not_sent(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """A press never sends a cell whose earlier run may exist, even if the sweep was begun with that."""
    policies: list[object] = []

    async def resume(_sweep: object, *, unknown: object = None) -> None:
        policies.append(unknown)

    sweep.stop()
    monkeypatch.setattr(AsyncSweep, "resume", resume)
    SweepButtons(sweep)._buttons["resume"].click()
    wait_for(lambda: policies == ["ask"])
