"""What only this process may hold: tokens, which no repr, no copy and no pickle shows, and texts without them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.credentials import HIDDEN

TOKENS = frozenset({"socketaccesstoken", "tasktoken"})  # fields that hold a token and nothing else
_HIDDEN = {"hidden": True}


def field() -> Any:
    """Declare a hidden field of a dataclass; None when there is nothing to hide."""
    return dataclasses.field(default=None, repr=False, metadata=_HIDDEN)


class Text(str):
    """A text for the wire: whoever prints it or copies it, as `dataclasses.asdict` does, gets "[hidden]"."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __deepcopy__(self, _memo: object) -> str:
        return HIDDEN

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (HIDDEN,)


class Unpickled:
    """A dataclass whose copies in other processes come without its hidden fields."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):  # type: ignore[arg-type] # a dataclass below
            value = getattr(self, item.name)
            if item.metadata == _HIDDEN and isinstance(value, str):
                object.__setattr__(self, item.name, Text(value))

    def __reduce__(self) -> tuple[Any, ...]:
        told = dataclasses.fields(self)  # type: ignore[arg-type] # a dataclass below
        kept = {item.name: getattr(self, item.name) for item in told if item.metadata != _HIDDEN}
        return _again, (type(self), kept)


def within(value: Any, redact: Callable[[str], str], keep: frozenset[str] = frozenset()) -> Any:
    """Return a value of JSON with every text in it redacted, keys and JSON texts too; fields to `keep` stay."""
    if isinstance(value, str):
        found = redact(value)
        return _unescaped(found, redact) if "\\" in found else found
    if isinstance(value, list):
        return [within(item, redact, keep) for item in value]
    if isinstance(value, dict):
        return {
            redact(key): item if key in keep and isinstance(item, str) else within(item, redact, keep)
            for key, item in value.items()
        }
    return value


def _unescaped(text: str, redact: Callable[[str], str]) -> str:
    """Redact a text that is JSON itself, in which escapes can spell a secret so that no search finds it."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return text
    try:
        found = wire_values.loads(text)
        clean = within(found, redact)
        return text if clean == found else json.dumps(clean)
    except ValueError:
        return text  # nobody will be able to read it either
    except RecursionError:
        return HIDDEN


def _again(kind: type[Any], fields: dict[str, Any]) -> Any:
    return kind(**fields)
