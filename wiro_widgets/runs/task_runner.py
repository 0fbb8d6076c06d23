"""TaskRunner: the background work of one task: submit, follow, settle, and stop on the way if need be."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import logging
import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from wiro_widgets.media.jsonable import plain
from wiro_widgets.media.output import Output
from wiro_widgets.media.recipes import recipe_of
from wiro_widgets.protocol import __version__, backoff, requests
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.errors import (
    ApiError,
    AuthenticationError,
    RunOutcomeUnknown,
    TaskError,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.record_of import record_of
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.protocol.state import advance
from wiro_widgets.protocol.text.text_content import CUT_OFF, cut_off_reason
from wiro_widgets.runs import chain
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.follower import Follower, find_task, renew_outputs
from wiro_widgets.runs.submission import Submission
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.transport.downloads import EarlierFiles

_log = logging.getLogger("wiro_widgets")


class TaskRunner:
    """Owns the asyncio tasks behind one task: one that submits, follows and settles it, and one that stops it.

    Lives on the engine's loop. The task is in `Engine.tasks` from `start` until nothing more will change.
    """

    def __init__(self, engine: Engine, task: AsyncTask) -> None:
        task.runner = self
        self._engine = engine
        self._task = task
        self._token: str | None = None
        self._journal_id: str | None = None
        self._files = EarlierFiles()
        self._submission: Submission | None = None
        self._follower: Follower | None = None
        self._work: asyncio.Task[None] | None = None
        self._stop: asyncio.Task[None] | None = None
        self._fetching: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<TaskRunner of {self._task!r}>"

    def start(self, schema: ModelSchema | None) -> None:
        """Submit the run, follow it and settle it in the background."""
        task = self._task
        self._submission = Submission(self._engine, task.model or "", task.options, self._explain_delay)
        self._work = asyncio.create_task(self._run(schema), name=f"wiro task of {task.model}")
        self._register()

    def resume(self, detail: TaskDetail, journal_id: str | None, files: EarlierFiles) -> None:
        """Follow and settle a task that exists already; `files` is what is known of its outputs."""
        task = self._task
        self._token, self._journal_id, self._files = detail.token, journal_id, files
        task.id = detail.id
        if not detail.terminal:
            task.take(detail)
        task.submitted.set()
        self._work = asyncio.create_task(self._run(None), name=f"wiro task of {task.model}")
        self._register()

    def _register(self) -> None:
        assert self._work is not None  # noqa: S101 - the caller has created it
        self._task.loop = asyncio.get_running_loop()
        self._engine.tasks.add(self._task)
        self._work.add_done_callback(self._end)

    async def _run(self, schema: ModelSchema | None) -> None:
        task, submission = self._task, self._submission
        try:
            if submission is not None:
                try:
                    task.values = await submission.wait_for_inputs(task.values, schema)
                    task.parents = chain.parents(task.values)
                    receipt = await submission.send(task.values, schema)
                finally:
                    self._journal_id, self._files = submission.journal_id, submission.files
                    self._submission = None
                    self._report_journal_trouble()
                self._token = receipt.token
                task.accept(receipt.task_id)
            self._follower = Follower(self._engine, task, self._token)
            detail = await self._follower.run()
            self._token = None
            self._engine.balance_queue.task_ended()
            await self._settle(detail)
        except WiroError as error:
            task.fail(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave a task that never ends
            _log.exception("A task could not be followed, which is a mistake of this package")
            task.fail(TaskError(f"Task {task.id} could not be followed: {error!r}", task_id=task.id))

    async def _settle(self, detail: TaskDetail) -> None:
        """Fetch the outputs of a task that has ended, and close its journal row if all of them are on the disk."""
        task, engine = self._task, self._engine
        final = advance(task.state, detail)
        task.update(replace(final, status="finishing", outputs=()))
        outputs: tuple[Output, ...] = ()
        if final.status == "succeeded" and task.options.fetch_outputs:
            outputs = await self._fetch(detail.outputs, self._files)
        missing = [output.error for output in outputs if output.error is not None and output.is_to_come]
        if missing:
            task.note(
                f"Pictures still to come: {len(missing)} of {len(outputs)} outputs are not here ({missing[0].reason}). "
                "The next use of the result and client.recover() fetch them."
            )
        cut_off = cut_off_reason(final.text.finish_reason) if final.text else None
        if cut_off:
            task.note(f"{CUT_OFF}. {cut_off}")
        task.settle(final, outputs)
        fetch_again = self._fetcher()
        for output in outputs:
            output.set_fetcher(fetch_again)
        cost_may_come = (
            final.status == "succeeded" and detail.total_cost is None and self._journal_id is not None
        )
        await engine.write_end(
            self._journal_id,
            task.record,
            task.stream.since(0)[0],
            is_whole=self._is_whole(),
            cost_may_come=cost_may_come,
        )
        if cost_may_come:
            engine.start_late_job(self._read_late_cost())
        await self._drop_moved(outputs)
        if any(output.needs_move for output in outputs):
            engine.start_late_job(self._move_later())
        self._report_journal_trouble()

    async def _fetch(self, infos: tuple[OutputInfo, ...], files: EarlierFiles) -> tuple[Output, ...]:
        task = self._task
        record = record_of(task.state, task_id=task.id, model=task.model, parameters=plain(task.values))
        return await self._engine.downloads.fetch_all(
            infos,
            model=task.model or "",
            task_id=task.id or "",
            recipe=recipe_of(record, version=__version__),
            files=files,
            notify=task.note,
        )

    # After its end

    async def fetch_missing(self) -> None:
        """Fetch again what is missing, for at most `Timing.fetch_again`; several calls at once are one."""
        if not any(output.is_to_come for output in self._task.outputs):
            return
        if self._fetching is None or self._fetching.done():
            self._fetching = self._engine.start_late_job(self._fetch_missing())
        await asyncio.wait({self._fetching}, timeout=self._engine.timing.fetch_again)

    async def _fetch_missing(self) -> None:
        """Read Task/Detail for new addresses, fetch what is missing, and close the row once all is on the disk."""
        task = self._task
        detail = await self._look()
        infos = renew_outputs(task.state.outputs, detail.outputs if detail else ())
        try:
            outputs = await self._fetch(infos, EarlierFiles(outputs=task.outputs))
        except WiroError as error:  # such as a client that was closed meanwhile
            _log.info("The outputs of task %s were not fetched: %s", task.id, error)
            return
        for output, newer in zip(task.outputs, outputs, strict=True):
            if output.is_to_come:
                output.take(newer)
        if self._is_whole():
            await self._engine.write_end(self._journal_id, task.record, cost_may_come=True)
            await self._drop_moved(task.outputs)

    async def _move_later(self) -> None:
        """Move the outputs that are to be elsewhere, and close the row once all of them are there."""
        task, engine = self._task, self._engine
        pauses = engine.timing.move_again
        for pause in itertools.chain(pauses, itertools.repeat(pauses[-1])):
            await asyncio.sleep(pause)
            await engine.downloads.move(task.outputs, _log.info)
            if not any(output.needs_move for output in task.outputs):
                break
        await engine.write_end(self._journal_id, task.record, is_whole=self._is_whole(), cost_may_come=True)
        await self._drop_moved(task.outputs)

    async def _drop_moved(self, outputs: Sequence[Output]) -> None:
        """Remove the files here of outputs that were moved, once the journal's file has their addresses."""
        journal, downloads = self._engine.journal, self._engine.downloads
        if await asyncio.to_thread(journal.is_written, self._journal_id):
            await asyncio.to_thread(downloads.drop_moved, outputs)

    def _is_whole(self) -> bool:
        return not any(output.is_to_come for output in self._task.outputs)

    def _fetcher(self) -> Callable[[], None]:
        """Return what fetches again from other threads than that of the loop, which it would stop."""
        loop, process = asyncio.get_running_loop(), os.getpid()

        def fetch_again() -> None:
            with suppress(RuntimeError):
                if asyncio.get_running_loop() is loop:
                    return
            if loop.is_running() and os.getpid() == process:
                job = asyncio.run_coroutine_threadsafe(self.fetch_missing(), loop)
                with suppress(TimeoutError, concurrent.futures.CancelledError):
                    job.result(self._engine.timing.fetch_again)

        return fetch_again

    async def _look(self) -> TaskDetail | None:
        """Read Task/Detail once; None if it does not tell of the task now."""
        request = requests.task_detail(task_id=self._task.id or "")
        try:
            reply = await self._engine.http.call(request, tries=1, seconds=self._engine.timing.detail_read)
        except WiroError:
            return None
        return find_task(reply, self._task.id or "")

    async def _read_late_cost(self) -> None:
        """Read Task/Detail a few times for a cost that was not there at the end, and book it."""
        task = self._task
        try:
            for pause in self._engine.timing.late_cost:
                await asyncio.sleep(pause)
                newer, detail = await self._look(), task.state.detail
                if newer is not None and newer.total_cost is not None and detail is not None:
                    task.state = replace(task.state, detail=replace(detail, total_cost=newer.total_cost))
                    break
        finally:
            self._engine.ledger.settle(self._journal_id or "", task.record)
        if task.record.total_cost is not None:
            await self._engine.write_end(self._journal_id, task.record, is_whole=self._is_whole())

    def _end(self, work: asyncio.Task[None]) -> None:
        """Release the task, also when the work was cancelled before it began."""
        task = self._task
        if work.cancelled() and task.id is None:
            reason = "the client was closed before it came"
            task.fail(RunOutcomeUnknown(task.model or "", reason, journal_id=self._journal_id))
        elif work.cancelled():
            sentence = (
                f"The client was closed; task {task.id} goes on. client.attach({task.id!r}) follows it again."
            )
            task.fail(TaskError(sentence, task_id=task.id, record=task.record))
        self._engine.tasks.discard(task)
        if task.id is not None:
            self._engine.balance_queue.task_ended()
        task.close()

    def _explain_delay(self, reason: str) -> None:
        """Publish why the submission takes longer; the state's note shows it until there is a receipt."""
        self._task.state = replace(self._task.state, note=reason)
        self._task.note(reason, "info")

    def _report_journal_trouble(self) -> None:
        trouble = self._engine.new_trouble()
        if trouble is not None:
            self._task.note(trouble)

    # Ending it before its time

    @property
    def stop_requested(self) -> bool:
        """True if somebody has asked to stop the task."""
        return self._stop is not None

    def stop_soon(self) -> asyncio.Task[None]:
        """Begin to stop the task, wherever it is; two stops are one, unless the first one failed."""
        if self._submission is not None:
            self._submission.stop()
        stop = self._stop
        if stop is None or (stop.done() and (stop.cancelled() or stop.exception())):
            stop = self._stop = asyncio.create_task(self._stop_task(), name=f"wiro stop of {self._task.id}")
            stop.add_done_callback(self._report_stop)
        return stop

    async def interrupt(self) -> None:
        """Begin to stop the task and wait `Timing.interrupt` for it; then the stop goes on by itself."""
        await asyncio.wait({self.stop_soon()}, timeout=self._engine.timing.interrupt)

    async def control(self, call: Callable[[str], Request]) -> None:
        """Send Cancel or Kill once the task has an id; raises what the server says."""
        await self._task.submitted.wait()
        if self._task.id is None:
            raise TaskError("The run was never accepted, so there is no task to end.", task_id=None)
        await self._engine.http.call(call(self._task.id))
        if self._follower is not None:
            self._follower.look()

    async def close(self) -> None:
        """End the background work: the task goes on at Wiro, and the journal remembers it.

        Nothing more is sent. A Run that is on the wire and a stop that is under way get `Timing.close`: a task with an
        id can be found again.
        """
        if self._submission is not None:
            self._submission.stop()
        receipt = asyncio.create_task(self._task.submitted.wait())
        await asyncio.wait({receipt, *self._unfinished(self._stop)}, timeout=self._engine.timing.close)
        jobs = [receipt, *self._unfinished(self._work, self._stop)]
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    @staticmethod
    def _unfinished(*jobs: asyncio.Task[None] | None) -> list[asyncio.Task[Any]]:
        return [job for job in jobs if job is not None and not job.done()]

    async def _stop_task(self) -> None:
        task = self._task
        await task.submitted.wait()
        if task.id is None and isinstance(task.error, RunOutcomeUnknown):
            raise task.error.with_traceback(None)  # nobody knows whether there is something to stop
        if task.id is None or task.over:
            return
        answer = await self._stop_remote(task.id)
        if self._follower is not None and answer is not None:
            self._follower.take_answer(answer)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._engine.timing.stop_confirmation):
                await task.finished.wait()

    async def _stop_remote(self, task_id: str) -> TaskDetail | None:
        """Send Cancel while the task is queued, Kill while it runs, and the other one where that is refused.

        Returns what the server says of the task; None when it is over already. Raises TransportError or an ApiError
        when the server did not stop it within `Timing.stop` (docs/protocol.md, Kill and Cancel).
        """
        timing, task = self._engine.timing, self._task
        refusal: TransportError | ApiError | None = None

        async def ask(request: Request) -> TaskDetail | None:
            nonlocal refusal
            try:
                reply = await self._engine.http.call(request, tries=1, seconds=timing.stop_call)
            except AuthenticationError:
                raise
            except (TransportError, ApiError) as error:
                refusal = error
                return None
            return find_task(reply, task_id) or TaskDetail(id=task_id, status="")

        with suppress(TimeoutError):
            async with asyncio.timeout(timing.stop):
                for pause in backoff.delays(*timing.stop_pauses, random.random):
                    if task.state.ended:
                        return None
                    queued = task.state.status in ("submitting", "queued")
                    calls = (requests.cancel, requests.kill) if queued else (requests.kill, requests.cancel)
                    for call in calls:
                        answer = await ask(call(task_id))
                        if answer is not None:
                            return answer
                    detail = await ask(requests.task_detail(task_id=task_id))
                    if detail is not None and detail.terminal:
                        return detail
                    await asyncio.sleep(pause)
        reason = f"the task was not stopped in {timing.stop:g} s and may go on"
        if isinstance(refusal, ApiError):
            sentence = f"{reason}; {refusal.message}"
            raise ApiError(
                sentence, code=refusal.code, http_status=refusal.http_status, endpoint=refusal.endpoint
            )
        raise TransportError(f"{reason}; {refusal}", endpoint="/Task/Kill", safe_to_retry=True)

    def _report_stop(self, stop: asyncio.Task[None]) -> None:
        """Publish the failure of a stop, which nobody may be waiting for."""
        error = None if stop.cancelled() else stop.exception()
        if error is not None and not isinstance(error, RunOutcomeUnknown):
            _log.warning("Task %s could not be stopped: %s", self._task.id, error)
            self._task.note(f"The task could not be stopped: {error}", "error")
