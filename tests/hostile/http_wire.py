"""The least of an HTTP server: reads calls from plain streams and writes whatever bytes a test wants."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

KEPT = 1 << 20  # bytes of a body that are kept


@dataclass
class Call:
    """One request as it arrived; `size` counts all of its body, `body` holds the beginning."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    size: int = 0

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; empty for another."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


@dataclass
class Reply:
    """An answer: `content` is JSON unless it is bytes; `cut` ends the connection after so many bytes of it."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    trickle: float = 0.0

    def wire(self) -> tuple[bytes, bytes]:
        """Return head and body."""
        body = self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            **{name.lower(): value for name, value in self.headers.items()},
        }
        lines = [f"HTTP/1.1 {self.status} -", *(f"{k}: {v}" for k, v in headers.items() if v)]
        return "\r\n".join((*lines, "", "")).encode(), body[: self.cut]


class Cut:
    """Close the connection without an answer."""


class Hang:
    """Never answer."""


@dataclass
class Endless:
    """Begin an answer and say the same thing again and again."""

    beginning: bytes
    again: bytes


Answer = Reply | Cut | Hang | Endless


async def read_call(reader: asyncio.StreamReader) -> Call | None:
    """Read one request; None when the peer has gone."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    if "://" in target:  # as a proxy is asked
        target = "/" + target.split("/", 3)[3]
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    call = Call(method, target.partition("?")[0], headers)
    remaining = int(headers.get("content-length", "0"))
    while remaining:
        chunk = await reader.read(min(remaining, 1 << 16))
        if not chunk:
            return None
        call.size += len(chunk)
        call.body += chunk[: KEPT - len(call.body)]
        remaining -= len(chunk)
    return call


async def write(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Write an answer; tell whether the connection can be used again."""
    if isinstance(answer, Endless):
        writer.write(answer.beginning)
        while not writer.is_closing():
            writer.write(answer.again)
            await writer.drain()
            await asyncio.sleep(0.05)
        return False
    if isinstance(answer, Hang):
        await asyncio.Event().wait()
    if isinstance(answer, Cut | Hang):
        writer.transport.abort()
        return False
    head, body = answer.wire()
    writer.write(head)
    if answer.trickle:
        for index in range(len(body)):
            writer.write(body[index : index + 1])
            await writer.drain()
            await asyncio.sleep(answer.trickle)
    else:
        writer.write(body)
    await writer.drain()
    if answer.cut is not None:
        writer.close()
    return answer.cut is None
