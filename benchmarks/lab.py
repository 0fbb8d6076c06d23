"""The whole way: a load server, a kernel, JupyterLab and a page that must account for every event."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from benchmarks.loading import Server
from benchmarks.measure import Promise, Result, alone
from tests.browser import CHROME_ARGS, chromium_path
from tests.jupyter import jupyter_server
from tests.notebook_page import NotebookPage

MISSING = Promise("5,000 events/s for 20 s in JupyterLab: unaccounted for", "events", "lower", 0)
GAPS = Promise("5,000 events/s for 20 s in JupyterLab: gaps", "snapshots asked for", "lower", 0)
SEEN = re.compile(r"(?:of )?([\d,]+) lines?$")

CELL = """
import wiro_widgets
client = wiro_widgets.Client("key-of-the-benchmarks", "secret-of-the-benchmarks", journal=False,
                             base_url={base!r}, socket_url={sockets!r})
panel = wiro_widgets.Panel("bench/n{lines}-r{rate}", client=client)
asked, snapshot = [], panel._publisher.snapshot
panel._publisher.snapshot = lambda page: (asked.append(page), snapshot(page))
panel
"""
RUN = "panel.run().wait(); None"
COUNTS = "print(panel.task.state.log.dropped_count + len(panel.task.state.log), len(asked))"


def rows_accounted(server: Server, rate: int = 5_000, seconds: int = 20) -> list[Result]:
    """Run a task that talks a lot, and compare what the page has seen with what was sent."""
    lines = rate * seconds
    cells = [
        CELL.format(base=server.base_url, sockets=server.socket_url, lines=lines, rate=rate),
        RUN,
        COUNTS,
    ]
    with (
        TemporaryDirectory(prefix="wiro-bench-") as folder,
        jupyter_server("lab", folder=Path(folder)) as lab,
    ):
        lab.write("load.ipynb", cells)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROME_ARGS)
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            page.set_default_timeout(60_000)
            notebook = NotebookPage(page, lab, "load.ipynb")
            notebook.run_cell(0)
            page.locator(".panel").first.get_by_role("button", name="Log", exact=True).click()
            before = 1  # the snapshot that a view asks for when it begins
            notebook.run_cell(1)
            tally = page.locator(".panel .tally").first
            page.locator(".panel .rows-window").get_by_text("Done", exact=True).wait_for()
            match = SEEN.search(tally.inner_text())
            notebook.run_cell(2)
            sent_count, asked_count = map(int, notebook.output_text(2).split())
            browser.close()
    if sent_count != lines:
        raise RuntimeError(f"{sent_count} of {lines} lines reached Python")
    row_count = int(match[1].replace(",", "")) if match else 0
    note = f"{lines:,} lines sent; the page counts {row_count:,} with the task's stages"
    return [alone(MISSING, [max(0, lines - row_count)], note), alone(GAPS, [asked_count - before], note)]
