"""The main job in a real JupyterLab: from a notebook cell to a picture, by hand and from Python."""

import base64
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.jupyter import ROOT, JupyterServer
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

SECONDS = 1000
QUICK = "prompt='A lighthouse', width=192, height=192, samples=2"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of this module."""
    with Sandbox(speed=4) as running:
        yield running


class Opened:
    """A notebook whose first cell shows a panel."""

    def __init__(
        self,
        page: Page,
        lab: JupyterServer,
        sandbox: Sandbox,
        *cells: str,
        model: str = "tencent/hunyuan-flux-srpo",
        values: str = QUICK,
    ) -> None:
        first = (
            "import wiro_widgets as wiro\n"
            f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r})\n"
            f"panel = wiro.Panel({model!r}, client=client, {values})\n"
            "panel"
        )
        lab.write("panel.ipynb", [first, *cells])
        self.page = page
        self.notebook = NotebookPage(page, lab, "panel.ipynb")
        self.notebook.run_cell(0)
        expect(self.button("Run")).to_be_visible(timeout=60 * SECONDS)

    def button(self, name: str) -> Locator:
        """Return a button of the panel."""
        return self.page.locator(".jp-OutputArea").get_by_role("button", name=name, exact=True).first

    def status(self, words: str) -> None:
        """Wait until the panel's status reads like this."""
        expect(self.page.get_by_role("status").filter(has_text=words).first).to_be_attached(
            timeout=60 * SECONDS
        )

    def eventually(self, index: int, words: str) -> None:
        """Run a cell again and again until it prints this."""
        deadline = time.monotonic() + 20
        while self.python(index) != words:
            assert time.monotonic() < deadline, f"cell {index} never printed {words!r}"

    def python(self, index: int) -> str:
        """Run a cell and return what it printed."""
        self.notebook.run_cell(index)
        return self.notebook.output_text(index).strip()


def test_from_a_prompt_to_a_picture_in_the_next_cell(
    page: Page, lab: JupyterServer, sandbox: Sandbox
) -> None:
    """Type a prompt, press Run, see log, progress and pictures; the next cell has the PIL image."""
    opened = Opened(
        page, lab, sandbox, "print(panel.wait().record.prompt)", "print(panel.image.size)", "panel.image"
    )
    page.get_by_role("textbox", name="Prompt").fill("A harbour at dawn")
    opened.button("Run").click()
    expect(page.get_by_role("progressbar").first).to_be_visible(timeout=60 * SECONDS)
    expect(page.locator("[data-wiro-live]").get_by_text("step", exact=False).first).to_be_visible(
        timeout=60 * SECONDS
    )
    opened.status("Done")
    expect(page.locator("[data-wiro-live] img").first).to_be_visible()
    assert opened.python(1) == "A harbour at dawn"
    assert opened.python(2) == "(192, 192)"
    opened.notebook.run_cell(3)
    picture = opened.notebook.outputs(3)[0]["data"]["image/png"]
    assert Image.open(io.BytesIO(base64.b64decode(picture))).size == (192, 192)
    assert opened.notebook.foreign_requests == []


