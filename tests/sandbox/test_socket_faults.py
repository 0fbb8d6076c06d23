import json
import select
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.sandbox.raw import FLUX, LAST, PATIENCE, Caller, until_the_end, wait_for, welcome


def texts(socket: ClientConnection) -> list[str | bytes]:
    """Return every frame as it came, up to the terminal one of a task with an id other than 1."""
    frames: list[str | bytes] = []
    while True:
        frame = socket.recv(timeout=PATIENCE)
        frames.append(frame)
        if (
            any(f'"{kind}"' in str(frame) for kind in LAST)
            and '"id": "1"' not in str(frame)
            and len(str(frame)) > 60
        ):
            return frames


def raw_frames(caller: Caller, faults: dict[str, Any]) -> list[str | bytes]:
    """Run with these faults and return what came over the socket."""
    with caller.hold(FLUX, faults) as (_, socket):
        return texts(socket)


@pytest.mark.parametrize(
    ("name", "code"), [("drop_socket_after", 1006), ("close_socket_after", 1011), ("garbage_after", 1002)]
)
def test_a_connection_ends_after_n_frames(caller: Caller, name: str, code: int) -> None:
    """Three frames arrive, then it ends, and the task goes on without it."""
    with caller.hold(FLUX, {name: 3}) as (receipt, socket):
        for _ in range(3):
            socket.recv(timeout=PATIENCE)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE)
        end = closed.value.rcvd or closed.value.sent
        assert (end.code if end else 1006) == code
        assert caller.wait_until_settled(receipt)["pexit"] == "0"


def test_a_connection_may_end_at_once(caller: Caller) -> None:
    """After no frame at all: when it has registered."""
    caller.server.faults = {"stuck": "queue", "drop_socket_after": 0}
    receipt = caller.run()
    with connect(caller.server.socket_url, proxy=None) as socket:
        welcome(socket)
        socket.send(json.dumps({"type": "task_info", "tasktoken": receipt["socketaccesstoken"]}))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=PATIENCE)


def test_only_so_many_connections_are_hit(caller: Caller) -> None:
    """The second one of socket_faults_times=1 lives to the end."""
    with caller.hold(FLUX, {"drop_socket_after": 1, "socket_faults_times": 1, "stuck": "run"}) as (
        receipt,
        socket,
    ):
        with pytest.raises(ConnectionClosed):
            list(until_the_end(socket))
        with caller.following(receipt) as again:
            caller.server.faults = None
            assert list(until_the_end(again))[-1]["type"] == "task_postprocess_end"


def test_a_silent_connection_still_answers_pings(caller: Caller) -> None:
    """Nothing more is said, but somebody is there."""
    with caller.hold(FLUX, {"silent_after": 2}) as (receipt, socket):
        assert [json.loads(socket.recv(timeout=PATIENCE))["type"] for _ in range(2)] == [
            "task_queue",
            "task_accept",
        ]
        caller.wait_until_settled(receipt)
        assert socket.ping().wait(PATIENCE)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.05)


def test_a_half_open_connection_answers_nothing(caller: Caller) -> None:
    """Not even pings."""
    with caller.hold(FLUX, {"half_open_after": 1}) as (receipt, socket):
        socket.recv(timeout=PATIENCE)
        caller.wait_until_settled(receipt)
        assert not socket.ping().wait(0.1)
        socket.close_timeout = 0.1


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells who has hung up")
def test_a_half_open_connection_is_given_up_with_its_peer(caller: Caller) -> None:
    """When the caller hangs up, the sandbox keeps no handle of it."""
    before = handles()
    with caller.hold(FLUX, {"half_open_after": 0}) as (_, socket):
        socket.close_timeout = 0.0
    wait_for(handles, lambda count: count <= before)


