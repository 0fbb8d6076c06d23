"""The life of a task from queue to end, and the workers (docs/protocol.md, Task life)."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable

from wiro_widgets.sandbox.models.catalogue import CHAT, FAIL, FLUX, POSTER, SKETCH, UPSCALE
from wiro_widgets.sandbox.models.prices import bill
from wiro_widgets.sandbox.tasks.chat import chat
from wiro_widgets.sandbox.tasks.image_models import generate, poster, sketch, upscale
from wiro_widgets.sandbox.tasks.loopback import is_loopback, post
from wiro_widgets.sandbox.tasks.replies import output_entry, tasks_reply
from wiro_widgets.sandbox.tasks.task import CANCELLED, FINISHED, QUEUED, SET_UP_FAILED, SandboxTask
from wiro_widgets.sandbox.tasks.work import complain, spend
from wiro_widgets.sandbox.world import World

FAILURE = (
    "Traceback (most recent call last):",
    '  File "run.py", line 42, in <module>',
    "RuntimeError: this model always fails, as its description says",
)
SET_UP_ERROR = "CUDA out of memory while loading the model, the task will be queued again"
Work = Callable[[World, SandboxTask], Awaitable[int]]
log = logging.getLogger(__name__)


async def announce(world: World, task: SandboxTask) -> None:
    """Publish that a task is queued, shortly after its receipt, then hand it to the workers."""
    await world.pause(0.1)
    await world.unstick("queue")
    if not task.finished:
        task.publish(QUEUED)
        world.queue.put_nowait(task)


async def serve_queue(world: World) -> None:
    """Run one task after another; a worker is busy until its task has ended."""
    while True:
        task = await world.queue.get()
        if task.finished:
            continue
        runner = task.runner = asyncio.create_task(_live(world, task))
        try:
            await asyncio.wait([runner])
        finally:
            runner.cancel()
        if not runner.cancelled() and (exc := runner.exception()):
            log.error("the sandbox broke while it ran a task", exc_info=exc)
            complain(task, f"The sandbox itself broke: {type(exc).__name__}: {exc}")
            _finish(world, task, 1)


def cancel(world: World, task: SandboxTask) -> None:
    """End a task from anywhere; its frame is the last one."""
    task.status = CANCELLED
    task.stamp("canceltime")
    task.pexit = 0  # The seed's Kill reply says so, though nothing succeeded.
    if task.runner is not None:
        task.runner.cancel()
    task.publish(CANCELLED)
    _close(world, task)


async def _live(world: World, task: SandboxTask) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await _enter(world, task, "task_accept", 0.15, "accepttime")
        await _enter(world, task, "task_preprocess_start", 0.25, "preprocessstarttime")
        if task.requeue_count < world.active_faults.faults.requeue:
            await _requeue(world, task)
            return
        await _enter(world, task, "task_preprocess_end", 0.05, "preprocessendtime")
        await _enter(world, task, "task_assign", 0.15, "assigntime")
        await _enter(world, task, "task_start", 0.1, "starttime")
        if world.active_faults.strikes("cancel_tasks"):
            cancel(world, task)
            return
        pexit = await _work(world, task)
        task.publish("task_output_full", {"raw": "\n".join(task.stdout)})
        if task.stderr:
            task.publish("task_error_full", {"raw": "\n".join(task.stderr)})
        await _enter(world, task, "task_end", 0.1, "endtime")
        await _enter(world, task, "task_postprocess_start", 0.3, "postprocessstarttime")
        _finish(world, task, pexit)


async def _work(world: World, task: SandboxTask) -> int:
    work = _fail if world.active_faults.strikes("fail_tasks") else _WORK[task.model.slug]
    try:
        return await work(world, task)
    except (OSError, ValueError) as exc:  # An input that is no picture, or cannot be had.
        complain(task, f"{type(exc).__name__}: {exc}")
        return 1


async def _enter(world: World, task: SandboxTask, status: str, nominal: float, moment: str) -> None:
    task.status = status
    task.stamp(moment)
    task.publish(status)
    await spend(world, task, nominal)


async def _requeue(world: World, task: SandboxTask) -> None:
    task.requeue_count += 1
    task.status = SET_UP_FAILED
    task.set_up_error = SET_UP_ERROR
    task.publish("task_error", SET_UP_ERROR)
    await world.pause(0.6)
    task.set_up_error = ""
    task.status = QUEUED
    task.seconds = 0.0
    task.publish(QUEUED)
    world.queue.put_nowait(task)


def _finish(world: World, task: SandboxTask, pexit: int) -> None:
    task.pexit = pexit
    task.status = FINISHED
    if task.succeeded:  # nothing else is billed
        task.cost = bill(
            task.model.prices, task.inputs.texts, seconds=task.elapsed, outputs=len(task.outputs)
        )
    task.stamp("postprocessendtime")
    task.publish(FINISHED, [output_entry(task, output, world.origin) for output in task.outputs])
    _close(world, task)


def _close(world: World, task: SandboxTask) -> None:
    task.inputs.files.clear()  # The shelf has the uploads; a task kept for Task/List need not.
    url = task.inputs.texts.get("callbackUrl", "")
    if is_loopback(url):
        body = json.dumps(tasks_reply([task], world.origin)).encode()
        world.later(_post(world, url, body))


async def _post(world: World, url: str, body: bytes) -> None:
    # A callback that nobody takes is the caller's affair, as with the real service.
    with contextlib.suppress(OSError):
        await asyncio.get_running_loop().run_in_executor(world.executor, post, url, body)


async def _fail(world: World, task: SandboxTask) -> int:
    for line in FAILURE:
        complain(task, line)
        await spend(world, task, 0.3)
    return 1


_WORK: dict[str, Work] = {
    FLUX.slug: generate,
    SKETCH.slug: sketch,
    POSTER.slug: poster,
    UPSCALE.slug: upscale,
    CHAT.slug: chat,
    FAIL.slug: _fail,
}
