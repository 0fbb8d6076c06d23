"""A notebook in a browser page, driven through the application's own commands."""

import json
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Request

from tests.jupyter import JupyterServer

SECONDS = 1000  # Playwright counts in milliseconds
READY = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const until = async (what, condition) => {
    const deadline = Date.now() + 60_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const panel = () => app.shell.currentWidget;
  await until("the notebook", () => panel()?.content?.widgets && panel()?.context);
  await panel().context.ready;
  await panel().sessionContext.ready;
  await until("an idle kernel", () => panel().sessionContext.session?.kernel?.status === "idle");
}"""
OPEN = "(path) => window.jupyterapp.commands.execute('docmanager:open', { path }).then(() => null)"
# Without a question about what was not saved; the kernels live on.
CLOSE_DOCUMENTS = (
    "() => { for (const widget of [...window.jupyterapp.shell.widgets('main')]) widget.dispose(); }"
)
RUN_CELL = """async ([index, wait]) => {
  const app = window.jupyterapp;
  app.shell.currentWidget.content.activeCellIndex = index;
  const done = app.commands.execute("notebook:run-cell");
  if (wait) await done;
}"""
OUTPUTS = (
    "(index) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs?.toJSON() ?? []"
)


class NotebookPage:
    """One notebook, open and with an idle kernel; a page that shows this server's JupyterLab is not loaded anew."""

    def __init__(self, page: Page, server: JupyterServer, notebook: str, *, document: bool = False) -> None:
        self.page = page
        self.server = server
        self.foreign_requests: list[str] = []
        self.console_errors: list[str] = []
        page.on("request", self._note_request)
        page.on("console", self._note_console)
        if page.url.startswith(f"{server.base_url}/lab"):
            page.evaluate(OPEN, notebook)
        else:
            page.goto(server.url(notebook, document=document), wait_until="domcontentloaded")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the notebook is restored and its kernel is idle."""
        self.page.wait_for_function(
            "() => window.jupyterapp?.commands && window.jupyterapp?.shell", timeout=60 * SECONDS
        )
        self.page.evaluate(READY)

    def reload(self) -> None:
        """Load the page again; the kernel lives on."""
        self.page.reload(wait_until="domcontentloaded")
        self.wait_until_ready()

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of the application's commands and wait for its end."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def run_cell(self, index: int, *, wait: bool = True) -> None:
        """Run a cell; without `wait` return as soon as the kernel has been asked."""
        self.page.evaluate(RUN_CELL, [index, wait])

    def run_all(self) -> None:
        """Run all cells one after the other: `run-all-cells` itself may be lost under heavy output."""
        for index in range(self.cell_count):
            self.run_cell(index)

    @property
    def cell_count(self) -> int:
        """How many cells the notebook has."""
        count: int = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
        return count

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as the notebook file would hold them."""
        outputs: list[dict[str, Any]] = self.page.evaluate(OUTPUTS, index)
        return outputs

    def output_text(self, index: int) -> str:
        """Return what a cell printed, returned or raised, as one text."""
        return "".join(_text(output) for output in self.outputs(index))

    def wait_for_output(self, index: int, words: str) -> None:
        """Wait until a cell's outputs, as the notebook file would hold them, have these words."""
        has = f"([index, words]) => JSON.stringify(({OUTPUTS})(index)).includes(words)"
        self.page.wait_for_function(has, arg=[index, words], timeout=60 * SECONDS)

    def save(self) -> dict[str, Any]:
        """Save the notebook, widget state included, and return the file."""
        self.command("docmanager:save")
        path: str = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
        content: dict[str, Any] = json.loads((self.server.folder / path).read_text(encoding="utf-8"))
        return content

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.server.base_url, "data:", "blob:")):
            self.foreign_requests.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location['url']})")


def _text(output: dict[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            parts = output["text"]
        case "error":
            parts = f"{output['ename']}: {output['evalue']}\n"
        case _:
            parts = output["data"].get("text/plain", "")
    return "".join(parts)
