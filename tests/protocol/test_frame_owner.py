"""Which frames are of a task: one that names no task is (docs/protocol.md, Socket)."""

import pytest

from wiro_widgets.protocol.events import Frame

TOKEN = "LighthouseTokenLighthouseToken"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"id": "90311"},
        {"id": 90311},
        {"taskid": "90311"},
        {"tasktoken": TOKEN},
        {"tasktoken": TOKEN, "id": "another spelling of the task"},
        {"tasktoken": None, "id": None},
        {"tasktoken": "", "id": ""},
        {"tasktoken": [], "id": {}},
    ],
)
def test_own_frames(fields: dict[str, object]) -> None:
    """The right token, the right id, or neither."""
    assert Frame(fields).belongs_to(task_id="90311", token=TOKEN)


@pytest.mark.parametrize(
    "fields", [{"id": "1"}, {"id": 1}, {"taskid": 1}, {"tasktoken": "other", "id": "90311"}]
)
def test_frames_of_another_task(fields: dict[str, object]) -> None:
    """Another token, or another id in a frame without a token."""
    assert not Frame(fields).belongs_to(task_id="90311", token=TOKEN)


def test_without_a_token_the_id_decides() -> None:
    """An attached task may have no token."""
    assert Frame({"tasktoken": "any", "id": "90311"}).belongs_to(task_id="90311", token=None)
    assert not Frame({"tasktoken": "any", "id": "1"}).belongs_to(task_id="90311", token=None)


def test_without_id_and_token_every_frame_counts() -> None:
    """Without id and token every frame counts."""
    assert Frame({"id": "1", "tasktoken": "any"}).belongs_to(task_id=None, token=None)
