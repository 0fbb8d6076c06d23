"""A Wiro on this machine, ready to be talked to: the sandbox with a client of its own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from wiro_widgets.client.sync import Client
from wiro_widgets.protocol.credentials import KEY_NAME
from wiro_widgets.protocol.errors import ConfigurationError
from wiro_widgets.sandbox import Faults, SandboxServer

_SANDBOX_LINE = (
    f"No {KEY_NAME} was found: this is a sandbox on this machine; its pictures are drawn, not generated."
)


class Sandbox(SandboxServer):
    """A Wiro on loopback for trying things out: real HTTP and sockets, drawn pictures, no account, no cost.

    `workers` tasks run at once, `speed` 10 makes them ten times as fast, `faults` is what it is to do wrong, as
    `wiro-widgets sandbox --faults` lists it, and without `signature` it is a key-only project.

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
        """Return a Client that points here, closed with the sandbox; its journal and outputs go with it too."""
        self.start()
        folder = self._folder = self._folder or Path(tempfile.mkdtemp(prefix="wiro-sandbox-"))
        kept = {"journal": folder / "journal.sqlite3", "output_dir": folder / "outputs"}
        here = {"base_url": self.base_url, "socket_url": self.socket_url}
        client = Client(self.api_key, self.api_secret, **{**kept, **settings, **here})
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Stop serving and remove what its clients kept; closing twice is fine."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        super().close()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def connect(**settings: Any) -> Client:
    """Return a Client for your Wiro project, or one for a sandbox on this machine where no key is found.

    The sandbox is started once, says so, and lives as long as the process. Raises ConfigurationError.
    """
    try:
        return Client(**settings)
    except ConfigurationError:
        if settings or os.environ.get(KEY_NAME):
            raise
    print(_SANDBOX_LINE)  # noqa: T201 - the one line that a notebook shows
    return _shared_sandbox().client()


@lru_cache(maxsize=1)
def _shared_sandbox() -> Sandbox:
    sandbox = Sandbox().start()
    atexit.register(sandbox.close)
    return sandbox
