"""A sweep of 10,000 cells: its plan, the memory of a cell that waits, and its table and board while it runs."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

from benchmarks.kernel import bench_client
from benchmarks.loading import Server, in_child
from benchmarks.measure import Promise, Result, alone, pairs
from benchmarks.memory import resident
from wiro_widgets import Client, Sweep

PLANNED = Promise("sweep of 10,000 cells: checked, recalled and priced", "s", "lower", 1.0)
WAITING = Promise("sweep of 10,000 cells: memory per waiting cell", "KiB", "lower", 2.0)
TABLE = Promise(
    "sweep of 10,000 cells: its table while 50 run", "ms", "lower", 1.5, "the same while none runs"
)
BOARD = Promise(
    "sweep of 10,000 cells: its board while 50 run", "ms", "lower", 1.5, "the same while none runs"
)
SIDE = 100  # values of each of two axes
AT_ONCE = 50


def sweeping(server: Server, side: int = SIDE, rounds: int = 5) -> list[Result]:
    """Measure the plan and what can be asked of a sweep while it runs."""
    with bench_client(server) as client:
        _plan(client, 3)  # what the first one loads is not the second one's cost
        results = [
            alone(PLANNED, [_seconds(lambda: _plan(client, side)) for _ in range(rounds)]),
            alone(
                WAITING,
                [in_child("sweeping:waiting", server.base_url, server.socket_url, side) for _ in range(3)],
                "with prompt, seed and six settings; a process of its own",
            ),
        ]
        calm, busy = _plan_seconds(client, side), _plan_seconds(client, side)
        busy.resume()
        try:
            for promise, look in ((TABLE, _table), (BOARD, _board)):
                results.append(pairs(promise, _ms_of(look, busy), _ms_of(look, calm), rounds=rounds))
            if not busy.busy:
                raise RuntimeError("the sweep was over before it was looked at")
        finally:
            busy.stop()
    return results


def waiting(base_url: str, socket_url: str, side: int) -> float:
    """Return the KiB that this process needs for each cell of a sweep that waits."""
    with bench_client(Server(base_url, socket_url)) as client:
        _plan(client, 3)
        gc.collect()
        before = resident()
        sweep = _plan(client, side)
        gc.collect()
        return (resident() - before) / 1024 / len(sweep)


def _plan(client: Client, side: int) -> Sweep:
    settings: dict[str, Any] = {"steps": 20, "width": 512, "height": 512, "scale": 3.0, "strength": 0.9}
    prompts = [f"a lighthouse at dusk, number {number}" for number in range(side)]
    return client.sweep(
        "tencent/hunyuan-flux-srpo",
        settings,
        prompt=prompts,
        seed=range(1, side + 1),
        samples=1,
        start=False,
    )


def _plan_seconds(client: Client, side: int) -> Sweep:
    """Return a sweep whose cells take a second each."""
    prompts = [f"a lighthouse at dusk, number {number}" for number in range(side**2)]
    return client.sweep("bench/d1000", prompt=prompts, concurrency=AT_ONCE, resume=False, start=False)


def _table(sweep: Sweep) -> None:
    sweep.to_pandas()


def _board(sweep: Sweep) -> None:
    sweep._repr_html_()


def _ms_of(look: Callable[[Sweep], None], sweep: Sweep) -> Callable[[], float]:
    return lambda: _seconds(lambda: look(sweep)) * 1000


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
