"""The values of a panel's controls: as Python has them, and as JSON for the browser."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import PurePath
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from wiro_widgets.media import arrays
from wiro_widgets.media.jsonable import plain, storable
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, OutputError
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema
from wiro_widgets.render import run_words
from wiro_widgets.runs.inputs import NamedBytes
from wiro_widgets.widget.form import exact
from wiro_widgets.widget.wire import labels

_file_ids = count(1)  # none is used twice in a process, because browsers remember pictures by them


class PanelValues(dict[str, Any]):
    """The values of the controls; changing an item changes the control.

    `change` takes new values, None for those to clear, and returns all values after the change.
    """

    def __init__(
        self, values: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        super().__init__(values)
        self._change = change

    def has_the_items_of(self, values: Mapping[str, Any]) -> bool:
        """Return True if these are the same objects under the same names."""
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
        values_after = self._change(dict(*values, **more))
        super().clear()
        super().update(values_after)

    def clear(self) -> None:
        """Clear every control."""
        self.update(dict.fromkeys(self))

    def pop(self, name: str, *default: Any) -> Any:
        """Clear a control and return its value."""
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Clear the last control that has a value."""
        name = next(reversed(self), "")
        return name, self.pop(name)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set a control that has no value."""
        if name not in self:
            self[name] = default
        return self.get(name)


class InputFiles:
    """The input files of a panel by their ids at the browser."""

    def __init__(self) -> None:
        self._files: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<InputFiles {len(self._files)}>"

    def __len__(self) -> int:
        return len(self._files)

    def get(self, file_id: str) -> Any:
        """Return the file with this id, or None."""
        return self._files.get(file_id)

    def reference(self, value: Any) -> dict[str, Any]:
        """Return a file as the browser knows it: its id, name, type and size, never its content."""
        file_id = next((key for key, file in self._files.items() if file is value), None)
        if file_id is None:
            file_id = f"f{next(_file_ids)}"
            self._files[file_id] = value
        if is_url(value):
            facts = {"size": None, "url": value, "facts": "from its URL"}
            return {"id": file_id, "name": _url_name(value), "mime": "", **facts}
        if isinstance(value, Output):
            value = value.path or NamedBytes(b"", value.name)
        description = plain({"file": value})["file"]
        if not isinstance(description, dict):
            description = {"file": str(description), "size": None}
        name = storable(
            PurePath(value.name if isinstance(value, NamedBytes) else str(description["file"])).name
        )
        mime = mimetypes.guess_type(name)[0] or ("image/png" if arrays.shape_of(value) else "")
        size = description["size"] if isinstance(description["size"], int) else None
        return {
            "id": file_id,
            "name": name,
            "mime": mime,
            "size": size,
            "url": None,
            "facts": _facts(mime, size),
        }

    def keep_only(self, values: Mapping[str, Any]) -> None:
        """Forget the files that are not among these values."""
        items = [item for value in values.values() for item in as_list(value)]
        self._files = {key: file for key, file in self._files.items() if any(file is item for item in items)}


def to_browser(schema: ModelSchema, values: Mapping[str, Any], files: InputFiles) -> dict[str, Any]:
    """Return the JSON of the `values` trait: one value for each parameter, references for files."""
    return {
        parameter.id: [files.reference(item) for item in as_list(values.get(parameter.id))]
        if parameter.kind == "file"
        else exact(_to_type(parameter, values.get(parameter.id)))
        for parameter in schema.parameters
    }


def from_browser(
    parameter: Parameter, value: Any, find_file: Callable[[Any], Any]
) -> tuple[Any, InvalidParameter | None]:
    """Return a control's value as Python has it, and its error; a wrong value stays as it is."""
    if parameter.kind == "file":
        items = value if isinstance(value, list) else []
        files = [file for file in map(find_file, items) if file is not None]
        value = files if parameter.multiple else next(iter(files), None)
    if parameter.is_missing(value):
        return None, None
    try:
        bound = parameter.convert(value)
    except InvalidParameter as error:
        return value, error
    # The text of a list or an object stays as it was typed until the model runs: its next line may be coming.
    return (bound if parameter.structure is None else value), None


def _to_type(parameter: Parameter, value: Any) -> Any:
    """Return a list or an object as a person would type it, any other value as it is."""
    return parameter.as_text(value) if parameter.structure and value is not None else value


def as_list(value: Any) -> list[Any]:
    """Return the files of a value: none, one or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def as_file(output: Output) -> Output | None:
    """Return an output as a file value, from which a run knows its parent; None if its file is not here."""
    try:
        return output if output.path is not None or output.bytes() else None
    except OutputError:
        return None


def web_address(value: Any) -> str | None:
    """Return a valid http(s) address, else None: a page must not name a file of this machine."""
    if not is_url(value):
        return None
    try:
        return value if urlsplit(value).hostname else None
    except ValueError:
        return None


def _facts(mime: str, size: int | None) -> str:
    """Return "PNG, 202 kB": the part of the content type that people say, and the size."""
    kind = mime.partition("/")[2].partition(";")[0].partition("+")[0].removeprefix("x-").removeprefix("vnd.")
    return run_words.join_facts(kind.upper(), None if size is None else labels.file_size(size))


def _url_name(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "address"
    return unquote(PurePath(parts.path).name) or parts.hostname or "address"
