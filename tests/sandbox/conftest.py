"""A sandbox at high speed and a caller for it."""

from collections.abc import Iterator

import pytest

from tests.sandbox.raw import Caller
from wiro_widgets.sandbox import SandboxServer


@pytest.fixture(scope="session")
def _shared_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(speed=1000, workers=2) as server:
        yield server


@pytest.fixture
def sandbox(_shared_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """Lend the one fast sandbox of the whole run, without faults before and after."""
    _shared_sandbox.faults = None
    yield _shared_sandbox
    _shared_sandbox.faults = None


@pytest.fixture(scope="session")
def _shared_caller(_shared_sandbox: SandboxServer) -> Iterator[Caller]:
    with Caller(_shared_sandbox) as caller:
        yield caller


@pytest.fixture
def caller(_shared_caller: Caller, sandbox: SandboxServer) -> Caller:
    """Lend the one caller of the fast sandbox."""
    assert _shared_caller.server is sandbox
    return _shared_caller
