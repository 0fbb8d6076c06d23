"""The main job in HoloViz Panel: a Bokeh document for each page."""

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.hosts.hosted import (
    ANYWIDGET,
    SUMMARY,
    Watch,
    do_the_main_job_of_two,
    live_source,
    need,
    panel_source,
)
from tests.jupyter import ROOT
from tests.serving import environment, free_port, serving
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

ICON_FONT = ("https://cdnjs.cloudflare.com/", "https://cdn.holoviz.org/")
APP = """
import panel as holoviz
holoviz.extension("ipywidgets")
{lines}
summary = holoviz.pane.Str()

def look(_change=None):
    summary.object = {summary}

panel.observe(look, ["values", "status"])
look()
live = wiro.LiveView(task), wiro.LiveView(sweep)
holoviz.Column(panel, summary, wiro.Gallery(client), *live, client.history).servable()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[str]:
    """Serve an app that shows a panel, and what Python sees of it."""
    need("panel", "ipywidgets_bokeh")
    app = tmp_path_factory.mktemp("holoviz") / "app.py"
    lines = f"{panel_source(sandbox, folder=app.parent)}\n{live_source(sandbox, app.parent)}"
    app.write_text(APP.format(lines=lines, summary=SUMMARY), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "panel", "serve", str(app), "--liveness"]
    address = f"http://127.0.0.1:{port}"
    variables = {"PYTHONPATH": ROOT, "BOKEH_RESOURCES": "server", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    where = ["--address=127.0.0.1", f"--port={port}"]
    with serving([*command, *where], env=environment(variables), answers_at=f"{address}/liveness"):
        yield f"{address}/app"


def test_the_main_job_in_holoviz_panel(page: Page, browser: Browser, address: str) -> None:
    """Two people type, run and see pictures, in a layout that gives the panel no width; observers change the page."""

    def watch(item: Page) -> Watch:
        base_url = address.removesuffix("/app")
        return Watch(item, base_url, blocked_urls=ICON_FONT, local_files=ANYWIDGET)

    panel = do_the_main_job_of_two(page, browser, address, watch)
    box = panel.root.bounding_box()
    assert box is not None
    assert box["width"] >= 600
