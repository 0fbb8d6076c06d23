"""One task's life on the engine: submitted, followed, settled, and stopped on the way if need be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wiro_widgets.media.jsonable import plain
from wiro_widgets.media.output import Output
from wiro_widgets.media.recipes import recipe_of
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import RunOutcomeUnknown, TaskError, WiroError
from wiro_widgets.protocol.record_of import record_of
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.version import __version__
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.follower import Following
from wiro_widgets.runs.stopping import stop_remote
from wiro_widgets.runs.story import Story
from wiro_widgets.runs.submission import Submission
from wiro_widgets.transport.downloads import Keepsake

if TYPE_CHECKING:
    from wiro_widgets.runs.task import AsyncTask

SETTLE_SECONDS = 2.0  # how long a stop that was accepted waits for Task/Detail to say so

_log = logging.getLogger("wiro_widgets")


class Life:
    """Owns the background work of one task."""

    def __init__(self, engine: Engine, task: AsyncTask, story: Story) -> None:
        self._engine = engine
        self._task = task
        self._story = story
        self._token: str | None = None
        self._journal_id: str | None = None
        self._kept = Keepsake()
        self._submission: Submission | None = None
        self._following: Following | None = None
        self._work: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Life of {self._story!r}>"

    def begin(self, schema: ModelSchema | None) -> None:
        """Submit it, follow it and settle it in the background."""
        submission = self._submission = Submission(
            self._engine, self._story.model or "", self._task.options, self._story.waits
        )
        self._live(lambda: self._submit(submission, schema))

    def resume(self, detail: TaskDetail, journal_id: str | None, kept: Keepsake) -> None:
        """Go on with a task that exists already; `kept` is what is known of its files."""
        self._token, self._journal_id, self._kept = detail.token, journal_id, kept
        self._story.id = detail.id
        if not detail.terminal:
            self._story.take(detail)
        self._story.submitted.set()
        self._live(None)

    @property
    def begun(self) -> bool:
        """Whether it was begun or resumed."""
        return self._work is not None

    @property
    def stop_begun(self) -> bool:
        """Whether somebody has asked to stop it."""
        return self._stopping is not None

    @property
    def stopping(self) -> asyncio.Task[None] | None:
        """The stop that is under way, if any."""
        return self._stopping if self._stopping and not self._stopping.done() else None

    def hold_back(self) -> None:
        """Send nothing that is not on the wire yet: the client is being closed."""
        if self._submission is not None:
            self._submission.stop()

    async def close(self) -> None:
        """Let go of the task: it goes on at Wiro, and the journal remembers it."""
        jobs = [job for job in (self._work, self._stopping) if job is not None and not job.done()]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    def stop_soon(self) -> asyncio.Task[None]:
        """Begin to stop the task, wherever it is; two stops are one, unless the first one failed."""
        if self._submission is not None:
            self._submission.stop()
        done = self._stopping is not None and self._stopping.done()
        if self._stopping is None or (done and (self._stopping.cancelled() or self._stopping.exception())):
            self._stopping = asyncio.create_task(self._stop(), name=f"wiro stop of {self._story.id}")
            self._stopping.add_done_callback(self._stop_ended)
        return self._stopping

    async def control(self, call: Callable[[str], Request]) -> None:
        """Send one of the two calls that end a task; raises what the server says."""
        await self._story.submitted.wait()
        if self._story.id is None:
            raise TaskError("The run was never accepted, so there is no task to end.", task_id=None)
        await self._engine.http.call(call(self._story.id))
        if self._following is not None:
            self._following.look()

    def _live(self, beginning: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
        self._engine.tasks.add(self._task)
        self._work = asyncio.create_task(self._whole(beginning), name=f"wiro task of {self._story.model}")
        self._work.add_done_callback(self._ended)

    async def _whole(self, beginning: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
        try:
            if beginning is not None:
                await beginning()
            await self._follow_and_settle()
        except WiroError as error:
            self._story.fail(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave a task that never ends
            _log.exception("A task could not be followed, which is a mistake of this package")
            task_id = self._story.id
            self._story.fail(TaskError(f"Task {task_id} could not be followed: {error!r}", task_id=task_id))

    def _ended(self, work: asyncio.Task[None]) -> None:
        """Close up, also when the work was cancelled before it began."""
        if work.cancelled():
            self._story.fail(self._let_go())
        self._engine.tasks.discard(self._task)
        if self._story.id is not None:
            self._engine.balance_queue.task_ended()
        self._story.close()

    async def _submit(self, submission: Submission, schema: ModelSchema | None) -> None:
        try:
            receipt = await submission.send(self._story.values, schema)
        finally:
            self._journal_id, self._kept = submission.journal_id, submission.kept
            self._submission = None
            self._tell_trouble()
        self._token = receipt.token
        self._story.accepted(receipt.task_id)

    async def _follow_and_settle(self) -> None:
        story = self._story
        self._following = Following(self._engine, story.id or "", self._token, story)
        detail = await self._following.end()
        self._token = None
        self._engine.balance_queue.task_ended()
        final = story.finishing(detail)
        outputs: tuple[Output, ...] = ()
        if final.status == "succeeded" and self._task.options.fetch_outputs:
            outputs = await self._fetched(detail)
        story.settle(final, outputs)
        await self._engine.close_row(self._journal_id, story.record, story.stream.seen())
        self._tell_trouble()

    async def _fetched(self, detail: TaskDetail) -> tuple[Output, ...]:
        story = self._story
        record = record_of(story.state, task_id=story.id, model=story.model, parameters=plain(story.values))
        return await self._engine.downloads.fetch_all(
            detail.outputs,
            model=story.model or "",
            task_id=story.id or "",
            recipe=recipe_of(record, version=__version__),
            kept=self._kept,
            notify=story.note,
        )

    async def _stop(self) -> None:
        story = self._story
        await story.submitted.wait()
        if story.id is None and isinstance(story.error, RunOutcomeUnknown):
            raise story.error.with_traceback(None)  # nobody knows whether there is something to stop
        if story.id is None or story.over.is_set():
            return
        said = await stop_remote(self._engine.http, story.id, lambda: story.state)
        if self._following is not None and said is not None:
            self._following.told(said)
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await story.over.wait()

    def _stop_ended(self, stopping: asyncio.Task[None]) -> None:
        """Tell what a stop that nobody waits for could not do."""
        error = None if stopping.cancelled() else stopping.exception()
        if error is not None and not isinstance(error, RunOutcomeUnknown):
            _log.warning("Task %s could not be stopped: %s", self._story.id, error)
            self._story.note(f"The task could not be stopped: {error}", "error")

    def _let_go(self) -> WiroError:
        story = self._story
        if story.id is None:
            reason = "the client was closed before it came"
            return RunOutcomeUnknown(story.model or "", reason, journal_id=self._journal_id)
        return TaskError(
            f"The client was closed; task {story.id} goes on. client.attach({story.id!r}) follows it again.",
            task_id=story.id,
            record=story.record,
        )

    def _tell_trouble(self) -> None:
        trouble = self._engine.new_trouble()
        if trouble is not None:
            self._story.note(trouble)
