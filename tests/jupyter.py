"""A Jupyter server for tests: own folders, a token, no news, no dialogs, nothing of the user's."""

import contextlib
import json
import secrets
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.serving import environment, free_port, serving

ROOT = Path(__file__).resolve().parent.parent
App = Literal["lab", "notebook"]

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": False, "theme": "JupyterLab Light"},
    "@jupyterlab/apputils-extension:kernels-settings": {"skipKernelRestartDialog": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
NOT_NEEDED = (
    "jupyter_lsp",
    "jupyter_server_terminals",
    "panel.io.jupyter_server_extension",
    "solara.server.jupyter.server_extension",
    "voila.server_extension",
)
FLAGS = (
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--ServerApp.terminals_enabled=False",
    f"--ServerApp.jpserver_extensions={dict.fromkeys(NOT_NEEDED, False)}",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
)
MODULES = {"lab": "jupyterlab", "notebook": "notebook"}
EXPOSE = {
    "lab": "--LabApp.expose_app_in_browser=True",
    "notebook": "--JupyterNotebookApp.expose_app_in_browser=True",
}


@dataclass(frozen=True)
class JupyterServer:
    """A running server: where it listens, and the folder that holds its notebooks."""

    app: App
    base_url: str
    folder: Path
    token: str = field(repr=False)

    @property
    def authorization(self) -> dict[str, str]:
        """The header that the server's own REST interface asks for."""
        return {"Authorization": f"token {self.token}"}

    def url(self, notebook: str, *, document: bool = False) -> str:
        """Return the address that opens a notebook; `document` means JupyterLab's single-document mode."""
        if self.app == "notebook":
            return f"{self.base_url}/notebooks/{notebook}?token={self.token}"
        return f"{self.base_url}/{'doc' if document else 'lab'}/tree/{notebook}?reset&token={self.token}"

    def write(self, notebook: str, cells: Sequence[str]) -> Path:
        """Write a notebook with these code cells into the server's folder."""
        return write_notebook(self.folder / notebook, cells)

    def add(self, notebook: Path) -> Path:
        """Copy a notebook of the repository into the server's folder."""
        return Path(shutil.copy(notebook, self.folder))

    def end_kernels(self) -> None:
        """End every session, and its kernel with it."""
        for session in json.loads(self.ask("GET", "/api/sessions")):
            self.ask("DELETE", f"/api/sessions/{session['id']}")

    def ask(self, method: str, path: str) -> bytes:
        """Call the server's own REST interface."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback server
            self.base_url + path, method=method, headers=self.authorization
        )
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - the same
            answer: bytes = reply.read()
        return answer


@contextlib.contextmanager
def jupyter_server(
    app: App, *, folder: Path, env: Mapping[str, str] | None = None, prefix: str = ""
) -> Iterator[JupyterServer]:
    """Serve `folder` until the block ends; kernels see this checkout, `env` and no other WIRO_ variable.

    All addresses begin with the path `prefix`, such as "/user/ada", which JupyterHub's proxy hands on as it is.
    """
    with tempfile.TemporaryDirectory(prefix="wiro-jupyter-", ignore_cleanup_errors=True) as home:
        server = JupyterServer(app, f"http://127.0.0.1:{free_port()}{prefix}", folder, secrets.token_hex(16))
        with serving(
            _command(server),
            env={**jupyter_environment(Path(home)), **(env or {})},
            answers_at=f"{server.base_url}/api",
            headers=server.authorization,
        ):
            yield server


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """Write a notebook with these code cells."""
    new = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [_cell(f"cell-{number}", source) for number, source in enumerate(cells)],
    }
    path.write_text(json.dumps(new), encoding="utf-8")
    return path


def _cell(name: str, source: str) -> dict[str, Any]:
    return {
        "id": name,
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def _command(server: JupyterServer) -> list[str]:
    address = urlsplit(server.base_url)
    return [
        *(sys.executable, "-m", MODULES[server.app], *FLAGS, EXPOSE[server.app]),
        *(
            f"--port={address.port}",
            f"--ServerApp.base_url={address.path}/",
            f"--IdentityProvider.token={server.token}",
            f"--ServerApp.root_dir={server.folder}",
        ),
    ]


def jupyter_environment(home: Path) -> dict[str, str]:
    """Return variables that keep a Jupyter process out of the user's folders, which it makes in `home`."""
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    for folder in folders.values():
        folder.mkdir()
    overrides = home / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir()
    overrides.write_text(json.dumps(SETTINGS))
    own: dict[str, Any] = {
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": ROOT,
    }
    return environment(folders | own)
