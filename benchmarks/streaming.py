"""Events from the socket to a reduced state and the panel's ring, against a bare `websockets` loop."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import time
from contextlib import redirect_stderr

from websockets.asyncio.client import connect

from benchmarks.kernel import bench_client
from benchmarks.loading import Server, in_child
from benchmarks.measure import Promise, Result, alone, pairs
from benchmarks.memory import resident
from wiro_widgets import Panel

EVENTS = Promise(
    "events from the socket to state and ring", "events/s", "higher", 0.4, "bare websockets + json.loads"
)
PROGRESS = Promise("CPU of a run with a live line", "s", "lower", 1.02, "the same run without one")
MEMORY = Promise("memory after the ring is full", "MiB more", "lower", 20.0)
FULL = 200_000  # events after which every ring is full: the longest one keeps 100,000
PAUSE = 0.05  # seconds between two looks at the memory


def events(server: Server, lines: int = 100_000, rounds: int = 7) -> Result:
    """Measure how many frames of about 280 bytes a second are taken, panel included."""
    return pairs(
        EVENTS,
        lambda: _ours(server, lines),
        lambda: asyncio.run(_bare(server, lines)),
        rounds=rounds,
        note="ours hides secrets, keeps the state and fills two rings with what the bare loop drops",
    )


def progress(server: Server, lines: int = 100_000, rounds: int = 9) -> Result:
    """Measure what the live line of a wait costs beside the events of its task."""
    return pairs(
        PROGRESS,
        lambda: _cpu(server, lines, progress=True),
        lambda: _cpu(server, lines, progress=False),
        rounds=rounds,
        note=f"{lines:,} events as fast as they come; the line is looked at five times a second",
    )


def memory(server: Server, lines: int = 1_000_000, full: int = FULL) -> Result:
    """Measure by how much a panel that takes a million events grows once its rings are full."""
    growth = in_child("streaming:grown_by", server.base_url, server.socket_url, lines, full)
    return alone(MEMORY, [growth], f"{lines:,} events through one panel")


def grown_by(base_url: str, socket_url: str, lines: int, full: int) -> float:
    """Return by how many MiB this process grew after so many events, at most."""
    sizes: list[int] = []
    with bench_client(Server(base_url, socket_url), journal=False) as client:
        panel = Panel(f"bench/n{lines}", client=client)
        task = panel.run()
        over = threading.Event()
        task.watch(lambda: over.set() if task.over else None)
        while not over.wait(PAUSE):
            if len(task.state.log) + task.state.log.dropped_count > full:
                sizes.append(resident())
        panel.wait()
        sizes.append(resident())
        panel.close()
    return (max(sizes) - sizes[0]) / 2**20


def _ours(server: Server, lines: int) -> float:
    with bench_client(server, journal=False) as client:
        panel = Panel(f"bench/n{lines}", client=client)
        task = panel.run()
        panel.wait()
        start = time.perf_counter()
        panel._publisher.catch_up()
        late = time.perf_counter() - start  # what the ring had not taken yet
        stage_times = task.state.stage_times
        if task.state.log.dropped_count + len(task.state.log) != lines:
            raise RuntimeError(f"{task.state.log.dropped_count + len(task.state.log)} of {lines} lines came")
        panel.close()
    return lines / (stage_times["task_postprocess_end"] - stage_times["task_start"] + late)


def _cpu(server: Server, lines: int, *, progress: bool) -> float:
    with bench_client(server, journal=False) as client, redirect_stderr(io.StringIO()):
        task = client.run(f"bench/n{lines}")
        start = time.process_time()
        task.wait(progress=progress)
        return time.process_time() - start


async def _bare(server: Server, lines: int) -> float:
    async with connect(server.socket_url, compression=None, max_size=None) as socket:
        await socket.send(json.dumps({"type": "task_info", "tasktoken": f"n{lines}"}))
        json.loads(await socket.recv())
        start = time.perf_counter()
        async for data in socket:
            if json.loads(data)["type"] == "task_postprocess_end":
                break
        return lines / (time.perf_counter() - start)
