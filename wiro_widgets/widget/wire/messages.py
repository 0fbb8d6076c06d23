"""The messages between kernel and browser; the mirror image of js/src/kernel/messages.ts.

Each message from the browser is checked here before anything acts on it: a page is not trusted.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final, Literal, TypeVar, get_args

from wiro_widgets.media.images import Thumbnail

T = TypeVar("T")
Choice = Literal["look", "send", "close", "fetch"]
ModuleName = Literal["markdown", "models", "presets", "about", "alerts"]
PresetAction = Literal["list", "save", "load", "rename", "delete", "default"]
VERSION: Final = 1
MAX_CHUNK: Final = 4 * 1024 * 1024
MIN_PACKED_ROWS: Final = 5  # from this many rows on they travel compressed
_MAX_TEXT: Final = 1_000  # characters; nobody types more of an id, a name or a search
MAX_TEXTS: Final = 20_000  # ids of runs in one message
MAX_NOTE: Final = 20_000  # characters
LongText = str  # at most MAX_NOTE characters
MAX_DEPTH: Final = 32  # lists and objects within each other; no control has so many


@dataclass(frozen=True, slots=True)
class Message:
    """A message from one view of the panel."""

    client: str


@dataclass(frozen=True, slots=True)
class Question(Message):
    """A message that is answered under its `rev`."""

    rev: int


@dataclass(frozen=True, slots=True)
class Sync(Message):
    """The page has a gap, or nothing yet: send a snapshot."""

    epoch: str
    next: int


@dataclass(frozen=True, slots=True)
class Values(Question):
    """The user changed some controls."""

    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run(Question):
    """The user pressed Run; `values` has all controls but the files, `times` is how many runs to make."""

    values: Mapping[str, Any]
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Stop(Message):
    """The user pressed Stop, for a run or, with None, for the one on the stage."""

    run: int | None


@dataclass(frozen=True, slots=True)
class Show(Message):
    """Put another run on the stage."""

    run: int


@dataclass(frozen=True, slots=True)
class Star(Question):
    """Star a run, or take its star away."""

    run: int
    on: bool


@dataclass(frozen=True, slots=True)
class Decide(Question):
    """The user decides what is done about a run of unknown outcome, or about outputs that are still to come."""

    run: int
    choice: Choice


@dataclass(frozen=True, slots=True)
class Search(Question):
    """Search the catalogue."""

    text: str


@dataclass(frozen=True, slots=True)
class Model(Question):
    """Change the panel to another model, with that output as its input."""

    model: str
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Use(Question):
    """Use an output of this panel as input of another open one, in this field; the page knows a panel by its card."""

    output: str
    panel: str
    field: str


@dataclass(frozen=True, slots=True)
class Vary(Question):
    """Run one more model beside the panel's own, or with `on` false one less; without a name only the panel's own."""

    model: str
    on: bool


@dataclass(frozen=True, slots=True)
class Undo(Question):
    """Take the last change of the form back."""


@dataclass(frozen=True, slots=True)
class Lock(Question):
    """Keep the seed as it is, or let each press of Run move it on."""

    on: bool


@dataclass(frozen=True, slots=True)
class Code(Question):
    """Send the Python call."""


@dataclass(frozen=True, slots=True)
class Module(Question):
    """Send the source of a module that the page's bundle does not have."""

    name: ModuleName


@dataclass(frozen=True, slots=True)
class Prompts(Question):
    """Send the prompts of earlier runs."""


@dataclass(frozen=True, slots=True)
class Preset(Question):
    """Do something with a preset, and send all of them; `to` is a new name."""

    action: PresetAction
    name: str
    to: str


@dataclass(frozen=True, slots=True)
class About(Question):
    """Send what Wiro tells of the model."""


@dataclass(frozen=True, slots=True)
class Example(Question):
    """Set the controls to an example of this model."""

    model: str
    index: int


@dataclass(frozen=True, slots=True)
class Recipe(Question):
    """Send the recipe of an output as text; with `take` also set the controls to it."""

    id: str
    take: bool


@dataclass(frozen=True, slots=True)
class Chunk(Question):
    """A piece of a file that the user chose, dropped or pasted."""

    field: str
    upload: str
    name: str
    mime: str
    size: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Image(Message):
    """Send an output in full, not its thumbnail."""

    id: str


@dataclass(frozen=True, slots=True)
class Covers(Message):
    """Send the pictures of these options, which the page shows now."""

    ids: tuple[str, ...]


_TYPES: Mapping[str, type[Message]] = {
    "sync": Sync,
    "values": Values,
    "run": Run,
    "stop": Stop,
    "show": Show,
    "star": Star,
    "decide": Decide,
    "search": Search,
    "model": Model,
    "use": Use,
    "vary": Vary,
    "undo": Undo,
    "lock": Lock,
    "code": Code,
    "module": Module,
    "prompts": Prompts,
    "preset": Preset,
    "about": About,
    "example": Example,
    "recipe": Recipe,
    "file": Chunk,
    "image": Image,
    "covers": Covers,
}


