"""The main job behind JupyterHub: its proxy gives each person's JupyterLab a path of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.hosts.hosted import HostedPanel, Watch, panel_source
from tests.jupyter import JupyterServer, jupyter_server
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

LABS_OWN = ("/lsp/status", "(reading 'schema')")  # it asks for what we switched off, and then misses it


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Start a JupyterLab as JupyterHub starts one."""
    with jupyter_server("lab", folder=tmp_path_factory.mktemp("hub"), prefix="/user/ada") as running:
        yield running


def test_the_main_job_behind_a_prefix(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    """Type, run, see pictures; nothing is asked for outside of the person's own path."""
    server.write("panel.ipynb", [f"{panel_source(sandbox)}\npanel", "print(panel.wait().record.prompt)"])
    watch = Watch(page, f"{server.base_url}/", expected_errors=LABS_OWN)
    notebook = NotebookPage(page, server, "panel.ipynb")
    notebook.run_cell(0)
    HostedPanel(page).do_the_main_job("Harbour")
    notebook.run_cell(1)
    assert notebook.output_text(1).strip() == "Harbour"
    assert watch.problems == []
