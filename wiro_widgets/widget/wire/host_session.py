"""HostSession: where a server of web pages wants the messages of a widget sent, and its observers called.

A kernel's comm may be used on any thread, also while a cell keeps the kernel's loop busy. A server's may not: Shiny
looks for its session in a context variable, messages of Shiny and of HoloViz Panel belong to the server's loop, and
Solara knows a page by the thread. So the widget remembers where it was when its comm was made.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import copy_context
from typing import Any, ClassVar, Protocol

import anywidget
import traitlets
from comm import DummyComm

from wiro_widgets.media.public_names import PublicNames
from wiro_widgets.widget import host

Call = Callable[[], object]

_log = logging.getLogger("wiro_widgets")


# What a widget inherits from ipywidgets and traitlets, but for what people use in a notebook.
_INHERITED_NAMES = frozenset(dir(anywidget.AnyWidget)) - {
    *dir(object),
    *("add_class", "close", "layout", "observe", "remove_class", "unobserve"),
}


class HostedWidget(PublicNames, anywidget.AnyWidget):
    """A widget whose messages are sent, and whose observers are called, where its host made its comm.

    In a kernel that is the calling thread, as in any widget. In a server a call from another thread is handed over
    and not waited for; the calls keep their order.
    """

    _internal_names: ClassVar[Iterable[str]] = _INHERITED_NAMES
    _session: HostSession | None = None  # None in a kernel

    def __init__(self, **traits: Any) -> None:
        # In a row of widgets an element without a width of its own has none; it may be narrower than it likes.
        # Shiny gives a fixed height to what leaves its own open.
        super().__init__(layout={"width": "100%", "min_width": "0", "height": "fit-content"}, **traits)

    def add_traits(self, **traits: Any) -> None:
        """Add missing traits: anywidget adds two that the class has already, and would make a class for each widget."""
        missing = {name: trait for name, trait in traits.items() if not self.has_trait(name)}
        if missing:
            super().add_traits(**missing)

    @traitlets.observe("comm")
    def _take_comm(self, change: Mapping[str, Any]) -> None:
        """Note where the comm was made: a server makes it when the widget is made or shown."""
        host.receive_while_busy(change["new"])
        self._session = session_of(change["new"])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Return what shows the widget; one that was made before its server had a loop finds the loop here."""
        if isinstance(self._session, LoopSession) and not self._session.has_loop:
            self._session = session_of(self.comm)
        return super()._repr_mimebundle_(**kwargs)

    def _send(self, msg: Any, buffers: Any = None) -> None:
        """Send a message of any kind: ipywidgets has this one place for all of them."""
        session, send = self._session, super()._send
        if session is None:
            send(msg, buffers)
        else:
            session.send(lambda: send(msg, buffers))

    def _notify_observers(self, event: Any) -> None:
        """Call the observers of a trait: traitlets has this one place for all of them."""
        session, notify = self._session, super()._notify_observers
        if session is None:
            notify(event)
        else:
            session.notify(lambda: notify(event))


class HostSession(Protocol):
    """One page of a server."""

    def send(self, call: Call) -> None:
        """Send a message."""

    def notify(self, call: Call) -> None:
        """Call observers, which may change other parts of the page."""


def session_of(comm: Any) -> HostSession | None:
    """Return the session in which this comm is made just now; None for the comm of a kernel, or of no host at all."""
    if comm is None or isinstance(comm, DummyComm):
        return None
    kernels = sys.modules.get("solara.server.kernel_context")
    if kernels is not None and kernels.has_current_context():
        return SolaraSession(kernels)
    return None if host.is_of_kernel(comm) else LoopSession()


class LoopSession:
    """Runs calls on the loop, and in the context variables, that are current when it is made.

    Without a running loop calls run on the thread that makes them, in the same context.
    """

    def __init__(self) -> None:
        self._context = copy_context()
        self._thread = threading.get_ident()
        self._shiny = _shiny_reactive()
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._calls: deque[Call] = deque()  # from other threads
        self._flushing: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<LoopSession {'with' if self.has_loop else 'without'} a loop, {len(self._calls)} calls wait>"

    @property
    def has_loop(self) -> bool:
        """True if the calls of other threads are handed over to a loop."""
        return self._loop is not None

    def send(self, call: Call) -> None:
        """Run the call: at once on the session's own thread or without a loop, otherwise soon and in order."""
        if self._loop is None:
            self._run_here(call)
        elif threading.get_ident() == self._thread:
            self._run_calls()
            self._run_here(call)
        else:
            self._calls.append(call)
            with suppress(RuntimeError):  # the loop is closed: its server has ended
                self._loop.call_soon_threadsafe(self._run_calls)

    notify = send

    def _run_calls(self) -> None:
        """Run the calls of other threads; this is on the session's own thread."""
        _run_all(self._calls, self._run_here)

    def _run_here(self, call: Call) -> None:
        if self._shiny is None:
            self._context.copy().run(call)
            return
        self._context.copy().run(self._run_isolated, call)
        if self._loop is not None and (self._flushing is None or self._flushing.done()):
            self._flushing = self._loop.create_task(self._flush_shiny(), context=self._context.copy())

    def _run_isolated(self, call: Call) -> None:
        """Run the call so that Shiny takes nothing that an observer reads for a dependency."""
        with self._shiny.isolate():
            call()

    async def _flush_shiny(self) -> None:
        """Have Shiny flush: it keeps messages of widgets, and effects of observers, until something makes it."""
        async with self._shiny.lock():
            self._flushing = None  # what comes from now on may miss this flush
            await self._shiny.flush()


class SolaraSession:
    """Sends on any thread, as Solara's websockets allow, and calls observers on threads that know the page.

    Solara gives the page to each thread that is started where the page is current; a thread of a pool has none.
    """

    def __init__(self, kernels: Any) -> None:
        self._kernels = kernels
        self._page = kernels.get_current_context()
        self._lock = threading.Lock()  # for `_is_running`; nothing is called while it is held
        self._is_running = False
        self._calls: deque[Call] = deque()

    def __repr__(self) -> str:
        return f"<SolaraSession, {len(self._calls)} calls wait>"

    def send(self, call: Call) -> None:
        """Run the call here."""
        call()

    def notify(self, call: Call) -> None:
        """Run the call: at once on a thread that knows the page, otherwise soon and in order."""
        if self._kernels.has_current_context() and self._kernels.get_current_context() is self._page:
            call()
            return
        self._calls.append(call)
        with self._lock:
            starts, self._is_running = not self._is_running, True
        if starts:
            with self._page:
                threading.Thread(target=self._run_calls, name="wiro-observers", daemon=True).start()

    def _run_calls(self) -> None:
        while True:
            _run_all(self._calls, lambda call: call())
            with self._lock:
                if not self._calls:
                    self._is_running = False
                    return


def _run_all(calls: deque[Call], run: Callable[[Call], object]) -> None:
    """Run the calls that wait, whatever one of them raises."""
    while calls:
        try:
            run(calls.popleft())
        except Exception:  # noqa: BLE001 - a page that is gone, or a user's observer, may raise anything
            _log.exception("The page could not be brought up to date; the panel's task goes on")


def _shiny_reactive() -> Any:
    """Return `shiny.reactive` inside a session of Shiny, else None."""
    session, reactive = sys.modules.get("shiny.session"), sys.modules.get("shiny.reactive")
    return reactive if session is not None and session.get_current_session() is not None else None
