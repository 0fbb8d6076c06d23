"""What the models do while they run: they take time, print lines, report progress and leave outputs.

Each model's function returns its exit code. An input may be a URL; only loopback is ever fetched.
"""

import asyncio
import http.client
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from wiro_widgets.sandbox.faults.wire_shapes import disguise
from wiro_widgets.sandbox.models.catalogue import (
    CHAT,
    COLLAGE,
    FAIL,
    FLUX,
    POSTER,
    POSTER_SIZES,
    RIDDLE,
    SKETCH,
    UPSCALE,
)
from wiro_widgets.sandbox.painting.catalogue_pictures import catalogue_picture
from wiro_widgets.sandbox.painting.render import Scene, draw, enlarge, paint, stand_in
from wiro_widgets.sandbox.settings import is_loopback
from wiro_widgets.sandbox.tasks.inputs import Upload
from wiro_widgets.sandbox.tasks.task import SandboxTask, new_token
from wiro_widgets.sandbox.world import World

SECONDS_PER_STEP = 0.15
SMALL = (512, 512)
WORDS_PER_FRAME = 4
LOOPBACK_TIMEOUT = 2.0
MAX_LOOPBACK_BYTES = 100 * 1024 * 1024
FAILURE = (
    "Traceback (most recent call last):",
    '  File "run.py", line 42, in <module>',
    "RuntimeError: this model always fails, as its description says",
)


async def spend(world: World, task: SandboxTask, nominal: float) -> None:
    """Spend `nominal` seconds at speed 1 on a task, and bill them."""
    await world.unstick("run")
    await world.pause(nominal)
    task.seconds += nominal


async def work(world: World, task: SandboxTask) -> int:
    """Do what the task's model does and return the exit code."""
    model = _fail if world.active_faults.strikes("fail_tasks") else _WORK[task.model.slug]
    try:
        return await model(world, task)
    except (OSError, ValueError) as exc:  # An input that is no picture, or cannot be had.
        task.complain(f"{type(exc).__name__}: {exc}")
        return 1


async def _flux(world: World, task: SandboxTask) -> int:
    numbers = task.inputs.numbers
    source = await _input_image(world, task)
    size, steps, samples = _size(task), int(numbers["steps"]), int(numbers["samples"])
    scenes = [
        replace(scene, steps=steps, scale=numbers["scale"], strength=numbers["strength"])
        for scene in _scenes(task, size, samples)
    ]
    task.say(f"Loading {task.model.slug} (sandbox, drawn with Pillow)")
    task.say(f"Seed {scenes[0].seed}, {size[0]}x{size[1]}, guidance {numbers['scale']:g}")
    return await _paint_all(world, task, [partial(paint, scene, source) for scene in scenes], steps * samples)


async def _sketch(world: World, task: SandboxTask) -> int:
    [scene] = _scenes(task, _size(task))
    task.say(f"Sharpening a pencil for seed {scene.seed} (sandbox, drawn with Pillow)")
    return await _paint_all(world, task, [partial(draw, scene)], steps=3)


async def _collage(world: World, task: SandboxTask) -> int:
    [scene] = _scenes(task, SMALL)
    source = await _input_image(world, task)
    documents = task.inputs.files["inputDocumentMultiple"]
    task.say(f"Pasting {len(documents)} documents for seed {scene.seed} (sandbox, drawn with Pillow)")
    return await _paint_all(world, task, [partial(paint, scene, source)], steps=3)


async def _riddle(world: World, task: SandboxTask) -> int:
    [scene] = _scenes(task, SMALL)
    source = await _input_image(world, task)
    task.say(f"Guessing for seed {scene.seed} (sandbox, drawn with Pillow)")
    painter = partial(paint, scene, source) if source else partial(draw, scene)
    return await _paint_all(world, task, [painter], steps=3)


