"""An HTTP proxy for hosts that no resolver knows: it forwards calls and opens tunnels."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Self


class Proxy:
    """`hosts` maps each "host:port" that may be requested to a port on loopback."""

    def __init__(self, hosts: Mapping[str, int]) -> None:
        self.requests: list[str] = []
        self._hosts = hosts
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """The address of the proxy."""
        return f"http://127.0.0.1:{self._port}"

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set_result(None)
        await self._closing.wait()
        server.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._forward(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        self.requests.append(f"{method} {target}")
        place = target if method == "CONNECT" else target.removeprefix("http://").split("/", 1)[0]
        port = self._hosts.get(place if ":" in place else f"{place}:80")
        if port is None:
            writer.write(b"HTTP/1.1 502 -\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            return
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 -\r\n\r\n")
        else:
            their_writer.write(head)
        await asyncio.gather(_pump(reader, their_writer), _pump(their_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()
