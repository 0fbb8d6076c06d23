"""The reducer by example (protocol page, The life of a task)."""

import pytest

from tests.protocol.recorded import heard, life, lived, told
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
    """One word for a person; whatever the socket says, only a detail settles."""
    state = lived([heard({"type": stage})])
    assert (state.stage, state.status, state.settled) == (stage, status, False)


def test_every_stage_has_a_place_in_the_order() -> None:
    """Each is heard after the one before it."""
    state = TaskState()
    for at, stage in enumerate(STAGES):
        state = advance(state, Lifecycle(stage, float(at)))
        assert state.stage == stage
    assert list(state.stage_times) == list(STAGES)


def test_task_end_is_not_success() -> None:
    """It comes before the outputs exist, whatever it says of its exit code."""
    state = lived([heard({"type": "task_end", "success": True, "exitCode": 0})])
    assert (state.status, state.ended, state.outputs) == ("finishing", False, ())


def test_the_terminal_frame_ends_but_does_not_settle() -> None:
    """Its outputs are not published: Task/Detail is the truth."""
    state = lived(life("life_image.jsonl"))
    assert (state.status, state.ended, state.settled, state.outputs) == ("finishing", True, False, ())


def test_a_finished_detail_settles() -> None:
    """Status, success, exit code, outputs and a full bar."""
    state = lived([told(status="task_postprocess_end", pexit="0", outputs=[IMAGE])])
    assert (state.status, state.success, state.exit_code, state.progress) == ("succeeded", True, 0, 1.0)
    assert [item.name for item in state.outputs] == ["0.png"]


@pytest.mark.parametrize("pexit", ["1", 137, -9])
def test_success_needs_the_exit_code(pexit: object) -> None:
    """A finished task with another code has failed, outputs or not."""
    state = lived([told(status="task_postprocess_end", pexit=pexit, outputs=[IMAGE])])
    assert (state.status, state.success) == ("failed", False)


def test_success_needs_the_status() -> None:
    """A cancelled task with `pexit` 0 is cancelled."""
    state = lived([told(status="task_cancel", pexit="0", outputs=[IMAGE])])
    assert (state.status, state.success, state.exit_code) == ("cancelled", False, 0)


@pytest.mark.parametrize(
    "status", [stage for stage in STAGES if stage not in {"task_postprocess_end", "task_cancel"}]
)
def test_no_other_status_settles(status: str) -> None:
    """Exit code and outputs before the end mean nothing yet."""
    state = lived([told(status=status, pexit="0", outputs=[IMAGE])])
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
    """No code is neither success nor failure by itself."""
    end = heard({"type": "task_postprocess_end", **frame})
    for missing in (None, ""):
        last = told(status="task_postprocess_end", pexit=missing, outputs=outputs)
        assert lived([end, last]).status == status


@pytest.mark.parametrize("pexit", ["SIGKILL", "137 (killed)", {"code": 137}, [1], True, {}])
def test_a_pexit_that_nobody_can_read_is_no_success(pexit: object) -> None:
    """Whatever it says, it does not say 0; outputs and frames do not change that."""
    end = heard({"type": "task_postprocess_end", "success": True, "exitCode": 0})
    state = lived([end, told(status="task_postprocess_end", pexit=pexit, outputs=[IMAGE])])
    assert (state.status, state.success) == ("failed", False)


def test_outputs_beside_an_error_are_no_success() -> None:
    """Without an exit code and without a word from the frames, an error counts for more than a file."""
    end = told(status="task_postprocess_end", pexit=None, outputs=[IMAGE], debugerror="CUDA out of memory")
    assert lived([end]).status == "failed"


def test_pexit_goes_before_what_a_frame_said() -> None:
    """Task/Detail is the truth."""
    end = heard({"type": "task_postprocess_end", "success": False, "exitCode": 1})
    assert lived([end, told(status="task_postprocess_end", pexit=0)]).status == "succeeded"


def test_a_persisted_task_error_is_not_terminal() -> None:
    """It is a set-up failure that awaits its next try: the note shows, the waiting goes on."""
    state = lived([told(status="task_error", debugerror="no GPU was free")])
    assert (state.status, state.note, state.settled) == ("queued", "no GPU was free", False)


def test_a_requeued_task_can_still_succeed() -> None:
    """The note goes with the next detail."""
    failed = told(status="task_error", debugerror="no GPU was free")
    state = lived([failed, *life("life_image.jsonl"), told(status="task_postprocess_end", pexit=0)])
    assert (state.status, state.note) == ("succeeded", None)


