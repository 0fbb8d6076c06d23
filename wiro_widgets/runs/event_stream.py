"""The events of one task, kept in one ring: read by position, awaited, handed to callbacks, and read as a text."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from itertools import islice
from os.path import commonprefix

from wiro_widgets.protocol.events import Log, Notice, Outputs, Progress, TaskEvent, TextSnapshot, Unknown
from wiro_widgets.protocol.text.text_content import TextContent

MAX_EVENTS = 100_000
MAX_TEXT = 64 * 1024 * 1024  # characters in all: a language model's snapshots repeat themselves

_log = logging.getLogger("wiro_widgets")


class EventStream:
    """The one ring of a task's events; the panel's feed, the history and `events` read it by position.

    Written on the engine's loop, read from any thread. A reader that falls more than `max_events` events or `max_text`
    characters behind continues at the oldest event in the ring.
    """

    def __init__(self, *, max_events: int = MAX_EVENTS, max_text: int = MAX_TEXT) -> None:
        self._max_events = max_events
        self._max_text = max_text
        self._events: deque[TaskEvent] = deque()
        self._text = 0  # characters in the ring
        self._count = 0  # events ever published
        self._lock = threading.Lock()  # guards the ring together with its count
        self._closed = False
        self._waiters: list[asyncio.Future[None]] = []
        self._callbacks: list[tuple[Context, Callable[[TaskEvent], object]]] = []

    def __repr__(self) -> str:
        return f"<EventStream {self._count} events{', closed' if self._closed else ''}>"

    def __len__(self) -> int:
        return self._count

    def publish(self, events: Sequence[TaskEvent]) -> None:
        """Add events to the ring, call the callbacks and wake the readers."""
        with self._lock:
            self._events.extend(events)
            self._count += len(events)
            self._text += sum(map(_size, events))
            while len(self._events) > self._max_events or (
                self._text > self._max_text and len(self._events) > 1
            ):
                self._text -= _size(self._events.popleft())
        for context, callback in self._callbacks:
            for event in events:
                _call(context, callback, event)
        self._wake()

    def close(self) -> None:
        """End the stream: there will be no further event."""
        self._closed = True
        self._callbacks.clear()
        self._wake()

    def add_callback(self, callback: Callable[[TaskEvent], object]) -> None:
        """Call it with each event, those in the ring first."""
        context = copy_context()  # a notebook shows what it prints in the cell that added it
        for event in tuple(self._events):
            _call(context, callback, event)
        if not self._closed:
            self._callbacks.append((context, callback))

    def since(self, position: int) -> tuple[list[TaskEvent], int]:
        """Return the events in the ring from a position on, and the position after them."""
        with self._lock:
            newest_first = list(islice(reversed(self._events), max(0, self._count - position)))
            return newest_first[::-1], self._count

    async def wait_since(self, position: int) -> tuple[list[TaskEvent], int]:
        """Return the same once there is an event; no events mean that the stream has ended."""
        while position >= self._count and not self._closed:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        return self.since(position)

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class TextPieces:
    """What each snapshot of a language model's answer adds to those before (docs/protocol.md, Language models).

    Joined, the pieces are the answer. If a model changes what it wrote already, the changed rest comes once more.
    """

    def __init__(self) -> None:
        self._text = ""

    def of_event(self, event: TaskEvent) -> str:
        """Return what the event adds; the raw text counts while there is no sign of thinking in it."""
        if not isinstance(event, TextSnapshot):
            return ""
        content = event.content
        if not (content.answer or content.calls) and (
            content.thinking or content.raw.lstrip().startswith("<")
        ):
            return ""
        return self.add(content.text)

    def add(self, text: str) -> str:
        """Return what the whole text so far has more than the one before."""
        if self._text.startswith(text):  # a late snapshot, or a space less at the end
            return ""
        piece = text[len(commonprefix((self._text, text))) :]  # noqa: RUF071 - characters are what is meant
        self._text = text
        return piece


def _size(event: TaskEvent) -> int:
    if isinstance(event, Log | Unknown | Notice):
        return len(event.text)
    if isinstance(event, TextSnapshot):
        return _text_size(event.content)
    if isinstance(event, Outputs):
        return sum(len(item.name) + len(item.url or "") + _text_size(item.content) for item in event.outputs)
    if isinstance(event, Progress):
        return sum(len(word or "") for word in (event.label, event.speed, event.elapsed, event.remaining))
    return 0


def _text_size(content: TextContent | None) -> int:
    if content is None:
        return 0
    calls = sum(len(call.name) + len(call.arguments) for call in content.calls)
    return (
        len(content.raw) + len(content.prompt) + calls + sum(map(len, (*content.thinking, *content.answer)))
    )


def _call(context: Context, callback: Callable[[TaskEvent], object], event: TaskEvent) -> None:
    try:
        context.run(callback, event)
    except BaseException:  # noqa: BLE001 - the user's code may raise anything, and this is the engine's thread
        _log.exception("A callback of a task failed; the task goes on")
