"""Lend the hosts a Wiro to talk to."""

from collections.abc import Iterator

import pytest

from wiro_widgets import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a Wiro for the kernels of a module."""
    with Sandbox(speed=8) as running:
        yield running
