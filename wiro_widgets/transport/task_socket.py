"""A task's token in, its frames out: connect, register, heartbeat, and connect again (protocol: Socket)."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, PayloadTooBig, WebSocketException

from wiro_widgets.protocol import backoff
from wiro_widgets.transport.batches import BatchConnection
from wiro_widgets.transport.surroundings import proxy_for, tls_context

MAX_FRAME_BYTES = 8 * 1024 * 1024
OPEN_SECONDS = 10.0
PING_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
STEADY_SECONDS = 5.0  # a connection that lasted so long was a good one: the pauses begin anew

# websockets logs whole frames at DEBUG, and the first one holds the token. This logger never goes that far, and
# nobody who turns every logger up reaches it.
_quiet = logging.Logger("wiro_widgets.socket", logging.WARNING)  # noqa: LOG001 - not registered on purpose
_quiet.parent = logging.getLogger("wiro_widgets")


class FrameHandler(Protocol):
    """Who is told what the socket brings."""

    def connected(self) -> None:
        """Take note that the task is registered: what happened before this moment may be lost."""

    def received(self, frames: Sequence[str | bytes]) -> None:
        """Take frames that came together."""

    def lost(self, reason: str, *, was_open: bool) -> None:
        """Take note that there is no connection, and that one will be made again."""


class TaskSocket:
    """Listens to one task for as long as `run` is not cancelled."""

    def __init__(
        self,
        url: str,
        token: str,
        handler: FrameHandler,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._token = token
        self._handler = handler
        self._chance = chance
        self._connection: ClientConnection | None = None
        self._opened_at: float | None = None

    def __repr__(self) -> str:
        return f"<TaskSocket {self._url} {'open' if self._connection else 'closed'}>"

    async def run(self) -> None:
        """Keep a registered connection until cancelled; a broken one is made again, ever slower."""
        loop = asyncio.get_running_loop()
        pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, self._chance)
        while True:
            self._opened_at = None
            try:
                await self._listen()
                reason = "the server closed it"
            except (OSError, EOFError, WebSocketException, ImportError, ValueError) as error:
                reason = _words(error)
            opened = self._opened_at
            if opened is not None and loop.time() - opened > STEADY_SECONDS:
                pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, self._chance)
            self._handler.lost(reason, was_open=opened is not None)
            await asyncio.sleep(next(pauses))

    def drop(self) -> None:
        """Cut a connection that has been silent for too long; `run` makes a new one."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _listen(self) -> None:
        """Listen until the connection ends."""
        async with await self._connect() as connection:
            cast("BatchConnection", connection).forget_handshake()
            await connection.send(json.dumps({"type": "task_info", "tasktoken": self._token}))
            self._connection = connection
            self._opened_at = asyncio.get_running_loop().time()
            self._handler.connected()
            try:
                async for data in connection:
                    self._handler.received((data,))
            except WebSocketException as error:
                raise (connection.protocol.parser_exc or error) from None
            finally:
                self._connection = None

    def _connect(self) -> _Direct:
        proxy = proxy_for(self._url)
        secured: dict[str, Any] = {"ssl": tls_context()} if self._url.startswith("wss:") else {}
        if proxy and proxy.startswith("https:"):
            secured["proxy_ssl"] = tls_context()
        return _Direct(
            self._url,
            proxy=proxy,
            compression=None,  # costs a third of the throughput and 3x the memory
            max_size=MAX_FRAME_BYTES,
            open_timeout=OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1,
            logger=_quiet,
            create_connection=cast("Any", partial(BatchConnection, self._handler.received)),
            **secured,
        )


class _Direct(connect):
    """A connection that follows no redirect: the token would go to wherever it leads."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Return the error that the redirect is."""
        return exc


def _words(error: Exception) -> str:
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
