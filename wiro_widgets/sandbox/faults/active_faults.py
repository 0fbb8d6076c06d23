"""The active faults, and how often each has struck."""

import asyncio
import random
from collections import Counter

from wiro_widgets.sandbox.faults.faults import Calls, Faults


class ActiveFaults:
    """The active faults and their counts; belongs to the sandbox's event loop."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.change = asyncio.Event()
        self._counts: Counter[tuple[str, str]] = Counter()
        self.dice = random.Random(faults.fault_seed)  # noqa: S311  (a shuffle that can be repeated)

    def strikes(self, name: str, endpoint: str = "") -> bool:
        """Return True, and count it, if this fault strikes now."""
        value = getattr(self.faults, name)
        limit = value.limit(endpoint) if isinstance(value, Calls) else value
        key = (name, endpoint)
        if self._counts[key] >= limit:
            return False
        self._counts[key] += 1
        return True

    def strikes_once(self, name: str) -> bool:
        """Return True if this fault has not struck before, and count it."""
        self._counts[name, ""] += 1
        return self._counts[name, ""] == 1