async def _poster(world: World, task: SandboxTask) -> int:
    samples, size = int(task.inputs.numbers["samples"]), POSTER_SIZES[task.inputs.texts["resolution"]]
    scenes = _scenes(task, size, samples)
    task.say(f"Seed {scenes[0].seed}, {samples} of {size[0]}x{size[1]} (sandbox, drawn with Pillow)")
    return await _paint_all(world, task, [partial(paint, scene, None) for scene in scenes], 6 * samples)


async def _upscale(world: World, task: SandboxTask) -> int:
    factor = int(task.inputs.texts["scale"])
    source = await _input_image(world, task)
    if source is None:
        raise ValueError("there is no input image")
    task.say(f"Enlarging {factor} times")
    return await _paint_all(world, task, [partial(enlarge, source, factor)], steps=8)


def _size(task: SandboxTask) -> tuple[int, int]:
    return int(task.inputs.numbers["width"]), int(task.inputs.numbers["height"])


def _scenes(task: SandboxTask, size: tuple[int, int], samples: int = 1) -> list[Scene]:
    """Return a scene for each sample, each with the next seed."""
    prompt, seed = task.inputs.texts["prompt"], task.inputs.integer("seed")
    return [Scene(task.model.slug, prompt, seed + number, *size) for number in range(samples)]


async def _paint_all(
    world: World, task: SandboxTask, painters: Sequence[Callable[[], bytes]], steps: int
) -> int:
    """Paint in the executor, report progress meanwhile, and store the pictures."""
    jobs = [world.in_thread(painter) for painter in painters]
    for step in range(1, steps + 1):
        await spend(world, task, SECONDS_PER_STEP)
        # Every number is a text (docs/protocol.md, Socket).
        message = {
            "type": "progressGenerate",
            "task": "Generate",
            "percentage": str(round(100 * step / steps)),
            "stepCurrent": str(step),
            "stepTotal": str(steps),
            "speed": f"{1 / SECONDS_PER_STEP:.1f}",
            "speedType": "it/s",
            "elapsedTime": f"{step * SECONDS_PER_STEP:.0f}s",
            "remainingTime": f"{(steps - step) * SECONDS_PER_STEP:.0f}s",
        }
        # The wire has both forms of the same object.
        task.publish("task_output", message if step % 2 else json.dumps(message))
    for number, picture in enumerate(await asyncio.gather(*jobs)):
        kind = world.active_faults.faults.output_as
        data = await world.in_thread(disguise, picture, kind) if kind else picture
        task.outputs.append(_store(world, task, f"{number}.png", data))
    task.say(f"Saved {len(jobs)} picture{'s' if len(jobs) > 1 else ''}")
    return 0


def _store(world: World, task: SandboxTask, name: str, data: bytes) -> dict[str, Any]:
    """Put a finished picture on the shelf and describe it as the wire does (docs/protocol.md, Outputs)."""
    now = str(int(time.time()))
    folder = "-".join(secrets.token_hex(4) for _ in range(8))
    return {
        "id": secrets.token_hex(16),
        "name": world.active_faults.faults.output_name or name,
        "contenttype": "image/png",
        "parentid": task.uuid.replace("-", ""),
        "uuid": task.uuid,
        "size": str(len(data)),
        "addedtime": now,
        "modifiedtime": now,
        "accesskey": new_token(),
        "foldercount": "0",
        "filecount": "0",
        "ispublic": 0,
        "expiretime": None,
        "url": world.store(f"/files/{folder}/{name}", "image/png", data),
    }


async def _input_image(world: World, task: SandboxTask) -> bytes | None:
    """Return the bytes of the input image; a URL that is not on this machine is never fetched."""
    sources = task.inputs.files["inputImage"]
    if not sources:
        return None
    source = sources[0]
    if isinstance(source, Upload):
        return source.data
    if source.startswith(f"{world.origin}/uploads/"):
        data = await world.in_thread(catalogue_picture, urlsplit(source).path)
        if data is None:
            raise OSError(f"{source} answers 404")
        return data
    if source.startswith(f"{world.origin}/"):
        file = world.shelf.get(urlsplit(source).path)
        if file is None:
            raise OSError(f"{source} answers 404")
        return file.data
    if is_loopback_url(source):
        return await world.in_thread(request_loopback, source)
    task.say(f"The sandbox makes no outside requests: a stand-in is used for {source}")
    return await world.in_thread(stand_in, source)


