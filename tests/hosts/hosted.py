"""The panel in any host's page, as a hand and an eye find it; and what the page said meanwhile."""

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import anywidget
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Route, expect

from wiro_widgets import Sandbox

SECONDS = 1000  # Playwright counts in milliseconds
PATIENCE = 60 * SECONDS  # for what a slow machine may need while it starts a kernel
QUICK = "prompt='A lighthouse', width=192, height=192, samples=2"


# anywidget's own front end, for hosts that ask a CDN for it.
ANYWIDGET = {
    "https://unpkg.com/anywidget@": Path(anywidget.__file__).with_name("nbextension") / "index.js",
}
_WIDTH = "(picture) => picture.decode().then(() => picture.naturalWidth)"
SUMMARY = "f\"Python sees {panel.values['prompt']}, {panel.status}, {len(panel.images)} pictures\""


def need(*modules: str) -> None:
    """Skip the test of a host that is not installed, or fail where CI is set."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        reason = f"not installed: {', '.join(missing)}; pip install 'wiro-widgets[dev]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def panel_source(sandbox: Sandbox, values: str = QUICK, *, folder: Path | None = None) -> str:
    """Return the lines that make a panel in a kernel; with a folder its client has a journal of its own there."""
    places = f", journal={f'{folder}/journal'!r}, output_dir={f'{folder}/outputs'!r}" if folder else ""
    return (
        "import wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r}{places})\n"
        f"panel = wiro.Panel('tencent/hunyuan-flux-srpo', client=client, {values})"
    )


def live_source(sandbox: Sandbox, folder: Path) -> str:
    """Return the lines that begin a task and a sweep in a kernel, with a client whose runs no gallery shows."""
    run = "'tencent/hunyuan-flux-srpo', prompt='A pier', width=64, height=64"
    return (
        f"other = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r}, "
        f"journal=False, output_dir={f'{folder}/outputs'!r})\n"
        f"task = other.run({run}, steps=40)\n"
        f"sweep = other.sweep({run}, seed=range(2), steps=20)"
    )


def shows_what_was_live(page: Page) -> None:
    """Wait for the ends of the task and the sweep of `live_source`, with their pictures."""
    expect(page.get_by_text("A pier").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("2 cells: 2 succeeded")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("img[src^='data:image/']:visible")).to_have_count(3, timeout=PATIENCE)


class Watch:
    """What is wrong with a page: errors on its console, and requests to other hosts.

    Requests to `blocked_urls` are aborted and are no problem; nor is an error that has one of `expected_errors` in it.
    Requests to addresses that begin as those of `local_files` get these files.
    """

    def __init__(
        self,
        page: Page,
        base_url: str,
        *,
        blocked_urls: tuple[str, ...] = (),
        expected_errors: tuple[str, ...] = (),
        local_files: Mapping[str, Path] | None = None,
    ) -> None:
        self.problems: list[str] = []
        local_files = local_files or {}
        self._own = (base_url, "data:", "blob:", *blocked_urls, *local_files)
        self._expected_errors = (*blocked_urls, *expected_errors)
        page.route(lambda url: url.startswith(blocked_urls), lambda route: route.abort())
        for start, file in local_files.items():
            page.route(f"{start}**", _answer_with(file))
        page.on("request", self._note_request)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self._note_error(error.stack or str(error)))

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(self._own):
            self.problems.append(f"asked {request.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note_error(f"{message.text} ({message.location['url']})")

    def _note_error(self, words: str) -> None:
        if not any(phrase in words for phrase in self._expected_errors):
            self.problems.append(words)


def _answer_with(file: Path) -> Callable[[Route], None]:
    headers = {"Access-Control-Allow-Origin": "*"}
    return lambda route: route.fulfill(path=file, content_type="text/javascript", headers=headers)


class HostedPanel:
    """The first panel of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".wiro-widgets").first

    @property
    def prompt(self) -> Locator:
        """The field for the prompt."""
        return self.root.get_by_role("textbox", name="Prompt")

    @property
    def pictures(self) -> Locator:
        """The pictures that the panel shows."""
        return self.root.locator("img[src^='blob:']")

    def button(self, name: str) -> Locator:
        """Return a button by its exact name."""
        return self.root.get_by_role("button", name=name, exact=True)

    def shows(self) -> None:
        """Wait until the panel can be used."""
        expect(self.button("Run")).to_be_visible(timeout=PATIENCE)

    def status(self, words: str) -> None:
        """Wait until the panel's status reads like this."""
        expect(self.root.get_by_role("status").filter(has_text=words)).to_be_attached(timeout=PATIENCE)

    def do_the_main_job(self, prompt: str) -> None:
        """Type a prompt, press Run, and wait for the pictures."""
        self.shows()
        self.prompt.fill(prompt)
        self.button("Run").click()
        self.status("Done")
        expect(self.pictures.first).to_be_visible(timeout=PATIENCE)
        assert self.pictures.first.evaluate(_WIDTH) > 0


class HostedGallery:
    """The first gallery of a page."""

    def __init__(self, page: Page) -> None:
        self.root = page.locator(".gallery").first

    @property
    def count(self) -> Locator:
        """How many runs it shows, in words."""
        return self.root.locator(".count")

    @property
    def pictures(self) -> Locator:
        """The small pictures."""
        return self.root.locator(".card img")

    def finds(self, text: str, *, among: int) -> None:
        """Wait for so many runs with their pictures, also those since it opened; the search finds one."""
        self.root.scroll_into_view_if_needed()  # it asks for new runs while it is in sight
        expect(self.count).to_have_text(f"{among} run{'s' if among > 1 else ''}", timeout=PATIENCE)
        for place in range(among):
            expect(self.pictures.nth(place)).not_to_have_js_property("naturalWidth", 0, timeout=PATIENCE)
        self.root.get_by_role("searchbox").fill(text)
        expect(self.count).to_have_text("1 run", timeout=PATIENCE)
        expect(self.root.locator(".card")).to_have_count(1)


def do_the_main_job_of_two(
    page: Page, browser: Browser, address: str, watch: Callable[[Page], Watch]
) -> HostedPanel:
    """Two people have a page each of one server: what one of them runs shows on that page, and in both galleries."""
    context = browser.new_context(viewport={"width": 700, "height": 900})
    pages = [context.new_page(), page]
    watches = [watch(item) for item in pages]
    for item in pages:
        item.goto(address, wait_until="commit")
        HostedPanel(item).shows()
    for item, prompt in zip(pages, ("Fog", "Harbour"), strict=True):
        expect(item.get_by_text("Python sees A lighthouse, idle, 0 pictures")).to_be_visible(timeout=PATIENCE)
        HostedPanel(item).do_the_main_job(prompt)
        summary = item.get_by_text(f"Python sees {prompt}, succeeded, 2 pictures")
        expect(summary).to_be_visible(timeout=PATIENCE)
        expect(item.locator(".wiro-card").filter(visible=True)).to_have_count(0)
    for item in pages:
        shows_what_was_live(item)
        HostedGallery(item).finds("Fog", among=2)
    context.close()
    assert [item.problems for item in watches] == [[], []]
    return HostedPanel(page)