def test_a_task_error_frame_is_stderr() -> None:
    """It fails nothing; the task is running."""
    state = lived([heard({"type": "task_error", "message": "warning: slow"})])
    assert (state.status, state.note) == ("running", None)
    assert [line.text for line in state.log] == ["warning: slow"]


def test_a_late_subscriber_hears_of_the_start_by_a_line() -> None:
    """Output, progress and text come from a running model only."""
    for frame in ({"message": "a line"}, {"message": {"percentage": 5}}, {"message": {"answer": ["Hi"]}}):
        assert lived([heard({"type": "task_output", **frame}, 9.0)]).stage_times == {"task_start": 9.0}


def test_progress_never_goes_back() -> None:
    """The furthest counts, with its step."""
    steps = [heard({"type": "task_output", "message": {"percentage": n}}, float(n)) for n in (10, 60, 30)]
    state = lived(steps)
    assert state.progress == 0.6
    assert state.step == Progress(60.0, 0.6)


def test_progress_of_unknown_extent_is_shown_until_there_is_better() -> None:
    """A label without a percentage is a step without a fraction."""
    load = heard({"type": "task_output", "message": {"type": "progressLoad", "task": "Load"}})
    state = lived([load])
    assert state.progress is None
    assert state.step == load
    assert lived([load, heard({"type": "task_output", "message": {"percentage": 5}})]).progress == 0.05


def test_text_is_replaced_by_the_longer_snapshot() -> None:
    """The whole chat of the recorded life: the answer wins though its raw text was longer while thinking."""
    state = lived(life("life_chat.jsonl"))
    assert state.text is not None
    assert state.text.text == "Hello there, and good evening."


def test_the_text_of_the_detail_is_the_last_word() -> None:
    """Also when it is shorter, and when a snapshot comes after it."""
    content = {"thinking": [], "answer": ["Hello."]}
    end = told(status="task_postprocess_end", pexit=0, outputs=[{"contenttype": "raw", "content": content}])
    state = lived([*life("life_chat.jsonl"), end, *life("life_chat.jsonl")])
    assert state.text is not None
    assert state.text.text == "Hello."


def test_whole_logs_are_kept_apart_from_the_lines() -> None:
    """The longest telling of a stream counts, be it the socket's or the detail's."""
    state = lived(
        [*life("life_failed.jsonl"), told(status="task_postprocess_end", pexit=1, debugoutput="much more")]
    )
    assert state.error_text == "Traceback (most recent call last):\nMemoryError: the canvas does not fit"
    assert state.output_text == "much more"
    assert len(state.log) == 2


@pytest.mark.parametrize("item", [Unknown("task_teleport", 1.0), Notice("connecting again", 1.0)])
def test_what_says_nothing_of_the_task_changes_nothing(item: Unknown | Notice) -> None:
    """The very same state comes back."""
    state = TaskState()
    assert advance(state, item) is state


def test_times_are_the_earliest_heard() -> None:
    """A frame that comes twice began when it came first."""
    state = lived([Lifecycle("task_queue", 5.0), Lifecycle("task_start", 9.0), Lifecycle("task_queue", 3.0)])
    assert state.timings == {"task_queue": 3.0, "task_start": 9.0}


def test_without_frames_the_detail_gives_the_times() -> None:
    """An attached task has a timeline too; zero means never."""
    state = lived([told(status="task_start", createtime="100", starttime=105, canceltime="0")])
    assert state.timings == {"task_queue": 100.0, "task_start": 105.0}


def test_an_answer_that_was_on_its_way_for_long_undoes_nothing() -> None:
    """A running detail after the terminal one is older."""
    end = told(status="task_postprocess_end", pexit=0, outputs=[IMAGE])
    state = lived([end, told(status="task_start"), told(status="task_error", debugerror="old")])
    assert (state.status, state.stage, state.detail, state.note) == (
        "succeeded",
        "task_postprocess_end",
        end,
        None,
    )


def test_a_state_prints_itself_without_the_detail() -> None:
    """Status and counts; no token, no log."""
    state = lived(
        [*life("life_image.jsonl"), told(status="task_start", socketaccesstoken="PlantedTokenPlanted")]
    )
    assert "status='finishing'" in repr(state)
    assert "<2 log lines>" in repr(state)
    assert "PlantedToken" not in repr(state)
