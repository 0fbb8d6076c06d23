"""Language models on the socket (protocol page, Socket): cumulative snapshots of thinking and answer."""

import json

import pytest

from tests.protocol.recorded import heard
from wiro_widgets.protocol.events import TextSnapshot
from wiro_widgets.protocol.replies import TextContent


def _snapshot(message: object) -> TextSnapshot:
    found = heard({"type": "task_output", "message": message})
    assert isinstance(found, TextSnapshot)
    return found


def test_lists() -> None:
    """Parts in order."""
    message = {"thinking": ["a", "b"], "answer": ["c"], "raw": "<think>", "isThinking": False}
    assert _snapshot(message).content == TextContent(("a", "b"), ("c",), "<think>")


def test_strings() -> None:
    """One part each; the empty one is none."""
    assert _snapshot({"thinking": "a", "answer": ""}).content == TextContent(("a",))


def test_segments() -> None:
    """The newer shape, beside empty lists of the older one."""
    segments = [{"type": "thinking", "text": "a"}, {"type": "answer", "text": "b"}]
    found = _snapshot({"segments": segments, "thinking": [], "answer": []})
    assert found.content == TextContent(("a",), ("b",))


def test_json_text() -> None:
    """A snapshot may come as a JSON string."""
    assert _snapshot(json.dumps({"answer": ["b"]})).content == TextContent(answer=("b",))


def test_raw_alone() -> None:
    """A model that does not tell the two apart."""
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
    """`isThinking` in any spelling, and something answered."""
    assert _snapshot(message).done is done


@pytest.mark.parametrize("value", [None, 5, {}, [None], [{}]])
def test_senseless_parts_are_left_out(value: object) -> None:
    """Wrong types cost their own part only."""
    assert _snapshot({"thinking": value, "answer": ["b"], "segments": value}).content.answer == ("b",)
