"""The panel in any host's page, as a hand and an eye find it; and what the page said meanwhile."""

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from wiro_widgets import Sandbox

SECONDS = 1000  # Playwright counts in milliseconds
PATIENCE = 60 * SECONDS  # for what a slow machine may need while it starts a kernel
QUICK = "prompt='A lighthouse', width=192, height=192, samples=2"


def panel_source(sandbox: Sandbox, values: str = QUICK) -> str:
    """Return the lines that make a panel in a kernel."""
    return (
        "import wiro_widgets as wiro\n"
        f"client = wiro.Client({sandbox.api_key!r}, {sandbox.api_secret!r}, base_url={sandbox.base_url!r})\n"
        f"panel = wiro.Panel('tencent/hunyuan-flux-srpo', client=client, {values})"
    )


class Watch:
    """What is wrong with a page: errors on its console, and requests to other hosts.

    Requests to `blocked_urls` are aborted and are no problem; nor is an error that has one of `expected_errors` in it.
    """

    def __init__(
        self,
        page: Page,
        base_url: str,
        *,
        blocked_urls: tuple[str, ...] = (),
        expected_errors: tuple[str, ...] = (),
    ) -> None:
        self.problems: list[str] = []
        self._own = (base_url, "data:", "blob:", *blocked_urls)
        self._expected_errors = (*blocked_urls, *expected_errors)
        page.route(lambda url: url.startswith(blocked_urls), lambda route: route.abort())
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
        assert (
            self.pictures.first.evaluate("(picture) => picture.decode().then(() => picture.naturalWidth)") > 0
        )
