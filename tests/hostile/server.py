"""HostileServer: a Wiro that misbehaves as a test says; written from docs/protocol.md, not from client or sandbox.

By default it answers as the real one does: a Run makes a task, Task/Detail returns it, the socket sends what the
test emits. `script` puts other replies before those, `always` in their place.
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

from tests.hostile.http_wire import CUT, Answer, Call, Reply, abort_connections, read_call, write
from tests.hostile.task_api import RemoteTask, TaskApi

__all__ = ["CUT", "KEY", "SECRET", "Handler", "HostileServer"]

KEY, SECRET = "planted-key-7f3a", "planted-key-7f3a-secret-91bc"
WAIT_SECONDS = 60.0  # for a condition to become true

Handler = Callable[[Call], Awaitable[Answer] | Answer]
SocketHandler = Callable[[ServerConnection, RemoteTask], Awaitable[None]]


class Gate:
    """A handler whose answer waits until the test opens it; without `effect` the call is cut and does nothing."""

    def __init__(self, server: HostileServer, answer: Answer | None) -> None:
        self._server = server
        self._answer = answer
        self._open = asyncio.Event()
        self._has_call = False
        self.effect = True

    async def __call__(self, call: Call) -> Answer:
        """Have the effect of the call, and answer later."""
        answer = self._server.normal_answer(call) if self.effect else CUT
        self._has_call = True
        self._server.notify()
        await self._open.wait()
        return self._answer or answer

    def await_call(self) -> None:
        """Wait until the call has arrived."""
        self._server.wait(lambda: self._has_call, "the call")

    def open(self) -> None:
        """Let the answer pass."""
        self._server.loop.call_soon_threadsafe(self._open.set)


class HostileServer(TaskApi):
    """One thread, one loop, a port for HTTP and one for sockets.

    While `file_server` is set, every file is answered with it.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.tls = tls
        self.calls: list[Call] = []
        self.files: dict[str, Handler] = {}
        self.registrations: list[str] = []
        self.connections = 0
        self.most_connections = 0
        self.on_socket: SocketHandler = _wait_until_closed
        self.redirect_sockets: str | None = None
        self.file_server: Answer | Handler | None = None
        self._scripts: dict[str, deque[Answer | Handler]] = {}
        self._constants: dict[str, Answer | Handler] = {}
        self._change = threading.Condition()
        self._more_listeners: list[asyncio.Server] = []
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

    # For tests

    @property
    def base_url(self) -> str:
        """The address of the HTTP API."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def socket_url(self) -> str:
        """The address of the socket."""
        return f"ws://127.0.0.1:{self.socket_port}/v1"

    def script(self, endpoint: str, *answers: Answer | Handler) -> None:
        """Answer the next calls of an endpoint with these; a function is called with the call."""
        self._scripts.setdefault(endpoint, deque()).extend(answers)

    def always(self, endpoint: str, answer: Answer | Handler) -> None:
        """Answer every call of an endpoint with this once its script is over."""
        self._constants[endpoint] = answer

    def clear_script(self, endpoint: str) -> None:
        """Answer an endpoint by the protocol again."""
        self._scripts.pop(endpoint, None)
        self._constants.pop(endpoint, None)

    def gate(self, answer: Answer | None = None) -> Gate:
        """Return a handler with the effect of the call, whose answer waits; by default the protocol's answer."""
        return Gate(self, answer)

    def effect_then(self, answer: Answer) -> Handler:
        """Return a handler that has the effect of the call, but another answer."""

        def handle(call: Call) -> Answer:
            self.normal_answer(call)
            return answer

        return handle

    def task(self, index: int = -1) -> RemoteTask:
        """Wait for a task and return it; by default the last one."""
        self.wait(lambda: len(self.tasks) > max(index, 0), "a task")
        return list(self.tasks.values())[index]

    def emit(self, task: RemoteTask, kind: str, message: Any = None, **more: Any) -> None:
        """Send a frame to each socket that is registered for the task."""
        self.run(self.broadcast(task, kind, message, **more))

    def emit_raw(self, task: RemoteTask, data: str | bytes) -> None:
        """Send these bytes or this text as a frame."""
        self.run(self._send(task, data))

    def cut_sockets(self, task: RemoteTask) -> None:
        """Cut every socket that is registered for the task."""
        for listener in tuple(task.listeners):
            self.loop.call_soon_threadsafe(listener.transport.abort)

    def finish(
        self, task: RemoteTask, outputs: list[dict[str, Any]] | None = None, *, quietly: bool = False
    ) -> None:
        """Let the task succeed; with `quietly` no frame says so."""
        task.outputs, task.pexit, task.status = outputs or [], "0", "task_postprocess_end"
        if not quietly:
            self.emit(task, "task_postprocess_end", task.outputs)

    def serve_file(
        self, data: bytes, handler: Handler | None = None, *, name: str = "0.png", **more: Any
    ) -> dict[str, Any]:
        """Serve a file and return the output that refers to it."""
        path = f"/files/{len(self.files)}/{name}"
        self.files[path] = handler or (lambda _call: Reply(data, headers={"content-type": "image/png"}))
        url = f"http://127.0.0.1:{self.port}{path}"
        return {"name": name, "contenttype": "image/png", "size": str(len(data)), "url": url, **more}

    def store_upload(self, content: bytes, name: str) -> str:
        """Serve a file of a Run and return its URL."""
        return str(self.serve_file(content, name=name)["url"])

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_SECONDS)

    @staticmethod
    async def pause(seconds: float) -> None:
        """Pause a handler."""
        await asyncio.sleep(seconds)

    def also_listen(self, port: int) -> None:
        """Serve HTTP at this port as well."""
        self._more_listeners.append(self.run(asyncio.start_server(self._accept, "127.0.0.1", port)))

    def wait(self, condition: Callable[[], Any], what: str = "the condition") -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + WAIT_SECONDS
        with self._change:
            while not condition():
                assert time.monotonic() < until, f"{what} never came"
                self._change.wait(0.01)  # a change in the client notifies nobody

    def notify(self) -> None:
        """Wake the test that waits for a condition."""
        with self._change:
            self._change.notify_all()

    def count(self, endpoint: str) -> int:
        """Return the number of calls to an endpoint."""
        return sum(call.path.startswith(f"/v1/{endpoint}") for call in self.calls)

    # On the server's own loop

    async def broadcast(self, task: RemoteTask, kind: str, message: Any = None, **more: Any) -> None:
        """Send a frame to each socket that is registered for the task."""
        frame = {"type": kind, "id": task.id, "tasktoken": task.token, "message": message, **more}
        await self._send(task, json.dumps(frame))

    def start_job(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine in the background until it or the server ends."""
        job = self.loop.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    # The server

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        http = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
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
        for listening in (http, *self._more_listeners):
            listening.close()
        sockets.close()
        for job in tuple(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await abort_connections()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The abort is a callback, because a job that is cancelled before its first step runs no `finally`.
        job = self.loop.create_task(self._http(reader, writer))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        job.add_done_callback(lambda _job: writer.transport.abort())

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.most_connections = max(self.connections, self.most_connections)
        try:
            while (call := await read_call(reader)) is not None:
                self.calls.append(call)
                self.notify()
                if not await write(writer, await self._answer(call), self.own_headers()):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.connections -= 1
            self.notify()

    async def _answer(self, call: Call) -> Answer:
        answer: Any
        if call.path in self.files:
            answer = self.file_server or self.files[call.path]
        else:
            endpoint = call.path.removeprefix("/v1/")
            name = "Run" if endpoint.startswith("Run/") else endpoint
            script = self._scripts.get(name)
            answer = script.popleft() if script else self._constants.get(name, self.normal_answer)
        answer = answer(call) if callable(answer) else answer
        result: Answer = await answer if inspect.isawaitable(answer) else answer
        self.notify()
        return result

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
            self.notify()
            task = next((task for task in self.tasks.values() if task.token == first["tasktoken"]), None)
            if task is None:
                return
            task.listeners.append(connection)
            self.notify()
            try:
                await self.on_socket(connection, task)
            finally:
                task.listeners.remove(connection)
                self.notify()

    async def _send(self, task: RemoteTask, data: str | bytes) -> None:
        for listener in tuple(task.listeners):
            with suppress(ConnectionClosed):
                await listener.send(data)


async def _wait_until_closed(connection: ServerConnection, _task: RemoteTask) -> None:
    await connection.wait_closed()
