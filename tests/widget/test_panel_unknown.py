"""A run or a cell of unknown outcome in the panel: it is looked for, sent again or closed, as its user decides."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.widget.conftest import FLUX, MakePanel
from tests.widget.wire.page import Message, Wire
from wiro_widgets import Client, Panel, Sandbox
from wiro_widgets.render.run_words import UNKNOWN
from wiro_widgets.sweeps.view import progress_words

LOST_REPLY = {"lose_run_reply": 1}


@pytest.fixture
def run_count(sandbox: Sandbox) -> Callable[[], int]:
    """Return a function that counts the Runs that reached Wiro since the test began."""
    start = len(sandbox.requests)
    return lambda: sum("/Run/" in request.path for request in sandbox.requests[start:])


def _summary(wire: Wire, number: int = 1) -> Message:
    lists = [message["runs"] for message in wire.messages("delta", "snapshot") if "runs" in message]
    return next(run for run in lists[-1] if run["number"] == number)


def _choices(wire: Wire, number: int = 1) -> list[str]:
    return [choice["name"] for choice in _summary(wire, number)["choices"]]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Start a sandbox whose tasks are of one test: any other that cannot be compared may be a lost run."""
    with Sandbox(speed=1000) as own:
        yield own


def _lose_the_reply(
    panel: Panel, wire: Wire, sandbox: Sandbox, fault: Mapping[str, object] = LOST_REPLY
) -> None:
    panel.set(prompt="A harbour at dusk")
    sandbox.faults = fault
    panel.run()
    wire.until(lambda: wire.traits["status"] == "unknown")
    wire.until(lambda: _choices(wire))
    sandbox.faults = None


def _plant_cell(panel: Panel, client: Client, seeds: str) -> None:
    """Vary the seed, and write the first cell to the journal as a Run that Wiro does not list."""
    panel.vary(seed=seeds)
    controls, inner = panel._controls, client._client
    axes, constants = controls.axis_controls.axes, controls.constants()
    cell = client.plan_sweep({FLUX: controls.known_schema}, axes, constants, resume=False)[0]
    inner._engine.journal.begin(inner.server, FLUX, cell.values, content=cell.content, cell=cell.number)


def test_a_lost_run_is_found(
    panel: Panel, wire: Wire, sandbox: Sandbox, run_count: Callable[[], int]
) -> None:
    """Looking again attaches to its task and sends nothing; the run goes on in its place."""
    _lose_the_reply(panel, wire, sandbox)
    assert (_summary(wire)["line"], _choices(wire)) == (UNKNOWN, ["look", "send", "close"])
    assert "A task may exist and be billed" in _summary(wire)["reason"]
    assert wire.ask("decide", rev=1, run=1, choice="look")["error"] is None
    wire.until(lambda: wire.traits["status"] == "succeeded")
    wire.until(lambda: _choices(wire) == [])
    assert panel.image is not None
    assert (run_count(), len(panel.tasks)) == (1, 1)


def test_a_lost_run_is_sent_again(
    panel: Panel, wire: Wire, sandbox: Sandbox, run_count: Callable[[], int]
) -> None:
    """It is a new run with the values of the lost one, not with those of the controls, and is offered only once."""
    _lose_the_reply(panel, wire, sandbox)
    prompt = panel.values["prompt"]
    panel.set(prompt="Something else")
    assert wire.ask("decide", rev=1, run=1, choice="send")["error"] is None
    panel.wait(60)
    assert [task.values["prompt"] for task in panel.tasks] == [prompt] * 2
    assert run_count() == 2
    wire.until(lambda: "send" not in _choices(wire))
    assert "changed meanwhile" in wire.ask("decide", rev=2, run=1, choice="send")["error"]
    assert run_count() == 2


def test_a_run_that_never_was_is_closed(
    panel: Panel, wire: Wire, sandbox: Sandbox, sandbox_client: Client, run_count: Callable[[], int]
) -> None:
    """It is unfinished no longer, and says that it was closed."""
    _lose_the_reply(panel, wire, sandbox, {"cut_before": {"Run": 1}})
    unfinished = len(sandbox_client.history.unfinished())
    assert wire.ask("decide", rev=1, run=1, choice="close")["error"] is None
    assert len(sandbox_client.history.unfinished()) == unfinished - 1
    wire.until(lambda: _choices(wire) == [])
    assert "never became a task" in _summary(wire)["reason"]
    assert run_count() == 1


