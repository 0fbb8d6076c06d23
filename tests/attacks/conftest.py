"""What the attacks share: kernels that can be killed, and a worker that ends tasks."""

import os
from collections.abc import Iterator

import pytest

from tests.attacks.kernels import Kernels
from tests.hostile.server import HostileServer
from tests.hostile.worker import Worker

pytest.register_assert_rewrite("tests.attacks.sweeps")


@pytest.fixture(scope="session")
def _kernel_process() -> Iterator[Kernels]:
    if not hasattr(os, "fork"):
        pytest.skip("kernels are forked, which this system cannot")
    kernels = Kernels()
    yield kernels
    kernels.close()


@pytest.fixture
def kernels(_kernel_process: Kernels) -> Iterator[Kernels]:
    """Start kernels, and kill them after the test."""
    yield _kernel_process
    _kernel_process.kill_all()


@pytest.fixture
def worker(server: HostileServer) -> Worker:
    """End every task of the server with a picture of its inputs."""
    return Worker(server)
