"""The reducer under every order: late, lost-and-repeated and interleaved frames end in the same state."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.arbitrary import few
from tests.protocol.recorded import LIVES, life, lived, told
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.events import Notice, TaskEvent
from wiro_widgets.protocol.state import TaskState, advance

Item = TaskEvent | TaskDetail

IMAGE = {"name": "0.png", "contenttype": "image/png", "url": "https://f.example/0.png"}
ANSWER = {"contenttype": "raw", "content": {"answer": ["Hello there, and good evening!"]}}
ENDS = {
    "life_image.jsonl": told(status="task_postprocess_end", pexit="0", outputs=[IMAGE], debugoutput="short"),
    "life_chat.jsonl": told(status="task_postprocess_end", pexit=0, outputs=[ANSWER]),
    "life_stopped.jsonl": told(status="task_cancel", pexit="0", outputs=[IMAGE]),
    "life_failed.jsonl": told(status="task_postprocess_end", pexit="1", debugerror="MemoryError: no room"),
}
STATUSES = {
    "life_image.jsonl": "succeeded",
    "life_chat.jsonl": "succeeded",
    "life_stopped.jsonl": "cancelled",
    "life_failed.jsonl": "failed",
}
READS = [
    told(status="task_queue"),
    told(status="task_error", debugerror="no GPU was free"),
    told(status="task_start", debugoutput="loading"),
]

lives = st.sampled_from(LIVES)


@st.composite
def frames(draw: st.DrawFn, name: str) -> list[TaskEvent]:
    """Shuffle a life, with some of its frames coming again later."""
    whole = life(name)
    again = draw(st.lists(st.sampled_from(whole), max_size=8))
    delays = draw(st.lists(st.integers(0, 50), min_size=len(again), max_size=len(again)))
    late = [replace(event, at=event.at + delay) for event, delay in zip(again, delays, strict=True)]
    return list(draw(st.permutations(whole + late)))


def _woven(draw: st.DrawFn, events: Sequence[TaskEvent], reads: Sequence[TaskDetail]) -> list[Item]:
    """Put the details between the events, in their own order."""
    places = sorted(draw(st.lists(st.integers(0, len(events)), min_size=len(reads), max_size=len(reads))))
    items: list[Item] = list(events)
    for place, read in zip(reversed(places), reversed(reads), strict=True):
        items.insert(place, read)
    return items


@few
@given(st.data(), lives)
def test_any_order_and_duplication_of_frames_is_the_same(data: st.DataObject, name: str) -> None:
    """The frames of a whole life, in any order and any number of times, end in an equal state."""
    assert lived(data.draw(frames(name))) == lived(life(name))


@few
@given(st.data(), lives)
def test_details_may_come_anywhere_between_the_frames(data: st.DataObject, name: str) -> None:
    """Reads of a running task before, between and after the frames change nothing of the end."""
    events = data.draw(frames(name))
    woven = data.draw(st.composite(_woven)(events, READS))
    assert lived(woven) == lived([*life(name), *READS])


@few
@given(st.data(), lives)
def test_the_terminal_detail_may_come_before_any_frame(data: st.DataObject, name: str) -> None:
    """The settled state is the same whether the frames came before it, after it or around it."""
    events = data.draw(frames(name))
    woven = data.draw(st.composite(_woven)(events, [*READS, ENDS[name]]))
    state = lived(woven)
    assert state == lived([*life(name), *READS, ENDS[name]])
    assert state.status == STATUSES[name]


@few
@given(st.data(), lives, lives)
def test_late_frames_never_undo_an_outcome(data: st.DataObject, name: str, other: str) -> None:
    """Once settled, frames of any life, even another task's, leave status, outcome and outputs alone."""
    before = lived([*life(name), ENDS[name]])
    after = lived(data.draw(frames(other)), before)
    for field in ("status", "stage", "success", "exit_code", "outputs", "note", "detail"):
        assert getattr(after, field) == getattr(before, field)


@few
@given(st.data(), lives)
def test_a_stage_is_never_left_backwards(data: st.DataObject, name: str) -> None:
    """While frames come in, the stage only moves on and the progress only grows."""
    state = TaskState()
    for event in data.draw(frames(name)):
        following = advance(state, event)
        assert set(state.stage_times) <= set(following.stage_times)
        assert (following.progress or 0) >= (state.progress or 0)
        assert following.ended or not state.ended
        state = following


@pytest.mark.parametrize("name", LIVES)
def test_the_whole_life_in_order(name: str) -> None:
    """What the other tests compare with is what a task ought to become."""
    assert lived([*life(name), ENDS[name]]).status == STATUSES[name]


@pytest.mark.parametrize("name", LIVES)
def test_a_life_without_any_frame(name: str) -> None:
    """A socket that never spoke costs the details of the way, not the outcome."""
    assert lived([ENDS[name]]).status == STATUSES[name]


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("missing", range(3))
def test_a_lost_terminal_frame_costs_nothing(name: str, missing: int) -> None:
    """The connection broke before the end; the detail tells it."""
    cut = life(name)[: -missing - 1]
    assert lived([*cut, Notice("connecting again", 5.0), ENDS[name]]).status == STATUSES[name]
