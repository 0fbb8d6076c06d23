"""The main job in Voila: a notebook served as a page, with widgets and without cells."""

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.hosts.hosted import (
    PATIENCE,
    HostedGallery,
    HostedPanel,
    Watch,
    live_source,
    panel_source,
    shows_what_was_live,
)
from tests.jupyter import JupyterServer, jupyter_environment
from tests.serving import free_port, serving
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

ICON_FONT = ("https://cdnjs.cloudflare.com/", "https://cdn.jsdelivr.net/", "https://unpkg.com/")
# It loads JupyterLab's extensions, such as HoloViz Panel's, which ask for more than it has.
VOILAS_OWN = ("The getter for the shared module", "doesn't exist in shared scope")
SUMMARY = """
import ipywidgets
from IPython.display import display
summary = ipywidgets.HTML()
def look(_change=None):
    summary.value = f"Python sees {panel.values['prompt']}, {panel.status}, {len(panel.images)} pictures"
panel.observe(look, ["values", "status"])
look()
display(panel, summary, wiro.Gallery(client))
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[str]:
    """Serve a notebook that shows a panel, and what Python sees of it."""
    folder = tmp_path_factory.mktemp("voila")
    server = JupyterServer("lab", f"http://127.0.0.1:{free_port()}", folder, secrets.token_hex(16))
    live = f"{live_source(sandbox, folder)}\ndisplay(task, sweep)"
    notebook = server.write("page.ipynb", [panel_source(sandbox, folder=folder), SUMMARY, live])
    with serving(
        _command(server, notebook),
        env=jupyter_environment(tmp_path_factory.mktemp("jupyter")),
        answers_at=f"{server.base_url}/voila/static/voila.js",
    ):
        yield f"{server.base_url}/?token={server.token}"


def _command(server: JupyterServer, notebook: Path) -> list[str]:
    port = server.base_url.rpartition(":")[2]
    return [
        *(sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}"),
        *("--Voila.ip=127.0.0.1", f"--token={server.token}"),
    ]


def test_the_main_job_in_voila(page: Page, address: str) -> None:
    """Type, run, see pictures, in the gallery too; Python's observers hear of it; only its icon font is asked for."""
    watch = Watch(page, address.partition("/?")[0], blocked_urls=ICON_FONT, expected_errors=VOILAS_OWN)
    page.goto(address, wait_until="commit")
    panel = HostedPanel(page)
    panel.do_the_main_job("Harbour")
    expect(page.get_by_text("Python sees Harbour, succeeded, 2 pictures")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".wiro-card").filter(visible=True)).to_have_count(0)
    shows_what_was_live(page)
    HostedGallery(page).finds("Harbour", among=1)
    assert watch.problems == []
