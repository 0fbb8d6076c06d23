"""What a call is given, made ready to send: values merged, file values opened as Uploads or kept as URLs."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from wiro_widgets.media import arrays, content_types, images
from wiro_widgets.media.files import open_regular
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.errors import InvalidParameter, OutputError
from wiro_widgets.protocol.redact import printable
from wiro_widgets.protocol.requests import Upload
from wiro_widgets.protocol.schema import file_texts
from wiro_widgets.protocol.schema.parameters import Parameter
from wiro_widgets.protocol.schema.scalars import is_url, short_repr
from wiro_widgets.protocol.schema.schema import ModelSchema

PICTURE_NAME = "image.png"
_RARE_FORMATS = {"image/heic": r"hei[cf]", "image/avif": "avif"}  # which most models do not read
_REFUSAL = re.compile(r"(?i)\b(not?|except|unsupported|convert)\b|n't\b")
_MAX_PATH = 200  # characters that an error quotes


class NamedBytes(bytes):
    """Bytes that remember the name of the file they came from."""

    name: str

    def __new__(cls, data: bytes, name: str) -> Self:
        """Wrap the data and the name."""
        instance = super().__new__(cls, data)
        instance.name = name
        return instance

    def __repr__(self) -> str:
        return printable(f"<{self.name}, {len(self)} bytes>")

    def __reduce__(self) -> tuple[type[NamedBytes], tuple[bytes, str]]:
        return NamedBytes, (bytes(self), self.name)


def merge(params: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's dict and its keyword arguments as one, keyword arguments last.

    Raises InvalidParameter if `params` is no dict.
    """
    if params is None:
        return dict(values)
    if not isinstance(params, Mapping):
        hint = f"; did you mean prompt={short_repr(params)}?" if isinstance(params, str) else ""
        raise InvalidParameter("params", f"a dict of values is needed, not {short_repr(params)}{hint}")
    return {**params, **values}


def prepare(values: Mapping[str, Any], schema: ModelSchema | None, files: ExitStack) -> dict[str, Any]:
    """Return the bound values with every file opened for sending; `files` closes what was opened here.

    Raises InvalidParameter naming the field when a file is missing, or is not what the field is for.
    """
    ready: dict[str, Any] = {}
    for name, value in values.items():
        parameter = schema.get(name) if schema else None
        if parameter is None and _looks_like_file(value):
            parameter = Parameter(name, kind="file")
        if parameter is None or parameter.kind != "file":
            ready[name] = value
        elif isinstance(value, list | tuple):
            ready[name] = [_upload_or_url(item, parameter, files) for item in value]
        else:
            ready[name] = _upload_or_url(value, parameter, files)
    return ready


def _looks_like_file(value: object) -> bool:
    """Guess from the type alone, for a model whose schema is not known; text stays text."""
    if isinstance(value, list | tuple):
        return any(map(_looks_like_file, value))
    is_file = isinstance(value, os.PathLike | bytes | bytearray | memoryview | Output) or hasattr(
        value, "read"
    )
    return is_file or bool(arrays.shape_of(value))  # a number of numpy's has no shape


def _upload_or_url(value: object, parameter: Parameter, files: ExitStack) -> Upload | str:
    if isinstance(value, str) and is_url(value):
        return file_texts.web_address(value)
    if isinstance(value, Output):
        value = _from_output(value, parameter)
    if isinstance(value, str | os.PathLike):
        return _from_path(value, parameter, files)
    if isinstance(value, bytes | bytearray | memoryview):
        return _from_bytes(bytes(value), getattr(value, "name", ""), parameter)
    if hasattr(value, "read"):
        return _from_file(cast("BinaryIO", value), parameter)
    try:
        data = images.to_upload_bytes(value)
    except ValueError as error:
        raise parameter.refuse(str(error)) from error
    return _from_bytes(data, PICTURE_NAME, parameter)


def _from_output(output: Output, parameter: Parameter) -> Path | NamedBytes:
    try:
        return output.path or NamedBytes(output.bytes(), output.name)
    except OutputError as error:
        raise parameter.refuse(f"the output of task {output.task_id} cannot be used. {error}") from error


def _from_path(value: str | os.PathLike[Any], parameter: Parameter, files: ExitStack) -> Upload:
    text = os.fsdecode(value)
    try:
        path = Path(text).expanduser()
        handle = files.enter_context(open_regular(path))
        status = os.fstat(handle.fileno())
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise parameter.refuse(f"{_quote(text)} cannot be opened: {reason}") from error
    except RuntimeError:
        raise parameter.refuse(f"{_quote(text)} cannot be opened: there is no such home folder") from None
    return _upload(handle, path.name, status.st_size, parameter, status.st_mtime_ns)


