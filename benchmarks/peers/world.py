"""What the stand-ins share: the runs that were begun, how long each takes, and which connection is cut next."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Cut = Literal["", "submission", "wait"]
GOLDEN = 0.618034  # spreads the lengths of runs, so that no client's polling fits them by chance
SPREAD_SECONDS = 0.1


class CutConnection(Exception):
    """Cut the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of HTTP."""

    method: str
    path: str
    query: str
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body as an object."""
        fields: dict[str, Any] = json.loads(self.body)
        return fields


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; a stream ends with its connection."""

    body: bytes | AsyncIterator[bytes]
    content_type: str = "application/json"
    status: int = 200


@dataclass(slots=True)
class Run:
    """A run that is paid for; times are seconds of this machine's clock."""

    number: int
    prompt: str
    start: float
    end: float

    @property
    def is_over(self) -> bool:
        """True if its picture is there."""
        return time.time() >= self.end

    async def wait(self) -> None:
        """Wait for its end."""
        await asyncio.sleep(max(0.0, self.end - time.time()))


@dataclass(slots=True)
class World:
    """All runs, and what is measured now: `requests` counts calls and sockets; `address` is that of HTTP."""

    address: str = ""
    seconds: float = 0.2
    cut: Cut = ""
    requests: int = 0
    runs: list[Run] = field(default_factory=list)
    _cuts: set[str] = field(default_factory=set)

    def reset(self, seconds: float, cut: Cut) -> None:
        """Begin a measurement whose runs take that long; the numbers of runs go on, as ids do."""
        self.seconds, self.cut, self.requests = seconds, cut, 0
        self._cuts.clear()

    def begin(self, prompt: str) -> Run:
        """Begin a run; if its submission is to be cut, that happens now, when the run is paid for."""
        start = time.time()
        number = len(self.runs) + 1
        run = Run(number, prompt, start, start + self.seconds + number * GOLDEN % 1 * SPREAD_SECONDS)
        self.runs.append(run)
        if self._is_next_cut("submission", prompt):
            raise CutConnection
        return run

    async def cut_wait(self, key: str) -> None:
        """Cut the connection that waits for a run or a session in the middle of the run, if that is asked for."""
        if self._is_next_cut("wait", key):
            await asyncio.sleep(self.seconds / 2)
            raise CutConnection

    def report(self) -> bytes:
        """Return what happened so far as JSON."""
        return json.dumps({"requests": self.requests, "runs": [asdict(run) for run in self.runs]}).encode()

    def _is_next_cut(self, cut: Cut, key: str) -> bool:
        if self.cut != cut or key in self._cuts:
            return False
        self._cuts.add(key)
        return True
