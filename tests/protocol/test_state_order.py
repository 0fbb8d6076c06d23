"""`advance` in any order: late, repeated and interleaved frames end in the same state."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.json_strategies import few_examples
from tests.protocol.payload_files import RECORDINGS, detail_with, recording, state_after
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.events import Notice, TaskEvent
from wiro_widgets.protocol.state import TaskState, advance

Item = TaskEvent | TaskDetail

IMAGE = {"name": "0.png", "contenttype": "image/png", "url": "https://f.example/0.png"}
ANSWER = {"contenttype": "raw", "content": {"answer": ["Hello there, and good evening!"]}}
ENDS = {
    "task_image.jsonl": detail_with(
        status="task_postprocess_end", pexit="0", outputs=[IMAGE], debugoutput="short"
    ),
    "task_chat.jsonl": detail_with(status="task_postprocess_end", pexit=0, outputs=[ANSWER]),
    "task_stopped.jsonl": detail_with(status="task_cancel", pexit="0", outputs=[IMAGE]),
    "task_failed.jsonl": detail_with(
        status="task_postprocess_end", pexit="1", debugerror="MemoryError: no room"
    ),
}
STATUSES = {
    "task_image.jsonl": "succeeded",
    "task_chat.jsonl": "succeeded",
    "task_stopped.jsonl": "cancelled",
    "task_failed.jsonl": "failed",
}
READS = [
    detail_with(status="task_queue"),
    detail_with(status="task_error", debugerror="no GPU was free"),
    detail_with(status="task_start", debugoutput="loading"),
]

recordings = st.sampled_from(RECORDINGS)


@st.composite
def frames(draw: st.DrawFn, name: str) -> list[TaskEvent]:
    """Shuffle the frames of a task, and repeat some of them."""
    whole = recording(name)
    again = draw(st.lists(st.sampled_from(whole), max_size=8))
    delays = draw(st.lists(st.integers(0, 50), min_size=len(again), max_size=len(again)))
    late = [replace(event, at=event.at + delay) for event, delay in zip(again, delays, strict=True)]
    return list(draw(st.permutations(whole + late)))


def _interleave(draw: st.DrawFn, events: Sequence[TaskEvent], reads: Sequence[TaskDetail]) -> list[Item]:
    """Insert the details between the events, in their own order."""
    places = sorted(draw(st.lists(st.integers(0, len(events)), min_size=len(reads), max_size=len(reads))))
    items: list[Item] = list(events)
    for place, read in zip(reversed(places), reversed(reads), strict=True):
        items.insert(place, read)
    return items


@few_examples
@given(st.data(), recordings)
def test_any_order_and_duplication_of_frames_is_the_same(data: st.DataObject, name: str) -> None:
    """The frames of a whole task, in any order and number, end in an equal state."""
    assert state_after(data.draw(frames(name))) == state_after(recording(name))


@few_examples
@given(st.data(), recordings)
def test_details_may_come_anywhere_between_the_frames(data: st.DataObject, name: str) -> None:
    """Details of a running task before, between and after the frames do not change the result."""
    events = data.draw(frames(name))
    items = data.draw(st.composite(_interleave)(events, READS))
    assert state_after(items) == state_after([*recording(name), *READS])


@few_examples
@given(st.data(), recordings)
def test_the_terminal_detail_may_come_before_any_frame(data: st.DataObject, name: str) -> None:
    """The settled state does not depend on when the terminal detail arrives."""
    events = data.draw(frames(name))
    items = data.draw(st.composite(_interleave)(events, [*READS, ENDS[name]]))
    state = state_after(items)
    assert state == state_after([*recording(name), *READS, ENDS[name]])
    assert state.status == STATUSES[name]


@few_examples
@given(st.data(), recordings, recordings)
def test_late_frames_never_undo_an_outcome(data: st.DataObject, name: str, other: str) -> None:
    """Frames after settling, even of another task, do not change status, outcome and outputs."""
    before = state_after([*recording(name), ENDS[name]])
    after = state_after(data.draw(frames(other)), before)
    for field in ("status", "stage", "success", "exit_code", "outputs", "note", "detail"):
        assert getattr(after, field) == getattr(before, field)


@few_examples
@given(st.data(), recordings)
def test_a_stage_is_never_left_backwards(data: st.DataObject, name: str) -> None:
    """While frames arrive, the stage only advances and the progress only grows."""
    state = TaskState()
    for event in data.draw(frames(name)):
        following = advance(state, event)
        assert set(state.stage_times) <= set(following.stage_times)
        assert (following.progress or 0) >= (state.progress or 0)
        assert following.ended or not state.ended
        state = following


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_whole_task_in_order(name: str) -> None:
    """The state that the other tests compare with is the right one."""
    assert state_after([*recording(name), ENDS[name]]).status == STATUSES[name]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_task_without_any_frame(name: str) -> None:
    """Without any frame the outcome is the same."""
    assert state_after([ENDS[name]]).status == STATUSES[name]


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("missing", range(3))
def test_a_lost_terminal_frame_costs_nothing(name: str, missing: int) -> None:
    """The connection broke before the end, and the detail gives the outcome."""
    cut = recording(name)[: -missing - 1]
    assert state_after([*cut, Notice("connecting again", 5.0), ENDS[name]]).status == STATUSES[name]
