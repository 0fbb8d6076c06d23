"""A fast sandbox for each test and clients of it."""

from tests.sandbox_clients import *  # noqa: F403 - fixtures are found by their names
