"""A terminal, and a fast sandbox that it points at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.terminal import Terminal, pointing_at
from wiro_widgets.sandbox import SandboxServer


@pytest.fixture(scope="session")
def _one_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(speed=1000) as server:
        yield server


@pytest.fixture
def sandbox(_one_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """Lend the one fast sandbox of these tests, without faults before and after."""
    _one_sandbox.faults = None
    yield _one_sandbox
    _one_sandbox.faults = None


@pytest.fixture
def bare_terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Open a terminal in an empty folder, where nothing is set."""
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def terminal(tmp_path: Path, sandbox: SandboxServer) -> Iterator[Terminal]:
    """Open a terminal in an empty folder, pointing at the fast sandbox."""
    terminal = Terminal(tmp_path, **pointing_at(sandbox))
    yield terminal
    terminal.close()