def test_a_run_that_has_a_task_is_not_closed(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Whoever says that it never ran, while Wiro lists it, learns which task it became, and finds it by looking."""
    _lose_the_reply(panel, wire, sandbox)
    assert "became task" in wire.ask("decide", rev=1, run=1, choice="close")["error"]
    wire.until(lambda: _choices(wire) == ["look", "send", "close"])
    assert wire.ask("decide", rev=2, run=1, choice="look")["error"] is None
    wire.until(lambda: wire.traits["status"] == "succeeded")


def test_cells_of_unknown_outcome(
    panel: Panel, wire: Wire, sandbox_client: Client, run_count: Callable[[], int]
) -> None:
    """The board says so; looking again sends nothing, and sending again sends the one cell once."""
    _plant_cell(panel, sandbox_client, "81, 82")
    sweep = panel.run_sweep().wait(60)
    wire.until(lambda: wire.traits["status"] == "unknown")
    wire.until(lambda: _choices(wire) == ["look", "send"])
    [note] = {message["board"]["note"] for message in wire.messages("delta")[-1:] if "board" in message} or {
        [item["board"]["note"] for item in wire.messages("delta") if "board" in item][-1]
    }
    assert "1 run unknown: a task may exist." in note
    assert (sweep.counts, run_count()) == ({"succeeded": 1, "unknown": 1}, 1)
    reply = wire.ask("decide", rev=1, run=1, choice="look")
    assert reply["text"] == "Looked again: 1 run still unknown. Nothing was sent."
    assert run_count() == 1
    wire.until(lambda: _choices(wire) == ["look", "send"])
    assert wire.ask("decide", rev=2, run=1, choice="send")["error"] is None
    wire.until(lambda: wire.traits["status"] == "succeeded")
    assert (sweep.counts, run_count()) == ({"succeeded": 2}, 2)


def test_deciding_about_unknown_cells_runs_no_other(
    panel: Panel, wire: Wire, sandbox: Sandbox, sandbox_client: Client, run_count: Callable[[], int]
) -> None:
    """A cell that failed stays failed: "Look again" sends nothing at all."""
    _plant_cell(panel, sandbox_client, "83, 84")
    sandbox.faults = {"fail_tasks": 1}
    sweep = panel.run_sweep().wait(60)
    sandbox.faults = None
    assert sweep.counts == {"failed": 1, "unknown": 1}
    wire.until(lambda: _choices(wire))
    wire.ask("decide", rev=1, run=1, choice="look")
    assert (sweep.counts, run_count()) == ({"failed": 1, "unknown": 1}, 1)
    assert "resume(unknown=" in repr(sweep)
    assert "1 unknown" in progress_words(sweep)


@pytest.mark.parametrize("choice", ["send", "close", "fetch"])
def test_what_is_not_offered_is_refused(
    panel: Panel, wire: Wire, choice: str, run_count: Callable[[], int]
) -> None:
    """A page that asks for it anyway sends nothing."""
    panel.run()
    panel.wait(60)
    before = run_count()
    assert "Nothing was done" in wire.ask("decide", rev=1, run=1, choice=choice)["error"]
    assert run_count() == before


def test_pictures_still_to_come(panel_of: MakePanel, sandbox: Sandbox) -> None:
    """A run whose picture did not arrive offers to fetch it again, and then shows it."""
    panel = panel_of()
    wire = panel.comm
    assert isinstance(wire, Wire)
    sandbox.faults = {"expire_urls": True}
    panel.run()
    wire.until(lambda: wire.traits["status"] == "succeeded")
    sandbox.faults = None
    assert _choices(wire) == ["fetch"]
    assert wire.ask("decide", rev=1, run=1, choice="fetch")["error"] is None
    wire.until(lambda: _choices(wire) == [])
    assert panel.image is not None
    assert wire.pictures("thumb")
