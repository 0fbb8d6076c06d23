"""Kernels that a test starts and kills: real processes, forked from one that has imported wiro_widgets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.hostile.fixtures import FAST
from tests.hostile.server import KEY, SECRET, HostileServer
from wiro_widgets.protocol.timing import Timing

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60.0

# Runs a sweep to its end; `order` has its model, its values and its axes.
SWEEP = """
model, values, axes = order["model"], order["values"], order["axes"]
sweep = client.sweep(model, values, **axes)
print("begun", flush=True)
sweep.wait()
print(sweep, flush=True)
"""


class Kernel:
    """A process that executes code with a client of its own."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self._log = log

    @property
    def output(self) -> str:
        """What it has written."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def is_running(self) -> bool:
        """True until it has ended and is forgotten by the system."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        """End it as a crash does."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.join()

    def join(self) -> None:
        """Wait until it has ended."""
        until = time.monotonic() + WAIT_SECONDS
        while self.is_running:
            assert time.monotonic() < until, f"the kernel goes on: {self.output}"
            time.sleep(0.002)


class Kernels:
    """Starts kernels for one server after the other; `close` ends all of them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.kernel_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started: list[Kernel] = []

    def start(
        self,
        server: HostileServer,
        folder: Path,
        code: str = SWEEP,
        *,
        uid: int | None = None,
        timing: Timing = FAST,
        client: Mapping[str, Any] | None = None,
        **order: Any,
    ) -> Kernel:
        """Start a kernel whose client has its journal and its outputs in the folder, as the fixtures' clients have."""
        log = folder / f"kernel-{len(self._started)}.log"
        settings = {
            "base_url": server.base_url,
            "socket_url": server.socket_url,
            "journal": str(folder / "journal.sqlite3"),
            "output_dir": str(folder / "outputs"),
            "timeout": 5.0,
            **(client or {}),
        }
        full_order = {
            "code": code,
            "keys": [KEY, SECRET],
            "client": settings,
            "timing": asdict(timing),
            "log": str(log),
            "uid": uid,
            **order,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(full_order) + "\n")
        self._process.stdin.flush()
        kernel = Kernel(int(self._process.stdout.readline()), log)
        self._started.append(kernel)
        return kernel

    def kill_all(self) -> None:
        """Kill the kernels that are still running."""
        for kernel in self._started:
            kernel.kill()
        self._started.clear()

    def close(self) -> None:
        """End the process that forks, after its kernels."""
        self.kill_all()
        self._process.communicate()
