"""`advance` by example (docs/protocol.md, Task life)."""

import pytest

from tests.protocol.payload_files import detail_with, event_of, recording, state_after
from wiro_widgets.protocol.events import STAGES, Lifecycle, Notice, Progress, Unknown
from wiro_widgets.protocol.state import Status, TaskState, advance

IMAGE = {"name": "0.png", "contenttype": "image/png", "url": "https://f.example/0.png"}


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        ("task_queue", "queued"),
        ("task_accept", "running"),
        ("task_preprocess_start", "running"),
        ("task_preprocess_end", "running"),
        ("task_assign", "running"),
        ("task_start", "running"),
        ("task_end", "finishing"),
        ("task_postprocess_start", "finishing"),
        ("task_postprocess_end", "finishing"),
        ("task_cancel", "finishing"),
    ],
)
def test_the_status_of_each_stage(stage: str, status: Status) -> None:
    """Each stage has a status for people; only a detail settles."""
    state = state_after([event_of({"type": stage})])
    assert (state.stage, state.status, state.settled) == (stage, status, False)


def test_every_stage_has_a_place_in_the_order() -> None:
    """Each stage comes after the one before it."""
    state = TaskState()
    for at, stage in enumerate(STAGES):
        state = advance(state, Lifecycle(stage, float(at)))
        assert state.stage == stage
    assert list(state.stage_times) == list(STAGES)


def test_task_end_is_not_success() -> None:
    """It comes before the outputs exist, whatever its exit code."""
    state = state_after([event_of({"type": "task_end", "success": True, "exitCode": 0})])
    assert (state.status, state.ended, state.outputs) == ("finishing", False, ())


def test_the_terminal_frame_ends_but_does_not_settle() -> None:
    """Its outputs are not published: Task/Detail is the truth."""
    state = state_after(recording("task_image.jsonl"))
    assert (state.status, state.ended, state.settled, state.outputs) == ("finishing", True, False, ())


def test_a_finished_detail_settles() -> None:
    """Status, success, exit code, outputs and a full bar."""
    state = state_after([detail_with(status="task_postprocess_end", pexit="0", outputs=[IMAGE])])
    assert (state.status, state.success, state.exit_code, state.progress) == ("succeeded", True, 0, 1.0)
    assert [item.name for item in state.outputs] == ["0.png"]


@pytest.mark.parametrize("pexit", ["1", 137, -9])
def test_success_needs_the_exit_code(pexit: object) -> None:
    """A finished task with another code has failed, even with outputs."""
    state = state_after([detail_with(status="task_postprocess_end", pexit=pexit, outputs=[IMAGE])])
    assert (state.status, state.success) == ("failed", False)


def test_success_needs_the_status() -> None:
    """A cancelled task with `pexit` 0 is cancelled."""
    state = state_after([detail_with(status="task_cancel", pexit="0", outputs=[IMAGE])])
    assert (state.status, state.success, state.exit_code) == ("cancelled", False, 0)


@pytest.mark.parametrize(
    "status", [stage for stage in STAGES if stage not in {"task_postprocess_end", "task_cancel"}]
)
def test_no_other_status_settles(status: str) -> None:
    """Exit code and outputs before the end do not count."""
    state = state_after([detail_with(status=status, pexit="0", outputs=[IMAGE])])
    assert not state.settled
    assert state.outputs == ()


@pytest.mark.parametrize(
    ("frame", "outputs", "status"),
    [
        ({"success": True}, [], "succeeded"),
        ({"success": False}, [IMAGE], "failed"),
        ({"exitCode": "0"}, [], "succeeded"),
        ({"exitCode": 1}, [IMAGE], "failed"),
        ({}, [IMAGE], "succeeded"),
        ({}, [], "failed"),
    ],
)
def test_where_pexit_is_missing_the_frames_decide_then_the_outputs(
    frame: dict[str, object], outputs: list[object], status: Status
) -> None:
    """A missing code alone is neither success nor failure."""
    end = event_of({"type": "task_postprocess_end", **frame})
    for missing in (None, ""):
        last = detail_with(status="task_postprocess_end", pexit=missing, outputs=outputs)
        assert state_after([end, last]).status == status


@pytest.mark.parametrize("pexit", ["SIGKILL", "137 (killed)", {"code": 137}, [1], True, {}])
def test_an_unreadable_pexit_is_no_success(pexit: object) -> None:
    """It is not 0, and outputs and frames do not change that."""
    end = event_of({"type": "task_postprocess_end", "success": True, "exitCode": 0})
    state = state_after([end, detail_with(status="task_postprocess_end", pexit=pexit, outputs=[IMAGE])])
    assert (state.status, state.success) == ("failed", False)


def test_outputs_beside_an_error_are_no_success() -> None:
    """Without an exit code in detail and frames, an error counts more than an output."""
    end = detail_with(
        status="task_postprocess_end", pexit=None, outputs=[IMAGE], debugerror="CUDA out of memory"
    )
    assert state_after([end]).status == "failed"


def test_pexit_goes_before_a_frame() -> None:
    """Task/Detail is the truth."""
    end = event_of({"type": "task_postprocess_end", "success": False, "exitCode": 1})
    assert state_after([end, detail_with(status="task_postprocess_end", pexit=0)]).status == "succeeded"


