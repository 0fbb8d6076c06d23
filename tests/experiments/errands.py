"""What the workers of the executor tests do; a module of its own, so that another process can import it."""

import os

from PIL import ImageStat

from wiro_widgets import TaskResult


def mean(result: TaskResult) -> tuple[int, float]:
    """Return the worker's process and the brightness of the picture that it holds."""
    (brightness,) = ImageStat.Stat(result.images[0].convert("L")).mean
    return os.getpid(), brightness


def fail(result: TaskResult) -> None:
    """Fail, as a user's function may."""
    raise ValueError(f"no good picture in task {result.record.task_id}")
