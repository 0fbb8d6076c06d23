"""What the publisher sends of runs, and how often."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.widget.conftest import FLUX, SMALL, MakePanel
from tests.widget.wire.page import SECONDS, Message, Page, Wire
from wiro_widgets import Client, Panel, Sandbox, Task, TaskFailed
from wiro_widgets.protocol.prices.dollars import dollars
from wiro_widgets.widget.wire.feed import MAX_DELTA_ROWS
from wiro_widgets.widget.wire.log_rows import rows
from wiro_widgets.widget.wire.run_view import RunView


def _page(wire: Wire) -> Page:
    """Return a page that has got every delta so far."""
    page = Page()
    for message in wire.messages("delta"):
        assert not page.take(message)
    return page


def _run(wire: Wire) -> Message:
    """Return the run as a page shows it."""
    run = _page(wire).run
    assert run is not None
    return run


def _steady_panel(panel_of: MakePanel, steady_client: Client) -> tuple[Panel, Wire]:
    """Make a panel whose runs are long enough for the socket to bring all events."""
    panel = panel_of(client=steady_client, steps=20)
    assert isinstance(panel.comm, Wire)
    return panel, panel.comm


def _done(panel: Panel, wire: Wire) -> Task:
    """Run, and wait until the browser has the outcome."""
    task = panel.run()
    task.wait(SECONDS)
    wire.until(lambda: wire.traits.get("status") == "succeeded")
    return task


def _in_a_thread(work: Callable[[], object]) -> bool:
    """Return True if the work ends by itself."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return not thread.is_alive()


def test_a_run_as_the_browser_sees_it(panel_of: MakePanel, steady_client: Client) -> None:
    """The deltas have the whole run: its stages, its log, its outputs, its cost."""
    panel, wire = _steady_panel(panel_of, steady_client)
    task = _done(panel, wire)
    run = _run(wire)
    price = dollars(task.record.total_cost or 0)
    assert (run["status"], run["task"], run["price"]) == ("succeeded", task.id, price)
    assert run["stages"][0]["name"] == "Queue"
    assert run["stages"][-1]["name"] == "Finish"
    assert run["stages"][-1]["end"] is not None
    assert [(item["width"], item["height"]) for item in run["outputs"]] == [(64, 64)]
    assert _page(wire).rows[-1][2:] == ["done", "Done"]


def test_every_event_is_sent_once(panel_of: MakePanel, steady_client: Client) -> None:
    """The rows are those of the events, in their order, and one more with the outcome."""
    panel, wire = _steady_panel(panel_of, steady_client)
    _done(panel, wire)
    texts = [row[3] for row in _page(wire).rows]
    assert texts[:-1] == [text for event in panel.events for _, text in rows(event)]
    assert [row[0] for row in _page(wire).rows] == list(range(len(texts)))


def test_at_most_twenty_messages_a_second(
    panel_of: MakePanel, steady: Sandbox, steady_client: Client
) -> None:
    """Five thousand events make no more messages than twenty a second, and none is lost."""
    steady.faults = {"duplicate": 250}
    panel = panel_of(client=steady_client, steps=50)
    wire = panel.comm
    assert isinstance(wire, Wire)
    _done(panel, wire)
    assert len(panel.events) > 5_000
    times = [at for at, _, _ in wire.traffic]
    assert len(times) <= 20 * (times[-1] - times[0] + 1)
    page = Page()
    gaps = sum(page.take(message) for message in wire.messages("delta"))
    if gaps:
        page.take(wire.ask("sync", epoch="", next=0))
    assert page.next > 5_000
    assert page.rows[-1][2] == "done"
    assert max(len(message["rows"]) for message in wire.messages("delta")) <= MAX_DELTA_ROWS


def test_the_pictures_come_before_the_status(panel: Panel, wire: Wire) -> None:
    """All thumbnails have come before the status is succeeded."""
    panel.set(samples=3)
    _done(panel, wire)
    ids = [output["id"] for output in _run(wire)["outputs"]]
    assert list(wire.pictures("thumb")) == ids
    assert len(ids) == 3


def test_status_and_progress_of_a_run(panel: Panel, wire: Wire) -> None:
    """The traits end with the run: "succeeded", 1.0, and a heartbeat at the feed's head."""
    _done(panel, wire)
    assert wire.traits["progress"] == 1.0
    last = wire.messages("delta")[-1]
    assert wire.traits["_feed"] == {"epoch": last["epoch"], "head": last["next"]}


def test_a_snapshot_for_a_late_view(panel: Panel, wire: Wire) -> None:
    """A view that asks gets everything that the others have, thumbnails included."""
    _done(panel, wire)
    early, late = _page(wire), Page()
    wire.traffic.clear()
    answer = wire.ask("sync", epoch="", next=0)
    assert answer["to"] == "page"
    assert not late.take(answer)
    assert (late.rows, late.run, late.runs) == (early.rows, early.run, early.runs)
    assert len(wire.pictures("thumb")) == 1


def test_a_new_run_is_a_new_epoch(panel: Panel, wire: Wire) -> None:
    """The second run starts with an empty log; the list of runs has both."""
    _done(panel, wire)
    first = _page(wire)
    _done(panel, wire)
    second = _page(wire)
    assert second.epoch != first.epoch
    assert [run["number"] for run in second.runs] == [1, 2]
    assert _run(wire)["number"] == 2


def test_an_earlier_run_is_shown_again(panel: Panel, wire: Wire) -> None:
    """An earlier run comes with its rows, its outcome and its pictures."""
    _done(panel, wire)
    first = _page(wire)
    _done(panel, wire)
    wire.traffic.clear()
    wire.say("show", run=1)
    again = _page(wire)
    assert [row[1:] for row in again.rows] == [row[1:] for row in first.rows]
    assert again.run == first.run
    assert list(wire.pictures("thumb")) == ["1-0"]


