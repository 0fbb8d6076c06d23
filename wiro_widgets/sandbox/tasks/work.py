"""What a model does while it runs: takes time, prints lines, reports progress."""

from wiro_widgets.sandbox.tasks.task import SandboxTask
from wiro_widgets.sandbox.world import World


async def spend(world: World, task: SandboxTask, nominal: float) -> None:
    """Spend `nominal` seconds at speed 1 on a task, and bill them."""
    await world.unstick("run")
    await world.pause(nominal)
    task.seconds += nominal


def say(task: SandboxTask, line: str) -> None:
    """Print a line on the model's stdout."""
    task.stdout.append(line)
    task.publish("task_output", line)


def complain(task: SandboxTask, line: str) -> None:
    """Print a line on the model's stderr."""
    task.stderr.append(line)
    task.publish("task_error", line)


def progress_message(step: int, total: int, per_step: float) -> dict[str, str]:
    """Return a progress object, whose numbers are texts (docs/protocol.md, Socket)."""
    elapsed, remaining = step * per_step, (total - step) * per_step
    return {
        "type": "progressGenerate",
        "task": "Generate",
        "percentage": str(round(100 * step / total)),
        "stepCurrent": str(step),
        "stepTotal": str(total),
        "speed": f"{1 / per_step:.1f}",
        "speedType": "it/s",
        "elapsedTime": f"{elapsed:.0f}s",
        "remainingTime": f"{remaining:.0f}s",
    }