def test_the_kernel_is_free_while_a_task_runs(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """Another cell executes while the task is under way."""
    opened = Opened(
        page, lab, sandbox, "print(panel.status, not panel.task.over)", values=f"{QUICK}, steps=50"
    )
    opened.button("Run").click()
    opened.status("Running")
    assert opened.python(1) == "running True"
    opened.button("Stop").click()
    opened.status("Stopped")


def test_an_answer_grows_and_is_cut_off(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """Progress and segments in one object: the text is there while the model writes, and a sentence says it is cut."""
    sandbox.faults = {"drift": "snapshot_progress", "finish_reason": "length"}
    live = "print(panel.status, (panel.text or '').startswith('You asked'))"
    cells = (live, "print(panel.wait(30).finish_reason, panel.record.usage['prompt_tokens'])")
    opened = Opened(page, lab, sandbox, *cells, model="wiro/sandbox-chat", values="prompt='Why? ' * 60")
    opened.button("Run").click()
    opened.eventually(1, "running True")
    answer = page.get_by_role("region", name="Answer").first
    expect(answer.get_by_text("The answer is cut off. The model reached")).to_be_visible(timeout=60 * SECONDS)
    assert opened.python(2) == "length 60"
    sandbox.faults = {}


def test_run_and_the_result_stay_in_sight(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """A panel that is longer than the window: JupyterLab's boxes around an output let both stick to it."""
    page.set_viewport_size({"width": 1200, "height": 480})
    opened = Opened(page, lab, sandbox)
    page.locator(".jp-OutputArea summary", has_text="More").click()
    expect(opened.button("Run")).to_be_in_viewport(ratio=1)
    page.locator(".wiro-widgets [data-field=callbackUrl] input").focus()
    expect(opened.button("Run")).to_be_in_viewport(ratio=1)
    frame = page.locator(".wiro-widgets .frame").bounding_box()
    assert frame is not None
    assert frame["y"] > 0
    page.set_viewport_size({"width": 1200, "height": 900})


def test_stop_in_the_middle(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """Stop ends the remote task, and Python says that it was cancelled."""
    opened = Opened(
        page,
        lab,
        sandbox,
        "print(panel.status, client.detail(panel.task.id).status)",
        values=f"{QUICK}, steps=50",
    )
    opened.button("Run").click()
    expect(page.get_by_role("progressbar").first).to_be_visible(timeout=60 * SECONDS)
    opened.status("Running")  # a Stop before that keeps the run from being sent
    opened.button("Stop").click()
    opened.status("Stopped")
    assert opened.python(1) == "cancelled task_cancel"


def test_stop_works_while_a_cell_is_busy(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """A cell that waits for the task does not keep the Stop button from working."""
    waiting = "try:\n    panel.wait(30)\nexcept Exception as error:\n    print(type(error).__name__)"
    opened = Opened(page, lab, sandbox, waiting, values=f"{QUICK}, steps=50")
    opened.button("Run").click()
    opened.status("Running")
    opened.notebook.run_cell(1, wait=False)
    opened.button("Stop").click()
    opened.status("Stopped")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.length > 0",
        timeout=60 * SECONDS,
    )
    assert re.fullmatch(r"Stopped .* task \d+\s*TaskCancelled", opened.notebook.output_text(1).strip())


def test_python_and_the_hand_see_each_other(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """What is typed stands in `panel.values`; what Python sets shows in the control."""
    opened = Opened(
        page, lab, sandbox, "print(panel.values['steps'])", "panel.set(steps=33, prompt='From Python')"
    )
    steps = page.get_by_role("spinbutton", name="Steps")
    steps.fill("7")
    steps.blur()
    opened.eventually(1, "7")  # the page gathers what is typed for a moment before it tells the kernel
    opened.python(2)
    expect(steps).to_have_value("33")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("From Python")


def test_a_file_from_the_computer(page: Page, lab: JupyterServer, sandbox: Sandbox, tmp_path: Path) -> None:
    """A chosen file comes up whole, shows its preview, and goes with the run."""
    photo = tmp_path / "photo.png"
    Image.effect_noise((900, 700), 90).convert("RGB").save(photo)
    opened = Opened(
        page, lab, sandbox, "print(len(panel.values['inputImage']), panel.values['inputImage'].name)"
    )
    page.locator("input[type=file]").first.set_input_files(photo)
    expect(page.locator("[data-wiro-live]").get_by_text("photo.png").first).to_be_visible(
        timeout=60 * SECONDS
    )
    expect(page.locator("[data-wiro-live] img").first).to_be_visible(timeout=60 * SECONDS)
    assert opened.python(1) == f"{photo.stat().st_size} photo.png"
    opened.button("Run").click()
    opened.status("Done")
    uploads = [item for request in sandbox.requests for item in request.files]
    assert ("photo.png", photo.stat().st_size) in [(item[1], item[3]) for item in uploads]


def test_two_views_of_one_panel_agree(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """A second view shows what is typed in the first, and the same pictures."""
    opened = Opened(page, lab, sandbox, "panel")
    opened.notebook.run_cell(1)
    prompts = page.get_by_role("textbox", name="Prompt")
    expect(prompts).to_have_count(2)
    prompts.first.fill("Seen twice")
    expect(prompts.nth(1)).to_have_value("Seen twice")
    opened.button("Run").click()
    expect(page.get_by_role("status").filter(has_text="Done")).to_have_count(2, timeout=60 * SECONDS)


def test_a_reload_loses_nothing_that_the_kernel_knows(
    page: Page, lab: JupyterServer, sandbox: Sandbox
) -> None:
    """After a page reload the panel shows the values, the status and the pictures again."""
    opened = Opened(page, lab, sandbox)
    page.get_by_role("textbox", name="Prompt").fill("Here to stay")
    opened.button("Run").click()
    opened.status("Done")
    opened.notebook.save()
    opened.notebook.reload()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("Here to stay", timeout=60 * SECONDS)
    expect(page.locator("[data-wiro-live] .pill")).to_contain_text("Done", timeout=60 * SECONDS)
    expect(page.locator("[data-wiro-live] img").first).to_be_visible(timeout=60 * SECONDS)
    page.context.close()  # its launcher would come in front of the next notebook


def test_a_wrong_key_is_explained_and_the_panel_stays_usable(
    page: Page, lab: JupyterServer, sandbox: Sandbox
) -> None:
    """The panel says in words that Wiro refused the key; Run can be pressed again."""
    wrong = (
        f"panel = wiro.Panel('tencent/hunyuan-flux-srpo', client=wiro.Client('not-the-key', 'nor-the-secret', "
        f"base_url={sandbox.base_url!r}), prompt='x')\npanel"
    )
    lab.write("wrong.ipynb", [f"import wiro_widgets as wiro\n{wrong}"])
    notebook = NotebookPage(page, lab, "wrong.ipynb")
    notebook.run_cell(0)
    page.locator(".jp-OutputArea").get_by_role("button", name="Run", exact=True).click(timeout=60 * SECONDS)
    expect(page.locator("[data-wiro-live]").get_by_text("WIRO_API_KEY").first).to_be_visible(
        timeout=60 * SECONDS
    )
    expect(page.locator(".jp-OutputArea").get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_the_quickstart_notebook_by_hand(page: Page, lab: JupyterServer) -> None:
    """The repository's own notebook shows its panel, runs, and keeps its promises cell by cell."""
    lab.add(ROOT / "notebooks" / "quickstart.ipynb")
    notebook = NotebookPage(page, lab, "quickstart.ipynb")
    notebook.run_all()
    errors = [
        item for index in range(notebook.cell_count) for item in notebook.outputs(index) if "ename" in item
    ]
    assert errors == []
    expect(page.locator("[data-wiro-live] img").first).to_be_attached()


def test_what_wiro_tells_of_a_model(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """An example fills the form, Undo takes it back, and the model's name opens its cover and its readme."""
    opened = Opened(page, lab, sandbox, "print(panel.values['prompt'])")
    opened.button("A lighthouse in a storm, waves over the rocks").click(timeout=60 * SECONDS)
    prompt = page.get_by_role("textbox", name="Prompt")
    expect(prompt).to_have_value("A lighthouse in a storm, waves over the rocks", timeout=60 * SECONDS)
    opened.eventually(1, "A lighthouse in a storm, waves over the rocks")
    page.get_by_role("button", name=re.compile("Undo")).first.click()
    expect(prompt).to_have_value("A lighthouse", timeout=60 * SECONDS)
    opened.button("About tencent / hunyuan-flux-srpo").click()
    readme = page.get_by_role("region", name="Readme")
    expect(readme.locator("strong")).to_have_text("prompt", timeout=60 * SECONDS)
    expect(page.get_by_role("img", name="Cover of Hunyuan FLUX SRPO")).to_be_visible(timeout=60 * SECONDS)
    assert opened.notebook.foreign_requests == []
