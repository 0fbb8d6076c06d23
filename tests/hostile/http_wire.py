"""A minimal HTTP server: reads calls from asyncio streams and writes whatever bytes a test wants."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MAX_BODY = 1 << 20  # bytes of a body that are stored


class Part(NamedTuple):
    """One part of a form; a field without a file has no file name."""

    name: str
    filename: str | None
    content: bytes


@dataclass
class Call:
    """One request as it arrived; `size` counts the whole body, `body` holds its beginning."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    size: int = 0

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty if it is none."""
        try:
            fields = json.loads(self.body)
        except ValueError:
            return {}
        return fields if isinstance(fields, dict) else {}

    @property
    def parts(self) -> list[Part]:
        """The parts of a multipart form, in their order; empty for another body."""
        content_type = self.headers.get("content-type", "")
        boundary = re.match(r'multipart/form-data; *boundary="?([^";]+)', content_type)
        if boundary is None:
            return []
        chunks = (b"\r\n" + self.body).split(b"\r\n--" + boundary[1].encode())[1:-1]
        return [_part(chunk.removeprefix(b"\r\n")) for chunk in chunks]


def _part(chunk: bytes) -> Part:
    head, _, content = chunk.partition(b"\r\n\r\n")
    names = dict(re.findall(r'(name|filename)="([^"]*)"', head.decode()))
    return Part(names["name"], names.get("filename"), content)


@dataclass
class Reply:
    """An answer. `content` is sent as JSON unless it is bytes; the connection ends after `cut` bytes of it.

    `trickle` is the pause in seconds after each byte.
    """

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    trickle: float = 0.0

    def wire(self, headers: Mapping[str, str]) -> tuple[bytes, bytes]:
        """Return the bytes of head and body; an empty text in `Reply.headers` leaves a header out."""
        body = self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()
        values = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            **headers,
            **{name.lower(): value for name, value in self.headers.items()},
        }
        lines = [f"HTTP/1.1 {self.status} -", *(f"{k}: {v}" for k, v in values.items() if v)]
        return "\r\n".join((*lines, "", "")).encode(), body[: self.cut]


class Cut:
    """Close the connection without an answer."""


CUT = Cut()


class Hang:
    """Never answer."""


@dataclass
class Endless:
    """Start an answer and repeat the same bytes for ever."""

    start: bytes
    repeat: bytes


Answer = Reply | Cut | Hang | Endless


async def read_call(reader: asyncio.StreamReader) -> Call | None:
    """Read one request; None if the peer has gone."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    if "://" in target:  # the form of a request to a proxy
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
        call.body += chunk[: MAX_BODY - len(call.body)]
        remaining -= len(chunk)
    return call


async def write(writer: asyncio.StreamWriter, answer: Answer, headers: Mapping[str, str]) -> bool:
    """Write an answer with these headers of the server; return True if the connection can be used again."""
    if isinstance(answer, Endless):
        writer.write(answer.start)
        while not writer.is_closing():
            writer.write(answer.repeat)
            await writer.drain()
            await asyncio.sleep(0.05)
        return False
    if isinstance(answer, Hang):
        await asyncio.Event().wait()
    if isinstance(answer, Cut | Hang):
        writer.transport.abort()
        return False
    head, body = answer.wire(headers)
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


async def abort_connections() -> None:
    """Abort every connection of this loop, also one that is just accepted or shakes hands and has no handler yet."""
    await asyncio.sleep(0)  # a connection that is just accepted gets its transport
    transports: Any = asyncio.get_running_loop()._transports  # type: ignore[attr-defined] # nothing public has them
    for transport in list(transports.values()):
        transport.abort()
    await asyncio.sleep(0)  # an aborted transport closes its socket in the next step of the loop
