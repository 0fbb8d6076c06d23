"""Bridge: an AsyncClient on the loop thread, from the first call to the last; what a blocking Client holds."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from wiro_widgets.client import loop_thread
from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.protocol.errors import ConfigurationError, WiroError

T = TypeVar("T")


class Bridge:
    """Kept by the process until it is closed, so that tasks outlive a Client that nobody names any more."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.closed = False
        self._pid = os.getpid()
        self._loop: loop_thread.LoopThread | None = None
        self._lock = threading.Lock()
        _open.add(self)

    def __repr__(self) -> str:
        return f"<Bridge {'closed' if self.closed else repr(self.client)}>"

    @property
    def is_ours(self) -> bool:
        """Whether it was made in this process, and not before a fork."""
        return self._pid == os.getpid()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work of the engine's on its thread and wait for it; raises ConfigurationError when it is closed."""
        return self._held(work).call(work)

    def spawn(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do work of the engine's on its thread and do not wait; raises ConfigurationError when it is closed."""
        return self._held(work).spawn(work)

    def begin(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the engine's thread; raises ConfigurationError when it is closed."""
        self._held().post(call, *args)

    def post(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the engine's thread, if that is there."""
        held = self._loop
        if held is not None and held.is_ours:
            held.post(call, *args)

    def close(self) -> None:
        """Close the client and give the thread back; closing twice is fine.

        Raises ConfigurationError in a callback, which would wait for itself.
        """
        if self._loop is not None and self._loop.is_here:
            raise ConfigurationError(loop_thread.IN_CALLBACK)
        with self._lock:
            first, self.closed = not self.closed, True
            held, self._loop = self._loop, None
        if not first:
            return
        _open.discard(self)
        if held is None or not held.is_ours:
            self.client.close_unused()
            return
        try:
            held.call(self.client.close())
        finally:
            loop_thread.release(held)

    def abandon(self) -> None:
        """Close as soon as no task is under way, without waiting for it."""
        held = self._loop
        if held is None or self.closed or not self.is_ours:
            self.close()
        else:
            held.post(lambda: asyncio.ensure_future(self._close_when_idle()))

    async def _close_when_idle(self) -> None:
        await self.client.idle()
        with self._lock:
            held, self._loop, self.closed = self._loop, None, True
        _open.discard(self)
        if held is not None:
            await self.client.close()
            loop_thread.release(held)

    def _held(self, work: Coroutine[Any, Any, Any] | None = None) -> loop_thread.LoopThread:
        with self._lock:
            if not self.closed and self.is_ours:
                self._loop = self._loop or loop_thread.acquire()
                return self._loop
        if work is not None:
            work.close()
        why = "was closed" if self.closed else "was made in another process, before a fork"
        raise ConfigurationError(f"This client {why}; make a new one.")


_open: set[Bridge] = set()


def _close_all() -> None:
    """Leave no thread and no socket behind when the interpreter ends."""
    for connection in tuple(_open):
        if not connection.is_ours:
            continue
        try:
            connection.close()
        except (WiroError, OSError, RuntimeError):  # nobody is left to be told
            continue


loop_thread.at_exit(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)
