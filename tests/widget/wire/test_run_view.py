"""A run as the browser shows it."""

from typing import Any

import pytest

from tests.widget.conftest import SMALL
from wiro_widgets import (
    ApiError,
    Client,
    ConfigurationError,
    InvalidParameter,
    OutputError,
    RunOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    TransportError,
    WiroError,
)
from wiro_widgets.client.sync_client import Task
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.events import STAGES, Lifecycle, Progress, TextSnapshot
from wiro_widgets.protocol.replies import OutputInfo, TextContent
from wiro_widgets.protocol.state import TaskState, advance
from wiro_widgets.widget.wire.notices import notice_of
from wiro_widgets.widget.wire.output_view import Shown
from wiro_widgets.widget.wire.run_view import MAX_ANSWER, RunView
from wiro_widgets.widget.wire.view import MAX_PROMPT


class _At(RunView):
    """A run whose task is known to be in a state."""

    def __init__(self, state: TaskState) -> None:
        super().__init__(1)
        self.begun = 1_000.0
        self.known = state

    @property
    def state(self) -> TaskState:
        return self.known


def _after(*events: Any) -> _At:
    state = TaskState()
    for event in events:
        state = advance(state, event)
    return _At(state)


def test_a_run_that_nobody_started() -> None:
    """Before the first run there is one without a number, which is idle."""
    told = RunView(0).message()
    assert (told["number"], told["status"], told["stages"], told["outputs"]) == (0, "idle", [], [])


def test_a_run_before_its_receipt() -> None:
    """Without a task it is being submitted."""
    told = RunView(3, prompt="x" * 1000, seed="7").message()
    assert (told["status"], told["task"], told["seed"], len(told["prompt"])) == (
        "submitting",
        None,
        "7",
        MAX_PROMPT,
    )


def test_stages_follow_each_other() -> None:
    """A stage ends where the next one begins; the last one is open while the run lasts."""
    view = _after(
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
    view = _after(
        *(Lifecycle(stage, 1_000.0 + n) for n, stage in enumerate(STAGES) if not stage.endswith("full"))
    )
    view.ended = 1_020.0
    stages = view.message()["stages"]
    assert [stage["name"] for stage in stages] == ["Queue", "Prepare", "Generate", "Finish"]
    assert (stages[-1]["end"], view.message()["elapsed"]) == (20.0, 20.0)


def test_a_clock_that_is_behind() -> None:
    """What was heard before the run was started began with it; no stage ends before it starts."""
    view = _after(Lifecycle("task_queue", 990.0), Lifecycle("task_start", 995.0))
    assert [(stage["start"], stage["end"]) for stage in view.message()["stages"]] == [(0.0, 0.0), (0.0, None)]


def test_progress_in_words() -> None:
    """The step, the speed, and the time left in whole seconds."""
    view = _after(
        Lifecycle("task_start", 1_000.5), Progress(1_001, 0.25, 5, 20, "2.5 it/s", remaining="5.6s")
    )
    told = view.message()
    assert (told["progress"], told["doing"], told["pace"]) == (
        0.25,
        "Generating \N{MIDDLE DOT} step 5 of 20",
        "2.5 it/s \N{MIDDLE DOT} 6 s left",
    )


def test_time_left_in_other_words() -> None:
    """What is no number of seconds is shown as told."""
    assert _after(Progress(1, 0.5, remaining="soon")).message()["pace"] == "soon left"


def test_a_text_as_it_grows() -> None:
    """Thinking and answer, cut to what a page can show."""
    view = _after(TextSnapshot(TextContent(thinking=("hm", "so"), answer=("y" * (MAX_ANSWER + 9),)), 1))
    told = view.message()["text"]
    assert (told["thinking"], len(told["answer"]), told["done"]) == ("hm\nso", MAX_ANSWER, False)


@pytest.mark.parametrize(
    ("error", "kind", "title"),
    [
        (TaskCancelled(task_id="1"), "info", "Stopped"),
        (TaskFailed(task_id="1", exit_code=3, error_text="x"), "error", "The model stopped with exit code 3"),
        (TaskFailed(task_id="1", exit_code=None, error_text="x"), "error", "The model stopped"),
        (InvalidParameter("steps", "is wrong"), "error", "steps needs another value"),
        (
            RunOutcomeUnknown("a/b", "x", journal_id=None),
            "error",
            "Nobody knows whether this run was started",
        ),
        (ApiError("no"), "error", "Wiro refused"),
        (TransportError("x", endpoint="/Run", safe_to_retry=True), "error", "This did not work"),
        (ConfigurationError("no key"), "error", "This did not work"),
        (OutputError("is gone"), "error", "This did not work"),
        (WiroError("x"), "error", "This did not work"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_notice(error: WiroError, kind: str, title: str) -> None:
    """Every error has a title and its own sentence."""
    assert notice_of(error) == {"kind": kind, "title": title, "text": str(error)}


def test_an_output_that_is_no_picture() -> None:
    """It has no thumbnail; a small text is shown at once, a large one is not."""
    small = Shown.of(Output(OutputInfo("a.json", "application/json"), data=b'{"a": 1}'))
    large = Shown.of(Output(OutputInfo("a.txt", "text/plain"), data=b"x" * 100_000))
    assert (small.thumbnail, small.text, large.text) == (None, '{"a": 1}', None)


def test_an_output_that_is_not_here() -> None:
    """It is listed, without a thumbnail."""
    assert Shown.of(Output(OutputInfo("0.png", "image/png"), error=OutputError("is gone"))).thumbnail is None


def test_the_list_of_runs_is_cheap(sandbox_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are over are told many times a second, and their records are not made anew each time."""
    view = RunView(1)
    view.task = sandbox_client.run("tencent/hunyuan-flux-srpo", SMALL)
    view.task.wait(20)
    view.finish()
    asked: list[Task] = []
    original: property = Task.__dict__["record"]

    def record(task: Task) -> Any:
        asked.append(task)
        return original.__get__(task)

    monkeypatch.setattr(Task, "record", property(record))
    assert view.summary()["line"].startswith("$0.0")
    assert asked == []