def test_a_persisted_task_error_is_not_terminal() -> None:
    """It is a failed set-up that waits for its next try; the note shows it."""
    state = state_after([detail_with(status="task_error", debugerror="no GPU was free")])
    assert (state.status, state.note, state.settled) == ("queued", "no GPU was free", False)


def test_a_requeued_task_can_still_succeed() -> None:
    """The next detail removes the note."""
    failed = detail_with(status="task_error", debugerror="no GPU was free")
    state = state_after(
        [failed, *recording("task_image.jsonl"), detail_with(status="task_postprocess_end", pexit=0)]
    )
    assert (state.status, state.note) == ("succeeded", None)


def test_a_task_error_frame_is_stderr() -> None:
    """It is no failure; the task is running."""
    state = state_after([event_of({"type": "task_error", "message": "warning: slow"})])
    assert (state.status, state.note) == ("running", None)
    assert [line.text for line in state.log] == ["warning: slow"]


def test_a_late_subscriber_learns_of_the_start_from_a_line() -> None:
    """Output, progress and text mean that the model has started."""
    for frame in ({"message": "a line"}, {"message": {"percentage": 5}}, {"message": {"answer": ["Hi"]}}):
        assert state_after([event_of({"type": "task_output", **frame}, 9.0)]).stage_times == {
            "task_start": 9.0
        }


def test_progress_never_goes_back() -> None:
    """The furthest progress counts, with its step."""
    steps = [event_of({"type": "task_output", "message": {"percentage": n}}, float(n)) for n in (10, 60, 30)]
    state = state_after(steps)
    assert state.progress == 0.6
    assert state.step == Progress(60.0, 0.6)


def test_progress_without_a_fraction_is_replaced_by_better() -> None:
    """A label without a percentage is a step without a fraction."""
    load = event_of({"type": "task_output", "message": {"type": "progressLoad", "task": "Load"}})
    state = state_after([load])
    assert state.progress is None
    assert state.step == load
    assert (
        state_after([load, event_of({"type": "task_output", "message": {"percentage": 5}})]).progress == 0.05
    )


def test_text_is_replaced_by_the_longer_snapshot() -> None:
    """In the recorded chat the answer wins, although the raw text was longer while thinking."""
    state = state_after(recording("task_chat.jsonl"))
    assert state.text is not None
    assert state.text.text == "Hello there, and good evening."


def test_the_text_of_the_detail_is_the_last_word() -> None:
    """Even if it is shorter, and if a snapshot comes after it."""
    content = {"thinking": [], "answer": ["Hello."]}
    end = detail_with(
        status="task_postprocess_end", pexit=0, outputs=[{"contenttype": "raw", "content": content}]
    )
    state = state_after([*recording("task_chat.jsonl"), end, *recording("task_chat.jsonl")])
    assert state.text is not None
    assert state.text.text == "Hello."


def test_whole_logs_are_separate_from_lines() -> None:
    """The longest version of a stream counts, of the socket or of the detail."""
    state = state_after(
        [
            *recording("task_failed.jsonl"),
            detail_with(status="task_postprocess_end", pexit=1, debugoutput="much more"),
        ]
    )
    assert state.error_text == "Traceback (most recent call last):\nMemoryError: the canvas does not fit"
    assert state.output_text == "much more"
    assert len(state.log) == 2


@pytest.mark.parametrize("item", [Unknown("task_teleport", 1.0), Notice("connecting again", 1.0)])
def test_other_events_change_nothing(item: Unknown | Notice) -> None:
    """The same state object is returned."""
    state = TaskState()
    assert advance(state, item) is state


def test_the_earliest_time_of_a_stage_counts() -> None:
    """Of a repeated frame the first counts."""
    state = state_after(
        [Lifecycle("task_queue", 5.0), Lifecycle("task_start", 9.0), Lifecycle("task_queue", 3.0)]
    )
    assert state.timings == {"task_queue": 3.0, "task_start": 9.0}


def test_without_frames_the_detail_gives_the_times() -> None:
    """An attached task has times too; zero means never."""
    state = state_after([detail_with(status="task_start", createtime="100", starttime=105, canceltime="0")])
    assert state.timings == {"task_queue": 100.0, "task_start": 105.0}


def test_a_late_reply_undoes_nothing() -> None:
    """A detail of a running task after the terminal one is older."""
    end = detail_with(status="task_postprocess_end", pexit=0, outputs=[IMAGE])
    state = state_after(
        [end, detail_with(status="task_start"), detail_with(status="task_error", debugerror="old")]
    )
    assert (state.status, state.stage, state.detail, state.note) == (
        "succeeded",
        "task_postprocess_end",
        end,
        None,
    )


def test_a_state_prints_itself_without_the_detail() -> None:
    """Status and counts; no token, no log."""
    state = state_after(
        [
            *recording("task_image.jsonl"),
            detail_with(status="task_start", socketaccesstoken="PlantedTokenPlanted"),
        ]
    )
    assert repr(state).startswith("<TaskState finishing, ")
    assert "log lines: 2>" in repr(state)
    assert "PlantedToken" not in repr(state)
