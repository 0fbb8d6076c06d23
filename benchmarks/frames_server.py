"""A bare Wiro for load: any number of tasks, any number of frames, in a process of its own.

`python -m benchmarks.frames_server` prints its port. A task's id says how many frames it sends: "n<frames>-<serial>".
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

LINE = "generating tile 0123 of the picture, attention slice 7, residual 0.0012345, scheduler euler, ok " * 2


def frame(kind: str, message: Any, token: str) -> str:
    """Return one frame as Wiro prints it."""
    return json.dumps({"type": kind, "id": token, "tasktoken": token, "message": message, "result": True})


async def talk(connection: ServerConnection) -> None:
    """Send the frames that the token asks for, then the end."""
    told = json.loads(await connection.recv())
    token = str(told["tasktoken"])
    count = int(re.match(r"n(\d+)", token)[1])  # type: ignore[index] # our own tokens
    await connection.send(frame("task_start", None, token))
    line = frame("task_output", LINE[:190], token)
    for _ in range(count):
        await connection.send(line)
    await connection.send(frame("task_postprocess_end", [], token))
    await connection.wait_closed()


async def main() -> None:
    """Serve until the process is ended."""
    async with serve(talk, "127.0.0.1", 0, compression=None, max_size=None, ping_interval=None) as server:
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


__all__ = ["Headers", "Request", "Response", "frame", "main", "talk"]

if __name__ == "__main__":
    asyncio.run(main())
