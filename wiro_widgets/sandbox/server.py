"""The sandbox's lifecycle: one thread, one event loop, one port."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from wiro_widgets.sandbox.faults.faults import ActiveFaults, Faults, read_faults
from wiro_widgets.sandbox.http.endpoints import make_app
from wiro_widgets.sandbox.http.listener import Listener, bind
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.tasks.life import serve_queue
from wiro_widgets.sandbox.world import ReceivedRequest, RequestLog, World


class SandboxServer:
    """A Wiro on loopback: `with SandboxServer() as sandbox: sandbox.base_url`.

    `speed` divides every simulated wait and may be `float("inf")`; `signature=False` makes a key-only
    project; `faults` are names and values from `fault_catalogue()`, and may be assigned while it runs.
    Raises ValueError for an unknown fault, OSError at `start` when the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        workers: int = 2,
        speed: float = 1.0,
        faults: Faults | Mapping[str, object] | None = None,
        host: str = "127.0.0.1",
        api_key: str | None = None,
        api_secret: str | None = None,
        signature: bool = True,
    ) -> None:
        self.settings = SandboxSettings(
            host, port, workers, speed, api_key or "", api_secret or "", signature
        )
        self._faults = read_faults(faults)
        self._request_log = RequestLog([self.settings.api_key, self.settings.api_secret])
        self._bound_to: tuple[str, int] = (host, port)
        self._thread: threading.Thread | None = None
        self._world: World | None = None  # belongs to the thread's loop, but for its requests
        self._loop: asyncio.AbstractEventLoop
        self._listener: Listener

    def start(self) -> Self:
        """Bind the port and begin to serve; starting twice is fine."""
        if self._thread is not None:
            return self
        bound = bind(self.settings.host, self.settings.port)
        self._bound_to = bound.getsockname()[:2]
        executor = ThreadPoolExecutor(self.settings.workers, "wiro-sandbox-paint")
        origin, ready = f"http://{self._origin}", Future[None]()
        self._world = World(self.settings, self._request_log, executor, origin, ActiveFaults(self._faults))
        self._thread = threading.Thread(
            target=self._run, args=(bound, self._world, ready), name="wiro-sandbox", daemon=True
        )
        self._thread.start()
        ready.result()
        return self

    def close(self) -> None:
        """Stop serving and wait for the thread; closing twice is fine."""
        thread, self._thread = self._thread, None
        world, self._world = self._world, None
        if thread is not None and world is not None:
            with contextlib.suppress(RuntimeError):  # The loop has ended by itself.
                self._loop.call_soon_threadsafe(world.closing.set)
            thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = f"serving {self.base_url}" if self._thread else "closed"
        return f"<{type(self).__name__} {state}, {len(self.requests)} requests>"

    @property
    def _origin(self) -> str:
        host, port = self._bound_to
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def base_url(self) -> str:
        """The HTTP base, .../v1."""
        return f"http://{self._origin}/v1"

    @property
    def socket_url(self) -> str:
        """The socket's address, on the same port."""
        return f"ws://{self._origin}/v1"

    @property
    def api_key(self) -> str:
        """The key that callers must send."""
        return self.settings.api_key

    @property
    def api_secret(self) -> str:
        """The secret that callers must sign with."""
        return self.settings.api_secret

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests so far, oldest first, without secrets."""
        return list(self._request_log.requests)

    @property
    def faults(self) -> Faults:
        """The active faults; assigning a mapping, Faults or None resets their counts."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults | Mapping[str, object] | None) -> None:
        self._faults = read_faults(faults)
        if self._world is not None:
            asyncio.run_coroutine_threadsafe(self._set_faults(self._world), self._loop).result()

    def _run(self, bound: socket.socket, world: World, ready: Future[None]) -> None:
        try:
            # Not asyncio.run: nest-asyncio replaces that with one that wants a loop in every thread.
            with asyncio.Runner() as runner:
                runner.run(self._serve(bound, world, ready))
        except BaseException as exc:
            if ready.done():
                raise
            bound.close()
            ready.set_exception(exc)

    async def _serve(self, bound: socket.socket, world: World, ready: Future[None]) -> None:
        with world.executor:
            self._loop = asyncio.get_running_loop()
            self._listener = Listener(make_app(world), world)
            workers = [asyncio.create_task(serve_queue(world)) for _ in range(self.settings.workers)]
            serving = asyncio.create_task(self._listener.serve([bound]))
            await self._listener.ready.wait()
            await self._set_faults(world)
            ready.set_result(None)
            await serving
            jobs = [*workers, *world.background]
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def _set_faults(self, world: World) -> None:
        world.set_faults(self._faults)
        await self._listener.accept(not self._faults.refuse_connections, *self._bound_to)
