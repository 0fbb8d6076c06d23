"""The socket: reads registrations and sends the frames of those tasks, with what the faults make of them."""

import asyncio
import contextlib
import json
import select
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from wiro_widgets.sandbox.faults.wire_shapes import choose, drift_frame
from wiro_widgets.sandbox.tasks.task import TERMINAL, Frame, SandboxTask, new_token
from wiro_widgets.sandbox.world import World

SHORTLY = 0.02
LOOK_AGAIN = 0.1
INTERNAL_ERROR = 1011
# Reserved bits set, unknown opcode: no WebSocket peer accepts this.
GARBAGE = b"\xff\xff\xff\xff\x00garbage"
# What a connection does instead of sending more frames.
ACTIONS = ("drop_socket_after", "close_socket_after", "silent_after", "half_open_after", "garbage_after")
BROKEN = ("{", '["task_end"]', "null", '"task_end"', '{"type": 5}', "{}", " ", '{"type": "task_end", "id":')
FOREIGN = ("task_output", "task_end", "task_postprocess_end", "task_cancel")
UNKNOWN = ("task_stream_ready", "task_stream_end", "task_cost", "task_hologram", "ping")


async def serve_socket(world: World, websocket: WebSocket) -> None:
    """Serve one connection until it closes; it may register any number of tasks."""
    world.request_log.add("GET", websocket.url.path)
    await websocket.accept()
    await websocket.send_json({"type": "connected", "version": "1.0"})
    connection = Connection(world, websocket)
    sender = asyncio.create_task(connection.send())
    try:
        await connection.listen()
    except WebSocketDisconnect:
        pass
    finally:
        sender.cancel()
        for task in connection.tasks:
            task.listeners.discard(connection.frames)


@dataclass(slots=True, eq=False)
class Connection:
    """One open socket, its tasks and its counts; a None among its frames stands for a registration."""

    world: World
    websocket: WebSocket
    frames: asyncio.Queue[Frame | None] = field(default_factory=asyncio.Queue)
    tasks: list[SandboxTask] = field(default_factory=list)
    sent_count: int = 0
    frame_count: int = 0

    async def listen(self) -> None:
        """Follow each task that is registered; raise WebSocketDisconnect at the end."""
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            task = _registration(self.world, message.get("text") or "")
            if task is None or self.world.active_faults.strikes("ignore_registration"):
                continue
            task.listeners.add(self.frames)
            self.tasks.append(task)
            self.frames.put_nowait(None)

    async def send(self) -> None:
        """Send the published frames, changed by the faults."""
        try:
            while True:
                for frame in await self._batch():
                    for message in self._messages(frame):
                        await self.world.delay(self.world.active_faults.faults.frame_delay)
                        await self.websocket.send(message)
                    if action := self._due_action():
                        await self._act(action)
                        return
        except (WebSocketDisconnect, RuntimeError):
            return  # The reader sees the same end and cleans up.

    async def _batch(self) -> list[Frame | None]:
        active_faults = self.world.active_faults
        batch = [await self.frames.get()]
        while len(batch) < active_faults.faults.reorder:
            try:
                batch.append(await asyncio.wait_for(self.frames.get(), SHORTLY))
            except TimeoutError:
                break
        if active_faults.faults.reorder:
            active_faults.dice.shuffle(batch)
        return batch

    def _messages(self, frame: Frame | None) -> Iterator[Message]:
        """Yield what is sent for this frame, or after a registration."""
        active_faults, faults = self.world.active_faults, self.world.active_faults.faults
        if frame is None:
            if faults.huge_frame and active_faults.strikes("huge_frame", limit=1):
                yield _text({"type": "task_output", "message": "x" * faults.huge_frame, "result": True})
            return
        self.frame_count += 1
        turn = self.frame_count

        def is_turn_of(every: int) -> bool:
            return every > 0 and turn % every == 0

        if is_turn_of(faults.lose_frames) or (faults.lose_end and frame["type"] in TERMINAL):
            return
        if is_turn_of(faults.foreign_frames):
            yield _text(_foreign(FOREIGN[turn % len(FOREIGN)]))
        if is_turn_of(faults.broken_frames):
            yield _text(BROKEN[turn % len(BROKEN)])
        if is_turn_of(faults.binary_frames):
            yield {"type": "websocket.send", "bytes": b"nobody|" + bytes(range(256))}
        if is_turn_of(faults.unknown_frames):
            yield _text({"type": UNKNOWN[turn % len(UNKNOWN)], "message": {"turnCost": "0.1"}})
        text = drift_frame(frame, choose(faults.drift, active_faults.dice))
        yield from [_text(text)] * (1 + faults.duplicate)
        self.sent_count += 1

    def _due_action(self) -> str | None:
        """Return the first fault whose position is reached, and count it."""
        active_faults = self.world.active_faults
        for name in ACTIONS:
            position = getattr(active_faults.faults, name)
            if position is None or self.sent_count < position:
                continue
            if not active_faults.faults.socket_faults_times or active_faults.strikes("socket_faults_times"):
                return name
        return None

    async def _act(self, action: str) -> None:
        transport: asyncio.Transport = self.websocket.state.transport
        if action == "drop_socket_after":
            transport.abort()
        elif action == "close_socket_after":
            await self.websocket.close(INTERNAL_ERROR)
        elif action == "garbage_after":
            transport.write(GARBAGE)
        elif action == "half_open_after":
            transport.pause_reading()
            # Until the peer hangs up or the faults change.
            change, descriptor = self.world.active_faults.change, transport.get_extra_info("socket").fileno()
            while not change.is_set() and not _has_hung_up(descriptor):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(change.wait(), LOOK_AGAIN)
            transport.abort()


def _has_hung_up(descriptor: int) -> bool:
    # Nothing is read from this connection, so only the system can tell, and only Linux does.
    if not hasattr(select, "POLLRDHUP"):
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    return bool(poll.poll(0))


def _registration(world: World, text: str) -> SandboxTask | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("type") != "task_info":
        return None
    token = content.get("tasktoken")
    return world.tasks.find(token=token) if isinstance(token, str) and token else None


def _text(content: Frame | str) -> Message:
    text = content if isinstance(content, str) else json.dumps(content)
    return {"type": "websocket.send", "text": text}


def _foreign(kind: str) -> Frame:
    outputs = [{"name": "0.png", "url": "http://127.0.0.1:9/foreign.png"}]
    message = outputs if kind == "task_postprocess_end" else None
    names = {"id": "1", "tasktoken": new_token(), "target": "task"}
    return {"type": kind, **names, "message": message, "result": True}
