"""JSON as Wiro prints it, malformed lists included (protocol page, Task detail)."""

import json
import time

import pytest

from wiro_widgets.protocol import wire_values


def test_json_is_read() -> None:
    """Ordinary JSON, as text or bytes, with or without a byte order mark."""
    assert wire_values.loads('{"a": [1]}') == wire_values.loads(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ('["tool","image-to-image"]', ["tool", "image-to-image"]),
        ('["tool" , "image"]', ["tool", "image"]),
        ('["tool"]', ["tool"]),
        ("[ ]", "[ ]"),
        ("[]", "[]"),
    ],
)
def test_a_list_printed_with_its_quotes_unescaped_is_read(printed: str, meant: object) -> None:
    """The seed's `categories` spoil nothing; an empty list was valid JSON text all along."""
    assert wire_values.loads(f'{{"categories": "{printed}", "pexit": "0"}}') == {
        "categories": meant,
        "pexit": "0",
    }


def test_the_mending_does_not_touch_valid_json() -> None:
    """A properly escaped list stays a text."""
    assert wire_values.loads(json.dumps({"categories": '["tool"]'})) == {"categories": '["tool"]'}


def test_a_long_malformed_reply_does_not_stall() -> None:
    """Mending takes time in proportion to the reply, however it is malformed."""
    began = time.process_time()
    for broken in ('"[' + '"a"   ' * 100_000, '"["' * 100_000, '"[' + '"a", ' * 100_000, '"[' * 100_000):
        with pytest.raises(ValueError, match=r".*"):
            wire_values.loads(broken)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b'{"a":', b"\xff\xfe\x00", "[" * 100_000, '{"c": "["a"]", ' + "[" * 99_999]
)
def test_no_json_is_a_value_error(data: str | bytes) -> None:
    """Empty, HTML, cut off, binary or nested without end: one error for all."""
    with pytest.raises(ValueError, match=r".*"):
        wire_values.loads(data)


def test_numbers_that_are_none_become_null() -> None:
    """NaN, Infinity and 1e999 would break the JSON that is made of them later."""
    assert wire_values.loads('{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1.5}') == {
        "a": None,
        "b": None,
        "c": None,
        "d": 1.5,
    }


def test_broken_utf8_spoils_its_own_letters_only() -> None:
    """A log that was cut in the middle of a letter does not cost the whole reply."""
    assert wire_values.loads(b'{"debugoutput": "caf\xc3", "pexit": "0"}') == {
        "debugoutput": "caf�",
        "pexit": "0",
    }