def handles() -> int:
    """Return how many sockets and files this process holds."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_refused_handshakes_answer_503(caller: Caller) -> None:
    """The first is, the second is let in."""
    caller.server.faults = {"refuse_socket": 1}
    with pytest.raises(InvalidStatus) as refused, connect(caller.server.socket_url, proxy=None):
        pass
    assert refused.value.response.status_code == 503
    with connect(caller.server.socket_url, proxy=None) as socket:
        assert socket.ping().wait(PATIENCE)


def test_a_forgotten_registration_brings_nothing(caller: Caller) -> None:
    """The same connection may register again."""
    caller.server.faults = {"stuck": "queue", "ignore_registration": 1}
    receipt = caller.run()
    registration = json.dumps({"type": "task_info", "tasktoken": receipt["socketaccesstoken"]})
    with connect(caller.server.socket_url, proxy=None) as socket:
        welcome(socket)
        socket.send(registration)
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.05)
        with caller.following(receipt):
            socket.send(registration)
            socket.ping().wait(PATIENCE)
            caller.server.faults = None
            assert [frame["type"] for frame in until_the_end(socket)][-1] == "task_postprocess_end"


def test_frames_may_come_twice(caller: Caller) -> None:
    """Each right after itself."""
    frames = raw_frames(caller, {"duplicate": 1})
    assert frames[0] == frames[1]
    assert frames[2] == frames[3]


def test_frames_may_change_places(caller: Caller) -> None:
    """Nothing is lost but the order."""
    usual = [frame["type"] for frame in caller.frames()]
    with caller.hold(FLUX, {"reorder": 50}) as (_, socket):
        types = [json.loads(socket.recv(timeout=PATIENCE))["type"] for _ in usual]
    assert sorted(types) == sorted(usual)
    assert types != usual


def test_every_nth_frame_may_be_lost(caller: Caller) -> None:
    """With lose_frames=2 half of them are."""
    with caller.hold(FLUX, {"lose_frames": 2}) as (receipt, socket):
        caller.wait_until_settled(receipt)
        frames = [json.loads(socket.recv(timeout=PATIENCE))["type"] for _ in range(3)]
    assert frames == ["task_queue", "task_preprocess_start", "task_assign"]


def test_the_end_may_be_missing(caller: Caller) -> None:
    """Task/Detail alone knows of it."""
    with caller.hold(FLUX, {"lose_end": True}) as (receipt, socket):
        caller.wait_until_settled(receipt)
        kind = ""
        while kind != "task_postprocess_start":
            kind = json.loads(socket.recv(timeout=PATIENCE))["type"]
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.05)


def test_foreign_frames_belong_to_nobody(caller: Caller) -> None:
    """Their id and token are not the task's, and some say that it has ended."""
    frames = [json.loads(text) for text in raw_frames(caller, {"foreign_frames": 1})]
    foreign = [frame for frame in frames if frame["id"] == "1"]
    assert len(foreign) == len(frames) / 2
    assert {"task_postprocess_end", "task_cancel"} <= {frame["type"] for frame in foreign}


def test_broken_frames_are_no_json_objects(caller: Caller) -> None:
    """Half JSON, lists, null, bare text, nothing at all."""
    frames = raw_frames(caller, {"broken_frames": 1})
    strangers = frames[::2]
    assert {" ", "null", "{", '["task_end"]'} <= set(strangers)


def test_binary_frames_are_bytes(caller: Caller) -> None:
    """token|PCM, as realtime models send."""
    assert all(
        isinstance(frame, bytes) and b"|" in frame for frame in raw_frames(caller, {"binary_frames": 1})[::2]
    )


def test_unknown_types_are_sent(caller: Caller) -> None:
    """Types of realtime models and of the future."""
    types = {json.loads(frame)["type"] for frame in raw_frames(caller, {"unknown_frames": 1})[::2]}
    assert {"task_stream_ready", "task_hologram"} <= types


def test_a_huge_frame_is_as_huge_as_asked(caller: Caller) -> None:
    """Nine megabytes of one log line come once, to one connection."""
    caller.server.faults = {"stuck": "queue", "huge_frame": 9_000_000}
    receipt = caller.run()
    with caller.following(receipt) as socket:
        assert len(socket.recv(timeout=PATIENCE)) > 9_000_000
        caller.server.faults = None
        assert next(iter(until_the_end(socket)))["type"] == "task_queue"


def test_frames_may_be_slow(caller: Caller) -> None:
    """The task does not wait for them."""
    with caller.hold(FLUX, {"frame_delay": 0.05}) as (receipt, socket):
        caller.wait_until_settled(receipt)
        assert json.loads(socket.recv(timeout=PATIENCE))["type"] == "task_queue"
