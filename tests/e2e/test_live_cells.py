"""What a person sees and presses in a real JupyterLab: tasks that are alive in a cell, and the buttons of a sweep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.jupyter import JupyterServer
from tests.notebook_page import SECONDS, NotebookPage
from tests.sandbox_clients import FLUX
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve runs that take a few seconds."""
    with Sandbox(speed=1.5) as running:
        yield running


def _client(sandbox: Sandbox, folder: Path) -> str:
    settings = f"base_url={sandbox.base_url!r}, journal=False, output_dir={str(folder)!r}"
    return (
        f"import wiro_widgets as wiro\nclient = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, {settings})\n"
        "run = dict(prompt='a lighthouse at dusk', width=64, height=64)"
    )


def test_a_task_in_a_cell(page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path) -> None:
    """A bar, then the picture; a language model's answer grows; other cells run meanwhile."""
    cells = [
        _client(sandbox, tmp_path),
        f"client.run({FLUX!r}, steps=50, **run)",
        "client.run('wiro/sandbox-chat', prompt='tell me of lighthouses')",
        "1 + 1",
    ]
    lab.write("live.ipynb", cells)
    notebook = NotebookPage(page, lab, "live.ipynb")
    outputs = page.locator(".jp-Notebook .jp-Cell-outputArea")
    for index in range(4):
        notebook.run_cell(index)
    expect(outputs.nth(3)).to_contain_text("2")
    expect(outputs.nth(1).locator("span[style*=height] > span")).to_be_visible(timeout=60 * SECONDS)
    expect(outputs.nth(1).locator("img")).to_be_visible(timeout=60 * SECONDS)
    expect(outputs.nth(1)).to_contain_text("a lighthouse at dusk")
    expect(outputs.nth(2)).to_contain_text("wiro/sandbox-chat", timeout=60 * SECONDS)
    saved = notebook.save()["cells"][1]["outputs"]
    assert len(saved) == 1
    assert "<img" in "".join(saved[0]["data"]["text/html"])
    assert "<script" not in "".join(saved[0]["data"]["text/html"])


def test_other_widgets_beside_a_panel(
    page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A button and a label that share a cell with a panel are seen, although they are text without elements."""
    show = (
        "import ipywidgets\nfrom IPython.display import display\n"
        f"display(wiro.Panel({FLUX!r}, client=client), ipywidgets.Button(description='Mine'))\n"
        "display(ipywidgets.Label('a label'))"
    )
    lab.write("beside.ipynb", [_client(sandbox, tmp_path), show])
    notebook = NotebookPage(page, lab, "beside.ipynb")
    notebook.run_cell(0)
    notebook.run_cell(1)
    outputs = page.locator(".jp-Notebook .jp-Cell-outputArea").nth(1)
    expect(outputs.locator("[data-wiro-live]")).to_be_attached(timeout=60 * SECONDS)
    expect(outputs.get_by_role("button", name="Mine")).to_be_visible()
    expect(outputs.get_by_text("a label")).to_be_visible()


def test_dollars_are_no_mathematics(page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path) -> None:
    """Two prices in a line, or two dollar signs in a prompt, stay as they are."""
    cells = [
        _client(sandbox, tmp_path).replace("journal=False", "journal=False, budget=2"),
        "client",
        f"run['prompt'] = 'a $5 note on a $10 note'\nimages = client.generate({FLUX!r}, run, steps=2)\nimages",
        "images.record",
        "client.history",
    ]
    lab.write("dollars.ipynb", cells)
    notebook = NotebookPage(page, lab, "dollars.ipynb")
    outputs = page.locator(".jp-Notebook .jp-Cell-outputArea")
    for index in range(5):
        notebook.run_cell(index)
    expect(outputs.nth(1)).to_contain_text("$2.00 of $2.00")
    for index in range(2, 5):
        expect(outputs.nth(index)).to_contain_text("a $5 note on a $10 note")
    page.wait_for_timeout(1000)  # for MathJax
    expect(page.locator(".jp-Notebook mjx-container")).to_have_count(0)


def test_the_buttons_of_a_sweep(page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path) -> None:
    """Pause, go on and stop, also while another cell waits; a saved notebook shows the board without them."""
    cells = [
        _client(sandbox, tmp_path),
        f"sweep = client.sweep({FLUX!r}, seed=range(4), steps=30, concurrency=1, **run)\nsweep",
        "_ = sweep.wait(progress=False)",
        "print(sweep.counts)",
    ]
    lab.write("buttons.ipynb", cells)
    notebook = NotebookPage(page, lab, "buttons.ipynb")
    board = page.locator(".jp-Notebook .jp-Cell-outputArea").nth(1)
    buttons = {name: board.get_by_role("button", name=name) for name in ("Pause", "Stop", "Run what is left")}
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(buttons["Pause"]).to_be_visible(timeout=60 * SECONDS)
    expect(buttons["Run what is left"]).to_be_hidden()
    buttons["Pause"].click()
    expect(buttons["Run what is left"]).to_be_visible(timeout=60 * SECONDS)
    expect(buttons["Pause"]).to_be_hidden()
    expect(buttons["Stop"]).to_be_hidden(timeout=60 * SECONDS)  # the cell that ran is done
    buttons["Run what is left"].click()
    expect(buttons["Pause"]).to_be_visible(timeout=60 * SECONDS)
    notebook.run_cell(2, wait=False)
    buttons["Stop"].click()
    expect(board).to_contain_text("cancelled", timeout=60 * SECONDS)
    expect(buttons["Run what is left"]).to_be_visible(timeout=60 * SECONDS)
    outputs = notebook.save()["cells"][1]["outputs"]
    assert any("wiro-board" in "".join(output["data"].get("text/html", "")) for output in outputs)
    buttons["Run what is left"].click()
    expect(board).to_contain_text("4 succeeded", timeout=90 * SECONDS)
    expect(board.locator("button")).to_have_count(0)
    expect(board.locator("img")).to_have_count(4)
    notebook.wait_for_output(1, "4 succeeded")
    assert "widget-view" not in str(notebook.save()["cells"][1]["outputs"])
