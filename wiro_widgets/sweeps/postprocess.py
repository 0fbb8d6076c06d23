"""Carries what comes after a run: `then`, in a thread here, or with the downloads wherever an Executor runs it."""

from __future__ import annotations

import asyncio
import inspect
import os
import pickle
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import ConfigurationError, TaskError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.runs.reuse import is_here

if TYPE_CHECKING:
    from wiro_widgets.client.sync_client import Client

T = TypeVar("T")
Then = Callable[[TaskResult], Any]
Fetch = Callable[[str], TaskResult]
THREADS = 4  # for `then` where no executor is given

_here: dict[str, Fetch] = {}  # how carriers of this process fetch a task, by their token


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker needs to fetch a task: the client's settings, without its credentials.

    In the process that sent it the client itself does it; elsewhere one is made, once, that finds its own credentials.
    """

    settings: tuple[tuple[str, Any], ...]
    token: str = field(default_factory=lambda: uuid4().hex)

    def fetch(self, record: TaskRecord) -> TaskResult:
        """Return the result of a finished task, its outputs downloaded where this runs unless they are there."""
        if record.task_id is None:
            raise TaskError("There is no task to fetch.", task_id=None)
        if is_here(record):
            return result_of(record)
        here = _here.get(self.token)
        if here is not None:
            return here(record.task_id)
        client = _client(self.settings)
        return client.attach(record.task_id, model=record.model, values=record.parameters).wait()


class ThenFailed(Exception):
    """`then` raised this: whatever it is, it says nothing of the run, which is paid for and whole."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class Made:
    """What `then` made of a result, or what it raised."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What comes back from a worker: the outputs where it has put them, and what `then` made of the result.

    `trouble` is why there are none.
    """

    outputs: tuple[Output, ...] = ()
    text: str | None = None
    made: Made = Made()
    trouble: Exception | None = None


class Carrier:
    """What is done with each result: nothing, `then` in a few threads, or download and `then` on an executor.

    `fetch` gets a finished task's result from another thread of this process.
    """

    def __init__(
        self, then: Then | None, executor: Executor | None, settings: dict[str, Any], fetch: Fetch
    ) -> None:
        _check(then, executor)
        self._then = then
        self._executor = executor
        self._errand = Errand(tuple(settings.items()))
        self._fetch = fetch
        self._threads: ThreadPoolExecutor | None = None
        self._sent: set[Future[Any]] = set()

    def __repr__(self) -> str:
        where = (
            type(self._executor).__name__ if self._executor else "threads" if self._then else "nothing to do"
        )
        return f"<Carrier, {where}>"

    @property
    def works(self) -> bool:
        """Whether there is anything to do with a result."""
        return self._then is not None or self.fetches

    @property
    def fetches(self) -> bool:
        """Whether the outputs are downloaded where the executor runs it, and not here."""
        return self._executor is not None

    async def carry(self, result: TaskResult) -> tuple[TaskResult, Made]:
        """Return the result with its outputs, and what `then` made of it.

        Raises what kept the outputs from coming, and ConfigurationError when the executor takes nothing any more.
        """
        if self._executor is not None:
            _here[self._errand.token] = self._fetch
            carried = await self._carried(self._executor, result)
            paths = tuple(str(output.path) for output in carried.outputs if output.path)
            text = result.text or carried.text
            record = replace(result.record, output_paths=paths, text=text)
            return TaskResult(record, carried.outputs, text), carried.made
        if self._then is None:
            return result, Made()
        self._threads = self._threads or ThreadPoolExecutor(THREADS, "wiro-then")
        return result, await self._done(self._threads.submit(_made, self._then, result))

    def withdraw(self) -> None:
        """Take back what no worker has begun with; whoever waits for it is cancelled."""
        for sent in tuple(self._sent):
            sent.cancel()

    async def _carried(self, executor: Executor, result: TaskResult) -> Carried:
        try:
            sent = executor.submit(on_worker, self._errand, result.record, self._then)
        except RuntimeError as error:  # it was shut down, or has broken
            raise _gone(error) from error
        try:
            carried = await self._done(sent)
        except BrokenExecutor as error:
            raise _gone(error) from error
        if carried.trouble is not None:
            raise carried.trouble
        return carried

    async def _done(self, sent: Future[T]) -> T:
        self._sent.add(sent)
        sent.add_done_callback(self._sent.discard)
        try:
            return await asyncio.wrap_future(sent)
        except (KeyboardInterrupt, SystemExit) as error:  # a worker's own, which must not end this loop
            raise _tame(error) from None

    def close(self) -> None:
        """Let the threads go; an executor belongs to whoever gave it."""
        _here.pop(self._errand.token, None)
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)


