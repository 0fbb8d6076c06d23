"""A kernel's end of a comm without a kernel: every message becomes the bytes that would be sent, and is counted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import comm
from comm.base_comm import BaseComm

from benchmarks.loading import Server
from wiro_widgets import Client


class Counting(BaseComm):
    """A comm whose other end is nobody."""

    def __init__(self, **settings: Any) -> None:
        self.bytes = 0
        self.send_times: list[float] = []
        super().__init__(**settings)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,  # noqa: ARG002 - the parent's
        buffers: list[bytes] | None = None,
        **_keys: Any,
    ) -> None:
        """Count a message; what a widget sends when it opens is not counted."""
        size = len(json.dumps(data or {})) + sum(map(len, buffers or []))
        if msg_type == "comm_msg":
            self.bytes += size
            self.send_times.append(time.monotonic())

    def click(self, kind: str, **fields: Any) -> None:
        """Say what a hand does in a page."""
        content = {"v": 1, "client": "page", "type": kind, "rev": 1, **fields}
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def most_in_a_second(self) -> int:
        """Return the largest number of messages within any second."""
        return max(
            (sum(at <= later < at + 1 for later in self.send_times) for at in self.send_times), default=0
        )


@contextmanager
def bench_client(server: Server, **settings: Any) -> Iterator[Client]:
    """Lend a client of the load server whose widgets talk to a Counting comm, with a journal of its own."""
    before, comm.create_comm = comm.create_comm, Counting
    here: dict[str, Any] = {"base_url": server.base_url, "socket_url": server.socket_url}
    try:
        with TemporaryDirectory(prefix="wiro-bench-") as folder:
            keeps_promise = {
                "journal": Path(folder, "journal.sqlite3"),
                "output_dir": Path(folder, "outputs"),
            }
            with Client(
                "key-of-the-benchmarks", "secret-of-the-benchmarks", **here | keeps_promise | settings
            ) as client:
                yield client
    finally:
        comm.create_comm = before
