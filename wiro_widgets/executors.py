"""Executors for clusters that have none of their own: Ray. Dask's is `distributed.Client.get_executor()`."""

from __future__ import annotations

import importlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from wiro_widgets.protocol.errors import ConfigurationError

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[..., Any]
    args: tuple[Any, ...]
    more: dict[str, Any]
    future: Future[Any] = field(default_factory=Future)


class RayExecutor(Executor):
    """An Executor whose calls run as tasks of a Ray cluster, for `sweep` and `map`.

    At most `max_workers` calls are with Ray at once, by default one for each of its CPUs; the others wait here, where
    they can be cancelled. `options` are those of `ray.remote`, such as `num_cpus`, `resources`, `max_retries`. Ray is
    begun as by `ray.init()` unless it is. Raises ConfigurationError if Ray is not installed or the number is none.

    ::

        from wiro_widgets.executors import RayExecutor

        sweep = client.map("tencent/hunyuan-flux-srpo", cells, executor=RayExecutor(), then=score)
    """

    def __init__(self, max_workers: int | None = None, **options: Any) -> None:
        if max_workers is not None and max_workers < 1:
            raise ConfigurationError(f"max_workers is 1 or more, not {max_workers}.")
        try:
            ray = importlib.import_module("ray")
        except ImportError as error:
            raise ConfigurationError('RayExecutor needs Ray: pip install "wiro-widgets[ray]".') from error
        if not ray.is_initialized():
            ray.init()
        task = ray.remote(_run)
        self._task: Any = task.options(**options) if options else task
        self._pickle: Callable[[object], bytes] = ray.cloudpickle.dumps
        self._own_error: type[Exception] = ray.exceptions.RayTaskError
        self._ray_error: type[Exception] = ray.exceptions.RayError
        cpus = ray.cluster_resources().get("CPU", 1) / (options.get("num_cpus") or 1)
        self._max_workers = max_workers or max(1, int(cpus))
        self._waiting: deque[_Call] = deque()
        self._running: set[Future[Any]] = set()
        self._closed = False
        self._sending = False  # a thread gives Ray what waits, and looks again before it ends
        self._change = threading.Condition()  # guards the four; nothing of Ray's is called while it is held

    def __repr__(self) -> str:
        running = f"{len(self._running)} of {self._max_workers} running"
        return (
            f"<RayExecutor, {running}, {len(self._waiting)} waiting{', shut down' if self._closed else ''}>"
        )

    def check_call(self, work: object) -> None:
        """Raise ConfigurationError for what Ray cannot send to a worker."""
        try:
            self._pickle(work)
        except Exception as error:  # whatever the user's own objects raise
            raise ConfigurationError(f"`then` cannot be sent to a worker of Ray ({error}).") from error

    def submit(self, work: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> Future[T]:
        """Run a call on the cluster; raises RuntimeError after `shutdown`."""
        call = _Call(work, args, more)
        with self._change:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append(call)
        self._send_waiting()
        return call.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls, and wait for those that are with Ray or wait here; the cluster stays as it is."""
        with self._change:
            self._closed = True
            waiting = list(self._waiting) if cancel_futures else []
        for call in waiting:
            call.future.cancel()
        self._send_waiting()
        with self._change:
            self._change.wait_for(lambda: not wait or not (self._waiting or self._running))

    def _send_waiting(self) -> None:
        """Give Ray as many calls as it has room for; also called when one has ended, in a thread of Ray's."""
        with self._change:
            if self._sending:
                return
            self._sending = True
        while (call := self._next()) is not None:
            try:
                reply: Future[Any] = self._task.remote(call.work, call.args, call.more).future()
            except Exception as error:  # noqa: BLE001 - what cannot be pickled, or a cluster that is gone
                self._end(call, error, None)
                continue
            reply.add_done_callback(lambda reply, call=call: self._take(call, reply))  # type: ignore[misc] # bound

    def _next(self) -> _Call | None:
        """Return a call that begins now; calls that were cancelled are dropped."""
        with self._change:
            while self._waiting and len(self._running) < self._max_workers:
                call = self._waiting.popleft()
                if call.future.set_running_or_notify_cancel():
                    self._running.add(call.future)
                    return call
            self._sending = False
            self._change.notify_all()
        return None

    def _take(self, call: _Call, reply: Future[Any]) -> None:
        error = reply.exception() if not reply.cancelled() else RuntimeError("Ray has cancelled the call")
        if isinstance(error, self._own_error):  # of the call itself
            error = getattr(error, "cause", None) or error
        elif isinstance(error, self._ray_error):  # as a pool of processes says it
            error = BrokenExecutor(f"{type(error).__name__}: {error}")
        self._end(call, error, None if error is not None else reply.result())
        self._send_waiting()

    def _end(self, call: _Call, error: BaseException | None, value: Any) -> None:
        if error is None:
            call.future.set_result(value)
        else:
            call.future.set_exception(error)
        with self._change:
            self._running.discard(call.future)
            self._change.notify_all()


def _run(work: Callable[..., Any], args: tuple[Any, ...], more: dict[str, Any]) -> Any:
    """Call it, in a worker of Ray's."""
    return work(*args, **more)
