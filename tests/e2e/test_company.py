"""The panel in company: another window, a restarted kernel, boxes and tabs, other widgets linked to it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.hosts.hosted import PATIENCE, HostedPanel, panel_source
from tests.jupyter import JupyterServer
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

RESTART = """async () => {
  const { sessionContext } = window.jupyterapp.shell.currentWidget;
  await sessionContext.restartKernel();
}"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of this module."""
    with Sandbox(speed=8) as running:
        yield running


def _open_panel(
    page: Page, lab: JupyterServer, sandbox: Sandbox, expression: str, *cells: str
) -> NotebookPage:
    """Open a notebook whose first cell makes a panel and shows the value of this expression."""
    lab.write("company.ipynb", [f"{panel_source(sandbox)}\n{expression}", *cells])
    notebook = NotebookPage(page, lab, "company.ipynb")
    notebook.run_cell(0)
    HostedPanel(page).shows()
    return notebook


def test_a_restarted_kernel_is_explained(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """After a restart the panel says what to do, keeps what was typed, and the cell brings it back."""
    notebook = _open_panel(page, lab, sandbox, "panel")
    panel = HostedPanel(page)
    panel.prompt.fill("Do not lose this")
    page.evaluate(RESTART)
    expect(panel.root.get_by_role("alert")).to_have_text(
        "The kernel was restarted or is gone: run the cell again.", timeout=PATIENCE
    )
    expect(panel.root.get_by_text("No kernel")).to_be_visible()
    expect(panel.prompt).to_have_value("Do not lose this")
    notebook.run_cell(0)
    HostedPanel(page).do_the_main_job("Alive")


def test_a_second_window_shows_and_does_the_same(
    page: Page, browser: Browser, lab: JupyterServer, sandbox: Sandbox
) -> None:
    """What is typed in one window stands in the other; a run of one shows its pictures in both."""
    notebook = _open_panel(page, lab, sandbox, "panel")
    notebook.save()
    context = browser.new_context()
    other = context.new_page()
    NotebookPage(other, lab, "company.ipynb")
    first, second = HostedPanel(page), HostedPanel(other)
    second.shows()
    first.prompt.fill("Seen from afar")
    expect(second.prompt).to_have_value("Seen from afar", timeout=PATIENCE)
    second.do_the_main_job("Done from afar")
    first.status("Done")
    expect(first.pictures.first).to_be_visible(timeout=PATIENCE)
    expect(first.prompt).to_have_value("Done from afar")
    context.close()


@pytest.mark.parametrize(
    "box",
    ["VBox([title, panel])", "HBox([panel, title])", "Tab([panel, title])"],
)
def test_a_panel_in_a_box(page: Page, lab: JupyterServer, sandbox: Sandbox, box: str) -> None:
    """The panel does its job inside ipywidgets' containers."""
    _open_panel(page, lab, sandbox, f"import ipywidgets\ntitle = ipywidgets.HTML('Title')\nipywidgets.{box}")
    HostedPanel(page).do_the_main_job("Boxed")
    width = page.locator(".wiro-widgets .panel").evaluate("(panel) => panel.getBoundingClientRect().width")
    assert width > 300


LINKED = """
import ipywidgets
bar = ipywidgets.FloatProgress(max=1)
words = ipywidgets.Label()
label = ipywidgets.Label()
ipywidgets.jslink((panel, 'status'), (words, 'value'))
ipywidgets.jslink((panel, 'progress'), (bar, 'value'))
panel.observe(lambda change: setattr(label, 'value', f"observed {change['new']['prompt']}"), 'values')
ipywidgets.dlink((panel, 'status'), (label, 'tooltip'))
output = ipywidgets.interactive_output(lambda status: print('status', status), {'status': words})
ipywidgets.VBox([panel, bar, words, label, output])
"""


def test_other_widgets_follow_the_panel(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """Links in the browser and in Python, observers and interactive_output all receive status, progress and values."""
    notebook = _open_panel(page, lab, sandbox, LINKED, "print(bar.value, words.value, label.tooltip)")
    HostedPanel(page).do_the_main_job("Linked")
    expect(page.get_by_text("observed Linked")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("succeeded", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("status succeeded")).to_be_visible(timeout=PATIENCE)
    notebook.run_cell(1)
    assert notebook.output_text(1).strip() == "1.0 succeeded succeeded"
    assert [error for error in notebook.console_errors if "404" not in error] == []
