"""What is never shown: secrets, and characters that control a terminal.

A redactor takes secrets out of texts; values that hold one show it in no repr, copy or pickle.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from wiro_widgets.protocol import wire_values

HIDDEN = "[hidden]"
TOKEN_FIELDS = frozenset({"socketaccesstoken", "tasktoken"})  # fields that hold a token and nothing else
MIN_SECRET_CHARS = 6  # hiding shorter ones would make any text unreadable
_IS_SECRET = {"secret": True}


def printable(text: str) -> str:
    """Return the text with a blank for each character that prints nothing, except newline and tab.

    Every repr and every error passes through it, because texts of servers, models and pictures are in both: such a
    character may move the cursor, rename the window, or turn the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)


def redactor(*secrets: str | None) -> Callable[[str], str]:
    """Return a function that replaces these secrets in a text: as they are, as in a URL, and as JSON may write them."""
    plain = {str(secret) for secret in secrets if secret}
    forms = plain | {quote(item, safe="") for item in plain} | {item.replace("/", "\\/") for item in plain}
    # One form may begin with another, so the longest go first.
    longest_first = sorted((item for item in forms if len(item) >= MIN_SECRET_CHARS), key=len, reverse=True)

    def redact(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, HIDDEN)
        return text

    return redact


def redact_json(value: Any, redact: Callable[[str], str], keep: frozenset[str] = frozenset()) -> Any:
    """Return a JSON value with every text in it redacted, also keys and JSON texts; `keep` names fields that stay."""
    if isinstance(value, str):
        text = redact(value)
        return _redact_json_text(text, redact) if "\\" in text else text
    if isinstance(value, list):
        return [redact_json(item, redact, keep) for item in value]
    if isinstance(value, dict):
        return {
            redact(key): item if key in keep and isinstance(item, str) else redact_json(item, redact, keep)
            for key, item in value.items()
        }
    return value


def _redact_json_text(text: str, redact: Callable[[str], str]) -> str:
    """Redact a text that may be JSON itself: its escapes can spell a secret so that no search finds it."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return text
    try:
        value = wire_values.loads(text)
        clean = redact_json(value, redact)
        return text if clean == value else json.dumps(clean)
    except ValueError:
        return text  # no JSON, so no escapes
    except RecursionError:
        return HIDDEN


def secret_field() -> Any:
    """Declare a secret field of a dataclass that is a SecretHolder; its default is None."""
    return dataclasses.field(default=None, repr=False, metadata=_IS_SECRET)


class SecretText(str):
    """A text that can be sent; its repr, and each copy of it as by `dataclasses.asdict`, is "[hidden]"."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __deepcopy__(self, _memo: object) -> str:
        return HIDDEN

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (HIDDEN,)


class SecretHolder:
    """Base of dataclasses with secret fields; pickles leave these fields out."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):  # type: ignore[arg-type] # a dataclass below
            value = getattr(self, item.name)
            if item.metadata == _IS_SECRET and isinstance(value, str):
                object.__setattr__(self, item.name, SecretText(value))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = dataclasses.fields(self)  # type: ignore[arg-type] # a dataclass below
        public = {item.name: getattr(self, item.name) for item in fields if item.metadata != _IS_SECRET}
        return _rebuild, (type(self), public)


def _rebuild(kind: type[Any], fields: dict[str, Any]) -> Any:
    return kind(**fields)
