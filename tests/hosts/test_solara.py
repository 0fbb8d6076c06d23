"""The main job in Solara: a page is known by the thread, and drawn anew when a reactive value changes."""

import re
import sys
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page

from tests.hosts import npm_packages
from tests.hosts.hosted import SUMMARY, Watch, do_the_main_job_of_two, live_source, need, panel_source
from tests.jupyter import ROOT
from tests.serving import environment, free_port, serving
from wiro_widgets import Sandbox

pytestmark = pytest.mark.host

WIDGETS = "return panel, wiro.Gallery(client), wiro.LiveView(task), wiro.LiveView(sweep)"
APP = """
import solara
{panel_maker}
summary = solara.reactive("")

@solara.component
def Page():
    panel, *others = solara.use_memo(make, [])

    def connect():
        def look(_change=None):
            summary.set({summary})
        panel.observe(look, ["values", "status"])
        look()

    solara.use_effect(connect, [])
    with solara.Column():
        solara.display(panel)
        solara.Text(summary.value)
        for widget in others:
            solara.display(widget)
"""


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, sandbox: Sandbox
) -> Iterator[str]:
    """Serve an app that shows a panel, and what Python sees of it; its front end comes from npm."""
    need("solara")
    assert pytestconfig.cache is not None
    assets = pytestconfig.cache.mkdir("npm")
    for package in _front_end():
        npm_packages.unpack(package, assets)
    app = tmp_path_factory.mktemp("solara") / "app.py"
    lines = f"{panel_source(sandbox, folder=app.parent)}\n{live_source(sandbox, app.parent)}"
    first, *others = lines.splitlines()
    maker = "\n    ".join([f"{first}\ndef make():", *others, WIDGETS])
    app.write_text(APP.format(panel_maker=maker, summary=SUMMARY), encoding="utf-8")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    variables = {
        "PYTHONPATH": ROOT,
        "SOLARA_ASSETS_PROXY_CACHE_DIR": assets,
        "SOLARA_ASSETS_FONTAWESOME_ENABLED": "False",
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    }
    command = [sys.executable, "-m", "solara", "run", str(app), "--host=127.0.0.1", f"--port={port}"]
    with serving([*command, "--no-open", "--production"], env=environment(variables), answers_at=address):
        yield address


def _front_end() -> set[str]:
    """Return the packages that the page of this version of Solara asks for."""
    template = (files("solara.server") / "templates" / "solara.html.j2").read_text(encoding="utf-8")
    names = r"@widgetti/solara-vuetify3-app@[\d.]+|requirejs@[\d.]+"
    return {match.group() for match in re.finditer(names, template)}


def test_the_main_job_in_solara(page: Page, browser: Browser, address: str) -> None:
    """Two people type, run and see pictures; observers set reactive values, and the panel stays when these draw."""
    do_the_main_job_of_two(page, browser, address, lambda item: Watch(item, address))
