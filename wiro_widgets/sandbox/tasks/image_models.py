"""The sandbox's image models: their log, their progress and the pictures they leave."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from wiro_widgets.sandbox.faults.wrong_outputs import disguise
from wiro_widgets.sandbox.painting.render import Scene, draw, enlarge, paint, stand_in
from wiro_widgets.sandbox.tasks.forms import Upload
from wiro_widgets.sandbox.tasks.loopback import fetch, is_loopback
from wiro_widgets.sandbox.tasks.task import Output, SandboxTask, new_token
from wiro_widgets.sandbox.tasks.work import complain, progress_message, say, spend
from wiro_widgets.sandbox.world import World

SECONDS_PER_STEP = 0.15
POSTERS = {"480p": (320, 480), "720p": (480, 720), "1080p": (720, 1080)}


async def generate(world: World, task: SandboxTask) -> int:
    """Paint `samples` pictures, from the input image if there is one."""
    numbers = task.inputs.numbers
    samples = int(numbers["samples"])
    source = await input_image(world, task)
    size = int(numbers["width"]), int(numbers["height"])
    scene = replace(
        _scene(task, size),
        steps=int(numbers["steps"]),
        scale=numbers["scale"],
        strength=numbers["strength"],
    )
    say(task, f"Loading {task.model.slug} (sandbox, drawn with Pillow)")
    say(task, f"Seed {scene.seed}, {scene.width}x{scene.height}, guidance {scene.scale:g}")
    work = [partial(paint, scene.sample(number), source) for number in range(samples)]
    return await _run(world, task, work, steps=scene.steps * samples, per_step=SECONDS_PER_STEP)


async def sketch(world: World, task: SandboxTask) -> int:
    """Draw one picture in pencil."""
    numbers = task.inputs.numbers
    scene = _scene(task, (int(numbers["width"]), int(numbers["height"])))
    say(task, f"Sharpening a pencil for seed {scene.seed} (sandbox, drawn with Pillow)")
    return await _run(world, task, [partial(draw, scene)], steps=4, per_step=0.1)


async def poster(world: World, task: SandboxTask) -> int:
    """Paint `samples` upright pictures of the size that `resolution` names."""
    samples, size = int(task.inputs.numbers["samples"]), POSTERS[task.inputs.texts["resolution"]]
    scene = _scene(task, size)
    say(task, f"Seed {scene.seed}, {samples} of {size[0]}x{size[1]} (sandbox, drawn with Pillow)")
    work = [partial(paint, scene.sample(number), None) for number in range(samples)]
    return await _run(world, task, work, steps=6 * samples, per_step=SECONDS_PER_STEP)


async def upscale(world: World, task: SandboxTask) -> int:
    """Enlarge the input image by `scale`."""
    factor = int(task.inputs.texts["scale"])
    source = await input_image(world, task)
    if source is None:
        complain(task, "RuntimeError: there is no input image")
        return 1
    say(task, f"Enlarging {factor} times")
    return await _run(world, task, [partial(enlarge, source, factor)], steps=8, per_step=0.15)


def _scene(task: SandboxTask, size: tuple[int, int]) -> Scene:
    prompt, seed = task.inputs.texts["prompt"], task.inputs.integer("seed", 0)
    return Scene(task.model.slug, prompt, seed, *size, steps=30, scale=5.0, strength=1.0)


async def _run(
    world: World, task: SandboxTask, work: Sequence[Callable[[], bytes]], *, steps: int, per_step: float
) -> int:
    loop = asyncio.get_running_loop()
    jobs = [loop.run_in_executor(world.executor, one) for one in work]
    for step in range(1, steps + 1):
        await spend(world, task, per_step)
        message = progress_message(step, steps, per_step)
        # The wire has both forms of the same object.
        task.publish("task_output", message if step % 2 else json.dumps(message))
    pictures = await asyncio.gather(*jobs)
    if kind := world.active_faults.faults.output_as:
        pictures = [
            await loop.run_in_executor(world.executor, disguise, picture, kind) for picture in pictures
        ]
    for number, picture in enumerate(pictures):
        keep_output(world, task, f"{number}.png", "image/png", picture)
    say(task, f"Saved {len(pictures)} picture{'s' if len(pictures) > 1 else ''}")
    return 0


def keep_output(world: World, task: SandboxTask, name: str, content_type: str, data: bytes) -> None:
    """Store a finished file and add it to the task's outputs."""
    path = world.shelf.put_output(name, content_type, data).path
    task.outputs.append(
        Output(
            id=secrets.token_hex(16),
            name=world.active_faults.faults.output_name or name,
            content_type=content_type,
            size=len(data),
            path=path,
            access_key=new_token(),
            added_at=time.time(),
        )
    )


async def input_image(world: World, task: SandboxTask) -> bytes | None:
    """Return the bytes of the input image; a URL that is not on this machine is never fetched."""
    sources = task.inputs.files.get("inputImage", ())
    if not sources:
        return None
    if isinstance(sources[0], Upload):
        return sources[0].data
    url, loop = sources[0], asyncio.get_running_loop()
    if url.startswith(f"{world.origin}/"):
        file = world.shelf.get(urlsplit(url).path)
        if file is None:
            raise OSError(f"{url} answers 404")
        return file.data
    if is_loopback(url):
        return await loop.run_in_executor(world.executor, fetch, url)
    say(task, f"The sandbox makes no outside requests: a stand-in is used for {url}")
    return await loop.run_in_executor(world.executor, stand_in, url)
