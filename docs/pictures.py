"""Pictures of the panel for the README: `python -m docs.pictures [NAME ...]` draws docs/images anew.

The panel is the built bundle, its messages are those of the front end's tests, its results are the sandbox's own
pictures; the notebook is the quickstart in a real JupyterLab.
"""

import base64
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import CHROME_ARGS, find_chromium
from tests.frontend.gallery import CHAT, DIALOGS, LINES, STATES, THEMES
from tests.frontend.panel_page import PanelPage
from tests.frontend.payloads import (
    SEED_VALUES,
    STAGES,
    axes,
    board,
    cell,
    delta,
    image,
    rows,
    run,
    side_model,
    state,
    summary,
    swept,
)
from tests.hosts.hosted import PATIENCE, HostedPanel
from tests.jupyter import ROOT, JupyterServer, jupyter_server
from tests.notebook_page import NotebookPage
from wiro_widgets import Sandbox
from wiro_widgets.sandbox.painting.render import Scene, paint

FOLDER = Path(__file__).parent / "images"
MODEL = "tencent/hunyuan-flux-srpo"
PROMPT = "Mountain ridges in the last light of the day"
SEED = 7350148318
ORDER = (3, 1, 2, 0)  # the seeds after the first, the most pleasant picture before the others
LOOKS = ("light", "dark")
SCALE = 1.5  # sharp on a dense screen, still small
QUALITY = 82
WIDTH = 960
MARGIN = 12
LIGHT = "Portraits and scenes with natural light, from words or from a picture. "
# The tests' portrait becomes what the sandbox draws; what is long there to be cut is as long as it should be.
WORDS = {
    json.dumps(SEED_VALUES["prompt"])[1:-1]: PROMPT,
    "A close up portrait of a Chinese princess wearing colorful clothing": PROMPT,
    "A close up portrait of a Chinese princess": PROMPT,
    "A close up portrait": PROMPT,
    LIGHT * 3: LIGHT.strip(),
}
SHOW = """([message, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  host.model.emit("msg:custom", { v: 1, ...message, to: null }, [new DataView(bytes.buffer)]);
}"""
DRAWN = "() => [...host.root().querySelectorAll('img')].every((one) => one.complete)"
ANSWER = """A diffusion model learns to undo noise.

It is shown pictures that were blurred with noise, a little or a lot, and is taught to say what was added. \
To make a new picture it starts from noise alone and takes a little away, step by step; the words of the prompt \
say in which direction.

More steps are finer steps. The scale says how"""


