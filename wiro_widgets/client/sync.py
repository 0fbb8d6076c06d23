"""Client and Task: the blocking faces of AsyncClient and AsyncTask, which live on the engine's thread."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from wiro_widgets.client import addresses, loop
from wiro_widgets.client.aio import AsyncClient
from wiro_widgets.client.task import AsyncTask, OnInterrupt
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ConfigurationError, TaskError, WiroError
from wiro_widgets.protocol.events import TaskEvent
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.results.history import History
from wiro_widgets.results.outputs import Output
from wiro_widgets.results.result import TaskResult

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")


class Client:
    """A connection to Wiro for people who wait; its network lives on a thread of its own, so nothing stalls it.

    `timeout` is in seconds for one HTTP attempt. `journal` is a path, or False for none. Outputs are saved below
    `output_dir`. `on_interrupt="detach"` leaves the remote task running when a wait is interrupted. Credentials come
    from the arguments, the environment, Colab or the keyring. Raises ConfigurationError.

    >>> with Client() as client:
    ...     images = client.generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    """

    def __init__(
        self,
        api_key: str | None = None,
        api_secret: str | None = None,
        *,
        base_url: str | None = None,
        socket_url: str | None = None,
        timeout: float = 30.0,
        journal: str | Path | Literal[False] | None = None,
        output_dir: str | Path | None = None,
        on_interrupt: OnInterrupt = "stop",
        allow_http: bool = False,
    ) -> None:
        self._client = AsyncClient(
            api_key,
            api_secret,
            base_url=base_url,
            socket_url=socket_url,
            timeout=timeout,
            journal=journal,
            output_dir=output_dir,
            on_interrupt=on_interrupt,
            allow_http=allow_http,
        )
        self._loop: loop.LoopThread | None = None
        self._closed = False
        _open_clients.add(self)

    def __repr__(self) -> str:
        return f"<Client {'closed' if self._closed else repr(self._client)[len('<AsyncClient ') : -1]}>"

    def run(self, model: str, params: Mapping[str, Any] | None = None, /, **values: Any) -> Task:
        """Run a model and return its task as soon as Wiro's receipt is in.

        Raises InvalidParameter before anything is sent, an ApiError when Wiro refuses, TransportError when the run
        certainly did not arrive, RunOutcomeUnknown when its reply was lost.
        """
        return self._task(self.call(self._client.run(model, params, **values)))

    def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        on_interrupt: OnInterrupt | None = None,
        **values: Any,
    ) -> list[Image]:
        """Run a model, wait, and return the pictures; raises what `run` and `Task.wait` raise."""
        return self.run(model, params, **values).wait(timeout, on_interrupt=on_interrupt).images

    def start(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Task:
        """Submit a run in the background and return at once; what the submission raises, `Task.wait` raises.

        Raises InvalidParameter.
        """
        task = self._client.prepare(model, values, schema)
        self._held().post(task.start, schema)
        return self._task(task)

    def attach(self, task_id: str | int) -> Task:
        """Return a task that exists already, running or over, from any process; raises NotFound."""
        return self._task(self.call(self._client.attach(task_id)))

    def detail(self, task_id: str | int) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none."""
        return self.call(self._client.detail(task_id))

    def schema(self, model: str) -> ModelSchema:
        """Return what a model takes, from the catalogue, asked once; raises NotFound."""
        return self.call(self._client.schema(model))

    def models(self, search: str = "", categories: Sequence[str] = (), limit: int = 20) -> list[ModelSummary]:
        """Search the catalogue; the best matches first."""
        return self.call(self._client.models(search, categories, limit))

    @property
    def history(self) -> History:
        """The runs of this Wiro that the journal knows, newest first."""
        return self._client.history

    @property
    def closed(self) -> bool:
        """Whether `close` was called, here or before a fork."""
        return self._closed or (self._loop is not None and self._loop.pid != os.getpid())

    @property
    def is_sandbox(self) -> bool:
        """Whether the API is on this machine."""
        return addresses.is_loopback(self._client.server)

    def close(self) -> None:
        """Let go of the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        held, self._loop = self._loop, None
        if held is None:
            held = loop.acquire()
        if held.pid == os.getpid():
            try:
                held.call(self._client.close())
            finally:
                loop.release(held)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work of the engine's on its thread and wait for it."""
        return self._held(work).call(work)

    def spawn(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do work of the engine's on its thread and do not wait."""
        return self._held(work).spawn(work)

    def post(self, function: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the engine's thread."""
        if self._loop is not None:
            self._loop.post(function, *args)

    def _held(self, work: Coroutine[Any, Any, Any] | None = None) -> loop.LoopThread:
        if self._closed or (self._loop is not None and self._loop.pid != os.getpid()):
            if work is not None:
                work.close()
            why = "was closed" if self._closed else "was made in another process, before a fork"
            raise ConfigurationError(f"This client {why}; make a new one.")
        if self._loop is None:
            self._loop = loop.acquire()
        return self._loop

    def _task(self, task: AsyncTask) -> Task:
        return Task(self, task)


class Task:
    """A task that a thread may wait for; made by `Client.run` and `Client.attach`."""

    def __init__(self, client: Client | None, task: AsyncTask) -> None:
        self._held_client = client
        self._task = task

    @classmethod
    def refused(cls, model: str | None, values: Mapping[str, Any], error: WiroError) -> Task:
        """Return a task that was over before anything was sent; `wait` raises the error."""
        task = AsyncTask(None, model, values)
        task.refuse(error)
        return cls(None, task)

    @property
    def _client(self) -> Client:
        if self._held_client is None:
            raise ConfigurationError("This run was refused before it was sent; there is no task at Wiro.")
        return self._held_client

    def __repr__(self) -> str:
        return f"<Task {repr(self._task)[len('<AsyncTask ') :]}"

    @property
    def id(self) -> str | None:
        """Wiro's id of the task; None until the Run's reply is in."""
        return self._task.id

    @property
    def model(self) -> str | None:
        """The model, as "owner/name"."""
        return self._task.model

    @property
    def values(self) -> dict[str, Any]:
        """The values that were sent."""
        return dict(self._task.values)

    @property
    def status(self) -> Status:
        """One word: submitting, queued, running, finishing, succeeded, failed, cancelled, unknown."""
        return self._task.status

    @property
    def state(self) -> TaskState:
        """What is known now: status, progress, log, timings, outputs."""
        return self._task.state

    @property
    def record(self) -> TaskRecord:
        """The task as one row, also while it runs."""
        return self._task.record

    @property
    def over(self) -> bool:
        """Whether the task has settled, or never came to be."""
        return self._task.over

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs, once the task has settled."""
        return self._task.outputs

    @property
    def error(self) -> WiroError | None:
        """What `wait` raises, once the task is over."""
        return self._task.error

    def events(self, *, on_interrupt: OnInterrupt | None = None) -> Iterator[TaskEvent]:
        """Yield every event from the first one seen; end when the task settles.

        An interrupt stops the remote task, unless `on_interrupt` is "detach".
        """
        position = 0
        while True:
            if self._task.over:
                batch, position = self._task.stream.batch(position)
            else:
                with _AttachNote(self):
                    batch, position = self._client.call(self._task.next_events(position, on_interrupt))
            if not batch:
                return
            try:
                yield from batch
            except KeyboardInterrupt:
                self._client.call(self._task.interrupted(on_interrupt))
                raise

    def seen(self) -> list[TaskEvent]:
        """Return the events so far, without waiting."""
        return self._task.stream.seen()

    def wait(self, timeout: float | None = None, *, on_interrupt: OnInterrupt | None = None) -> TaskResult:
        """Wait until the task has settled and its outputs are here; `timeout` is in seconds.

        Raises TaskFailed, TaskCancelled, or TaskTimeout when the time is up, and then the task goes on. An interrupt
        stops the remote task, unless `on_interrupt` is "detach".
        """
        if self._task.over:
            return self._task.result()
        with _AttachNote(self):
            return self._client.call(self._task.wait(timeout, on_interrupt=on_interrupt))

    def stop(self) -> None:
        """Stop the task wherever it is; two stops are one, and a task that is over stays as it is."""
        if not self._task.over:
            self._client.call(self._task.stop())

    def stop_soon(self) -> None:
        """Begin to stop the task and return at once."""
        if not self._task.over:
            self._client.post(self._task.stop_soon)

    def cancel(self) -> None:
        """Take the task out of the queue (Task/Cancel); raises ApiError when it is not queued any more."""
        self._client.call(self._task.cancel())

    def kill(self) -> None:
        """End the running task (Task/Kill); raises ApiError when it is not running."""
        self._client.call(self._task.kill())

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call `callback(event)` on the engine's thread for every event from the first one seen."""
        self._client.post(self._task.add_callback, callback)

    def watch(self, watcher: Callable[[TaskEvent | None], object]) -> None:
        """Call it on the engine's thread after each event, and with None after any other change of the state."""
        self._client.post(self._task.watch, watcher)


class _AttachNote:
    """Adds to an interrupt how the task is found again."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, KeyboardInterrupt) and self._task.id is not None:
            error.add_note(f"Task {self._task.id}: client.attach({self._task.id!r}) finds it again.")


_default: Client | None = None
_default_lock = threading.Lock()


def default_client() -> Client:
    """Return the client that panels share when they are given none; raises ConfigurationError."""
    global _default  # noqa: PLW0603 - one for the whole process is the point
    with _default_lock:
        if _default is None or _default.closed:
            _default = Client()
        return _default


_open_clients: weakref.WeakSet[Client] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Leave no thread and no socket behind when the interpreter ends."""
    for client in tuple(_open_clients):
        try:
            client.close()
        except (WiroError, TaskError, OSError, RuntimeError):  # nobody is left to be told
            continue
