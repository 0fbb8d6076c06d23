"""Everything one sandbox shares between its endpoints, its workers and its sockets."""

import asyncio
import contextlib
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from wiro_widgets.sandbox.faults import Faults
from wiro_widgets.sandbox.ledger import Ledger
from wiro_widgets.sandbox.recorder import Recorder
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.shelf import Shelf
from wiro_widgets.sandbox.tasks import SandboxTask, TaskStore


@dataclass(slots=True, eq=False)
class World:
    """One sandbox from the inside; everything but `recorder` belongs to its event loop."""

    settings: SandboxSettings
    recorder: Recorder
    executor: ThreadPoolExecutor
    origin: str
    ledger: Ledger
    tasks: TaskStore = field(default_factory=TaskStore)
    shelf: Shelf = field(default_factory=Shelf)
    queue: asyncio.Queue[SandboxTask] = field(default_factory=asyncio.Queue)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, nominal: float) -> None:
        """Wait so many seconds of speed 1."""
        await asyncio.sleep(self.settings.seconds(nominal))

    async def delay(self, seconds: float) -> None:
        """Wait so many real seconds, less when the sandbox closes."""
        if seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)

    async def unstick(self, where: str) -> None:
        """Return when tasks are not stuck here."""
        while self.ledger.faults.stuck == where:
            await self.ledger.changed.wait()

    def later(self, job: Coroutine[object, object, None]) -> None:
        """Run a job in the background; closing the sandbox cancels it."""
        task = asyncio.create_task(job)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def set_faults(self, faults: Faults) -> None:
        """Begin to count anew with these faults."""
        former, self.ledger = self.ledger, Ledger(faults)
        former.changed.set()
