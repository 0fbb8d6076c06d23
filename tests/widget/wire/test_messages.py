"""The messages of a page: what is read, and what is refused."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_widgets.widget.wire.messages import (
    MAX_CHUNK,
    About,
    BadMessage,
    Chunk,
    Code,
    Covers,
    Decide,
    Example,
    Image,
    Lock,
    Message,
    Model,
    Module,
    Preset,
    Prompts,
    Recipe,
    Run,
    Search,
    Show,
    Star,
    Stop,
    Sync,
    Undo,
    Use,
    Values,
    Vary,
    pack,
    parse,
    sendable,
)

FILE = {
    "type": "file",
    "rev": 4,
    "field": "inputImage",
    "upload": "u1",
    "name": "photo.png",
    "mime": "image/png",
    "size": 3,
    "offset": 0,
}
SHAPES: list[tuple[dict[str, Any], Message]] = [
    ({"type": "sync", "epoch": "", "next": 0}, Sync("c", "", 0)),
    ({"type": "values", "rev": 1, "patch": {"steps": 3}}, Values("c", 1, {"steps": 3})),
    ({"type": "run", "rev": 2, "values": {"prompt": "x"}}, Run("c", 2, {"prompt": "x"})),
    ({"type": "run", "rev": 2, "values": {}, "times": 4}, Run("c", 2, {}, 4)),
    ({"type": "undo", "rev": 2}, Undo("c", 2)),
    ({"type": "vary", "rev": 2, "model": "a/b", "on": True}, Vary("c", 2, "a/b", on=True)),
    ({"type": "about", "rev": 2}, About("c", 2)),
    ({"type": "example", "rev": 2, "model": "a/b", "index": 1}, Example("c", 2, "a/b", 1)),
    ({"type": "lock", "rev": 2, "on": False}, Lock("c", 2, on=False)),
    ({"type": "stop", "run": None}, Stop("c", None)),
    ({"type": "stop"}, Stop("c", None)),
    ({"type": "stop", "run": 3}, Stop("c", 3)),
    ({"type": "show", "run": 3}, Show("c", 3)),
    ({"type": "star", "rev": 5, "run": 3, "on": True}, Star("c", 5, 3, on=True)),
    ({"type": "decide", "rev": 5, "run": 3, "choice": "look"}, Decide("c", 5, 3, "look")),
    ({"type": "search", "rev": 6, "text": "flux"}, Search("c", 6, "flux")),
    ({"type": "model", "rev": 7, "model": "wiro/sandbox-chat"}, Model("c", 7, "wiro/sandbox-chat")),
    ({"type": "model", "rev": 7, "model": "a/b", "output": "1-0"}, Model("c", 7, "a/b", "1-0")),
    ({"type": "use", "rev": 7, "output": "1-0", "panel": "p", "field": "a"}, Use("c", 7, "1-0", "p", "a")),
    ({"type": "code", "rev": 8}, Code("c", 8)),
    ({"type": "covers", "ids": ["c1", "c2"]}, Covers("c", ("c1", "c2"))),
    ({"type": "module", "rev": 8, "name": "markdown"}, Module("c", 8, "markdown")),
    ({"type": "prompts", "rev": 8}, Prompts("c", 8)),
    (
        {"type": "preset", "rev": 8, "action": "rename", "name": "dusk", "to": "dawn"},
        Preset("c", 8, "rename", "dusk", "dawn"),
    ),
    ({"type": "recipe", "rev": 9, "id": "1-0", "take": True}, Recipe("c", 9, "1-0", take=True)),
    ({"type": "image", "id": "1-0"}, Image("c", "1-0")),
    (FILE, Chunk("c", 4, "inputImage", "u1", "photo.png", "image/png", 3, 0, b"")),
]
WRONG: dict[type, list[object]] = {
    str: [1, None, ["x"]],
    int: ["1", -1, 1.5, True, [1]],
    dict: [[], "x", None],
    list: ["x", None, [1], {}],
}


def _content(fields: dict[str, Any]) -> dict[str, Any]:
    return {"v": 1, "client": "c", **fields}


@pytest.mark.parametrize(("content", "expected"), SHAPES, ids=lambda item: str(item)[:40])
def test_each_message_is_read(content: dict[str, Any], expected: Message) -> None:
    """A message of each shape becomes the object of the same name."""
    assert parse(_content(content)) == expected


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (content, name)
        for content, _ in SHAPES
        for name in content
        if name not in ("type", "on", "take") and content[name] is not None
    ],
)
def test_a_field_of_another_type_is_refused(content: dict[str, Any], name: str) -> None:
    """The error names the wrong field; nothing is converted."""
    may_be_none = name == "output"
    for wrong in WRONG[type(content[name])]:
        if wrong is None and may_be_none:
            continue
        with pytest.raises(BadMessage, match=name):
            parse(_content({**content, name: wrong}))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (content, name)
        for content, _ in SHAPES
        for name in content
        if name not in ("type", "on", "take", "run", "times", "output")
    ],
)
def test_a_missing_field_is_refused(content: dict[str, Any], name: str) -> None:
    """Only a few fields have a default."""
    with pytest.raises(BadMessage, match=name):
        parse(_content({key: value for key, value in content.items() if key != name}))


@pytest.mark.parametrize("content", [None, [], "sync", 1, {}, {"v": 2, "type": "stop", "client": "c"}])
def test_another_format_is_refused(content: object) -> None:
    """A message of another version is not read."""
    with pytest.raises(BadMessage, match="v"):
        parse(content)


@pytest.mark.parametrize("kind", [None, "dance", "", 1, ["stop"], {"stop": 1}])
def test_an_unknown_type_is_refused(kind: object) -> None:
    """An unknown type is a wrong field."""
    with pytest.raises(BadMessage, match="type"):
        parse(_content({"type": kind}))


def test_a_message_from_nobody_is_refused() -> None:
    """Every message has the id of the store that sent it."""
    with pytest.raises(BadMessage, match="client"):
        parse({"v": 1, "type": "stop"})


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind(kind: Any) -> None:
    """Jupyter delivers buffers as memoryviews, other kernels as bytes."""
    chunk = parse(_content(FILE), [kind(b"abc")])
    assert isinstance(chunk, Chunk)
    assert (type(chunk.data), chunk.data) == (bytes, b"abc")


@pytest.mark.parametrize(
    "buffer", ["abc", 10**9, [1], None, bytes(MAX_CHUNK + 1), memoryview(bytes(MAX_CHUNK + 1))]
)
def test_a_buffer_that_is_none(buffer: object) -> None:
    """A buffer that holds no bytes, or too many, is refused before it is copied."""
    with pytest.raises(BadMessage, match="buffer"):
        parse(_content(FILE), [buffer])


def test_a_long_text_is_cut() -> None:
    """An id or a name of a megabyte is cut."""
    message = parse(_content({"type": "search", "rev": 1, "text": "x" * 1_000_000}))
    assert isinstance(message, Search)
    assert len(message.text) == 1_000


def test_a_lone_surrogate_can_be_sent() -> None:
    """A lone surrogate becomes a question mark; the rest stays."""
    content = {
        "rows": [(1, 0.5, "output", "a \ud83d b \N{GRINNING FACE}")],
        "run": {"\udc80": None},
        "next": 3,
    }
    assert sendable(content) == {
        "rows": [[1, 0.5, "output", "a ? b \N{GRINNING FACE}"]],
        "run": {"?": None},
        "next": 3,
    }


def test_many_rows_travel_compressed() -> None:
    """A few hundred lines are a seventh of their JSON, and come out complete."""
    rows = [
        (n, n / 9, "output", f"line {n:06} of the picture \N{EN DASH} residual {n / 7:.7f}")
        for n in range(300)
    ]
    content = {"type": "delta", "first": 0, "next": 300, "rows": rows}
    message, [buffer] = pack(content)
    assert message == {"type": "delta", "first": 0, "next": 300, "rows": []}
    plain = json.dumps(rows)
    assert zlib.decompress(buffer).decode() == plain
    assert len(buffer) < len(plain) / 4


def test_few_rows_travel_as_they_are() -> None:
    """A few rows are not worth unpacking."""
    content = {"type": "delta", "rows": [(0, 0.5, "output", "a")]}
    assert pack(content) == (content, [])


def test_a_lone_surrogate_can_be_packed() -> None:
    """A lone surrogate becomes a question mark in packed rows too."""
    _, [buffer] = pack({"rows": [(n, 0.5, "output", "a \ud83d") for n in range(9)]})
    assert json.loads(zlib.decompress(buffer))[8] == [8, 0.5, "output", "a ?"]


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
_NAMES = ("rev", "run", "epoch", "next", "patch", "values", "id", "text", "model", "on", "field", "size")
KINDS = st.sampled_from([str(content["type"]) for content, _ in SHAPES])


@given(
    kind=KINDS,
    fields=st.dictionaries(st.sampled_from(_NAMES), JSON, max_size=5),
    buffers=st.lists(st.binary(max_size=9), max_size=1),
)
def test_anything_is_read_or_refused(kind: str, fields: dict[str, Any], buffers: list[bytes]) -> None:
    """Whatever a page sends is a message or a BadMessage, and nothing else."""
    try:
        message = parse({**fields, "v": 1, "client": "c", "type": kind}, buffers)
    except BadMessage:
        return
    assert isinstance(message, Message)
