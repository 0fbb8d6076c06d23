"""Client: the blocking face of AsyncClient, which lives on the engine's thread."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from wiro_widgets.client.async_client import AsyncClient
from wiro_widgets.client.bridge import Bridge
from wiro_widgets.client.config import found_credentials
from wiro_widgets.client.sync_experiments import Experiments
from wiro_widgets.client.sync_task import Interruption, Task
from wiro_widgets.journal.history import History
from wiro_widgets.money.budget import Budget
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.given import given
from wiro_widgets.runs.options import OnInterrupt, RunOptions
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.transport import urls

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Client", "Task", "default_client"]

T = TypeVar("T")


class Client(Experiments):
    """A connection to Wiro for people who wait; its network lives on a thread of its own, so nothing stalls it.

    `timeout` is in seconds for one HTTP attempt. `journal` is a path, or False for none. Outputs are saved below
    `output_dir`. `on_interrupt="detach"` leaves the remote task running when a wait is interrupted. `budget` is USD,
    or a Budget to share: a run that could pass it raises BudgetExceeded and is not sent. `reuse` answers a run with a
    fixed seed from the history where the same was run before. Credentials come from the arguments, the environment,
    Colab or the keyring. Raises ConfigurationError.

    Pickled, it carries its settings, no credentials and no budget: the other process finds its own.

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
        budget: float | Budget | None = None,
        reuse: bool = False,
    ) -> None:
        try:
            credentials = found_credentials(api_key, api_secret)
        finally:
            del api_key, api_secret  # so that no traceback with locals shows them
        self._client = AsyncClient(
            credentials,
            base_url=base_url,
            socket_url=socket_url,
            timeout=timeout,
            journal=journal,
            output_dir=output_dir,
            on_interrupt=on_interrupt,
            allow_http=allow_http,
            budget=budget,
            reuse=reuse,
        )
        self._bridge = Bridge(self._client)
        self._faces: weakref.WeakValueDictionary[int, Task] = weakref.WeakValueDictionary()
        self._sweeps = weakref.WeakValueDictionary()
        self._unnamed = weakref.finalize(self, self._bridge.abandon)
        self._unnamed.atexit = False  # then the connection is closed, with a wait

    def __repr__(self) -> str:
        if not hasattr(self, "_bridge"):  # as a debugger shows it in the frame that raised
            return "<Client that was refused>"
        return f"<Client {'closed' if self.closed else repr(self._client)[len('<AsyncClient ') : -1]}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _client_of, (type(self), self._client.settings)

    def run(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        reuse: bool | None = None,
        **values: Any,
    ) -> Task:
        """Run a model and return its task as soon as Wiro's receipt is in.

        With `reuse` the same run with a fixed seed is answered from the history: `task.record.reused_from` says so.
        Raises InvalidParameter before anything is sent, an ApiError when Wiro refuses, TransportError when the run
        certainly did not arrive, RunOutcomeUnknown when its reply was lost.
        """
        return self._submitted(model, given(params, values), self._client.options(reuse=reuse))

    def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,
        on_interrupt: OnInterrupt | None = None,
        reuse: bool | None = None,
        **values: Any,
    ) -> list[Image]:
        """Run a model, wait, and return the pictures; raises what `run` and `Task.wait` raise."""
        options = self._client.options(on_interrupt=on_interrupt, reuse=reuse)
        task = self._submitted(model, given(params, values), options)
        return task.wait(timeout, on_interrupt=on_interrupt).images

    def start(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> Task:
        """Submit a run in the background and return at once; what the submission raises, `Task.wait` raises.

        Raises InvalidParameter.
        """
        task = self._client.prepare(model, values, schema)
        self._bridge.begin(task.start, schema)
        return self._face(task)

    def attach(
        self, task_id: str | int, *, model: str | None = None, values: Mapping[str, Any] | None = None
    ) -> Task:
        """Return a task that exists already, running or over, from any process; raises NotFound.

        Outputs that are on the disk are used, those that are missing are downloaded. `model` and `values` say what it
        was begun with, where the journal does not know: Wiro tells values as texts, and not always the model.
        """
        return self._face(self.call(self._client.attach(task_id, model=model, values=values)))

    def recover(self) -> list[Task]:
        """Pick up every run that was cut off, for example by a killed kernel, and return the tasks.

        A run whose id never came is looked for in Wiro's list of tasks, and picked up unless more tasks fit than runs
        are lost: a WiroWarning names those. Runs that another living process looks after are left to it. Raises
        TransportError or an ApiError.
        """
        return [self._face(task) for task in self.call(self._client.recover())]

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
    def budget(self) -> Budget | None:
        """The budget of every run of this client: what is spent, in flight and left of it; None without one."""
        return self._client.budget

    @property
    def history(self) -> History:
        """The runs of this Wiro that the journal knows, newest first."""
        return self._client.history.with_deletion(self.delete_files)

    @property
    def closed(self) -> bool:
        """Whether `close` was called, here or before a fork."""
        return self._bridge.closed or not self._bridge.is_ours

    @property
    def is_sandbox(self) -> bool:
        """Whether the API is on this machine."""
        return urls.is_loopback(self._client.server)

    def close(self) -> None:
        """Let go of the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine."""
        self._bridge.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work of the engine's on its thread and wait for it."""
        return self._bridge.call(work)

    def spawn(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do work of the engine's on its thread and do not wait."""
        return self._bridge.spawn(work)

    def post(self, function: Callable[..., object], *args: object) -> None:
        """Have a plain function called on the engine's thread."""
        self._bridge.post(function, *args)

    def _submitted(self, model: str, values: Mapping[str, Any], options: RunOptions) -> Task:
        task, schema = self.call(self._client.ready(model, values, options))
        face = self._face(task)
        with Interruption(self._bridge, task):
            self.call(self._client.hand_in(task, schema))
        return face

    def _face(self, task: AsyncTask) -> Task:
        """Return the one face of a task: whoever attaches twice gets the same."""
        known = self._faces.get(id(task))
        if known is None:
            known = self._faces[id(task)] = Task(self._bridge, task, self)
        return known


def _client_of(kind: type[Client], settings: dict[str, Any]) -> Client:
    return kind(**settings)


_default: Client | None = None
_default_lock = threading.Lock()


def default_client() -> Client:
    """Return the client that panels share when they are given none; raises ConfigurationError."""
    global _default  # noqa: PLW0603 - one for the whole process is the point
    with _default_lock:
        if _default is None or _default.closed:
            _default = Client()
        return _default
