"""The values of a panel's controls: Python's own on this side, what JSON takes on the browser's."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import PurePath
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import traitlets

from wiro_widgets.media.jsonable import plain
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.form import exact
from wiro_widgets.widget.wire import labels

_ids = count(1)  # of files: none is used twice, for browsers remember pictures by them


class PanelValues(dict[str, Any]):
    """What the controls say; changing an item changes the control.

    `change` takes values, None for those to be cleared, and returns what the controls then hold.
    """

    def __init__(
        self, values: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        super().__init__(values)
        self._change = change

    def is_now(self, values: Mapping[str, Any]) -> bool:
        """Whether this says what the controls hold, item by item."""
        return self.keys() == values.keys() and all(self[name] is values[name] for name in self)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        self.update({name: None})

    def __ior__(self, values: Any) -> Self:  # type: ignore[misc,override] # dict's own has overloads
        self.update(values)
        return self

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """Copy and pickle as a plain dict: a copy changes no control."""
        return dict, (dict(self),)

    def update(self, *values: Any, **more: Any) -> None:
        """Change several controls at once."""
        now = self._change(dict(*values, **more))
        super().clear()
        super().update(now)

    def clear(self) -> None:
        """Clear every control."""
        self.update(dict.fromkeys(self))

    def pop(self, name: str, *default: Any) -> Any:
        """Clear a control and return what it held."""
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Clear the last control that holds something."""
        name = next(reversed(self), "")
        return name, self.pop(name)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set a control that holds nothing."""
        if name not in self:
            self[name] = default
        return self.get(name)


class ValuesTrait(traitlets.Dict):
    """The trait that holds a panel's values: set by one thread at a time, whoever sets it."""

    def set(self, obj: Any, value: Any) -> None:
        """Set it under the panel's own lock."""
        with obj._lock:  # noqa: SLF001 - the trait is the panel's
            super().set(obj, value)


class Files:
    """The files of a panel by the ids under which the browser knows them."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Files {len(self._held)}>"

    def __len__(self) -> int:
        return len(self._held)

    def get(self, file_id: str) -> Any:
        """Return the file of that id, or None."""
        return self._held.get(file_id)

    def reference(self, value: Any) -> dict[str, Any]:
        """Return what the browser is told of a file: its name, type and size, never its content."""
        file_id = next((key for key, held in self._held.items() if held is value), None)
        if file_id is None:
            file_id = f"f{next(_ids)}"
            self._held[file_id] = value
        if is_url(value):
            facts = {"size": None, "url": value, "facts": "from its URL"}
            return {"id": file_id, "name": _url_name(value), "mime": "", **facts}
        if isinstance(value, Output):
            value = value.path or NamedBytes(b"", value.name)
        told = plain({"file": value})["file"]
        known = told if isinstance(told, dict) else {"file": str(told), "size": None}
        name = PurePath(value.name if isinstance(value, NamedBytes) else str(known["file"])).name
        # Of the type, not of the value: a PIL image copies all its pixels when it is asked for its own.
        pixels = "image/png" if hasattr(type(value), "__array_interface__") else ""
        mime = mimetypes.guess_type(name)[0] or pixels
        size = known["size"] if isinstance(known["size"], int) else None
        facts = {"size": size, "url": None, "facts": _facts(mime, size)}
        return {"id": file_id, "name": name, "mime": mime, **facts}

    def keep_only(self, values: Mapping[str, Any]) -> None:
        """Forget the files that no control holds any more."""
        wanted = [item for value in values.values() for item in as_list(value)]
        self._held = {key: held for key, held in self._held.items() if any(held is item for item in wanted)}


def to_browser(schema: ModelSchema, values: Mapping[str, Any], files: Files) -> dict[str, Any]:
    """Return the `values` trait: one JSON value for each parameter, file references for files."""
    found: dict[str, Any] = {}
    for parameter in schema.parameters:
        value = values.get(parameter.id)
        if parameter.kind == "file":
            found[parameter.id] = [files.reference(item) for item in as_list(value)]
        else:
            found[parameter.id] = exact(value)
    return found


def from_browser(
    parameter: Parameter, value: Any, held: Callable[[Any], Any]
) -> tuple[Any, InvalidParameter | None]:
    """Return a control's value as Python takes it, and what is wrong with it; wrong text is kept as it was typed."""
    if parameter.kind == "file":
        value = _files(value, held, parameter)
    if parameter.is_missing(value):
        return None, None
    try:
        return parameter.convert(value), None
    except InvalidParameter as error:
        return value, error


def as_list(value: Any) -> list[Any]:
    """Return the files of a value, none, one or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _files(value: Any, held: Callable[[Any], Any], parameter: Parameter) -> Any:
    items = value if isinstance(value, list) else []
    found = [file for file in map(held, items) if file is not None]
    if not parameter.multiple:
        return found[0] if found else None
    return found


def web_address(value: Any) -> str | None:
    """Return an http(s) address that can be read as one, else None: a page may not name a file of this machine."""
    if not is_url(value):
        return None
    try:
        return value if urlsplit(value).hostname else None
    except ValueError:
        return None


def _facts(mime: str, size: int | None) -> str:
    """Return "PNG, 202 kB" in the page's own way: the part of a content type that people say, and the weight."""
    kind = mime.partition("/")[2].partition(";")[0].partition("+")[0].removeprefix("x-").removeprefix("vnd.")
    parts = (kind.upper(), None if size is None else labels.weight(size))
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)


def _url_name(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "address"
    return unquote(PurePath(parts.path).name) or parts.hostname or "address"
