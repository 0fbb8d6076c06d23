"""Cells in a kernel of their own, with every message that the kernel publishes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """A published message: which cell it belongs to, its type and content, and when it came."""

    cell: int | None
    type: str
    content: dict[str, Any]
    at: float

    @property
    def text(self) -> str:
        """The plain form of what it displays."""
        return str(self.content.get("data", {}).get("text/plain", ""))

    @property
    def display_id(self) -> str | None:
        """Which display it makes or updates."""
        display_id: str | None = self.content.get("transient", {}).get("display_id")
        return display_id


class Kernel:
    """A running kernel; `messages` has all that it published."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager = manager
        self._client = client
        self._cells: dict[str, int] = {}
        self.messages: list[Message] = []

    def run(self, code: str, *, interrupt_at: str | None = None) -> list[Message]:
        """Execute a cell to its end and return what came meanwhile; interrupt it once a display has these words."""
        first = len(self.messages)
        cell = self._cells[self._client.execute(code)] = len(self._cells)
        while not self._is_end(message := self._read(60), cell):
            if interrupt_at and interrupt_at in message.text:
                self._manager.interrupt_kernel()
                interrupt_at = None
        return self.messages[first:]

    def listen(self, seconds: float) -> None:
        """Read what is published outside of a cell."""
        end = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            while (rest := end - time.monotonic()) > 0:
                self._read(rest)

    def displays(self) -> dict[str, list[Message]]:
        """Return the displays with all their states."""
        states: dict[str, list[Message]] = {}
        for message in self.messages:
            if message.display_id:
                states.setdefault(message.display_id, []).append(message)
        return states

    def _is_end(self, message: Message, cell: int) -> bool:
        return (
            message.type == "status" and message.content["execution_state"] == "idle" and message.cell == cell
        )

    def _read(self, seconds: float) -> Message:
        from queue import Empty  # noqa: PLC0415 - jupyter_client's way to say that the time is up

        try:
            raw = self._client.get_iopub_msg(timeout=seconds)
        except Empty:
            raise TimeoutError(f"Nothing was published for {seconds:g} s") from None
        cell = self._cells.get(raw["parent_header"].get("msg_id", ""))
        self.messages.append(Message(cell, raw["msg_type"], raw["content"], time.monotonic()))
        return self.messages[-1]


@contextlib.contextmanager
def kernel(env: Mapping[str, str]) -> Iterator[Kernel]:
    """Run a kernel until the block ends."""
    from jupyter_client.manager import KernelManager  # noqa: PLC0415 - not every worker needs it

    manager: Any = KernelManager(kernel_name="python3")
    manager.start_kernel(env=dict(env))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
