"""A bare Wiro for load, in a process of its own: it does next to nothing, so that what is measured is its client.

`python -m benchmarks.server [CERTIFICATE KEY]` prints its ports as JSON and serves until it is ended. A model's name
says what its tasks do: "n100-r50-d2000-o4" sends 100 lines at 50 a second, takes at least 2,000 ms and has 4 outputs.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import re
import ssl
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from PIL import Image
from websockets.asyncio.server import ServerConnection, serve

WORDS = "generating tile of the picture, attention slice 7, residual 0.0012345, scheduler euler, all is well "
ITEMS = [
    {"id": "prompt", "type": "textarea", "label": "Prompt"},
    {"id": "image", "type": "combinefileinput", "label": "Image", "max": "1"},
]
BLOCK = 200  # lines that are made and written at once
PULSE = 0.01  # seconds between writes of a task with a rate
LARGEST_BODY = 1 << 20  # of a request that is read; of a larger one only the head is
EDGE = 1024  # pixels of an output

_serials = itertools.count(1)
_tasks: dict[str, Task] = {}
_tokens: dict[str, Task] = {}
_port = 0


@dataclass
class Task:
    """One task: what its name asks for, when it began and whether its frames are out."""

    id: str
    lines: int = 0
    rate: int = 0
    outputs: int = 0
    ends_at: float = 0.0
    has_listener: bool = False  # somebody listens: then it ends with its last frame
    over: bool = False

    @classmethod
    def start(cls, name: str) -> Task:
        """Begin the task that the model's name asks for."""
        counts = {reply[0]: int(reply[1:]) for reply in re.findall(r"[nrdo]\d+", name)}
        task = cls(f"{name}-{next(_serials)}", counts.get("n", 0), counts.get("r", 0), counts.get("o", 0))
        task.ends_at = time.monotonic() + counts.get("d", 0) / 1000
        _tasks[task.id] = _tokens[token_of(task.id)] = task
        return task

    def detail(self) -> dict[str, Any]:
        """Return the task as Task/Detail has it."""
        ended = self.over or (not self.has_listener and time.monotonic() >= self.ends_at)
        return {
            "id": self.id,
            "status": "task_postprocess_end" if ended else "task_start",
            "pexit": "0" if ended else None,
            "socketaccesstoken": token_of(self.id),
            "outputs": self.output_entries() if ended else [],
            "totalcost": "0.01",
        }

    def output_entries(self) -> list[dict[str, Any]]:
        """Return its outputs."""
        size = str(len(picture()))
        return [
            {
                "id": str(number),
                "name": f"{number}.png",
                "contenttype": "image/png",
                "size": size,
                "url": f"http://127.0.0.1:{_port}/files/{number}.png",
            }
            for number in range(self.outputs)
        ]


def token_of(task_id: str) -> str:
    """Return the token of a task, as long as Wiro's."""
    return f"token-{task_id}".ljust(40, "x")


@cache
def picture() -> bytes:
    """Return a PNG as a model makes it: neither flat nor noise."""
    base = Image.effect_mandelbrot((EDGE, EDGE), (-1.5, -1.2, 0.9, 1.2), 60)
    other = Image.radial_gradient("L").resize((EDGE, EDGE))
    noise = Image.effect_noise((EDGE, EDGE), 12)
    target = io.BytesIO()
    Image.merge("RGB", (base, other, noise)).save(target, "PNG")
    return target.getvalue()


# Frames


def frame(kind: str, message: Any, task: Task) -> bytes:
    """Return one frame as Wiro prints it."""
    fields = {"type": kind, "id": task.id, "tasktoken": token_of(task.id), "message": message, "result": True}
    return frame_bytes(json.dumps(fields).encode())


