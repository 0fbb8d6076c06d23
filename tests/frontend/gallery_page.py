"""The gallery's built bundle in a page, with a real Gallery as its kernel: what either sends reaches the other."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from comm.base_comm import BaseComm
from playwright.sync_api import Locator, Page

from tests.frontend.panel_page import PanelPage
from wiro_widgets import Gallery

SECONDS = 60.0  # after which a test stops waiting
RECEIVE = """([messages]) => {
  for (const { kind, content, buffers } of messages) {
    const bytes = buffers.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
    if (kind === "custom") host.model.emit("msg:custom", content, bytes);
    else host.model.update(content);
  }
}"""
# What crosses to a kernel is bytes as well; the stub host keeps their lengths alone.
KEEP_BYTES = """() => {
  const send = host.model.send.bind(host.model);
  host.model.send = (content, callbacks, buffers) => {
    send(content, callbacks, buffers);
    const texts = (buffers ?? []).map((one) => btoa(String.fromCharCode(...new Uint8Array(one))));
    if (host.model.sent.length > 0) host.model.sent.at(-1).texts = texts;
  };
}"""
TAKE = "() => host.model.sent.splice(0)"


class KernelEnd(BaseComm):
    """The kernel's end of a comm; keeps what is sent until the page's thread fetches it."""

    def __init__(self, **settings: Any) -> None:
        self.outbox: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        super().__init__(**settings)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        **keys: Any,  # noqa: ARG002 - as the comm has it
    ) -> None:
        """Keep a message, as JSON has it."""
        assert metadata is None or metadata, msg_type
        message = json.loads(json.dumps(data or {}, allow_nan=False))
        texts = [base64.b64encode(bytes(item)).decode() for item in buffers or []]
        if message.get("method") == "custom":
            self.outbox.append({"kind": "custom", "content": message["content"], "buffers": texts})
        elif "state" in message:
            self.state.update(message["state"])
            self.outbox.append({"kind": "state", "content": message["state"], "buffers": []})


class GalleryPage:
    """One gallery in a page; `pump` carries the messages of both until a condition holds."""

    def __init__(self, page: Page, gallery: Gallery) -> None:
        self.gallery = gallery
        self.panel = PanelPage(page, bundle="gallery.js")
        self.page = page
        assert isinstance(gallery.comm, KernelEnd)
        self.kernel = gallery.comm

    @property
    def section(self) -> Locator:
        """The whole gallery."""
        return self.page.locator(".gallery").first

    @property
    def cards(self) -> Locator:
        """The cards that are drawn."""
        return self.page.locator(".card")

    def start(self) -> None:
        """Load the bundle, and wait for the first answer."""
        state = {name: value for name, value in self.kernel.state.items() if name != "_esm"}
        self.panel.start(state)
        self.page.evaluate(KEEP_BYTES)
        self.pump(
            lambda: self.page.evaluate("() => host.root().querySelector('.count').textContent") != "Looking"
        )
        self.settle()

    def pump(self, condition: Callable[[], Any]) -> None:
        """Carry messages both ways until the condition holds."""
        deadline = time.monotonic() + SECONDS
        while True:
            self._carry()
            if condition():
                return
            assert time.monotonic() < deadline, "the page and the kernel did not get there"
            self.page.wait_for_timeout(10)

    def settle(self) -> None:
        """Carry messages until neither has more to say and every picture in sight is there."""
        quiet = 0

        def is_quiet() -> bool:
            nonlocal quiet
            quiet = 0 if self._carry() else quiet + 1
            return quiet > 15

        self.pump(is_quiet)
        self.panel.wait_until_painted()

    def count_words(self) -> str:
        """Return what is said of the number of runs."""
        return self.page.locator(".count").inner_text()

    def _carry(self) -> bool:
        up = self.page.evaluate(TAKE)
        for message in up:
            buffers = [memoryview(base64.b64decode(text)) for text in message.get("texts", ())]
            content = {key: value for key, value in message.items() if key not in ("bytes", "texts")}
            data = {"method": "custom", "content": content}
            self.kernel.handle_msg({"content": {"data": data}, "buffers": buffers})
        down, self.kernel.outbox = self.kernel.outbox, []
        if down:
            self.page.evaluate(RECEIVE, [down])
        return bool(up or down)
