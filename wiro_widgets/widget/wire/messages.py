"""What the kernel and the browser say to each other; the mirror image of js/src/kernel/messages.ts.

Everything that comes up is checked here before anything acts on it: a page is not a trusted place.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
VERSION = 1
MAX_CHUNK = 4 * 1024 * 1024
PACKED = 5  # rows from which on they travel compressed
_LONGEST = 1_000  # characters; nobody types more of an id, a name or a search


@dataclass(frozen=True, slots=True)
class Sync:
    """The browser has a gap, or nothing yet, and wants a snapshot."""

    client: str
    epoch: str
    next: int


@dataclass(frozen=True, slots=True)
class Values:
    """A hand changed some controls."""

    client: str
    rev: int
    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """Run was pressed, with everything the controls say but the files."""

    client: str
    rev: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop was pressed, for a run or for the one that is shown."""

    client: str
    run: int | None


@dataclass(frozen=True, slots=True)
class Show:
    """Another run is to be shown."""

    client: str
    run: int


@dataclass(frozen=True, slots=True)
class Star:
    """A run is to be kept in mind, or no longer."""

    client: str
    rev: int
    run: int
    on: bool


@dataclass(frozen=True, slots=True)
class Search:
    """The catalogue is to be searched."""

    client: str
    rev: int
    text: str


@dataclass(frozen=True, slots=True)
class Model:
    """The panel is to change to another model."""

    client: str
    rev: int
    model: str


@dataclass(frozen=True, slots=True)
class Code:
    """The Python call is wanted."""

    client: str
    rev: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of an output is wanted, as text or, with `take`, for the controls."""

    client: str
    rev: int
    id: str
    take: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file that was chosen, dropped or pasted."""

    client: str
    rev: int
    field: str
    upload: str
    name: str
    mime: str
    size: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Image:
    """The browser wants an output as it is, not its thumbnail."""

    client: str
    id: str


Up = Sync | Values | Run | Stop | Show | Star | Search | Model | Code | Recipe | Chunk | Image


class BadMessage(ValueError):
    """A message that is not of a known shape."""


def parse(content: object, buffers: list[Any] | None = None) -> Up:
    """Read a message of the browser's; raises BadMessage naming what is wrong."""
    if not isinstance(content, dict) or content.get("v") != VERSION:
        raise BadMessage("v")
    kind = content.get("type")
    if kind == "file":
        return _chunk(content, buffers or [])
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise BadMessage("type")
    return read(_text(content, "client"), content)


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Up]] = {
    "sync": lambda client, told: Sync(client, _text(told, "epoch"), _count(told, "next")),
    "values": lambda client, told: Values(client, _count(told, "rev"), _mapping(told, "patch")),
    "run": lambda client, told: Run(client, _count(told, "rev"), _mapping(told, "values")),
    "stop": lambda client, told: Stop(client, None if told.get("run") is None else _count(told, "run")),
    "show": lambda client, told: Show(client, _count(told, "run")),
    "star": lambda client, told: Star(
        client, _count(told, "rev"), _count(told, "run"), told.get("on") is True
    ),
    "search": lambda client, told: Search(client, _count(told, "rev"), _text(told, "text")),
    "model": lambda client, told: Model(client, _count(told, "rev"), _text(told, "model")),
    "code": lambda client, told: Code(client, _count(told, "rev")),
    "recipe": lambda client, told: Recipe(
        client, _count(told, "rev"), _text(told, "id"), told.get("take") is True
    ),
    "image": lambda client, told: Image(client, _text(told, "id")),
}


def sendable(told: T) -> T:
    """Return JSON with texts that can be sent.

    Half a character (a lone surrogate, which JSON can name) would make Jupyter refuse the whole message.
    """
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        mended: T = _mended(told)
        return mended
    return told


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value


def packed(told: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Return a delta or a snapshot as it travels, with its buffers: the lines of a log are much alike.

    Level 1 takes a tenth of a millisecond for what comes in a twelfth of a second, and makes it seven times smaller.
    """
    rows = told["rows"]
    if len(rows) < PACKED:
        return told, []
    return {**told, "rows": []}, [zlib.compress(json.dumps(sendable(rows)).encode(), 1)]


def _chunk(content: Mapping[str, Any], buffers: list[Any]) -> Chunk:
    data = buffers[0] if buffers else b""
    if not isinstance(data, bytes | bytearray | memoryview) or memoryview(data).nbytes > MAX_CHUNK:
        raise BadMessage("buffer")
    return Chunk(
        client=_text(content, "client"),
        rev=_count(content, "rev"),
        field=_text(content, "field"),
        upload=_text(content, "upload"),
        name=_text(content, "name"),
        mime=_text(content, "mime"),
        size=_count(content, "size"),
        offset=_count(content, "offset"),
        data=bytes(data),
    )


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise BadMessage(name)
    return value[:_LONGEST]


def _count(content: Mapping[str, Any], name: str) -> int:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadMessage(name)
    return value


def _mapping(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise BadMessage(name)
    return value
