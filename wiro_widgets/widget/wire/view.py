"""View: one press of Run as the browser shows it, whatever it began."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wiro_widgets.protocol.state import Status
from wiro_widgets.widget.wire import labels
from wiro_widgets.widget.wire.feed import RATE
from wiro_widgets.widget.wire.output_view import Shown

MAX_PROMPT = 200  # characters of a prompt in the list of runs

Line = tuple[float, str, str]  # seconds since the start, kind, text


class View(ABC):
    """What a press of Run began, numbered from 1; `begun` and `ended` are unix times."""

    rate = RATE  # times a second that its news are told

    def __init__(
        self, number: int, *, prompt: str = "", seed: str | None = None, next_seed: str | None = None
    ) -> None:
        self.number = number
        self.prompt = prompt[:MAX_PROMPT]
        self.seed = seed
        self.next_seed = next_seed
        self.begun = time.time()
        self.ended: float | None = None
        self.shown: list[Shown] = []
        self.notice: dict[str, str] | None = None
        self.cost: float | None = None
        self.starred = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number}: {self.status}, {len(self.shown)} outputs>"

    @property
    @abstractmethod
    def status(self) -> Status:
        """One word; it is over only once its pictures can be shown."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether nothing more will happen to it."""

    @property
    @abstractmethod
    def fraction(self) -> float | None:
        """How far it is, of 1, where that is known."""

    @property
    @abstractmethod
    def task_id(self) -> str | None:
        """The id of its task, where it is one."""

    @property
    @abstractmethod
    def model(self) -> str | None:
        """The model that it runs."""

    @property
    @abstractmethod
    def values(self) -> Mapping[str, Any] | None:
        """What it was started with."""

    @abstractmethod
    def watch(self, hear: Callable[[], object]) -> None:
        """Have something called, on the engine's thread, whenever something happens to it."""

    @abstractmethod
    def stop(self) -> None:
        """Begin to stop it and return at once."""

    @abstractmethod
    def finish(self) -> None:
        """Make what is shown of it once it is over; takes its time."""

    @abstractmethod
    def news(self, position: int) -> tuple[Iterable[Line], int, int]:
        """Return the lines from a position on, the position after them, and how many before them are lost."""

    @abstractmethod
    def last_lines(self) -> Iterable[Line]:
        """Return the lines that end the log."""

    @abstractmethod
    def details(self, elapsed: float) -> dict[str, Any]:
        """Return what a message has of it beyond what every view has."""

    def extras(self, *, whole: bool) -> dict[str, Any]:  # noqa: ARG002 - for those that have some
        """Return what a delta, or with `whole` a snapshot, has of it beyond its message."""
        return {}

    @property
    def due(self) -> bool:
        """Whether it is over and its outputs are still to be shown."""
        return self.ended is None and self.over

    def end(self) -> None:
        """Take note that it is over and shown as such."""
        self.ended = time.time()

    def seconds(self, at: float) -> float:
        """Return how long after the start a unix time is."""
        return max(0.0, at - self.begun)

    def summary(self) -> dict[str, Any]:
        """Return it as one line of the list of runs."""
        return {
            "number": self.number,
            "task": self.task_id,
            "status": self.status,
            "progress": self.fraction,
            "prompt": self.prompt,
            "starred": self.starred,
            "line": labels.line(self.status, self.fraction, self.cost),
        }

    def message(self) -> dict[str, Any]:
        """Return it as the browser takes it; times are in seconds since it was started."""
        elapsed = self.seconds(self.ended or time.time())
        return {
            **self.summary(),
            "seed": self.seed,
            "next_seed": self.next_seed,
            "elapsed": round(elapsed, 2),
            "word": labels.standing(self.status, elapsed),
            "empty": labels.empty(self.status),
            "price": None if self.cost is None else labels.price(self.cost),
            "notice": self.notice,
            **self.details(elapsed),
        }

    def output_id(self, index: int) -> str:
        """Return the id under which the browser knows an output."""
        return f"{self.number}-{index}"
