"""Faults from a mapping or from the command line's `name=value` texts."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import get_type_hints

from wiro_widgets.sandbox.faults.faults import NONE, Calls, Faults, whole_number
from wiro_widgets.sandbox.faults.wire_shapes import DRIFTS

_CHOICES = {
    "stuck": ("", "queue", "run"),
    "output_as": ("", "html", "text", "jpeg", "empty", "bomb", "truncated"),
}
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


def fault_catalogue() -> dict[str, str]:
    """Return every fault's name and what it does."""
    hints = get_type_hints(Faults, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in dataclasses.fields(Faults)}


def read_faults(source: Faults | Mapping[str, object] | None) -> Faults:
    """Return checked faults; raise ValueError for an unknown name or an impossible value."""
    if source is None:
        return NONE
    if isinstance(source, Faults):
        source = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
    hints = get_type_hints(Faults)
    values: dict[str, object] = {}
    for name, value in source.items():
        if name not in hints:
            raise ValueError(_unknown(name))
        try:
            values[name] = _read(name, hints[name], value)
        except ValueError as exc:
            raise ValueError(f"fault {name}: {exc}") from exc
    return dataclasses.replace(NONE, **values)  # type: ignore[arg-type]  # each value was read by its type above


def parse_faults(texts: Iterable[str]) -> Faults:
    """Read `name=value` texts; a name alone means true, or once."""
    values: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        values[name.strip()] = value.strip() if equals else "1"
    return read_faults(values)


def _unknown(name: str) -> str:
    names = list(fault_catalogue())
    near = difflib.get_close_matches(name, names, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"there is no fault {name!r}.{hint} Known faults: {', '.join(names)}"


def _read(name: str, kind: object, value: object) -> object:
    if kind is Calls:
        return Calls.of(value)
    if kind is str:
        return _word(name, str(value))
    if kind is bool:
        return _boolean(value)
    if kind is float:
        return _seconds(value)
    return None if value is None else whole_number(str(value))


def _boolean(value: object) -> bool:
    text = str(value).lower()
    if text not in (*_TRUE, *_FALSE):
        raise ValueError(f"{value!r} is not true or false")
    return text in _TRUE


def _seconds(value: object) -> float:
    seconds = float(str(value))
    if not 0 <= seconds <= 3600:  # noqa: PLR2004  (an hour)
        raise ValueError(f"{value!r} is not between 0 and 3600 seconds")
    return seconds


def _word(name: str, text: str) -> str:
    if name == "drift":
        unknown = set(text.split(",")) - {*DRIFTS, "all", ""}
        if unknown:
            raise ValueError(f"unknown drift {', '.join(sorted(unknown))}; known: {', '.join(DRIFTS)}, all")
    elif name in _CHOICES and text not in _CHOICES[name]:
        raise ValueError(f"{text!r} is not one of {', '.join(filter(None, _CHOICES[name]))}")
    return text
