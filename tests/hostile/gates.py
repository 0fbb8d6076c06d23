"""Answers that wait until a test lets them through."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.hostile.http_wire import Answer, Call, Cut

if TYPE_CHECKING:
    from tests.hostile.server import Hostile

CUT = Cut()


class Gate:
    """An answer that waits to be let through."""

    def __init__(self, server: Hostile, answer: Answer | None) -> None:
        self._server = server
        self._answer = answer
        self._opened = asyncio.Event()
        self.effect = True
        self.is_reached = False

    async def __call__(self, call: Call) -> Answer:
        """Do what was asked, and answer later."""
        answer = self._server.normal_answer(call) if self.effect else CUT
        self.is_reached = True
        self._server.touch()
        await self._opened.wait()
        return self._answer or answer

    def await_call(self) -> None:
        """Wait until the call is here."""
        self._server.wait(lambda: self.is_reached, "the call")

    def open(self) -> None:
        """Let the answer through."""
        self._server.loop.call_soon_threadsafe(self._opened.set)
