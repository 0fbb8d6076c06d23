"""The documentation's sample replies, field for field, although their `categories` are no JSON."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from tests.protocol.payload_files import payload_bytes
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.replies import OutputInfo, payload
from wiro_widgets.protocol.state import TaskState, advance

SAMPLES = {
    "documented_detail.txt": ("534574", "task_postprocess_end", "eDcCm5yyUfIvMFspTwww49OUfgXkQt"),
    "documented_kill.txt": ("534574", "task_cancel", "ZpYote30on42O4jjHXNiKmrWAZqbRE"),
    "documented_cancel.txt": ("634574", "task_cancel", "ZpYote30on42O4jjHXNiKmrWAZqbRE"),
}
ACCEPTED = datetime(2024, 12, 18, 9, 23, 27, tzinfo=UTC)
STARTED = datetime(2024, 12, 18, 9, 23, 29, tzinfo=UTC)
ENDED = datetime(2024, 12, 18, 9, 23, 33, tzinfo=UTC)
COLLECTED = datetime(2024, 12, 18, 9, 23, 34, tzinfo=UTC)


def _task(name: str) -> TaskDetail:
    [detail] = read_tasks(payload(payload_bytes(name), http_status=200, endpoint="/Task/Detail"))
    return detail


def _expected(name: str) -> TaskDetail:
    task_id, status, token = SAMPLES[name]
    return TaskDetail(
        id=task_id,
        status=status,
        token=token,
        name="",
        model=None,
        parameters={
            "inputImage": "https://api.wiro.ai/v1/File/mCmUXgZLG1FNjjjwmbtPFr2LVJA112/inputImage-6060136.png"
        },
        exit_code=0,
        total_cost=0.00351,
        cps=0.000585,
        elapsed_seconds=6.0,
        created_at=ACCEPTED,
        accepted_at=ACCEPTED,
        preprocess_started_at=ACCEPTED,
        preprocess_ended_at=ACCEPTED,
        assigned_at=ACCEPTED,
        started_at=STARTED,
        ended_at=ENDED,
        postprocess_started_at=ENDED,
        postprocess_ended_at=COLLECTED,
        cancelled_at=None,
        debug_output="",
        debug_error="",
        outputs=(
            OutputInfo(
                name="0.png",
                content_type="image/png",
                size=202472,
                url="https://cdn1.wiro.ai/6a6af820-c5050aee-40bd7b83-a2e186c6-7f61f7da-3894e49c-fc0eeb66-9b500fe2/0.png",
                id="6bc392c93856dfce3a7d1b4261e15af3",
                access_key="dFKlMApaSgMeHKsJyaDeKrefcHahUK",
            ),
        ),
        categories=("tool", "image-to-image", "quick-showcase", "compare-landscape"),
        size=202472,
        extra={
            "uuid": "15bce51f-442f-4f44-a71d-13c6374a62bd",
            "guestid": None,
            "projectid": "699",
            "modelid": "598",
            "description": "",
            "basemodelid": "0",
            "runtype": "model",
            "modelfolderid": "",
            "modelfileid": "",
            "callbackurl": "",
            "marketplaceid": None,
        },
    )


@pytest.mark.parametrize("field", [item.name for item in fields(TaskDetail)])
@pytest.mark.parametrize("name", SAMPLES)
def test_each_field_of_the_documented_replies(name: str, field: str) -> None:
    """Detail, Kill and Cancel replies give every field."""
    assert getattr(_task(name), field) == getattr(_expected(name), field)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_secret_of_the_documented_replies_is_shown(name: str) -> None:
    """Neither socket token nor access key is in the repr."""
    text = repr(_task(name))
    assert SAMPLES[name][2] not in text
    assert "dFKlMApaSgMeHKsJyaDeKrefcHahUK" not in text


def test_the_documented_finished_task_succeeded() -> None:
    """Terminal status and `pexit` 0 together."""
    assert advance(TaskState(), _task("documented_detail.txt")).status == "succeeded"


@pytest.mark.parametrize("name", ["documented_kill.txt", "documented_cancel.txt"])
def test_the_documented_stopped_tasks_are_cancelled(name: str) -> None:
    """They carry `pexit` 0, an output and a cost, and are still cancelled."""
    state = advance(TaskState(), _task(name))
    assert (state.status, state.success, state.exit_code) == ("cancelled", False, 0)
