"""Sends a Run exactly once, with the journal written before it leaves (protocol: Run)."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

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
from wiro_widgets.protocol.replies import Receipt
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs import balance_queue, claims, fingerprint, inputs, reuse
from wiro_widgets.runs import lost_runs as lost
from wiro_widgets.runs.engine import Engine
from wiro_widgets.runs.options import RunOptions
from wiro_widgets.transport.downloads import Keepsake

TRIES = 5  # of a Run that certainly did not arrive, or that was refused because of too many calls
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
SERVER_ERRORS_FROM = 500
MAYBE_DONE = frozenset({300, 301, 302, 303, 408})  # answers that leave open whether the Run took effect


class Submission:
    """One Run on its way; `journal_id` names its row as soon as there is one, `kept` what is known of its files.

    `notify` is told in words why it takes longer. `stop` ends it wherever nothing is on the wire.
    """

    def __init__(
        self, engine: Engine, model: str, options: RunOptions, notify: Callable[[str], None]
    ) -> None:
        self.journal_id: str | None = None
        self.kept = Keepsake()
        self._engine = engine
        self._model = model
        self._options = options
        self._notify = notify
        self._stopped = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Submission of {self._model}{', stopped' if self._stopped.is_set() else ''}>"

    def stop(self) -> None:
        """Send nothing more; what is on the wire at this moment stays there."""
        self._stopped.set()

    async def send(self, values: Mapping[str, Any], schema: ModelSchema | None) -> Receipt:
        """Open the files, note the intent, send, note the outcome; or take over the same run if the options allow it.

        Raises InvalidParameter, BudgetExceeded, an ApiError, TransportError when it certainly did not arrive,
        RunOutcomeUnknown when nobody can know, TaskCancelled when it was stopped before it was sent.
        """
        with ExitStack() as opened:
            ready = await asyncio.to_thread(inputs.prepare, values, schema, opened)
            key = await asyncio.to_thread(fingerprint.of_run, self._model, ready)
            request, kept, begun = requests.run(self._model, ready, schema), plain(values), datetime.now(UTC)
            run_id = str(uuid.uuid4())
            claims.sending.add(run_id)
            try:
                other = await self._claimed(run_id, key, values, schema)
                if other is not None:
                    return other
                try:
                    receipt = await self._receipt(request)
                except WiroError as error:
                    told = await self._explained(error, lost.Run(run_id, self._model, kept, begun))
                    await self._close_row(told)
                    raise told from None
                await asyncio.to_thread(self._engine.journal.submitted, run_id, receipt.task_id)
            finally:
                claims.sending.discard(run_id)
        return receipt

    async def _claimed(
        self, run_id: str, key: str, values: Mapping[str, Any], schema: ModelSchema | None
    ) -> Receipt | None:
        """Write the run down, or return the receipt of the one that makes it needless."""
        engine, options = self._engine, self._options
        without_task: set[str] = set()  # rows that became no task
        seed_is_fixed = reuse.has_fixed_seed(values, schema)

        def stands(row: JournalRow) -> bool:
            return row.id not in without_task and claims.stands_in(
                engine, row, options, seed_is_fixed=seed_is_fixed
            )

        shares = options.share_cell or (options.reuse and seed_is_fixed)
        claim = partial(
            engine.journal.claim, content=key, cell=options.cell, stands=stands if shares else None
        )
        while True:
            charge = await engine.money.charge(self._model, values, schema)
            other = await asyncio.to_thread(claim, run_id, engine.server, self._model, plain(values))
            if other is None:
                self.journal_id = run_id
                engine.money.begun(run_id, charge)
                return None
            charge.settle(0.0)
            self._notify("The same run is under way already; taking its result instead of paying for another")
            found = await claims.take_over(engine, other, self._pause)
            if found is not None:
                row, detail = found
                self.journal_id, self.kept = row.id, Keepsake(row.paths, row.intent_at)
                return Receipt(detail.id or row.task_id or "", detail.token)
            without_task.add(other.id)

    async def _receipt(self, request: Request) -> Receipt:
        try:
            return await self._sent(request)
        except ConcurrencyLimit as error:
            if _ambiguous(error):
                raise
            refusal = error
        self._notify("Your balance allows no further task at once; waiting for one of yours to end")
        queue = self._engine.balance_queue
        with queue.join() as place:
            while not place.is_hopeless:
                await self._pause(place.seconds, queue.change)
                if place.seconds > 0:
                    continue
                place.use()
                try:
                    return await self._sent(request)
                except ConcurrencyLimit as error:
                    if _ambiguous(error):
                        raise
                    refusal = error
        raise _waited_in_vain(refusal)

    async def _sent(self, request: Request) -> Receipt:
        """Send, and again only where it certainly had no effect."""
        pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, random.random)
        for tries_left in reversed(range(TRIES)):
            await self._pause(0)
            try:
                receipt = replies.receipt(await self._engine.http.once(request))
            except (TransportError, RateLimited) as error:
                wait = error.retry_after if isinstance(error, RateLimited) else None
                if not tries_left or not _had_no_effect(error) or (wait or 0) > backoff.LONGEST_RETRY_AFTER:
                    raise
                pause = next(pauses) if wait is None else wait
                why = "Wiro is busy" if isinstance(error, RateLimited) else "Wiro cannot be reached"
                self._notify(f"{why}; trying again in {pause:.0f} s")
                await self._pause(pause)
            else:
                if receipt is None:
                    raise _unknown(self._model, "the reply names no task")
                self._engine.balance_queue.run_accepted()
                return receipt
        raise AssertionError

    async def _pause(self, seconds: float, *events: asyncio.Event) -> None:
        """Wait for one of the events or for the time to pass; raises TaskCancelled once the run is stopped."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._stopped, *events)]
        try:
            if seconds:
                await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._stopped.is_set():
            raise TaskCancelled(task_id=None)

    async def _explained(self, error: WiroError, run: lost.Run) -> WiroError:
        """Return the error, or for a Run whose outcome nobody knows one that names the task it may have become."""
        if isinstance(error, NotFound):
            sentence = f"there is no model {self._model} ({error.message.strip().rstrip('.')})"
            return NotFound(sentence, code=error.code, http_status=error.http_status, endpoint=error.endpoint)
        if isinstance(error, RunOutcomeUnknown):
            reason = error.reason
        elif isinstance(error, TransportError | ApiError) and _ambiguous(error):
            reason = str(error)
        else:
            return error
        self._notify("The reply was lost; looking in Wiro's list for the task that may exist")
        found = await lost.find(self._engine, run)
        return RunOutcomeUnknown(self._model, reason, journal_id=run.journal_id, candidates=found)

    async def _close_row(self, error: WiroError) -> None:
        journal, row = self._engine.journal, self.journal_id or ""
        self._engine.money.refused(row, error)
        note = journal.unknown if isinstance(error, RunOutcomeUnknown) else journal.refused
        await asyncio.to_thread(note, row, str(error))


def _unknown(model: str, reason: str) -> RunOutcomeUnknown:
    return RunOutcomeUnknown(model, reason, journal_id=None)


def _had_no_effect(error: TransportError | RateLimited) -> bool:
    return isinstance(error, RateLimited) or error.safe_to_retry


def _ambiguous(error: TransportError | ApiError) -> bool:
    """Whether a task may have been made although there is no receipt."""
    if isinstance(error, TransportError):
        return not error.safe_to_retry
    broken = error.http_status >= SERVER_ERRORS_FROM or error.http_status in MAYBE_DONE
    return broken or error.message == replies.NO_OBJECT


def _waited_in_vain(error: ConcurrencyLimit) -> ConcurrencyLimit:
    minutes = balance_queue.LONGEST_WAIT / 60
    return ConcurrencyLimit(
        f"{error.message} (in {minutes:g} minutes none of your tasks ended)",
        code=error.code,
        http_status=error.http_status,
        endpoint=error.endpoint,
    )
