"""The harness of the browser tests itself, with a widget that is none of ours."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.jupyter import JupyterServer, jupyter_server
from tests.notebook_page import NotebookPage

COUNTER = '''
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = """
    export default { render({ model, el }) {
      const button = document.createElement("button");
      const show = () => { button.textContent = `count ${model.get("count")}`; };
      model.on("change:count", show);
      button.onclick = () => { model.set("count", model.get("count") + 1); model.save_changes(); };
      show();
      el.append(button);
    } };
    """
    count = traitlets.Int(0).tag(sync=True)
counter = Counter()
counter
'''


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Start a Notebook 7 server."""
    with jupyter_server(
        "notebook", folder=tmp_path_factory.mktemp("notebook"), env={"WIRO_NOTE": "seen"}
    ) as server:
        yield server


def test_a_cell_runs_in_the_interpreter_of_the_tests(page: Page, lab: JupyterServer) -> None:
    """A notebook in JupyterLab runs with this Python, imports this checkout and asks no other host."""
    lab.write(
        "interpreter.ipynb", ["import sys, wiro_widgets", "print(sys.executable)", "wiro_widgets.__file__"]
    )
    opened = NotebookPage(page, lab, "interpreter.ipynb")
    opened.run_all()
    assert Path(opened.output_text(1).strip()) == Path(sys.executable)
    assert str(Path(__file__).parents[2]) in opened.output_text(2)
    assert opened.foreign_requests == []


def test_a_widget_and_its_kernel_agree(page: Page, lab: JupyterServer) -> None:
    """A click reaches the kernel, a value set in Python reaches the page, and a reload keeps both."""
    lab.write("counter.ipynb", [COUNTER, "counter.count", "counter.count = 40", "counter"])
    opened = NotebookPage(page, lab, "counter.ipynb")
    opened.run_cell(0)
    page.get_by_role("button", name="count 0").click()
    expect(page.get_by_role("button", name="count 1")).to_be_visible()
    opened.run_cell(1)
    assert opened.output_text(1) == "1"
    opened.run_cell(2)
    expect(page.get_by_role("button", name="count 40")).to_be_visible()
    opened.save()
    opened.reload()
    opened.run_cell(3)
    expect(page.get_by_role("button", name="count 40").last).to_be_visible()


def test_notebook_7_runs_cells_with_the_environment_given(page: Page, notebook: JupyterServer) -> None:
    """Cells in Notebook 7 see the variables that the server was started with."""
    notebook.write("seven.ipynb", ["import os", "os.environ['WIRO_NOTE']"])
    opened = NotebookPage(page, notebook, "seven.ipynb")
    opened.run_all()
    assert opened.output_text(1) == "'seen'"
