"""Sends a Run exactly once, with the journal written before it leaves (protocol: Run)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from wiro_widgets.client import files
from wiro_widgets.client.engine import Engine
from wiro_widgets.protocol import replies, requests
from wiro_widgets.protocol.errors import (
    ApiError,
    ConcurrencyLimit,
    InsufficientBalance,
    RunOutcomeUnknown,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.replies import Receipt
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.schema import ModelSchema
from wiro_widgets.results.plain import plain

SERVER_ERRORS_FROM = 500
REQUEST_TIMEOUT = 408


class Submission:
    """One Run on its way; `journal_id` names its row as soon as there is one.

    `notify` is told in words why it takes longer.
    """

    def __init__(self, engine: Engine, model: str, notify: Callable[[str], None]) -> None:
        self._engine = engine
        self._model = model
        self._notify = notify
        self.journal_id: str | None = None

    def __repr__(self) -> str:
        return f"<Submission of {self._model}>"

    async def send(self, values: Mapping[str, Any], schema: ModelSchema | None) -> Receipt:
        """Open the files, note the intent, send, note the outcome.

        Raises InvalidParameter, an ApiError, TransportError when it certainly did not arrive, RunOutcomeUnknown
        when nobody can know.
        """
        with ExitStack() as opened:
            ready = await asyncio.to_thread(files.prepare, values, schema, opened)
            request = requests.run(self._model, ready, schema)
            journal = self._engine.journal
            self.journal_id = await asyncio.to_thread(
                journal.begin, self._engine.server, self._model, plain(values)
            )
            try:
                receipt = await self._receipt(request)
            except WiroError as error:
                await self._close_row(error)
                raise
        await asyncio.to_thread(journal.submitted, self.journal_id, receipt.task_id)
        return receipt

    async def _receipt(self, request: Request) -> Receipt:
        try:
            reply = await self._engine.http.call(request, notify=self._notify)
        except (TransportError, ApiError) as error:
            if _ambiguous(error):
                raise self._unknown(str(error)) from error
            raise
        receipt = replies.receipt(reply)
        if receipt is None:
            raise self._unknown("the reply names no task")
        return receipt

    async def _close_row(self, error: WiroError) -> None:
        journal, row = self._engine.journal, self.journal_id or ""
        note = journal.unknown if isinstance(error, RunOutcomeUnknown) else journal.refused
        await asyncio.to_thread(note, row, str(error))

    def _unknown(self, reason: str) -> RunOutcomeUnknown:
        return RunOutcomeUnknown(self._model, reason, journal_id=self.journal_id)


def _ambiguous(error: TransportError | ApiError) -> bool:
    """Whether a task may have been made although there is no receipt."""
    if isinstance(error, TransportError):
        return not error.safe_to_retry
    if isinstance(error, ConcurrencyLimit | InsufficientBalance):
        return False
    broken = error.http_status >= SERVER_ERRORS_FROM or error.http_status == REQUEST_TIMEOUT
    return broken or error.message == replies.NO_OBJECT
