"""AsyncClient: Wiro for people who await; the blocking Client is a face over the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from wiro_widgets.client.async_experiments import AsyncExperiments
from wiro_widgets.client.catalogue import Catalogue
from wiro_widgets.client.config import found_credentials, open_engine
from wiro_widgets.journal.history import History
from wiro_widgets.money.budget import Budget
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.runs import reuse
from wiro_widgets.runs.attach import Reattaching
from wiro_widgets.runs.given import given
from wiro_widgets.runs.options import OnInterrupt, RunOptions
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.sweeps.registry import SweepRegistry
from wiro_widgets.transport import urls

if TYPE_CHECKING:
    from PIL.Image import Image

CLOSE_SECONDS = 5.0  # how long closing waits for replies to Runs and for tasks that are just being stopped


class AsyncClient(AsyncExperiments):
    """A connection to Wiro; lives on the loop that it is first used on.

    `timeout` is in seconds for one HTTP attempt. `journal` is a path, or False for none. Outputs are saved below
    `output_dir`. `allow_http` permits an unencrypted address on another machine. `budget` is USD, or a Budget to
    share: a run that could pass it raises BudgetExceeded and is not sent. `reuse` answers a run with a fixed seed from
    the history where the same was run before. Credentials come from the arguments, the environment, Colab or the
    keyring. Raises ConfigurationError.

    >>> async with AsyncClient() as client:
    ...     task = await client.run("tencent/hunyuan-flux-srpo", prompt="a lighthouse")
    ...     result = await task.wait()
    """

    def __init__(
        self,
        api_key: str | Credentials | None = None,
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
        self._engine = open_engine(
            credentials,
            base_url=base_url,
            socket_url=socket_url,
            timeout=timeout,
            journal=journal,
            output_dir=output_dir,
            allow_http=allow_http,
            budget=budget,
        )
        self.settings: dict[str, Any] = {  # what another process needs to make such a client; no credentials
            "base_url": self._engine.server,
            "socket_url": self._engine.socket_url,
            "timeout": timeout,
            "journal": journal,
            "output_dir": output_dir,
            "on_interrupt": on_interrupt,
            "allow_http": allow_http,
            "reuse": reuse,
        }
        self._options = RunOptions(on_interrupt=on_interrupt, reuse=reuse)
        self._closed = False
        self._sweeps = SweepRegistry()
        self._catalogue = Catalogue(self._engine.http)
        self._reattaching = Reattaching(self._engine, self._catalogue.known, self._options)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("An AsyncClient lives on its loop; make one where it is needed.")

    def __repr__(self) -> str:
        if not hasattr(self, "_engine"):  # as a debugger shows it in the frame that raised
            return f"<{type(self).__name__} that was refused>"
        here = " (on this machine)" if urls.is_loopback(self._engine.server) else ""
        tasks = len(self._engine.tasks)
        return f"<{type(self).__name__} {self._engine.server}{here}, {tasks} tasks under way>"

    async def run(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        reuse: bool | None = None,
        **values: Any,
    ) -> AsyncTask:
        """Run a model and return its task as soon as Wiro's receipt is in.

        With `reuse` the same run with a fixed seed is answered from the history: `task.record.reused_from` says so.
        Raises InvalidParameter before anything is sent, an ApiError when Wiro refuses, TransportError when the run
        certainly did not arrive, RunOutcomeUnknown when its reply was lost.
        """
        return await self.submit(model, given(params, values), self.options(reuse=reuse))

    async def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - TaskTimeout is the answer
        on_interrupt: OnInterrupt | None = None,
        reuse: bool | None = None,
        **values: Any,
    ) -> list[Image]:
        """Run a model, wait, and return the pictures; raises what `run` and `AsyncTask.wait` raise."""
        options = self.options(on_interrupt=on_interrupt, reuse=reuse)
        task = await self.submit(model, given(params, values), options)
        return (await task.wait(timeout)).images

    def options(self, *, on_interrupt: OnInterrupt | None = None, reuse: bool | None = None) -> RunOptions:
        """Return the client's run options with what a call sets for itself."""
        own = self._options
        return replace(
            own,
            on_interrupt=on_interrupt or own.on_interrupt,
            reuse=own.reuse if reuse is None else reuse,
        )

    async def submit(self, model: str, values: Mapping[str, Any], options: RunOptions) -> AsyncTask:
        """Run a model like `run`, with these options."""
        task, schema = await self.ready(model, values, options)
        await self.hand_in(task, schema)
        return task

    async def ready(
        self, model: str, values: Mapping[str, Any], options: RunOptions
    ) -> tuple[AsyncTask, ModelSchema | None]:
        """Return a task that is bound but not yet started, and the model's schema if it is known."""
        schema = await self._schema_if_known(model)
        return self.prepare(model, values, schema, options), schema

    async def hand_in(self, task: AsyncTask, schema: ModelSchema | None) -> None:
        """Start a task and wait for its receipt; raises what the submission raises."""
        await self.begin(task, schema)
        await task.submitted()

    async def begin(self, task: AsyncTask, schema: ModelSchema | None) -> None:
        """Start a task that is bound, or answer it from the history if its options allow that."""
        kept = None
        if task.options.reuse:
            kept = await reuse.answer(self._engine, task.model or "", task.values, schema)
        if kept is not None:
            task.answer(kept)
        else:
            task.start(schema)

    def prepare(
        self,
        model: str,
        values: Mapping[str, Any],
        schema: ModelSchema | None,
        options: RunOptions | None = None,
    ) -> AsyncTask:
        """Return a task that is bound but not yet started; raises InvalidParameter."""
        if self._closed:
            raise ConfigurationError("This client was closed; make a new one.")
        split_model(model)
        given = {name: value for name, value in values.items() if value is not None}
        bound = schema.bind(given) if schema else given
        return AsyncTask(self._engine, model, bound, options or self._options)

    async def attach(
        self, task_id: str | int, *, model: str | None = None, values: Mapping[str, Any] | None = None
    ) -> AsyncTask:
        """Return a task that exists already, running or over, from any process; raises NotFound, InvalidParameter.

        Outputs that are on the disk are used, those that are missing are downloaded. `model` and `values` say what it
        was begun with, where the journal does not know: Wiro tells values as texts, and not always the model.
        """
        return await self._reattaching.attach(_named(task_id), model, values or {})

    async def recover(self) -> list[AsyncTask]:
        """Pick up every run that was cut off, for example by a killed kernel, and return the tasks.

        A run whose id never came is looked for in Wiro's list of tasks, and picked up unless more tasks fit than runs
        are lost: a WiroWarning names those. Runs that another living process looks after are left to it. Raises
        TransportError or an ApiError.
        """
        return await self._reattaching.recover()

    async def detail(self, task_id: str | int) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none, InvalidParameter where no id is given."""
        return await self._reattaching.detail(_named(task_id))

    async def schema(self, model: str) -> ModelSchema:
        """Return what a model takes, from the catalogue, asked once; raises NotFound."""
        return await self._catalogue.schema(model)

    async def models(
        self, search: str = "", categories: Sequence[str] = (), limit: int = 20
    ) -> list[ModelSummary]:
        """Search the catalogue; the best matches first."""
        return await self._catalogue.models(search, categories, limit)

    @property
    def server(self) -> str:
        """The address of the API."""
        return self._engine.server

    @property
    def budget(self) -> Budget | None:
        """The budget of every run of this client: what is spent, in flight and left of it; None without one."""
        return self._engine.money.own

    @property
    def history(self) -> History:
        """The runs of this Wiro that the journal knows, newest first."""
        return History(self._engine.journal, self._engine.server)

    async def close(self) -> None:
        """Let go of the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine.

        Runs that are on the wire get a moment for their replies, for a task with an id can be found again.
        """
        self._closed = True
        sweeps, tasks = self.sweeps, tuple(self._engine.tasks)
        for sweep in sweeps:
            sweep.pause()
        replies_in = [asyncio.create_task(task.hold_back().wait()) for task in tasks]
        stops = [stop for task in tasks if (stop := task.stopping) is not None]
        if tasks:
            await asyncio.wait([*replies_in, *stops], timeout=CLOSE_SECONDS)
        for job in replies_in:
            job.cancel()
        await asyncio.gather(*(task.close() for task in tasks))
        await asyncio.gather(*(sweep.close() for sweep in sweeps))
        await self._engine.http.aclose()
        self._engine.journal.close()

    async def idle(self) -> None:
        """Wait until no task is under way, and no sweep."""
        while self._engine.tasks or self.sweeps:
            tasks = [asyncio.create_task(task.settled()) for task in self._engine.tasks]
            sweeps = [asyncio.create_task(sweep.busy_after(None, "detach")) for sweep in self.sweeps]
            await asyncio.wait([*tasks, *sweeps])

    def close_unused(self) -> None:
        """Close a client that has never been on a loop, or whose loop is another process's."""
        self._closed = True
        self._engine.journal.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def _schema_if_known(self, model: str) -> ModelSchema | None:
        return await self._catalogue.schema_if_known(model)


def _named(task_id: object) -> str:
    """Return the id of a task as text; a run that was stopped before it was sent has none."""
    name = "" if task_id is None else str(task_id).strip()
    if not name:
        raise InvalidParameter(
            "task_id",
            "no task has this id. A run that was refused, or stopped before it was sent, never became a task.",
        )
    return name
