"""Lookup: the answer to "is there one?", in which absence is no proof (docs/architecture.md, Never pay twice)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Present(Generic[T]):
    """There is one, and this is it."""

    value: T


@dataclass(frozen=True, slots=True)
class Absent:
    """There is none, on positive evidence: Wiro refused the run, or the request never left this machine."""

    evidence: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell: not listed, not found, not readable, locked, too old, or more than one fits.

    `candidates` are the ids of tasks that may be it.
    """

    reason: str
    candidates: tuple[str, ...] = ()


Lookup = Present[T] | Absent | Unknown
