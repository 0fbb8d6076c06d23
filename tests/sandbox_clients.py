"""The fixtures of a sandbox and its clients, for every folder of tests; `tests/conftest.py` makes them known.

`sandbox` is one for each test, because lost runs are looked for in its list, where the runs of other tests look alike.
A folder whose tests can share a sandbox lets its conftest's `sandbox` return `shared_sandbox`; the clients follow.
"""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wiro_widgets import Client, Sandbox
from wiro_widgets.client import sync_client
from wiro_widgets.sandbox import SandboxServer

FLUX = "tencent/hunyuan-flux-srpo"
SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2}
MakeClient = Callable[..., Client]
RunCount = Callable[[], int]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Start a fast sandbox for one test."""
    with Sandbox(speed=200, workers=4) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def _session_sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=1000) as sandbox:
        yield sandbox


@pytest.fixture
def shared_sandbox(_session_sandbox: Sandbox) -> Iterator[Sandbox]:
    """Lend the one sandbox of the whole run, without faults before and after."""
    _session_sandbox.faults = None
    yield _session_sandbox
    _session_sandbox.faults = None


@pytest.fixture
def make_sandbox_client(sandbox: Sandbox, tmp_path: Path) -> Iterator[MakeClient]:
    """Make clients that share a journal and a folder, and are closed with the test."""
    clients: list[Client] = []

    def make(**settings: Any) -> Client:
        defaults = {"journal": tmp_path / "journal.sqlite3", "output_dir": tmp_path / "outputs"}
        clients.append(sandbox.client(**{**defaults, **settings}))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def sandbox_client(make_sandbox_client: MakeClient) -> Client:
    """Make one client of the sandbox."""
    return make_sandbox_client()


@pytest.fixture
def run_count(sandbox: Sandbox) -> RunCount:
    """Count the Runs that the sandbox has received since the test began."""
    start = len(sandbox.requests)
    return lambda: sum("/Run/" in request.path for request in sandbox.requests[start:])


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    pause = threading.Event()
    for _ in range(6000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError(condition)


def account(sandbox: SandboxServer) -> dict[str, str]:
    """Return the variables that somebody with an account sets, for the sandbox."""
    return {
        "WIRO_BASE_URL": sandbox.base_url,
        "WIRO_SOCKET_URL": sandbox.socket_url,
        "WIRO_API_KEY": sandbox.api_key,
        "WIRO_API_SECRET": sandbox.api_secret,
    }


def close_default_client() -> None:
    """Close the client of the module's own functions; the next call of one makes another, for its own account."""
    if sync_client._default is not None:
        sync_client._default.close()


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Return what a process needs to find the sandbox."""
    return os.environ | account(sandbox)
