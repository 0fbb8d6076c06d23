"""A Wiro that does what a test says: written from docs/protocol.md, without the client and the sandbox.

By default it answers as the real one does: a Run makes a task, Task/Detail returns it, the socket sends what the
test emits. `script` puts other replies before those.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.hostile.gates import CUT, Gate
from tests.hostile.http_wire import Answer, Call, Reply, read_call, write
from tests.hostile.wiro import RemoteTask, Wiro

__all__ = ["CUT", "KEY", "SECRET", "Act", "Hostile"]

KEY, SECRET = "planted-key-7f3a", "planted-key-7f3a-secret-91bc"
PATIENCE = 10.0  # seconds for a condition to come true

Act = Callable[[Call], Awaitable[Answer] | Answer]
Listen = Callable[[ServerConnection, "RemoteTask"], Awaitable[None]]


class Hostile(Wiro):
    """One thread, one loop, a port for HTTP and one for sockets."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.tls = tls
        self.calls: list[Call] = []
        self.files: dict[str, Act] = {}
        self.registrations: list[str] = []
        self.connections = 0
        self.most_connections = 0
        self.on_socket: Listen = _stay
        self.redirect_sockets: str | None = None
        self._scripts: dict[str, deque[Answer | Act]] = {}
        self._condition = threading.Condition()
        self._more: list[asyncio.Server] = []
        self._jobs: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="hostile")
        self._ready: Future[None] = Future()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    # What a test says

    @property
    def base_url(self) -> str:
        """The HTTP base."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def socket_url(self) -> str:
        """The socket's address."""
        return f"ws://127.0.0.1:{self.socket_port}/v1"

    def script(self, endpoint: str, *answers: Answer | Act) -> None:
        """Answer the next calls of an endpoint with these; a function is called with the call."""
        self._scripts.setdefault(endpoint, deque()).extend(answers)

    def unscript(self, endpoint: str) -> None:
        """Answer an endpoint normally again."""
        self._scripts.pop(endpoint, None)

    def gate(self, answer: Answer | None = None) -> Gate:
        """Return an act that has its effect, and answers when it is opened, normally by default."""
        return Gate(self, answer)

    def effect_then(self, answer: Answer) -> Act:
        """Return an act that does what was asked, and answers otherwise."""

        def act(call: Call) -> Answer:
            self.normal_answer(call)
            return answer

        return act

    def task(self, index: int = -1) -> RemoteTask:
        """Wait for a task and return it; the last one by default."""
        self.wait(lambda: len(self.tasks) > max(index, 0), "a task")
        return list(self.tasks.values())[index]

    def emit(self, task: RemoteTask, kind: str, message: Any = None, **more: Any) -> None:
        """Send a frame to everybody who listens to the task."""
        frame = {"type": kind, "id": task.id, "tasktoken": task.token, "message": message, **more}
        self.emit_raw(task, json.dumps(frame))

    def emit_raw(self, task: RemoteTask, data: str | bytes) -> None:
        """Send any frame at all."""
        self.run(self._broadcast(task, data))

    def cut_sockets(self, task: RemoteTask) -> None:
        """Cut every connection that listens to the task."""
        for listener in tuple(task.listeners):
            self.loop.call_soon_threadsafe(listener.transport.abort)

    def finish(
        self, task: RemoteTask, outputs: list[dict[str, Any]] | None = None, *, quietly: bool = False
    ) -> None:
        """End the task well; quietly is without a frame."""
        task.outputs, task.pexit, task.status = outputs or [], "0", "task_postprocess_end"
        if not quietly:
            self.emit(task, "task_postprocess_end", task.outputs)

    def serve_file(
        self, data: bytes, act: Act | None = None, *, name: str = "0.png", **more: Any
    ) -> dict[str, Any]:
        """Serve a file and return the output that names it."""
        path = f"/files/{len(self.files)}/{name}"
        self.files[path] = act or (lambda _call: Reply(data, headers={"content-type": "image/png"}))
        url = f"http://127.0.0.1:{self.port}{path}"
        return {"name": name, "contenttype": "image/png", "size": str(len(data)), "url": url, **more}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    @staticmethod
    async def pause(seconds: float) -> None:
        """Take a moment, on the server's own clock."""
        await asyncio.sleep(seconds)

    def also_listen(self, port: int) -> None:
        """Serve HTTP at this port too."""
        self._more.append(self.run(asyncio.start_server(self._http, "127.0.0.1", port)))

    def wait(self, condition: Callable[[], Any], what: str = "the condition") -> None:
        """Wait until the condition is true."""
        until = time.monotonic() + PATIENCE
        with self._condition:
            while not condition():
                assert time.monotonic() < until, f"{what} never came"
                self._condition.wait(0.01)  # what the client knows is not announced here

    def touch(self) -> None:
        """Wake those who wait for a condition."""
        with self._condition:
            self._condition.notify_all()

    def count(self, endpoint: str) -> int:
        """Return how often an endpoint was called."""
        return sum(call.path.startswith(f"/v1/{endpoint}") for call in self.calls)

    # How it does it

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        http = await asyncio.start_server(self._http, "127.0.0.1", 0, ssl=self.tls)
        sockets: Server = await serve(
            self._socket,
            "127.0.0.1",
            0,
            ping_interval=None,
            max_size=None,
            compression=None,
            close_timeout=0.1,
            process_request=self._redirect,
            ssl=self.tls,
        )
        self.port = http.sockets[0].getsockname()[1]
        self.socket_port = next(iter(sockets.sockets)).getsockname()[1]
        self._ready.set_result(None)
        await self._closing.wait()
        for listening in (http, *self._more):
            listening.close()
        sockets.close()
        for job in tuple(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        job = asyncio.current_task()
        assert job is not None
        self._jobs.add(job)
        self.connections += 1
        self.most_connections = max(self.connections, self.most_connections)
        try:
            while (call := await read_call(reader)) is not None:
                self.calls.append(call)
                self.touch()
                if not await write(writer, await self._answer(call)):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.connections -= 1
            self._jobs.discard(job)
            writer.transport.abort()
            self.touch()

    async def _answer(self, call: Call) -> Answer:
        if call.path in self.files:
            answer_or_act: Any = self.files[call.path](call)
        else:
            endpoint = call.path.removeprefix("/v1/")
            script = self._scripts.get("Run" if endpoint.startswith("Run/") else endpoint)
            answer_or_act = script.popleft() if script else self.normal_answer
            answer_or_act = answer_or_act(call) if callable(answer_or_act) else answer_or_act
        answer: Answer = await answer_or_act if inspect.isawaitable(answer_or_act) else answer_or_act
        self.touch()
        return answer

    def _redirect(self, connection: ServerConnection, _request: Request) -> Response | None:
        if self.redirect_sockets is None:
            return None
        answer = connection.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
        answer.headers["location"] = self.redirect_sockets
        return answer

    async def _socket(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            first = json.loads(await connection.recv())
            self.registrations.append(first["tasktoken"])
            self.touch()
            task = next((task for task in self.tasks.values() if task.token == first["tasktoken"]), None)
            if task is None:
                return
            task.listeners.append(connection)
            self.touch()
            try:
                await self.on_socket(connection, task)
            finally:
                task.listeners.remove(connection)
                self.touch()

    async def _broadcast(self, task: RemoteTask, data: str | bytes) -> None:
        for listener in tuple(task.listeners):
            with suppress(ConnectionClosed):
                await listener.send(data)


async def _stay(connection: ServerConnection, _task: RemoteTask) -> None:
    await connection.wait_closed()
