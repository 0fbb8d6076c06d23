"""The one background thread with the one event loop, shared by the blocking clients and the panels of a process.

A client on the kernel's own loop would stall whenever a cell is busy, and its socket would die of a missed ping.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from wiro_widgets.protocol.errors import ConfigurationError

T = TypeVar("T")
_log = logging.getLogger("wiro_widgets")
WORKERS = 12  # threads for files, the journal and the names of hosts, which may keep some of them waiting
END_SECONDS = 5.0  # for the thread to end

CLOSED = "The connection was closed while this was under way; make a new client."


class LoopThread:
    """A daemon thread that runs an event loop for as long as somebody holds it."""

    def __init__(self) -> None:
        self.holders = 0
        self._loop = asyncio.new_event_loop()
        self._workers = _Workers(WORKERS, thread_name_prefix="wiro-files")
        self._loop.set_default_executor(self._workers)
        self._thread = threading.Thread(target=self._run, name="wiro-engine", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<LoopThread {'running' if self.is_alive else 'stopped'}, {self.holders} holders>"

    @property
    def is_alive(self) -> bool:
        """True until the thread has ended."""
        return self._thread.is_alive()

    @property
    def is_current(self) -> bool:
        """True if the caller is on this thread."""
        return threading.current_thread() is self._thread

    def spawn(self, work: Coroutine[Any, Any, T], ended: threading.Event | None = None) -> Future[T]:
        """Run the work on the loop and do not wait; `ended` is set when it has ended, also when it was cancelled.

        Raises ConfigurationError when the loop has stopped.
        """
        future: Future[T] = Future()

        def begin() -> None:
            task = self._loop.create_task(work)
            task.add_done_callback(lambda done: _deliver(done, future, ended))
            future.add_done_callback(lambda done: self.post(task.cancel) if done.cancelled() else None)

        try:
            self._loop.call_soon_threadsafe(begin)
        except RuntimeError:
            work.close()
            raise ConfigurationError(CLOSED) from None
        return future

    def post(self, call: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the loop; after the loop has stopped this does nothing."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *args)

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Have a plain function called after a while on a worker thread, where it may take its time."""
        self.post(lambda: self._loop.call_later(seconds, self._loop.run_in_executor, None, call))

    def stop(self) -> None:
        """End the thread and what still runs on it; for `release` and the end of the interpreter."""
        self.post(self._loop.stop)
        if not self.is_current:
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            while self._raised_exit():
                _log.error("Something on the engine's thread wanted to end the process; the engine goes on")
            self._loop.run_until_complete(_cancel_all(self._loop))
        finally:
            self._workers.shutdown()
            self._loop.close()

    def _raised_exit(self) -> bool:
        """Run the loop until it is stopped; return True if a callback of a user raised an exit instead."""
        try:
            self._loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            return True
        return False


class _Workers(ThreadPoolExecutor):
    """Worker threads; once the interpreter ends, the loop's thread does their work.

    From that moment on concurrent.futures takes no work, and only then are `atexit` callbacks run: clients that are
    closed by these still write to the journal and look up names of hosts.
    """

    def submit(self, call: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        try:
            return super().submit(call, *args, **kwargs)
        except RuntimeError:
            future: Future[T] = Future()
            try:
                future.set_result(call(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - as a worker thread does it
                future.set_exception(error)
            return future


def _deliver(task: asyncio.Task[T], future: Future[T], ended: threading.Event | None) -> None:
    """Hand the outcome of the work to the thread that waits for it."""
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


async def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await loop.shutdown_asyncgens()


_lock = threading.Lock()  # guards `_threads` and the counts of holders
_threads: dict[int, LoopThread] = {}  # by process id: a forked child cannot use its parent's


def acquire() -> LoopThread:
    """Return the process's loop thread, started if nobody holds one."""
    with _lock:
        thread = _threads.get(os.getpid())
        if thread is None:
            thread = _threads[os.getpid()] = LoopThread()
        thread.holders += 1
        return thread


def release(thread: LoopThread) -> None:
    """Give the loop thread back; the last holder ends it."""
    with _lock:
        thread.holders -= 1
        is_last = thread.holders == 0
        if is_last and _threads.get(os.getpid()) is thread:
            del _threads[os.getpid()]
    if is_last:
        thread.stop()


@atexit.register
def _stop_thread() -> None:
    """Stop the thread, whoever still holds it."""
    thread = _threads.get(os.getpid())
    if thread is not None:
        thread.stop()
