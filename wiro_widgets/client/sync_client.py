"""Client: the blocking face of AsyncClient, which lives on the engine's thread."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import datetime
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.client.bridge import Bridge
from wiro_widgets.client.chat import Chat
from wiro_widgets.client.signatures import same_call
from wiro_widgets.client.sweep_launcher import SweepLauncher
from wiro_widgets.client.sync_model import Model
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.client.sync_task import Task, interruptible
from wiro_widgets.display.live_line import ProgressMode, live_line
from wiro_widgets.journal.history import History, SyncSummary
from wiro_widgets.journal.prompts.presets import Presets
from wiro_widgets.journal.result import Images
from wiro_widgets.money.budget import Budget
from wiro_widgets.protocol.errors import WiroError
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.runs.attach import Recovered
from wiro_widgets.runs.options import check_wait
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.transport import urls

__all__ = ["Client", "Task", "default_client"]

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    method: Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Client, P], T]:
    """Return the blocking counterpart of a method: same parameters, same docstring, and what the method returns."""

    @wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._bridge.call(method(self._client, *args, **kwargs))

    call.__qualname__ = f"Client.{method.__name__}"
    return call


class Client(NotebookRepr):
    """A connection to Wiro for people who wait; its network lives on a thread of its own, so nothing stalls it.

    `timeout` is in seconds for one HTTP attempt. `journal` is a path, the address of a team's
    (`postgresql://user@host/database`), or False for none. Outputs are saved below `output_dir`,
    a folder or an address such as "s3://bucket/folder".
    `on_interrupt="detach"` leaves the remote task running when a wait is interrupted. `allow_http` permits an
    unencrypted address on another machine. `budget` is USD, or a Budget to share: a run that could pass it raises
    BudgetExceeded and is not sent. `reuse` answers a run with a fixed seed from the history if the same was run before.
    `progress` is what waits show: None a live line in a notebook and in a terminal, unless the environment's
    WIRO_PROGRESS is 0; False nothing; "transient" a line that leaves nothing. `timing` changes how long it waits
    between tries and looks. Credentials come from the arguments, the environment, Colab or the keyring. Raises
    ConfigurationError.

    Pickled, it carries its settings, no credentials, no password and no budget: the other process finds its own.

    >>> with Client() as client:
    ...     images = client.generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse at dusk")
    """

    _internal_names = (
        "estimate_sweep",
        "picture",
        "plan_sweep",
        "quick_schema",
        "start",
    )

    @same_call(AsyncClient.__init__)
    def __init__(self, api_key: str | None = None, api_secret: str | None = None, **settings: Any) -> None:
        try:
            self._client = AsyncClient(api_key, api_secret, **settings)
        finally:
            del api_key, api_secret, settings  # so that no traceback with locals shows them
        self._bridge = Bridge(self._client)
        self._tasks: weakref.WeakValueDictionary[int, Task] = weakref.WeakValueDictionary()
        self._sweeps: weakref.WeakValueDictionary[AsyncSweep[Any], Sweep] = weakref.WeakValueDictionary()
        face = weakref.WeakMethod(self._face)  # a strong reference would keep a client that nobody names
        self._client.launcher.wrap = lambda task: method(task) if (method := face()) else task
        finalizer = weakref.finalize(self, self._bridge.close_when_idle)
        finalizer.atexit = False  # then the bridge is closed, with a wait

    def __repr__(self) -> str:
        if not hasattr(self, "_bridge"):  # as a debugger shows it in the frame that raised
            return "<Client that was refused>"
        return f"<Client {'closed' if self.closed else repr(self._client)[len('<AsyncClient ') : -1]}>"

    def _repr_html_(self) -> str:
        return self._client._repr_html_()

    def __reduce__(self) -> tuple[Any, ...]:
        return _client_of, (type(self), self._client.settings)

    @same_call(AsyncClient.run)
    def run(self, *args: Any, **kwargs: Any) -> Task:
        return self._submit(*self._bridge.call(self._client.prepare(*args, **kwargs)))

    @same_call(AsyncClient.generate)
    def generate(
        self, *args: Any, timeout: float | None = None, progress: ProgressMode = None, **kwargs: Any
    ) -> Images:
        check_wait(None, timeout)
        task, schema = self._bridge.call(self._client.prepare(*args, **kwargs))
        with interruptible(self._bridge, task), task.show_progress(progress):
            result = self._submit(task, schema).wait(timeout, progress=False)
        return result.images

    def _submit(self, task: AsyncTask, schema: ModelSchema | None) -> Task:
        """Begin a task and return its face once the receipt is in."""
        face = self._face(task)
        with interruptible(self._bridge, task):
            self._bridge.call(self._client.start(task, schema))
            self._bridge.call(task.wait_for_receipt())
        return face

    def start(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Task:
        """Submit a run in the background and return at once; what the submission raises, `Task.wait` raises.

        The history does not answer it. Raises InvalidParameter.
        """
        task = self._client.bind(model, values, schema, self._client.options(reuse=False))
        self._bridge.begin(self._client.runner(task).start, schema)
        return self._face(task)

    @same_call(AsyncClient.attach)
    def attach(self, *args: Any, **kwargs: Any) -> Task:
        return self._face(self._bridge.call(self._client.attach(*args, **kwargs)))

    @same_call(AsyncClient.find_run)
    def find_run(self, journal_id: str) -> Task:
        return self._face(self._bridge.call(self._client.find_run(journal_id)))

    @same_call(AsyncClient.recover)
    def recover(self) -> Recovered[Task]:
        recovered = self._bridge.call(self._client.recover())
        return Recovered(map(self._face, recovered), recovered.problems)

    detail = _blocking(AsyncClient.detail)
    delete_files = _blocking(AsyncClient.delete_files)
    schema = _blocking(AsyncClient.schema)
    info = _blocking(AsyncClient.info)
    models = _blocking(AsyncClient.models)
    picture = _blocking(AsyncClient.picture)
    estimate = _blocking(AsyncClient.estimate)

    @same_call(AsyncClient.model)
    def model(self, name: str) -> Model:
        return Model(self, name)

    def quick_schema(self, model: str, patience: float) -> ModelSchema | None:
        """Return a schema that is at hand, or comes within `patience` seconds; None otherwise, and after an error."""
        schema = self._client.quick_schema(model)
        if schema is None and patience > 0:
            with suppress(WiroError, TimeoutError, CancelledError):
                schema = self._bridge.call_within(self._client.schema(model), patience)
        return schema

    @same_call(AsyncClient.chat)
    def chat(self, *args: Any, **kwargs: Any) -> Chat:
        return Chat(self, self._bridge.call(self._client.chat(*args, **kwargs)).conversation)

    @same_call(AsyncClient.presets)
    def presets(self, model: str) -> Presets:
        return self._client.presets(model)

    @same_call(AsyncClient.prompts)
    def prompts(self, model: str) -> list[str]:
        return self._client.prompts(model)

    @same_call(AsyncClient.sweep)
    def sweep(self, *args: Any, **kwargs: Any) -> Sweep:
        return self._sweep_face(self._bridge.call(self._client.sweep(*args, **kwargs)))

    @same_call(AsyncClient.map)
    def map(self, *args: Any, **kwargs: Any) -> Sweep:
        return self._sweep_face(self._bridge.call(self._client.map(*args, **kwargs)))

    @same_call(SweepLauncher.plan_sweep)
    def plan_sweep(self, *args: Any, **kwargs: Any) -> Sweep:
        return self._sweep_face(self._bridge.call(self._client.launcher.plan_sweep(*args, **kwargs)))

    @same_call(SweepLauncher.estimate_sweep)
    def estimate_sweep(self, *args: Any, **kwargs: Any) -> tuple[Estimate, dict[str, Estimate]]:
        return self._bridge.call(self._client.launcher.estimate_sweep(*args, **kwargs))

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The sweeps that are under way, also those that no variable names any more: each can be paused and stopped.

        >>> for sweep in client.sweeps:
        ...     sweep.stop()
        """
        return tuple(self._sweep_face(sweep) for sweep in self._client.sweeps)

    @property
    def budget(self) -> Budget | None:
        """The budget of every run of this client: what is spent, in flight and left of it; None without one."""
        return self._client.budget

    @property
    def history(self) -> History:
        """The runs of this Wiro that the journal knows, newest first."""
        return self._client.history.with_client(self, self.delete_files, self._sync_history)

    def _sync_history(self, since: datetime | None, progress: ProgressMode) -> SyncSummary:
        sync = self._client.history_sync()
        with live_line(sync.line, progress, self._client.options().progress):
            return self._bridge.call(sync.run(since))

    @property
    def closed(self) -> bool:
        """True if `close` was called, here or before a fork."""
        return self._bridge.closed

    @property
    def is_sandbox(self) -> bool:
        """True if the API is on this machine."""
        return urls.is_loopback(self._client.server)

    def close(self) -> None:
        """Close the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine."""
        self._bridge.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _face(self, task: AsyncTask) -> Task:
        """Return the one face of a task: attaching twice returns the same."""
        face = self._tasks.get(id(task))
        if face is None:
            face = self._tasks[id(task)] = Task(self._bridge, task, self)
        return face

    def _sweep_face(self, sweep: AsyncSweep[Any]) -> Sweep:
        face = self._sweeps.get(sweep)
        if face is None:
            face = self._sweeps[sweep] = Sweep(self._bridge, sweep, self)
        return face


def _client_of(kind: type[Client], settings: dict[str, Any]) -> Client:
    return kind(**settings)


_default: Client | None = None
_default_lock = threading.Lock()  # guards `_default`


def default_client() -> Client:
    """Return the client that panels share when they are given none; raises ConfigurationError."""
    global _default  # noqa: PLW0603 - one for the whole process is the point
    with _default_lock:
        if _default is None or _default.closed:
            _default = Client()
        return _default
