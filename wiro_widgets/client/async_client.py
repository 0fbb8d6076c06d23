"""AsyncClient: Wiro for people who await; the blocking Client is a face over the same thing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from wiro_widgets.client.catalogue import Catalogue, Models
from wiro_widgets.client.chat import AsyncChat, Conversation
from wiro_widgets.client.config import find_credentials, open_engine, parse_journal
from wiro_widgets.client.model import AsyncModel
from wiro_widgets.client.sweep_launcher import SweepLauncher, SweepOptions
from wiro_widgets.client.worker import Worker
from wiro_widgets.display.live_line import ProgressMode, checked_mode, live_line
from wiro_widgets.journal.history import History, SyncSummary
from wiro_widgets.journal.history_query import Moment
from wiro_widgets.journal.prompts.earlier_prompts import earlier_prompts
from wiro_widgets.journal.prompts.presets import Presets
from wiro_widgets.journal.result import Images
from wiro_widgets.money.budget import Budget
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import ConfigurationError, InvalidParameter, NotFound, WiroError
from wiro_widgets.protocol.prices import pricing
from wiro_widgets.protocol.prices.pricing import Estimate
from wiro_widgets.protocol.record import TaskRecord, task_id_of
from wiro_widgets.protocol.schema.model_info import ModelInfo
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.render import account
from wiro_widgets.render.notebook_repr import NotebookRepr
from wiro_widgets.runs import chain
from wiro_widgets.runs import reuse as history_answers
from wiro_widgets.runs.attach import Attacher, Recovered
from wiro_widgets.runs.inputs import merge
from wiro_widgets.runs.options import OnInterrupt, RunOptions, UnknownPolicy, check_wait
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.runs.task_list.history_sync import HistorySync
from wiro_widgets.runs.task_runner import TaskRunner
from wiro_widgets.sweeps import plan as sweep_plan
from wiro_widgets.sweeps.async_sweep import AsyncSweep
from wiro_widgets.sweeps.axes import How
from wiro_widgets.sweeps.postprocess import Then
from wiro_widgets.sweeps.registry import SweepRegistry
from wiro_widgets.sweeps.scheduler import ClientAccess
from wiro_widgets.sweeps.table import Columns
from wiro_widgets.transport import urls


class AsyncHistory(History):
    """The history of an AsyncClient."""

    async def sync(  # type: ignore[override]  # what asks Wiro is awaited
        self, since: Moment | None = None, *, progress: ProgressMode = None
    ) -> SyncSummary:
        """Do as `Client.history.sync` does."""
        return await super().sync(since, progress=progress)  # type: ignore[misc, no-any-return]  # the client's own


class AsyncClient(NotebookRepr):
    """A connection to Wiro; lives on the loop that it is first used on.

    Its settings and what it raises are those of `Client`, which blocks where this is awaited.

    >>> async with AsyncClient() as client:
    ...     task = await client.run("tencent/hunyuan-flux-srpo", prompt="a lighthouse")
    ...     result = await task.wait()
    """

    _internal_names = (
        "bind",
        "close_unused",
        "history_sync",
        "idle",
        "launcher",
        "options",
        "picture",
        "prepare",
        "quick_schema",
        "runner",
        "settings",
        "start",
    )

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
        progress: ProgressMode = None,
        timing: Timing | None = None,
    ) -> None:
        try:
            credentials = find_credentials(api_key, api_secret)
            journal_or_address = parse_journal(journal)
        finally:
            del api_key, api_secret, journal  # so that no traceback with locals shows them
        self._engine = open_engine(
            credentials,
            base_url=base_url,
            socket_url=socket_url,
            timeout=timeout,
            journal=journal_or_address,
            output_dir=output_dir,
            allow_http=allow_http,
            budget=budget,
            timing=timing or Timing(),
        )
        self.settings: dict[str, Any] = {  # what another process needs to make such a client; no credentials
            "base_url": self._engine.server,
            "socket_url": self._engine.socket_url,
            "timeout": timeout,
            "journal": journal_or_address,
            "output_dir": output_dir,
            "on_interrupt": on_interrupt,
            "allow_http": allow_http,
            "reuse": reuse,
            "progress": progress,
            "timing": timing,
        }
        self._options = RunOptions(on_interrupt=on_interrupt, progress=checked_mode(progress), reuse=reuse)
        self._closed = False
        self._catalogue = Catalogue(self._engine.http)
        self._attacher = Attacher(self._engine, self._catalogue.cached_schema)
        access: ClientAccess[AsyncTask] = ClientAccess(
            engine=self._engine,
            registry=SweepRegistry(),
            options=self._options,
            prepare=self.bind,
            begin=self.start,
            attach=self._attacher.attach,
            wrap=lambda task: task,
        )
        self.launcher = SweepLauncher(
            access,
            self._catalogue,
            lambda: Worker(type(self), self.settings, self, asyncio.get_running_loop()),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("An AsyncClient lives on its loop; make one where it is needed.")

    def __repr__(self) -> str:
        if not hasattr(self, "_engine"):  # as a debugger shows it in the frame that raised
            return f"<{type(self).__name__} that was refused>"
        here = " (on this machine)" if urls.is_loopback(self.server) else ""
        return f"<{type(self).__name__} {self.server}{here}, {len(self._engine.tasks)} tasks under way>"

    def _repr_html_(self) -> str:
        """Show the account of the day."""
        try:
            records = self.history.find(since=datetime.now().astimezone().date())
        except WiroError:  # the journal cannot be read
            records = None
        budget = self.budget
        amounts = None if budget is None else (budget.limit, budget.in_flight, budget.left)
        return account.account(self.server, records, len(self._engine.tasks), amounts)

    @property
    def server(self) -> str:
        """The address of the API."""
        return self._engine.server

    # Runs

    async def run(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        on_interrupt: OnInterrupt | None = None,
        reuse: bool | None = None,
        **values: Any,
    ) -> AsyncTask:
        """Run a model and return its task as soon as Wiro's receipt is in.

        `values` are the model's parameters, `params` a dict of those whose ids are no Python names. A file
        is a path, bytes, a picture, a URL or another run's result; several files are a list.
        `on_interrupt="detach"` leaves the remote task running when a wait for it is interrupted. With `reuse` the same
        run with a fixed seed is answered from the history: `task.record.reused_from` says so. Raises InvalidParameter
        before anything is sent, an ApiError when Wiro refuses, TransportError when the run certainly did not arrive,
        RunOutcomeUnknown when its reply was lost.
        """
        task, schema = await self.prepare(model, params, on_interrupt=on_interrupt, reuse=reuse, **values)
        await self.start(task, schema)
        await task.wait_for_receipt()
        return task

    async def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - TaskTimeout is the answer
        progress: ProgressMode = None,
        on_interrupt: OnInterrupt | None = None,
        reuse: bool | None = None,
        **values: Any,
    ) -> Images:
        """Run a model, wait, and return its pictures: a list that a notebook shows as a row, with `save`.

        After `timeout` seconds it raises TaskTimeout, and the task goes on. Meanwhile it shows what `wait` of a task
        shows, from the start. All else is as in `run`; what is no picture is in `outputs` of a task's result. Raises
        what `run` and `wait` of a task raise.

        >>> images = client.generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse", width=512, height=512)
        >>> images[0].size
        (512, 512)
        """
        check_wait(on_interrupt, timeout)
        task, schema = await self.prepare(model, params, on_interrupt=on_interrupt, reuse=reuse, **values)
        with task.show_progress(progress):
            await self.start(task, schema)
            await task.wait_for_receipt()
            result = await task.wait(timeout, progress=False)
        return result.images

    async def attach(
        self,
        task_id: str | int | TaskRecord,
        *,
        model: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> AsyncTask:
        """Return a task that exists already, running or over, from any process; raises NotFound, InvalidParameter.

        Outputs that are on the disk are used, those that are missing are downloaded. `model` and `values` say what it
        was begun with, if the journal does not: Wiro gives values as texts, and not always the model.
        """
        return await self._attacher.attach(_id_text(task_id), self._options, model, values or {})

    async def find_run(self, journal_id: str) -> AsyncTask:
        """Pick up one run of the journal whose reply was lost; raises RunOutcomeUnknown if its task is uncertain."""
        return await self._attacher.find_run(journal_id, self._options)

    async def recover(self) -> Recovered[AsyncTask]:
        """Pick up every run that was cut off, for example by a killed kernel, and return the tasks.

        A run whose id never came is looked for in Wiro's list of tasks, and picked up only if it is certain which task
        it became. Never raises for one run: `problems` of what is returned names those that could not be picked up, and
        why; `client.history.close` ends one that never became a task. Runs that another living process looks after are
        left to it.

        >>> recovered = client.recover()
        >>> for problem in recovered.problems:
        ...     print(problem)
        """
        return await self._attacher.recover(self._options)

    async def detail(self, task_id: str | int | TaskRecord) -> TaskDetail:
        """Read one task from Wiro; raises NotFound when there is none, InvalidParameter for an empty id."""
        return await self._engine.detail(_id_text(task_id))

    async def delete_files(self, task_id: str | TaskRecord) -> None:
        """Delete a finished task's files at Wiro, inputs and outputs; doing it twice is fine.

        Raises NotFound, and InvalidParameter while runs are under way that may have the same input.
        """
        detail = await self.detail(task_id)
        if self._engine.tasks and self._engine.uploads.has_address(detail.parameters.values()):
            reason = "its input is also that of runs under way; delete its files once they have ended"
            raise InvalidParameter("task_id", reason)
        if detail.token is None:
            raise NotFound(f"Wiro tells no token of task {detail.id}, so its files cannot be deleted", code=1)
        await self._engine.http.call(requests.delete_files(detail.token))

    # Models and prices

    async def schema(self, model: str) -> ModelSchema:
        """Return what a model takes, from the catalogue, asked once; raises NotFound.

        If Wiro does not tell it, the schema has no parameters, `is_open` is True, and every value is sent as it is.
        """
        return await self._catalogue.schema(model)

    async def info(self, model: str) -> ModelInfo:
        """Return what Wiro tells of a model besides what it takes: cover, readme, prices, example inputs, samples.

        Asked once; nothing that it names is fetched. Raises NotFound.

        >>> info = client.info("tencent/hunyuan-flux-srpo")
        >>> print(info.description, info.price)
        """
        return await self._catalogue.info(model)

    def model(self, name: str) -> AsyncModel:
        """Return a model as a function: `inspect.signature`, Tab and `help` know its parameters.

        `name` is "owner/model". Nothing is asked of the catalogue before the parameters are needed. Raises
        InvalidParameter for a text that is no name of a model.

        >>> flux = client.model("tencent/hunyuan-flux-srpo")
        >>> images = flux(prompt="a lighthouse at dusk", steps=20)
        """
        return AsyncModel(self, name)

    def quick_schema(self, model: str, patience: float = 0.0) -> ModelSchema | None:  # noqa: ARG002 - as Client's
        """Return a schema that is at hand, or None: who awaits cannot wait here."""
        return self._catalogue.cached_schema(model)

    async def models(self, search: str = "", categories: Sequence[str] = (), limit: int = 20) -> Models:
        """Search the catalogue; the best matches first, as a list that a notebook shows as a table.

        `search` are words to look for, `categories` those that a model has to be in, `limit` how many come.
        """
        return await self._catalogue.models(search, categories, limit)

    async def picture(self, url: str, limit: int) -> bytes:
        """Return a picture of the catalogue, at most `limit` bytes; raises OutputError. No credentials are sent."""
        return await self._engine.downloads.read(url, limit)

    async def estimate(
        self, model: str, params: Mapping[str, Any] | None = None, /, **values: Any
    ) -> Estimate:
        """Return what a run will cost, from the catalogue's prices: exact, a range, or honestly unknown.

        What is not given counts with its default. Each run that is still making an input counts as well, once and with
        its own inputs; one that is over does not. Nothing is sent but a question to the catalogue. Raises
        InvalidParameter for a value that the model does not take.
        """
        schema = await self._catalogue.schema_if_known(model)
        bound = sweep_plan.convert(merge(params, values), schema)
        estimator = self._engine.ledger.estimator
        estimate = await estimator.estimate(model, bound, schema)
        if tasks := chain.upstream_tasks(bound):
            schemas = [await self._catalogue.schema_if_known(task.model or "") for task in tasks]
            earlier = [
                await estimator.estimate(task.model or "", task.values, its_schema)
                for task, its_schema in zip(tasks, schemas, strict=True)
            ]
            estimate = pricing.total([*earlier, estimate])
        if estimate.typical is None and self._catalogue.cached_schema(model) is None:
            return replace(estimate, reason=f"the catalogue shows no model {model}; check its name")
        return estimate

    @property
    def budget(self) -> Budget | None:
        """The budget of every run of this client: what is spent, in flight and left of it; None without one."""
        return self._engine.ledger.client_budget

    @property
    def history(self) -> AsyncHistory:
        """The runs of this Wiro that the journal knows, newest first; `sync` is awaited."""
        return AsyncHistory(
            self._engine.journal,
            self._engine.server,
            output_dir=self._engine.downloads.output_dir,
            sync=self._sync_history,
        )

    async def _sync_history(self, since: datetime | None, progress: ProgressMode) -> SyncSummary:
        sync = self.history_sync()
        with live_line(sync.line, progress, self._options.progress):
            return await sync.run(since)

    def history_sync(self) -> HistorySync:
        """Return what reads Wiro's list of tasks into the journal, once."""
        return HistorySync(self._engine, self._catalogue.schema_if_known)

    async def chat(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        session_id: str | None = None,
        **values: Any,
    ) -> AsyncChat:
        """Begin a conversation with a language model that keeps sessions; what is called with a prompt answers it.

        `values` are sent with every prompt. A `session_id` of an earlier chat goes on with it, with the turns that the
        journal has. Nothing is sent yet. Raises InvalidParameter for a model that keeps no session.

        >>> chat = client.chat("wiro/sandbox-chat")
        >>> print(chat("Why is the sky blue?"))
        >>> print(chat("And at dusk?"))
        >>> chat.turns[0].answer
        """
        schema = await self._catalogue.schema_if_known(model)
        conversation = Conversation.begin(model, schema, merge(params, values), session_id)
        if session_id is not None:
            await asyncio.to_thread(conversation.read, self.history)
        return AsyncChat(self, conversation)

    def presets(self, model: str) -> Presets:
        """Return the presets of a model, kept in the journal: a mapping of names to values, which can be changed.

        `rename` gives one another name, and `default` is the one with which new panels begin. Raises InvalidParameter
        for a text that is no name of a model.

        >>> client.presets("tencent/hunyuan-flux-srpo")["draft"] = {"steps": 8}
        """
        return Presets(self._engine.journal, "/".join(split_model(model)))

    def prompts(self, model: str) -> list[str]:
        """Return the prompts of earlier runs of a model, from the journal: each once, newest first, 200 at most."""
        return earlier_prompts(self._engine.journal, "/".join(split_model(model)))

    # Sweeps

    async def sweep(
        self,
        model: str | Sequence[str],
        params: Mapping[str, Any] | None = None,
        /,
        *,
        how: How = "grid",
        concurrency: int | None = None,
        then: Then | None = None,
        executor: Executor | None = None,
        resume: bool = True,
        reuse: bool | None = None,
        start: bool = True,
        unknown: UnknownPolicy = "ask",
        **values: Any,
    ) -> AsyncSweep[AsyncTask]:
        """Run every combination of the values that are lists, or with `how="zip"` one of each at a time.

        A list of models is an axis as well; what one of them does not take is left out of its runs, with a WiroWarning
        that names it (`left_out`), and `estimates` and `costs` tell what each model costs. All of it is checked before
        anything is sent; `estimate` says what the open cells will cost. Cells that the journal has are not run again,
        unless `resume` is False. A cell whose earlier run may have become a task that cannot be found is not sent
        again, unless `unknown` is "send". `concurrency` is how many cells run at once (8). `start=False` waits for
        `resume()`. `then` is called with each result, in a thread or, with the downloads, on an `executor`. Raises
        InvalidParameter, ConfigurationError if the journal cannot be read, and BudgetExceeded when the sweep is certain
        to pass a budget.

        >>> sweep = client.sweep("tencent/hunyuan-flux-srpo", prompt=["a cat", "a dog"], seed=range(4), steps=20)
        >>> sweep.wait().grid(x="seed", y="prompt")
        """
        plan = await self.launcher.plan_values(model, merge(params, values), how)
        return await self.launcher.launch(
            plan, SweepOptions(concurrency, then, executor, resume, reuse, start, unknown)
        )

    async def map(
        self,
        model: str,
        cells: Any,
        /,
        *,
        columns: Columns | None = None,
        confirm: bool | int | None = None,
        concurrency: int | None = None,
        then: Then | None = None,
        executor: Executor | None = None,
        resume: bool = True,
        reuse: bool | None = None,
        start: bool = True,
        unknown: UnknownPolicy = "ask",
        **values: Any,
    ) -> AsyncSweep[AsyncTask]:
        """Run each row of a table: a DataFrame of pandas or Polars, an Arrow table, or any iterable of dicts.

        Columns that are parameters are used, others are carried along to `join()`; missing values are left out.
        `columns` names those to use, as a list, or as a dict of column and parameter; `values` are the same for each
        row that has none of its own. More than 10,000 rows are refused, with what they may cost, unless `confirm` is
        True or their number. All else is as in `sweep`. Raises InvalidParameter that names the row and the column.

        >>> results = client.map("tencent/hunyuan-flux-srpo", table, steps=20).wait().join()
        """
        plan = await self.launcher.plan_table(model, cells, values, columns=columns, confirm=confirm)
        return await self.launcher.launch(
            plan, SweepOptions(concurrency, then, executor, resume, reuse, start, unknown)
        )

    @property
    def sweeps(self) -> tuple[AsyncSweep[Any], ...]:
        """The sweeps that are under way, also those that no variable names any more.

        >>> for sweep in client.sweeps:
        ...     sweep.stop()
        """
        return self.launcher.running

    # The end

    async def close(self) -> None:
        """Close the connection; running tasks go on at Wiro and stand in the journal. Closing twice is fine."""
        self._closed = True
        sweeps, tasks = self.sweeps, tuple(self._engine.tasks)
        for sweep in sweeps:
            sweep.pause()
        await asyncio.gather(*(task.runner.close() for task in tasks if task.runner is not None))
        await asyncio.gather(*(sweep.close() for sweep in sweeps))
        await self._engine.end_late_jobs()
        await self._engine.http.aclose()
        self._engine.journal.close()

    def close_unused(self) -> None:
        """Close a client that has never been on a loop, or whose loop is another process's."""
        self._closed = True
        self._engine.journal.close()

    async def idle(self) -> None:
        """Wait until no task is under way, and no sweep."""
        while self._engine.tasks or self.sweeps:
            tasks = [asyncio.create_task(task.finished.wait()) for task in self._engine.tasks]
            sweeps = [asyncio.create_task(sweep.busy_after(None, "detach")) for sweep in self.sweeps]
            await asyncio.wait([*tasks, *sweeps])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    # For the blocking face, the panel and sweeps

    def options(self, *, on_interrupt: OnInterrupt | None = None, reuse: bool | None = None) -> RunOptions:
        """Return the client's run options, with those that a call sets for itself."""
        own = self._options
        return replace(
            own,
            on_interrupt=on_interrupt or own.on_interrupt,
            reuse=own.reuse if reuse is None else reuse,
        )

    async def prepare(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        on_interrupt: OnInterrupt | None = None,
        reuse: bool | None = None,
        **values: Any,
    ) -> tuple[AsyncTask, ModelSchema | None]:
        """Take what `run` takes, fetch the model's schema if the catalogue has it, and return a task to `start`."""
        options = self.options(on_interrupt=on_interrupt, reuse=reuse)
        schema = await self._catalogue.schema_if_known(model)
        return self.bind(model, merge(params, values), schema, options), schema

    def bind(
        self, model: str, values: Mapping[str, Any], schema: ModelSchema | None, options: RunOptions
    ) -> AsyncTask:
        """Return a task that is to be started; raises InvalidParameter, ConfigurationError for a closed client."""
        if self._closed:
            raise ConfigurationError("This client was closed; make a new one.")
        split_model(model)
        without_none = {name: value for name, value in values.items() if value is not None}
        return AsyncTask(model, schema.bind(without_none) if schema else without_none, options)

    async def start(self, task: AsyncTask, schema: ModelSchema | None) -> None:
        """Begin to submit a task, or answer it from the history if its options allow that."""
        result = None
        if task.options.reuse:
            task.values = await chain.resolve(self._engine, task.values, schema)
            task.parents = chain.parents(task.values)
            result = await history_answers.answer(self._engine, task.model or "", task.values, schema)
        if result is None:
            self.runner(task).start(schema)
        else:
            task.answer(result, f"Answered from the history: the same run was task {result.record.task_id}")

    def runner(self, task: AsyncTask) -> TaskRunner:
        """Return a runner for the task, which is to be started on the client's loop."""
        return TaskRunner(self._engine, task)


def _id_text(task_id: object) -> str:
    """Return the id of a task as text; raises InvalidParameter for none, which a run has that was never sent."""
    text = task_id_of(task_id)
    if not text:
        raise InvalidParameter(
            "task_id",
            "no task has this id. A run that was refused, or stopped before it was sent, never became a task.",
        )
    return text
