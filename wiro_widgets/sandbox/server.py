"""The sandbox's lifecycle: one thread, one event loop, one port."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from wiro_widgets.sandbox.app import make_app
from wiro_widgets.sandbox.life import serve_queue
from wiro_widgets.sandbox.listener import Listener, address, bind
from wiro_widgets.sandbox.recorder import ReceivedRequest, Recorder
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.world import World


class SandboxServer:
    """A Wiro on loopback: `with SandboxServer() as sandbox: sandbox.base_url`.

    `speed` divides every simulated wait and may be `float("inf")`; `signature=False` makes a key-only project.
    Raises OSError at `start` when the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        workers: int = 2,
        speed: float = 1.0,
        faults: object = None,
        host: str = "127.0.0.1",
        api_key: str | None = None,
        api_secret: str | None = None,
        signature: bool = True,
    ) -> None:
        self.settings = SandboxSettings(
            host, port, workers, speed, api_key or "", api_secret or "", signature
        )
        self.faults = faults
        self._recorder = Recorder([self.settings.api_key, self.settings.api_secret])
        self._address = ""
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Listener | None = None

    def start(self) -> Self:
        """Bind the port and begin to serve; starting twice is fine."""
        if self._thread is not None:
            return self
        bound = bind(self.settings.host, self.settings.port)
        self._address = address(bound)
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(bound, ready)), name="wiro-sandbox", daemon=True
        )
        self._thread.start()
        ready.result()
        return self

    def close(self) -> None:
        """Stop serving and wait for the thread; closing twice is fine."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        loop, listener = self._loop, self._listener
        if loop is not None and listener is not None:
            with contextlib.suppress(RuntimeError):  # The loop has ended by itself.
                loop.call_soon_threadsafe(listener.leave.set)
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
    def base_url(self) -> str:
        """The HTTP base, .../v1."""
        return f"http://{self._address}/v1"

    @property
    def socket_url(self) -> str:
        """The socket's address, on the same port."""
        return f"ws://{self._address}/v1"

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
        """What arrived so far, oldest first, without secrets."""
        return list(self._recorder.requests)

    async def _serve(self, bound: Any, ready: "Future[None]") -> None:  # noqa: ANN401
        with ThreadPoolExecutor(self.settings.workers, "wiro-sandbox-paint") as executor:
            world = World(self.settings, self._recorder, executor, f"http://{self._address}")
            self._loop = asyncio.get_running_loop()
            listener = self._listener = Listener(make_app(world))
            workers = [asyncio.create_task(serve_queue(world)) for _ in range(self.settings.workers)]
            serving = asyncio.create_task(listener.serve([bound]))
            while not listener.started and not serving.done():
                await asyncio.sleep(0)
            ready.set_result(None)
            await serving
            for job in (*workers, *world.background):
                job.cancel()
            await asyncio.gather(*workers, *world.background, return_exceptions=True)
