"""Everything one sandbox shares between its endpoints, its workers and its sockets."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

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
    tasks: TaskStore = field(default_factory=TaskStore)
    shelf: Shelf = field(default_factory=Shelf)
    queue: asyncio.Queue[SandboxTask] = field(default_factory=asyncio.Queue)
    background: set[asyncio.Task[None]] = field(default_factory=set)

    async def pause(self, nominal: float) -> None:
        """Wait so many seconds of speed 1."""
        await asyncio.sleep(self.settings.seconds(nominal))
