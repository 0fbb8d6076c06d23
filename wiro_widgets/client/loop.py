"""The one background thread with the one event loop; the only file that crosses threads.

A client that lived on the kernel's own loop would stall whenever a cell is busy, and its socket would die of a
missed ping.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
TICK = 0.1  # seconds; how soon a waiting thread sees an interrupt on systems whose locks do not
GRACE = 0.9  # seconds that an interrupt waits for the work to put things in order
WORKERS = 4  # threads for files and the journal


class LoopThread:
    """A daemon thread that runs an event loop for as long as somebody holds it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self._workers = concurrent.futures.ThreadPoolExecutor(WORKERS, thread_name_prefix="wiro-files")
        self.loop.set_default_executor(self._workers)
        self._holders = 0
        self._thread = threading.Thread(target=self._run, name="wiro-engine", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LoopThread {'running' if self._thread.is_alive() else 'stopped'}, {self._holders} holders>"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work on the loop and wait for it; an interrupt of this thread is seen at once and cancels it."""
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_announced(work, ended), self.loop)
        try:
            while True:
                try:
                    return future.result(TICK)
                except TimeoutError:
                    if future.done():
                        return future.result()
        except BaseException:
            if future.cancel():
                ended.wait(GRACE)
            raise

    def spawn(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run the work on the loop and do not wait."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Have a plain function called on a worker thread after a while, where it may take its time."""
        self.post(lambda: self.loop.call_later(seconds, self.loop.run_in_executor, None, call))

    def post(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the loop; after the loop has stopped this does nothing."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(call, *args)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(_wind_down(self.loop))
        finally:
            self._workers.shutdown()
            self.loop.close()

    def _stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)


async def _announced(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    """Do the work and say when it has ended, for a cancelled future does not wait for that."""
    try:
        return await work
    finally:
        ended.set()


async def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    left = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()


@atexit.register
def _end() -> None:
    """Stop the thread when the interpreter ends, whoever still holds it."""
    with _lock:
        left = _shared
    if left is not None and left.pid == os.getpid():
        left._stop()  # noqa: SLF001 - this module's own


_lock = threading.Lock()
_shared: LoopThread | None = None


def acquire() -> LoopThread:
    """Return the process's loop thread, started when nobody holds one, and anew in a forked child."""
    global _shared  # noqa: PLW0603 - one thread for the whole process is the point
    with _lock:
        if _shared is None or _shared.pid != os.getpid():
            _shared = LoopThread()
        _shared._holders += 1  # noqa: SLF001 - counted under this module's lock
        return _shared


def release(held: LoopThread) -> None:
    """Give it back; the last holder ends the thread."""
    global _shared  # noqa: PLW0603 - the same
    with _lock:
        held._holders -= 1  # noqa: SLF001 - the same
        last = held._holders == 0 and held.pid == os.getpid()  # noqa: SLF001 - the same
        if last and _shared is held:
            _shared = None
    if last:
        held._stop()  # noqa: SLF001 - the same
