"""The one door of nest-asyncio; nothing of this package needs it."""

from __future__ import annotations


def allow_nested_loops() -> None:
    """Let scripts that call `asyncio.run(...)` work inside a notebook, whose loop is running already.

    This patches asyncio for the whole process and breaks libraries built on anyio, so it happens only when asked for.
    """
    import nest_asyncio  # noqa: PLC0415 - importing it is harmless, but nobody else needs it

    nest_asyncio.apply()
