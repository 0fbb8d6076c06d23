"""Outlook: what pressing Run would cost, found out on a worker thread while a hand still types."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.prices.pricing import Estimate

QUIET = 0.3  # seconds from a change to the look at its price, so that typing asks for few
PATIENCE = 60.0  # seconds before the catalogue is asked again when it could not be


class Priced(Protocol):
    """What an outlook is of."""

    def price(self) -> Estimate:
        """Return what pressing Run would cost now; takes its time, raises WiroError."""

    def foresee(self, price: str, reason: str) -> None:
        """Show a price in words, and why it is that."""

    def later(self, work: Callable[[], object], seconds: float = 0) -> None:
        """Have work done on a worker thread."""


class Outlook:
    """Keeps the price in step with the controls from when somebody first looks; safe to call from any thread."""

    def __init__(self, of: Priced) -> None:
        self._of = of
        self._lock = threading.Lock()
        self._looked_at = False
        self._scheduled = False
        self._not_before = 0.0

    def __repr__(self) -> str:
        return f"<Outlook, {'looked at' if self._looked_at else 'not looked at'}>"

    def look(self) -> None:
        """Find the price out: somebody sees it."""
        if not self._looked_at:
            self._looked_at = True
            self.changed()

    def changed(self) -> None:
        """Find the price out anew, soon: the controls say something else, or more is known of what runs cost."""
        with self._lock:
            if not self._looked_at or self._scheduled or monotonic() < self._not_before:
                return
            self._scheduled = True
        self._of.later(self._find, QUIET)

    def another(self) -> None:
        """Find out the price of another model; that another could not be had says nothing of this one."""
        self._not_before = 0.0
        self.changed()

    def _find(self) -> None:
        with self._lock:
            self._scheduled = False
        try:
            found = self._of.price()
        except InvalidParameter as error:
            self._of.foresee("", str(error))
        except WiroError as error:
            self._not_before = monotonic() + PATIENCE
            self._of.foresee("", str(error))
        else:
            self._of.foresee("price unknown" if found.amount == "unknown" else found.amount, found.reason)
