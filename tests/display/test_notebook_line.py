"""A wait in a notebook shows a display that is updated, seldom, and that ends as one short line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.display.kernel_cells import Kernel, kernel
from tests.jupyter import ROOT, write_notebook
from tests.notebook_run import execute, validate
from tests.sandbox_clients import FLUX, environment
from tests.serving import environment as clean_environment
from wiro_widgets import Sandbox
from wiro_widgets.render.run_words import DOT

pytestmark = pytest.mark.host
FIRST = f"""
import asyncio, threading, time
import wiro_widgets as wiro
client = wiro.Client(journal=False, output_dir=OUT)
MODEL, VALUES = {FLUX!r}, dict(prompt="x", width=64, height=64, steps=12)
"""


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """Serve runs that take about a second, any number at once."""
    with Sandbox(speed=4, workers=120) as running:
        yield running


@pytest.fixture
def cells(slow: Sandbox, tmp_path: Path) -> Iterator[Kernel]:
    """Run a kernel that has a client."""
    with kernel({**environment(slow), "PYTHONPATH": str(ROOT)}) as running:
        running.run(FIRST.replace("OUT", repr(str(tmp_path / "outputs"))))
        yield running


def test_generate(cells: Kernel) -> None:
    """It shows stage, step and time left in its own cell, five times a second at most, and ends as one line."""
    cells.run("images = client.generate(MODEL, **VALUES)")
    [states] = cells.displays().values()
    texts = [state.text for state in states]
    assert texts[0].startswith("Submitting")
    assert any(f"Generating{DOT}step" in text and "left" in text for text in texts)
    assert texts[-1].startswith(f"Done{DOT}")
    assert "$" in texts[-1]
    assert {state.cell for state in states} == {1}
    assert [state.type for state in states] == ["display_data"] + ["update_display_data"] * (len(states) - 1)
    # All but the first and the last keep the pace; messages may be read late, and then together.
    assert len(states) - 2 <= 5 * (states[-1].at - states[0].at) + 2


def test_an_awaited_task_leaves_the_loop_free(cells: Kernel) -> None:
    """While a cell awaits a task, a sweep or an event, the kernel's loop runs other work, and so handles comms."""
    messages = cells.run(
        "ticks = []\n"
        "async def tick():\n"
        "    while True:\n"
        "        ticks.append(1)\n"
        "        await asyncio.sleep(0.02)\n"
        "other = asyncio.ensure_future(tick())\n"
        "counts = [0]\n"
        "result = await client.run(MODEL, **VALUES)\n"
        "counts.append(len(ticks))\n"
        "events = [event async for event in client.run(MODEL, **VALUES)]\n"
        "counts.append(len(ticks))\n"
        "sweep = await client.sweep(MODEL, VALUES, seed=[1, 2])\n"
        "counts.append(len(ticks))\n"
        "finished = [cell.status async for cell in sweep]\n"
        "other.cancel()\n"
        "[b - a > 10 for a, b in zip(counts, counts[1:])], result.record.outcome, len(events) > 10, finished"
    )
    [value] = [message.text for message in messages if message.type == "execute_result"]
    assert value == "([True, True, True], 'succeeded', True, ['succeeded', 'succeeded'])"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("client.run(MODEL, VALUES | dict(steps=50)).wait()", "stopped"),
        ("client.run(MODEL, VALUES | dict(steps=50)).wait(on_interrupt='detach')", "goes on"),
        ("await client.run(MODEL, VALUES | dict(steps=50))", "is being stopped"),
    ],
)
def test_an_interrupt(cells: Kernel, code: str, words: str) -> None:
    """The line of a wait that is interrupted says whether the task goes on, and names it."""
    messages = cells.run(code, interrupt_at="Generating")
    [states] = cells.displays().values()
    assert words in states[-1].text
    assert "finds it again" in states[-1].text
    assert [message.content["ename"] for message in messages if message.type == "error"] != []
    assert "succeeded" not in states[-1].text


def test_a_hundred_waits_keep_the_pace_together(cells: Kernel, slow: Sandbox) -> None:
    """A hundred tasks that are waited for at once send fewer than twenty messages a second, all of them together."""
    slow.faults = {"stuck": "run"}
    cells.run("tasks = [client.run(MODEL, **VALUES) for _ in range(100)]")
    cells.run(
        "threads = [threading.Thread(target=task.wait) for task in tasks]\n"
        "for thread in threads: thread.start()"
    )
    live = [message for message in cells.run("time.sleep(3)") if message.type == "update_display_data"]
    assert 5 <= len(live) < 3 * 20
    assert len({message.display_id for message in live}) == len(live)  # one after the other has its turn
    slow.faults = None
    cells.run("for thread in threads: thread.join()")
    displays = cells.displays()
    assert len(displays) == 100
    assert all(states[-1].text.startswith("Done") for states in displays.values())


def _saved(cell: Any) -> list[dict[str, Any]]:
    return [dict(output["data"]) for output in cell["outputs"] if "data" in output]


def test_a_saved_notebook_has_the_last_state(slow: Sandbox, tmp_path: Path) -> None:
    """Only the short line is saved, of a transient one nothing, and no trace of keys or tokens."""
    waits = (
        "_ = client.generate(MODEL, **VALUES)",
        "_ = client.generate(MODEL, progress='transient', **VALUES)",
        "_ = client.run('wiro/sandbox-chat', prompt='why?').wait()",
        "_ = client.sweep(MODEL, VALUES, seed=[1, 2]).wait()",
        "panel = wiro.Panel(MODEL, client=client, **VALUES)\npanel.run()\n_ = panel.wait()",
        "_ = client.generate(MODEL, progress=False, **VALUES)",
    )
    first = FIRST.replace("OUT", repr(str(tmp_path / "outputs")))
    path = write_notebook(tmp_path / "waits.ipynb", [first, *waits])
    env = clean_environment({**environment(slow), "PYTHONPATH": ROOT})
    notebook = execute(path, folder=tmp_path, env=env)
    validate(notebook)
    generated, transient, answer, sweep, panel, quiet = (_saved(cell) for cell in notebook.cells[1:])
    for [data], words in (
        (generated, "Done"),
        (answer, "Done"),
        (sweep, "2 cells: 2 succeeded"),
        (panel, "Done"),
    ):
        assert data["text/plain"].startswith(words)
        assert words in data["text/html"]
        assert "<script" not in data["text/html"]
    assert (transient, quiet) == ([{}], [])
    text = str(notebook)
    assert slow.api_key not in text
    assert slow.api_secret not in text
