"""The state that one sandbox shares between its endpoints, workers and sockets."""

import asyncio
import contextlib
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from wiro_widgets.sandbox.faults.active_faults import ActiveFaults
from wiro_widgets.sandbox.faults.faults import Faults
from wiro_widgets.sandbox.file_shelf import FileShelf
from wiro_widgets.sandbox.request_log import RequestLog
from wiro_widgets.sandbox.settings import SandboxSettings
from wiro_widgets.sandbox.tasks.task import SandboxTask, TaskStore


@dataclass(slots=True, eq=False)
class World:
    """The state of one sandbox; everything but `request_log` belongs to its event loop."""

    settings: SandboxSettings
    request_log: RequestLog
    executor: ThreadPoolExecutor
    origin: str
    active_faults: ActiveFaults
    tasks: TaskStore = field(default_factory=TaskStore)
    shelf: FileShelf = field(default_factory=FileShelf)
    queue: asyncio.Queue[SandboxTask] = field(default_factory=asyncio.Queue)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, nominal: float) -> None:
        """Wait for `nominal` seconds at speed 1."""
        await asyncio.sleep(self.settings.seconds(nominal))

    async def delay(self, seconds: float) -> None:
        """Wait for `seconds` of real time; stop early if the sandbox closes."""
        if seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), seconds)

    async def unstick(self, where: str) -> None:
        """Wait while the fault `stuck` names this place."""
        while self.active_faults.faults.stuck == where:
            await self.active_faults.change.wait()

    def later(self, job: Coroutine[object, object, None]) -> None:
        """Run a job in the background; closing the sandbox cancels it."""
        task = asyncio.create_task(job)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    def set_faults(self, faults: Faults) -> None:
        """Replace the faults and reset their counts."""
        former, self.active_faults = self.active_faults, ActiveFaults(faults)
        former.change.set()
