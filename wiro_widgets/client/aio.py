"""AsyncClient: Wiro for people who await; the blocking Client is a face over the same thing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from platformdirs import user_data_path

from wiro_widgets.client import addresses, reuse
from wiro_widgets.client.budget import Budget
from wiro_widgets.client.downloads import Downloads
from wiro_widgets.client.engine import Engine
from wiro_widgets.client.estimating import Estimator
from wiro_widgets.client.experiments import AsyncExperiments
from wiro_widgets.client.http import Http
from wiro_widgets.client.money import Money
from wiro_widgets.client.reattaching import Reattaching
from wiro_widgets.client.task import AsyncTask, OnInterrupt
from wiro_widgets.protocol import replies, requests
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ConfigurationError, NotFound
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema import ModelSchema, split_model
from wiro_widgets.results.history import History
from wiro_widgets.results.journal import Journal

if TYPE_CHECKING:
    from PIL.Image import Image

CLOSE_SECONDS = 5.0  # how long closing waits for replies to Runs and for tasks that are just being stopped


def found_credentials(key: str | Credentials | None, secret: str | None) -> Credentials:
    """Return the credentials; raises ConfigurationError without the frames that hold what was given."""
    if isinstance(key, Credentials):
        return key
    try:
        return Credentials.find(key, secret)
    except ConfigurationError as error:
        reason = error.with_traceback(None)
    finally:
        del key, secret
    raise reason


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
        base = addresses.base_url(base_url, allow_http=allow_http)
        if timeout <= 0:
            raise ConfigurationError(f"timeout must be more than 0 seconds, not {timeout}.")
        http = Http(credentials, base, timeout=timeout)
        data = user_data_path("wiro-widgets", appauthor=False)
        folder = output_dir or os.environ.get("WIRO_OUTPUT_DIR") or data / "outputs"
        self._on_interrupt: OnInterrupt = on_interrupt
        self._reuse = reuse
        self._schemas: dict[str, ModelSchema] = {}
        self._closed = False
        own = budget if budget is None or isinstance(budget, Budget) else Budget(budget)
        kept = _journal(journal, data)
        sockets = addresses.socket_url(socket_url, base, allow_http=allow_http)
        self.settings: dict[str, Any] = {  # what another process needs to make such a client; no credentials
            "base_url": base,
            "socket_url": sockets,
            "timeout": timeout,
            "journal": journal,
            "output_dir": output_dir,
            "on_interrupt": on_interrupt,
            "allow_http": allow_http,
            "reuse": reuse,
        }
        self._engine = Engine(
            http=http,
            socket_url=sockets,
            journal=kept,
            downloads=Downloads(http, Path(folder).expanduser(), allow_http=allow_http),
            money=Money(Estimator(http, kept), own),
        )
        self._reattaching = Reattaching(self._engine, on_interrupt)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("An AsyncClient lives on its loop; make one where it is needed.")

    def __repr__(self) -> str:
        if not hasattr(self, "_engine"):  # as a debugger shows it in the frame that raised
            return f"<{type(self).__name__} that was refused>"
        here = " (on this machine)" if addresses.is_loopback(self._engine.server) else ""
        return (
            f"<{type(self).__name__} {self._engine.server}{here}, {len(self._engine.tasks)} tasks under way>"
        )

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
        return await self.submit(model, {**(params or {}), **values}, reuse_results=reuse)

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
        task = await self.submit(model, {**(params or {}), **values}, on_interrupt, reuse)
        return (await task.wait(timeout)).images

    async def submit(
        self,
        model: str,
        values: Mapping[str, Any],
        on_interrupt: OnInterrupt | None = None,
        reuse_results: bool | None = None,
    ) -> AsyncTask:
        """Run a model like `run`, with an answer of its own to an interrupt."""
        task, schema = await self.ready(model, values, on_interrupt)
        await self.hand_in(task, schema, reuse_results)
        return task

    async def ready(
        self, model: str, values: Mapping[str, Any], on_interrupt: OnInterrupt | None = None
    ) -> tuple[AsyncTask, ModelSchema | None]:
        """Return a task that is bound but not yet started, and the model's schema where it is known."""
        schema = await self._schema_if_known(model)
        return self.prepare(model, values, schema, on_interrupt), schema

    async def hand_in(
        self, task: AsyncTask, schema: ModelSchema | None, reuse_results: bool | None = None
    ) -> None:
        """Start a task and wait for its receipt; raises what the submission raises."""
        await self.begin(task, schema, reuse_results)
        await task.submitted()

    async def begin(
        self, task: AsyncTask, schema: ModelSchema | None, reuse_results: bool | None = None
    ) -> None:
        """Start a task that is bound, or answer it from the history where that is wanted and possible."""
        wanted = self._reuse if reuse_results is None else reuse_results
        kept = await reuse.answer(self._engine, task.model or "", task.values, schema) if wanted else None
        if kept is not None:
            task.answer(kept)
        else:
            task.start(schema)

    def prepare(
        self,
        model: str,
        values: Mapping[str, Any],
        schema: ModelSchema | None,
        on_interrupt: OnInterrupt | None = None,
    ) -> AsyncTask:
        """Return a task that is bound but not yet started; raises InvalidParameter."""
        if self._closed:
            raise ConfigurationError("This client was closed; make a new one.")
        split_model(model)
        given = {name: value for name, value in values.items() if value is not None}
        bound = schema.bind(given) if schema else given
        return AsyncTask(self._engine, model, bound, on_interrupt=on_interrupt or self._on_interrupt)

    async def attach(self, task_id: str | int) -> AsyncTask:
        """Return a task that exists already, running or over, from any process; raises NotFound.

        Outputs that are on the disk are used, those that are missing are downloaded.
        """
        return await self._reattaching.attach(str(task_id))

    async def recover(self) -> list[AsyncTask]:
        """Pick up every run that was cut off, for example by a killed kernel, and return the tasks.

        A run whose id never came is looked for in Wiro's list of tasks, and picked up unless more tasks fit than runs
        are lost: a WiroWarning names those. Runs that another living process looks after are left to it. Raises
        TransportError or an ApiError.
        """
        return await self._reattaching.recover()

    async def detail(self, task_id: str | int) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none."""
        return await self._reattaching.detail(str(task_id))

    async def schema(self, model: str) -> ModelSchema:
        """Return what a model takes, from the catalogue, asked once; raises NotFound."""
        owner, name = split_model(model)
        key = f"{owner}/{name}"
        known = ModelSchema.built_in(key) or self._schemas.get(key)
        if known is None:
            tool = await self._tool(key)
            known = self._schemas[key] = ModelSchema.from_tool(
                {"slugowner": owner, "slugproject": name, **tool}
            )
        return known

    async def models(
        self, search: str = "", categories: Sequence[str] = (), limit: int = 20
    ) -> list[ModelSummary]:
        """Search the catalogue; the best matches first."""
        request = requests.tool_list(search=search, categories=categories, limit=limit)
        return list(replies.models(await self._engine.http.call(request)))

    @property
    def server(self) -> str:
        """The address of the API."""
        return self._engine.server

    @property
    def history(self) -> History:
        """The runs of this Wiro that the journal knows, newest first."""
        return History(self._engine.journal, self._engine.server)

    async def close(self) -> None:
        """Let go of the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine.

        Runs that are on the wire get a moment for their replies, for a task with an id can be found again.
        """
        self._closed = True
        tasks = tuple(self._engine.tasks)
        replies_in = [asyncio.create_task(task.hold_back().wait()) for task in tasks]
        stops = [stop for task in tasks if (stop := task.stopping) is not None]
        if tasks:
            await asyncio.wait([*replies_in, *stops], timeout=CLOSE_SECONDS)
        for job in replies_in:
            job.cancel()
        await asyncio.gather(*(task.close() for task in tasks))
        await self._engine.http.aclose()
        self._engine.journal.close()

    async def idle(self) -> None:
        """Wait until no task is under way."""
        while tasks := tuple(self._engine.tasks):
            await asyncio.wait([asyncio.create_task(task.settled()) for task in tasks])

    def close_unused(self) -> None:
        """Close a client that has never been on a loop, or whose loop is another process's."""
        self._closed = True
        self._engine.journal.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def _tool(self, model: str) -> Mapping[str, Any]:
        """Return a model's catalogue entry; Wiro's own refusal does not name the model."""
        request = requests.tool_detail(model)
        sentence = f"there is no model {model}"
        try:
            tool = replies.tool(await self._engine.http.call(request))
        except NotFound as error:
            raise NotFound(f"{sentence} ({error.message})", code=error.code, endpoint=request.path) from None
        if tool is None:
            raise NotFound(sentence, code=1, endpoint=request.path)
        return tool

    async def _schema_if_known(self, model: str) -> ModelSchema | None:
        """Return the schema, or None for a model that the catalogue does not show but may well run."""
        try:
            return await self.schema(model)
        except NotFound:
            return None


def _journal(given: str | Path | Literal[False] | None, data: Path) -> Journal:
    if given is False:
        return Journal.open(None)
    named = given or os.environ.get("WIRO_JOURNAL")
    return Journal.open(Path(named).expanduser() if named else data / "journal.sqlite3")
