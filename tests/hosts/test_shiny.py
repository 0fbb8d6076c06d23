"""The main job in Shiny for Python: a session for each page, and reactive functions around the panel."""

import sys
from collections.abc import Iterator
from textwrap import indent

import pytest
from playwright.sync_api import Browser, Page

from tests.hosts.hosted import SUMMARY, Watch, do_the_main_job_of_two, live_source, need, panel_source
from tests.jupyter import ROOT
from tests.serving import environment, free_port, serving
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

APP = """
from shiny import App, render, ui
from shinywidgets import output_widget, reactive_read, render_widget

def server(input, output, session):
{lines}

    @render_widget
    def shows():
        return panel

    @render_widget
    def album():
        return wiro.Gallery(client)

    @render_widget
    def run():
        return wiro.LiveView(task)

    @render_widget
    def board():
        return wiro.LiveView(sweep)

    @render.text
    def summary():
        panel = shows.widget
        reactive_read(panel, ["status", "values"])
        return {summary}

widgets = map(output_widget, ("shows", "album", "run", "board"))
app = App(ui.page_fluid(*widgets, ui.output_text("summary")), server)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[str]:
    """Serve an app that shows a panel, and what a reactive function reads from it."""
    need("shiny", "shinywidgets")
    app = tmp_path_factory.mktemp("shiny") / "app.py"
    lines = f"{panel_source(sandbox, folder=app.parent)}\n{live_source(sandbox, app.parent)}"
    source = APP.format(lines=indent(lines, " " * 4), summary=SUMMARY)
    app.write_text(source, encoding="utf-8")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "shiny", "run", "--port", str(port), str(app)]
    with serving(command, env=environment({"PYTHONPATH": ROOT}), answers_at=address):
        yield address


def test_the_main_job_in_shiny(page: Page, browser: Browser, address: str) -> None:
    """Two people type, run and see pictures; reactive functions hear of it; nobody else is asked."""
    panel = do_the_main_job_of_two(page, browser, address, lambda item: Watch(item, address))
    box = panel.root.bounding_box()
    assert box is not None
    assert box["height"] > 500  # as high as it needs, not the 400 pixels of Shiny's other widgets
