"""Sandbox: a Wiro on this machine with clients of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wiro_widgets.client.sync_client import Client
from wiro_widgets.sandbox import Faults, SandboxServer


class Sandbox(SandboxServer):
    """A Wiro on loopback for trying things out: real HTTP and sockets, drawn pictures, no account, no cost.

    `workers` is how many tasks run at once, `speed` 10 makes them ten times as fast, `faults` are the mistakes that it
    makes, as `wiro-widgets sandbox --faults` lists them; without `signature` it is a key-only project.

    >>> with Sandbox() as sandbox:
    ...     images = sandbox.client().generate("tencent/hunyuan-flux-srpo", prompt="a lighthouse")
    """

    def __init__(
        self,
        port: int = 0,
        *,
        workers: int = 2,
        speed: float = 1.0,
        faults: Faults | Mapping[str, object] | None = None,
        signature: bool = True,
    ) -> None:
        super().__init__(port, workers=workers, speed=speed, faults=faults, signature=signature)
        self._folder: Path | None = None
        self._clients: list[Client] = []

    def client(self, **settings: Any) -> Client:
        """Return a Client of this sandbox; it is closed, and its journal and outputs deleted, with the sandbox.

        `settings` are those of Client: `journal` and `output_dir` keep what it makes.
        """
        self.start()
        folder = self._folder = self._folder or Path(tempfile.mkdtemp(prefix="wiro-sandbox-"))
        defaults = {"journal": folder / "journal.sqlite3", "output_dir": folder / "outputs"}
        addresses = {"base_url": self.base_url, "socket_url": self.socket_url}
        client = Client(self.api_key, self.api_secret, **{**defaults, **settings, **addresses})
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Stop serving, close the clients and delete their files; closing twice is fine."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        super().close()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
