"""The events of one task, kept for whoever comes late and handed to whoever waits."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from wiro_widgets.protocol.events import Log, Notice, Outputs, Progress, TaskEvent, TextSnapshot, Unknown
from wiro_widgets.protocol.replies import TextContent

MAX_EVENTS = 100_000
MAX_TEXT = 64 * 1024 * 1024  # characters in all: a language model's snapshots repeat themselves

_log = logging.getLogger("wiro_widgets")


class EventStream:
    """A bounded ring of events; written on the engine's loop, read from anywhere.

    A reader that falls more than `MAX_EVENTS` or `MAX_TEXT` behind continues at the oldest event still kept.
    """

    def __init__(self) -> None:
        self._events: deque[TaskEvent] = deque()
        self._text = 0
        self._count = 0
        self._lock = threading.Lock()  # the ring and its count are read together
        self._closed = False
        self._waiting: list[asyncio.Future[None]] = []
        self._callbacks: list[Callable[[TaskEvent], object]] = []

    def __repr__(self) -> str:
        return f"<EventStream {self._count} events{', closed' if self._closed else ''}>"

    def __len__(self) -> int:
        return self._count

    def publish(self, events: Sequence[TaskEvent]) -> None:
        """Keep events and hand them on."""
        with self._lock:
            self._events.extend(events)
            self._count += len(events)
            self._text += sum(map(_size, events))
            while len(self._events) > MAX_EVENTS or (self._text > MAX_TEXT and len(self._events) > 1):
                self._text -= _size(self._events.popleft())
        for callback in self._callbacks:
            for event in events:
                _call(callback, event)
        self._wake()

    def close(self) -> None:
        """End the stream: there will be no further event."""
        self._closed = True
        self._callbacks.clear()
        self._wake()

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call it with each event from the first one kept."""
        for event in tuple(self._events):
            _call(callback, event)
        if not self._closed:
            self._callbacks.append(callback)

    async def read(self, position: int) -> tuple[list[TaskEvent], int]:
        """Return the events from a position on and the position after them; none when the stream has ended."""
        while position >= self._count and not self._closed:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        return self.batch(position)

    def batch(self, position: int) -> tuple[list[TaskEvent], int]:
        """Return what is kept from a position on and the position after it, without waiting."""
        with self._lock:
            newest = list(islice(reversed(self._events), max(0, self._count - position)))
            return newest[::-1], self._count

    def seen(self) -> list[TaskEvent]:
        """Return the events kept so far."""
        return self.batch(0)[0]

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


def _size(event: TaskEvent) -> int:
    if isinstance(event, Log | Unknown | Notice):
        return len(event.text)
    if isinstance(event, TextSnapshot):
        return _said(event.content)
    if isinstance(event, Outputs):
        return sum(len(item.name) + len(item.url or "") + _said(item.content) for item in event.outputs)
    if isinstance(event, Progress):
        return sum(len(word or "") for word in (event.label, event.speed, event.elapsed, event.remaining))
    return 0


def _said(content: TextContent | None) -> int:
    if content is None:
        return 0
    return len(content.raw) + len(content.prompt) + sum(map(len, (*content.thinking, *content.answer)))


def _call(callback: Callable[[TaskEvent], object], event: TaskEvent) -> None:
    try:
        callback(event)
    except BaseException:  # noqa: BLE001 - the user's own code may raise anything, and this is everybody's thread
        _log.exception("A callback of a task failed; the task goes on")
