"""A model as a function in JupyterLab: Tab, Shift-Tab, its table, and `%%wiro`."""

import pytest
from playwright.sync_api import Page, expect

from tests.jupyter import JupyterServer
from tests.notebook_page import SECONDS, NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

EDIT = """(index) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = index;
  notebook.mode = "edit";
  const editor = notebook.activeCell.editor;
  editor.focus();
  editor.setCursorPosition({ line: 0, column: editor.getLine(0).length });
}"""


@pytest.fixture
def notebook(page: Page, lab: JupyterServer, sandbox: Sandbox) -> NotebookPage:
    """Open a notebook with a model of the sandbox."""
    source = (
        "import wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r},\n"
        f"    socket_url={sandbox.socket_url!r}, journal=False)\n"
        "%load_ext wiro_widgets\n"
        "sketch = client.model('wiro/sandbox-sketch')\n"
        "sketch"
    )
    magic = "%%wiro wiro/sandbox-sketch -p width=64 -p height=64 -> drawing\na fox"
    lab.write("model.ipynb", [source, "sketch(", magic, "print(drawing.record.prompt)"])
    notebook = NotebookPage(page, lab, "model.ipynb")
    notebook.run_cell(0)
    return notebook


@pytest.mark.usefixtures("notebook")
def test_tab_and_shift_tab(page: Page) -> None:
    """Tab lists the parameters first, in the model's order; Shift-Tab shows their types and defaults."""
    page.evaluate(EDIT, 1)
    page.keyboard.press("Tab")
    items = page.locator(".jp-Completer-item")
    expect(items.first).to_contain_text("prompt=", timeout=60 * SECONDS)
    expect(items.nth(1)).to_contain_text("seed=")
    page.keyboard.press("Escape")
    page.evaluate(EDIT, 1)
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".jp-Tooltip")).to_contain_text("prompt: str", timeout=60 * SECONDS)


def test_a_table_and_a_cell_of_prose(page: Page, notebook: NotebookPage) -> None:
    """The model is a table of its parameters, and a cell whose body is the prompt shows its picture."""
    expect(page.get_by_role("row").filter(has_text="prompt").first).to_contain_text("required")
    notebook.run_cell(2)
    notebook.wait_for_output(2, "data:image/")
    notebook.run_cell(3)
    assert notebook.output_text(3).strip() == "a fox"
