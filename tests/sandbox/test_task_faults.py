import io

import pytest
from PIL import Image

from tests.sandbox.raw import Caller


def test_a_requeued_task_fails_its_set_up_first(caller: Caller) -> None:
    """The persisted status task_error with a reason in debugerror, then the queue again, then success."""
    frames = caller.frames("tencent/hunyuan-flux-srpo", {"requeue": 2})
    types = [frame["type"] for frame in frames]
    assert types.count("task_queue") == 3
    assert types.count("task_error") == 2
    task = caller.detail({"taskid": frames[-1]["id"]})
    assert (task["pexit"], task["debugerror"]) == ("0", "")


def test_a_failed_set_up_is_seen_in_detail(caller: Caller) -> None:
    """Until it is queued again, status and debugerror tell."""
    slow = type(caller.server)(speed=2, faults={"requeue": 1})
    with slow as server, Caller(server) as patient:
        task = patient.settled_at(patient.run(), "task_error")
        assert "queued again" in task["debugerror"]
        assert patient.call("Task/Cancel", {"taskid": task["id"]})["result"] is True


def test_tasks_may_fail(caller: Caller) -> None:
    """The first does, the second does not."""
    caller.server.faults = {"fail_tasks": 1}
    assert [caller.finish()["pexit"] for _ in range(2)] == ["1", "0"]


def test_the_server_may_cancel_tasks(caller: Caller) -> None:
    """The first is, the second is not."""
    caller.server.faults = {"cancel_tasks": 1}
    assert [caller.finish()["status"] for _ in range(2)] == ["task_cancel", "task_postprocess_end"]


def test_a_kill_may_be_refused(caller: Caller) -> None:
    """The first is, with a reason; the second works."""
    caller.server.faults = {"stuck": "run", "kill_refused": 1}
    receipt = caller.run()
    caller.settled_at(receipt, "task_accept")
    replies = [caller.call("Task/Kill", {"taskid": receipt["taskid"]}) for _ in range(2)]
    assert replies[0]["errors"][0]["message"] == "Task could not be killed: the worker does not answer"
    assert replies[1]["result"] is True


def test_a_task_may_be_missing_at_first(caller: Caller) -> None:
    """Task/Detail does not know it yet, and then it does."""
    caller.server.faults = {"detail_missing": 2}
    body = {"taskid": caller.run()["taskid"]}
    assert [caller.call("Task/Detail", body)["result"] for _ in range(3)] == [False, False, True]


def test_detail_may_lag_behind_the_socket(caller: Caller) -> None:
    """After the terminal frame the first two reads show the task still at work and without outputs."""
    frames = caller.frames("tencent/hunyuan-flux-srpo", {"stale_detail": 2})
    tasks = [caller.detail({"taskid": frames[-1]["id"]}) for _ in range(3)]
    assert [task["status"] for task in tasks] == ["task_postprocess_start"] * 2 + ["task_postprocess_end"]
    assert [len(task["outputs"]) for task in tasks] == [0, 0, 1]


def test_early_outputs_have_dead_links(caller: Caller) -> None:
    """What is listed before the end answers 404."""
    caller.server.faults = {"stuck": "run", "early_outputs": True}
    receipt = caller.run()
    task = caller.settled_at(receipt, "task_accept")
    assert caller.http.get(task["outputs"][0]["url"]).status_code == 404
    caller.server.faults = None
    assert caller.http.get(caller.wait_until_settled(receipt)["outputs"][0]["url"]).status_code == 200


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("html", b"<!doctype html>"),
        ("text", b"no picture"),
        ("jpeg", b"\xff\xd8"),
        ("empty", b""),
        ("truncated", b"\x89PNG"),
        ("bomb", b"\x89PNG"),
    ],
)
def test_outputs_may_not_be_what_they_say(caller: Caller, kind: str, start: bytes) -> None:
    """They are called image/png all the same, with an honest size."""
    caller.server.faults = {"output_as": kind}
    output = caller.finish()["outputs"][0]
    data = caller.http.get(output["url"]).content
    assert (output["contenttype"], int(output["size"])) == ("image/png", len(data))
    assert data.startswith(start)


def test_the_bomb_is_small_and_has_400_megapixels(caller: Caller) -> None:
    """Pillow refuses to open it."""
    caller.server.faults = {"output_as": "bomb"}
    data = caller.http.get(caller.finish()["outputs"][0]["url"]).content
    assert len(data) < 1_000_000
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data))


def test_outputs_may_have_evil_names(caller: Caller) -> None:
    """The name is what was asked for; the address stays harmless."""
    caller.server.faults = {"output_name": "../../evil.png"}
    output = caller.finish()["outputs"][0]
    assert output["name"] == "../../evil.png"
    assert output["url"].endswith("/0.png")
