"""A task that is displayed in a cell, in a kernel of its own, and how many messages many of them send."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.jupyter import write_notebook
from tests.notebook_run import execute
from tests.sandbox_clients import FLUX, SMALL
from tests.serving import environment
from wiro_widgets import Client, Sandbox
from wiro_widgets.display import cell_output
from wiro_widgets.display.cell_output import CellOutputs
from wiro_widgets.render.progress_line import ProgressLine

CHAT = "wiro/sandbox-chat"


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """Serve runs that take long enough to be displayed."""
    with Sandbox(speed=5, workers=4) as running:
        yield running


def _displays(cells: Sequence[str], sandbox: Sandbox, folder: Path) -> list[list[dict[str, Any]]]:
    """Execute cells with the address in `where`, and return what each displayed, as a notebook saves it."""
    where = {
        "api_key": sandbox.api_key,
        "api_secret": sandbox.api_secret,
        "base_url": sandbox.base_url,
        "journal": str(folder / "journal.sqlite3"),
        "output_dir": str(folder / "outputs"),
    }
    first = f"import wiro_widgets as wiro\nwhere = {where!r}"
    path = write_notebook(folder / "cells.ipynb", [first, *cells])
    notebook = execute(path, folder=folder, env=environment({"PYTHONPATH": Path(__file__).parents[2]}))
    return [[output["data"] for output in cell["outputs"]] for cell in notebook.cells[1:]]


@pytest.mark.host
@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
def test_a_task_that_is_displayed_stays_true(kind: str, slow: Sandbox, tmp_path: Path) -> None:
    """A task that was displayed as it began is saved with its picture, and shown alike afterwards."""
    wait = "" if kind == "Client" else "await "
    run = {"prompt": "a <b>fox</b>", **SMALL}
    cells = [
        f"client = wiro.{kind}(**where)\ntask = {wait}client.run({FLUX!r}, {run!r})\ntask",
        f"_ = {wait}task.wait(progress=False)",
        "task",
        f"answer = {wait}client.run({CHAT!r}, prompt='hello')\nanswer",
        f"_ = {wait}answer.wait(progress=False)",
    ]
    display, wait_display, again, answer, _ = _displays(cells, slow, tmp_path)
    assert len(display) == 1
    text = display[0]["text/html"]
    assert text.count("<img") == 1
    assert "a &lt;b&gt;fox" in text
    assert "<script" not in text
    assert wait_display == []
    assert again == display
    assert "hello" in answer[0]["text/html"]
    assert len(answer) == 1
    assert CHAT in answer[0]["text/html"]  # what made it: it is the end


def test_what_a_running_task_shows(sandbox_client: Client, sandbox: Sandbox) -> None:
    """Its stage as long as it runs, then its pictures; a static page has the same."""
    sandbox.faults = {"stuck": "run"}
    task = sandbox_client.run(FLUX, prompt="x", **SMALL)
    assert "<img" not in task._repr_html_()
    with pytest.raises(NotImplementedError):
        task._ipython_display_()  # there is no notebook: IPython takes the other forms
    sandbox.faults = None
    task.wait()
    assert task._repr_html_().count("<img") == 1
    assert repr(task) == task._repr_mimebundle_()["text/plain"]


def test_a_task_that_failed_says_why(sandbox_client: Client, sandbox: Sandbox) -> None:
    """The error stands in the cell, escaped."""
    sandbox.faults = {"fail_tasks": 1}
    task = sandbox_client.run(FLUX, prompt="x", **SMALL)
    for _ in task.events():
        pass
    assert task.error is not None
    assert str(task.error).splitlines()[0][:20] in task._repr_html_()


def test_many_tasks_send_few_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred tasks that are displayed and change all the time send less than 20 messages a second together."""
    messages: list[float] = []
    monkeypatch.setattr(cell_output, "is_notebook", lambda: True)
    monkeypatch.setattr(cell_output, "_publish", lambda *_args, **_kwargs: messages.append(time.monotonic()))
    start = time.monotonic()
    is_over = [False]
    displays = CellOutputs()
    for _ in range(100):
        displays.show(lambda: ProgressLine(str(time.monotonic())), lambda: is_over[0])
    begin_count = len(messages)
    time.sleep(2.0)
    seconds = time.monotonic() - start
    assert begin_count >= 100
    assert 1 <= len(messages) - 100 < 20 * seconds
    is_over[0] = True
    displays.end(lambda: ProgressLine("end"))
    assert len(messages) >= 200  # each shows its end
