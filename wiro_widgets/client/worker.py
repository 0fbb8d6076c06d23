"""Worker: what a sweep gives to an Executor, to fetch outputs and call `then` in another thread or process."""

from __future__ import annotations

import asyncio
import os
import pickle
import traceback
from collections.abc import Mapping
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from wiro_widgets.journal.result import TaskResult, result_of
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.runs.reuse import is_here
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps.postprocess import Then, WorkerReply, as_exception, call_then


class Worker:
    """Fetches the outputs of a finished task where it runs, and calls `then` there.

    In the process that made it, it uses the sweep's client on that client's loop, even if it was pickled on the way, as
    Dask does. It is pickled as the type and the settings of that client, without credentials: another process makes
    a client for each task, which finds its own.
    """

    def __init__(
        self, client_type: type, settings: Mapping[str, Any], client: Any = None, loop: Any = None
    ) -> None:
        self._client_type: Any = client_type  # AsyncClient, whose module imports this one
        self._settings = {**settings, "journal": False}  # the run stands in the journal of the sweep's client
        self._client, self._loop = client, loop
        # A forked copy has another process id, and must not use the loop.
        self._token = (os.getpid(), uuid4().hex)
        _workers[self._token] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._token, self._client_type, self._settings)

    def __call__(self, record: TaskRecord, then: Then | None) -> WorkerReply:
        """Return the outputs, and what `then` returned; an error comes back as a value that can be pickled."""
        try:
            result = result_of(record) if is_here(record) else self._fetch(record)
        except BaseException as error:  # noqa: BLE001 - an interrupt of the worker as well
            return WorkerReply(fetch_error=_portable(error))
        value, then_error = call_then(then, result) if then else (None, None)
        return WorkerReply(result.outputs, result.text, value, _portable(then_error) if then_error else None)

    def _fetch(self, record: TaskRecord) -> TaskResult:
        async def fetch(client: Any) -> TaskResult:
            task: AsyncTask = await client.attach(
                record.task_id, model=record.model, values=record.parameters
            )
            return await task.wait(progress=False)

        async def fetch_with_own_client() -> TaskResult:
            async with self._client_type(**self._settings) as client:
                return await fetch(client)

        if self._client is None:
            return asyncio.run(fetch_with_own_client())
        return asyncio.run_coroutine_threadsafe(fetch(self._client), self._loop).result()


_workers: WeakValueDictionary[tuple[int, str], Worker] = WeakValueDictionary()


def _unpickle(token: tuple[int, str], client_type: type, settings: Mapping[str, Any]) -> Worker:
    original = _workers.get(token) if token[0] == os.getpid() else None
    return original or Worker(client_type, settings)


def _portable(error: BaseException) -> Exception:
    """Return the error, or a RuntimeError with its message if it cannot be pickled; its traceback is a note."""
    portable = as_exception(error)
    try:
        pickle.loads(pickle.dumps(portable))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever the user's own errors do
        portable = RuntimeError("".join(traceback.format_exception_only(error)).strip())
    portable.add_note("".join(traceback.format_exception(error)))
    return portable
