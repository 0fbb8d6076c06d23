"""What the workers of the executor tests do, in a module that another process can import."""

import os
from typing import Any

from PIL import ImageStat

from wiro_widgets import TaskResult, read_recipe


def mean(result: TaskResult) -> tuple[int, float]:
    """Return the worker's process id and the brightness of the picture."""
    (brightness,) = ImageStat.Stat(result.images[0].convert("L")).mean
    return os.getpid(), brightness


def fail(result: TaskResult) -> None:
    """Raise an error, as a user's function may."""
    raise ValueError(f"no good picture in task {result.record.task_id}")


def move(folder: str) -> None:
    """Give this process a folder and a journal of its own, as on another machine."""
    os.environ["WIRO_OUTPUT_DIR"] = folder
    os.environ["WIRO_JOURNAL"] = f"{folder}/journal.sqlite3"


def recipe(result: TaskResult) -> tuple[str | None, dict[str, Any]]:
    """Return model and values as the picture's file has them."""
    file_recipe = read_recipe(result.record.output_paths[0])
    assert file_recipe is not None
    return file_recipe["model"], file_recipe["parameters"]


def text(result: TaskResult) -> str | None:
    """Return the text of a language model."""
    return result.text


def die(_result: TaskResult) -> None:
    """End the worker, as running out of memory does."""
    os._exit(3)