class IllustratedPage(PanelPage):
    """A panel whose results are pictures of the sandbox."""

    picture_count = 0

    def start(self, state: dict[str, Any], **options: bool) -> None:
        """Open the panel with the prompt that the pictures were drawn for."""
        super().start(_in_other_words(state), **options)

    def tell(self, message: dict[str, Any], picture: dict[str, Any] | None = None) -> None:
        """Send a picture of the sandbox wherever the tests would paint one."""
        message = _in_other_words(message)
        if picture is None:
            super().tell(message)
            return
        name = message["images"][0]["id"]
        number = int(name[1:]) if name[1:].isdigit() else self.picture_count
        self.picture_count += 1
        self.page.evaluate(SHOW, [message, base64.b64encode(_picture(ORDER[number % len(ORDER)])).decode()])
        self.page.wait_for_function(DRAWN)
        self.wait_until_painted()


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to take: what brings the panel there, and how wide the page is."""

    draw: Callable[[PanelPage], None]
    width: int = WIDTH


def _in_other_words(message: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(message)
    for old, new in WORDS.items():
        text = text.replace(old, new)
    other: dict[str, Any] = json.loads(text)
    return other


@cache
def _picture(number: int) -> bytes:
    return paint(Scene(MODEL, PROMPT, SEED + number, 1024, 1024, 20, 3.5, 0.88), None)


def _done(panel: PanelPage) -> None:
    STATES["done"](panel)
    panel.tell(delta(rows((18.2, "done", "Done"), first=len(LINES)), first=len(LINES)))


def _stopped(panel: PanelPage) -> None:
    panel.start(state(status="cancelled"))
    ended = [*STAGES[:2], {"name": "Generate", "start": 2.0, "end": 9.4}]
    lines = [*LINES[:-1], *rows((9.4, "cancel", "Stopped"), first=len(LINES) - 1)]
    panel.tell(delta(lines, run=run(status="cancelled", elapsed=9.4, stages=ended, progress=None)))


def _answer(panel: PanelPage) -> None:
    values = {"prompt": "How does diffusion work?", "temperature": 0.7, "reasoning": "", "stream": True}
    panel.start(state(_form=CHAT, values=values, status="running"))
    text = {"thinking": "They want the idea, not the formulas.", "answer": ANSWER, "done": False}
    panel.tell(delta(LINES[:3], run=run(progress=None, prompt=values["prompt"], text=text)))


def _swept(panel: PanelPage) -> None:
    """Four steps of the noise, two seeds: what a sweep over them shows, two cells before its end."""
    axis_texts = {"steps": "2, 4, 8, 20", "seed": "1, 2"}
    words = {"steps": "4 values: 2, 4, 8, 20", "seed": "2 values: 1, 2"}
    price = {"price": "about $0.0042", "reason": "2 of 8 are left"}
    panel.start(state(status="running", _axes=axes(8, axis_texts, **words), _outlook=price))
    summary_text = {
        "prompt": "8 runs: steps \N{MULTIPLICATION SIGN} seed",
        "doing": "6 of 8 done \N{MIDDLE DOT} 2 running",
    }
    standing = ["succeeded"] * 6 + ["running"] * 2
    cells = [cell(index, status) for index, status in enumerate(standing)]
    table = board(["2", "4", "8", "20"], ["1", "2"])
    line = rows((8.2, "done", "steps 4, seed 2: $0.0021 \N{MIDDLE DOT} 2.9 s"))
    panel.tell(
        delta(
            line,
            run=swept(**summary_text, progress=0.75, pace="about 2.7 s left", elapsed=8.2),
            board=table,
            cells=cells,
        )
    )
    for index in range(6):
        png = paint(
            Scene(MODEL, PROMPT, SEED + index // 4, 512, 512, (2, 4, 8, 20)[index % 4], 3.5, 0.88), None
        )
        panel.page.evaluate(SHOW, [image(f"1-{index}"), base64.b64encode(png).decode()])


def _models(panel: PanelPage) -> None:
    """Two further models beside the panel's own, two seeds: all of them are done."""
    sketch, poster = "wiro/sandbox-sketch", "wiro/sandbox-poster"
    notes = {sketch: "Scale, Strength, Samples, Steps", poster: "Scale, Strength, Width, Height, Steps"}
    prices = {MODEL: "about $0.00702", sketch: "$0.004", poster: "$0.004"}
    models = [side_model(MODEL), *(side_model(name, note=f"without {note}") for name, note in notes.items())]
    trait = axes(6, {"seed": "1, 2"}, seed="2 values: 1, 2") | {"models": models}
    each = ", ".join(f"{name.partition('/')[2]} {price}" for name, price in prices.items())
    price = {"price": f"about $0.015: {each}", "reason": "", "models": prices}
    panel.start(state(status="succeeded", _axes=trait, _outlook=price))
    panel.send_module("models")
    titles = ["Hunyuan Flux SRPO", "Sandbox Sketch", "Sandbox Poster"]
    costs = ["$0.00681 (estimate about $0.00702)", *["$0.004 as estimated"] * 2]
    table = board(titles, ["1", "2"], x="model") | {"costs": [*costs, "", ""]}
    done = swept(
        status="succeeded", progress=None, cost=0.01481, elapsed=7.4, word="Done \N{MIDDLE DOT} 7.4 s"
    )
    panel.tell(delta([], run=done, board=table, cells=[cell(index) for index in range(6)]))
    for index in range(6):
        scene = Scene([*prices][index % 3], PROMPT, SEED + index // 3, 512, 512, 20, 3.5, 0.88)
        picture = base64.b64encode(paint(scene, None)).decode()
        panel.page.evaluate(SHOW, [image(f"1-{index}"), picture])


def _several(panel: PanelPage) -> None:
    _done(panel)
    runs = [
        summary(1, "succeeded", prompt=PROMPT, cost=0.00351, starred=True),
        summary(2, "failed", prompt="The same ridges as a woodcut"),
        summary(3, "running", prompt="Ridges under northern lights", progress=0.42),
        summary(4, "queued", prompt="Ridges in the first snow"),
    ]
    panel.tell(delta([], first=len(LINES) + 1, runs=runs))


CELLS = {
    "images": "images = client.generate(model, prompt='mountain ridges', samples=3, seed=8, **small)\nimages",
    "client": "client",
    "sweep": "sweep = client.sweep(model, prompt='mountain ridges', seed=range(4), steps=40, **small)\nsweep",
    "stop": "sweep.stop()",
    "chat": (
        "chat = wiro.Panel('wiro/sandbox-chat', client=client, prompt='Why is the sky blue?')\nchat.run().wait()\n"
        "chat.set(prompt='And at dusk?')\nchat.run().wait()\nchat"
    ),
    "gallery": "wiro.Gallery(client)",
    "wait": "picture = client.generate(model, prompt='northern lights over a lake', steps=50, **small)",
}
PROMPTS = (
    *("mountain ridges in the first snow", "a harbour in the fog", "a desert under two moons"),
    *("a city in the rain", "dunes at noon", "an island seen from above", "a glacier at dawn"),
)
SHOTS = {
    "idle": Shot(STATES["idle"]),
    "running": Shot(STATES["running"]),
    "done": Shot(_done),
    "failed": Shot(STATES["failed"]),
    "stopped": Shot(_stopped),
    "answer": Shot(_answer),
    "several": Shot(_several),
    "sweep": Shot(_swept),
    "models": Shot(_models),
    "search": Shot(STATES["search"]),
    "view": Shot(DIALOGS["view"]),
    "compare": Shot(DIALOGS["compare"]),
    "narrow": Shot(_done, width=384),
}


def take(browser: Browser, name: str, look: str) -> Path:
    """Draw one state in one look and save it."""
    shot = SHOTS[name]
    context = browser.new_context(
        viewport={"width": shot.width, "height": 760}, device_scale_factor=SCALE, reduced_motion="reduce"
    )
    with ExitStack() as stack:
        stack.callback(context.close)
        panel = IllustratedPage(context.new_page(), style=f"body {{ margin: {MARGIN}px; {THEMES[look]} }}")
        shot.draw(panel)
        panel.page.wait_for_function(DRAWN)
        panel.wait_until_painted()
        assert panel.problems == [], panel.problems  # noqa: S101 - a picture of a broken panel is none
        height = panel.page.evaluate("() => Math.ceil(document.body.getBoundingClientRect().bottom)") + MARGIN
        if name not in DIALOGS:  # they fill the window, whatever is behind
            panel.page.set_viewport_size({"width": shot.width, "height": height})
            panel.wait_until_painted()
        return _save(panel.page.screenshot(), name, look)


def _save(png: bytes, name: str, look: str) -> Path:
    path = FOLDER / f"{name}-{look}.webp"
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=QUALITY, method=6)
    return path


