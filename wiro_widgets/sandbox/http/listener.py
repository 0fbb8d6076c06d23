"""uvicorn on a bound socket, without its signal handlers and logs, and with a quick end."""

import asyncio
import socket
import struct
from contextlib import suppress

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from wiro_widgets.sandbox.world import World

REGISTRATION_LIMIT = 1024 * 1024
LINGER_RESET = struct.pack("ii", 1, 0)
PATIENCE = 0.15
DATE_SECONDS = 1.0
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Listener(uvicorn.Server):
    """A server that ends as soon as its world is closing."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_connection_class(world),
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                ws_ping_interval=None,  # a half-open connection stays so for as long as it is wanted
                ws_max_size=REGISTRATION_LIMIT,
                lifespan="off",
                log_config=None,
                # Below this level it would write headers and frames, and with them credentials.
                log_level="error",
                access_log=False,
                # Longer than clients keep idle connections, so that none is closed under a Run on its way.
                timeout_keep_alive=75,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.ready = asyncio.Event()
        self._world = world

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and set `ready`."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Wait for the end instead of looking for it ten times a second, and set the Date of replies meanwhile."""
        while not self._world.closing.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._world.closing.wait(), DATE_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close, then abort the remaining connections: a half-open socket would wait for ever."""
        asyncio.get_running_loop().call_later(PATIENCE, self._cut_all)
        await super().shutdown(sockets)

    async def accept(self, accepting: bool, host: str, port: int) -> None:
        """Begin or cease to accept connections at this address."""
        if accepting and not self.servers:
            await self.startup([bind(host, port)])
        elif not accepting:
            for server in self.servers:
                server.close()
            self.servers = []
            self._cut_all()

    def _cut_all(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _connection_class(world: World) -> type[H11Protocol]:
    class Connection(H11Protocol):
        """An HTTP connection that the application can cut, and that may be reset at once."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
            super().connection_made(transport)
            self.app_state = {**self.app_state, "transport": transport}
            if world.active_faults.strikes("reset_connections"):
                raw = transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
                transport.abort()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            if world.active_faults.strikes("refuse_socket"):
                self.transport.write(UNAVAILABLE)
                self.transport.close()
            else:
                super().handle_websocket_upgrade(event)

    return Connection


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; raise OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named: 40 ms a call otherwise.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
