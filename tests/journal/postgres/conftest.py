"""A team's server of PostgreSQL that may be killed."""

import uuid
from collections.abc import Iterator

import pytest

from tests.postgres_server import PostgresServer, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Start a server that writes to its disk before it says so, and that may be killed."""
    with postgres_server(is_fast=False) as server:
        yield server


@pytest.fixture
def address(server: PostgresServer) -> str:
    """Make a database and return its address."""
    return server.new_database(uuid.uuid4().hex)
