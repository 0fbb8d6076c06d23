"""A panel whose controls vary runs every combination, and shows them on a board."""

import threading
from typing import Any

import pytest

import wiro_widgets as wiro
from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import Message, Page, Wire
from wiro_widgets import (
    BudgetExceeded,
    Client,
    ConfigurationError,
    InvalidParameter,
    Panel,
    Sandbox,
    TaskFailed,
)
from wiro_widgets.widget.wire.sweep_view import SweepView

SECONDS = 20.0


def _runs(sandbox: Sandbox, since: int) -> int:
    return sum("/Run/" in request.path for request in sandbox.requests[since:])


def _page(wire: Wire) -> Page:
    """Return a page that has got every delta so far."""
    page = Page()
    for message in wire.messages("delta"):
        assert not page.take(message)
    return page


def _cells(wire: Wire) -> dict[int, Message]:
    """Return the cells as a page has them."""
    cells: dict[int, Message] = {}
    for message in wire.messages("delta", "snapshot"):
        cells |= {cell["index"]: cell for cell in message.get("cells", ())}
    return cells


def _board(wire: Wire) -> Message:
    """Return the last board that was sent."""
    [*_, last] = [message["board"] for message in wire.messages("delta", "snapshot") if "board" in message]
    board: Message = last
    return board


