"""LateWidget: a widget that opens at once; what takes time to load is made behind it, or when it is first needed.

The first panel of a kernel would otherwise wait for the network, Pillow and SQLite before its cell shows anything.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

import traitlets

from wiro_widgets.widget.wire.host_session import HostedWidget

# Seconds in which the cell goes on to show the widget, before a worker thread competes with it.
LOAD_DELAY = 0.03
MAX_WAITING = 1_000  # messages of the page
# One word to the page, which otherwise says after three seconds that the kernel does not answer.
LOADING = {"v": 1, "type": "loading", "to": None}

_log = logging.getLogger("wiro_widgets")


class LateWidget(HostedWidget):
    """A widget whose parts are made by `_load`, once: on a worker thread, or on the first thread that needs one.

    Until then messages of the page wait in order, and whoever reads a part, a LateDict or adds an observer loads first.
    The widget's `_lock` is held while it loads, so that it loads once; the kernel's messages never wait for it.
    """

    _lock: threading.RLock
    # "closed" before the widget has opened, "due" until it loads, "loading" on one thread, "loaded" for ever after.
    _load_state: Literal["closed", "due", "loading", "loaded"] = "closed"

    def __init__(self, **traits: Any) -> None:
        self._waiting_calls: deque[Callable[[], object]] = deque(maxlen=MAX_WAITING)
        super().__init__(**traits)
        if self._load_state == "closed":
            self._load_state = "due"

    def observe(self, *args: Any, **kwargs: Any) -> None:
        """Call a function when a trait changes: see traitlets; what is loaded behind the display is no change."""
        self._finish_loading()
        super().observe(*args, **kwargs)

    def _load(self) -> None:
        """Make the parts and set the traits; the lock is held."""
        raise NotImplementedError

    def _finish_loading(self) -> None:
        """Load unless that is done; raises what `_load` raises, and the next one tries again."""
        if self._load_state in ("closed", "loaded"):
            return
        with self._lock:
            if self._load_state != "due":  # another thread has done it meanwhile, or this one is about to
                return
            self._load_state = "loading"
            try:
                self._load()
            except BaseException:
                self._load_state = "due"
                raise
            self._load_state = "loaded"
            self._make_waiting_calls()

    def _load_behind(self) -> None:
        """Load on this worker thread; what it raises is logged, and raised again by whoever needs a part."""
        try:
            self._finish_loading()
        except Exception:  # noqa: BLE001 - nobody waits here
            _log.exception("A panel could not be loaded")

    def _call_when_loaded(self, call: Callable[[], object]) -> None:
        """Call a function now, or once the widget has loaded; does not wait."""
        if self._load_state == "loaded" and not self._waiting_calls:
            call()
            return
        self._waiting_calls.append(call)
        if self._load_state == "loaded":  # just now
            self._make_waiting_calls()
        elif self.comm is not None:
            self.send(LOADING)

    def _make_waiting_calls(self) -> None:
        with self._lock:
            while self._waiting_calls:
                self._waiting_calls.popleft()()


class LateDict(traitlets.Dict):
    """A trait that is set when its widget loads; reading it loads."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return the value, loaded."""
        obj._finish_loading()  # noqa: SLF001 - the trait is the widget's
        return super().get(obj, cls)


class _Part:
    """An attribute that `_load` sets on the widget itself, which then hides this one."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, widget: Any, owner: type | None = None) -> Any:
        if widget is None:
            return self
        widget._finish_loading()  # noqa: SLF001 - the part is the widget's
        try:
            return vars(widget)[self._name]
        except KeyError:
            raise AttributeError(self._name) from None


def part() -> Any:
    """Declare an attribute that is there once the widget has loaded; reading it loads."""
    return _Part()
