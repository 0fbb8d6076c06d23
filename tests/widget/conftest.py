"""Panels whose browser is the test, on a sandbox that they share."""

from collections.abc import Callable, Iterator
from typing import Any

import comm
import pytest

from tests.widget.wire.page import Wire
from wiro_widgets import Client, ModelSchema, Panel, Sandbox
from wiro_widgets.widget.controls import panel_parts

FLUX = "tencent/hunyuan-flux-srpo"
SMALL: dict[str, Any] = {"prompt": "A lighthouse", "width": 64, "height": 64, "steps": 2}

LOADED = panel_parts  # from the first on, the panels of these tests open with their forms

MakePanel = Callable[..., Panel]


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    """Share one fast sandbox."""
    return shared_sandbox


@pytest.fixture(scope="session")
def _steady_sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=20) as running:
        yield running


@pytest.fixture
def steady(_steady_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Lend a sandbox whose runs take a fifth of a second, so that the socket brings most events."""
    _steady_sandbox.faults = None
    yield _steady_sandbox
    _steady_sandbox.faults = None


@pytest.fixture
def steady_client(steady: Sandbox) -> Iterator[Client]:
    """Connect to the steady sandbox."""
    with steady.client() as client:
        yield client


@pytest.fixture
def panel_of(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePanel]:
    """Make panels with the seed's model and small pictures, and close them after the test."""
    monkeypatch.setattr(comm, "create_comm", Wire)
    panels: list[Panel] = []

    def make(model: str | ModelSchema | None = FLUX, **values: Any) -> Panel:
        arguments = {"client": sandbox_client, **(SMALL if model == FLUX else {}), **values}
        panels.append(Panel(model, **arguments))
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()


@pytest.fixture
def panel(panel_of: MakePanel) -> Panel:
    """Make a panel with the seed's model."""
    return panel_of()


@pytest.fixture
def wire(panel: Panel) -> Wire:
    """Return the browser's end of the panel."""
    assert isinstance(panel.comm, Wire)
    return panel.comm
