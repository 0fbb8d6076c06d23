"""The one background thread with the one event loop; the only file that crosses threads.

A client that lived on the kernel's own loop would stall whenever a cell is busy, and its socket would die of a
missed ping.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import concurrent.futures.thread  # imported before `at_exit` below is used: what registers later ends earlier
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from wiro_widgets.protocol.errors import ConfigurationError, WiroError

T = TypeVar("T")
_log = logging.getLogger("wiro_widgets")
TICK = 0.1  # seconds; how soon a waiting thread sees an interrupt on systems whose locks do not
GRACE = 0.9  # seconds that an interrupt waits for the work to put things in order
WORKERS = 12  # threads for files, the journal and the names of hosts, which may keep some of them waiting
END_SECONDS = 5.0  # for the thread to end

IN_CALLBACK = (
    "A callback runs on the engine's thread and cannot wait there; use task.stop_soon(), "
    "or do this in a thread of your own."
)
_CLOSED = "The connection was closed while this was under way; make a new client."


class LoopThread:
    """A daemon thread that runs an event loop for as long as somebody holds it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.holders = 0
        self._workers = concurrent.futures.ThreadPoolExecutor(WORKERS, thread_name_prefix="wiro-files")
        self.loop.set_default_executor(self._workers)
        self._thread = threading.Thread(target=self._run, name="wiro-engine", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LoopThread {'running' if self._thread.is_alive() else 'stopped'}, {self.holders} holders>"

    @property
    def is_ours(self) -> bool:
        """Whether it was made in this process, and not before a fork."""
        return self.pid == os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work on the loop and wait for it; an interrupt of this thread is seen at once and cancels it.

        Raises ConfigurationError on the loop's own thread, which would wait for itself.
        """
        if self.is_here:
            work.close()
            raise ConfigurationError(IN_CALLBACK)
        ended = threading.Event()
        future = self.spawn(work, ended)
        try:
            return self._waited(future)
        except concurrent.futures.CancelledError:
            raise ConfigurationError(_CLOSED) from None
        except WiroError as error:  # its own sentence says what happened; the engine's frames would bury it
            raise error.with_traceback(None)  # noqa: B904 - it keeps the cause that it has
        except BaseException:
            if future.cancel():
                ended.wait(GRACE)
            raise

    def spawn(
        self, work: Coroutine[Any, Any, T], ended: threading.Event | None = None
    ) -> concurrent.futures.Future[T]:
        """Run the work on the loop and do not wait; `ended` is set when it has ended, also when it was cancelled."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def begin() -> None:
            task = self.loop.create_task(work)
            task.add_done_callback(lambda done: _deliver(done, future, ended))
            future.add_done_callback(lambda done: self.post(task.cancel) if done.cancelled() else None)

        try:
            self.loop.call_soon_threadsafe(begin)
        except RuntimeError:
            work.close()
            raise ConfigurationError(_CLOSED) from None
        return future

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Have a plain function called on a worker thread after a while, where it may take its time."""
        self.post(lambda: self.loop.call_later(seconds, self.loop.run_in_executor, None, call))

    def post(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the loop; after the loop has stopped this does nothing."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(call, *args)

    def stop(self) -> None:
        """End the thread and what still runs on it; for `release` and the end of the interpreter."""
        self.post(self.loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(END_SECONDS)

    def _waited(self, future: concurrent.futures.Future[T]) -> T:
        while True:
            try:
                return future.result(TICK)
            except TimeoutError:
                if future.done():
                    return future.result()
                if not self._thread.is_alive():
                    raise ConfigurationError(_CLOSED) from None

    def _served(self) -> bool:
        """Serve until the loop is stopped, and tell whether that is why it ended: an exit of a callback is none."""
        try:
            self.loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            return False
        return True

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            while not self._served():
                _log.error("Something on the engine's thread wanted to end the process; the engine goes on")
            self.loop.run_until_complete(_wind_down(self.loop))
        finally:
            self._workers.shutdown()
            self.loop.close()


def _deliver(
    task: asyncio.Task[T], future: concurrent.futures.Future[T], ended: threading.Event | None
) -> None:
    """Hand the outcome of the work to whoever waits for it."""
    error = None if task.cancelled() else task.exception()
    if task.cancelled():
        future.cancel()
    if future.set_running_or_notify_cancel():
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())
    if ended is not None:
        ended.set()


async def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    left = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()


_lock = threading.Lock()
_shared: LoopThread | None = None


def acquire() -> LoopThread:
    """Return the process's loop thread, started when nobody holds one, and anew in a forked child."""
    global _shared  # noqa: PLW0603 - one thread for the whole process is the point
    with _lock:
        if _shared is None or not _shared.is_ours:
            _shared = LoopThread()
        _shared.holders += 1
        return _shared


def release(held: LoopThread) -> None:
    """Give it back; the last holder ends the thread."""
    global _shared  # noqa: PLW0603 - the same
    with _lock:
        held.holders -= 1
        last = held.holders == 0 and held.is_ours
        if last and _shared is held:
            _shared = None
    if last:
        held.stop()


def at_exit(call: Callable[[], object]) -> None:
    """Have a function called when the interpreter ends, while threads can still be given work.

    `atexit` is too late: by then no executor takes anything, and a host's name cannot be looked up any more.
    """
    register = getattr(threading, "_register_atexit", None)
    if register is None:
        import atexit  # noqa: PLC0415 - for Pythons without that door

        register = atexit.register
    register(call)


def _end() -> None:
    """Stop the thread, whoever still holds it."""
    with _lock:
        left = _shared
    if left is not None and left.is_ours:
        left.stop()


def _forget() -> None:
    """Start anew in a forked child: its parent's thread is not there, and its lock may be held for ever."""
    global _lock, _shared
    _lock, _shared = threading.Lock(), None


at_exit(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
