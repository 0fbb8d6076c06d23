"""TaskSocket: a task's token in, its frames out: connect, register, ping, and reconnect (docs/protocol.md, Socket)."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, PayloadTooBig, WebSocketException

from wiro_widgets.protocol import backoff
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.environment import (
    SOCKS_PACKAGES,
    Proxy,
    find_certificates,
    find_proxy,
    tls_context,
)
from wiro_widgets.transport.routes import describe

MAX_FRAME_BYTES = 8 * 1024 * 1024

# websockets logs whole frames at DEBUG, and the first one holds the token. This logger never goes that far, and code
# that sets the level of every registered logger does not reach it.
_quiet_log = logging.Logger("wiro_widgets.socket", logging.WARNING)  # noqa: LOG001 - not registered on purpose
_quiet_log.parent = logging.getLogger("wiro_widgets")


_FAILURES = (OSError, EOFError, WebSocketException, ImportError, ValueError, ConfigurationError)


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
        self._proxy: Proxy | None = None  # of the last attempt to connect
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
            except _FAILURES as error:
                reason = _reason(error, self._url, self._proxy, was_open=self._opened_at is not None)
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
        self._proxy = find_proxy(self._url)
        async with _connection(self._url, self._proxy, self._timing) as connection:
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


async def reason_not_open(url: str, timing: Timing) -> str | None:
    """Open a connection, register nothing and close it; return why it does not open, None if it does."""
    proxy = None
    try:
        proxy = find_proxy(url)
        async with _connection(url, proxy, timing):
            return None
    except _FAILURES as error:
        return _reason(error, url, proxy, was_open=False)


def _connection(url: str, proxy: Proxy | None, timing: Timing) -> _ConnectDirectly:
    tls: dict[str, Any] = {"ssl": tls_context()} if url.startswith("wss:") else {}
    if proxy and proxy.url.startswith("https:"):
        tls["proxy_ssl"] = tls_context()
    return _ConnectDirectly(
        url,
        proxy=None if proxy is None else proxy.url,
        compression=None,  # costs a third of the throughput and 3x the memory
        max_size=MAX_FRAME_BYTES,
        open_timeout=timing.socket_open,
        ping_interval=timing.socket_ping,
        ping_timeout=timing.socket_ping,
        close_timeout=1,
        logger=_quiet_log,
        **tls,
    )


def _reason(error: Exception, url: str, proxy: Proxy | None, *, was_open: bool) -> str:
    """Return what happened; never the text of an error of an open connection, which may quote a frame."""
    if isinstance(error, ConfigurationError):
        return str(error).rstrip(".")
    if isinstance(error, PayloadTooBig):
        return f"a frame is larger than {MAX_FRAME_BYTES >> 20} MiB, the limit"
    if isinstance(error, InvalidStatus):
        return f"the server answered with HTTP {error.response.status_code}"
    if isinstance(error, ImportError):
        return f"{proxy} needs: {SOCKS_PACKAGES}"
    is_of_system = isinstance(error, OSError) and error.errno is not None  # such as "Connection refused"
    if not was_open and (is_of_system or proxy is not None):
        return describe(error, urlsplit(url).hostname or "", proxy, find_certificates())[0]
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__


class _ConnectDirectly(connect):
    """A connection that follows no redirect, because the token would go to its target."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Return the error that the redirect is."""
        return exc
