"""PriceWatch: keeps the price beside Run up to date while the user types."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from wiro_widgets.protocol.errors import InvalidParameter, WiroError
from wiro_widgets.protocol.prices.pricing import Estimate

QUIET_SECONDS = 0.3  # from a change to the question for its price, so that typing asks seldom
RETRY_SECONDS = 60.0  # until the catalogue is asked again after an error
_MAX_LISTED = 3  # models whose prices stand beside the sum


class PriceWatch:
    """Asks for the price after each change, once a view looks; any thread may call it.

    `price` takes its time and raises WiroError, so `later` calls it on a worker thread after some seconds. `show`
    takes the price in words, the reason for it, and the prices by model if there are several.
    """

    def __init__(
        self,
        price: Callable[[], tuple[Estimate, Mapping[str, Estimate]]],
        show: Callable[[str, str, Mapping[str, str]], None],
        later: Callable[[Callable[[], object], float], None],
    ) -> None:
        self._price = price
        self._show = show
        self._later = later
        self._lock = threading.Lock()
        self._has_viewer = False
        self._is_due = False
        self._not_before = 0.0

    def __repr__(self) -> str:
        return f"<PriceWatch {'with' if self._has_viewer else 'without'} a viewer>"

    def look(self) -> None:
        """Begin to watch: a view shows the price."""
        if not self._has_viewer:
            self._has_viewer = True
            self.update()

    def update(self) -> None:
        """Ask for the price soon: the controls have changed, or a run has told more about costs."""
        with self._lock:
            if not self._has_viewer or self._is_due or monotonic() < self._not_before:
                return
            self._is_due = True
        self._later(self._ask, QUIET_SECONDS)

    def switch_model(self) -> None:
        """Ask for the price of another model; an error for the last one does not matter any more."""
        self._not_before = 0.0
        self.update()

    def _ask(self) -> None:
        with self._lock:
            self._is_due = False
        try:
            estimate, by_model = self._price()
        except WiroError as error:
            if not isinstance(error, InvalidParameter):
                self._not_before = monotonic() + RETRY_SECONDS
            self._show("", str(error), {})
        else:
            prices = {model: _in_words(item) for model, item in by_model.items()} if len(by_model) > 1 else {}
            total = _in_words(estimate)
            if prices and len(prices) <= _MAX_LISTED and not estimate.answer_count:
                parts = (f"{model.rpartition('/')[2]} {_in_words(item)}" for model, item in by_model.items())
                total = f"{total}: {', '.join(parts)}"
            self._show(total, estimate.reason, prices)


def _in_words(estimate: Estimate) -> str:
    return "price unknown" if estimate.amount == "unknown" else estimate.amount
