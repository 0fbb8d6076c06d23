"""Pictures of the panel for the README: `python -m docs.pictures [NAME ...]` draws docs/images anew.

The panel is the built bundle, its messages are those of the front end's tests, its results are the sandbox's own
pictures; the notebook is the quickstart in a real JupyterLab.
"""

import base64
import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import CHROME_ARGS, find_chromium
from tests.frontend.gallery import STATES, THEMES
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import SEED_VALUES
from tests.hosts.hosted import PATIENCE, HostedPanel
from tests.jupyter import ROOT, jupyter_server
from tests.notebook_page import NotebookPage
from wiro_widgets.sandbox.render import Scene, paint

FOLDER = Path(__file__).parent / "images"
MODEL = "tencent/hunyuan-flux-srpo"
PROMPT = "Mountain ridges in the last light of the day"
SEED = 7350148318
LOOKS = ("light", "dark")
SCALE = 1.5  # sharp on a dense screen, still small
QUALITY = 82
WIDTH = 960
MARGIN = 12


class IllustratedPage(PanelPage):
    """A panel whose results are pictures of the sandbox."""

    def start(self, state: dict[str, Any], **options: bool) -> None:
        """Ask for the pictures that are shown."""
        values = state.get("values") or {}
        if values.get("prompt") == SEED_VALUES["prompt"]:
            state = state | {"values": values | {"prompt": PROMPT, "seed": str(SEED)}}
        super().start(state, **options)
        self.drawn = 0

    def tell(self, message: dict[str, Any], picture: dict[str, Any] | None = None) -> None:
        """Send a picture of the sandbox wherever the tests would paint one."""
        if picture is None:
            super().tell(message)
            return
        data = base64.b64encode(_picture(SEED + self.drawn)).decode()
        self.drawn += 1
        self.page.evaluate(
            """([message, data]) => {
              const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
              host.model.emit("msg:custom", { v: 1, ...message }, [new DataView(bytes.buffer)]);
            }""",
            [message, data],
        )
        self.page.wait_for_function(
            "() => [...host.root().querySelectorAll('img')].every((one) => one.complete)"
        )
        self.painted()


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to take: what brings the panel there, and how wide the page is."""

    draw: Callable[[PanelPage], None]
    width: int = WIDTH


def _picture(seed: int) -> bytes:
    return paint(Scene(MODEL, PROMPT, seed, 1024, 1024, 20, 3.5, 0.88), None)


SHOTS = {name: Shot(draw) for name, draw in STATES.items()} | {"narrow": Shot(STATES["done"], width=384)}


def take(browser: Browser, name: str, look: str) -> Path:
    """Draw one state in one look and save it."""
    shot = SHOTS[name]
    context = browser.new_context(
        viewport={"width": shot.width, "height": 800}, device_scale_factor=SCALE, reduced_motion="reduce"
    )
    style = f"body {{ margin: {MARGIN}px; {THEMES[look]} }}"
    panel = IllustratedPage(context.new_page(), style=style)
    shot.draw(panel)
    panel.page.mouse.move(0, 0)
    panel.painted()
    height = panel.page.evaluate("() => Math.ceil(document.body.getBoundingClientRect().height)")
    clip = {"x": 0, "y": 0, "width": shot.width, "height": height + 2 * MARGIN}
    return _saved(panel.page.screenshot(clip=clip, full_page=True), name, look, context.close)  # type: ignore[arg-type]


def _saved(png: bytes, name: str, look: str, close: Callable[[], object]) -> Path:
    close()
    path = FOLDER / f"{name}-{look}.webp"
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=QUALITY, method=6)
    return path


def notebook(browser: Browser, look: str) -> Path:
    """Run the quickstart in JupyterLab and save what is on the screen."""
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter_server("lab", folder=Path(folder), env={"XDG_DATA_HOME": folder}) as server,
    ):
        server.add(ROOT / "notebooks" / "quickstart.ipynb")
        context = browser.new_context(viewport={"width": 1120, "height": 900}, device_scale_factor=1.25)
        page = context.new_page()
        opened = NotebookPage(page, server, "quickstart.ipynb", document=True)
        _arrange(opened, look)
        opened.run_cell(1)
        opened.run_cell(3)
        panel = HostedPanel(page)
        panel.shows()
        panel.prompt.fill(PROMPT)
        panel.button("Run").click()
        panel.status("Done")
        expect(panel.pictures.first).to_be_visible(timeout=PATIENCE)
        _scroll(page)
        return _saved(page.screenshot(), "jupyterlab", look, context.close)


def _arrange(opened: NotebookPage, look: str) -> None:
    opened.command("apputils:change-theme", theme=f"JupyterLab {look.title()}")


def _scroll(page: Page) -> None:
    page.mouse.move(0, 0)
    page.locator(".jp-Cell").nth(2).evaluate("(cell) => cell.scrollIntoView({ block: 'start' })")


def main(names: list[str]) -> None:
    """Take the pictures of these names, or all."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROME_ARGS)
        for name in names or [*SHOTS, "jupyterlab"]:
            for look in LOOKS:
                path = notebook(browser, look) if name == "jupyterlab" else take(browser, name, look)
                print(f"{path.relative_to(ROOT)} {path.stat().st_size // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
