"""The built bundle in a page with a stub host, as a test drives it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Error, Locator, Page

HERE = Path(__file__).parent
BUNDLE = HERE.parents[1] / "wiro_widgets" / "static" / "widget.js"
MODULES = ("about", "alerts")  # that are answered for a test; it answers others itself
Payload = dict[str, Any]


class PanelPage:
    """One panel: what the kernel says goes in by `tell` and `update`, what the hand did comes out of `sent`."""

    def __init__(self, page: Page, style: str = "", bundle: str = BUNDLE.name) -> None:
        self.page = page
        self.bundle = BUNDLE.with_name(bundle)
        self.style = style
        self.answers_modules = True
        self.problems: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", self._fail)

    def leave(self) -> None:
        """Listen no longer: the page goes on to another test."""
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._fail)

    def _fail(self, error: Error) -> None:
        self.problems.append(str(error))

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.problems.append(line.text)

    def start(self, state: Payload, **options: bool) -> None:
        """Load the bundle and draw its first view."""
        head = f"<title>Panel</title><style>{self.style}</style>"
        self.page.set_content(f"<!doctype html><html lang=en>{head}<body></body></html>")
        self.page.evaluate((HERE / "stub_host.js").read_text(encoding="utf-8"))
        source = self.bundle.read_text(encoding="utf-8")
        modules = {
            name: self.bundle.with_name(f"{name}.js").read_text(encoding="utf-8")
            for name in MODULES
            if self.answers_modules
        }
        self.page.evaluate("(values) => host.start(...values)", [source, state, options, modules])

    def open_view(self) -> None:
        """Draw the same model a second time, as another cell or window does."""
        self.page.evaluate("() => host.open()")

    def tell(self, message: Payload, picture: Payload | None = None) -> None:
        """Send a custom message down, with a painted picture as its bytes."""
        self.page.evaluate("([message, picture]) => host.tell(message, picture)", [message, picture])
        self.wait_until_painted()

    def update(self, **traits: Any) -> None:
        """Change synced traits."""
        self.page.evaluate("(traits) => host.model.update(traits)", traits)
        self.wait_until_painted()

    def wait_until_painted(self) -> None:
        """Return after the next frame, when what was applied is drawn."""
        self.page.evaluate(
            "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
        )

    def past_double_click(self) -> None:
        """Return once a second press is no part of a double click any more, by the page's own clock."""
        self.page.evaluate("() => { window.begun = performance.now(); }")
        self.page.wait_for_function("() => performance.now() - window.begun > 450")

    def sent_messages(self, kind: str | None = None) -> list[Payload]:
        """Return what went up, or only the messages of one kind."""
        messages: list[Payload] = self.page.evaluate("() => host.model.sent")
        return [message for message in messages if kind is None or message["type"] == kind]

    def await_sent(self, kind: str, count: int = 1) -> list[Payload]:
        """Wait until `count` messages of this kind went up."""
        condition = "([kind, count]) => host.model.sent.filter((one) => one.type === kind).length >= count"
        self.page.wait_for_function(condition, arg=[kind, count])
        return self.sent_messages(kind)

    def send_module(self, name: str) -> None:
        """Answer the question for a late module as the kernel does."""
        self.page.wait_for_function("(name) => host.model.sent.some((one) => one.name === name)", arg=name)
        [question] = [one for one in self.sent_messages("module") if one["name"] == name]
        self.reply(question["rev"], text=BUNDLE.with_name(f"{name}.js").read_text(encoding="utf-8"))

    def reply(self, rev: int, **facts: Any) -> None:
        """Answer a message of this store."""
        self.tell({"type": "reply", "to": "me", "rev": rev, "error": None} | facts)

    def view(self, index: int = 0) -> Locator:
        """Return one view's panel."""
        return self.page.locator(".wiro-widgets").nth(index).locator(".panel")

    def field(self, identifier: str) -> Locator:
        """Return the field of a parameter."""
        return self.page.locator(f"[data-field~='{identifier}']").first

    def button(self, name: str) -> Locator:
        """Return a button by its exact name."""
        return self.page.get_by_role("button", name=name, exact=True)
