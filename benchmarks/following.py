"""A thousand tasks followed at once, against as many bare connections that share one TLS context."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
from websockets.asyncio.client import connect

from benchmarks.loading import Server, in_child
from benchmarks.measure import Promise, Result
from benchmarks.memory import resident
from wiro_widgets import AsyncClient
from wiro_widgets.protocol.detail import read_tasks
from wiro_widgets.runs.task import AsyncTask
from wiro_widgets.transport.downloads import EarlierFiles

FLOOR = "bare websockets connections"
TARGET = 1.5
FRAMES, RATE = 4, 2  # of each task, and a second
TOGETHER = 50  # connections that are opened at the same time
PAUSE = 0.25  # seconds before the next ones


def following(server: Server, tasks: int = 1000, rounds: int = 2) -> list[Result]:
    """Measure memory and CPU for each task, over ws and, where there is a certificate, over wss."""
    results = []
    for scheme, url in (("ws", server.socket_url), ("wss", server.secure_url)):
        if url is None:
            continue
        samples = [
            [
                in_child(f"following:{what}", server.base_url, url, tasks, env=_trusting(server))
                for what in ("ours", "bare")
            ]
            for _ in range(rounds)
        ]
        for index, (what, unit) in enumerate((("memory", "KiB"), ("CPU", "ms"))):
            promise = Promise(
                f"following {tasks:,} tasks, {scheme}: {what} a task", unit, "lower", TARGET, FLOOR
            )
            ours = tuple(one[index] for one, _ in samples)
            results.append(Result(promise, ours, tuple(other[index] for _, other in samples)))
    return results


def ours(base_url: str, socket_url: str, tasks: int) -> tuple[float, float]:
    """Return KiB and ms of CPU that this process needs for each task that it follows."""
    return asyncio.run(_ours(base_url, socket_url, tasks))


def bare(base_url: str, socket_url: str, tasks: int) -> tuple[float, float]:
    """Return the same for connections that read JSON."""
    return asyncio.run(_bare(base_url, socket_url, tasks))


def _trusting(server: Server) -> dict[str, str]:
    return {"SSL_CERT_FILE": server.certificate} if server.certificate else {}


class _Cost:
    """What this process has needed since this was made."""

    def __init__(self) -> None:
        self._memory, self._cpu = resident(), time.process_time()

    def of_each(self, tasks: int) -> tuple[float, float]:
        """Return KiB and ms for each of so many."""
        growth = (resident() - self._memory) / 1024
        return growth / tasks, (time.process_time() - self._cpu) * 1000 / tasks


async def _ours(base_url: str, socket_url: str, tasks: int) -> tuple[float, float]:
    here: dict[str, Any] = {"base_url": base_url, "socket_url": socket_url, "journal": False}
    async with AsyncClient("key-of-the-benchmarks", "secret-of-the-benchmarks", **here) as client:
        await (await client.run("bench/n1")).wait()  # what the first task loads is not the thousandth's cost
        details = read_tasks({"tasklist": await _start_tasks(base_url, tasks)})
        cost, followers = _Cost(), list[AsyncTask]()
        for start in range(0, tasks, TOGETHER):
            for detail in details[start : start + TOGETHER]:
                followers.append(AsyncTask("bench/n0", {}))
                client.runner(followers[-1]).resume(detail, None, EarlierFiles())
            await asyncio.sleep(PAUSE)
        while min(len(task.stream) for task in followers) < FRAMES:  # noqa: ASYNC110 - an event a frame would be measured
            await asyncio.sleep(PAUSE)
        return cost.of_each(tasks)


async def _bare(base_url: str, socket_url: str, tasks: int) -> tuple[float, float]:
    context = httpx.create_ssl_context() if socket_url.startswith("wss:") else None
    tokens = [item["socketaccesstoken"] for item in await _start_tasks(base_url, tasks)]
    counts = dict.fromkeys(tokens, 0)

    async def follow(token: str) -> None:
        async with connect(socket_url, compression=None, ssl=context) as socket:
            await socket.send(json.dumps({"type": "task_info", "tasktoken": token}))
            async for data in socket:
                json.loads(data)
                counts[token] += 1

    cost, followers = _Cost(), list[asyncio.Task[None]]()
    for start in range(0, tasks, TOGETHER):
        followers += [asyncio.create_task(follow(token)) for token in tokens[start : start + TOGETHER]]
        await asyncio.sleep(PAUSE)
    while min(counts.values()) < FRAMES:  # noqa: ASYNC110 - the same
        await asyncio.sleep(PAUSE)
    rows = cost.of_each(tasks)
    for task in followers:
        task.cancel()
    await asyncio.gather(*followers, return_exceptions=True)
    return rows


async def _start_tasks(base_url: str, tasks: int) -> list[dict[str, Any]]:
    """Begin many tasks at once; returns what Task/Detail says of them."""
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{base_url}/many/{tasks}/n{10 * FRAMES}-r{RATE}")
        rows: list[dict[str, Any]] = reply.json()["tasklist"]
        return rows
