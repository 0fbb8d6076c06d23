"""The socket: reads registrations and sends the frames of those tasks."""

import asyncio
import contextlib
import json
import select
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from wiro_widgets.sandbox.http.socket_faults import Action, FrameFaults, Step
from wiro_widgets.sandbox.tasks.task import Frame, SandboxTask
from wiro_widgets.sandbox.world import World

SHORTLY = 0.02
LOOK_AGAIN = 0.1
INTERNAL_ERROR = 1011
# Reserved bits set, unknown opcode: no WebSocket peer accepts this.
GARBAGE = b"\xff\xff\xff\xff\x00garbage"


async def serve_socket(world: World, websocket: WebSocket) -> None:
    """Serve one connection until it closes; it may register any number of tasks."""
    world.request_log.add("GET", websocket.url.path)
    await websocket.accept()
    connection = Connection(world, websocket)
    sender = asyncio.create_task(connection.send())
    try:
        await connection.listen()
    except WebSocketDisconnect:
        pass
    finally:
        sender.cancel()
        connection.leave()


@dataclass(slots=True, eq=False)
class Connection:
    """One open socket, its tasks and its faults."""

    world: World
    websocket: WebSocket
    frames: asyncio.Queue[Frame | None] = field(default_factory=asyncio.Queue)
    tasks: list[SandboxTask] = field(default_factory=list)
    mute: bool = False

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

    def leave(self) -> None:
        """Stop following."""
        for task in self.tasks:
            task.listeners.discard(self.frames)

    async def send(self) -> None:
        """Send the published frames, changed by the faults."""
        faults = FrameFaults(self.world.active_faults)
        try:
            while not self.mute:
                batch = await self._batch()
                faults.active_faults = self.world.active_faults
                for frame in batch:
                    for step in faults.start() if frame is None else faults.steps(frame):
                        await self._do(step)
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

    async def _do(self, step: Step) -> None:
        if self.mute:
            return
        if isinstance(step, Action):
            await self._act(step)
            return
        await self.world.delay(self.world.active_faults.faults.frame_delay)
        if isinstance(step, bytes):
            await self.websocket.send_bytes(step)
        else:
            await self.websocket.send_text(step)

    async def _act(self, action: Action) -> None:
        self.mute = True
        transport: asyncio.Transport = self.websocket.state.transport
        if action is Action.DROP:
            transport.abort()
        elif action is Action.CLOSE:
            await self.websocket.close(INTERNAL_ERROR)
        elif action is Action.GARBAGE:
            transport.write(GARBAGE)
        elif action is Action.HALF_OPEN:
            transport.pause_reading()
            await self._until_gone(transport)

    async def _until_gone(self, transport: asyncio.Transport) -> None:
        """Abort a half-open connection when its peer hangs up or the faults change."""
        active_faults = self.world.active_faults
        descriptor = transport.get_extra_info("socket").fileno()
        while not active_faults.change.is_set() and not _has_hung_up(descriptor):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(active_faults.change.wait(), LOOK_AGAIN)
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
