"""JSON as Wiro prints it, also malformed lists (docs/protocol.md, Task detail)."""

import json
import time

import pytest

from wiro_widgets.protocol import wire_values


def test_json_is_read() -> None:
    """Ordinary JSON, as text or bytes, with or without a byte order mark."""
    assert wire_values.loads('{"a": [1]}') == wire_values.loads(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize(
    ("list_text", "value"),
    [
        ('["tool","image-to-image"]', ["tool", "image-to-image"]),
        ('["tool" , "image"]', ["tool", "image"]),
        ('["tool"]', ["tool"]),
        ("[ ]", "[ ]"),
        ("[]", "[]"),
    ],
)
def test_a_list_printed_with_its_quotes_unescaped_is_read(list_text: str, value: object) -> None:
    """The documented `categories` do not break the reply; an empty list is valid JSON text anyway."""
    assert wire_values.loads(f'{{"categories": "{list_text}", "pexit": "0"}}') == {
        "categories": value,
        "pexit": "0",
    }


def test_the_repair_does_not_touch_valid_json() -> None:
    """An escaped list stays a text."""
    assert wire_values.loads(json.dumps({"categories": '["tool"]'})) == {"categories": '["tool"]'}


def test_a_long_malformed_reply_does_not_stall() -> None:
    """The repair takes linear time, however the reply is malformed."""
    began = time.process_time()
    for text in ('"[' + '"a"   ' * 100_000, '"["' * 100_000, '"[' + '"a", ' * 100_000, '"[' * 100_000):
        with pytest.raises(ValueError, match=r".*"):
            wire_values.loads(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b'{"a":', b"\xff\xfe\x00", "[" * 100_000, '{"c": "["a"]", ' + "[" * 99_999]
)
def test_no_json_is_a_value_error(data: str | bytes) -> None:
    """Empty, HTML, cut, binary or nested too deeply: always ValueError."""
    with pytest.raises(ValueError, match=r".*"):
        wire_values.loads(data)


def test_numbers_that_are_none_become_null() -> None:
    """NaN, Infinity and 1e999 would make invalid JSON later."""
    assert wire_values.loads('{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1.5}') == {
        "a": None,
        "b": None,
        "c": None,
        "d": 1.5,
    }


def test_broken_utf8_loses_only_its_own_letters() -> None:
    """A log that is cut inside a letter does not break the reply."""
    assert wire_values.loads(b'{"debugoutput": "caf\xc3", "pexit": "0"}') == {
        "debugoutput": "caf�",
        "pexit": "0",
    }
