"""`wiro-widgets demo | gallery`: JupyterLab on the quickstart with a sandbox, or on the gallery of your own runs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wiro_widgets.client import config
from wiro_widgets.client.sync_client import Client
from wiro_widgets.commands import console
from wiro_widgets.commands.serve import POLL_SECONDS, note_signals
from wiro_widgets.media.cloud_files import CloudFolder
from wiro_widgets.protocol.errors import ConfigurationError

NOTEBOOK = "quickstart.ipynb"
GALLERY = "gallery.ipynb"
START_SECONDS = 60.0


def main(*, port: int, browser: bool, as_json: bool) -> int:
    """Serve until SIGINT or SIGTERM; print the address of the notebook once it answers."""
    _require("jupyterlab", "uvicorn")
    from wiro_widgets.sandbox import SandboxServer  # noqa: PLC0415 - an extra

    signals = note_signals()
    with _home() as folder, SandboxServer() as sandbox:
        shutil.copy(_notebook(), folder)
        environment = {
            "WIRO_BASE_URL": sandbox.base_url,
            "WIRO_SOCKET_URL": sandbox.socket_url,
            "WIRO_API_KEY": sandbox.api_key,
            "WIRO_API_SECRET": sandbox.api_secret,
            "WIRO_JOURNAL": str(Path(folder) / ".wiro" / "journal.sqlite3"),
            "WIRO_OUTPUT_DIR": str(Path(folder) / "outputs"),
        }
        lines = (
            "The sandbox on this machine answers for Wiro.",
            f"Ctrl-C ends both and removes {folder}, where the notebook works.",
        )
        lab = Lab(Path(folder) / NOTEBOOK, "the quickstart notebook", environment, lines)
        return _serve(lab, _free_port(port), signals, browser=browser, as_json=as_json)


def gallery(*, port: int, browser: bool, as_json: bool) -> int:
    """Serve a notebook with the gallery of the journal until SIGINT or SIGTERM; print its address once it answers."""
    _require("jupyterlab")
    Client(journal=False).close()  # a key that is missing is said here, not in a cell
    signals = note_signals()
    with _home() as folder:
        path = Path(folder) / GALLERY
        path.write_text(json.dumps(_gallery_notebook(Path.cwd())), encoding="utf-8")
        journal, outputs = config.journal_place(), config.output_folder()
        environment = {  # the kernel starts in another folder, where a relative path would mean another file
            **({"WIRO_JOURNAL": str(journal.absolute())} if isinstance(journal, Path) else {}),
            "WIRO_OUTPUT_DIR": str(outputs if isinstance(outputs, CloudFolder) else outputs.absolute()),
        }
        lines = ("Run its cell: Shift+Enter.", "Ctrl-C ends JupyterLab; your runs stay as they are.")
        lab = Lab(path, "the gallery", environment, lines)
        return _serve(lab, _free_port(port), signals, browser=browser, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Lab:
    """A JupyterLab to start: its notebook, what that is in words, its variables, and lines to print for a person."""

    notebook: Path
    words: str
    environment: Mapping[str, str]
    lines: Sequence[str]


def _require(*modules: str) -> None:
    if any(find_spec(name) is None for name in modules):
        raise ConfigurationError('This needs more packages: pip install "wiro-widgets[demo]"')


def _home() -> tempfile.TemporaryDirectory[str]:
    # A kernel may still write.
    return tempfile.TemporaryDirectory(prefix="wiro-demo-", ignore_cleanup_errors=True)


def _gallery_notebook(folder: Path) -> dict[str, Any]:
    """Return a notebook whose cell shows the gallery, and works in this folder: exports go there."""
    source = (
        f"import os\n\nimport wiro_widgets as wiro\n\nos.chdir({str(folder)!r})\n"
        "gallery = wiro.Gallery()\ngallery"
    )
    cell = {"cell_type": "code", "id": "gallery", "source": source}
    return {
        "cells": [{**cell, "execution_count": None, "metadata": {}, "outputs": []}],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _serve(lab: Lab, port: int, signals: list[int], *, browser: bool, as_json: bool) -> int:
    folder, token = lab.notebook.parent, secrets.token_hex(24)
    url = f"http://127.0.0.1:{port}/lab/tree/{lab.notebook.name}?token={token}"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None"),
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    environment = {
        **os.environ,
        **lab.environment,
        "JUPYTER_CONFIG_PATH": str(_without_news(folder)),
        "JUPYTER_TOKEN": token,  # not on the command line, where other users see it
    }
    log = (folder / ".jupyter.log").open("wb")
    # Without a terminal on stdin Jupyter does not ask at Ctrl-C whether it is meant.
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
    with log, subprocess.Popen(command, env=environment, **streams) as process:  # noqa: S603 - our own command
        try:
            if _wait_until_up(f"http://127.0.0.1:{port}/api", process, signals):
                if as_json:
                    console.out_json({"url": url})
                else:
                    console.out(f"JupyterLab with {lab.words}: {url}")
                console.err("\n".join(lab.lines))
                if browser:
                    webbrowser.open(url)
                while not signals and process.poll() is None:
                    time.sleep(POLL_SECONDS)
            elif not signals:
                tail = (folder / ".jupyter.log").read_text("utf-8", "replace")[-2000:]
                raise ConfigurationError(f"JupyterLab did not start:\n{tail}")
        finally:
            _end(process)
    return 0


def _wait_until_up(url: str, lab: subprocess.Popen[bytes], signals: list[int]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and lab.poll() is None and not signals:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return True
        except urllib.error.HTTPError:
            return True  # it answers, if only to ask for the token
        except OSError:
            time.sleep(POLL_SECONDS)
    return False


def _end(lab: subprocess.Popen[bytes]) -> None:
    """End JupyterLab and its kernels: Jupyter asks for confirmation at the first signal and ends at the second."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        if lab.poll() is not None:
            return
        lab.send_signal(number)
        try:
            lab.wait(5)
        except subprocess.TimeoutExpired:
            continue


def _without_news(folder: Path) -> Path:
    """Return a settings folder that turns off JupyterLab's question about news."""
    settings = folder / ".jupyter"
    page = settings / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True)
    page.write_text('{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}')
    return settings


def _free_port(first_choice: int) -> int:
    for port in (first_choice, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigurationError("There is no free port on this machine.")


def _notebook() -> Path:
    """Return the quickstart notebook: packed into a wheel, or in the checkout."""
    package = Path(__file__).parent.parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / NOTEBOOK).is_file():
            return folder / NOTEBOOK
    raise ConfigurationError(f"{NOTEBOOK} is not part of this installation.")
