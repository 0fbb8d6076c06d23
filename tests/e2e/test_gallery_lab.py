"""The gallery in JupyterLab: what was run is there, Python sees what is selected, and a panel opens beneath it."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.jupyter import JupyterServer
from tests.notebook_page import SECONDS, NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

WAIT = 20 * SECONDS


def _run(sandbox: Sandbox, name: str) -> str:
    """Return a cell that makes a client with a journal of its own, and one run."""
    return (
        "import wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r},\n"
        f"    socket_url={sandbox.socket_url!r}, journal='{name}.sqlite3', output_dir='{name}-outputs')\n"
        "images = client.generate('wiro/sandbox-sketch', prompt='a lighthouse', width=64, height=64)"
    )


def test_from_a_run_to_a_panel_of_it(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """A run appears with its picture, is selected in the page and in Python, and its panel stands beneath."""
    cells = [
        _run(sandbox, "gallery"),
        "gallery = client.history.gallery()\ngallery",
        "print([r.prompt for r in gallery.selected])",
    ]
    lab.write("gallery.ipynb", cells)
    notebook = NotebookPage(page, lab, "gallery.ipynb")
    notebook.run_cell(0)
    notebook.run_cell(1)
    gallery = page.locator(".gallery")
    card = gallery.locator(".card").first
    expect(card.locator("img")).to_be_visible(timeout=WAIT)
    expect(gallery.locator(".count")).to_have_text("1 run")
    card.click()
    expect(gallery.locator(".chosen-row b")).to_have_text("1 run selected")
    page.wait_for_timeout(300)
    notebook.run_cell(2)
    assert notebook.output_text(2).strip() == "['a lighthouse']"
    gallery.get_by_role("button", name="Open in a panel", exact=True).click()
    gallery.get_by_role("button", name="Open its model").click()
    expect(gallery.locator(".hosted")).to_contain_text("Nothing is run before", timeout=WAIT)
    panel = page.locator(".panel:not(.gallery)").first
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_visible(timeout=WAIT)
    expect(panel.get_by_role("textbox", name="Prompt")).to_have_value("a lighthouse")
    notebook_json = json.dumps(
        page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.toJSON()")
    )
    assert "wiro-card" in notebook_json
    assert "data:image/jpeg;base64" in notebook_json
    assert "Run the cell to bring it to life" in notebook_json


def test_a_card_is_dragged_to_a_panel(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """It becomes an input of the panel in the next cell, and what is run from it names its parent."""
    cells = [
        _run(sandbox, "dragged"),
        "gallery = wiro.Gallery(client)\ngallery",
        "panel = wiro.Panel('tencent/hunyuan-flux-srpo', client=client, prompt='night', steps=4)\npanel",
        "panel.run()\npanel.wait(60)\nprint(list(panel.record.parents) == [list(client.history)[-1].task_id])",
    ]
    lab.write("dragged.ipynb", cells)
    page.set_viewport_size({"width": 1200, "height": 1600})
    notebook = NotebookPage(page, lab, "dragged.ipynb")
    for index in range(3):
        notebook.run_cell(index)
    card = page.locator(".gallery .card").first
    expect(card.locator("img")).to_be_visible(timeout=WAIT)
    drop = page.locator(".panel:not(.gallery) [data-field~=inputImage] .drop")
    card.drag_to(drop)
    expect(drop.locator(".files li")).to_have_count(1, timeout=WAIT)
    notebook.run_cell(3)
    assert notebook.output_text(3).strip().endswith("True")
