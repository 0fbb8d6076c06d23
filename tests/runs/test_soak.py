"""Two hundred runs with faults leave memory, threads, sockets and file handles as they were."""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.fixtures import FAST
from wiro_widgets.client.sync_client import Client

RUNS, AT_ONCE = 200, 10
FAULTS = (
    "drop_socket_after=3",
    "duplicate=1",
    "reorder=3",
    "foreign_frames=3",
    "broken_frames=3",
    "early_outputs=true",
    "cut_downloads=20",
    "drift=all",
)


# Not all of Python: its table of interned names doubles its size at a moment of its own.
WHERE = [
    tracemalloc.Filter(inclusive=True, filename_pattern=f"*/{name}/*")
    for name in ("wiro_widgets", "httpx", "httpcore", "h11", "anyio", "websockets", "asyncio")
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Make a client of a sandbox with faults, in a process of its own."""
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    command = [sys.executable, "-m", "wiro_widgets.cli", "sandbox", "--speed", "1000", *faults]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sandbox:
        assert sandbox.stdout is not None
        lines = [sandbox.stdout.readline().strip().removeprefix("export ") for _ in range(4)]
        base, sockets, key, secret = (shlex.split(line.partition("=")[2])[0] for line in lines)
        journal, outputs = tmp_path / "journal.sqlite3", tmp_path / "outputs"
        with Client(
            key,
            secret,
            base_url=base,
            socket_url=sockets,
            journal=journal,
            output_dir=outputs,
            timing=FAST,
        ) as client:
            yield client
        sandbox.terminate()


def runs(client: Client, count: int) -> list[str]:
    """Run that many models, a few at once, and return how they ended."""
    values = {"prompt": "a lighthouse", "width": 64, "height": 64, "steps": 2}
    started = [client.start("tencent/hunyuan-flux-srpo", values, None) for _ in range(count)]
    return [task.wait(30).record.outcome for task in started]


def resources() -> tuple[int, int, int, int]:
    """Return what this process uses: KiB of our code and the network libraries, threads, file handles, tasks."""
    gc.collect()
    handles = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0  # noqa: PTH208 - a count
    tasks = sum(isinstance(thing, asyncio.Task) and not thing.done() for thing in gc.get_objects())
    ours = tracemalloc.take_snapshot().filter_traces(WHERE)
    memory = sum(trace.size for trace in ours.traces)
    return memory >> 10, threading.active_count(), handles, tasks


def test_a_long_day(client: Client) -> None:
    """After the first runs nothing grows any more."""
    assert set(runs(client, 4 * AT_ONCE)) == {"succeeded"}
    tracemalloc.start()
    try:
        before = resources()
        ends = [end for _ in range(RUNS // AT_ONCE) for end in runs(client, AT_ONCE)]
        after = resources()
    finally:
        tracemalloc.stop()
    assert ends == ["succeeded"] * RUNS
    memory, threads, handles, tasks = (new - old for new, old in zip(after, before, strict=True))
    assert memory < 300
    assert threads <= 12  # workers that had not been needed before
    assert handles <= 12
    assert tasks <= 2