def _from_bytes(data: bytes, name: str, parameter: Parameter) -> Upload:
    return _upload(io.BytesIO(data), name, len(data), parameter)


def _from_file(handle: BinaryIO, parameter: Parameter) -> Upload:
    if isinstance(handle, io.TextIOBase):
        raise parameter.refuse('the file is open as text; open it with mode "rb"')
    own_name = getattr(handle, "name", "")
    name = Path(os.fsdecode(own_name)).name if isinstance(own_name, str | bytes | os.PathLike) else ""
    if getattr(handle, "closed", False):
        raise parameter.refuse("the file is closed; open it and leave it open until the run is sent")
    try:
        size = handle.seek(0, io.SEEK_END)
    except (OSError, AttributeError):  # a pipe, which cannot be rewound for a second try
        return _from_bytes(_read_pipe(handle, parameter), name, parameter)
    return _upload(handle, name, size, parameter)


def _read_pipe(handle: BinaryIO, parameter: Parameter) -> bytes:
    try:
        data = handle.read()
    except (OSError, ValueError) as error:
        raise parameter.refuse(f"the file cannot be read: {error}") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise parameter.refuse(f"the file gives {type(data).__name__} instead of bytes")
    return bytes(data)


def _upload(
    handle: BinaryIO, name: str, size: int, parameter: Parameter, modified_ns: int | None = None
) -> Upload:
    """Return the upload, its type told from its first bytes; refuses an empty file and one of another kind."""
    title = _title(name)
    try:
        handle.seek(0)
        head = handle.read(content_types.HEAD_SIZE)
        handle.seek(0)
    except (OSError, ValueError) as error:
        raise parameter.refuse(
            f"{title} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if not head or not size:
        raise parameter.refuse(f"{title} is empty")
    content_type = content_types.sniff(head)
    if parameter.accept and not _is_accepted(parameter.accept, content_type):
        article = "an" if parameter.accept[0] in "ai" else "a"
        but = f" but {content_type}" if content_type else ""
        raise parameter.refuse(f"{title} is not {article} {parameter.accept}{but}")
    if parameter.accept == "image" and content_type in _RARE_FORMATS:
        names = _RARE_FORMATS[content_type]
        if not _mentions(f"{parameter.label}. {parameter.help}", names):
            return _convert(handle, name, content_type, parameter)
    filename = _wire_name(name) or f"{parameter.id}.{content_types.extension(content_type)}"
    return Upload(filename, content_type or "application/octet-stream", handle, size, modified_ns)


def _title(name: str) -> str:
    """Return a file's name for a sentence; of a long one the end."""
    return (name if len(name) <= _MAX_PATH else f"...{name[-_MAX_PATH:]}") or "the file"


def _quote(path: str) -> str:
    """Return a path for a sentence; of a long one the end, which has the file's name."""
    return repr(path) if len(path) <= _MAX_PATH else repr(f"...{path[-_MAX_PATH:]}")


def _wire_name(name: str) -> str:
    """Return a file's name as UTF-8 can say it, on one line: names on the disk may be any bytes."""
    return "".join(
        "_" if "\ud800" <= letter <= "\udfff" or not letter.isprintable() else letter for letter in name
    )


def _mentions(words: str, names: str) -> bool:
    """Return True if a field's own words name this format, other than to refuse it."""
    sentences = re.split(r"[.;\n]\s", words)
    return any(
        re.search(rf"(?i)\b{names}\b", sentence) and not _REFUSAL.search(sentence) for sentence in sentences
    )


def _convert(handle: BinaryIO, name: str, content_type: str, parameter: Parameter) -> Upload:
    """Return the upload of a picture that most models do not read as a PNG, upright."""
    try:
        picture = images.decode(handle.read(), content_type=content_type)
        data = images.to_upload_bytes(picture)
    except (OutputError, ValueError) as error:
        reason = error.reason if isinstance(error, OutputError) else str(error)
        hint = "Convert it to PNG or JPEG first."
        if isinstance(error.__cause__, ImportError):
            reason, hint = "Pillow cannot convert it", images.HEIC_HINT
        raise parameter.refuse(
            f"{_title(name)} is {content_type}, which few models read, and {reason}. {hint}"
        ) from error
    return _from_bytes(data, f"{Path(name).stem or parameter.id}.png", parameter)


def _is_accepted(accept: str, content_type: str | None) -> bool:
    """Return True if the field may take a file of this type; audio and video have more formats than are known here."""
    if accept == "image":
        return (content_type or "").startswith("image/")
    return content_type is None or content_type.startswith(("audio/", "video/"))
