"""An HTTP proxy for hosts that no resolver knows: it forwards calls and opens tunnels."""

from __future__ import annotations

import asyncio
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Self

from tests.hostile.http_wire import abort_connections


class Proxy:
    """`hosts` maps each "host:port" that may be requested to a port on loopback.

    With a `login`, "user:password", it answers 407 to whoever does not send it; it answers `refusal` for other hosts.
    """

    def __init__(
        self,
        hosts: Mapping[str, int],
        *,
        login: str | None = None,
        refusal: int = 502,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[str] = []
        self.login = login
        self._hosts = hosts
        self._refusal = refusal
        self._tls = tls
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
        return f"{'https' if self._tls else 'http'}://{self.name}"

    @property
    def name(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self._port}"

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0, ssl=self._tls)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set_result(None)
        await self._closing.wait()
        server.close()
        await abort_connections()

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
        if self.login is not None and f"Basic {b64encode(self.login.encode()).decode()}" not in head.decode():
            await self._refuse(writer, 407)
            return
        place = target if method == "CONNECT" else target.removeprefix("http://").split("/", 1)[0]
        port = self._hosts.get(place if ":" in place else f"{place}:80")
        if port is None:
            await self._refuse(writer, self._refusal)
            return
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 -\r\n\r\n")
        else:
            their_writer.write(head)
        await asyncio.gather(_pump(reader, their_writer), _pump(their_reader, writer))

    @staticmethod
    async def _refuse(writer: asyncio.StreamWriter, status: int) -> None:
        writer.write(f"HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()
