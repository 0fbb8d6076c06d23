"""A worker that ends the tasks of a hostile server by itself, each with a picture of its own inputs."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image

from tests.hostile.server import HostileServer
from tests.hostile.task_api import RemoteTask

Colour = tuple[int, int, int]


def colour_of(values: Mapping[str, Any], files: Iterable[bytes] = ()) -> Colour:
    """Return the colour of the picture that a run with these values and files makes."""
    texts = {name: str(value) for name, value in values.items()}
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode() + b"".join(files)).digest()
    return digest[0], digest[1], digest[2]


def painted(colour: Colour) -> bytes:
    """Return a small picture of one colour."""
    target = io.BytesIO()
    Image.new("RGB", (24, 24), colour).save(target, "PNG")
    return target.getvalue()


def colour_shown(image: Image.Image) -> Colour:
    """Return the colour of a picture of one colour."""
    pixel = image.convert("RGB").getpixel((12, 12))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


class Worker:
    """Ends each task `seconds` after its Run, with `outputs` pictures and a cost.

    A picture shows the values of its run and its uploads; URLs count as no values. With `awaits_socket` it begins when
    the client's socket is registered, so that no frame is missed.
    """

    def __init__(
        self,
        server: HostileServer,
        *,
        seconds: float = 0.02,
        outputs: int = 1,
        cost: str = "0.01",
        awaits_socket: bool = False,
    ) -> None:
        self._awaits_socket = awaits_socket
        self._server = server
        self._seconds = seconds
        self._outputs = outputs
        self._cost = cost
        server.on_run = self._begin

    def finish_all(self) -> None:
        """End the tasks that there are, at once and without a frame."""
        for task in tuple(self._server.tasks.values()):
            self.finish(task)

    def _begin(self, task: RemoteTask) -> None:
        self._server.start_job(self._work(task))

    async def _work(self, task: RemoteTask) -> None:
        server = self._server
        while self._awaits_socket and not task.listeners:  # noqa: ASYNC110 - a list of sockets is no event
            await asyncio.sleep(0.005)
        await asyncio.sleep(self._seconds / 2)
        if task.status != "task_cancel":
            task.status = "task_start"
            await server.broadcast(task, "task_start")
            await asyncio.sleep(self._seconds / 2)
        if task.status != "task_cancel":  # unless it was stopped meanwhile
            self.finish(task)
            await server.broadcast(task, "task_postprocess_end", task.outputs)
        server.notify()

    def finish(self, task: RemoteTask) -> None:
        """End a task at once and without a frame."""
        values = {name: value for name, value in task.parameters.items() if "://" not in str(value)}
        picture = painted(colour_of(values, task.uploads))
        names = [f"{number}.png" for number in range(self._outputs)]
        task.outputs = [self._server.serve_file(picture, name=name) for name in names]
        task.more["totalcost"] = self._cost
        task.pexit, task.status = "0", "task_postprocess_end"
