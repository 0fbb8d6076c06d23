"""A fast sandbox for each test, and clients that each have a journal and a folder of their own."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wiro_widgets import Client, Sandbox

FLUX = "tencent/hunyuan-flux-srpo"
SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2}
MakeClient = Callable[..., Client]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Start a sandbox of its own for a test: lost runs are looked for in its list, where others' would look alike."""
    with Sandbox(speed=200, workers=4) as own:
        yield own


@pytest.fixture
def make_client(sandbox: Sandbox, tmp_path: Path) -> Iterator[MakeClient]:
    """Make clients that share a journal and a folder, and are closed with the test."""
    made: list[Client] = []

    def make(**settings: Any) -> Client:
        kept = {"journal": tmp_path / "journal.sqlite3", "output_dir": tmp_path / "outputs"}
        made.append(sandbox.client(**{**kept, **settings}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """Make one client."""
    return make_client()


@pytest.fixture
def runs(sandbox: Sandbox) -> Callable[[], int]:
    """Count the Runs that the sandbox has received since the test began."""
    begun = len(sandbox.requests)
    return lambda: sum("/Run/" in request.path for request in sandbox.requests[begun:])


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ended = threading.Event()
    for _ in range(2000):
        if condition():
            return
        ended.wait(0.005)
    raise AssertionError(condition)


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Return what a process needs to find the sandbox."""
    return {
        **os.environ,
        "WIRO_BASE_URL": sandbox.base_url,
        "WIRO_SOCKET_URL": sandbox.socket_url,
        "WIRO_API_KEY": sandbox.api_key,
        "WIRO_API_SECRET": sandbox.api_secret,
    }
