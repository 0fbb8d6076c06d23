"""The terms under which a run is begun, beyond its values; they hold for what is begun inside a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """`cell` numbers equal cells of a sweep; without `fetch` somebody else downloads the outputs."""

    cell: int | None = None
    fetch: bool = True


_PLAIN = Terms()
_current: ContextVar[Terms] = ContextVar("wiro_terms", default=_PLAIN)


def current() -> Terms:
    """Return the terms that hold here."""
    return _current.get()


@contextmanager
def under(terms: Terms) -> Iterator[None]:
    """Begin runs under these terms for the length of the block."""
    token = _current.set(terms)
    try:
        yield
    finally:
        _current.reset(token)
