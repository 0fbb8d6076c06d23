"""A task and a sweep as widgets: what a page would be told, and what its buttons do."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox_clients import FLUX, SMALL, wait_for
from wiro_widgets import Client, LiveView, Sandbox, Sweep, Task
from wiro_widgets.display import host_widget
from wiro_widgets.display.pacer import pacer


@pytest.fixture
def task(sandbox: Sandbox, sandbox_client: Client) -> Iterator[Task]:
    """Lend a task that runs until it is stopped."""
    sandbox.faults = {"stuck": "run"}
    task = sandbox_client.run(FLUX, prompt="<b>dusk</b>", **SMALL)
    yield task
    task.stop()


@pytest.fixture
def sweep(sandbox: Sandbox, sandbox_client: Client) -> Sweep:
    """Return a sweep of three cells, of which one runs and goes no further."""
    sandbox.faults = {"stuck": "run"}
    return sandbox_client.sweep(FLUX, prompt="x", seed=range(3), concurrency=1, **SMALL)


def _labels(view: LiveView) -> list[str]:
    return [label for _, label, _ in view._buttons]


def _press(view: LiveView, name: str) -> None:
    view._handle_custom_msg({"v": 1, "press": name}, [])


def test_a_task_until_it_is_over(task: Task) -> None:
    """It shows how far the task is, then its end, and is updated no more; a task has no buttons."""
    view = LiveView(task)
    wait_for(lambda: "Preparing" in view._line)
    assert view._buttons == []
    task.stop()
    wait_for(lambda: "was stopped" in view._line)
    wait_for(lambda: view not in pacer()._drawings)
    assert repr(view).startswith("<LiveView of <Task")


def test_the_pictures_of_a_task(sandbox_client: Client) -> None:
    """At its end the pictures are there, and what others wrote is text."""
    view = LiveView(sandbox_client.run(FLUX, prompt="<b>dusk</b>", **SMALL))
    wait_for(lambda: "<img" in view._line)
    assert "&lt;b&gt;dusk" in view._line
    assert "<b>dusk" not in view._line


def test_the_buttons_of_a_sweep(sweep: Sweep, sandbox: Sandbox) -> None:
    """Pause, stop and go on from the page; a sweep that is resumed in Python is followed as well."""
    view = LiveView(sweep)
    wait_for(lambda: "1 running" in view._line)
    assert _labels(view) == ["Pause", "Stop"]
    _press(view, "pause")
    wait_for(lambda: _labels(view) == ["Run what is left (2 cells)", "Stop"])
    _press(view, "stop")
    wait_for(lambda: _labels(view) == ["Run what is left (3 cells)"])
    _press(view, "resume")
    wait_for(lambda: _labels(view) == ["Pause", "Stop"])
    _press(view, "stop")
    wait_for(lambda: _labels(view) == ["Run what is left (3 cells)"])
    sandbox.faults = None
    sweep.resume()
    wait_for(lambda: "3 succeeded" in view._line and view._pictures.count("<img") == 3)
    wait_for(lambda: view._buttons == [])


def test_a_resumed_sweep_that_is_over_at_once(
    sweep: Sweep, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end is shown with its pictures, also if it came before any display was told of the beginning."""
    view = LiveView(sweep)
    sweep.stop()
    wait_for(lambda: _labels(view) == ["Run what is left (3 cells)"] and view not in pacer()._drawings)
    begin_again = sweep._begin_display_again

    def begin_late() -> None:
        wait_for(lambda: not sweep.busy)
        begin_again()

    monkeypatch.setattr(sweep, "_begin_display_again", begin_late)
    sandbox.faults = None
    sweep.resume()
    wait_for(lambda: "3 succeeded" in view._line and view._pictures.count("<img") == 3)
    assert view._buttons == []


def test_what_no_page_of_ours_sends(sweep: Sweep, task: Task) -> None:
    """A message of another shape does nothing."""
    for view in (LiveView(sweep), LiveView(task)):
        messages: tuple[Any, ...] = (None, [], {}, {"press": "drop"}, {"press": ["stop"]})
        for message in messages:
            view._handle_custom_msg(message, [])
    assert sweep.busy
    assert not task.over
    sweep.stop()


def test_a_closed_client_says_so(sweep: Sweep, sandbox_client: Client) -> None:
    """A press of Run what is left tells why nothing happens."""
    view = LiveView(sweep)
    sweep.stop()
    sandbox_client.close()
    _press(view, "resume")
    assert "closed" in view._message


def test_only_these(sandbox_client: Client) -> None:
    """Anything else is refused in words."""
    work: Any = sandbox_client
    with pytest.raises(TypeError, match="A Task or a Sweep of a Client is needed, not Client"):
        LiveView(work)


def test_a_view_that_is_closed(task: Task) -> None:
    """It is followed no more; the task goes on, and closing twice is fine."""
    view = LiveView(task)
    view.close()
    view.close()
    wait_for(lambda: view not in pacer()._drawings)
    assert not task.over


def test_marimo_gets_the_widget(task: Task, sweep: Sweep) -> None:
    """What marimo asks for its output is a widget, and for a task that is over its plain end."""
    assert isinstance(task._display_(), LiveView)
    assert isinstance(sweep._display_(), LiveView)
    task.stop()
    assert not isinstance(task._display_(), LiveView)
    sweep.stop()


def test_voila_needs_the_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kernels are known by a variable."""
    monkeypatch.delenv("VOILA_PREHEAT", raising=False)
    assert not host_widget.is_needed()
    monkeypatch.setenv("VOILA_PREHEAT", "False")
    assert host_widget.is_needed()


def test_the_last_state_wins(task: Task) -> None:
    """Threads that refresh at once leave what is true in the end."""
    view = LiveView(task)
    threads = [threading.Thread(target=view.refresh) for _ in range(8)]
    for thread in threads:
        thread.start()
    task.stop()
    for thread in threads:
        thread.join()
    wait_for(lambda: "was stopped" in view._line)
