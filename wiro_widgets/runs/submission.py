"""Send a Run exactly once, with the journal written before it leaves (docs/protocol.md, Run)."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

from wiro_widgets.journal import process
from wiro_widgets.journal.row import JournalRow
from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol import backoff, replies, requests
from wiro_widgets.protocol.errors import (
    ApiError,
    ConcurrencyLimit,
    NotFound,
    RateLimited,
    RunOutcomeUnknown,
    TaskCancelled,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.lookup import Present, Unknown
from wiro_widgets.protocol.replies import Receipt
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs import chain, fingerprint, inputs, lost_runs, reuse
from wiro_widgets.runs.balance_queue import Place
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.transport.downloads import EarlierFiles
from wiro_widgets.transport.shared_uploads import may_blame_address

T = TypeVar("T")

TRIES = 5  # of a Run that certainly did not arrive, or that was refused because of too many calls
SERVER_ERRORS_FROM = 500
REFUSED_BY_ANY_SERVER = frozenset({413, 414, 431})  # too large, whoever says it
# Statuses that leave open whether the Run took effect: redirects that say so or answer another question, a conflict,
# and a call that a gateway gave up on (499 of nginx, 460 of AWS).
MAYBE_DONE = frozenset({300, 301, 302, 303, 304, 305, 306, 408, 409, 460, 499})


class Submission:
    """One Run on its way.

    `journal_id` names its row as soon as there is one, `files` says what is known of its outputs. `notify` is called
    with the reason when it takes longer. `stop` ends it unless it is on the wire.
    """

    def __init__(
        self, engine: Engine, model: str, options: RunOptions, notify: Callable[[str], None]
    ) -> None:
        self.journal_id: str | None = None
        self.files = EarlierFiles()
        self._engine = engine
        self._model = model
        self._options = options
        self._notify = notify
        self._stop = asyncio.Event()
        self._tries = 0
        self._pauses: Iterator[float] = iter(())

    def __repr__(self) -> str:
        return f"<Submission of {self._model}{', stopped' if self._stop.is_set() else ''}>"

    def stop(self) -> None:
        """Send nothing more; what is on the wire at this moment stays there."""
        self._stop.set()

    async def wait_for_inputs(self, values: Mapping[str, Any], schema: ModelSchema | None) -> dict[str, Any]:
        """Return the values with the outputs of the runs that they name, which may still be running.

        The budgets hold the cost of this run meanwhile. Raises InvalidParameter if one of those runs failed,
        BudgetExceeded, TaskCancelled.
        """
        tasks = chain.pending_tasks(values)
        if not tasks:
            return await chain.resolve(self._engine, values, schema)
        names = ", ".join(f"task {task.id}" if task.id else f"a run of {task.model}" for task in tasks)
        self._notify(f"Waiting for {names}, whose result is an input")
        charge = await self._engine.ledger.charge(self._model, values, schema)
        try:
            return await self._or_stop(chain.resolve(self._engine, values, schema))
        finally:
            charge.settle(0.0)

    async def send(self, values: Mapping[str, Any], schema: ModelSchema | None) -> Receipt:
        """Open the files, write the intent down, send, write the outcome down; or take over an equal run.

        Raises InvalidParameter, BudgetExceeded, an ApiError, TransportError when it certainly did not arrive,
        RunOutcomeUnknown when nobody can know, TaskCancelled when it was stopped before it was sent.
        """
        engine = self._engine
        with ExitStack() as cleanup:
            ready = await asyncio.to_thread(inputs.prepare, values, schema, cleanup)
            input_files = await asyncio.to_thread(fingerprint.files_of, ready)
            content = fingerprint.of_run(self._model, ready, input_files, is_typed=schema is not None)
            lean = await self._or_stop(engine.uploads.replace(ready, input_files, schema))
            request = requests.run(self._model, lean, schema)
            run_id, parameters = str(uuid.uuid4()), {**plain(values), **plain(input_files)}
            process.sending.add(run_id)
            cleanup.callback(process.sending.discard, run_id)
            earlier = await self._claim(run_id, content, parameters, values, schema)
            if earlier is not None:
                return earlier
            try:
                with engine.balance_queue.place() as place:
                    self._begin_tries()
                    while True:
                        self._check_stopped()
                        reply = await engine.http.attempt(request)
                        if not isinstance(reply, WiroError):
                            break
                        if lean is not ready and may_blame_address(reply) and not _is_ambiguous(reply):
                            # No task was made: the run goes on as if its files had never been shared.
                            engine.uploads.forget(ready, input_files)
                            lean, request = ready, requests.run(self._model, ready, schema)
                            continue
                        await self._wait_to_send_again(reply, place)
                receipt = await self._accept(reply, run_id, parameters)
            except WiroError as error:
                explained = await self._explain(error, run_id)
                engine.ledger.refuse(run_id, explained)
                lost = isinstance(explained, RunOutcomeUnknown)
                write = engine.journal.unknown if lost else engine.journal.refused
                await asyncio.to_thread(write, run_id, str(explained))
                raise explained from None
            engine.balance_queue.run_accepted()
        return receipt

    async def _claim(
        self,
        run_id: str,
        content: str,
        parameters: Mapping[str, Any],
        values: Mapping[str, Any],
        schema: ModelSchema | None,
    ) -> Receipt | None:
        """Charge the budgets and write the run down, or return the receipt of an equal run that takes its place.

        Raises RunOutcomeUnknown if such a run may have a task that cannot be found.
        """
        engine, options = self._engine, self._options
        without_task: set[str] = set()  # rows that became no task
        seed_is_fixed = reuse.has_fixed_seed(values, schema)

        def conflicts(row: JournalRow) -> bool:
            if row.id in without_task and not reuse.may_have_task(row):
                return False
            return reuse.stands_in(engine, row, options, seed_is_fixed=seed_is_fixed)

        shares = options.share_cell or (options.reuse and seed_is_fixed)
        claim = partial(
            engine.journal.claim,
            content=content,
            cell=options.cell,
            parents=chain.parents(values),
            conflicts=conflicts if shares else None,
            unknown=options.unknown,
            notify=self._waiter(asyncio.get_running_loop()),
        )
        while True:
            charge = await engine.ledger.charge(self._model, values, schema)
            try:
                async with engine.claim_slots:
                    row = await asyncio.to_thread(claim, run_id, engine.server, self._model, parameters)
            except BaseException:
                charge.settle(0.0)
                raise
            if row is None:
                self.journal_id = run_id
                engine.ledger.enter(run_id, charge)
                return None
            charge.settle(0.0)
            where = "was made on another machine" if row.is_elsewhere else "is under way already"
            self._notify(f"The same run {where}; taking its result instead of paying for another")
            match await reuse.take_over(engine, row, parameters, self._pause):
                case Present((row, detail)):
                    self.journal_id, self.files = row.id, EarlierFiles(row)
                    return Receipt(detail.id, detail.token)
                case Unknown(reason, candidates):
                    raise RunOutcomeUnknown(self._model, reason, journal_id=row.id, candidates=candidates)
            without_task.add(row.id)

    def _waiter(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], None]:
        """Return what says once, from any thread, why the run waits, and ends the wait when the run is stopped."""
        reasons: set[str] = set()

        def wait(reason: str) -> None:
            self._check_stopped()
            if reason not in reasons:
                reasons.add(reason)
                loop.call_soon_threadsafe(self._notify, reason)

        return wait

    def _begin_tries(self) -> None:
        self._tries = TRIES
        self._pauses = backoff.delays(*self._engine.timing.run_retries, random.random)

    async def _wait_to_send_again(self, error: WiroError, place: Place) -> None:
        """Wait until the Run may be sent again; raises the error if it may have had an effect, or after too much.

        Code 96 made no task: then the run waits for its turn. 429 and what certainly did not arrive made none either.
        """
        if isinstance(error, ConcurrencyLimit) and not _is_ambiguous(error):
            if not place.is_in_line:
                self._notify("Your balance allows no further task at once; waiting for one of yours to end")
                place.join()
            await self._note_wait(waits=True)
            while (seconds := place.seconds) > 0 or not await self._note_wait(waits=False):
                await self._pause(seconds or self._engine.timing.claim_poll, place.change)
                if place.is_hopeless:
                    raise _waited_in_vain(error, self._engine.timing.balance_patience)
            place.use()
            self._begin_tries()
            return
        busy = isinstance(error, RateLimited)
        retry_after = error.retry_after if isinstance(error, RateLimited) else None
        no_effect = busy or (isinstance(error, TransportError) and error.safe_to_retry and error.retry_helps)
        self._tries -= 1
        if not self._tries or not no_effect or (retry_after or 0) > backoff.LONGEST_RETRY_AFTER:
            raise error
        pause = next(self._pauses) if retry_after is None else retry_after
        reason = "Wiro is busy" if busy else "Wiro cannot be reached"
        self._notify(f"{reason}; trying again in {pause:.0f} s")
        await self._pause(pause)

    async def _note_wait(self, *, waits: bool) -> bool:
        """Write down whether Wiro certainly has no task of the run; return True if that is on disk."""
        return await asyncio.to_thread(self._engine.journal.wait, self.journal_id or "", waits=waits)

    async def _accept(self, reply: Mapping[str, Any], run_id: str, parameters: Mapping[str, Any]) -> Receipt:
        """Read the receipt and write its task down; raises RunOutcomeUnknown if it names none, or that of another run.

        A proxy may give the reply of an earlier Run once more: that run's task is not this one's.
        """
        journal, receipt = self._engine.journal, replies.receipt(reply)
        if receipt is None:
            reason = ": ".join(filter(None, ("the reply names no task", replies.top_message(reply))))
            raise RunOutcomeUnknown(self._model, reason, journal_id=None)
        owner = await asyncio.to_thread(journal.submitted, run_id, receipt.task_id)
        if owner is not None and await lost_runs.is_of_owner(self._engine, owner, self._model, parameters):
            reason = f"the reply names task {receipt.task_id}, which an earlier run has become"
            await asyncio.to_thread(journal.unknown, run_id, reason, has_task=False)
            raise RunOutcomeUnknown(self._model, reason, journal_id=None)
        return receipt

    async def _or_stop(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns; raises TaskCancelled as soon as the run is stopped."""
        job = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((job, stop), return_when=asyncio.FIRST_COMPLETED)
            self._check_stopped()
            return await job
        finally:
            job.cancel()
            stop.cancel()

    def _check_stopped(self) -> None:
        if self._stop.is_set():
            raise TaskCancelled(task_id=None)

    async def _pause(self, seconds: float, *events: asyncio.Event) -> None:
        """Wait for one of the events or for the time to pass; raises TaskCancelled once the run is stopped."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stop, *events)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self._check_stopped()

    async def _explain(self, error: WiroError, run_id: str) -> WiroError:
        """Return the error, with the model's name, or with the tasks that a Run of unknown outcome may have become."""
        if isinstance(error, RunOutcomeUnknown):
            reason = error.reason
        elif isinstance(error, TransportError | ApiError) and _is_ambiguous(error):
            reason = str(error)
        elif isinstance(error, NotFound):
            sentence = f"there is no model {self._model} ({error.message.strip().rstrip('.')})"
            return NotFound(sentence, code=error.code, http_status=error.http_status, endpoint=error.endpoint)
        else:
            return error
        self._notify("The reply was lost; looking in Wiro's list for the task that may exist")
        row = await asyncio.to_thread(self._engine.journal.row, run_id)
        candidates = () if row is None else await lost_runs.candidates(self._engine, row)
        return RunOutcomeUnknown(self._model, reason, journal_id=run_id, candidates=candidates)


def _is_ambiguous(error: TransportError | ApiError) -> bool:
    """Return True if a task may have been made although there is no receipt."""
    if isinstance(error, TransportError):
        return not error.safe_to_retry
    unclear = error.http_status >= SERVER_ERRORS_FROM or error.http_status in MAYBE_DONE
    if error.http_status in REFUSED_BY_ANY_SERVER:
        return False
    return unclear or error.message.endswith((replies.NO_OBJECT, replies.FOREIGN_PAGE))


def _waited_in_vain(error: ConcurrencyLimit, seconds: float) -> ConcurrencyLimit:
    return ConcurrencyLimit(
        f"{error.message} (in {seconds / 60:g} minutes none of your tasks ended)",
        code=error.code,
        http_status=error.http_status,
        endpoint=error.endpoint,
    )
