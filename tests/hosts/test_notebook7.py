"""The main job in Notebook 7."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.hosts.hosted import (
    HostedGallery,
    HostedPanel,
    Watch,
    live_source,
    panel_source,
    shows_what_was_live,
)
from tests.jupyter import JupyterServer
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

NOTEBOOKS_OWN = ("/lsp/status", "(reading 'schema')")  # it asks for what we switched off, and then misses it


def test_the_main_job_in_notebook_7(
    page: Page, notebook_server: JupyterServer, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Type, run, see pictures; the next cell has the values, the picture and the gallery; nobody else is asked."""
    reading = "print(panel.wait().record.prompt, panel.values['prompt'], panel.image.size)"
    first = f"{panel_source(sandbox, folder=tmp_path)}\npanel"
    cells = [first, reading, "wiro.Gallery(client)", f"{live_source(sandbox, tmp_path)}\ntask", "sweep"]
    notebook_server.write("panel.ipynb", cells)
    watch = Watch(page, notebook_server.base_url, expected_errors=NOTEBOOKS_OWN)
    notebook = NotebookPage(page, notebook_server, "panel.ipynb")
    notebook.run_cell(0)
    panel = HostedPanel(page)
    panel.do_the_main_job("Harbour")
    notebook.run_cell(1)
    assert notebook.output_text(1).strip() == "Harbour Harbour (192, 192)"
    for index in (2, 3, 4):
        notebook.run_cell(index)
    shows_what_was_live(page)
    HostedGallery(page).finds("Harbour", among=1)
    expect(page.locator(".wiro-card").filter(visible=True)).to_have_count(0)
    assert watch.problems == []
