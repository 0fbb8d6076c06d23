"""Bridge: from a thread that waits to an AsyncClient on the loop thread, from the first call to the last."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from wiro_widgets.client import loop_thread
from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.client.loop_thread import LoopThread
from wiro_widgets.protocol.errors import ConfigurationError, WiroError

T = TypeVar("T")
TICK = 0.1  # seconds; how soon a waiting thread sees an interrupt on systems whose locks do not
GRACE = 0.9  # seconds that an interrupt waits for the work to put things in order

IN_CALLBACK = (
    "A callback runs on the engine's thread and cannot wait there; use task.stop_soon(), "
    "or do this in a thread of your own."
)


class Bridge:
    """Owns an AsyncClient and, from the first call on, a share in the loop thread.

    The process holds it until it is closed, so that tasks outlive a Client that nobody names any more. In a forked
    child every call raises ConfigurationError: the loop thread, the sockets and SQLite's locks are the parent's.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self._pid = os.getpid()
        self._thread: LoopThread | None = None
        self._closed = False
        self._lock = threading.Lock()  # guards `_thread` and `_closed`
        _open.add(self)

    def __repr__(self) -> str:
        return f"<Bridge {'closed' if self._closed else repr(self.client)}>"

    @property
    def closed(self) -> bool:
        """True after `close`, and in a forked child."""
        return self._closed or self._is_foreign

    @property
    def _is_foreign(self) -> bool:
        return self._pid != os.getpid()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the engine's thread and wait for it; an interrupt of this thread is seen at once and cancels it.

        Raises ConfigurationError when the client is closed, and on the engine's own thread, which would wait for
        itself.
        """
        thread = self._open_thread(work)
        if thread.is_current:
            work.close()
            raise ConfigurationError(IN_CALLBACK)
        ended = threading.Event()
        future = thread.spawn(work, ended)
        try:
            while True:
                try:
                    return future.result(TICK)
                except TimeoutError:
                    if future.done():  # the work raised it
                        return future.result()
                    if not thread.is_alive:
                        raise ConfigurationError(loop_thread.CLOSED) from None
        except CancelledError:
            raise ConfigurationError(loop_thread.CLOSED) from None
        except WiroError as error:  # its own sentence says what happened; the engine's frames would bury it
            raise error.with_traceback(None)  # noqa: B904 - it keeps the cause that it has
        except BaseException:
            if future.cancel():
                ended.wait(GRACE)
            raise

    def call_within(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Do work and wait for it, but no longer than `seconds`; then it raises TimeoutError and the work goes on.

        Raises ConfigurationError when the client is closed, and on the engine's own thread.
        """
        thread = self._open_thread(work)
        if thread.is_current:
            work.close()
            raise ConfigurationError(IN_CALLBACK)
        return thread.spawn(work).result(seconds)

    def spawn(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do work on the engine's thread and do not wait; raises ConfigurationError when the client is closed."""
        return self._open_thread(work).spawn(work)

    async def await_here(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work on the engine's thread and await it on the caller's loop, which stays free; raises as `call`."""
        future = asyncio.wrap_future(self.spawn(work))
        try:
            while not future.done():
                # ipykernel cancels an interrupted cell from a signal handler, which does not wake an idle loop.
                await asyncio.wait({future}, timeout=TICK)
        finally:
            future.cancel()
        try:
            return future.result()
        except asyncio.CancelledError:
            raise ConfigurationError(loop_thread.CLOSED) from None
        except WiroError as error:
            raise error.with_traceback(None)  # noqa: B904 - it keeps the cause that it has

    def begin(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the engine's thread; raises ConfigurationError when the client is closed."""
        self._open_thread().post(call, *args)

    def post(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the engine's thread, if the client has one."""
        thread = self._thread
        if thread is not None and not self._is_foreign:
            thread.post(call, *args)

    def close(self) -> None:
        """Close the client and give the thread back; closing twice is fine.

        Raises ConfigurationError in a callback, which would wait for itself.
        """
        is_used = self._thread is not None and not self.closed
        if self._thread is not None and self._thread.is_current:
            raise ConfigurationError(IN_CALLBACK)
        try:
            if is_used:
                self.call(self.client.close())
        finally:
            thread = self._detach()
            if thread is not None:
                loop_thread.release(thread)
            elif not is_used:
                self.client.close_unused()

    def close_when_idle(self) -> None:
        """Close as soon as no task is under way, without waiting for it."""
        if self._thread is None or self.closed:
            self.close()
        else:
            self._thread.post(lambda: asyncio.ensure_future(self._close_when_idle()))

    async def _close_when_idle(self) -> None:
        await self.client.idle()
        thread = self._detach()
        if thread is not None:
            await self.client.close()
            loop_thread.release(thread)

    def _open_thread(self, work: Coroutine[Any, Any, Any] | None = None) -> LoopThread:
        """Return the loop thread; refuses the work of a closed client, and of one that a parent process has made."""
        with self._lock:
            if not self.closed:
                self._thread = self._thread or loop_thread.acquire()
                return self._thread
        if work is not None:
            work.close()
        reason = "was made in another process, before a fork" if self._is_foreign else "was closed"
        raise ConfigurationError(f"This client {reason}; make a new one.")

    def _detach(self) -> LoopThread | None:
        """Mark it closed and return the thread that is to be given back, once."""
        with self._lock:
            thread, self._thread, self._closed = self._thread, None, True
        _open.discard(self)
        return None if self._is_foreign else thread


_open: set[Bridge] = set()


@atexit.register
def _close_all() -> None:
    """Leave no thread and no socket behind; runs before the loop thread is stopped, which registered earlier."""
    for bridge in tuple(_open):
        try:
            bridge.close()
        except (WiroError, OSError, RuntimeError):  # nobody is left to be told
            continue
