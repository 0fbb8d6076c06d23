"""Told: a text that came out of somebody's picture, which may name no file of this machine."""

from __future__ import annotations

from typing import Any


class Told(str):
    """A text like any other, but never the path of a file to be uploaded: whoever made the picture chose it."""

    __slots__ = ()


def told(value: Any) -> Any:
    """Return a value of JSON with each of its texts marked."""
    if isinstance(value, str):
        return Told(value)
    if isinstance(value, list):
        return [told(item) for item in value]
    return {key: told(item) for key, item in value.items()} if isinstance(value, dict) else value
