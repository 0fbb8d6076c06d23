import itertools
import json
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.sandbox.raw import CHAT, FAIL, PATIENCE, Caller, until_the_end
from wiro_widgets.sandbox import SandboxServer

LIFE = [
    "task_queue",
    "task_accept",
    "task_preprocess_start",
    "task_preprocess_end",
    "task_assign",
    "task_start",
    "task_output",
    "task_output_full",
    "task_end",
    "task_postprocess_start",
    "task_postprocess_end",
]


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    """Return the types in their order, each once."""
    return list(dict.fromkeys(frame["type"] for frame in frames))


def progress(frames: list[dict[str, Any]]) -> list[Any]:
    """Return the messages that are progress, in the form they came in."""
    messages = [frame["message"] for frame in frames if frame["type"] == "task_output"]
    return [message for message in messages if "progressGenerate" in str(message)]


def test_a_task_lives_through_every_stage_in_order(caller: Caller) -> None:
    """From queue to postprocess end, in order (docs/protocol.md, Task life)."""
    assert kinds(caller.frames()) == LIFE


def test_a_failing_task_tells_its_stderr(caller: Caller) -> None:
    """Lines of task_error, then task_error_full before the end."""
    frames = caller.frames(FAIL)
    assert [kind for kind in kinds(frames) if "error" in kind] == ["task_error", "task_error_full"]
    lines = [frame["message"] for frame in frames if frame["type"] == "task_error"]
    full = next(frame["message"] for frame in frames if frame["type"] == "task_error_full")
    assert full == {"raw": "\n".join(lines)}


def test_every_frame_names_its_task(caller: Caller) -> None:
    """type, id, tasktoken, target, message and result are all there."""
    frames = caller.frames()
    assert {tuple(frame) for frame in frames} == {("type", "id", "tasktoken", "target", "message", "result")}
    assert len({(frame["id"], frame["tasktoken"]) for frame in frames}) == 1


def test_progress_comes_as_object_and_as_text(caller: Caller) -> None:
    """Both forms of the wire take turns, every number in them text, and end at 100 percent."""
    messages = progress(caller.frames(steps="4"))
    assert [type(message).__name__ for message in messages] == ["dict", "str", "dict", "str"]
    read = [message if isinstance(message, dict) else json.loads(message) for message in messages]
    assert [message["percentage"] for message in read] == ["25", "50", "75", "100"]
    assert set(read[0]) == {
        "type",
        "task",
        "percentage",
        "stepCurrent",
        "stepTotal",
        "speed",
        "speedType",
        "elapsedTime",
        "remainingTime",
    }


def test_the_last_frame_holds_the_outputs(caller: Caller) -> None:
    """task_end comes before the outputs exist, task_postprocess_end with them."""
    frames = caller.frames(samples="2")
    assert next(frame for frame in frames if frame["type"] == "task_end")["message"] is None
    assert [output["name"] for output in frames[-1]["message"]] == ["0.png", "1.png"]
    task = caller.detail({"taskid": frames[-1]["id"]})
    assert frames[-1]["message"] == task["outputs"]


def test_text_grows_by_cumulative_snapshots(caller: Caller) -> None:
    """Each snapshot holds what the one before it held."""
    frames = caller.frames(CHAT, prompt="Why?")
    snapshots = [frame["message"] for frame in frames if isinstance(frame["message"], dict)]
    raws = [snapshot["raw"] for snapshot in snapshots if "isThinking" in snapshot]
    answers = ["".join(snapshot["answer"]) for snapshot in snapshots if "isThinking" in snapshot]
    assert len(raws) > 5
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(answers))
    assert next(snapshot["isThinking"] for snapshot in snapshots if "isThinking" in snapshot) is True


def test_who_comes_late_has_missed_the_start(caller: Caller) -> None:
    """The socket is at most once: nothing is repeated and nothing invented."""
    caller.server.faults = {"stuck": "run"}
    receipt = caller.run()
    early = caller.settled_at(receipt, "task_start", "task_accept")
    with caller.following(receipt) as socket:
        caller.server.faults = None
        types = [frame["type"] for frame in until_the_end(socket)]
    assert early["status"] not in types
    assert types[-1] == "task_postprocess_end"


def test_a_finished_task_says_nothing_more(caller: Caller) -> None:
    """Registering after the end brings no frame."""
    receipt = caller.run()
    caller.wait_until_settled(receipt)
    with caller.following(receipt) as socket, pytest.raises(TimeoutError):
        socket.recv(timeout=0.05)


def test_one_connection_may_follow_several_tasks(caller: Caller) -> None:
    """Frames of every registered task come, each with its own token."""
    caller.server.faults = {"stuck": "queue"}
    one, other = caller.run(), caller.run()
    with caller.following(one) as socket, caller.following(other) as second:
        socket.send(json.dumps({"type": "task_info", "tasktoken": other["socketaccesstoken"]}))
        second.ping().wait(PATIENCE)
        caller.server.faults = None
        ended: set[str] = set()
        while len(ended) < 2:
            frame = next(iter(until_the_end(socket)))
            if frame["type"] == "task_postprocess_end":
                ended.add(frame["tasktoken"])
    assert ended == {one["socketaccesstoken"], other["socketaccesstoken"]}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type": "task_info"}', '{"type": "task_info", "tasktoken": 5}']
)
def test_a_registration_that_is_none_is_passed_over(caller: Caller, text: str) -> None:
    """Nonsense neither closes the connection nor answers."""
    with connect(caller.server.socket_url, proxy=None) as socket:
        socket.send(text)
        assert socket.ping().wait(PATIENCE)


def test_workers_are_bounded() -> None:
    """With one worker the second task waits in the queue for the first."""
    with SandboxServer(speed=1000, workers=1, faults={"stuck": "run"}) as server, Caller(server) as caller:
        first, second = caller.run(), caller.run()
        caller.settled_at(first, "task_accept")
        assert caller.detail(second)["status"] == "task_queue"
        server.faults = None
        assert caller.wait_until_settled(second)["pexit"] == "0"


def test_infinite_speed_waits_for_nothing() -> None:
    """speed=inf still goes through every stage."""
    with SandboxServer(speed=float("inf")) as server, Caller(server) as caller:
        assert kinds(caller.frames()) == LIFE
