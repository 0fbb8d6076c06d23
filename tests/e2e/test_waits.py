"""What a person sees of a wait in a real JupyterLab: a line with a bar, then one short line, or nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.jupyter import JupyterServer
from tests.notebook_page import SECONDS, NotebookPage
from tests.sandbox_clients import FLUX
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve runs that take a few seconds."""
    with Sandbox(speed=1.5) as running:
        yield running


def test_a_wait(page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path) -> None:
    """The bar grows in the cell that waits; what stays is one line, of a transient one nothing.

    While a cell awaits a task, a click on a widget is handled by the kernel.
    """
    settings = f"base_url={sandbox.base_url!r}, journal=False, output_dir={str(tmp_path)!r}"
    first = (
        "import ipywidgets, wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, {settings})\n"
        f"run = dict(prompt='x', width=64, height=64, steps=50)\n"
        "button = ipywidgets.Button(description='Press')\n"
        "button.on_click(lambda _: setattr(button, 'description', 'Pressed'))\n"
        "button"
    )
    cells = [
        first,
        f"_ = client.generate({FLUX!r}, **run)",
        f"_ = client.generate({FLUX!r}, progress='transient', **(run | dict(steps=5)))",
        f"_ = await client.run({FLUX!r}, **run)",
    ]
    lab.write("waits.ipynb", cells)
    notebook = NotebookPage(page, lab, "waits.ipynb")
    outputs = page.locator(".jp-Notebook .jp-Cell-outputArea")
    notebook.run_cell(0)
    notebook.run_cell(1, wait=False)
    bar = outputs.nth(1).locator("span[style*=height] > span")
    expect(bar).to_be_visible(timeout=60 * SECONDS)
    expect(outputs.nth(1)).to_contain_text("step", timeout=60 * SECONDS)
    expect(outputs.nth(1)).to_contain_text("Done", timeout=60 * SECONDS)
    expect(bar).to_have_count(0)
    assert len(outputs.nth(1).inner_text().strip().splitlines()) <= 2
    notebook.run_cell(2)
    assert outputs.nth(2).inner_text().strip() == ""
    assert [output["data"] for output in notebook.outputs(2)] == [{}]
    notebook.run_cell(3, wait=False)
    expect(outputs.nth(3)).to_contain_text("Generating", timeout=60 * SECONDS)
    page.get_by_role("button", name="Press").click()
    expect(page.get_by_role("button", name="Pressed")).to_be_visible(timeout=60 * SECONDS)
    expect(outputs.nth(3)).not_to_contain_text("Done")
    expect(outputs.nth(3)).to_contain_text("Done", timeout=60 * SECONDS)