def test_every_combination_runs(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Each once; the panel shows one run with a board of pictures, and Python has the sweep."""
    before = len(sandbox.requests)
    panel.vary(steps=[2, 3], seed="1..3")
    sweep = panel.run_sweep()
    assert sweep.wait(SECONDS) is sweep
    assert (panel.sweep, len(sweep), _runs(sandbox, before)) == (sweep, 6, 6)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    cells = _cells(wire)
    assert [cells[index]["status"] for index in range(6)] == ["succeeded"] * 6
    pictures = wire.pictures("thumb")
    assert {cell["outputs"][0]["id"] for cell in cells.values()} == pictures.keys()
    board = _board(wire)
    assert (board["columns"], [row["label"] for row in board["rows"]]) == (["1", "2", "3"], ["2", "3"])
    page = _page(wire)
    assert page.run is not None
    assert (page.run["prompt"], page.run["progress"]) == ("6 runs: steps \N{MULTIPLICATION SIGN} seed", None)
    assert page.run["price"].startswith("$0.0")
    assert len(page.runs) == 1
    assert len(panel.records) == len(panel.to_pandas()) == 6


def test_run_in_the_page_runs_all_of_them(panel: Panel, wire: Wire) -> None:
    """The page's axes make a sweep of all combinations."""
    wire.say("values", rev=1, patch={"*seed": "1, 2", "*steps": True})
    assert wire.ask("run", rev=2, values={"prompt": "A harbour"})["error"] is None
    wire.until(lambda: wire.traits["status"] == "succeeded")
    assert panel.sweep is not None
    assert [cell.values["prompt"] for cell in panel.sweep] == ["A harbour"] * 2
    assert sorted(cell.values["seed"] for cell in panel.sweep) == [1, 2]


def test_wait_waits_for_all_of_it(panel: Panel, wire: Wire) -> None:
    """Also if the user pressed Run and the sweep is not planned yet; it returns the last result."""
    wire.say("values", rev=1, patch={"*seed": "1..4"})
    wire.say("run", rev=2, values={})
    result = panel.wait(SECONDS)
    assert panel.sweep is not None
    assert panel.sweep.counts == {"succeeded": 4}
    assert result is panel.sweep[3].result
    assert panel.image is not None


def test_one_run_takes_the_value_beneath(panel: Panel) -> None:
    """`run()` is one run whatever varies, and `wait` waits for that one."""
    panel.vary(seed=range(4))
    panel.set(seed=7)
    panel.run()
    assert panel.wait(SECONDS).record.seed == 7
    assert panel.sweep is None


def test_the_values_of_the_axes_are_shown(panel: Panel, wire: Wire) -> None:
    """Text, words and number of runs; the page and Python see the same."""
    wire.ask("values", rev=1, patch={"*steps": "2..4"})
    assert panel.axes == {"steps": (2, 3, 4)}
    assert wire.traits["_axes"] == {
        "shown": {"*steps": "2..4"},
        "words": {"steps": "3 values: 2, 3, 4"},
        "runs": 3,
        "undo": "Steps",
        "locked": True,
    }
    panel.vary(steps=None, seed=[1, 2])
    assert wire.traits["_axes"]["shown"] == {"*seed": "1, 2"}


def test_a_wrong_axis_is_explained_and_nothing_is_sent(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """The error stands beside the field, and Run makes it the error of the run."""
    before = len(sandbox.requests)
    wire.ask("values", rev=1, patch={"*steps": "2..400"})
    assert "between 1 and 50" in wire.traits["_errors"]["*steps"]
    wire.say("run", rev=2, values={})
    wire.until(lambda: wire.traits["status"] == "failed")
    with pytest.raises(InvalidParameter, match="steps"):
        panel.wait(SECONDS)
    with pytest.raises(InvalidParameter, match="steps"):
        panel.run_sweep()
    assert _runs(sandbox, before) == 0
    page = _page(wire)
    assert page.run is not None
    assert page.run["notice"]["title"] == "steps needs another value"


def test_what_another_kernel_has_run_is_not_run_again(
    panel: Panel, panel_of: MakePanel, sandbox: Sandbox
) -> None:
    """A new panel with the same axes shows the same board and pays for nothing."""
    panel.vary(seed="1..3")
    panel.run_sweep().wait(SECONDS)
    before = len(sandbox.requests)
    again = panel_of()
    again.vary(seed="1..4")
    again.run_sweep().wait(SECONDS)
    assert _runs(sandbox, before) == 1
    assert isinstance(again.comm, Wire)
    wire = again.comm
    wire.until(lambda: wire.traits["status"] == "succeeded")
    assert [_cells(wire)[index]["note"] for index in range(3)] == ["was run before"] * 3
    assert len(wire.pictures("thumb")) == 4


def test_nothing_left_to_run_is_over_at_once(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Run again shows the results and costs nothing."""
    panel.vary(seed="1, 2")
    panel.run_sweep().wait(SECONDS)
    before = len(sandbox.requests)
    wire.say("run", rev=1, values={})
    panel.wait(SECONDS)
    wire.until(lambda: len(_page(wire).runs) == 2 and wire.traits["status"] == "succeeded")
    page = _page(wire)
    assert page.run is not None
    assert (_runs(sandbox, before), page.run["price"]) == (0, None)


def test_a_seed_left_to_chance_is_drawn_anew(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """The same sweep again would make other pictures, as a single run does."""
    panel.set(seed=None)
    panel.vary(steps="2, 3")
    panel.run_sweep().wait(SECONDS)
    before = len(sandbox.requests)
    wire.say("run", rev=1, values={})
    panel.wait(SECONDS)
    assert _runs(sandbox, before) == 2


def test_stop_stops_all_of_it(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """Running cells are stopped, no further cell begins, and Run again runs the others."""
    sandbox.faults = {"delay": 0.05}
    panel.vary(seed="1..40")
    wire.say("run", rev=1, values={})
    wire.until(lambda: any(cell["status"] == "succeeded" for cell in _cells(wire).values()))
    wire.say("stop", run=1)
    wire.until(lambda: wire.traits["status"] == "cancelled")
    assert panel.sweep is not None
    done = panel.sweep.counts["succeeded"]
    assert done < 40
    assert "Run again runs what is left" in _board(wire)["note"]
    sandbox.faults = None
    before = len(sandbox.requests)
    panel.run_sweep().wait(SECONDS)
    assert _runs(sandbox, before) == 40 - done


def test_stop_before_it_is_planned_sends_nothing(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """A Stop right after Run costs nothing."""
    before = len(sandbox.requests)
    panel.vary(seed="1..4")
    with panel._lock:  # nothing of the panel's goes on meanwhile
        wire.say("run", rev=1, values={})
        panel.stop()
    wire.until(lambda: wire.traits["status"] == "cancelled")
    assert _runs(sandbox, before) == 0


def test_a_cell_that_fails_stops_no_other(panel_of: MakePanel, sandbox_client: Client) -> None:
    """The board shows the error of each cell; if all fail, `wait` raises the first."""
    panel = panel_of("wiro/sandbox-fail", client=sandbox_client)
    panel.vary(prompt="one\ntwo")
    panel.run_sweep().wait(SECONDS)
    assert isinstance(panel.comm, Wire)
    wire = panel.comm
    wire.until(lambda: wire.traits["status"] == "failed")
    assert "always fails" in _cells(wire)[0]["note"]
    with pytest.raises(TaskFailed):
        panel.wait(SECONDS)
    page = _page(wire)
    assert page.run is not None
    assert page.run["notice"]["title"].startswith("The model stopped")


def test_the_price_is_that_of_all_runs(panel: Panel, wire: Wire) -> None:
    """The price beside the button is that of the whole sweep."""
    one = panel.price()
    panel.vary(seed="1..10")
    ten = panel.price()
    assert one.typical is not None
    assert ten.typical == pytest.approx(10 * one.typical)
    wire.say("sync", epoch="", next=0)
    wire.until(lambda: wire.traits["_outlook"].get("reason", "").startswith("10 runs"))
    panel.vary(seed="1..10", steps="2, 3")
    wire.until(lambda: wire.traits["_outlook"]["reason"].startswith("20 runs"))


def test_the_price_leaves_out_what_was_run_before(panel: Panel) -> None:
    """Run again costs what is left of the sweep; without a fixed seed it costs all of it."""
    panel.vary(seed="1..3")
    panel.run_sweep().wait(SECONDS)
    assert (panel.price().low, panel.price().high) == (0.0, 0.0)
    assert panel.price().reason.startswith("3 of 3 were run before")
    assert panel.price().amount == "all 3 are there"
    panel.vary(seed="1..4")
    assert "3 of 4 were run before; 1 run: " in panel.price().reason
    panel.vary(seed=None, steps="2, 3")
    panel.set(seed=None)
    panel.run_sweep().wait(SECONDS)
    assert panel.price().reason.startswith("2 runs")


def test_a_budget_holds_for_all_runs(panel: Panel, sandbox: Sandbox) -> None:
    """The budget of the block in which Python starts the sweep."""
    before = len(sandbox.requests)
    panel.vary(seed="1..3")
    with wiro.budget(usd=1e-6) as purse, pytest.raises(BudgetExceeded, match="Any of the 3 runs"):
        panel.run_sweep()
    assert panel.status == "failed"
    assert (_runs(sandbox, before), purse.spent) == (0, 0)


def test_without_credentials_it_says_so(panel_of: MakePanel) -> None:
    """Python's call raises the error, and the panel shows it."""
    panel = panel_of(FLUX, client=None, **SMALL)
    panel.vary(seed="1, 2")
    with pytest.raises(ConfigurationError):
        panel.run_sweep()
    assert panel.status == "failed"


def test_a_late_view_has_the_whole_board(panel: Panel, wire: Wire) -> None:
    """A snapshot has the board and every cell, and the pictures follow."""
    panel.vary(seed="1..3")
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    wire.traffic.clear()
    snapshot = wire.ask("sync", epoch="", next=0)
    assert (snapshot["type"], len(snapshot["cells"]), snapshot["board"]["x"]) == ("snapshot", 3, "seed")
    wire.until(lambda: len(wire.pictures("thumb")) == 3)


def test_a_snapshot_takes_no_news_from_the_other_views(panel: Panel, wire: Wire) -> None:
    """A cell that changed just before a view asked for a snapshot is sent to all views."""
    panel.vary(seed="1, 2")
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    wire.traffic.clear()
    view = panel._publisher.stage
    assert isinstance(view, SweepView)
    assert panel.sweep is not None
    view._changed_cells.append(panel.sweep[1])
    assert wire.ask("sync", epoch="", next=0)["type"] == "snapshot"
    assert [cell["index"] for message in wire.messages("delta") for cell in message["cells"]] == [1]


def test_a_run_beside_it_and_back(panel: Panel, wire: Wire) -> None:
    """A run takes the stage; when the sweep returns to it, all of it is sent again."""
    panel.vary(seed="1, 2")
    panel.run_sweep().wait(SECONDS)
    panel.run()
    panel.wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded" and len(_page(wire).runs) == 2)
    wire.traffic.clear()
    wire.say("show", run=1)
    wire.until(lambda: wire.messages("delta"))
    [delta, *_] = wire.messages("delta")
    assert (delta["board"]["run"], len(delta["cells"])) == (1, 2)


def test_messages_keep_their_pace(panel: Panel, wire: Wire) -> None:
    """However many cells end in a second, the page gets a few messages."""
    panel.vary(seed="1..60")
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    at = [when for when, _, _ in wire.traffic]
    assert max(sum(first <= when < first + 1 for when in at) for first in at) <= 20
    assert len(_cells(wire)) == 60


def test_the_call_repeats_the_sweep(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """With axes `code()` is a sweep that it waits for; even steps become a range."""
    panel.set(prompt="x", inputImage=None)
    panel.vary(seed="1..9", scale="1, 2")
    arguments: dict[str, Any] = {}

    class _Client:
        def sweep(self, model: str, **values: Any) -> "_Client":
            arguments.update(values, model=model)
            return self

        def wait(self) -> None:
            arguments["waits"] = True

    monkeypatch.setattr(wiro, "connect", _Client)
    exec(panel.code(), {})  # noqa: S102 - what a user would paste
    assert arguments["waits"]
    assert (arguments["model"], arguments["seed"], arguments["scale"]) == (FLUX, range(1, 10), [1, 2])
    assert arguments["steps"] == SMALL["steps"]


def test_observers_may_look_at_the_sweep(panel: Panel) -> None:
    """An observer of the status may ask the panel for its results."""
    observations: list[object] = []
    panel.observe(
        lambda _: observations.append((panel.sweep and panel.sweep.counts, threading.get_ident())), "status"
    )
    panel.vary(seed="1, 2")
    panel.run_sweep().wait(SECONDS)
    panel._publisher.catch_up()
    assert observations


def test_a_cell_s_settings_can_be_taken(panel: Panel, wire: Wire) -> None:
    """The controls get the values of that picture, and their axes end."""
    panel.vary(seed="1..3", steps="2, 3")
    panel.run_sweep().wait(SECONDS)
    wire.until(lambda: wire.traits["status"] == "succeeded")
    output_id = _cells(wire)[4]["outputs"][0]["id"]
    assert wire.ask("recipe", rev=1, id=output_id, take=True)["error"] is None
    assert panel.sweep is not None
    expected = panel.sweep[4].values
    assert (panel.axes, panel.values["seed"], panel.values["steps"]) == (
        {},
        expected["seed"],
        expected["steps"],
    )
