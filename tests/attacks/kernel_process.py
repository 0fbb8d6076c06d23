"""Forks kernels for tests: wiro_widgets is imported once, so that a kernel that is killed at once costs little.

Reads orders from stdin, one JSON object a line: `code` is executed with `order` and `client` as names, its output goes
to the file `log`. Answers each with the number of the process, on a line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import Any

import anyio._backends._asyncio
import httpcore
import PIL.PngImagePlugin
import websockets.asyncio.client

import wiro_widgets as wiro
from wiro_widgets.protocol.timing import Timing
from wiro_widgets.transport.environment import tls_context

WARM = (anyio, httpcore, PIL, websockets, wiro.Client)  # what the first call imports


def main() -> None:
    """Fork a kernel for each order until stdin ends."""
    tls_context()
    signal.signal(signal.SIGCHLD, _reap)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _run(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _run(order: dict[str, Any]) -> None:
    """Be the kernel; never returns."""
    status = 1
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(log, stream)
    try:
        if order["uid"] is not None:
            os.setgid(order["uid"])
            os.setuid(order["uid"])
        timing: Any = {name: tuple(v) if isinstance(v, list) else v for name, v in order["timing"].items()}
        client = wiro.Client(*order["keys"], **order["client"], timing=Timing(**timing))
        exec(order["code"], {"order": order, "client": client, "wiro": wiro})  # noqa: S102 - a kernel runs code
        client.close()
        status = 0
    except BaseException:  # noqa: BLE001 - the log is all that the test sees
        traceback.print_exc()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def _reap(*_: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


if __name__ == "__main__":
    main()