def frame_bytes(payload: bytes) -> bytes:
    """Return a text frame of the WebSocket protocol (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - the protocol's own number
        return bytes((0x81, size)) + payload
    head = (
        bytes((0x81, 126)) + size.to_bytes(2, "big")
        if size < 1 << 16
        else b"\x81\x7f" + size.to_bytes(8, "big")
    )
    return head + payload


def lines(task: Task, first: int, count: int) -> bytes:
    """Return frames with the lines of these numbers."""
    before, after = frame("task_output", f"line 0000000 {WORDS}"[:165], task).split(b"0000000", 1)
    return b"".join(b"%b%07d%b" % (before, number, after) for number in range(first, first + count))


async def talk(connection: ServerConnection) -> None:
    """Send the frames of the task that registers, straight into the transport: websockets would cost more."""
    registration = json.loads(await connection.recv())
    token = str(registration["tasktoken"])
    task = _tokens.get(token) or Task.start(token)  # a task without a Run: whoever listens made its token up
    task.has_listener = True
    wire = connection.transport
    wire.write(frame("task_start", None, task))
    sent_count, start = 0, time.monotonic()
    while sent_count < task.lines and not wire.is_closing():
        due = min(task.lines, int((time.monotonic() - start) * task.rate)) if task.rate else task.lines
        count = min(BLOCK, due - sent_count)
        if count > 0:
            wire.write(lines(task, sent_count, count))
            sent_count += count
        if sent_count >= due:
            await asyncio.sleep(max(PULSE, 1 / task.rate) if task.rate else 0)
        await connection.drain()
    await asyncio.sleep(max(0.0, task.ends_at - time.monotonic()))
    task.over = True
    if wire.is_closing():
        return
    wire.write(frame("task_end", None, task) + frame("task_postprocess_end", task.output_entries(), task))
    await connection.wait_closed()


# Calls


class Http(asyncio.Protocol):
    """One connection of HTTP/1.1 with the few paths that are measured."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.head = ""
        self.remaining = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer when a request is whole; the body of a large one is let go as it comes."""
        if self.remaining > LARGEST_BODY:
            self.remaining -= len(data)
            if self.remaining <= LARGEST_BODY:
                self.remaining += len(self.buffer)
            return
        self.buffer += data
        if not self.head:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = self.buffer[:end].decode("latin-1")
            del self.buffer[: end + 4]
            length = re.search(r"\r\ncontent-length: *(\d+)", self.head, re.IGNORECASE)
            self.remaining = int(length[1]) if length else 0
        if self.remaining > LARGEST_BODY:
            self.remaining -= len(self.buffer)
            self.buffer.clear()
            return
        if len(self.buffer) >= self.remaining:
            body = bytes(self.buffer[: self.remaining])
            path, self.head, self.remaining = self.head.split(" ", 2)[1], "", 0
            self.buffer.clear()
            self.transport.write(answer(path, body))


def answer(path: str, body: bytes) -> bytes:
    """Return the reply to a whole request."""
    if path.startswith("/files/"):
        return reply(picture(), "image/png")
    if path.startswith("/v1/Run/"):
        task = Task.start(path.rpartition("/")[2])
        fields: dict[str, Any] = {"taskid": task.id, "socketaccesstoken": token_of(task.id)}
    elif path.startswith("/v1/many/"):  # not Wiro's: many tasks with one call
        count, name = path.split("/")[-2:]
        fields = {"tasklist": [Task.start(name).detail() for _ in range(int(count))]}
    elif path == "/v1/Task/Detail":
        query = json.loads(body)
        task = _tasks.get(str(query.get("taskid"))) or Task("unknown", over=True)
        fields = {"total": "1", "tasklist": [task.detail()]}
    else:
        fields = {"tool": [{"parameters": [{"title": "Input", "items": ITEMS}]}]}
    return reply(json.dumps({"result": True, "errors": [], **fields}).encode(), "application/json")


def reply(body: bytes, content_type: str) -> bytes:
    """Return a whole HTTP reply."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main(certificate: str | None = None, key: str | None = None) -> None:
    """Serve HTTP, ws and, with a certificate, wss on ports of loopback until the process is ended."""
    global _port  # noqa: PLW0603 - the addresses of the outputs hold it
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    calls = await asyncio.get_running_loop().create_server(Http, "127.0.0.1", 0, backlog=2000)
    plain: dict[str, Any] = {"compression": None, "max_size": None, "ping_interval": None, "backlog": 2000}
    async with (
        serve(talk, "127.0.0.1", 0, **plain) as ws,
        serve(talk, "127.0.0.1", 0, ssl=context, **plain) as wss,
    ):
        _port = calls.sockets[0].getsockname()[1]
        ports = {"http": _port, "ws": ws.sockets[0].getsockname()[1], "wss": wss.sockets[0].getsockname()[1]}
        picture()
        sys.stdout.write(f"{json.dumps(ports)}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
