"""The clients of others and ours in turn: time, requests, memory, threads, and what cut connections cost."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.loading import ROOT
from benchmarks.measure import Better, Promise, Result
from benchmarks.peers.world import Cut

PYTHON = ROOT / ".venv" / "peers" / "bin" / "python"
OURS = "wiro-widgets"
# What each documented call is, and where a figure says less than it seems.
CALLS = {
    "replicate": (
        "`replicate.run` and `read`; a submission waits up to a minute for the result, so that one connection is both"
    ),
    "fal-client": "`fal_client.subscribe` as it is, asking every 0.1 s, and a GET of the picture",
    "gradio_client": (
        "`Client.predict`, whose file is kept on the disk, as ours is; one stream serves all runs of a client, so that "
        "cutting it once cuts all that it serves by then; at most 40 runs at once by default"
    ),
    "huggingface_hub": (
        "`InferenceClient.text_to_image` of the provider `hf-inference`; the reply to the submission is the picture, "
        "so that one connection is all"
    ),
}
CHILD_SECONDS = 240.0  # after which a client has failed
CROWD_SECONDS = 1.0  # that a run of a crowd takes
TURN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    name: str
    unit: str
    better: Better = "lower"


OVERHEAD = Figure("a run: time above the server's own", "ms")
ARRIVAL = Figure("a run: the server's end to the decoded picture", "ms")
REQUESTS = Figure("a run: requests, sockets included", "requests")
MEMORY = Figure("runs at once: memory above idle", "MiB")
THREADS = Figure("runs at once: threads", "threads")
CUTS: dict[Cut, str] = {
    "submission": "the reply to each submission cut once",
    "wait": "each connection that waits cut once",
}
Figures = dict[Figure, float]


@dataclass(frozen=True, slots=True)
class StandIn:
    """Where the stand-ins listen."""

    http: str
    ws: str

    def begin(self, seconds: float, cut: Cut = "") -> None:
        """Begin a measurement."""
        httpx.post(f"{self.http}/control", json={"seconds": seconds, "cut": cut}, trust_env=False)

    def report(self) -> dict[str, Any]:
        """Return what happened in it."""
        fields: dict[str, Any] = httpx.get(f"{self.http}/control", trust_env=False).json()
        return fields


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run the stand-ins until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.peers.stand_in"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a client that goes while it is written to is no news
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    )
    try:
        ports = json.loads(process.stdout.readline() if process.stdout else "")
        yield StandIn(f"http://127.0.0.1:{ports['http']}", f"ws://127.0.0.1:{ports['ws']}")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def clients(
    turns: int = 20, crowd: int = 100, rounds: int = 3, names: Sequence[str] = tuple(CALLS)
) -> list[Result]:
    """Measure each client in each round, ours first; what cut connections cost is counted once."""
    figures: dict[str, list[Figures]] = {}
    versions: dict[str, str] = {}
    with stand_in() as server:
        for number in range(rounds):
            for name in (OURS, *names):
                row = _measure_turns(server, name, turns) | _measure_crowd(server, name, crowd, versions)
                if not number:
                    for cut in CUTS:
                        row |= measure_cut(server, name, crowd, cut)
                figures.setdefault(name, []).append(row)
    return [
        _result(figure, name, figures, f"{versions[name]}: {CALLS[name]}" if figure is OVERHEAD else "")
        for figure in figures[OURS][0]
        for name in names
    ]


def _result(figure: Figure, name: str, figures: dict[str, list[Figures]], note: str) -> Result:
    promise = Promise(figure.name, figure.unit, figure.better, None, "ours", client=name)
    theirs, ours = (tuple(row[figure] for row in figures[who] if figure in row) for who in (name, OURS))
    return Result(promise, theirs, ours, note)


def _measure_turns(server: StandIn, name: str, count: int) -> Figures:
    """Measure one run after the other."""
    _, ends, report = _drive(server, name, "turns", count, TURN_SECONDS)
    failures = [end["error"] for end in ends if "error" in end]
    if failures:
        raise RuntimeError(f"{name}: {len(failures)} of {count} runs failed: {failures[0]}")
    runs = {run["prompt"]: run for run in report["runs"]}
    own = [runs[end["prompt"]] for end in ends]
    above = [
        end["end"] - end["start"] - run["end"] + run["start"] for end, run in zip(ends, own, strict=True)
    ]
    after = [end["end"] - run["end"] for end, run in zip(ends, own, strict=True)]
    return {
        OVERHEAD: statistics.median(above) * 1000,
        ARRIVAL: statistics.median(after) * 1000,
        REQUESTS: report["requests"] / count,
    }


def _measure_crowd(server: StandIn, name: str, count: int, versions: dict[str, str]) -> Figures:
    """Measure runs at once."""
    figures, _, _ = _drive(server, name, "crowd", count, CROWD_SECONDS)
    versions[name] = figures["version"]
    return {MEMORY: figures["bytes"] / (1 << 20), THREADS: figures["threads"]}


def measure_cut(server: StandIn, name: str, count: int, cut: Cut) -> Figures:
    """Count what becomes of runs at once."""
    _, ends, report = _drive(server, name, "crowd", count, CROWD_SECONDS, cut)
    prompts = {end["prompt"] for end in ends}
    payments = Counter(run["prompt"] for run in report["runs"] if run["prompt"] in prompts)
    finished = {end["prompt"] for end in ends if "error" not in end}
    where = f"{count} runs, {CUTS[cut]}"
    return {
        Figure(f"{where}: finished", "runs", "higher"): len(finished),
        Figure(f"{where}: lost", "runs"): len(payments.keys() - finished),
        Figure(f"{where}: paid twice", "runs"): sum(times > 1 for times in payments.values()),
    }


def _drive(
    server: StandIn, name: str, mode: str, count: int, seconds: float, cut: Cut = ""
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Let a client work, and return its figures, its runs and the report of the stand-in."""
    python = sys.executable if name == OURS else str(PYTHON)
    script = Path(__file__).with_name("drive.py")
    surroundings = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    server.begin(TURN_SECONDS)
    process = subprocess.Popen(
        [python, str(script), name, server.http, server.ws, mode, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=surroundings | {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_TELEMETRY": "1"},
    )
    alarm = threading.Timer(CHILD_SECONDS, process.kill)
    with process:
        alarm.start()
        try:
            if not process.stdout or process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{name} does not start:\n{process.communicate()[1][-3000:]}")
            server.begin(seconds, cut)
            output, errors = process.communicate("go\n")
        finally:
            alarm.cancel()
            process.kill()
    if process.returncode:
        raise RuntimeError(f"{name} failed, or took over {CHILD_SECONDS:g} s:\n{errors[-3000:]}")
    figures: dict[str, Any] = json.loads(output.splitlines()[-1])
    return figures, figures["runs"], server.report()