def notebook(browser: Browser, look: str) -> list[Path]:
    """Run the quickstart in JupyterLab and save what is on the screen; then what is left of it without a kernel."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(jupyter_server("lab", folder=folder, env={"XDG_DATA_HOME": str(folder)}))
        server.add(ROOT / "notebooks" / "quickstart.ipynb")
        context = browser.new_context(viewport={"width": 1180, "height": 920}, device_scale_factor=1.25)
        stack.callback(context.close)
        page = context.new_page()
        opened = _open(page, server, look)
        opened.run_cell(1)
        opened.run_cell(3)
        panel = HostedPanel(page)
        panel.do_the_main_job(PROMPT)
        opened.wait_for_output(3, "Done")
        live = _save(_screenshot(page), "jupyterlab", look)
        opened.save()
        page.goto("about:blank")
        server.end_kernels()
        _open(page, server, look)
        expect(page.locator(".wiro-card")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Loading widget")).to_have_count(0, timeout=PATIENCE)
        return [live, _save(_screenshot(page), "saved", look)]


def cells(browser: Browser, look: str) -> list[Path]:
    """Run cells in JupyterLab, and save a conversation, the gallery, what shows itself in a cell, and a wait."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(Sandbox(speed=3))
        server = stack.enter_context(jupyter_server("lab", folder=folder, env={"XDG_DATA_HOME": str(folder)}))
        server.write("cells.ipynb", [_settings(sandbox, folder), *CELLS.values()])
        context = browser.new_context(viewport={"width": 1040, "height": 3600}, device_scale_factor=SCALE)
        stack.callback(context.close)
        page = context.new_page()
        opened = _open(page, server, look, "cells.ipynb")
        opened.run_cell(0)
        place = {name: number for number, name in enumerate(CELLS, 1)}
        boxes = page.locator(".jp-Notebook .jp-Cell")
        for name in ("images", "client", "chat", "gallery"):
            opened.run_cell(place[name])
        answer = boxes.nth(place["chat"]).get_by_role("region", name="Answer")
        expect(answer.locator(".asked").last).to_be_visible(timeout=PATIENCE)
        pictures = boxes.nth(place["gallery"]).locator(".card img:visible")
        expect(pictures).to_have_count(len(PROMPTS) + 1, timeout=PATIENCE)
        paths = [_save(_span(page, place[name], place[name]), name, look) for name in ("chat", "gallery")]
        opened.run_cell(place["sweep"], wait=False)
        expect(boxes.nth(place["sweep"])).to_contain_text("2 succeeded", timeout=PATIENCE)
        expect(boxes.nth(place["sweep"]).locator("img")).to_have_count(2, timeout=PATIENCE)
        paths.append(_save(_span(page, place["images"], place["sweep"]), "cells", look))
        opened.run_cell(place["stop"])
        opened.run_cell(place["wait"], wait=False)
        expect(boxes.nth(place["wait"]).get_by_text(re.compile(r"step \d+ of"))).to_be_visible(
            timeout=PATIENCE
        )
        paths.append(_save(_span(page, place["wait"], place["wait"]), "wait", look))
        return paths


