"""The browser's end of a panel: it records what the kernel sends, and sends what a page would."""

import json
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

from comm.base_comm import BaseComm

SECONDS = 20.0  # after which a test stops waiting

Message = dict[str, Any]


class Wire(BaseComm):
    """A comm whose other end is this test."""

    def __init__(self, **settings: Any) -> None:
        self.news = threading.Condition()
        self.traffic: list[tuple[float, Message, list[bytes]]] = []
        self.traits: dict[str, Any] = {}
        super().__init__(**settings)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[bytes] | None = None,
        **_keys: Any,
    ) -> None:
        """Record a message, and the state as the browser would have it."""
        assert metadata is None or metadata
        message = json.loads(json.dumps(data or {}, allow_nan=False, ensure_ascii=False).encode())
        content = message.get("content", {})
        if buffers and "rows" in content:
            content["rows"] = json.loads(zlib.decompress(buffers[0]))
        with self.news:
            self.traits.update(message.get("state", {}))
            if msg_type == "comm_msg":
                self.traffic.append((time.monotonic(), message, list(buffers or [])))
            self.news.notify_all()

    def messages(self, *types: str) -> list[Message]:
        """Return the custom messages of these types so far."""
        contents = [data["content"] for _, data, _ in self.traffic if data["method"] == "custom"]
        return [content for content in contents if content["type"] in types]

    def pictures(self, role: str) -> dict[str, bytes]:
        """Return the bytes that came with images of this role, by their id."""
        return {
            facts["id"]: bytes(buffer)
            for _, data, buffers in self.traffic
            if data["method"] == "custom" and data["content"]["type"] == "image"
            for facts, buffer in zip(data["content"]["images"], buffers, strict=True)
            if facts["role"] == role
        }

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until the condition holds for what was sent."""
        with self.news:
            assert self.news.wait_for(condition, SECONDS)

    def say(self, kind: str, *buffers: bytes, **fields: Any) -> None:
        """Send a message as a page does."""
        content = {"v": 1, "client": "page", "type": kind, **fields}
        data = {"method": "custom", "content": content}
        self.handle_msg({"content": {"data": data}, "buffers": [memoryview(item) for item in buffers]})

    def ask(self, kind: str, *buffers: bytes, **fields: Any) -> Message:
        """Send a message and wait for the reply to it."""
        count = len(self.messages("reply", "models", "snapshot"))
        self.say(kind, *buffers, **fields)
        self.until(lambda: len(self.messages("reply", "models", "snapshot")) > count)
        return self.messages("reply", "models", "snapshot")[count]


class Page:
    """A page's copy of the feed; takes messages by the rules of js/src/state/feed.ts."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.next = 0
        self.rows: list[Any] = []
        self.run: Message | None = None
        self.runs: list[Message] = []

    def take(self, message: Message) -> bool:
        """Apply a delta or a snapshot; return True if there is a gap, so that the page asks for a snapshot."""
        if message["type"] == "snapshot":
            if message["epoch"] == self.epoch and message["next"] < self.next:
                return False
            self._begin(message["epoch"])
        elif message["epoch"] != self.epoch:
            if message["first"] > 0:
                return True
            self._begin(message["epoch"])
        if message["type"] == "delta":
            if message["first"] > self.next:
                return True
            if message["next"] < self.next:
                return False
        self.rows += [row for row in message["rows"] if row[0] >= self.next]
        self.next = message["next"]
        self.run = message.get("run", self.run)
        self.runs = message.get("runs", self.runs)
        return False

    def _begin(self, epoch: str) -> None:
        self.epoch, self.next, self.rows, self.run = epoch, 0, [], None
