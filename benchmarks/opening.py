"""A saved notebook of ten panels that is opened in JupyterLab, beside one of ten bare widgets."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from benchmarks.browser import Work
from benchmarks.measure import Promise, Result, pairs
from tests.browser import CHROME_ARGS, chromium_path
from tests.frontend.panel_page import BUNDLE
from tests.jupyter import jupyter_server, write_notebook
from tests.notebook_page import CLOSE_DOCUMENTS, NotebookPage
from tests.notebook_run import execute
from tests.serving import environment
from wiro_widgets import Sandbox

OPENING = Promise(
    "a saved notebook of ten panels, opened in JupyterLab: work of the page",
    "ms",
    "lower",
    1.2,
    "ten bare anywidgets with the same bundle",
)
COUNT = 10
DRAWN = ".jp-Notebook :is(.bare-one, .wiro-widgets)"
PANELS = """
import wiro_widgets as wiro
client = wiro.Client({key!r}, {secret!r}, base_url={base!r}, journal=False, output_dir="out")
values = dict(prompt="A lighthouse", width=512, height=512, samples=2)
panels = [wiro.Panel("tencent/hunyuan-flux-srpo", client=client, **values) for _ in range({count})]
for panel in panels:
    panel.run()
for panel in panels:
    panel.wait(progress=False)
"""
BARE = """
import pathlib, anywidget, traitlets
text = pathlib.Path({bundle!r}).read_text(encoding="utf-8").replace("export default", "const bundle =", 1)
class Bare(anywidget.AnyWidget):
    _esm = text + "\\nexport default {{ render({{ el }}) {{ el.textContent = 'bare'; el.className = 'bare-one'; }} }}"
    value = traitlets.Dict().tag(sync=True)
panels = [Bare() for _ in range({count})]
"""
NOTE = "processor time from the command to the last drawn widget; each panel has a run and its static card"
# The kernel runs and knows no widget, as after a night: what is measured is the page and not the start of a kernel.
START = """async (path) => {
  const { sessions } = window.jupyterapp.serviceManager;
  const session = await sessions.startNew({ path, name: path, type: "notebook", kernel: { name: "python3" } });
  await session.kernel.requestExecute({ code: "import ipywidgets" }).done;
  session.dispose();
}"""
OPEN = """async ([path, selector, count]) => {
  await window.jupyterapp.commands.execute("docmanager:open", { path });
  const deadline = performance.now() + 60_000;
  while (document.querySelectorAll(selector).length < count) {
    if (performance.now() > deadline) throw new Error(`waited a minute for ${count} widgets of ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
}"""


def opening(rounds: int = 5) -> Result:
    """Measure how long the page's main thread works until all widgets of each notebook are drawn, in turn."""
    with TemporaryDirectory(prefix="wiro-bench-") as name:
        folder = Path(name)
        with Sandbox(speed=500) as sandbox:
            credentials = {"key": sandbox.api_key, "secret": sandbox.api_secret, "base": sandbox.base_url}
            _write(folder, "panels.ipynb", PANELS.format(count=COUNT, **credentials))
        _write(folder, "bare.ipynb", BARE.format(count=COUNT, bundle=str(BUNDLE)))
        with jupyter_server("lab", folder=folder) as lab, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROME_ARGS)
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            lab.write("empty.ipynb", ["1"])
            NotebookPage(page, lab, "empty.ipynb")
            for path in ("panels.ipynb", "bare.ipynb"):
                lab.ask("POST", f"/api/contents/{path}/trust")
            work = Work(page)

            def opened(path: str) -> float:
                page.evaluate(CLOSE_DOCUMENTS)
                lab.end_kernels()
                page.evaluate(START, path)
                before = work.ms()
                page.evaluate(OPEN, [path, DRAWN, COUNT])
                return work.ms() - before

            result = pairs(
                OPENING,
                lambda: opened("panels.ipynb"),
                lambda: opened("bare.ipynb"),
                rounds=rounds,
                note=NOTE,
            )
            browser.close()
    return result


def _write(folder: Path, name: str, setup: str) -> None:
    """Execute and save a notebook that shows each of ten widgets in a cell of its own."""
    path = write_notebook(folder / name, [setup, *(f"panels[{number}]" for number in range(COUNT))])
    path.write_text(json.dumps(execute(path, folder=folder, env=environment({}))), encoding="utf-8")
