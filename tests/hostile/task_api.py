"""The replies of a Wiro without faults: Run, Task/Detail, Task/List, Cancel and Kill (see docs/protocol.md).

Beside faults of single calls a Wiro has habits that a client has to live with: its clock is wrong, it lists tasks
late, it shows values otherwise than they were sent, and Task/Detail lags behind the socket.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from websockets.asyncio.server import ServerConnection

from tests.hostile.http_wire import Call, Reply

Entry = dict[str, Any]  # a task as Task/Detail and Task/List have it
ShowValues = Callable[[dict[str, Any]], Any]


@dataclass
class RemoteTask:
    """A task at this server; `more` overrides fields of its Task/Detail, `stops` counts Cancel and Kill.

    `uploads` has the files of the Run. Task/List has the task only if it `is_listed`. Once the task has ended, each of
    the `next_details` changes the entry of one further Task/Detail.
    """

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
    uploads: list[bytes] = field(default_factory=list)
    is_listed: bool = True
    next_details: deque[Callable[[Entry], Entry]] = field(default_factory=deque)

    def entry(self, show_values: ShowValues = dict) -> Entry:
        """Return the task as Task/Detail does."""
        owner, _, project = self.model.partition("/")
        return {
            "id": self.id,
            "socketaccesstoken": self.token,
            "status": self.status,
            "pexit": self.pexit,
            "parameters": show_values(self.parameters),
            "outputs": self.outputs,
            "modelslugowner": owner,
            "modelslugproject": project,
            "createtime": str(int(self.created)),
            **self.more,
        }


class TaskApi:
    """The tasks, and the answers about them.

    `clock_skew` is in seconds, ahead of this machine. New tasks are listed at once unless `lists_late`.
    `show_values` returns the parameters as Task/Detail and Task/List show them. `on_run` is called with each task
    that a Run makes, on the server's loop.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, RemoteTask] = {}
        self.clock_skew = 0.0
        self.lists_late = False
        self.show_values: ShowValues = dict
        self.on_run: Callable[[RemoteTask], object] = lambda _task: None
        self._number = 700

    def add_task(self, model: str = "a/b", **parameters: Any) -> RemoteTask:
        """Create a task without a Run."""
        self._number += 1
        task = RemoteTask(str(self._number), f"token-{self._number}-planted", model, parameters)
        task.created += self.clock_skew
        task.is_listed = not self.lists_late
        self.tasks[task.id] = task
        return task

    def add_crowd(self, count: int, model: str = "some/other") -> None:
        """Create tasks of other people, newer than all that there are."""
        for number in range(count):
            self.add_task(model, prompt=f"of somebody else, {number}")

    def list_all(self) -> None:
        """List every task from now on."""
        self.lists_late = False
        for task in tuple(self.tasks.values()):
            task.is_listed = True

    def store_upload(self, content: bytes, name: str) -> str:
        """Store a file of a Run and return its URL."""
        raise NotImplementedError

    def normal_answer(self, call: Call) -> Reply:
        """Return the answer of the protocol, with its effect."""
        endpoint = call.path.removeprefix("/v1/")
        if endpoint.startswith("Run/"):
            return self._run(call, endpoint.removeprefix("Run/"))
        if endpoint == "Task/List":
            tasks = [task for task in self.tasks.values() if task.is_listed]
            tasks.sort(key=lambda task: int(task.id), reverse=True)
            start, limit = int(call.json["start"]), int(call.json["limit"])
            return ok(tasklist=[task.entry(self.show_values) for task in tasks[start : start + limit]])
        if endpoint == "Tool/Detail":
            return refused("slug-owner-project-not-exist", 1)
        task = self.tasks.get(str(call.json.get("taskid")))
        if task is None:
            return refused("There is no task yet.", 1)
        if endpoint in ("Task/Kill", "Task/Cancel"):
            return self._stop(endpoint, task)
        entry = task.entry(self.show_values)
        if task.next_details and task.status == "task_postprocess_end":
            entry = task.next_details.popleft()(entry)
        return ok(total="1", tasklist=[entry])

    def restart_numbers(self) -> None:
        """Start the numbers of tasks again."""
        self._number = 700

    def own_headers(self) -> dict[str, str]:
        """Return the headers of every reply: its Date is that of the server's clock."""
        return {"date": formatdate(time.time() + self.clock_skew, usegmt=True)}

    def _run(self, call: Call, model: str) -> Reply:
        parameters: dict[str, Any] = {name: str(value) for name, value in call.json.items()}
        uploads: list[bytes] = []
        for name, filename, content in call.parts:
            value = content.decode() if filename is None else self.store_upload(content, filename)
            uploads += [] if filename is None else [content]
            earlier = parameters.get(name, [])  # a part that is repeated is a list
            parameters[name] = [*([earlier] if isinstance(earlier, str) else earlier), value]
        parameters = {
            name: value[0] if isinstance(value, list) and len(value) == 1 else value
            for name, value in parameters.items()
        }
        task = self.add_task(model, **parameters)
        task.uploads = uploads
        self.on_run(task)
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
