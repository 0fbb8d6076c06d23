"""One parameter of a model: the kind of its values, and the conversion of a user's value."""

from __future__ import annotations

import difflib
import json
import numbers
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, Literal

from wiro_widgets.protocol import wire_values
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.schema import file_texts
from wiro_widgets.protocol.schema.scalars import (
    UntrustedText,
    exact_number,
    has_lone_surrogate,
    is_too_large,
    is_url,
    python_scalar,
    readings_of_commas,
    short_repr,
)

Kind = Literal["text", "textarea", "select", "range", "number", "boolean", "file"]
FileStyle = Literal["single", "multi", "combine"]
Accept = Literal["image", "audio", "video"]
Structure = Literal["list", "object"]

_MAX_OPTIONS = 12  # that an error lists
_LONGEST_NAME = 200  # characters of a name that another is proposed for


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select: the value to send, its label, and the address of its picture if it has one."""

    value: str
    label: str
    cover: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Parameter:
    """One parameter of a model, as the catalogue describes it (docs/protocol.md, Catalogue).

    `file_style` says how files are sent and `url_field` where their URLs go, if the schema lists a field for that; this
    field has `url_of` (docs/protocol.md, Files). `integer` is True if only whole numbers are valid. `max_files` None
    means no limit. `structure` is "list" or "object" if the values are JSON lists or objects, or their JSON text.
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
    url_field: str | None = None
    url_of: str | None = None
    structure: Structure | None = None

    def __repr__(self) -> str:
        facts = {item.name: getattr(self, item.name) for item in fields(self)}
        changed = [
            (item.name, facts[item.name]) for item in fields(self)[1:] if facts[item.name] != item.default
        ]
        words = [f"{name}={short_repr(value)}" for name, value in changed if name != "options"]
        options = [f"options: {len(self.options)}"] if self.options else []
        return printable(f"<Parameter {', '.join([self.id, *words, *options])}>")

    @property
    def multiple(self) -> bool:
        """True if it takes a list of files."""
        return self.kind == "file" and self.file_style != "single" and self.max_files != 1

    @property
    def has_to_be_given(self) -> bool:
        """True if a run is refused without it: the default of a required text or file is never sent (a run costs)."""
        return self.required and (self.kind in ("text", "textarea", "file") or self.default is None)

    def convert(self, value: object) -> Any:  # noqa: PLR0911 - one for each kind
        """Return the value in the parameter's type, or raise InvalidParameter naming this parameter."""
        if self.kind == "file":
            return self._files(value)
        value = python_scalar(value)
        if type(value) in (str, int, float) and value == self.default:
            return self.default  # catalogues have defaults outside their own options and bounds
        if self.kind in ("range", "number"):
            return self._number(value)
        if self.kind == "boolean":
            result = None if is_too_large(value) else wire_values.flag(value)
            if result is None:
                raise self.refuse(f"true or false is needed, not {short_repr(value)}")
            return result
        if self.kind == "select" and self.options:
            return self._choice(value)
        if self.structure is not None:
            return self._structure(value)
        return self._text_of(value)

    def as_text(self, value: object) -> str:
        """Return a value as text that `convert` reads as the same value: a list or an object as JSON."""
        if self.structure is not None and not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False, default=str)
        return wire_values.text(value) or ""

    def is_missing(self, value: object) -> bool:
        """Return True for None, an empty list of files, and blank text that is no value of this parameter."""
        if value is None:
            return True
        if isinstance(value, str) and not value.strip():
            return self.kind in ("range", "number", "boolean", "file") or (
                self.required and not any(option.value == value for option in self.options)
            )
        is_empty = isinstance(value, list | tuple) and not value
        return self.kind == "file" and is_empty and not hasattr(type(value), "__wiro_input__")

    def refuse(self, reason: str) -> InvalidParameter:
        """Return the error for a value that this parameter does not take."""
        return InvalidParameter(self.id, reason)

    def _text_of(self, value: object) -> str:
        if self.url_of and isinstance(value, list | tuple) and all(map(is_url, value)):
            return join_urls(value)
        text = _text(value)
        if text is None:
            raise self.refuse(f"text is needed, not {short_repr(value)}")
        if has_lone_surrogate(text):
            raise self.refuse("holds half a character (a lone surrogate) that cannot be sent")
        return text

    def _number(self, value: object) -> float:
        number = exact_number(value)
        if number is None or (self.integer and number != int(number)):
            kind = "a whole number" if self.integer else "a number"
            readings = [item for item in readings_of_commas(value) if not (self.integer and "." in item)]
            advice = f"; write {' or '.join(readings)}, with a point for decimals" if readings else ""
            raise self.refuse(f"{kind} is needed, not {short_repr(value)}{advice}")
        if self.integer:
            number = int(number)
        low, high = self.minimum, self.maximum
        if (low is not None and number < low) or (high is not None and number > high):
            raise self.refuse(f"must be {_bounds(low, high)}, not {wire_values.number_text(number)}")
        return number

    def _choice(self, value: object) -> str:
        text = wire_values.text(value) if isinstance(value, bool) else _text(value)
        if text is None:
            raise self.refuse(f"one of its options is needed, not {short_repr(value)}")
        values = [option.value for option in self.options]
        if text in values:
            return text
        for option in self.options:
            if text.lower() in (option.value.lower(), option.label.lower()):
                return option.value
        names = ", ".join(map(short_repr, values[:_MAX_OPTIONS])) + (
            ", ..." if len(values) > _MAX_OPTIONS else ""
        )
        raise self.refuse(f"{short_repr(value)} is not one of {names}.{nearest(text, values)}")

    def _structure(self, value: object) -> Any:
        """Return a list or an object, also from its JSON text; a list may be lines of text as well."""
        if isinstance(value, tuple):
            value = list(value)
        if isinstance(value, str) and not has_lone_surrogate(value):
            value = _read_list(value) if self.structure == "list" else wire_values.mapping(value) or value
        if not isinstance(value, list if self.structure == "list" else Mapping):
            what = "a list" if self.structure == "list" else "an object (a dict, or its JSON text)"
            raise self.refuse(f"{what} is needed, not {short_repr(value)}")
        return value

    def _files(self, value: object) -> Any:
        files = _single_values(value)
        if not files:
            raise self.refuse("the run that this came from made no file to use")
        if any(item is None or isinstance(item, bool | numbers.Number | dict) for item in files):
            raise self.refuse(f"a path, bytes, an image or a URL is needed, not {short_repr(value)}")
        limit = 1 if self.file_style == "single" else self.max_files
        if limit is not None and len(files) > limit:
            raise self.refuse(f"takes up to {limit} file{'s' if limit > 1 else ''}, not {len(files)}")
        files = [self.read_file(item) for item in files]
        return files if self.multiple else files[0]

    def read_file(self, value: object) -> object:
        """Return what a text stands for as a file (`file_texts.read`), anything else as it is.

        Raises InvalidParameter, also for a text out of a recipe that is no web address.
        """
        if isinstance(value, UntrustedText) and not is_url(value):
            raise self.refuse(
                f"the recipe names {short_repr(value)} but does not contain it; give the file itself"
            )
        try:
            return file_texts.read(value) if isinstance(value, str) else value
        except ValueError as error:
            raise self.refuse(str(error)) from None


