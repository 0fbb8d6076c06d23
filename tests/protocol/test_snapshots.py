"""Snapshots of thinking and answer on the socket (docs/protocol.md, Language models)."""

import json

import pytest

from tests.protocol.payload_files import event_of
from wiro_widgets.protocol.events import TextSnapshot
from wiro_widgets.protocol.text.text_content import TextContent


def _snapshot(message: object) -> TextSnapshot:
    event = event_of({"type": "task_output", "message": message})
    assert isinstance(event, TextSnapshot)
    return event


def test_lists() -> None:
    """Parts in order."""
    message = {"thinking": ["a", "b"], "answer": ["c"], "raw": "<think>", "isThinking": False}
    assert _snapshot(message).content == TextContent(("a", "b"), ("c",), "<think>")


def test_strings() -> None:
    """A text is one part; an empty text is none."""
    assert _snapshot({"thinking": "a", "answer": ""}).content == TextContent(("a",))


def test_segments() -> None:
    """The newer form, beside empty lists of the older one."""
    segments = [{"type": "thinking", "text": "a"}, {"type": "answer", "text": "b"}]
    snapshot = _snapshot({"segments": segments, "thinking": [], "answer": []})
    assert snapshot.content == TextContent(("a",), ("b",))


def test_json_text() -> None:
    """A snapshot may come as a JSON string."""
    assert _snapshot(json.dumps({"answer": ["b"]})).content == TextContent(answer=("b",))


def test_raw_alone() -> None:
    """A model that does not separate thinking and answer."""
    assert _snapshot({"raw": "hello"}).content.text == "hello"


@pytest.mark.parametrize(
    ("message", "done"),
    [
        ({"answer": ["b"], "isThinking": False}, True),
        ({"answer": ["b"], "isThinking": "false"}, True),
        ({"answer": [], "isThinking": False}, False),
        ({"answer": ["b"], "isThinking": True}, False),
        ({"answer": ["b"]}, False),
    ],
)
def test_thinking_is_done_once_it_answers(message: dict[str, object], done: bool) -> None:
    """`isThinking` is false in any spelling, and there is an answer."""
    assert _snapshot(message).done is done


@pytest.mark.parametrize("value", [None, 5, {}, [None], [{}]])
def test_senseless_parts_are_left_out(value: object) -> None:
    """A wrong type loses only its own part."""
    assert _snapshot({"thinking": value, "answer": ["b"], "segments": value}).content.answer == ("b",)
