"""What a person does in a longer session with a panel, in a real JupyterLab against the sandbox."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_panel import QUICK, SECONDS, Opened
from tests.jupyter import JupyterServer
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

DOUBLE_CLICK = 500  # ms after which a second press is meant as one
MEMORY = """() => Object.defineProperty(navigator, "clipboard", {
  value: { writeText: async (text) => { window.copied = text; } },
})"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of this module."""
    with Sandbox(speed=4) as running:
        yield running


def test_several_runs_at_once(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """A second press runs beside the first; one is stopped, the other ends, and both can be looked at again."""
    opened = Opened(
        page, lab, sandbox, "print([task.status for task in panel.tasks])", values=f"{QUICK}, steps=50"
    )
    opened.button("Run").click()
    opened.status("Running")
    page.wait_for_timeout(DOUBLE_CLICK)
    opened.button("Run").click()
    runs = page.locator(".runs li")
    expect(runs).to_have_count(2, timeout=60 * SECONDS)
    page.get_by_role("button", name="Stop run 1", exact=True).click()
    expect(runs.nth(1)).to_contain_text("Stopped", timeout=60 * SECONDS)
    opened.status("Run 2: Done")
    assert opened.python(1) == "['cancelled', 'succeeded']"
    runs.nth(1).get_by_role("button").first.click()
    expect(page.locator(".pill")).to_have_text("Stopped", timeout=60 * SECONDS)
    runs.nth(0).get_by_role("button").first.click()
    expect(page.get_by_role("button", name="Picture 1 of 2, open full size")).to_be_visible(
        timeout=60 * SECONDS
    )


def test_a_model_is_searched_and_changed_in_place(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """A panel without a model finds one; its name changes it later, and the prompt is kept."""
    source = (
        "import wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r})\n"
        "panel = wiro.Panel(client=client)\n"
        "panel"
    )
    lab.write("search.ipynb", [source, "print(panel.model)"])
    notebook = NotebookPage(page, lab, "search.ipynb")
    notebook.run_cell(0)
    field = page.get_by_role("combobox", name="Search models")
    field.fill("srpo", timeout=60 * SECONDS)
    expect(page.get_by_role("listbox").get_by_role("option", selected=True)).to_contain_text(
        "hunyuan-flux-srpo", timeout=60 * SECONDS
    )
    field.press("Enter")
    prompt = page.get_by_role("textbox", name="Prompt")
    expect(prompt).to_be_focused(timeout=60 * SECONDS)
    prompt.fill("Kept")
    page.get_by_role("button", name="Change model").click()
    field.fill("chat")
    page.get_by_role("listbox").get_by_role("option").filter(has_text="sandbox-chat").click(
        timeout=60 * SECONDS
    )
    expect(page.get_by_label("Change model, wiro/sandbox-chat")).to_be_visible(timeout=60 * SECONDS)
    expect(prompt).to_have_value("Kept")
    notebook.run_cell(1)
    assert notebook.output_text(1).strip() == "wiro/sandbox-chat"


def test_a_picture_gives_its_settings_back(
    page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What is downloaded from the panel carries what made it; chosen again, the controls say so."""
    opened = Opened(page, lab, sandbox, "panel.run()", "panel.set(prompt='Another', steps=3)")
    opened.python(1)
    opened.status("Done")
    with page.expect_download(timeout=60 * SECONDS) as download:
        opened.button("Download").click()
    picture = tmp_path / download.value.suggested_filename
    download.value.save_as(picture)
    opened.python(2)
    prompt = page.get_by_role("textbox", name="Prompt")
    expect(prompt).to_have_value("Another", timeout=60 * SECONDS)
    with page.expect_file_chooser() as chooser:
        opened.button("Settings from a picture").click()
    chooser.value.set_files(picture)
    expect(prompt).to_have_value("A lighthouse", timeout=60 * SECONDS)
    opened.button("Undo").click()
    expect(prompt).to_have_value("Another", timeout=60 * SECONDS)


def test_the_copied_call_runs(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """What "Copy as Python" copies is Python that makes the same picture."""
    opened = Opened(page, lab, sandbox, "")
    page.evaluate(MEMORY)
    page.get_by_role("textbox", name="Prompt").fill('A "quoted" harbour')
    opened.button("Copy as Python").click()
    expect(page.get_by_text("Copied. Paste it into a cell.").first).to_be_visible(timeout=60 * SECONDS)
    call = page.evaluate("() => window.copied")
    page.evaluate(
        "(call) => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(call)",
        f"{call}\nprint(len(images), images[0].size)",
    )
    assert re.fullmatch(r"No WIRO_API_KEY .*\nDone .* task \d+\s*2 \(192, 192\)", opened.python(1))


def test_a_control_is_varied_and_all_of_it_runs(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """Type a range, press Run, see the board fill; the next cell has the sweep, and a cell's settings come back."""
    opened = Opened(
        page,
        lab,
        sandbox,
        "panel.wait(); print(len(panel.sweep), panel.sweep.counts, len(panel.sweep.to_pandas()))",
        "print(panel.values['seed'], list(panel.axes))",
        values="prompt='A lighthouse', width=192, height=192, steps=4",
    )
    seed = page.locator("[data-field='seed']")
    seed.hover()
    seed.get_by_role("button", name="Vary", exact=True).click()
    axis = seed.locator(".axes textarea")
    expect(axis).to_have_value("7350148318..7350148321", timeout=60 * SECONDS)
    axis.fill("1..3")
    expect(seed.get_by_text("3 values: 1, 2, 3")).to_be_visible(timeout=60 * SECONDS)
    expect(page.locator(".aside")).to_contain_text("$", timeout=60 * SECONDS)
    opened.button("Run 3").click()
    pictures = page.locator(".board img")
    expect(pictures).to_have_count(3, timeout=60 * SECONDS)
    opened.status("Done")
    assert opened.python(1) == "3 {'succeeded': 3} 3"
    page.locator(".board button").nth(1).click()
    expect(page.get_by_text("seed 2 ·").first).to_be_visible()
    opened.button("Use settings").click()
    expect(page.get_by_text("The settings are those of").first).to_be_attached(timeout=60 * SECONDS)
    assert opened.python(2) == "2 []"
    opened.notebook.save()
    opened.notebook.reload()
    expect(pictures).to_have_count(3, timeout=60 * SECONDS)