def join_urls(urls: Iterable[object]) -> str:
    """Return several URLs as the one text that a field for them takes."""
    return ",".join(str(item).strip().replace(",", "%2C") for item in urls)


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the sentence that proposes the nearest of the names, or an empty text."""
    if len(name) > _LONGEST_NAME:
        return ""
    matches = difflib.get_close_matches(name.lower(), [item.lower() for item in names], n=1, cutoff=0.6)
    return next((f" Did you mean {short_repr(item)}?" for item in names if item.lower() in matches), "")


def _single_values(value: object) -> list[Any]:
    """Return the single values; a list such as Images says itself what it stands for as an input."""
    if not isinstance(value, list | tuple):
        return [value]
    stand_in = getattr(value, "__wiro_input__", None)
    return list(stand_in() if stand_in else value)


def _read_list(text: str) -> list[Any]:
    """Read a JSON list, its items without brackets, or else one text a line."""
    for json_text in (text, f"[{text}]"):
        with suppress(ValueError):
            value = wire_values.loads(json_text)
            if isinstance(value, list):
                return value
    return [line.strip() for line in text.splitlines() if line.strip()]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    number = exact_number(value)
    return None if number is None else wire_values.number_text(number)


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {wire_values.number_text(high or 0)}"
    if high is None:
        return f"at least {wire_values.number_text(low)}"
    return f"between {wire_values.number_text(low)} and {wire_values.number_text(high)}"
