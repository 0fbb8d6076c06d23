"""What it costs to begin: imports in a running kernel, and panels beside a bare widget with the same bundle."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_client.manager import start_new_kernel

from benchmarks.loading import Server
from benchmarks.measure import Promise, Result, alone
from tests.frontend.panel_page import BUNDLE

IMPORT = Promise("import wiro_widgets in a running kernel", "ms", "lower", 1.20, "import anywidget")
BARE = "a bare anywidget with the same bundle"
FIRST = Promise("first panel of a kernel: execute_request to comm_open", "ms", "lower", 1.5, BARE)
DISPLAY = Promise("first panel of a kernel: execute_request to its display", "ms", "lower", 1.5, BARE)
ASKED = Promise("the same with a model that is asked for: to comm_open", "ms", "lower", 1.5, BARE)
PANEL = Promise("panel: construct and display, warm", "ms", "lower", 1.5, BARE)
BUNDLE_SIZE = Promise("JavaScript bundle", "KB gzipped", "lower", 40.0)
SECONDS = 60.0
SETTLED = 0.3  # seconds after which a new kernel does nothing more of its own
FIRST_PANEL = 'import wiro_widgets as wiro; wiro.Panel("{model}", prompt="a lighthouse")'
FIRST_BARE = """
import pathlib, anywidget
class Bare(anywidget.AnyWidget):
    _esm = pathlib.Path({bundle!r}).read_text(encoding="utf-8")
Bare()
"""

TIMED = """
import time as _time
_begun = _time.perf_counter()
{what}
print((_time.perf_counter() - _begun) * 1000)
"""
PANELS = """
import json, pathlib, time
import anywidget, traitlets
from IPython.display import display
import wiro_widgets

class Bare(anywidget.AnyWidget):
    _esm = {bundle}
    value = traitlets.Dict().tag(sync=True)

client = wiro_widgets.Client("key-of-the-benchmarks", "secret-of-the-benchmarks", journal=False)
def timed(make):
    begun = time.perf_counter()
    display(make())
    return (time.perf_counter() - begun) * 1000

ours = lambda: wiro_widgets.Panel("tencent/hunyuan-flux-srpo", client=client)
timed(ours), timed(Bare)
pairs = [(timed(ours), timed(Bare)) for _ in range({rounds})]
"""


def imports(rounds: int = 5) -> Result:
    """Measure each import in a fresh kernel, in turn."""
    statements = ("import wiro_widgets", "import anywidget")
    samples = [[_in_kernel(TIMED.format(what=what)) for what in statements] for _ in range(rounds + 1)][1:]
    ours, floor = (tuple(float(each) for each in column) for column in zip(*samples, strict=True))
    return Result(IMPORT, ours, floor)


def first_panels(server: Server, rounds: int = 9, warm_up: int = 1) -> list[Result]:
    """Measure the first panel of fresh kernels beside a bare widget in others, in turn."""
    programs = (
        FIRST_PANEL.format(model="tencent/hunyuan-flux-srpo"),
        FIRST_PANEL.replace(', prompt="a lighthouse"', "").format(model="bench/o1"),
        FIRST_BARE.format(bundle=str(BUNDLE)),
    )
    with TemporaryDirectory(prefix="wiro-bench-") as folder:
        environment = _environment(server, folder)
        samples = [
            [_shown_after(program, environment) for program in programs] for _ in range(rounds + warm_up)
        ]
    ours, catalogue, bare = (tuple(column) for column in zip(*samples[warm_up:], strict=True))
    open_times = tuple(each["open"] for each in bare)
    display_times = tuple(each["display"] for each in bare)
    return [
        Result(FIRST, tuple(each["open"] for each in ours), open_times, "its form comes behind it"),
        Result(
            DISPLAY, tuple(each["display"] for each in ours), display_times, "its values are checked by then"
        ),
        Result(
            ASKED, tuple(each["open"] for each in catalogue), open_times, "the catalogue is asked behind it"
        ),
    ]


def _environment(server: Server, folder: str) -> dict[str, str]:
    """Return the environment of a kernel that finds the load server, and modules that are compiled."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {
        "WIRO_API_KEY": "key-of-the-benchmarks",
        "WIRO_API_SECRET": "secret-of-the-benchmarks",
        "WIRO_BASE_URL": server.base_url,
        "WIRO_SOCKET_URL": server.socket_url,
        "WIRO_JOURNAL": f"{folder}/journal.sqlite3",
    }


def _shown_after(code: str, environment: dict[str, str]) -> dict[str, float]:
    """Return the ms from a cell's request to the comm of its widget, and to its display, in a fresh kernel."""
    manager, client = start_new_kernel(SECONDS, "python3", stderr=subprocess.DEVNULL, env=environment)
    times: dict[str, float] = {}
    try:
        client.execute_interactive("pass", timeout=SECONDS)
        time.sleep(SETTLED)
        start = time.perf_counter()
        client.execute(code)
        while not {"open", "display"} <= times.keys():
            message = client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            state = content["data"]["state"] if kind == "comm_open" else {}
            if state.get("_model_module") == "anywidget":
                times.setdefault("open", (time.perf_counter() - start) * 1000)
            if kind in ("display_data", "execute_result"):
                times.setdefault("display", (time.perf_counter() - start) * 1000)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return times


def panels(rounds: int = 15) -> Result:
    """Measure panels and bare widgets in one kernel, in turn."""
    code = PANELS.format(bundle=repr(BUNDLE.read_text(encoding="utf-8")), rounds=rounds)
    pairs_of_times: list[list[float]] = json.loads(_in_kernel(code + "\nprint(json.dumps(pairs))"))
    return Result(PANEL, tuple(one for one, _ in pairs_of_times), tuple(other for _, other in pairs_of_times))


def bundle() -> Result:
    """Measure the bundle as it is built."""
    return alone(BUNDLE_SIZE, [len(gzip.compress(BUNDLE.read_bytes(), 9)) / 1000])


def _in_kernel(code: str) -> str:
    """Return the last line that the code prints in a kernel of its own."""
    lines: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            lines.append(content["text"])
        elif message["msg_type"] == "error":
            raise RuntimeError("\n".join(content["traceback"]))

    manager, client = start_new_kernel(SECONDS, "python3", stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive(code, timeout=SECONDS, output_hook=hear)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(lines).strip().splitlines()[-1]
