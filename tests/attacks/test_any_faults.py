"""Whatever goes wrong, in any order and with a kernel killed at any instant: nothing is paid twice or mixed up.

Each seed is one mixture of up to eight faults around a sweep of four cells. `make soak` runs a thousand of them;
SIEGE_SEEDS says how many, SIEGE_FIRST which is the first.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.kernels import Kernels
from tests.attacks.mixtures import Siege, choose, heal
from tests.attacks.sweeps import MODEL_ENTRY, assert_right_pictures, statuses
from tests.hostile.fixtures import FAST, MakeClient
from tests.hostile.server import HostileServer
from tests.hostile.task_api import ok
from wiro_widgets.client.sync_client import Client
from wiro_widgets.client.sync_sweep import Sweep
from wiro_widgets.journal import database
from wiro_widgets.protocol.errors import WiroError, WiroWarning

FIRST, COUNT = int(os.environ.get("SIEGE_FIRST", "0")), int(os.environ.get("SIEGE_SEEDS", "50"))
WAIT, SLACK = 1.0, 30.0  # seconds that a wait is given, and that a busy machine may take beyond it
TIGHT = replace(
    FAST,
    call_retries=(0.005, 0.02),
    download_retries=(0.005, 0.02),
    run_retries=(0.005, 0.05),
    balance_pauses=(0.01, 0.05),
    balance_patience=0.5,
    socket_retries=(0.01, 0.05),
    silence=(0.02, 0.05, 0.1),
    ending=(0.0, 0.01, 0.02, 0.05),
    last_frame=0.05,
    settling=(0.01, 0.02, 0.05),
    late_cost=(0.01, 0.05),
    detail_read=0.2,
    lost_run_looks=(0.0, 0.02),
    lost_run_read=0.2,
    journal_lock=0.5,
    claim_poll=0.01,
    fetch_again=0.2,
)
KERNEL = """
import warnings
warnings.simplefilter("ignore")
sweep = client.map("a/b", order["rows"])
print("begun", flush=True)
sweep.wait()
print(sweep, flush=True)
"""


@contextmanager
def bounded(seconds: float, what: str) -> Iterator[None]:
    """Fail if the block takes longer, with some patience for a busy machine."""
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds + SLACK, f"{what} waited past its time"


def recover(client: Client, seconds: float) -> list[str]:
    """Recover and wait for what was picked up; return the problems, in words."""
    with bounded(0.0, "recover()"):
        recovered = client.recover()
    with bounded(seconds, "the tasks"):
        until = time.monotonic() + seconds
        for task in recovered:
            with suppress(WiroError):
                task.wait(max(0.01, until - time.monotonic()))
    return [str(problem) for problem in recovered.problems]


def begin_again(client: Client, siege: Siege, seconds: float) -> Sweep | None:
    """Begin the sweep and wait for it; return None if it says that the journal cannot be read."""
    with bounded(seconds, "the sweep"):
        try:
            sweep = client.map("a/b", siege.rows)
        except WiroError as error:
            if "journal" not in str(error):
                raise
            return None
        with suppress(TimeoutError, WiroError):
            sweep.wait(seconds)
    return sweep


def paid_twice(siege: Siege, allowance: int = 0) -> list[str]:
    """Return the cells for which more tasks were made than there are cells of these values."""

    def key(values: dict[str, str], uploads: list[bytes]) -> str:
        texts = {name: str(value) for name, value in values.items() if "://" not in str(value)}
        return f"{sorted(texts.items())} {[data.hex() for data in uploads]}"

    def files(row: dict[str, str]) -> list[bytes]:
        return [Path(row["inputImage"]).read_bytes()] if "inputImage" in row else []

    rows = Counter(
        key({name: value for name, value in row.items() if name != "inputImage"}, files(row))
        for row in siege.rows
    )
    tasks = Counter(key(task.parameters, task.uploads) for task in siege.own_tasks())
    return [name for name, count in tasks.items() if count > rows[name] + allowance]


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_any_faults(
    server: HostileServer,
    kernels: Kernels,
    make_client: MakeClient,
    tmp_path: Path,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each cell has at most one task, each file is of its cell, what is open is explained, and no wait is endless."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    server.always("Tool/Detail", ok(tool=[MODEL_ENTRY]))
    siege = Siege(seed, server, tmp_path)
    faults = choose(siege)
    words = ", ".join(f"{when}: {fault.__name__}" for when, fault in faults)
    print(f"seed {seed}: {words}; rows {siege.rows}")  # noqa: T201 - what a failure shows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WiroWarning)
        for stage in ("first", "between", "second"):
            for when, fault in faults:
                if when == stage:
                    fault(siege)
            if stage == "first" or (stage == "second" and siege.chance.random() < 0.2):
                _live(siege, kernels)
                assert not paid_twice(siege), words
        with make_client(timing=TIGHT, timeout=0.3) as client:
            steps: list[Callable[[], object]] = [
                lambda: recover(client, WAIT),
                lambda: begin_again(client, siege, WAIT),
            ]
            siege.chance.shuffle(steps)
            for step in steps:
                step()
            assert not paid_twice(siege), words
        heal(siege)
        _check(
            siege, make_client(timing=replace(TIGHT, detail_read=5.0, lost_run_read=5.0, journal_lock=5.0))
        )


def _live(siege: Siege, kernels: Kernels) -> None:
    """Let a kernel, or two at once, begin the sweep, and kill them at some instants."""
    chance, server = siege.chance, siege.server
    lives = [
        kernels.start(server, siege.folder, KERNEL, timing=TIGHT, client={"timeout": 0.3}, rows=siege.rows)
        for _ in range(chance.choice([1, 1, 1, 2]))
    ]
    for kernel in lives:
        if chance.random() < 0.8:
            count, until = server.count("Run") + chance.randint(1, 4), time.monotonic() + 1
            while server.count("Run") < count and kernel.is_running and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(chance.choice([0.0, 0.002, 0.02, 0.1, 0.3]))
        else:
            time.sleep(chance.uniform(0.0, 0.2))
        kernel.kill()


def _check(siege: Siege, client: Client) -> None:
    """Recover under a clear sky, and hold what came of it against the laws."""
    problems = recover(client, 10.0)
    sweep = begin_again(client, siege, 10.0)
    if sweep is None:
        assert siege.is_destroyed
        assert not paid_twice(siege)
        return
    with bounded(10.0, "the sweep"):
        sweep.resume().wait(60)
    assert not paid_twice(siege)
    names = ["inputImage"] if "inputImage" in siege.rows[0] else []
    for cell in sweep.cells:
        assert cell.status in ("succeeded", "unknown"), (cell, cell.error)
        assert cell.status == "succeeded" or str(cell.error)
    assert_right_pictures(sweep, _common(siege), names)
    unknown = statuses(sweep).count("unknown")
    problems += recover(client, 10.0)
    for row in client.history.unfinished():
        assert any(row.id in problem or (row.task_id or row.id) in problem for problem in problems), (
            row,
            problems,
        )
    if not siege.is_destroyed and not siege.has_twins and len({str(row) for row in siege.rows}) == 4:
        assert unknown <= 4 - len(siege.own_tasks()), "a task that can be found is unknown"
    with bounded(10.0, "the sweep"):
        sweep.resume(unknown="send").wait(60)
    assert statuses(sweep) == ["succeeded"] * 4
    assert not paid_twice(siege, allowance=unknown)
    assert_right_pictures(sweep, _common(siege), names)


def _common(siege: Siege) -> dict[str, object]:
    """Return the values that all cells have, which are no axes of the sweep."""
    first = siege.rows[0]
    return {name: value for name, value in first.items() if all(row.get(name) == value for row in siege.rows)}
