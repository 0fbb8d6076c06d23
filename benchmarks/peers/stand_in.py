"""Stand-ins of five APIs in one process: `python -m benchmarks.peers.stand_in` prints its ports and serves.

`POST /control {"seconds": 0.2, "cut": "wait"}` begins a measurement, `GET /control` says what happened in it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from websockets.asyncio.server import serve

from benchmarks.peers import interfaces, wiro
from benchmarks.peers.world import Call, CutConnection, Reply, World
from benchmarks.server import picture

Answer = Callable[[World, Call], Awaitable[Reply]]
# By the first folder of the path; Wiro's has the version there.
ANSWERS: dict[str, Answer] = {
    "replicate": interfaces.replicate,
    "fal": interfaces.fal,
    "gradio": interfaces.gradio,
    "huggingface": interfaces.huggingface,
    "v1": wiro.answer,
}
BACKLOG = 2000


async def converse(world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection until either side ends it."""
    try:
        while True:
            call = await _read(reader)
            reply = await _answer(world, call)
            if not isinstance(reply.body, bytes):
                writer.write(_head(reply, "connection: close"))
                async for block in reply.body:
                    writer.write(block)
                    await writer.drain()
                return
            writer.write(_head(reply, f"content-length: {len(reply.body)}") + reply.body)
            await writer.drain()
    except CutConnection:
        writer.transport.abort()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split(" ", 2)
    path, _, query = target.partition("?")
    length = re.search(r"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    return Call(method, path, query, body)


async def _answer(world: World, call: Call) -> Reply:
    if call.path == "/control":
        if call.method == "POST":
            world.reset(**call.json())
        return Reply(world.report())
    world.requests += 1
    if call.path.endswith(".png"):
        return Reply(picture(), "image/png")
    return await ANSWERS[call.path.split("/")[1]](world, call)


def _head(reply: Reply, last: str) -> bytes:
    lines = (f"HTTP/1.1 {reply.status} -", f"content-type: {reply.content_type}", last)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


async def main() -> None:
    """Serve on ports of loopback until the process is ended."""
    world = World()
    calls = await asyncio.start_server(partial(converse, world), "127.0.0.1", 0, backlog=BACKLOG)
    talk = partial(wiro.talk, world)
    async with serve(talk, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=BACKLOG) as sockets:
        picture()
        port = calls.sockets[0].getsockname()[1]
        world.address = f"http://127.0.0.1:{port}"
        ports = {"http": port, "ws": sockets.sockets[0].getsockname()[1]}
        sys.stdout.write(f"{json.dumps(ports)}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