def _check(then: object, executor: object) -> None:
    """Find out before anything is paid for what would fail with every result; raises ConfigurationError."""
    if then is not None and not callable(then):
        raise ConfigurationError(f"`then` is called with each result, but {then!r} cannot be called.")
    if inspect.iscoroutinefunction(then):
        raise ConfigurationError(
            "`then` is called in a thread and cannot be awaited; define it with plain `def`."
        )
    if executor is None:
        return
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise ConfigurationError(
            f"`executor` is an Executor of concurrent.futures, such as ThreadPoolExecutor(4), not {executor!r}."
        )
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - whoever has one has loaded it already

    if isinstance(executor, ProcessPoolExecutor):
        try:
            pickle.dumps(then)
        except Exception as error:  # whatever the user's own objects raise
            raise ConfigurationError(
                f"`then` cannot be sent to another process ({error}). "
                "Define it with `def` in a module, or give an executor of threads."
            ) from error


def _gone(error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"The executor takes no more work ({error}). What has run is in the history: "
        "ask for the same sweep again with another executor, and only what is missing is done."
    )


def on_worker(errand: Errand, record: TaskRecord, then: Then | None) -> Carried:
    """Fetch a finished task's outputs where this runs, and post-process them there; what an Executor is given."""
    try:
        result = errand.fetch(record)
    except BaseException as error:  # noqa: BLE001 - an interrupt of the worker as well
        return Carried(trouble=_portable(error))
    made = _made(then, result) if then is not None else Made()
    if made.error is not None:
        made = Made(error=_portable(made.error))
    return Carried(result.outputs, result.text, made)


def _made(then: Then, result: TaskResult) -> Made:
    """Call `then`; what it raises comes back as a value, for some errors a future cannot carry."""
    try:
        return Made(then(result))
    except BaseException as error:  # noqa: BLE001 - it is the user's own code, which may even call sys.exit
        return Made(error=_tame(error))


def _tame(error: BaseException) -> Exception:
    """Return the error, or for one that would end a process or a loop one that says so."""
    return error if isinstance(error, Exception) else RuntimeError(f"It was ended by {error!r}.")


def _portable(error: BaseException) -> Exception:
    """Return the error if it can travel to another process, else one that says the same; with its traceback."""
    found = _tame(error)
    trace = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever the user's own errors do
        found = RuntimeError("".join(traceback.format_exception_only(error)).strip())
    found.add_note(trace)
    return found


@lru_cache(maxsize=8)
def _client(settings: tuple[tuple[str, Any], ...]) -> Client:
    """Return this process's client for these settings; raises ConfigurationError where it finds no credentials."""
    from wiro_widgets.client.sync_client import Client  # noqa: PLC0415 - which has sweeps and with them this module

    # The run stands in the journal of whoever sent it. A forked worker could not even use that: SQLite's locks of the
    # parent's threads are copied, and nobody opens them.
    return Client(**{**dict(settings), "journal": False})


def _forget() -> None:
    """Start anew in a forked child: the loop that fetches for its parent does not run there."""
    _here.clear()
    _client.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
