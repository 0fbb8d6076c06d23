"""The load server and single measurements, each in a process of its own that ends with the block."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHILD_SECONDS = 120.0  # after which a measurement in a process of its own has failed


@dataclass(frozen=True, slots=True)
class Server:
    """Where the load server listens; `certificate` is the one of its wss, where there is one."""

    base_url: str
    socket_url: str
    secure_url: str | None = None
    certificate: str | None = None

    @property
    def address(self) -> str:
        """The address of HTTP without a path."""
        return self.base_url.removesuffix("/v1")


@contextmanager
def load_server() -> Iterator[Server]:
    """Run the load server until the block ends."""
    with tempfile.TemporaryDirectory(prefix="wiro-bench-") as folder:
        pair = _certificate(Path(folder))
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", *map(str, pair)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a client that goes while it is written to is no news
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
        )
        try:
            ports = json.loads(process.stdout.readline() if process.stdout else "")
            yield Server(
                f"http://127.0.0.1:{ports['http']}/v1",
                f"ws://127.0.0.1:{ports['ws']}/v1",
                f"wss://127.0.0.1:{ports['wss']}/v1" if pair else None,
                str(pair[0]) if pair else None,
            )
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def in_child(function: str, *arguments: Any, env: dict[str, str] | None = None) -> Any:
    """Call "module:function" of this package in a fresh process, with JSON in and out."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.loading", function, json.dumps(arguments)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=CHILD_SECONDS,
        check=False,
        cwd=ROOT,
        env=os.environ | (env or {}),
    )
    if done.returncode:
        raise RuntimeError(f"{function} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _certificate(folder: Path) -> tuple[Path, ...]:
    """Make a certificate for loopback with openssl; without that there is no wss."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return ()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *options.split(), *names], check=True, capture_output=True)
    return certificate, key


def _call(function: str, arguments: str) -> None:
    module, _, name = function.partition(":")
    function_result = getattr(importlib.import_module(f"benchmarks.{module}"), name)(*json.loads(arguments))
    sys.stdout.write(f"{json.dumps(function_result)}\n")


if __name__ == "__main__":
    _call(*sys.argv[1:3])
