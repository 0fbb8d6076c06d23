"""TaskSocket: a task's token in, its frames out: connect, register, ping, and reconnect (docs/protocol.md, Socket)."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, PayloadTooBig, WebSocketException

from wiro_widgets.protocol import backoff
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.http import tls_context
from wiro_widgets.transport.urls import is_loopback

MAX_FRAME_BYTES = 8 * 1024 * 1024

# websockets logs whole frames at DEBUG, and the first one holds the token. This logger never goes that far, and code
# that sets the level of every registered logger does not reach it.
_quiet_log = logging.Logger("wiro_widgets.socket", logging.WARNING)  # noqa: LOG001 - not registered on purpose
_quiet_log.parent = logging.getLogger("wiro_widgets")


class FrameHandler(Protocol):
    """What the socket calls, on its loop."""

    def on_connect(self) -> None:
        """Handle the registration of the task; events from before this moment may be missing."""

    def on_frames(self, frames: Sequence[str | bytes]) -> None:
        """Handle frames, in their order."""

    def on_disconnect(self, reason: str, *, was_open: bool) -> None:
        """Handle the end of a connection, or an attempt that failed; the socket connects again."""


class TaskSocket:
    """Listens to one task until `run` is cancelled."""

    def __init__(
        self,
        url: str,
        token: str,
        handler: FrameHandler,
        *,
        timing: Timing,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._token = token
        self._handler = handler
        self._timing = timing
        self._chance = chance
        self._connection: ClientConnection | None = None
        self._opened_at: float | None = None
        self._frames: list[str | bytes] = []

    def __repr__(self) -> str:
        return f"<TaskSocket {self._url} {'open' if self._connection else 'closed'}>"

    async def run(self) -> None:
        """Keep a registered connection until cancelled; reconnect after pauses that grow."""
        loop = asyncio.get_running_loop()
        pauses = backoff.delays(*self._timing.socket_retries, self._chance)
        while True:
            self._opened_at = None
            try:
                await self._listen()
                reason = "the server closed it"
            except (OSError, EOFError, WebSocketException, ImportError, ValueError) as error:
                reason = _reason(error)
            opened_at = self._opened_at
            if opened_at is not None and loop.time() - opened_at > self._timing.socket_steady:
                pauses = backoff.delays(*self._timing.socket_retries, self._chance)
            self._handler.on_disconnect(reason, was_open=opened_at is not None)
            await asyncio.sleep(next(pauses))

    def drop(self) -> None:
        """Cut a connection that has been silent for too long; `run` makes a new one."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _listen(self) -> None:
        """Listen until the connection ends."""
        loop = asyncio.get_running_loop()
        async with self._connect() as connection:
            # The headers of the handshake are a fifth of what an idle connection holds.
            connection.request = None
            if connection.response is not None:
                connection.response.headers.clear()
            await connection.send(json.dumps({"type": "task_info", "tasktoken": self._token}))
            self._connection = connection
            self._opened_at = loop.time()
            self._handler.on_connect()
            try:
                async for data in connection:
                    if not self._frames:
                        loop.call_soon(self._hand_over)
                    self._frames.append(data)
            except WebSocketException as error:
                raise (connection.protocol.parser_exc or error) from None
            finally:
                self._connection = None
                self._hand_over()

    def _hand_over(self) -> None:
        """Give the handler the frames that came together.

        websockets yields all frames of one read without a turn of the loop, so this call, scheduled with the first of
        them, comes after the last. A call for each frame would cost a quarter of the throughput.
        """
        frames, self._frames = self._frames, []
        if frames:
            self._handler.on_frames(frames)

    def _connect(self) -> _ConnectDirectly:
        proxy = proxy_for(self._url)
        tls: dict[str, Any] = {"ssl": tls_context()} if self._url.startswith("wss:") else {}
        if proxy and proxy.startswith("https:"):
            tls["proxy_ssl"] = tls_context()
        return _ConnectDirectly(
            self._url,
            proxy=proxy,
            compression=None,  # costs a third of the throughput and 3x the memory
            max_size=MAX_FRAME_BYTES,
            open_timeout=self._timing.socket_open,
            ping_interval=self._timing.socket_ping,
            ping_timeout=self._timing.socket_ping,
            close_timeout=1,
            logger=_quiet_log,
            **tls,
        )


class _ConnectDirectly(connect):
    """A connection that follows no redirect, because the token would go to its target."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Return the error that the redirect is."""
        return exc


def proxy_for(url: str) -> str | None:
    """Return the proxy for a socket from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, as httpx reads them.

    websockets itself reads neither ALL_PROXY nor a proxy without a scheme, and takes HTTPS_PROXY for ws as well.
    """
    parts = urlsplit(url)
    if is_loopback(url) or not parts.hostname:  # no proxy reaches this machine's own loopback
        return None
    scheme, port = ("https", 443) if parts.scheme == "wss" else ("http", 80)
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(f"{parts.hostname}:{parts.port or port}"):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _reason(error: Exception) -> str:
    """Return what happened; never the error's own text, which may quote a frame."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, PayloadTooBig):
        return f"a frame is larger than {MAX_FRAME_BYTES >> 20} MiB, the limit"
    if isinstance(error, InvalidStatus):
        return f"the server answered with HTTP {error.response.status_code}"
    if isinstance(error, ImportError):
        return "a SOCKS proxy needs: pip install python-socks"
    return type(error).__name__
