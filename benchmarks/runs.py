"""Whole runs against the same calls by hand: one, its outputs, a thousand, and how the vendor's examples wait."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
import requests
from PIL import Image
from websockets.asyncio.client import connect

from benchmarks.kernel import Counting, bench_client
from benchmarks.loading import Server
from benchmarks.measure import Promise, Result, pairs
from wiro_widgets import Client, Panel

ONE = Promise(
    "one run of zero length, click to PIL image",
    "ms",
    "lower",
    1.0,
    "calls by hand that keep as much: 3 commits, the file synced and renamed, a thumbnail",
)
FETCH = Promise(
    "terminal frame to 4 PIL images of 1024 px", "ms", "lower", 1.15, "concurrent GETs, decoding by hand"
)
THOUSAND = Promise("1,000 tasks of 1 s, 50 at once", "s", "lower", 1.10, "1,000 x 1 s / 50")
POLLED = Promise("a task of 1 s: requests, polled every 3 s", "s", "lower", None, "ours", peer=True)
TIMES = 8  # runs in each round
POLL_SECONDS = 3.0  # as in the vendor's examples
HAND_KEYS = {"x-api-key": "key-of-the-benchmarks"}


def one(server: Server, rounds: int = 9) -> Result:
    """Measure the time from the click in a panel to the picture in Python, beside a person who keeps as much.

    Ours has written the run into the journal before it is sent, and the file onto the disk before it is shown. Who
    keeps nothing is no floor: after a crash such a run is paid for again, and its picture is gone.
    """
    with bench_client(server) as client, asyncio.Runner() as runner, TemporaryDirectory() as folder:
        panel, hand = Panel("bench/o1", client=client), Hand(server)
        desk = Desk(Path(folder))
        try:
            return pairs(
                ONE,
                lambda: _ms(lambda: _click(panel)),
                lambda: runner.run(_awaited_ms(lambda: hand.run("bench/o1", desk))),
                rounds=rounds,
                note="calls by hand that keep nothing are no floor: after a crash they pay again and have no picture",
            )
        finally:
            panel.close()
            desk.close()
            runner.run(hand.close())


def fetch(server: Server, rounds: int = 7) -> Result:
    """Measure the time from the terminal frame to the pictures in Python, checked and kept on the disk."""
    with bench_client(server) as client, asyncio.Runner() as runner:
        hand = Hand(server)
        try:
            return pairs(
                FETCH,
                lambda: statistics.median(_fetch_time(client) for _ in range(TIMES)),
                lambda: runner.run(_awaited_ms(lambda: hand.fetch(4))),
                rounds=rounds,
            )
        finally:
            runner.run(hand.close())


def thousand(server: Server, tasks: int = 1000, at_once: int = 50) -> Result:
    """Measure a sweep whose tasks take a second each, against the time that these take by themselves."""
    with bench_client(server) as client:
        client.run("bench/d0").wait()
        start = time.perf_counter()
        sweep = client.map(
            "bench/d1000", [{"prompt": str(number)} for number in range(tasks)], concurrency=at_once
        )
        sweep.wait(progress=False)
        seconds = time.perf_counter() - start
        if sum(cell.status == "succeeded" for cell in sweep) != tasks:
            raise RuntimeError(f"of {tasks} tasks some failed: {sweep!r}")
    return Result(THOUSAND, (seconds,), (tasks / at_once,), "journal and records included")


def peers(server: Server) -> Result:
    """Measure how long a task of a second takes for who polls as the vendor's Python example does."""
    with bench_client(server) as client:
        client.run("bench/d0").wait()
        start = time.perf_counter()
        client.run("bench/d1000").wait()
        ours = time.perf_counter() - start
    return Result(POLLED, (_poll_time(server),), (ours,), "the vendor's way to wait")


class Hand:
    """What a person would write: one pool, one socket a task, Pillow."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http = httpx.AsyncClient(headers=HAND_KEYS)

    async def run(self, model: str, desk: Desk) -> Image.Image:
        """Run a model and return its first picture, kept on the desk."""
        base = self._server.base_url
        desk.note("about to run")
        receipt = (await self._http.post(f"{base}/Run/{model}", json={"prompt": "x"})).json()
        desk.note(receipt["taskid"])
        async with connect(self._server.socket_url, compression=None) as socket:
            await socket.send(json.dumps({"type": "task_info", "tasktoken": receipt["socketaccesstoken"]}))
            async for data in socket:
                if json.loads(data)["type"] == "task_postprocess_end":
                    break
        detail = (await self._http.post(f"{base}/Task/Detail", json={"taskid": receipt["taskid"]})).json()
        data = await self._file(detail["tasklist"][0]["outputs"][0]["url"])
        desk.file(data)
        desk.note(json.dumps(detail))
        image = _decode(data)
        desk.thumbnail(image)
        return image

    async def fetch(self, count: int) -> list[Image.Image]:
        """Return so many pictures."""
        address = self._server.address
        return await asyncio.gather(
            *(self._picture(f"{address}/files/{number}.png") for number in range(count))
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._http.aclose()

    async def _picture(self, url: str) -> Image.Image:
        return _decode(await self._file(url))

    async def _file(self, url: str) -> bytes:
        return (await self._http.get(url)).content


class Desk:
    """Where a careful person keeps a run: a table that is synced, a file that is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table = sqlite3.connect(folder / "runs.sqlite3", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE runs (words)",
        ):
            self._table.execute(statement)

    def note(self, words: str) -> None:
        """Write a line that is there after a power cut."""
        self._table.execute("INSERT INTO runs VALUES (?)", (words,))

    def file(self, data: bytes) -> None:
        """Write a picture under its name once it is whole on the disk."""
        with (self._folder / "coming").open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).rename(self._folder / "picture.png")

    def thumbnail(self, image: Image.Image) -> bytes:
        """Return a small picture for the page."""
        small, keeps_promise = image.copy(), io.BytesIO()
        small.thumbnail((512, 512))
        small.save(keeps_promise, "JPEG")
        return keeps_promise.getvalue()

    def close(self) -> None:
        """Close the table."""
        self._table.close()


def _decode(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def _click(panel: Panel) -> Image.Image:
    before = panel.task
    cast("Counting", panel.comm).click("run", values={"prompt": "x"})
    while panel.task is before:
        time.sleep(0)
    return panel.wait().images[0]


def _fetch_time(client: Client) -> float:
    """Return the ms between the terminal frame and the last picture."""
    task = client.run("bench/o4")
    pictures = task.wait().images
    seconds = time.time() - task.state.stage_times["task_postprocess_end"]
    if len(pictures) != 4:  # noqa: PLR2004 - as the model's name says
        raise RuntimeError(f"{len(pictures)} of 4 pictures came")
    return seconds * 1000


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - start) / TIMES * 1000


async def _awaited_ms(work: Callable[[], Awaitable[Any]]) -> float:
    start = time.perf_counter()
    for _ in range(TIMES):
        await work()
    return (time.perf_counter() - start) / TIMES * 1000


def _poll_time(server: Server) -> float:
    """Return the seconds until the status is terminal."""
    start = time.perf_counter()
    receipt = requests.post(
        f"{server.base_url}/Run/bench/d1000", json={}, headers=HAND_KEYS, timeout=10
    ).json()
    while True:
        body = {"taskid": receipt["taskid"]}
        answer = requests.post(
            f"{server.base_url}/Task/Detail", json=body, headers=HAND_KEYS, timeout=10
        ).json()
        if answer["tasklist"][0]["status"] == "task_postprocess_end":
            return time.perf_counter() - start
        time.sleep(POLL_SECONDS)
