import json

import pytest

from tests.sandbox.raw import FLUX, PATIENCE, Caller, wait_for
from wiro_widgets.sandbox import SandboxServer


def test_a_queued_task_is_cancelled(caller: Caller) -> None:
    """Cancel answers with the whole task, whose status is task_cancel."""
    caller.server.faults = {"stuck": "queue"}
    receipt = caller.run()
    reply = caller.call("Task/Cancel", {"taskid": receipt["taskid"]})
    assert reply["result"] is True
    assert reply["tasklist"][0]["status"] == "task_cancel"
    assert reply["tasklist"][0]["canceltime"] != "0"


def test_a_running_task_is_killed(caller: Caller) -> None:
    """Kill answers with the whole task; as in the seed its pexit is 0 though nothing succeeded."""
    caller.server.faults = {"stuck": "run"}
    receipt = caller.run()
    caller.settled_at(receipt, "task_accept")
    task = caller.call("Task/Kill", {"taskid": receipt["taskid"]})["tasklist"][0]
    assert (task["status"], task["pexit"], float(task["totalcost"])) == ("task_cancel", "0", 0.0)


def test_a_running_task_cannot_be_cancelled(caller: Caller) -> None:
    """Cancel is for the queue."""
    caller.server.faults = {"stuck": "run"}
    receipt = caller.run()
    caller.settled_at(receipt, "task_accept")
    reply = caller.call("Task/Cancel", {"taskid": receipt["taskid"]})
    assert reply["errors"] == [{"code": 1, "message": "Task is not in a cancellable state."}]


def test_a_queued_task_cannot_be_killed(caller: Caller) -> None:
    """Kill is for running tasks."""
    caller.server.faults = {"stuck": "queue"}
    receipt = caller.run()
    reply = caller.call("Task/Kill", {"taskid": receipt["taskid"]})
    assert reply["errors"][0]["message"].startswith("Task could not be killed: ")


def test_a_finished_task_can_be_stopped_by_neither(caller: Caller) -> None:
    """What has ended stays as it ended."""
    task = caller.finish()
    replies = [caller.call(f"Task/{how}", {"taskid": task["id"]}) for how in ("Cancel", "Kill")]
    assert [reply["result"] for reply in replies] == [False, False]
    assert caller.detail({"taskid": task["id"]})["status"] == "task_postprocess_end"


def test_the_socket_token_stops_as_well_as_the_id(caller: Caller) -> None:
    """Both spellings of the token are taken."""
    caller.server.faults = {"stuck": "queue"}
    for name in ("socketaccesstoken", "tasktoken"):
        receipt = caller.run()
        reply = caller.call("Task/Cancel", {name: receipt["socketaccesstoken"]})
        assert reply["tasklist"][0]["status"] == "task_cancel"


def test_a_stop_ends_the_frames_with_task_cancel(caller: Caller) -> None:
    """The frame of the cancellation is the last, and comes at once."""
    with caller.hold(FLUX, {"stuck": "run"}) as (receipt, socket):
        caller.settled_at(receipt, "task_accept")
        caller.call("Task/Kill", {"taskid": receipt["taskid"]})
        types = [json.loads(socket.recv(timeout=PATIENCE))["type"] for _ in range(3)]
    assert types == ["task_queue", "task_accept", "task_cancel"]


def test_a_stop_may_be_answered_without_the_task(caller: Caller) -> None:
    """The first stop is answered by its result alone, the second with the task."""
    caller.server.faults = {"stuck": "queue", "bare_stop": 1}
    replies = [caller.call("Task/Cancel", {"taskid": caller.run()["taskid"]}) for _ in range(2)]
    assert replies[0] == {"result": True}
    assert replies[1]["tasklist"][0]["status"] == "task_cancel"


@pytest.mark.parametrize("drift", ["code_text", "errors_text", "errors_message"])
def test_a_stop_without_the_task_takes_any_shape_of_errors(caller: Caller, drift: str) -> None:
    """There are none to write otherwise."""
    caller.server.faults = {"stuck": "queue", "bare_stop": 1, "drift": drift}
    assert caller.call("Task/Cancel", {"taskid": caller.run()["taskid"]})["result"] is True


def test_a_task_must_be_named(caller: Caller) -> None:
    """Without an id or a token there is nothing to look for."""
    reply = caller.call("Task/Detail")
    assert reply["errors"] == [{"code": 0, "message": "taskid or socketaccesstoken is required"}]


def test_a_killed_task_frees_its_worker() -> None:
    """With one worker, the next task starts when the first is killed."""
    with SandboxServer(speed=1000, workers=1, faults={"stuck": "run"}) as server, Caller(server) as caller:
        first, second = caller.run(), caller.run()
        caller.settled_at(first, "task_accept")
        caller.call("Task/Kill", {"taskid": first["taskid"]})
        caller.settled_at(second, "task_accept")


def test_stopping_an_unknown_task_is_refused(caller: Caller) -> None:
    """There is no task yet, whichever way."""
    for how in ("Cancel", "Kill"):
        reply = caller.call(f"Task/{how}", {"taskid": "1"})
        assert reply["errors"][0]["message"] == "There is no task yet."


def test_deleting_a_tasks_files_is_idempotent(caller: Caller) -> None:
    """InputOutputDelete takes the outputs away, and once more is fine."""
    receipt = caller.run()
    task = caller.wait_until_settled(receipt)
    body = {"tasktoken": receipt["socketaccesstoken"]}
    assert [caller.call("Task/InputOutputDelete", body)["result"] for _ in range(2)] == [True, True]
    assert caller.detail(receipt)["outputs"] == []
    answer = wait_for(lambda: caller.http.get(task["outputs"][0]["url"]), lambda got: got.status_code == 404)
    assert answer.json()["result"] is False
