"""What several tests of the journal use."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer, new_place, postgres_server

NOBODY = 65534


@pytest.fixture
def plain_user() -> Iterator[Path]:
    """Yield a folder, as a user whom file permissions stop; they do not stop root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() != 0:
            yield folder
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    """Start one PostgreSQL for the whole run, each test has a database of its own in it."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest) -> Path | str:
    """Return where a new journal may be; what a test says of a `place` is so of files and servers."""
    return new_place(request, request.param)
