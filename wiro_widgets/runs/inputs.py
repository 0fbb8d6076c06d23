"""A user's file value in, an Upload or a URL out: paths, bytes, open files, pictures, arrays, addresses."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from wiro_widgets.media import content_types, images
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.scalars import is_url
from wiro_widgets.protocol.schema.schema import ModelSchema

PICTURE_NAME = "image.png"


class NamedBytes(bytes):
    """Bytes that remember the name of the file they came from."""

    name: str

    def __new__(cls, data: bytes, name: str) -> Self:
        """Hold the data under that name."""
        held = super().__new__(cls, data)
        held.name = name
        return held

    def __repr__(self) -> str:
        return f"<{self.name}, {len(self)} bytes>"

    def __reduce__(self) -> tuple[type[NamedBytes], tuple[bytes, str]]:
        return NamedBytes, (bytes(self), self.name)


def prepare(values: Mapping[str, Any], schema: ModelSchema | None, opened: ExitStack) -> dict[str, Any]:
    """Return the bound values with every file opened for sending; `opened` closes what was opened here.

    Raises InvalidParameter naming the field when a file is missing, or is not what the field is for.
    """
    ready: dict[str, Any] = {}
    for name, value in values.items():
        parameter = schema.get(name) if schema else None
        if parameter and parameter.kind == "file":
            ready[name] = _each(value, parameter, opened)
        elif parameter is None and _looks_like_file(value):
            ready[name] = _each(value, Parameter(name, kind="file"), opened)
        else:
            ready[name] = value
    return ready


def _each(value: object, parameter: Parameter, opened: ExitStack) -> Any:
    if isinstance(value, list | tuple):
        return [_one(item, parameter, opened) for item in value]
    return _one(value, parameter, opened)


def _looks_like_file(value: object) -> bool:
    """Guess, for a model whose schema is not known, from the type alone; text stays text."""
    if isinstance(value, list | tuple):
        return bool(value) and any(_looks_like_file(item) for item in value)
    kinds = (Path, bytes, bytearray, memoryview, Output)
    return isinstance(value, kinds) or hasattr(value, "read") or _is_picture(value)


def _one(value: object, parameter: Parameter, opened: ExitStack) -> Upload | str:
    if is_url(value):
        return str(value).strip()
    if isinstance(value, Output):
        value = value.path or NamedBytes(value.bytes(), value.name)
    if isinstance(value, str | Path):
        found = _from_path(Path(value).expanduser(), parameter, opened)
    elif isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        found = _upload(io.BytesIO(data), getattr(value, "name", ""), len(data), parameter)
    elif hasattr(value, "read"):
        found = _from_file(cast("BinaryIO", value), parameter)
    else:
        found = _from_picture(value, parameter)
    return found


def _from_path(path: Path, parameter: Parameter, opened: ExitStack) -> Upload:
    try:
        handle = opened.enter_context(path.open("rb"))
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise parameter.refuse(f"{str(path)!r} cannot be opened: {reason}") from error
    return _upload(handle, path.name, path.stat().st_size, parameter)


def _from_file(handle: BinaryIO, parameter: Parameter) -> Upload:
    if isinstance(handle, io.TextIOBase):
        raise parameter.refuse('the file is open as text; open it with mode "rb"')
    name = Path(str(getattr(handle, "name", ""))).name
    if getattr(handle, "closed", False):
        raise parameter.refuse("the file is closed; open it and leave it open until the run is sent")
    try:
        size = handle.seek(0, io.SEEK_END)
    except (OSError, AttributeError):
        data = _emptied(handle, parameter)  # a pipe cannot be rewound for a second try
        return _upload(io.BytesIO(data), name, len(data), parameter)
    return _upload(handle, name, size, parameter)


def _emptied(handle: BinaryIO, parameter: Parameter) -> bytes:
    try:
        data = handle.read()
    except (OSError, ValueError) as error:
        raise parameter.refuse(f"the file cannot be read: {error}") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise parameter.refuse(f"the file gives {type(data).__name__} instead of bytes")
    return bytes(data)


def _from_picture(value: object, parameter: Parameter) -> Upload:
    try:
        data = images.to_upload_bytes(value)
    except ValueError as error:
        raise parameter.refuse(str(error)) from error
    return _upload(io.BytesIO(data), PICTURE_NAME, len(data), parameter)


def _upload(handle: BinaryIO, name: str, size: int, parameter: Parameter) -> Upload:
    handle.seek(0)
    head = handle.read(content_types.HEAD_SIZE)
    handle.seek(0)
    if not head:
        raise parameter.refuse(f"{name or 'the file'} is empty")
    held = content_types.sniff(head)
    if parameter.accept and not _fits(parameter.accept, held):
        article = "an" if parameter.accept[0] in "ai" else "a"
        but = f" but {held}" if held else ""
        raise parameter.refuse(f"{name or 'the file'} is not {article} {parameter.accept}{but}")
    filename = name or f"{parameter.id}.{content_types.extension(held)}"
    return Upload(filename, held or "application/octet-stream", handle, size)


def _fits(accept: str, held: str | None) -> bool:
    """Whether a file may go where that kind is wanted; sound and film have more formats than are known here."""
    if accept == "image":
        return (held or "").startswith("image/")
    return held is None or held.startswith(("audio/", "video/"))


def _is_picture(value: object) -> bool:
    """Tell an image or an array from a number of numpy's, which has no shape."""
    interface = getattr(value, "__array_interface__", None)
    return isinstance(interface, dict) and bool(interface.get("shape"))
