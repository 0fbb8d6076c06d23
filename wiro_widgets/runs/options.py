"""The terms under which a run is begun, beyond its values; they hold for what is begun inside a block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from wiro_widgets.journal.row import JournalRow


@dataclass(frozen=True, slots=True)
class Terms:
    """`cell` numbers equal cells of a sweep; without `fetch` somebody else downloads the outputs.

    `stands` tells of another run of the same content whether it takes the place of this one, which is then not sent.
    """

    cell: int | None = None
    fetch: bool = True
    stands: Callable[[JournalRow], bool] | None = None


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
