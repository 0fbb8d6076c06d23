"""A terminal, and a fast sandbox that it points at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.terminal import Terminal
from tests.sandbox_clients import account
from wiro_widgets import Sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    """Share one fast sandbox."""
    return shared_sandbox


@pytest.fixture
def bare_terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Open a terminal in an empty folder, where nothing is set."""
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def terminal(tmp_path: Path, sandbox: Sandbox) -> Iterator[Terminal]:
    """Open a terminal in an empty folder, pointing at the fast sandbox."""
    terminal = Terminal(tmp_path, **account(sandbox))
    yield terminal
    terminal.close()
