"""Fields that only this process may hold: tokens, which a repr does not show and a pickle does not carry."""

from __future__ import annotations

import dataclasses
from typing import Any

_HIDDEN = {"hidden": True}


def field() -> Any:
    """Declare a hidden field of a dataclass; None when there is nothing to hide."""
    return dataclasses.field(default=None, repr=False, metadata=_HIDDEN)


class Unpickled:
    """A dataclass whose copies in other processes come without its hidden fields."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        told = dataclasses.fields(self)  # type: ignore[arg-type] # a dataclass below
        kept = {item.name: getattr(self, item.name) for item in told if item.metadata != _HIDDEN}
        return _again, (type(self), kept)


def _again(kind: type[Any], fields: dict[str, Any]) -> Any:
    return kind(**fields)
