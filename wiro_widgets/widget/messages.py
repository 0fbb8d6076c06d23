"""What the kernel and the browser say to each other; the mirror image of js/src/messages.ts.

Everything that comes up is checked here before anything acts on it: a page is not a trusted place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
MAX_CHUNK = 4 * 1024 * 1024
_LONGEST_ID = 200


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
    """Stop was pressed."""

    client: str


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


Up = Sync | Values | Run | Stop | Chunk | Image


class BadMessage(ValueError):
    """A message that is not of a known shape."""


def parse(content: object, buffers: list[Any] | None = None) -> Up:
    """Read a message of the browser's; raises BadMessage naming what is wrong."""
    if not isinstance(content, dict) or content.get("v") != VERSION:
        raise BadMessage("v")
    client = _text(content, "client")
    match content.get("type"):
        case "sync":
            return Sync(client, _text(content, "epoch"), _count(content, "next"))
        case "values":
            return Values(client, _count(content, "rev"), _mapping(content, "patch"))
        case "run":
            return Run(client, _count(content, "rev"), _mapping(content, "values"))
        case "stop":
            return Stop(client)
        case "image":
            return Image(client, _text(content, "id"))
        case "file":
            return _chunk(client, content, buffers or [])
    raise BadMessage("type")


def _chunk(client: str, content: Mapping[str, Any], buffers: list[Any]) -> Chunk:
    data = bytes(buffers[0]) if buffers else b""
    if len(data) > MAX_CHUNK:
        raise BadMessage("buffer")
    return Chunk(
        client=client,
        rev=_count(content, "rev"),
        field=_text(content, "field"),
        upload=_text(content, "upload"),
        name=_text(content, "name"),
        mime=_text(content, "mime"),
        size=_count(content, "size"),
        offset=_count(content, "offset"),
        data=data,
    )


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise BadMessage(name)
    return value[:_LONGEST_ID]


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
