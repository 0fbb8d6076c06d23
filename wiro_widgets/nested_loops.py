"""The opt-in to nest-asyncio; nothing in this package needs it."""

from __future__ import annotations


def allow_nested_loops() -> None:
    """Let scripts that call `asyncio.run(...)` work in a notebook, whose loop is already running.

    This patches asyncio for the whole process and breaks libraries built on anyio, so it is never done by itself.

    >>> allow_nested_loops()
    """
    import nest_asyncio  # noqa: PLC0415 - only this function needs it

    nest_asyncio.apply()
