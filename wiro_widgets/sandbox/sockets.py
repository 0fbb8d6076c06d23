"""The socket: registrations in, the frames of those tasks out."""

import asyncio
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from wiro_widgets.sandbox.tasks import Frame, SandboxTask
from wiro_widgets.sandbox.world import World


async def serve_socket(world: World, websocket: WebSocket) -> None:
    """Serve one connection until it closes; it may register any number of tasks."""
    world.recorder.add("GET", websocket.url.path)
    await websocket.accept()
    frames: asyncio.Queue[Frame] = asyncio.Queue()
    followed: list[SandboxTask] = []
    sender = asyncio.create_task(_send(websocket, frames))
    try:
        while True:
            task = _registration(world, await _receive(websocket))
            if task is not None:
                task.listeners.add(frames)
                followed.append(task)
    except WebSocketDisconnect:
        pass
    finally:
        sender.cancel()
        for task in followed:
            task.listeners.discard(frames)


async def _send(websocket: WebSocket, frames: asyncio.Queue[Frame]) -> None:
    try:
        while True:
            frame = await frames.get()
            await websocket.send_text(json.dumps(frame))
    except (WebSocketDisconnect, RuntimeError):
        return  # The reader sees the same end and cleans up.


async def _receive(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    return message.get("text") or ""


def _registration(world: World, text: str) -> SandboxTask | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or content.get("type") != "task_info":
        return None
    token = content.get("tasktoken")
    return world.tasks.find(token=token) if isinstance(token, str) and token else None
