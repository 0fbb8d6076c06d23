"""What callbacks, `then` and observers print lands in the cell where a person looks, in every ipykernel."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.sandbox_clients import FLUX, SMALL
from tests.serving import environment
from wiro_widgets import Sandbox

ROOT = Path(__file__).resolve().parents[2]
LAST = "import time\ntime.sleep(0.3)\nprint('last')"
CLIENT = "client = wiro.Client(**where)\n_ = client.models()"  # which starts the engine's thread
SWEEP = "sweep = client.sweep(*what, seed=range(2), then=lambda result: print('here', result.record.outcome))"
POOL = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)"
AWAIT = "client = wiro.AsyncClient(**where)"
PANEL = "panel = wiro.Panel(what[0], client=client, **what[1])"
OBSERVE = "panel.observe(lambda change: print('here', change.new), 'status')"
SLEEP = "import time\nfor _ in range(200):\n    time.sleep(0.05)\n    if not busy(): break\ntime.sleep(0.5)"


def _prints(
    cells: Sequence[str], sandbox: Sandbox, folder: Path, message: dict[str, Any] | None = None
) -> list[int]:
    """Run the cells in a kernel, and return the numbers of those that show a print of ours.

    `message` is one from the page to the panel, which comes after the cells; the last of them shows the panel's id.
    """
    where = {
        "api_key": sandbox.api_key,
        "api_secret": sandbox.api_secret,
        "base_url": sandbox.base_url,
        "journal": str(folder / "journal.sqlite3"),
        "output_dir": str(folder / "outputs"),
    }
    what = (FLUX, {"prompt": "x", **SMALL})
    first = f"import wiro_widgets as wiro\nwhere = {where!r}\nwhat = {what!r}"
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=folder, env=environment({"PYTHONPATH": ROOT}))
    try:
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        numbers = {_execute(client, cell): number for number, cell in enumerate([first, *cells])}
        if message is not None:
            _say(client, message)
        numbers[_execute(client, LAST)] = len(numbers)
        return sorted({numbers.get(parent, -1) for parent in _printing(client)})
    finally:
        manager.shutdown_kernel(now=True)


def _execute(client: BlockingKernelClient, cell: str) -> str:
    """Run a cell to its end; return the id of its message, which all that it shows carries."""
    message_id: str = client.execute(cell)
    reply = client.get_shell_msg(timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]
    return message_id


def _say(client: BlockingKernelClient, message: dict[str, Any]) -> None:
    """Send a message to the panel as its page does."""
    text = ""
    while "model " not in text:
        text = client.get_iopub_msg(timeout=60)["content"].get("text", "")
    comm_id = text.partition("model ")[2].split()[0]
    data = {"method": "custom", "content": {"v": 1, "client": "page", "rev": 1, **message}}
    client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": comm_id, "data": data}))


def _printing(client: BlockingKernelClient) -> Iterator[str]:
    """Yield the parent of each print of ours, until the last cell has printed its own."""
    while True:
        message = client.get_iopub_msg(timeout=60)
        text = message["content"].get("text", "") if message["msg_type"] == "stream" else ""
        if "here" in text:
            yield message["parent_header"].get("msg_id", "")
        if "last" in text:
            return


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        ((CLIENT, f"{SWEEP}\n_ = sweep.wait(progress=False)"), [2]),
        ((CLIENT, SWEEP, f"busy = lambda: sweep.busy\n{SLEEP}"), [2]),
        ((CLIENT, f"{POOL}\n{SWEEP[:-1]}, executor=pool)\n_ = sweep.wait(progress=False)"), [2]),
        ((CLIENT, f"{SWEEP}\nfor cell in sweep: pass"), [2]),
        ((AWAIT, f"{SWEEP.replace('client.', 'await client.')}\n_ = await sweep.wait()"), [2]),
        (
            (
                CLIENT,
                "task = client.run(*what)\ntask.add_callback(lambda event: print('here'))\n_ = task.wait()",
            ),
            [2],
        ),
        (
            (
                CLIENT,
                "task = client.run(*what)",
                "task.add_callback(lambda event: print('here'))\n_ = task.wait()",
            ),
            [3],
        ),
        (
            (
                CLIENT,
                "sweep = client.sweep(*what, seed=range(2))",
                "sweep.add_callback(lambda cell: print('here'))\n_ = sweep.wait(progress=False)",
            ),
            [3],
        ),
        ((CLIENT, f"{PANEL}\n{OBSERVE}", "panel.run()\n_ = panel.wait()"), [3]),
        (
            (
                CLIENT,
                f"{PANEL}\n{OBSERVE}",
                "_ = panel.run()",
                f"busy = lambda: not panel.task.over\n{SLEEP}",
            ),
            [3],
        ),
    ],
    ids=[
        "then, waited for",
        "then, in the background",
        "then, in threads of the user",
        "then, gone through",
        "then, awaited",
        "a callback",
        "a callback of another cell",
        "a callback of a sweep",
        "an observer",
        "an observer in the background",
    ],
)
def test_prints_land_where_one_looks(
    cells: Sequence[str], numbers: list[int], shared_sandbox: Sandbox, tmp_path: Path
) -> None:
    """A print is in the cell that asked for the work, and never in that of the client or of something else."""
    assert _prints(cells, shared_sandbox, tmp_path) == numbers


@pytest.mark.parametrize(
    "message",
    [
        {"type": "values", "patch": {"prompt": "another"}},
        {"type": "run", "values": {"prompt": "x", **SMALL}, "epoch": None},
    ],
    ids=lambda message: str(message["type"]),
)
def test_prints_after_a_click_land_where_the_panel_is(
    message: dict[str, Any], shared_sandbox: Sandbox, tmp_path: Path
) -> None:
    """What a page does is no cell: observers print in the one that made or showed the panel last."""
    observe = f"{PANEL}\npanel.observe(lambda change: print('here'), ['values', 'status'])\npanel"
    model = "print('model', panel.model_id)"
    assert _prints([CLIENT, observe, model], shared_sandbox, tmp_path, message) == [2]
