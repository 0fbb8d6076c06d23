"""The life of a task from queue to end, and the workers that live it (protocol page, The life of a task)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from wiro_widgets.sandbox.catalogue import CHAT, FAIL, FLUX, UPSCALE
from wiro_widgets.sandbox.chat import chat
from wiro_widgets.sandbox.pictures import generate, upscale
from wiro_widgets.sandbox.replies import output_entry
from wiro_widgets.sandbox.tasks import CANCELLED, FINISHED, QUEUED, SandboxTask
from wiro_widgets.sandbox.work import complain, spend
from wiro_widgets.sandbox.world import World

FAILURE = (
    "Traceback (most recent call last):",
    '  File "run.py", line 42, in <module>',
    "RuntimeError: this model always fails, as its description says",
)
Work = Callable[[World, SandboxTask], Awaitable[int]]


async def serve_queue(world: World) -> None:
    """Take one task after another; a worker is busy until its task has ended."""
    while True:
        task = await world.queue.get()
        if task.finished:
            continue
        task.runner = asyncio.create_task(_live(world, task))
        try:
            await asyncio.wait([task.runner])
        finally:
            task.runner.cancel()


async def announce(world: World, task: SandboxTask) -> None:
    """Say that a task is queued, shortly after its receipt, then hand it to the workers."""
    await world.pause(0.1)
    if not task.finished:
        task.publish(QUEUED)
        world.queue.put_nowait(task)


def cancel(task: SandboxTask) -> None:
    """End a task from anywhere; its frame is the last one."""
    task.status = CANCELLED
    task.stamp("canceltime")
    task.pexit = 0  # The seed's Kill reply says so, though nothing succeeded.
    if task.runner is not None:
        task.runner.cancel()
    task.publish(CANCELLED)


async def _live(world: World, task: SandboxTask) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await _enter(world, task, "task_accept", 0.15, "accepttime")
        await _enter(world, task, "task_preprocess_start", 0.25, "preprocessstarttime")
        await _enter(world, task, "task_preprocess_end", 0.05, "preprocessendtime")
        await _enter(world, task, "task_assign", 0.15, "assigntime")
        await _enter(world, task, "task_start", 0.1, "starttime")
        pexit = await _WORK[task.model.slug](world, task)
        task.publish("task_output_full", {"raw": "\n".join(task.stdout)})
        if task.stderr:
            task.publish("task_error_full", {"raw": "\n".join(task.stderr)})
        task.pexit = pexit
        await _enter(world, task, "task_end", 0.1, "endtime")
        await _enter(world, task, "task_postprocess_start", 0.3, "postprocessstarttime")
        task.status = FINISHED
        task.stamp("postprocessendtime")
        task.publish(FINISHED, [output_entry(task, output, world.origin) for output in task.outputs])


async def _enter(world: World, task: SandboxTask, status: str, nominal: float, moment: str) -> None:
    task.status = status
    task.stamp(moment)
    task.publish(status)
    await spend(world, task, nominal)


async def _fail(world: World, task: SandboxTask) -> int:
    for line in FAILURE:
        complain(task, line)
        await spend(world, task, 0.3)
    return 1


_WORK: dict[str, Work] = {
    FLUX.slug: generate,
    UPSCALE.slug: upscale,
    CHAT.slug: chat,
    FAIL.slug: _fail,
}