def test_a_star(panel: Panel, wire: Wire) -> None:
    """A starred run is starred in the list of runs, for every view."""
    _done(panel, wire)
    assert wire.ask("star", rev=3, run=1, on=True)["rev"] == 3
    assert _page(wire).runs[0]["starred"] is True


def test_a_full_image(panel: Panel, wire: Wire) -> None:
    """The bytes of an output are sent as they are, to the view that asked."""
    _done(panel, wire)
    wire.say("image", id="1-0")
    wire.until(lambda: wire.pictures("full"))
    assert wire.pictures("full") == {"1-0": panel.outputs[0].bytes()}
    assert wire.messages("image")[-1]["to"] == "page"


def test_a_full_image_that_is_gone(panel: Panel, wire: Wire) -> None:
    """If the file is gone, the view that asked gets an error."""
    _done(panel, wire)
    path = panel.outputs[0].path
    assert path is not None
    path.unlink()
    assert "cannot be read" in wire.ask("image", id="1-0")["error"]


def test_a_refused_run(panel: Panel, wire: Wire) -> None:
    """A run with a wrong value names the value, and sends nothing."""
    wire.say("values", rev=1, patch={"steps": "many"})
    panel.run()
    run = _run(wire)
    assert run["status"] == "failed"
    assert run["notice"]["title"] == "steps needs another value"
    assert wire.traits["_errors"]["steps"] == "a whole number is needed, not 'many'"


def test_a_failed_run(panel_of: MakePanel) -> None:
    """The notice has the exit code; the log ends with the model's last line."""
    panel = panel_of("wiro/sandbox-fail")
    panel.run()
    with pytest.raises(TaskFailed):
        panel.wait(SECONDS)
    assert isinstance(panel.comm, Wire)
    assert _run(panel.comm)["notice"]["title"] == "The model stopped with exit code 1"
    assert _page(panel.comm).rows[-1][2] == "error"
    assert "this model always fails" in _page(panel.comm).rows[-1][3]


def test_events_that_came_before(panel: Panel, wire: Wire, steady_client: Client) -> None:
    """A task that is followed late is shown from its first event on, each once."""
    task = steady_client.start(FLUX, SMALL, steady_client.schema(FLUX))
    next(iter(task.events()))
    view = RunView(7)
    panel._publisher.begin(view)
    view.task = task
    panel._publisher.follow(view)
    task.wait(SECONDS)
    wire.until(lambda: wire.traits.get("status") == "succeeded")
    assert [row[3] for row in _page(wire).rows][:-1] == [
        text for event in task.events_so_far() for _, text in rows(event)
    ]


def test_a_task_that_was_over_before_it_was_steady_panel(
    panel: Panel, wire: Wire, steady_client: Client
) -> None:
    """A task that ended before the panel followed it is shown completely."""
    task = steady_client.run(FLUX, SMALL | {"steps": 20})
    task.wait(SECONDS)
    view = RunView(7)
    panel._publisher.begin(view)
    view.task = task
    panel._publisher.follow(view)
    assert wire.traits["status"] == "succeeded"
    assert len(_page(wire).rows) == 1 + sum(1 for event in task.events_so_far() for _ in rows(event))


def test_the_engine_never_waits_for_the_panel(panel: Panel, sandbox_client: Client) -> None:
    """While a thread holds the panel's lock, tasks and calls go on."""
    with panel._lock:
        task = panel.run()
        assert _in_a_thread(lambda: task.wait(SECONDS))
        assert _in_a_thread(lambda: sandbox_client.detail(task.id or ""))


def test_an_observer_may_do_anything(panel: Panel, wire: Wire, sandbox_client: Client) -> None:
    """A user's observer sets controls, asks Wiro and waits, while the main thread does so too."""
    statuses: list[Any] = []

    def observer(change: Any) -> None:
        panel.set(seed=len(statuses))
        if panel.task is not None and panel.task.id is not None:
            sandbox_client.detail(panel.task.id)
        statuses.append(change.new)

    panel.observe(observer, "status")
    task = panel.run()

    def busy() -> None:
        while not task.over:
            panel.set(steps=3)
            panel.set(steps=2)

    assert _in_a_thread(busy)
    wire.until(lambda: wire.traits.get("status") == "succeeded")
    assert statuses[0] == "submitting"
    assert statuses[-1] == "succeeded"


def test_an_observer_that_fails(
    panel: Panel, wire: Wire, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """What a user's observer raises is logged, and the panel goes on to the end of the run."""
    failed = threading.Event()

    def observer(change: Any) -> None:
        if change.new == "running":
            failed.set()
            raise ValueError("not today")

    panel.observe(observer, "status")
    sandbox.faults = {"stuck": "run"}
    panel.run()
    assert failed.wait(SECONDS)
    sandbox.faults = None
    panel.wait(SECONDS)
    assert wire.traits["status"] == "succeeded"
    assert len(wire.pictures("thumb")) == 1
    assert "brought up to date" in caplog.text


def test_many_short_waits_send_nothing(panel: Panel, wire: Wire, sandbox: Sandbox) -> None:
    """A cell that waits again and again for a moment sends no messages."""
    sandbox.faults = {"stuck": "run"}
    task = panel.run()
    wire.until(lambda: wire.traits.get("status") == "running")
    before = len(wire.traffic)
    for _ in range(50):
        with pytest.raises(TimeoutError):
            panel.wait(0.001)
    assert len(wire.traffic) <= before + 3
    sandbox.faults = None
    task.stop()
