"""The harness of the browser tests itself."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.jupyter import JupyterServer
from tests.notebook_page import NotebookPage

pytestmark = pytest.mark.host


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
