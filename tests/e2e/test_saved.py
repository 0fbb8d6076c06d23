"""What is left of a panel where it cannot live: saved, reopened, exported and merely read notebooks."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.hosts.hosted import PATIENCE, HostedPanel, Watch, panel_source
from tests.jupyter import JupyterServer, jupyter_environment, jupyter_server, write_notebook
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


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of this module."""
    with Sandbox(speed=8) as running:
        yield running


@pytest.fixture(scope="module")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Start one Notebook 7 for the module."""
    with jupyter_server("notebook", folder=tmp_path_factory.mktemp("notebook")) as server:
        yield server


@pytest.fixture(params=["lab_server", "notebook_server"])
def server(request: pytest.FixtureRequest) -> Iterator[JupyterServer]:
    """Lend JupyterLab, then Notebook 7."""
    server: JupyterServer = request.getfixturevalue(request.param)
    yield server
    server.end_kernels()


@pytest.fixture(scope="module")
def executed_notebook(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Execute a notebook without any page, as a build of a site does; the state of its widgets is stored."""
    values = f"prompt={PROMPT!r}, width=192, height=192, samples=2"
    cells = [f"{panel_source(sandbox, values)}\npanel", "panel.run().wait().record.outcome"]
    path = write_notebook(tmp_path_factory.mktemp("executed") / "executed.ipynb", cells)
    environment = jupyter_environment(tmp_path_factory.mktemp("jupyter"))
    _nbconvert(path, "--to", "notebook", "--execute", "--inplace", env=environment)
    return path


def _nbconvert(path: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "nbconvert", str(path), *arguments]
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


def _save_notebook(page: Page, server: JupyterServer, sandbox: Sandbox) -> dict[str, Any]:
    """Run a panel by hand, save the notebook, and end its kernel."""
    server.write("saved.ipynb", [f"{panel_source(sandbox)}\npanel", "'the next cell'"])
    notebook = NotebookPage(page, server, "saved.ipynb")
    notebook.run_cell(0)
    HostedPanel(page).do_the_main_job(PROMPT)
    notebook.wait_for_output(0, "Done")
    expect(page.locator(".wiro-card")).to_be_hidden()
    content = notebook.save()
    page.goto("about:blank")
    server.end_kernels()
    return content


def test_a_saved_notebook_shows_its_card(page: Page, server: JupyterServer, sandbox: Sandbox) -> None:
    """Reopened without its kernel a notebook shows what the panel showed, and not that a model was not found."""
    content = _save_notebook(page, server, sandbox)
    notebook = NotebookPage(page, server, "saved.ipynb")
    _sees_the_card(page)
    missing_model = page.get_by_text("model not found")
    expect(missing_model).to_be_attached(timeout=PATIENCE)
    expect(missing_model).to_be_hidden()
    content["cells"][1]["source"] = "'signed by nobody'"
    (server.folder / "untrusted.ipynb").write_text(json.dumps(content), encoding="utf-8")
    server.end_kernels()
    notebook = NotebookPage(page, server, "untrusted.ipynb")
    _sees_the_card(page)
    assert page.locator(".jp-Cell-outputArea").first.inner_text().startswith("tencent / ")
    assert notebook.foreign_requests == []


def test_a_saved_notebook_holds_no_secret(page: Page, lab: JupyterServer, sandbox: Sandbox) -> None:
    """Neither the key, the secret nor a socket token is in what the panel leaves in the file."""
    content = _save_notebook(page, lab, sandbox)
    panel_content = json.dumps([cell["outputs"] for cell in content["cells"]] + [content["metadata"]])
    tokens = [value for request in sandbox.requests for name, value in request.fields if "token" in name]
    for secret in (sandbox.api_key, sandbox.api_secret, *tokens):
        assert secret not in panel_content
    assert len(panel_content) < 150_000


def _open(page: Page, path: Path) -> Watch:
    watch = Watch(page, "file:", blocked_urls=TEMPLATES_OWN, expected_errors=("require is not defined",))
    page.goto(path.as_uri())
    return watch


@pytest.mark.parametrize("state", [True, False], ids=["with widget state", "without"])
def test_an_exported_page_shows_the_card(
    page: Page, executed_notebook: Path, tmp_path: Path, *, state: bool
) -> None:
    """The HTML of nbconvert shows the card right under the cell, and nothing of ours asks any host."""
    notebook = json.loads(executed_notebook.read_text(encoding="utf-8"))
    assert notebook["metadata"]["widgets"]
    if not state:
        del notebook["metadata"]["widgets"]
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    _nbconvert(path, "--to", "html")
    watch = _open(page, path.with_suffix(".html"))
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
