"""Stops a remote task: Cancel while it is queued, Kill while it runs, whichever the server takes (protocol)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from wiro_widgets.protocol import backoff, requests
from wiro_widgets.protocol.detail import TaskDetail, read_tasks
from wiro_widgets.protocol.errors import ApiError, AuthenticationError, TransportError
from wiro_widgets.protocol.requests import Request
from wiro_widgets.protocol.state import TaskState
from wiro_widgets.transport.http import Http

STOP_SECONDS = 20.0  # for the whole of it
CALL_SECONDS = 5.0  # for one answer
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0  # between rounds, for a task that is just moving from state to state


async def stop_remote(http: Http, task_id: str, state: Callable[[], TaskState]) -> TaskDetail | None:
    """Stop the task and return what the server says of it; None when it is known to be over already.

    Raises TransportError or an ApiError when the server did not stop it in `STOP_SECONDS`; then it may go on.
    """
    stopping = _Stopping(http, task_id, state)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            return await stopping.rounds()
    except TimeoutError:
        pass
    raise stopping.failure()


class _Stopping:
    def __init__(self, http: Http, task_id: str, state: Callable[[], TaskState]) -> None:
        self._http = http
        self._task_id = task_id
        self._state = state
        self._refusal: TransportError | ApiError | None = None

    async def rounds(self) -> TaskDetail | None:
        pauses = backoff.delays(FIRST_PAUSE, LONGEST_PAUSE, random.random)
        while not self._state().ended:
            calls = (requests.cancel, requests.kill)
            for call in calls if self._state().status in ("submitting", "queued") else reversed(calls):
                answer = await self._asked(call(self._task_id))
                if answer is not None:
                    return answer
            found = await self._asked(requests.task_detail(task_id=self._task_id))
            if found is not None and found.terminal:
                return found
            await asyncio.sleep(next(pauses))
        return None

    def failure(self) -> TransportError | ApiError:
        reason = f"the task was not stopped in {STOP_SECONDS:g} s and may go on"
        last = self._refusal
        if isinstance(last, ApiError):
            said = f"{reason}; {last.message}"
            return ApiError(said, code=last.code, http_status=last.http_status, endpoint=last.endpoint)
        return TransportError(f"{reason}; {last}", endpoint="/Task/Kill", safe_to_retry=True)

    async def _asked(self, request: Request) -> TaskDetail | None:
        """Return what the server says; None when it does not do it, or not yet."""
        try:
            reply = await self._http.call(request, tries=1, seconds=CALL_SECONDS)
        except AuthenticationError:
            raise
        except (TransportError, ApiError) as error:
            self._refusal = error
            return None
        return next(iter(read_tasks(reply, self._task_id)), TaskDetail(id=self._task_id, status=""))