def _settings(sandbox: Sandbox, folder: Path) -> str:
    return (
        "import wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r}, "
        f"socket_url={sandbox.socket_url!r}, budget=1, journal={str(folder / 'journal.sqlite3')!r}, "
        f"output_dir={str(folder / 'outputs')!r})\n"
        "model = 'tencent/hunyuan-flux-srpo'\nsmall = dict(width=512, height=384)\n"
        f"runs = client.map(model, [dict(prompt=prompt) for prompt in {PROMPTS}], steps=12, **small).wait()\n"
        "client.history.star(runs.cells[0].record.task_id)"
    )


def _span(page: Page, first: int, last: int) -> bytes:
    """Return a picture of some cells, one below the other."""
    page.mouse.move(0, 0)
    boxes = page.locator(".jp-Notebook .jp-Cell")
    boxes.nth(first).evaluate("(cell) => cell.scrollIntoView({ block: 'start' })")
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    above, below = boxes.nth(first).bounding_box(), boxes.nth(last).bounding_box()
    if above is None or below is None:
        raise RuntimeError("The cells are not in sight.")
    height = below["y"] + below["height"] - above["y"]
    return page.screenshot(clip={"x": above["x"], "y": above["y"], "width": above["width"], "height": height})


def _open(page: Page, server: JupyterServer, look: str, name: str = "quickstart.ipynb") -> NotebookPage:
    opened = NotebookPage(page, server, name, document=True)
    opened.command("apputils:change-theme", theme=f"JupyterLab {look.title()}")
    page.wait_for_function("(look) => document.body.dataset.jpThemeName?.endsWith(look)", arg=look.title())
    return opened


def _screenshot(page: Page) -> bytes:
    page.mouse.move(0, 0)
    page.locator(".jp-Cell").nth(2).evaluate("(cell) => cell.scrollIntoView({ block: 'start' })")
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    return page.screenshot()


NOTEBOOKS = {"jupyterlab": notebook, "cells": cells}


def main(names: list[str]) -> None:
    """Take the pictures of these names, or all."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROME_ARGS)
        for name in names or [*SHOTS, *NOTEBOOKS]:
            for look in LOOKS:
                paths = NOTEBOOKS[name](browser, look) if name in NOTEBOOKS else [take(browser, name, look)]
                for path in paths:
                    print(f"{path.relative_to(ROOT)} {path.stat().st_size // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
