"""A run as the browser shows it."""

from typing import Any

import pytest

from tests.widget.conftest import SMALL
from wiro_widgets import Client, Sandbox
from wiro_widgets.client.sync_client import Task
from wiro_widgets.protocol.events import STAGES, Lifecycle, Progress, TextSnapshot
from wiro_widgets.protocol.state import TaskState, advance
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.widget.wire.run_view import MAX_ANSWER, MAX_PROMPT, RunView


class _StateView(RunView):
    """A run whose task has a certain state."""

    def __init__(self, state: TaskState) -> None:
        super().__init__(1)
        self.started = 1_000.0
        self.task_state = state

    @property
    def state(self) -> TaskState:
        return self.task_state


def _view_after(*events: Any) -> _StateView:
    state = TaskState()
    for event in events:
        state = advance(state, event)
    return _StateView(state)


def test_before_the_first_run() -> None:
    """A run without a number is idle."""
    message = RunView(0).message()
    assert (message["number"], message["status"], message["stages"], message["outputs"]) == (
        0,
        "idle",
        [],
        [],
    )


def test_a_run_before_its_receipt() -> None:
    """Without a task the status is submitting."""
    message = RunView(3, "a/b", {"prompt": "x" * 1000, "seed": 7}).message()
    assert (message["status"], message["task"], message["seed"], len(message["prompt"])) == (
        "submitting",
        None,
        "7",
        MAX_PROMPT,
    )


def test_stages_follow_each_other() -> None:
    """A stage ends where the next one begins; the last one is open while the run lasts."""
    view = _view_after(
        Lifecycle("task_queue", 1_000.5),
        Lifecycle("task_accept", 1_002.0),
        Lifecycle("task_assign", 1_003.0),
        Lifecycle("task_start", 1_004.0),
    )
    assert view.message()["stages"] == [
        {"name": "Queue", "start": 0.5, "end": 2.0},
        {"name": "Prepare", "start": 2.0, "end": 4.0},
        {"name": "Generate", "start": 4.0, "end": None},
    ]


def test_the_last_stage_ends_with_the_run() -> None:
    """A run that is over has no open stage."""
    view = _view_after(
        *(Lifecycle(stage, 1_000.0 + n) for n, stage in enumerate(STAGES) if not stage.endswith("full"))
    )
    view.ended = 1_020.0
    stages = view.message()["stages"]
    assert [stage["name"] for stage in stages] == ["Queue", "Prepare", "Generate", "Finish"]
    assert (stages[-1]["end"], view.message()["elapsed"]) == (20.0, 20.0)


def test_a_clock_that_is_behind() -> None:
    """An event from before the start counts as at the start; no stage ends before it begins."""
    view = _view_after(Lifecycle("task_queue", 990.0), Lifecycle("task_start", 995.0))
    assert [(stage["start"], stage["end"]) for stage in view.message()["stages"]] == [(0.0, 0.0), (0.0, None)]


def test_progress_in_words() -> None:
    """The step, the speed, and the time left in whole seconds."""
    view = _view_after(
        Lifecycle("task_start", 1_000.5), Progress(1_001, 0.25, 5, 20, "2.5 it/s", remaining="5.6s")
    )
    message = view.message()
    assert (message["progress"], message["doing"], message["pace"]) == (
        0.25,
        "Generating \N{MIDDLE DOT} step 5 of 20",
        "2.5 it/s \N{MIDDLE DOT} 6 s left",
    )


def test_time_left_in_other_words() -> None:
    """What is no number of seconds is shown as Wiro sends it."""
    assert _view_after(Progress(1, 0.5, remaining="soon")).message()["pace"] == "soon left"


def test_a_text_as_it_grows() -> None:
    """Thinking and answer, cut to a length that a page can show."""
    view = _view_after(TextSnapshot(TextContent(thinking=("hm", "so"), answer=("y" * (MAX_ANSWER + 9),)), 1))
    text = view.message()["text"]
    assert (text["thinking"], len(text["answer"]), text["done"]) == ("hm\nso", MAX_ANSWER, False)


@pytest.mark.parametrize(
    ("reason", "note", "said"),
    [
        ("length", "limit of length", "The answer is cut off."),
        ("content_filter", "content filter", "The answer is cut off."),
        ("stop", "", "The answer is shown."),
    ],
)
def test_an_answer_that_is_cut_off(
    sandbox: Sandbox, sandbox_client: Client, reason: str, note: str, said: str
) -> None:
    """A note under the answer says why and what to do, and a screen reader hears of it."""
    sandbox.faults = {"finish_reason": reason}
    view = RunView(1)
    view.task = sandbox_client.run("wiro/sandbox-chat", prompt="Why?")
    view.task.wait(60)
    view.finish()
    message = view.message()
    assert note in message["text"]["note"]
    assert bool(message["text"]["note"]) == bool(note)
    assert message["said"].endswith(said)
    assert message["notice"] is None


def test_the_list_of_runs_is_cheap(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are over are listed many times a second, and their records are not made each time."""
    view = RunView(1)
    view.task = sandbox_client.run("tencent/hunyuan-flux-srpo", SMALL)
    view.task.wait(60)
    view.finish()
    calls: list[Task] = []
    original: property = Task.__dict__["record"]

    def record(task: Task) -> Any:
        calls.append(task)
        return original.__get__(task)

    monkeypatch.setattr(Task, "record", property(record))
    assert view.summary()["line"].startswith("$0.0")
    assert calls == []
