"""The life of a task from queue to end, and the workers (docs/protocol.md, Task life)."""

import asyncio
import contextlib
import json
import logging

from wiro_widgets.sandbox.tasks.replies import tasks_reply
from wiro_widgets.sandbox.tasks.task import CANCELLED, FINISHED, QUEUED, SET_UP_FAILED, SandboxTask
from wiro_widgets.sandbox.tasks.work import is_loopback_url, request_loopback, spend, work
from wiro_widgets.sandbox.world import World

SET_UP_ERROR = "CUDA out of memory while loading the model, the task will be queued again"
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
            task.complain(f"The sandbox itself broke: {type(exc).__name__}: {exc}")
            _finish(world, task, 1)


def cancel(world: World, task: SandboxTask) -> None:
    """End a task from anywhere; its frame is the last one."""
    task.enter(CANCELLED)
    task.pexit = 0  # The seed's Kill reply says so, though nothing succeeded.
    if task.runner is not None:
        task.runner.cancel()
    task.publish(CANCELLED)
    _close(world, task)


async def _live(world: World, task: SandboxTask) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await _enter(world, task, "task_accept", 0.15)
        await _enter(world, task, "task_preprocess_start", 0.25)
        if task.requeue_count < world.active_faults.faults.requeue:
            await _requeue(world, task)
            return
        await _enter(world, task, "task_preprocess_end", 0.05)
        await _enter(world, task, "task_assign", 0.15)
        await _enter(world, task, "task_start", 0.1)
        if world.active_faults.strikes("cancel_tasks"):
            cancel(world, task)
            return
        pexit = await work(world, task)
        task.publish("task_output_full", {"raw": "\n".join(task.stdout)})
        if task.stderr:
            task.publish("task_error_full", {"raw": "\n".join(task.stderr)})
        await _enter(world, task, "task_end", 0.1)
        await _enter(world, task, "task_postprocess_start", 0.3)
        _finish(world, task, pexit)


async def _enter(world: World, task: SandboxTask, status: str, nominal: float) -> None:
    task.enter(status)
    task.publish(status)
    await spend(world, task, nominal)


async def _requeue(world: World, task: SandboxTask) -> None:
    task.requeue_count += 1
    task.status = SET_UP_FAILED
    task.set_up_error = SET_UP_ERROR
    task.publish("task_error", SET_UP_ERROR)
    await world.pause(0.6)
    await world.unstick("setup")
    task.set_up_error = ""
    task.status = QUEUED
    task.seconds = 0.0
    task.publish(QUEUED)
    world.queue.put_nowait(task)


def _finish(world: World, task: SandboxTask, pexit: int) -> None:
    task.pexit = pexit
    task.enter(FINISHED)
    if pexit == 0:  # nothing else is billed
        task.cost = task.model.bill(task.inputs.texts, seconds=task.elapsed, outputs=len(task.outputs))
    task.publish(FINISHED, list(task.outputs))
    _close(world, task)


def _close(world: World, task: SandboxTask) -> None:
    task.inputs.files.clear()  # The shelf has the uploads; a task kept for Task/List need not.
    url = task.inputs.texts["callbackUrl"]
    if is_loopback_url(url):
        world.later(_call_back(world, url, json.dumps(tasks_reply([task])).encode()))


async def _call_back(world: World, url: str, body: bytes) -> None:
    # A callback that nobody takes is the caller's affair, as with the real service.
    with contextlib.suppress(OSError):
        await world.in_thread(request_loopback, url, body)