class BadMessage(ValueError):
    """A message of an unknown shape; its text is the name of the wrong field."""


class DeepMessage(BadMessage):
    """A message whose values lie too deep in each other to be handled; it is refused with a reply."""

    reason = f"The message was refused: its values lie more than {MAX_DEPTH} levels deep in each other."


def parse(
    content: object, buffers: list[Any] | None = None, types: Mapping[str, type[Message]] = _TYPES
) -> Message:
    """Read a message of one of these types from the browser; raises BadMessage with the name of the wrong field."""
    if not isinstance(content, dict) or content.get("v") != VERSION:
        raise BadMessage("v")
    if deep_field := next((str(name) for name, value in content.items() if is_deep(value)), None):
        raise DeepMessage(deep_field)
    kind = content.get("type")
    message_type = types.get(kind) if isinstance(kind, str) else None
    if message_type is None:
        raise BadMessage("type")
    values: dict[str, Any] = {}
    for field in fields(message_type):
        if field.type == "bytes":
            values[field.name] = _chunk_data(buffers)
        else:
            values[field.name] = _READERS[str(field.type)](content.get(field.name), field.name)
    return message_type(**values)


def address_of(content: object) -> tuple[str, int] | None:
    """Return the client and the `rev` of a message that could not be read; None if a reply would reach nobody."""
    client, rev = (content.get("client"), content.get("rev")) if isinstance(content, dict) else (None, None)
    return (client, rev) if isinstance(client, str) and type(rev) is int else None


def is_deep(value: object) -> bool:
    """Return True if a value has more than `MAX_DEPTH` levels; level by level, since recursion is what it prevents."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadMessage(name)
    return value[:_MAX_TEXT]


def _long_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadMessage(name)
    return value[:MAX_NOTE]


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_TEXTS:
        raise BadMessage(name)
    return tuple(_text(item, name) for item in value)


def _amount(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadMessage(name)
    return float(value)


def _count(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadMessage(name)
    return value


def _one_of(choices: tuple[str, ...], value: object, name: str) -> str:
    if value not in choices:
        raise BadMessage(name)
    return str(value)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadMessage(name)
    return value


def _chunk_data(buffers: list[Any] | None) -> bytes:
    data = buffers[0] if buffers else b""
    if not isinstance(data, bytes | bytearray | memoryview) or memoryview(data).nbytes > MAX_CHUNK:
        raise BadMessage("buffer")
    return bytes(data)


# By the annotation of the field, which is text because of `from __future__ import annotations`.
_READERS: Mapping[str, Callable[[object, str], Any]] = {
    "str": _text,
    "int": _count,
    "int | None": lambda value, name: None if value is None else _count(value, name),
    "str | None": lambda value, name: None if value is None else _text(value, name),
    "Choice": partial(_one_of, get_args(Choice)),
    "ModuleName": partial(_one_of, get_args(ModuleName)),
    "PresetAction": partial(_one_of, get_args(PresetAction)),
    "LongText": _long_text,
    "tuple[str, ...]": _texts,
    "float | None": lambda value, name: None if value is None else _amount(value, name),
    "bool | None": lambda value, _name: value if isinstance(value, bool) else None,
    "bool": lambda value, _name: value is True,
    "Mapping[str, Any]": _mapping,
}


def sendable(content: T) -> T:
    """Return JSON whose texts can be encoded.

    Jupyter refuses a whole message because of one lone surrogate, which JSON can contain.
    """
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        repair: T = _without_surrogates(content)
        return repair
    return content


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def pack(message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Return a delta or a snapshot with its rows compressed into a buffer; log lines resemble each other.

    Level 1 takes a tenth of a millisecond for the rows of a twelfth of a second, and makes them seven times smaller.
    """
    rows = message["rows"]
    if len(rows) < MIN_PACKED_ROWS:
        return message, []
    return {**message, "rows": []}, [zlib.compress(json.dumps(sendable(rows)).encode(), 1)]


def image_message(pictures: list[dict[str, Any]], client: str | None) -> dict[str, Any]:
    """Return the message that carries the bytes of pictures, one buffer each; `client` None is every view."""
    return {"v": VERSION, "type": "image", "to": client, "images": pictures}


def picture_facts(image_id: str, role: str, name: str, picture: Thumbnail) -> dict[str, Any]:
    """Return the entry of one picture in an image message."""
    return {
        "id": image_id,
        "role": role,
        "name": name,
        "mime": picture.content_type,
        "width": picture.width or None,
        "height": picture.height or None,
    }


def reply(client: str, rev: int, error: str | None = None, **more: object) -> dict[str, Any]:
    """Return the reply to one message of a view."""
    return {"v": VERSION, "type": "reply", "to": client, "rev": rev, "error": error, **more}
