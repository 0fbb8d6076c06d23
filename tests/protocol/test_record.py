"""TaskRecord: a task as one flat row."""

import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.payload_files import RECORDINGS, detail_with, payload_bytes, recording, state_after
from wiro_widgets.protocol.detail import read_tasks
from wiro_widgets.protocol.events import Lifecycle, Log
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.record_of import error_text, record_of
from wiro_widgets.protocol.replies import payload
from wiro_widgets.protocol.state import TaskState

MODEL = "tencent/hunyuan-flux-srpo"
VALUES: Mapping[str, Any] = {"prompt": "a lighthouse", "seed": 7350148318, "scale": 3.5}


def _record(state: TaskState, parameters: Mapping[str, Any] = VALUES, **more: Any) -> TaskRecord:
    return record_of(state, **({"task_id": "90311", "model": MODEL} | more), parameters=parameters)


def _seed_state(name: str) -> TaskState:
    return state_after(
        list(read_tasks(payload(payload_bytes(name), http_status=200, endpoint="/Task/Detail")))
    )


def test_the_documented_task_as_a_row() -> None:
    """Times, durations, cost and outputs come from the detail; values from the run."""
    assert _record(_seed_state("documented_detail.txt"), paths=("/out/0.png",)) == TaskRecord(
        task_id="90311",
        model=MODEL,
        status="task_postprocess_end",
        success=True,
        exit_code=0,
        prompt="a lighthouse",
        seed=7350148318,
        parameters={
            "inputImage": "https://api.wiro.ai/v1/File/mCmUXgZLG1FNjjjwmbtPFr2LVJA112/inputImage-6060136.png",
            **VALUES,
        },
        created_at=datetime(2024, 12, 18, 9, 23, 27, tzinfo=UTC),
        started_at=datetime(2024, 12, 18, 9, 23, 29, tzinfo=UTC),
        ended_at=datetime(2024, 12, 18, 9, 23, 34, tzinfo=UTC),
        queue_seconds=0.0,
        run_seconds=4.0,
        elapsed_seconds=6.0,
        total_cost=0.00351,
        output_count=1,
        output_urls=(
            "https://cdn1.wiro.ai/6a6af820-c5050aee-40bd7b83-a2e186c6-7f61f7da-3894e49c-fc0eeb66-9b500fe2/0.png",
        ),
        output_paths=("/out/0.png",),
        error=None,
        outcome="succeeded",
    )


def test_the_documented_stopped_task_is_a_cancelled_row() -> None:
    """`pexit` 0 does not make it a success."""
    record = _record(_seed_state("documented_kill.txt"))
    assert (record.outcome, record.success, record.exit_code, record.status) == (
        "cancelled",
        False,
        0,
        "task_cancel",
    )


def test_a_task_that_was_never_asked_about() -> None:
    """The row has only the task's id and model."""
    assert _record(TaskState(), {}) == TaskRecord(task_id="90311", model=MODEL, outcome="running")


def test_a_running_task() -> None:
    """It has a start, and neither end nor success."""
    record = _record(
        state_after(
            [Lifecycle("task_queue", 100.0), Lifecycle("task_accept", 102.5), Lifecycle("task_start", 104.0)]
        )
    )
    assert (record.outcome, record.status, record.success) == ("running", "task_start", None)
    assert (record.queue_seconds, record.run_seconds, record.ended_at) == (2.5, None, None)


def test_a_failed_task_says_why() -> None:
    """Its whole stderr, else the lines that arrived, else that there is no reason."""
    end = detail_with(status="task_postprocess_end", pexit=1)
    whole = state_after([*recording("task_failed.jsonl"), end])
    assert _record(whole).error == "Traceback (most recent call last):\nMemoryError: the canvas does not fit"
    state = state_after(
        [Log("error", "one", 1.0), Log("output", "two", 2.0), Log("error", "three", 3.0), end]
    )
    assert (_record(state).error, error_text(state)) == ("one\nthree", "one\nthree")
    assert _record(state_after([end])).error == "The model gave no reason."
    assert error_text(state_after([end])) == ""


def test_a_success_with_warnings_has_no_error() -> None:
    """Stderr alone is no failure."""
    assert (
        _record(
            state_after([*recording("task_image.jsonl"), detail_with(status="task_postprocess_end", pexit=0)])
        ).error
        is None
    )


def test_a_task_cancelled_in_the_queue_never_ran() -> None:
    """Times of zero are None."""
    record = _record(
        state_after(
            [detail_with(status="task_cancel", createtime=100, canceltime="107", starttime="0", endtime="0")]
        )
    )
    assert (record.started_at, record.run_seconds, record.elapsed_seconds) == (None, None, 7.0)


def test_durations_are_never_negative() -> None:
    """Wiro's clock has whole seconds and several machines."""
    record = _record(
        state_after(
            [
                detail_with(
                    status="task_postprocess_end", createtime=100, accepttime=99, starttime=105, endtime=104
                )
            ]
        )
    )
    assert (record.queue_seconds, record.run_seconds) == (0.0, 0.0)


EVENTS = [
    Lifecycle("task_queue", 100.9),
    Lifecycle("task_accept", 101.25),
    Lifecycle("task_start", 102.5),
    Lifecycle("task_end", 104.75),
    Lifecycle("task_postprocess_end", 105.25),
]
WHOLE: Mapping[str, Any] = {
    "status": "task_postprocess_end",
    "pexit": 0,
    "createtime": 100,
    "accepttime": 101,
    "starttime": 102,
    "endtime": 104,
    "postprocessendtime": 105,
}


def _seconds(record: TaskRecord) -> list[float | None]:
    times = (record.created_at, record.started_at, record.ended_at)
    return [None if at is None else at.timestamp() for at in times]


