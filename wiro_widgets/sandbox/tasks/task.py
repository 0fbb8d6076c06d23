"""The sandbox's tasks, their listeners, and the store that finds them."""

import asyncio
import secrets
import string
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from wiro_widgets.sandbox.models.model import Model
from wiro_widgets.sandbox.tasks.inputs import Inputs

MAX_TASKS = 2_000
DEFAULT_PROJECT = "699"
QUEUED = "task_queue"
CANCELLED = "task_cancel"
FINISHED = "task_postprocess_end"
# Persisted, this is a failed set-up that waits to be queued again; on the socket it is a line of stderr.
SET_UP_FAILED = "task_error"
TERMINAL = frozenset({CANCELLED, FINISHED})

Frame = dict[str, Any]


@dataclass(slots=True, eq=False)
class SandboxTask:
    """One task and its state; `times` holds unix seconds by the wire's field names, `outputs` are as on the wire."""

    id: str
    model: Model
    inputs: Inputs = field(repr=False)
    parameters: dict[str, Any] = field(repr=False)
    token: str = field(repr=False)
    uuid: str = field(default_factory=lambda: str(uuid4()))
    project_id: str = DEFAULT_PROJECT
    status: str = QUEUED
    times: dict[str, float] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list, repr=False)
    pexit: int | None = None
    stdout: list[str] = field(default_factory=list, repr=False)
    stderr: list[str] = field(default_factory=list, repr=False)
    set_up_error: str = ""
    requeue_count: int = 0
    seconds: float = 0.0
    cost: Decimal = Decimal(0)
    listeners: set[asyncio.Queue[Frame | None]] = field(default_factory=set, repr=False)
    runner: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def waiting(self) -> bool:
        """True if the task is in the queue, or will come back to it."""
        return self.status in (QUEUED, SET_UP_FAILED)

    @property
    def finished(self) -> bool:
        """True if the task has ended."""
        return self.status in TERMINAL

    @property
    def elapsed(self) -> Decimal:
        """Its seconds as Task/Detail shows them, so that a client can check the bill."""
        return Decimal(f"{self.seconds:.4f}")

    def enter(self, status: str) -> None:
        """Take this status, and store the current time under its wire name: task_accept has accepttime."""
        self.status = status
        self.times[status.removeprefix("task_").replace("_", "") + "time"] = time.time()

    def publish(self, kind: str, message: object = None) -> None:
        """Send a frame to the current listeners; later ones miss it."""
        frame: Frame = {
            "type": kind,
            "id": self.id,
            "tasktoken": self.token,
            "target": "task",
            "message": message,
            "result": True,
        }
        for listener in self.listeners:
            listener.put_nowait(frame)

    def say(self, line: str) -> None:
        """Print a line on the model's stdout."""
        self.stdout.append(line)
        self.publish("task_output", line)

    def complain(self, line: str) -> None:
        """Print a line on the model's stderr."""
        self.stderr.append(line)
        self.publish("task_error", line)


class TaskStore:
    """All tasks by id and by token; beyond a bound the oldest finished ones are removed."""

    def __init__(self) -> None:
        self._by_id: dict[str, SandboxTask] = {}
        self._by_token: dict[str, SandboxTask] = {}
        self._next = 534_574

    def create(self, model: Model, inputs: Inputs, parameters: dict[str, Any]) -> SandboxTask:
        """Create a queued task with a new id and token."""
        task = SandboxTask(str(self._next), model, inputs, parameters, new_token())
        self._next += 1
        task.times["createtime"] = time.time()
        self._by_id[task.id] = self._by_token[task.token] = task
        oldest = next((task for task in self._by_id.values() if task.finished), None)
        if len(self._by_id) > MAX_TASKS and oldest is not None:
            del self._by_id[oldest.id], self._by_token[oldest.token]
        return task

    def find(self, *, task_id: str = "", token: str = "", uuid: str = "") -> SandboxTask | None:
        """Return the task with this token, or else this id, or else this uuid."""
        if token:
            return self._by_token.get(token)
        if task_id:
            return self._by_id.get(task_id)
        return next((task for task in self._by_id.values() if uuid and task.uuid == uuid), None)

    def newest_first(self) -> Iterable[SandboxTask]:
        """Yield the tasks in the order of Task/List."""
        return reversed(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)


def new_token() -> str:
    """Return random letters and digits, as many as Wiro's tokens have."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(30))
