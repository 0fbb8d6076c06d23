"""Rows of a name and a value: the form of a model whose parameters nobody tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from wiro_widgets.media.jsonable import plain
from wiro_widgets.protocol import wire_values
from wiro_widgets.widget.value_codec import as_list

ROWS = "**"  # among the values at the browser: the rows as JSON text
MAX_ROWS = 200
_QUOTE = '"'
_WORDS: Mapping[str, bool] = {"true": True, "false": False}
_keys = count(1)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed; `key` stands for a value that Python set and that no text can say, such as a file."""

    name: str
    text: str
    key: str | None = None

    @property
    def id(self) -> str:
        """The name that travels."""
        return self.name.strip()


class ValueRows:
    """The rows, complete or not, in their order, and the values that they mean."""

    def __init__(self) -> None:
        self._rows: tuple[Row, ...] = ()
        self._objects: dict[str, Any] = {}  # by the key of their row

    def __repr__(self) -> str:
        return f"<ValueRows {', '.join(row.name for row in self._rows)}>"

    def enter(self, text: object) -> dict[str, Any]:
        """Take the rows from the browser, and return their values; of two rows with the same name the last counts."""
        entries = wire_values.mappings(text)[:MAX_ROWS]
        keys = (wire_values.text(entry.get("key")) for entry in entries)
        self._rows = tuple(
            Row(
                wire_values.first_text(entry.get("name")),
                wire_values.first_text(entry.get("text")),
                key if key in self._objects else None,
            )
            for entry, key in zip(entries, keys, strict=True)
        )
        self._forget_objects()
        return self.values()

    def values(self) -> dict[str, Any]:
        """Return the values of the rows that have a name and a value."""
        return {
            row.id: self._objects[row.key] if row.key else read(row.text)
            for row in self._rows
            if row.id and (row.key or row.text.strip())
        }

    def follow(self, values: Mapping[str, Any]) -> None:
        """Make the rows say these values; rows that say them already, and rows that are not complete, stay."""
        own = self.values()
        rows = [
            row
            if row.id not in values or _is_same(own.get(row.id), values[row.id])
            else self._row(row.name, values[row.id])
            for row in self._rows
            if row.id in values or row.id not in own
        ]
        names = {row.id for row in rows}
        rows += [self._row(name, value) for name, value in values.items() if name not in names]
        self._rows = tuple(rows)
        self._forget_objects()

    def to_json(self) -> str:
        """Return the rows for the browser."""
        rows = [{"name": row.name, "text": row.text, "key": row.key} for row in self._rows]
        return json.dumps(rows, ensure_ascii=False)

    def _row(self, name: str, value: Any) -> Row:
        text = write(value)
        if text is not None:
            return Row(name, text)
        key = f"v{next(_keys)}"
        self._objects[key] = value
        return Row(name, _description(value), key)

    def _forget_objects(self) -> None:
        keys = {row.key for row in self._rows}
        self._objects = {key: value for key, value in self._objects.items() if key in keys}


def read(text: str) -> Any:
    """Return the value that a typed text means: a number, true or false, or the text itself.

    A number that would not keep its spelling (007, 3.50) stays a text, and so does one in double quotes, without them.
    """
    word = text.strip()
    value = _scalar(word)
    if value is not None:
        return value
    inside = word[1:-1]
    is_quoted = len(word) > 1 and word[0] == word[-1] == _QUOTE and _scalar(inside) is not None
    return inside if is_quoted else text


def write(value: Any) -> str | None:
    """Return the text that `read` understands as this value; None if there is none."""
    if isinstance(value, str):
        return value if read(value) == value else f"{_QUOTE}{value}{_QUOTE}"
    text = wire_values.text(value)
    return text if text is not None and _is_same(read(text), value) else None


def _scalar(word: str) -> bool | float | None:
    if word in _WORDS:
        return _WORDS[word]
    for number in (wire_values.integer(word), wire_values.number(word)):
        if number is not None and wire_values.number_text(number) == word:
            return number
    return None


def _is_same(a: Any, b: Any) -> bool:
    if isinstance(a, bool | str) or isinstance(b, bool | str):
        return type(a) is type(b) and bool(a == b)
    return bool(a == b) if isinstance(a, int | float) and isinstance(b, int | float) else a is b


def _description(value: Any) -> str:
    """Return what stands in a row whose value cannot be typed."""
    files = as_list(value)
    if len(files) > 1 and not isinstance(files[0], str | bool | int | float):
        return f"{len(files)} files"
    description = plain({"value": value})["value"]
    if isinstance(description, dict) and "file" in description:
        return str(description["file"])
    return json.dumps(description, ensure_ascii=False)
