"""A task's token in, its frames out: connect, register, heartbeat, and connect again (protocol: Socket)."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from wiro_widgets.client.addresses import is_loopback
from wiro_widgets.client.http import tls_context
from wiro_widgets.protocol import retry

MAX_FRAME_BYTES = 8 * 1024 * 1024
OPEN_SECONDS = 10.0
PING_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0

# websockets logs whole frames at DEBUG, and the first one holds the token: this logger never goes that far.
_quiet = logging.getLogger("wiro_widgets.socket")
_quiet.setLevel(logging.WARNING)


class FrameHandler(Protocol):
    """Who is told what the socket brings."""

    def connected(self) -> None:
        """Take note that the task is registered: what happened before this moment may be lost."""

    def received(self, data: str | bytes) -> None:
        """Take one frame."""

    def lost(self, reason: str) -> None:
        """Take note that the connection is gone and will be made again."""


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
        self._heard = False

    def __repr__(self) -> str:
        return f"<TaskSocket {self._url} {'open' if self._connection else 'closed'}>"

    async def run(self) -> None:
        """Keep a registered connection until cancelled; a broken one is made again, ever slower."""
        pauses = retry.delays(FIRST_PAUSE, LONGEST_PAUSE, self._chance)
        while True:
            self._heard = False
            try:
                await self._listen()
                reason = "the server closed the socket"
            except (OSError, WebSocketException) as error:
                reason = _words(error)
            if self._heard:
                pauses = retry.delays(FIRST_PAUSE, LONGEST_PAUSE, self._chance)
            self._handler.lost(reason)
            await asyncio.sleep(next(pauses))

    def drop(self) -> None:
        """Cut a connection that has been silent for too long; `run` makes a new one."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _listen(self) -> None:
        """Listen until the connection ends."""
        async with connect(
            self._url,
            ssl=tls_context() if self._url.startswith("wss:") else None,
            proxy=None if is_loopback(self._url) else True,
            compression=None,  # costs a third of the throughput and 3x the memory
            max_size=MAX_FRAME_BYTES,
            open_timeout=OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1,
            logger=_quiet,
        ) as connection:
            await connection.send(json.dumps({"type": "task_info", "tasktoken": self._token}))
            self._connection = connection
            self._handler.connected()
            try:
                async for data in connection:
                    self._heard = True
                    self._handler.received(data)
            finally:
                self._connection = None


def _words(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
