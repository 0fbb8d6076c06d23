"""One parameter of a model: what kind of value it takes, and the rules a value must keep."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.scalars import is_broken, is_too_large, is_url, parsed, plain, shown
from wiro_widgets.protocol.told import Told

Kind = Literal["text", "textarea", "select", "range", "number", "boolean", "file"]
FileStyle = Literal["single", "multi", "combine"]
Accept = Literal["image", "audio", "video"]

_LISTED = 12  # options that an error names


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select: the value that is sent, and the words that are shown."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a model, as the catalogue describes it (protocol: Catalogue).

    `file_style` is how files travel: one part, repeated parts beside a list of URLs, or both mixed.
    `integer` is true when only whole numbers make sense. `max_files` None: no limit.
    """

    id: str
    kind: Kind = "text"
    label: str = ""
    required: bool = False
    default: Any = None
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    help: str = ""
    placeholder: str = ""
    advanced: bool = False
    integer: bool = False
    file_style: FileStyle | None = None
    max_files: int | None = None
    accept: Accept | None = None

    @property
    def multiple(self) -> bool:
        """Whether a list of files is taken."""
        return self.kind == "file" and self.file_style != "single" and self.max_files != 1

    def convert(self, value: object) -> Any:
        """Return the value as the model takes it, or raise InvalidParameter naming this parameter."""
        if self.kind == "file":
            return self._files(value)
        value = plain(value)
        if type(value) in (str, int, float) and value == self.default:
            return self.default  # real catalogues have defaults outside their own options and bounds
        if self.kind in ("range", "number"):
            return self._number(value)
        if self.kind == "boolean":
            return self._boolean(value)
        if self.kind == "select" and self.options:
            return self._choice(value)
        return self._text(value)

    def is_missing(self, value: object) -> bool:
        """Whether the value counts as not given: None, an empty list, blank text that means nothing here."""
        if value is None:
            return True
        if isinstance(value, str) and not value.strip():
            return self.kind in ("range", "number", "boolean", "file") or (
                self.required and not any(option.value == value for option in self.options)
            )
        return self.kind == "file" and isinstance(value, list | tuple) and not value

    def refuse(self, reason: str) -> InvalidParameter:
        """Return the error that says why a value is not taken."""
        return InvalidParameter(self.id, reason)

    def _number(self, value: object) -> float:
        found = parsed(value)
        if found is None:
            kind = "a whole number" if self.integer else "a number"
            raise self.refuse(f"{kind} is needed, not {shown(value)}")
        if self.integer and isinstance(found, float):
            if not found.is_integer():
                raise self.refuse(f"a whole number is needed, not {shown(value)}")
            found = int(found)
        low, high = self.minimum, self.maximum
        if (low is not None and found < low) or (high is not None and found > high):
            raise self.refuse(f"must be {_bounds(low, high)}, not {wire_values.number_text(found)}")
        return found

    def _boolean(self, value: object) -> bool:
        found = None if is_too_large(value) else wire_values.flag(value)
        if found is None:
            raise self.refuse(f"true or false is needed, not {shown(value)}")
        return found

    def _choice(self, value: object) -> str:
        wanted = wire_values.text(value) if isinstance(value, bool) else _words(value)
        if wanted is None:
            raise self.refuse(f"one of its options is needed, not {shown(value)}")
        for option in self.options:
            if option.value == wanted:
                return option.value
        for option in self.options:
            if wanted.lower() in (option.value.lower(), option.label.lower()):
                return option.value
        values = [option.value for option in self.options]
        listed = ", ".join(repr(item) for item in values[:_LISTED]) + (
            ", ..." if len(values) > _LISTED else ""
        )
        raise self.refuse(f"{shown(value)} is not one of {listed}.{nearest(wanted, values)}")

    def _text(self, value: object) -> str:
        found = _words(value)
        if found is None:
            raise self.refuse(f"text is needed, not {shown(value)}")
        if is_broken(found):
            raise self.refuse("holds half a character (a lone surrogate) that cannot be sent")
        return found

    def _files(self, value: object) -> Any:
        files = list(value) if isinstance(value, list | tuple) else [value]
        if any(item is None or isinstance(item, bool | numbers.Number | dict) for item in files):
            raise self.refuse(f"a path, bytes, an image or a URL is needed, not {shown(value)}")
        if any(isinstance(item, Told) and not is_url(item) for item in files):
            raise self.refuse(f"a recipe names {shown(value)} and does not hold it; give the file itself")
        limit = 1 if self.file_style == "single" else self.max_files
        if limit is not None and len(files) > limit:
            raise self.refuse(f"takes up to {limit} file{'s' if limit > 1 else ''}, not {len(files)}")
        return files if self.multiple else files[0]


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the sentence that proposes the nearest of the names, or nothing."""
    found = difflib.get_close_matches(name.lower(), [item.lower() for item in names], n=1, cutoff=0.6)
    return next((f" Did you mean {item!r}?" for item in names if found and item.lower() == found[0]), "")


def _words(value: object) -> str | None:
    if isinstance(value, str):
        return value
    number = parsed(value)
    return None if number is None else wire_values.number_text(number)


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {wire_values.number_text(high or 0)}"
    if high is None:
        return f"at least {wire_values.number_text(low)}"
    return f"between {wire_values.number_text(low)} and {wire_values.number_text(high)}"
