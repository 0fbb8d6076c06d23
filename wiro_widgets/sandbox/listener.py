"""uvicorn in a thread's own event loop, without its signals, its logs and its leisurely end."""

import asyncio
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

SOCKET_FRAME_LIMIT = 1024 * 1024


class Connection(H11Protocol):
    """An HTTP connection whose transport the application can reach, to cut it when a fault asks for that."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Listener(uvicorn.Server):
    """A server on an already bound socket that ends as soon as `leave` is set."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                ws_max_size=SOCKET_FRAME_LIMIT,
                lifespan="off",
                log_config=None,
                # Below this level it would write headers and frames, and with them credentials.
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.leave = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for the end instead of looking for it ten times a second."""
        await self.on_tick(0)
        await self.leave.wait()


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; raise OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def address(bound: socket.socket) -> str:
    """Return host:port as a URL writes it."""
    name: tuple[Any, ...] = bound.getsockname()
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{host}:{name[1]}"
