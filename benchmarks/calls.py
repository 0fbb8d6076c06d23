"""Calls of the API against a bare httpx client, and an upload that must not be felt."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Self

import httpx

from benchmarks.loading import Server, in_child
from benchmarks.measure import Promise, Result, alone, pairs
from benchmarks.memory import TICK, Growth
from wiro_widgets import AsyncClient

FLOOR = "bare reused httpx.AsyncClient"
ONE = Promise("Task/Detail calls, one at a time", "calls/s", "higher", 0.85, FLOOR)
MANY = Promise("Task/Detail calls, 20 at once", "calls/s", "higher", 0.85, FLOOR)
UPLOAD_MEMORY = Promise("upload of 200 MB: memory", "MiB above idle", "lower", 5.0)
UPLOAD_STALL = Promise("upload of 200 MB: longest stall of the loop", "ms", "lower", 20.0)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def details(server: Server, calls: int = 600, rounds: int = 5) -> list[Result]:
    """Measure how many calls a second are answered, one at a time and 20 at once."""
    results = []
    for promise, at_once in ((ONE, 1), (MANY, 20)):

        def ours(at_once: int = at_once) -> float:
            return asyncio.run(_ours(server, calls, at_once))

        def floor(at_once: int = at_once) -> float:
            return asyncio.run(_bare(server, calls, at_once))

        results.append(pairs(promise, ours, floor, rounds=rounds))
    return results


def upload(server: Server, megabytes: int = 200, rounds: int = 3) -> list[Result]:
    """Measure what an upload costs, each time in a process of its own."""
    where = server.base_url, server.socket_url
    growths, stalls, idle = zip(
        *(in_child("calls:uploading", *where, megabytes) for _ in range(rounds)), strict=True
    )
    beside = f"the same loop without anything to do was late by {max(idle):.0f} ms on this machine"
    return [alone(UPLOAD_MEMORY, growths), alone(UPLOAD_STALL, stalls, beside)]


def uploading(base_url: str, socket_url: str, megabytes: int) -> tuple[float, float, float]:
    """Send a file; return by how many MiB this process grew, and the longest stall of its loop in ms, then and idle."""
    with tempfile.TemporaryDirectory(prefix="wiro-bench-") as folder:
        small, large = Path(folder, "small.png"), Path(folder, "large.png")
        small.write_bytes(PNG + bytes(1000))
        with large.open("wb") as file:
            file.write(PNG)
            file.truncate(megabytes * 1_000_000)
        return asyncio.run(_upload(Server(base_url, socket_url), small, large))


async def _upload(server: Server, small: Path, large: Path) -> tuple[float, float, float]:
    journal = small.parent / "journal.sqlite3"
    async with _client(server, journal=journal) as client:
        for _ in range(2):
            await (await client.run("bench/n0", image=small)).wait()
        start = time.perf_counter()
        with Growth() as growth, Gaps() as gaps:
            await asyncio.sleep(10 * TICK)
            await (await client.run("bench/n0", image=large)).wait()
        with Gaps() as idle:
            await asyncio.sleep(time.perf_counter() - start)
        return growth.most / 2**20, gaps.longest * 1000, idle.longest * 1000


class Gaps:
    """Watches by how many seconds this loop is late, at most."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._timer = self._loop.call_soon(self._tick)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._timer.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        self.longest = max(self.longest, now - self._due)
        self._due = now + TICK
        self._timer = self._loop.call_at(self._due, self._tick)


def _client(server: Server, **settings: object) -> AsyncClient:
    here = {"base_url": server.base_url, "socket_url": server.socket_url, "journal": False}
    return AsyncClient("key-of-the-benchmarks", "secret-of-the-benchmarks", **{**here, **settings})  # type: ignore[arg-type] # texts


async def _ours(server: Server, calls: int, at_once: int) -> float:
    async with _client(server) as client:
        task = await client.run("bench/n0")
        await task.wait()
        task_id = task.id or ""
        start = time.perf_counter()

        async def some() -> None:
            for _ in range(calls // at_once):
                await client.detail(task_id)

        await asyncio.gather(*(some() for _ in range(at_once)))
        return calls / (time.perf_counter() - start)


async def _bare(server: Server, calls: int, at_once: int) -> float:
    async with httpx.AsyncClient() as client:
        url = f"{server.base_url}/Task/Detail"
        (await client.post(url, json={"taskid": "0"})).json()
        start = time.perf_counter()

        async def some() -> None:
            for _ in range(calls // at_once):
                (await client.post(url, json={"taskid": "0"})).json()

        await asyncio.gather(*(some() for _ in range(at_once)))
        return calls / (time.perf_counter() - start)
