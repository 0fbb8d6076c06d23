"""AsyncClient: Wiro for people who await; the blocking Client is a face over the same thing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from platformdirs import user_data_path

from wiro_widgets.client import addresses
from wiro_widgets.client.downloads import Downloads
from wiro_widgets.client.engine import Engine
from wiro_widgets.client.http import Http
from wiro_widgets.client.task import AsyncTask, OnInterrupt
from wiro_widgets.protocol import replies, requests
from wiro_widgets.protocol.credentials import Credentials
from wiro_widgets.protocol.detail import TaskDetail, details
from wiro_widgets.protocol.errors import ConfigurationError, NotFound
from wiro_widgets.protocol.replies import ModelSummary
from wiro_widgets.protocol.schema import ModelSchema, split_model
from wiro_widgets.results.history import History
from wiro_widgets.results.journal import Journal

if TYPE_CHECKING:
    from PIL.Image import Image

CLOSE_SECONDS = 5.0  # how long closing waits for tasks that are just being stopped


class AsyncClient:
    """A connection to Wiro; lives on the loop that it is first used on.

    `timeout` is in seconds for one HTTP attempt. `journal` is a path, or False for none. Outputs are saved below
    `output_dir`. `allow_http` permits an unencrypted address on another machine. Credentials come from the
    arguments, the environment, Colab or the keyring. Raises ConfigurationError.

    >>> async with AsyncClient() as client:
    ...     task = await client.run("tencent/hunyuan-flux-srpo", prompt="a lighthouse")
    ...     result = await task.wait()
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
        base = addresses.base_url(base_url, allow_http=allow_http)
        if timeout <= 0:
            raise ConfigurationError(f"timeout must be more than 0 seconds, not {timeout}.")
        http = Http(Credentials.find(api_key, api_secret), base, timeout=timeout)
        data = user_data_path("wiro-widgets", appauthor=False)
        folder = output_dir or os.environ.get("WIRO_OUTPUT_DIR") or data / "outputs"
        self._on_interrupt: OnInterrupt = on_interrupt
        self._schemas: dict[str, ModelSchema | None] = {}
        self._engine = Engine(
            http=http,
            socket_url=addresses.socket_url(socket_url, base, allow_http=allow_http),
            journal=_journal(journal, data),
            downloads=Downloads(http, Path(folder).expanduser(), allow_http=allow_http),
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._engine.server}, {len(self._engine.tasks)} tasks under way>"

    async def run(self, model: str, params: Mapping[str, Any] | None = None, /, **values: Any) -> AsyncTask:
        """Run a model and return its task as soon as Wiro's receipt is in.

        Raises InvalidParameter before anything is sent, an ApiError when Wiro refuses, TransportError when the run
        certainly did not arrive, RunOutcomeUnknown when its reply was lost.
        """
        schema = await self._schema_if_known(model)
        task = self.prepare(model, {**(params or {}), **values}, schema)
        task.start(schema)
        await task.submitted()
        return task

    async def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - TaskTimeout is the answer
        on_interrupt: OnInterrupt | None = None,
        **values: Any,
    ) -> list[Image]:
        """Run a model, wait, and return the pictures; raises what `run` and `AsyncTask.wait` raise."""
        task = await self.run(model, params, **values)
        return (await task.wait(timeout, on_interrupt=on_interrupt)).images

    def prepare(self, model: str, values: Mapping[str, Any], schema: ModelSchema | None) -> AsyncTask:
        """Return a task that is bound but not yet started; raises InvalidParameter."""
        split_model(model)
        given = {name: value for name, value in values.items() if value is not None}
        bound = schema.bind(given) if schema else given
        return AsyncTask(self._engine, model, bound, on_interrupt=self._on_interrupt)

    async def attach(self, task_id: str | int) -> AsyncTask:
        """Return a task that exists already, running or over, from any process; raises NotFound."""
        wanted = str(task_id)
        known = next((task for task in self._engine.tasks if task.id == wanted), None)
        if known is not None:
            return known
        detail = await self.detail(wanted)
        journal_id, row = await asyncio.to_thread(self._row_of, detail)
        task = AsyncTask(
            self._engine, row or detail.model, detail.parameters, on_interrupt=self._on_interrupt
        )
        task.resume(detail, journal_id)
        return task

    async def detail(self, task_id: str | int) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none."""
        request = requests.task_detail(task_id=str(task_id))
        found = details(await self._engine.http.call(request))
        if not found:
            raise NotFound(f"there is no task {task_id}", code=1, endpoint=request.path)
        return found[0]

    async def schema(self, model: str) -> ModelSchema:
        """Return what a model takes, from the catalogue, asked once; raises NotFound."""
        owner, name = split_model(model)
        key = f"{owner}/{name}"
        known = ModelSchema.built_in(key) or self._schemas.get(key)
        if known is None:
            request = requests.tool_detail(key)
            tool = replies.tool(await self._engine.http.call(request))
            if tool is None:
                raise NotFound(f"there is no model {key}", code=1, endpoint=request.path)
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
        """Let go of the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine."""
        tasks = tuple(self._engine.tasks)
        stops = {stop for task in tasks if (stop := task.stopping) is not None}
        if stops:
            await asyncio.wait(stops, timeout=CLOSE_SECONDS)
        for task in tasks:
            await task.close()
        await self._engine.http.aclose()
        self._engine.journal.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def _schema_if_known(self, model: str) -> ModelSchema | None:
        """Return the schema, or None for a model that the catalogue does not show but may well run."""
        try:
            return await self.schema(model)
        except NotFound:
            return None

    def _row_of(self, detail: TaskDetail) -> tuple[str, str | None]:
        """Return the journal's row for a task, a new one when it was begun elsewhere."""
        engine = self._engine
        row = engine.journal.find(detail.id, engine.server)
        if row is not None:
            return row.id, row.model
        journal_id = engine.journal.begin(engine.server, detail.model or "", dict(detail.parameters))
        engine.journal.submitted(journal_id, detail.id)
        return journal_id, detail.model


def _journal(given: str | Path | Literal[False] | None, data: Path) -> Journal:
    if given is False:
        return Journal.open(None)
    named = given or os.environ.get("WIRO_JOURNAL")
    return Journal.open(Path(named).expanduser() if named else data / "journal.sqlite3")
