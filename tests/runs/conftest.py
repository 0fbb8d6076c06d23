"""The hostile server and its clients."""

from tests.hostile.fixtures import *  # noqa: F403 - fixtures are found by their names
