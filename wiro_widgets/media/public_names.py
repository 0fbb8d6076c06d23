"""PublicNames: an object that lists the names that are for its users, and not those for other rooms of this package."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, ClassVar

# Names of Literal types: where a property returns one, jedi fails, and Tab would list nothing of the object.
_LITERALS = ("Status", "Outcome")


class PublicNames:
    """`dir`, completion and the reference leave out private names and `_internal_names`, also inherited ones."""

    _internal_names: ClassVar[Iterable[str]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for item in vars(cls).values():
            annotations = getattr(item.fget, "__annotations__", {}) if isinstance(item, property) else {}
            if annotations.get("return") in _LITERALS:
                del annotations["return"]

    def __dir__(self) -> list[str]:
        _teach_ipython()
        internal = internal_names(type(self))
        return [
            name
            for name in super().__dir__()
            if name not in internal and (name.startswith("__") or not name.startswith("_"))
        ]


def internal_names(kind: type) -> set[str]:
    """Return the names of a class that are for other rooms of this package."""
    return {name for base in kind.__mro__ for name in vars(base).get("_internal_names", ())}


def _teach_ipython() -> None:
    """Have IPython list what `dir` of the object lists: without jedi it adds what `dir` of the class does."""
    generics = sys.modules.get("IPython.utils.generics")
    complete_object = getattr(generics, "complete_object", None)
    if complete_object is not None and PublicNames not in complete_object.registry:
        complete_object.register(PublicNames, lambda item, _names: dir(item))