def is_loopback_url(url: str) -> bool:
    """Return True for a plain http URL on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def request_loopback(url: str, body: bytes | None = None) -> bytes:
    """Get a loopback URL, or post JSON to it, and return the content; raise OSError if that fails."""
    parts = urlsplit(url)
    if not is_loopback_url(url):
        raise OSError(f"the sandbox makes no requests to {parts.hostname}")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LOOPBACK_TIMEOUT)
    try:
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        headers = {"content-type": "application/json"}
        connection.request("GET" if body is None else "POST", target, body, headers if body else {})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise OSError(f"{url} answers {answer.status}")
        return answer.read(MAX_LOOPBACK_BYTES)
    except http.client.HTTPException as exc:
        raise OSError(f"{url} does not answer HTTP") from exc
    finally:
        connection.close()


async def _chat(world: World, task: SandboxTask) -> int:
    """Publish cumulative snapshots of thinking and answer (docs/protocol.md, Language models)."""
    prompt = task.inputs.texts["prompt"]
    thinking = (
        f"The question has {len(prompt.split())} words. I am the sandbox's language model, "
        "so I know nothing about the world, but I can show how an answer arrives piece by piece."
    )
    if task.inputs.texts["thinking"] not in ("true", "1"):
        thinking = ""
    answer = (
        f"You asked: {' '.join(prompt.split())}\n\n"
        "This answer comes from the sandbox on your own machine, not from Wiro. "
        "It arrives a few words at a time, as a real model's does, and costs nothing."
    )
    earlier = world.remember(task.inputs.texts["user_id"], task.inputs.texts["session_id"], prompt)
    if earlier:
        lines = (f"{number}. *{' '.join(item.split())}*" for number, item in enumerate(earlier, 1))
        answer += "\n\nEarlier in this **conversation** you asked:\n\n" + "\n".join(lines)
    reason = world.active_faults.faults.finish_reason
    if reason == "length":
        answer = answer[: len(answer) // 2]
    for text, is_thinking in ((thinking, True), (answer, False)):
        words = text.split(" ") if text else []
        for count in range(WORDS_PER_FRAME, len(words) + WORDS_PER_FRAME, WORDS_PER_FRAME):
            await spend(world, task, 0.1)
            start = " ".join(words[:count])
            snapshot = _snapshot(start, "") if is_thinking else _snapshot(thinking, start)
            task.publish("task_output", {**snapshot, "isThinking": is_thinking})
    task.say(answer)
    parts = (("thinking", thinking), ("answer", answer))
    segments = [{"type": kind, "text": text} for kind, text in parts if text]
    usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(answer.split())}
    ends = {"segments": segments, "finishreason": reason, "usage": usage}
    content = {"prompt": prompt, **_snapshot(thinking, answer), **ends}
    task.outputs.append({"contenttype": "raw", "content": content})
    return 0


def _snapshot(thinking: str, answer: str) -> dict[str, Any]:
    return {
        "thinking": [thinking] if thinking else [],
        "answer": [answer] if answer else [],
        "raw": f"<think>{thinking}</think>\n{answer}" if thinking else answer,
    }


async def _fail(world: World, task: SandboxTask) -> int:
    for line in FAILURE:
        task.complain(line)
        await spend(world, task, 0.3)
    return 1


_WORK: dict[str, Callable[[World, SandboxTask], Awaitable[int]]] = {
    FLUX.slug: _flux,
    SKETCH.slug: _sketch,
    POSTER.slug: _poster,
    UPSCALE.slug: _upscale,
    CHAT.slug: _chat,
    FAIL.slug: _fail,
    COLLAGE.slug: _collage,
    RIDDLE.slug: _riddle,
}
