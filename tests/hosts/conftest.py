"""Lend the hosts a Wiro to talk to, and a Notebook 7."""

from collections.abc import Iterator

import pytest

from tests.jupyter import JupyterServer, jupyter_server
from wiro_widgets import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of a module."""
    with Sandbox(speed=8) as running:
        yield running


@pytest.fixture(scope="session")
def notebook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Start one Notebook 7 for all hosts."""
    with jupyter_server("notebook", folder=tmp_path_factory.mktemp("notebook")) as server:
        yield server
