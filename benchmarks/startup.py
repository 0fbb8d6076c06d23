"""What it costs to begin: imports in a running kernel, and a panel beside a bare widget with the same bundle."""

from __future__ import annotations

import gzip
import json
import subprocess
from typing import Any

from jupyter_client.manager import start_new_kernel

from benchmarks.measure import Promise, Result, alone
from tests.frontend.panel_page import BUNDLE

IMPORT = Promise("import wiro_widgets in a running kernel", "ms", "lower", 1.20, "import anywidget")
FIRST = Promise(
    "first use of wiro_widgets.Panel in a running kernel", "ms", "lower", None, "import anywidget"
)
PANEL = Promise(
    "panel: construct and display, warm", "ms", "lower", 1.5, "a bare anywidget with the same bundle"
)
BUNDLE_SIZE = Promise("JavaScript bundle", "KB gzipped", "lower", 40.0)
SECONDS = 60.0

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


def imports(rounds: int = 5) -> list[Result]:
    """Measure each import in a fresh kernel, in turn."""
    statements = ("import wiro_widgets", "import wiro_widgets; wiro_widgets.Panel", "import anywidget")
    samples = [[_in_kernel(TIMED.format(what=what)) for what in statements] for _ in range(rounds + 1)][1:]
    ours, first, floor = (tuple(float(each) for each in column) for column in zip(*samples, strict=True))
    return [
        Result(IMPORT, ours, floor),
        Result(FIRST, first, floor, "network and files load when first used"),
    ]


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
