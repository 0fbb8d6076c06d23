"""The display of a sweep that runs, in a kernel of its own."""

import contextlib
import os
import re
import sys
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
from wiro_widgets.display.pacer import Pacer
from wiro_widgets.render.notebook_repr import NotebookRepr, plain_text
from wiro_widgets.sweeps.live_display import PICTURE_UPDATES, LiveSweep, Pictures

BLOCKING = (
    "client = wiro.Client(**where)\nsweep = client.sweep(*what, seed=range(3))\nsweep",
    "_ = sweep.wait(progress=False)",
)
AWAITED = (
    "client = wiro.AsyncClient(**where)\nsweep = await client.sweep(*what, seed=range(3))\nsweep",
    "_ = await sweep.wait(progress=False)",
)


def _displays(cells: Sequence[str], folder: Path) -> list[list[dict[str, Any]]]:
    """Execute cells and return what each displayed, as it is saved in the notebook."""
    path = write_notebook(folder / "cells.ipynb", cells)
    notebook = execute(path, folder=folder, env=environment({"PYTHONPATH": Path(__file__).parents[2]}))
    return [[output["data"] for output in cell["outputs"]] for cell in notebook.cells]


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """Serve runs that take long enough to be displayed."""
    with Sandbox(speed=5, workers=4) as running:
        yield running


@pytest.mark.host
@pytest.mark.parametrize("cells", [BLOCKING, AWAITED], ids=["blocking", "awaited"])
def test_what_is_displayed_stays_true(cells: Sequence[str], slow: Sandbox, tmp_path: Path) -> None:
    """A sweep that was displayed as it began shows the line and the pictures of its end, and nothing else."""
    where = {
        "api_key": slow.api_key,
        "api_secret": slow.api_secret,
        "base_url": slow.base_url,
        "journal": str(tmp_path / "journal.sqlite3"),
        "output_dir": str(tmp_path / "outputs"),
    }
    what = (FLUX, {"prompt": "x", **SMALL})
    first = f"import wiro_widgets as wiro\nwhere = {where!r}\nwhat = {what!r}"
    _, first_display, wait_display, last_display = _displays([first, *cells, "sweep"], tmp_path)
    line, table = (display["text/html"] for display in first_display if display)  # the buttons are gone
    assert re.search(r">3 cells: 3 succeeded; \$0\.\d+ spent<", line)
    assert table.count("<img") == 3
    assert wait_display == []
    inner = [
        re.fullmatch(r'<div class="mathjax_ignore tex2jax_ignore">(.*)</div>', text) for text in (line, table)
    ]
    whole = "".join(match[1] for match in inner if match)
    assert [display["text/html"] for display in last_display] == [plain_text(f"<div>{whole}</div>")]


def test_the_pictures_are_sent_a_few_times(
    sandbox_client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep of sixty cells sends its table about ten times, and once more at its end."""
    tables: list[NotebookRepr | None] = []

    def publish(_display_id: str, content: NotebookRepr | None, *, update: bool) -> None:
        if isinstance(content, Pictures) and update:
            tables.append(content)

    monkeypatch.setattr(cell_output, "_publish", publish)
    pacer = Pacer(0.001)
    monkeypatch.setattr(cell_output, "pacer", lambda: pacer)
    sandbox.faults = {"stuck": "run"}
    sweep = sandbox_client.map(FLUX, [{"prompt": "x", "seed": seed, **SMALL} for seed in range(60)])
    live = LiveSweep(sweep)
    sandbox.faults = None
    sweep.wait(progress=False)
    live.end()
    assert 3 <= len(tables) <= PICTURE_UPDATES + 2
    assert tables[-1] == Pictures.of(sweep)


def test_outside_of_a_notebook_a_sweep_is_its_line(sandbox_client: Client) -> None:
    """Outside of a notebook IPython is asked to show the repr."""
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2))
    with pytest.raises(NotImplementedError):
        sweep._ipython_display_()
    assert repr(sweep.wait(progress=False)).startswith(f"<Sweep of {FLUX}, 2 cells: 2 succeeded")


@pytest.mark.parametrize("stream", ["a broken pipe", "closed", "none"])
def test_a_terminal_that_has_gone_does_not_end_the_wait(
    sandbox_client: Client, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """A wait whose line cannot be written goes on to the end of the sweep."""
    reader, writer = os.pipe()
    os.close(reader)
    broken = os.fdopen(writer, "w", buffering=1)
    if stream == "closed":
        broken.close()
    monkeypatch.setattr(sys, "stderr", None if stream == "none" else broken)
    sweep = sandbox_client.sweep(FLUX, {"prompt": "x", **SMALL}, seed=range(2))
    assert [cell.status for cell in sweep.wait(progress=True)] == ["succeeded"] * 2
    with contextlib.suppress(OSError):
        broken.close()
