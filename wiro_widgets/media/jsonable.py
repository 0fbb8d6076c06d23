"""Parameter values as plain JSON, without file contents and without secrets."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from PIL import Image

from wiro_widgets.media import arrays
from wiro_widgets.media.output import Output
from wiro_widgets.protocol.requests import Upload

_SECRET_NAME: Final = re.compile(r"(?i)api_?key|secret|passw(or)?d|authorization|credential|token$")
_NUMBER: Final = re.compile(r"\s*[-+]?[\d.]+\s*")
_URL: Final = re.compile(r"(?i)https?://\S+")
_PATH: Final = re.compile(r"(?:~?/|\.{1,2}/|[A-Za-z]:[\\/])\S*\.\w{1,5}")  # of a local file
_DEEPEST: Final = 16
_LONGEST_INTEGER: Final = 10_000  # bits; Python refuses to print much larger ones in decimal


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON values: a file becomes its name and size, integers stay exact.

    Texts under a name like that of a credential are left out.
    """
    return {storable(key): _plain(value, 0) for key, value in values.items() if not _is_secret(key, value)}


def without_files(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters for publication: files, paths and URLs reduced to a name, no callback URL."""
    return {
        key: _without_locations(value) for key, value in plain(values).items() if key.lower() != "callbackurl"
    }


def storable(value: object) -> str:
    """Return the value as text without lone surrogates, which neither SQLite nor a file can store."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def json_text(value: Any) -> str:
    """Return JSON that UTF-8 can encode and that reads back the same, also with a path that is no UTF-8 itself."""
    text = json.dumps(value, ensure_ascii=False)
    return text if storable(text) == text else json.dumps(value)


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, str | int | float):
        return _scalar(value)
    if (file := _file(value)) is not None:
        return file
    if depth >= _DEEPEST:
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        return {storable(k): _plain(item, depth + 1) for k, item in value.items() if not _is_secret(k, item)}
    if isinstance(value, list | tuple | AbstractSet):
        return [_plain(item, depth + 1) for item in value]
    return _other(value, depth)


def _scalar(value: str | float | None) -> str | float | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() < _LONGEST_INTEGER else hex(value)
    return float(value) if math.isfinite(value) else None


def is_file(value: object) -> bool:
    """Return True if a plain value stands for a file: its name, its size in bytes and perhaps its SHA-256."""
    return isinstance(value, dict) and {"file", "size"} <= value.keys() <= {"file", "size", "sha256"}


def _file(value: object) -> dict[str, Any] | None:
    shape, size = arrays.shape_of(value), None
    if isinstance(value, Output):
        name, size = value.name, value.size
    elif isinstance(value, Upload):
        name, size = value.filename, value.size or _size(value.content)
    elif isinstance(value, os.PathLike):
        path = PurePath(os.fsdecode(value))
        name, size = path.name, _size(path)
    elif isinstance(value, bytes | bytearray | memoryview):
        name, size = "bytes", _size(value)
    elif isinstance(value, Image.Image):
        own = PurePath(str(getattr(value, "filename", ""))).name
        name = own or f"image {value.width}x{value.height}"
    elif shape:
        name, size = f"array {'x'.join(map(str, shape))}", getattr(value, "nbytes", None)
    elif hasattr(value, "read"):
        name = PurePath(str(getattr(value, "name", "file"))).name
    else:
        return None
    return {"file": storable(name), "size": size}


def _size(content: object) -> int | None:
    if isinstance(content, bytes | bytearray | memoryview):
        return memoryview(content).nbytes
    try:
        return Path(content).expanduser().stat().st_size if isinstance(content, PurePath) else None
    except (OSError, RuntimeError, ValueError):  # no home, a NUL
        return None


def _other(value: object, depth: int) -> Any:
    unpack = getattr(value, "item", None)  # numpy scalars
    if callable(unpack):
        return _plain(unpack(), depth + 1)
    return storable(value) if type(value).__str__ is not object.__str__ else f"<{type(value).__name__}>"


def _is_secret(name: object, value: object) -> bool:
    """Return True if a text under this name is likely a credential; max_token="512" is none."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return False
    return _SECRET_NAME.search(str(name).replace("-", "_")) is not None


def _without_locations(value: Any) -> Any:
    if isinstance(value, str) and _URL.fullmatch(value):
        return _last_name(value)
    if isinstance(value, str) and _PATH.fullmatch(value):
        return PureWindowsPath(value).name
    if isinstance(value, list):
        return [_without_locations(item) for item in value]
    if isinstance(value, dict):
        return value["file"] if is_file(value) else {k: _without_locations(v) for k, v in value.items()}
    return value


def _last_name(url: str) -> str:
    try:
        parts = urlsplit(url)
        return unquote(PurePath(parts.path).name) or parts.hostname or "address"
    except ValueError:
        return "address"
