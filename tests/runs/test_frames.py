"""Whatever frames a socket brings, they end in the same state and never break a task."""

import json
import random
from typing import Any

import pytest

from tests.hostile.fixtures import ONLY_SOCKET
from tests.hostile.server import HostileServer
from tests.hostile.task_texts import log_lines, notices
from wiro_widgets.client.sync_client import Client, Task
from wiro_widgets.protocol.events import Unknown
from wiro_widgets.transport import task_socket


@ONLY_SOCKET
def test_frames_that_make_no_sense(server: HostileServer, run: Task) -> None:
    """Broken JSON, JSON that is no object, binary frames and unknown types break nothing, and are reported once."""
    task = server.task()
    for data in ("{broken", "[1]", "null", "", '"text"', b"token|\x00\x01", "[" * 100_000, "9" * 10_000):
        server.emit_raw(task, data)
    server.emit(task, "task_new_thing", {"a": 1})
    server.emit(task, "task_output", "still here")
    server.finish(task)
    run.wait(60)
    assert log_lines(run) == ["still here"]
    assert sorted(event.type for event in run.events_so_far() if isinstance(event, Unknown)) == [
        "invalid",
        "task_new_thing",
    ]


@ONLY_SOCKET
def test_a_foreign_end_ends_nothing(server: HostileServer, run: Task) -> None:
    """Frames of another task, also its last one, are ignored."""
    other = {"id": "999", "tasktoken": "another-token", "message": "not yours"}
    for kind in ("task_output", "task_postprocess_end", "task_cancel"):
        server.emit_raw(server.task(), json.dumps({"type": kind, **other}))
    server.emit(server.task(), "task_output", "mine")
    server.wait(lambda: "mine" in log_lines(run), "the line")
    assert run.status == "running"
    assert log_lines(run) == ["mine"]
    server.finish(server.task())
    run.wait(60)


@ONLY_SOCKET
def test_frames_without_id_and_token_are_ours(server: HostileServer, run: Task) -> None:
    """A frame without id and token counts as this task's."""
    server.emit_raw(server.task(), json.dumps({"type": "task_output", "message": "bare"}))
    server.task().status = "task_cancel"
    server.emit_raw(server.task(), json.dumps({"type": "task_cancel"}))
    run.stop()
    assert log_lines(run) == ["bare"]
    assert run.status == "cancelled"


@ONLY_SOCKET
def test_a_frame_of_eight_mebibytes(server: HostileServer, run: Task) -> None:
    """A frame at the limit passes on the same connection."""
    task = server.task()
    frame = {"type": "task_output", "id": task.id, "message": ""}
    frame["message"] = "x" * (task_socket.MAX_FRAME_BYTES - len(json.dumps(frame)))
    server.emit_raw(task, json.dumps(frame))
    server.emit(task, "task_output", "after")
    server.finish(task)
    run.wait(60)
    assert log_lines(run)[-1] == "after"
    assert len(server.registrations) == 1


@ONLY_SOCKET
def test_a_frame_beyond_the_limit(server: HostileServer, run: Task) -> None:
    """A frame over the limit ends the connection, a notice names the limit, and the task goes on."""
    server.emit_raw(server.task(), "x" * (task_socket.MAX_FRAME_BYTES + 1))
    server.wait(lambda: len(server.registrations) > 1, "the second registration")
    server.finish(server.task(), quietly=True)
    server.cut_sockets(server.task())
    run.wait(60)
    assert any("a frame is larger than 8 MiB" in text for text in notices(run))


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_duplication_gives_the_same_end(
    server: HostileServer, client: Client, seed: int
) -> None:
    """Shuffled and repeated frames end in the same record."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    task = client.run("a/b", prompt="x")
    remote = server.task()
    server.wait(lambda: remote.listeners, "the registration")
    frames: list[tuple[str, Any]] = [
        ("task_accept", None),
        ("task_start", None),
        (
            "task_output",
            {"type": "progressGenerate", "percentage": "60", "stepCurrent": "6", "stepTotal": "10"},
        ),
        ("task_output_full", {"raw": "all of it"}),
        ("task_end", None),
        ("task_postprocess_start", None),
        ("task_postprocess_end", []),
    ]
    frames += chance.sample(frames, 4)
    chance.shuffle(frames)
    remote.status, remote.pexit, remote.more = (
        "task_postprocess_end",
        "0",
        {"debugoutput": "all of it", "totalcost": "0.1"},
    )
    for kind, message in frames:
        server.emit(remote, kind, message)
    result = task.wait(60)
    assert (result.record.outcome, result.record.total_cost) == ("succeeded", 0.1)
    assert (task.state.output_text, task.status, task.state.progress) == ("all of it", "succeeded", 1.0)
