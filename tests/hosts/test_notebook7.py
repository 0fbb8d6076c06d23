"""The main job in Notebook 7."""

import pytest
from playwright.sync_api import Page, expect

from tests.hosts.hosted import HostedPanel, Watch, panel_source
from tests.jupyter import JupyterServer
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

NOTEBOOKS_OWN = ("/lsp/status", "(reading 'schema')")  # it asks for what we switched off, and then misses it


def test_the_main_job_in_notebook_7(page: Page, notebook_server: JupyterServer, sandbox: Sandbox) -> None:
    """Type, run, see pictures; the next cell has the values and the PIL image; nobody else is asked."""
    reading = "print(panel.wait().record.prompt, panel.values['prompt'], panel.image.size)"
    notebook_server.write("panel.ipynb", [f"{panel_source(sandbox)}\npanel", reading])
    watch = Watch(page, notebook_server.base_url, expected_errors=NOTEBOOKS_OWN)
    notebook = NotebookPage(page, notebook_server, "panel.ipynb")
    notebook.run_cell(0)
    panel = HostedPanel(page)
    panel.do_the_main_job("Harbour")
    notebook.run_cell(1)
    assert notebook.output_text(1).strip() == "Harbour Harbour (192, 192)"
    expect(page.locator(".wiro-card")).to_be_hidden()
    assert watch.problems == []
