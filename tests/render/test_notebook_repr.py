"""What a host shows: HTML if it can, plain text in a terminal."""

import subprocess
import sys

import pytest
from IPython.core.formatters import DisplayFormatter

from wiro_widgets.journal.history import History
from wiro_widgets.journal.journal import Journal
from wiro_widgets.journal.result import TaskResult
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.render.grid import Grid, Layout
from wiro_widgets.render.notebook_repr import NotebookRepr

OBJECTS: list[TaskRecord | NotebookRepr] = [
    TaskRecord("7", "a/b", prompt="a cat"),
    TaskResult(TaskRecord("7", "a/b", prompt="a cat")),
    History(Journal.open(None), "https://api.wiro.ai/v1"),
    Grid(Layout("seed", "", ("1",), ("",), (((),),))),
]


@pytest.mark.parametrize("content", OBJECTS, ids=lambda content: type(content).__name__)
def test_a_notebook_gets_both_forms(content: TaskRecord | NotebookRepr) -> None:
    """IPython's own formatter gets HTML and the repr of everything that shows itself."""
    data, _ = DisplayFormatter().format(content)  # type: ignore[no-untyped-call] # IPython's
    assert data["text/plain"] == repr(content)
    assert content._repr_html_() in data["text/html"]
    assert "mathjax_ignore tex2jax_ignore" in data["text/html"]


def test_a_terminal_gets_the_line_alone() -> None:
    """IPython in a terminal shows the repr, and no HTML with its pictures is made for it."""
    code = (
        "from wiro_widgets.render.notebook_repr import NotebookRepr\n"
        "made = []\n"
        "class Shown(NotebookRepr):\n"
        "    def __repr__(self): return 'as a line'\n"
        "    def _repr_html_(self): made.append(1); return 'as a table'\n"
        "\n"
        "Shown()\n"
        "print('made', len(made))\n"
    )
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60, check=True)
    assert "as a line" in done.stdout
    assert "made 0" in done.stdout
