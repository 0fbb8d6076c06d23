"""Hatchling as the build backend, with Node from PyPI as one more requirement where npm is missing.

It cannot stand in pyproject.toml: whoever has npm, or installs from an sdist, shall not download Node.
"""

from typing import Any

import front_end
from hatchling import build


def __getattr__(name: str) -> object:
    return getattr(build, name)


def get_requires_for_build_wheel(settings: dict[str, Any] | None = None) -> list[str]:
    """Return what a wheel's build needs."""
    return [*build.get_requires_for_build_wheel(settings), *front_end.requirements()]


def get_requires_for_build_editable(settings: dict[str, Any] | None = None) -> list[str]:
    """Return what an editable install's build needs."""
    return [*build.get_requires_for_build_editable(settings), *front_end.requirements()]


def get_requires_for_build_sdist(settings: dict[str, Any] | None = None) -> list[str]:
    """Return what an sdist's build needs."""
    return [*build.get_requires_for_build_sdist(settings), *front_end.requirements()]