def test_arrival_times_are_exact() -> None:
    """Arrival times count, in parts of a second, if Wiro's whole seconds agree with them."""
    record = _record(state_after([*EVENTS, detail_with(**WHOLE)]))
    assert _seconds(record) == [100.9, 102.5, 105.25]
    assert record.queue_seconds == pytest.approx(0.35)
    assert record.run_seconds == 2.25


def test_wiros_own_duration_counts() -> None:
    """Wiro's own duration counts if there is one."""
    assert (
        _record(state_after([*EVENTS, detail_with(**WHOLE, elapsedseconds="4.1000")])).elapsed_seconds == 4.1
    )
    assert _record(state_after([*EVENTS, detail_with(**WHOLE)])).elapsed_seconds == pytest.approx(4.35)


def test_a_late_listener_does_not_move_a_start() -> None:
    """An arrival long after Wiro's time, as of a late subscriber, does not count."""
    late = [EVENTS[0], Lifecycle("task_start", 104.5), *EVENTS[3:]]
    record = _record(state_after([*late, detail_with(**WHOLE)]))
    assert (_seconds(record), record.run_seconds) == ([100.0, 102.0, 105.0], 2.0)


def test_a_missing_frame_keeps_the_order() -> None:
    """If one arrival is missing, all times are Wiro's, so that they stay in order."""
    events = [event for event in EVENTS if event.type != "task_start"]
    whole = {**WHOLE, "starttime": 100}
    record = _record(state_after([*events, detail_with(**whole)]))
    assert _seconds(record) == [100.0, 100.0, 105.0]
    assert record.queue_seconds == pytest.approx(0.35)


def test_a_stopped_task_ends_with_its_event() -> None:
    """The end of a cancelled task has parts of a second too."""
    events = [EVENTS[0], Lifecycle("task_cancel", 107.5)]
    record = _record(
        state_after([*events, detail_with(status="task_cancel", createtime=100, canceltime="107")])
    )
    assert _seconds(record) == [100.9, None, 107.5]
    assert record.elapsed_seconds == pytest.approx(6.6)


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (7350148318, 7350148318),
        ("7350148318", 7350148318),
        ("0", 0),
        ("random", "random"),
        (None, None),
        ([], None),
    ],
)
def test_the_seed(seed: object, expected: object) -> None:
    """A whole number if it is one, else the text."""
    assert _record(TaskState(), {"seed": seed}).seed == expected


def test_an_attached_task_has_what_the_detail_tells() -> None:
    """Model, prompt and parameters of a run of another process."""
    detail = detail_with(
        status="task_start",
        modelslugowner="alibaba",
        modelslugproject="wan 2.6",
        parameters='{"prompt": "rain", "seed": "5"}',
    )
    record = _record(state_after([detail]), {}, model=None)
    assert (record.model, record.prompt, record.seed) == ("alibaba/wan 2.6", "rain", 5)
    assert record.parameters == {"prompt": "rain", "seed": "5"}


def _full() -> TaskRecord:
    return _record(_seed_state("documented_detail.txt"), paths=("/out/0.png",))


def test_a_row_is_json_ready() -> None:
    """Times are ISO 8601 text, tuples are lists, numbers keep their digits."""
    row = json.loads(json.dumps(_full().to_dict(), allow_nan=False))
    assert row["created_at"] == "2024-12-18T09:23:27+00:00"
    assert row["output_paths"] == ["/out/0.png"]
    assert (row["seed"], row["parameters"]["scale"]) == (7350148318, 3.5)


@pytest.mark.parametrize("record", [TaskRecord(), _full()], ids=["empty", "full"])
def test_a_row_comes_back(record: TaskRecord) -> None:
    """Through JSON and through a pickle."""
    assert TaskRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    assert pickle.loads(pickle.dumps(record)) == record  # noqa: S301 - our own bytes


def test_a_row_in_a_terminal() -> None:
    """A record prints a summary on one line of limited length."""
    assert repr(_full()) == (
        "<TaskRecord of task 90311, tencent/hunyuan-flux-srpo: succeeded, seed 7350148318, 6.0 s, $0.00351, 1 output, "
        "prompt 'a lighthouse'>"
    )
    assert repr(TaskRecord()) == "<TaskRecord of no task, no model: unknown>"
    long = "two\nlines " * 10_000
    record = replace(
        _full(), model=long, prompt=long, error=long, text=long, seed=10**300, reused_from="90310"
    )
    assert len(repr(record)) < 600
    assert "\n" not in repr(record)
    assert record.to_dict()["prompt"] == long


def test_a_row_in_a_notebook() -> None:
    """A host gets the text and the HTML form of a record."""
    record = _full()
    assert record._repr_mimebundle_(include=None, exclude=None) == {
        "text/plain": repr(record),
        "text/html": record._repr_html_(),
    }


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_rows_of_recorded_tasks_come_back(name: str) -> None:
    """Every time keeps its parts of a second."""
    record = _record(state_after(recording(name)))
    assert TaskRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_times_come_back_to_the_microsecond(at: datetime) -> None:
    """Whatever the time."""
    record = TaskRecord(created_at=at)
    assert TaskRecord.from_dict(record.to_dict()) == record


def test_a_row_of_another_version_is_read() -> None:
    """Unknown keys are left out, missing ones are None, unreadable times are None, times without a zone are UTC."""
    row = {"task_id": "5", "colour": "red", "created_at": "2024-12-18T09:23:27", "started_at": "yesterday"}
    expected = TaskRecord(task_id="5", created_at=datetime(2024, 12, 18, 9, 23, 27, tzinfo=UTC))
    assert TaskRecord.from_dict(row) == expected
