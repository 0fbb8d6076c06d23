"""What comes after a run: `then`, in a thread here, or with the downloads wherever an Executor runs the worker."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import reprlib
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from wiro_widgets.journal.result import TaskResult
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.sweeps.output_cell import OutputCell

T = TypeVar("T")
Then = Callable[[TaskResult], Any]
THREADS = 4  # for `then` without an executor


@dataclass(frozen=True, slots=True)
class WorkerReply:
    """What a worker sends back: the outputs where it has put them, and what `then` returned or raised."""

    outputs: tuple[Output, ...] = ()
    text: str | None = None
    value: Any = None
    then_error: Exception | None = None
    fetch_error: Exception | None = None


# Fetches the outputs of a finished task where it runs, and calls `then` there; an Executor may pickle it.
Worker = Callable[[TaskRecord, Then | None], WorkerReply]


class PostProcessing:
    """Processes the results of a sweep: not at all, with `then` in a few threads, or by a worker on an executor."""

    def __init__(self, then: Then | None, executor: Executor | None, worker: Worker) -> None:
        _check(then, executor)
        self.is_needed = then is not None or executor is not None
        self.downloads_outputs = executor is not None  # the worker does it, and this process does not
        self.cell = OutputCell()  # for what `then` prints
        self._then = then
        self._executor = executor
        self._worker = worker
        self._threads: ThreadPoolExecutor | None = None
        self._futures: set[Future[Any]] = set()

    async def run(self, result: TaskResult) -> tuple[TaskResult, Any, Exception | None]:
        """Return the result with its outputs, and what `then` returned and raised.

        Raises what kept the outputs from being fetched, and ConfigurationError if the executor accepts no more work.
        """
        if self._executor is None:
            if self._then is None:
                return result, None, None
            self._threads = self._threads or ThreadPoolExecutor(THREADS, "wiro-then")
            return result, *await self._wait(
                self._threads.submit(self.cell.run, call_then, self._then, result)
            )
        try:
            work: tuple[Any, ...] = (self._worker, result.record, self._then)
            # Another one may pickle its work, and a cell cannot be.
            if type(self._executor) is ThreadPoolExecutor:
                work = (self.cell.run, *work)
            reply = await self._wait(self._executor.submit(*work))
        except (
            RuntimeError,
            KeyboardInterrupt,
            SystemExit,
        ) as error:  # shut down, broken, or ended with its worker
            way_out = "Ask for the same sweep with another executor: nothing that has run is paid for again."
            raise ConfigurationError(f"The executor takes no more work ({error!r}). {way_out}") from error
        if reply.fetch_error is not None:
            raise reply.fetch_error
        paths = tuple(output.place for output in reply.outputs if output.place)
        text = result.text or reply.text
        record = replace(result.record, output_paths=paths, text=text)
        return TaskResult(record, reply.outputs, text), reply.value, reply.then_error

    async def _wait(self, future: Future[T]) -> T:
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return await asyncio.wrap_future(future)

    def withdraw(self) -> None:
        """Cancel the work that no thread and no worker has begun; whoever awaits it is cancelled."""
        for future in tuple(self._futures):
            future.cancel()

    def close(self) -> None:
        """Release the threads; an executor belongs to the user."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None


def call_then(then: Then, result: TaskResult) -> tuple[Any, Exception | None]:
    """Return what `then` returned, and what it raised: as a value, because futures cannot carry every exception."""
    try:
        return then(result), None
    except BaseException as error:  # noqa: BLE001 - the user's own code, which may even call sys.exit
        return None, as_exception(error)


def as_exception(error: BaseException) -> Exception:
    """Return the error; for one that would end a process or a loop, a RuntimeError that names it."""
    return error if isinstance(error, Exception) else RuntimeError(f"It was ended by {error!r}.")


def _check(then: object, executor: object) -> None:
    """Raise ConfigurationError for what would fail with every result, before anything is paid for."""
    if then is not None and (not callable(then) or inspect.iscoroutinefunction(then)):
        raise ConfigurationError(
            f"`then` is a function of one result, with plain `def`; {reprlib.repr(then)} is not."
        )
    if executor is not None and (isinstance(executor, type) or not hasattr(executor, "submit")):
        example = "an Executor of concurrent.futures, such as ThreadPoolExecutor(4)"
        raise ConfigurationError(f"`executor` is {example}, not {reprlib.repr(executor)}.")
    # Ray's, which sends more than pickle does, as Dask's.
    if then is not None and hasattr(executor, "check_call"):
        executor.check_call(then)
    if type(executor).__name__ == "ProcessPoolExecutor":
        try:
            pickle.dumps(then)
        except Exception as error:  # whatever the user's own objects raise
            way_out = "define it with `def` in a module, or give an executor of threads"
            raise ConfigurationError(
                f"`then` cannot be sent to another process ({error}); {way_out}."
            ) from error
