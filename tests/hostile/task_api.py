"""The replies of a Wiro without faults: Run, Task/Detail, Task/List, Cancel and Kill (see docs/protocol.md)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection

from tests.hostile.http_wire import Call, Reply


@dataclass
class RemoteTask:
    """A task at this server; `more` overrides fields of its Task/Detail, `stops` counts Cancel and Kill."""

    id: str
    token: str
    model: str
    parameters: dict[str, Any]
    status: str = "task_queue"
    pexit: str | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    created: float = field(default_factory=time.time)
    more: dict[str, Any] = field(default_factory=dict)
    listeners: list[ServerConnection] = field(default_factory=list)
    stops: int = 0

    def entry(self) -> dict[str, Any]:
        """Return the task as Task/Detail does."""
        owner, _, project = self.model.partition("/")
        return {
            "id": self.id,
            "socketaccesstoken": self.token,
            "status": self.status,
            "pexit": self.pexit,
            "parameters": self.parameters,
            "outputs": self.outputs,
            "modelslugowner": owner,
            "modelslugproject": project,
            "createtime": str(int(self.created)),
            **self.more,
        }


class TaskApi:
    """The tasks, and the answers about them."""

    def __init__(self) -> None:
        self.tasks: dict[str, RemoteTask] = {}
        self._number = 700

    def add_task(self, model: str = "a/b", **parameters: Any) -> RemoteTask:
        """Create a task without a Run."""
        self._number += 1
        task = RemoteTask(str(self._number), f"token-{self._number}-planted", model, parameters)
        self.tasks[task.id] = task
        return task

    def normal_answer(self, call: Call) -> Reply:
        """Return the answer of the protocol, with its effect."""
        endpoint = call.path.removeprefix("/v1/")
        if endpoint.startswith("Run/"):
            return self._run(call, endpoint.removeprefix("Run/"))
        if endpoint == "Task/List":
            newest = sorted(self.tasks.values(), key=lambda task: int(task.id), reverse=True)
            start, limit = int(call.json["start"]), int(call.json["limit"])
            return ok(tasklist=[task.entry() for task in newest[start : start + limit]])
        if endpoint == "Tool/Detail":
            return refused("slug-owner-project-not-exist", 1)
        task = self.tasks.get(str(call.json.get("taskid")))
        if task is None:
            return refused("There is no task yet.", 1)
        if endpoint in ("Task/Kill", "Task/Cancel"):
            return self._stop(endpoint, task)
        return ok(total="1", tasklist=[task.entry()])

    def restart_numbers(self) -> None:
        """Start the numbers of tasks again."""
        self._number = 700

    def _run(self, call: Call, model: str) -> Reply:
        task = self.add_task(model, **{name: str(value) for name, value in call.json.items()})
        return ok(taskid=task.id, socketaccesstoken=task.token)

    def _stop(self, endpoint: str, task: RemoteTask) -> Reply:
        queued = task.status == "task_queue"
        if task.status in ("task_cancel", "task_postprocess_end") or queued != (endpoint == "Task/Cancel"):
            return refused("Task is not in a cancellable state.", 1)
        task.stops, task.status = task.stops + 1, "task_cancel"
        return ok(tasklist=[task.entry()])


def ok(**payload: Any) -> Reply:
    """Return a reply that succeeds."""
    return Reply({"result": True, "errors": [], **payload})


def refused(message: str, code: int, status: int = 200, **headers: str) -> Reply:
    """Return a reply that refuses."""
    header_fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply({"result": False, "errors": [{"code": code, "message": message}]}, status, header_fields)
