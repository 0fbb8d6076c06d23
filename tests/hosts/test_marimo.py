"""The main job in marimo: a reactive notebook, where the panel is wrapped in `mo.ui.anywidget`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest
from playwright.sync_api import Page, expect

from tests.hosts.hosted import (
    PATIENCE,
    HostedGallery,
    HostedPanel,
    Watch,
    live_source,
    panel_source,
    shows_what_was_live,
)
from tests.jupyter import ROOT
from tests.serving import environment, free_port, serving
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

PASSWORD = "open-sesame"
APP = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
{panel}
    wrapped = mo.ui.anywidget(panel)
    wrapped
    return client, mo, wiro, wrapped

@app.cell
def _(mo, wrapped):
    mo.md(f"Python sees {{wrapped.values['prompt']}}, {{wrapped.status}}, {{len(wrapped.images)}} pictures")
    return

@app.cell
def _(client, wiro):
    wiro.Gallery(client)
    return

@app.cell
def _(wiro):
{live}
    task
    return (sweep,)

@app.cell
def _(sweep):
    sweep
    return

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[str]:
    """Serve a marimo app that shows a panel, and what another cell reads from it."""
    home = tmp_path_factory.mktemp("marimo")
    app = home / "app.py"
    panel, live = (
        indent(lines, "    ") for lines in (panel_source(sandbox, folder=home), live_source(sandbox, home))
    )
    app.write_text(APP.format(panel=panel, live=live), encoding="utf-8")
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    with serving(_command(app, port), env=_environment(home), answers_at=f"{base_url}/health"):
        yield f"{base_url}/?access_token={PASSWORD}"


def _command(app: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "marimo", "-q", "run", str(app), "--headless"),
        *("--host", "127.0.0.1", "-p", str(port), "--token-password", PASSWORD),
    ]


def _environment(home: Path) -> dict[str, str]:
    folders = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
    own = {"PYTHONPATH": ROOT, "DO_NOT_TRACK": "1", "MARIMO_SKIP_UPDATE_CHECK": "1"}
    return environment(dict.fromkeys(folders, home) | own)


def test_the_main_job_in_marimo(page: Page, address: str) -> None:
    """Type, run, see pictures, in the gallery too; the cells that use the panel run again; nobody else is asked."""
    watch = Watch(page, address.partition("/?")[0])
    page.goto(address, wait_until="commit")
    panel = HostedPanel(page)
    panel.shows()
    panel.prompt.fill("Fog")
    expect(page.get_by_text("Python sees Fog, idle, 0 pictures")).to_be_visible(timeout=PATIENCE)
    panel.do_the_main_job("Harbour")
    expect(page.get_by_text("Python sees Harbour, succeeded, 2 pictures")).to_be_visible(timeout=PATIENCE)
    shows_what_was_live(page)
    HostedGallery(page).finds("Harbour", among=1)
    assert watch.problems == []
