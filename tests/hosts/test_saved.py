"""What is left of a panel where it cannot live: saved, reopened, exported and merely read notebooks."""

import copy
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.hosts.hosted import PATIENCE, HostedPanel, Watch, panel_source
from tests.jupyter import JupyterServer, jupyter_environment, write_notebook
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

PROMPT = "Harbour & <b>fog</b>"
COST = "$0.004154"
FACTS = rf"Done · [\d.]+ s · {re.escape(COST)} · task \d+"
# nbconvert's own: what its template asks for in every page, whatever is in it.
TEMPLATES_OWN = (
    "https://cdnjs.cloudflare.com/ajax/libs/",
    "https://unpkg.com/@jupyter-widgets/html-manager@",
)


@dataclass(frozen=True)
class SavedNotebook:
    """A notebook in a server's folder that was saved with a panel that has run; its kernel is gone."""

    server: JupyterServer
    name: str
    content: dict[str, Any]


@pytest.fixture(scope="module", params=["lab_server", "notebook_server"])
def saved_notebook(request: pytest.FixtureRequest, browser: Browser, sandbox: Sandbox) -> SavedNotebook:
    """Run a panel by hand in JupyterLab, then in Notebook 7; save the notebook and end its kernel."""
    server: JupyterServer = request.getfixturevalue(request.param)
    server.write("saved.ipynb", [f"{panel_source(sandbox)}\npanel", "'the next cell'"])
    page = browser.new_context().new_page()
    notebook = NotebookPage(page, server, "saved.ipynb")
    notebook.run_cell(0)
    HostedPanel(page).do_the_main_job(PROMPT)
    notebook.wait_for_output(0, "Done")
    expect(page.locator(".wiro-card")).to_be_hidden()
    content = notebook.save()
    page.context.close()
    server.end_kernels()
    return SavedNotebook(server, "saved.ipynb", content)


