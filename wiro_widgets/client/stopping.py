"""Stops a remote task: Cancel while it is queued, Kill while it runs, whichever the server takes (protocol)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wiro_widgets.client.http import Http
from wiro_widgets.protocol import requests
from wiro_widgets.protocol.detail import TaskDetail, details
from wiro_widgets.protocol.errors import NotFound
from wiro_widgets.protocol.replies import WrongState
from wiro_widgets.protocol.state import TaskState

ROUNDS = 6
PAUSE = 0.25  # seconds between rounds, for a task that is just moving from one state to the next


async def stop_remote(http: Http, task_id: str, state: Callable[[], TaskState]) -> TaskDetail | None:
    """Stop the task and return what the server says of it; None when it was over already.

    Raises TransportError or an ApiError when the server cannot be asked.
    """
    for _ in range(ROUNDS):
        calls = (requests.cancel, requests.kill)
        for call in calls if state().status in ("submitting", "queued") else reversed(calls):
            try:
                reply = await http.call(call(task_id))
            except (WrongState, NotFound):
                continue
            return next(iter(details(reply)), None)
        found = details(await http.call(requests.task_detail(task_id=task_id)))
        if (found and found[0].terminal) or state().settled:
            return None
        await asyncio.sleep(PAUSE)
    return None