@pytest.fixture(scope="module")
def executed_notebook(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Execute a notebook without any page, as a build of a site does; the state of its widgets is stored."""
    values = f"prompt={PROMPT!r}, width=192, height=192, samples=2"
    cells = [f"{panel_source(sandbox, values)}\npanel", "panel.run().wait().record.outcome"]
    path = write_notebook(tmp_path_factory.mktemp("executed") / "executed.ipynb", cells)
    environment = jupyter_environment(tmp_path_factory.mktemp("jupyter"))
    _nbconvert(path, "--to", "notebook", "--execute", "--inplace", env=environment)
    return path


@pytest.fixture(scope="module")
def exported_pages(executed_notebook: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[bool, Path]:
    """Export the notebook to HTML, with the state of its widgets and without."""
    notebook = json.loads(executed_notebook.read_text(encoding="utf-8"))
    assert notebook["metadata"]["widgets"]
    folder = tmp_path_factory.mktemp("exported")
    paths = {True: folder / "with_state.ipynb", False: folder / "without_state.ipynb"}
    for with_state, path in paths.items():
        if not with_state:
            del notebook["metadata"]["widgets"]
        path.write_text(json.dumps(notebook), encoding="utf-8")
    _nbconvert(*paths.values(), "--to", "html")
    return {with_state: path.with_suffix(".html") for with_state, path in paths.items()}


def _nbconvert(*arguments: Path | str, env: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "nbconvert", *map(str, arguments)]
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=180)


def _outputs(path: Path) -> list[dict[str, Any]]:
    """Return what the cell with the panel left in the file."""
    outputs: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["outputs"]
    return outputs


def _sees_the_card(page: Page) -> None:
    card = page.locator(".wiro-card")
    expect(card).to_be_visible(timeout=PATIENCE)
    for words in ("hunyuan-flux-srpo", "Done", PROMPT, "steps 20", COST):
        expect(card).to_contain_text(words)
    pictures = card.get_by_role("img")
    expect(pictures).to_have_count(2)
    assert pictures.first.evaluate("(picture) => picture.decode().then(() => picture.naturalWidth)") == 160


def test_a_saved_notebook_shows_its_card(page: Page, saved_notebook: SavedNotebook) -> None:
    """Reopened without its kernel a notebook shows what the panel showed, and not that a model was not found."""
    server, content = saved_notebook.server, copy.deepcopy(saved_notebook.content)
    NotebookPage(page, server, saved_notebook.name)
    _sees_the_card(page)
    missing_model = page.get_by_text("model not found")
    expect(missing_model).to_be_attached(timeout=PATIENCE)
    expect(missing_model).to_be_hidden()
    content["cells"][1]["source"] = "'signed by nobody'"
    (server.folder / "untrusted.ipynb").write_text(json.dumps(content), encoding="utf-8")
    page.goto("about:blank")
    server.end_kernels()
    notebook = NotebookPage(page, server, "untrusted.ipynb")
    _sees_the_card(page)
    assert page.locator(".jp-Cell-outputArea").first.inner_text().startswith("tencent / ")
    assert notebook.foreign_requests == []
    page.goto("about:blank")
    server.end_kernels()


def test_a_saved_notebook_holds_no_secret(saved_notebook: SavedNotebook, sandbox: Sandbox) -> None:
    """Neither the key, the secret nor a socket token is in what the panel leaves in the file."""
    content = saved_notebook.content
    panel_content = json.dumps([cell["outputs"] for cell in content["cells"]] + [content["metadata"]])
    assert sandbox._world is not None
    tokens = list(sandbox._world.tasks._by_token)
    assert tokens
    for secret in (sandbox.api_key, sandbox.api_secret, *tokens):
        assert secret not in panel_content
    assert len(panel_content) < 150_000


def _open(page: Page, path: Path) -> Watch:
    watch = Watch(page, "file:", blocked_urls=TEMPLATES_OWN, expected_errors=("require is not defined",))
    page.goto(path.as_uri())
    return watch


@pytest.mark.parametrize("state", [True, False], ids=["with widget state", "without"])
def test_an_exported_page_shows_the_card(
    page: Page, exported_pages: Mapping[bool, Path], *, state: bool
) -> None:
    """The HTML of nbconvert shows the card right under the cell, and nothing of ours asks any host."""
    watch = _open(page, exported_pages[state])
    _sees_the_card(page)
    cell, card = (
        page.locator(".jp-Cell-inputWrapper").first.bounding_box(),
        page.locator(".wiro-card").bounding_box(),
    )
    assert cell is not None
    assert card is not None
    assert card["y"] - (cell["y"] + cell["height"]) < 16
    assert watch.problems == []


def test_a_sanitised_page_reads_well(page: Page, executed_notebook: Path, tmp_path: Path) -> None:
    """Without styles and scripts, as GitHub shows it, the card is a heading, the prompt, pictures and settings."""
    html = "".join(_outputs(executed_notebook)[-1]["data"]["text/html"])
    bare = re.sub(r"<style>.*?</style>| (style|class|data-card)=\"[^\"]*\"", "", html)
    path = tmp_path / "bare.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><title>Page</title>{bare}", encoding="utf-8")
    _open(page, path)
    lines = [line for line in page.locator("body").inner_text().splitlines() if line.strip()]
    assert re.fullmatch(rf"tencent / hunyuan-flux-srpo\s+{FACTS}", lines[0])
    assert lines[1] == PROMPT
    assert lines[2].startswith("steps 20")
    assert page.get_by_role("img", name="Result 2 of 2").is_visible()


def test_text_alone_reads_well(executed_notebook: Path) -> None:
    """Where there is no HTML the words say the same, once."""
    view, card = ("".join(output["data"]["text/plain"]) for output in _outputs(executed_notebook))
    assert view == ""
    assert re.fullmatch(rf"tencent/hunyuan-flux-srpo · {FACTS}", card.splitlines()[0])
    assert card.splitlines()[1] == PROMPT
