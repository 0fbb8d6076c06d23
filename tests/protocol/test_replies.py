"""The payload of a reply: receipts, outputs, texts, models."""

from typing import Any

import pytest

from tests.protocol.payload_files import payload_bytes
from wiro_widgets.protocol import replies
from wiro_widgets.protocol.replies import ModelSummary, OutputInfo, Receipt
from wiro_widgets.protocol.text.text_content import TextContent, text_content


def _object(name: str) -> Any:
    return replies.payload(payload_bytes(name), http_status=200, endpoint="/Run")


def test_the_documented_receipt() -> None:
    """The documented Run reply has a task id and a token."""
    receipt = replies.receipt(_object("documented_run.json"))
    assert receipt == Receipt("2221", "eDcCm5yyUfIvMFspTwww49OUfgXkQt")


@pytest.mark.parametrize(
    ("reply", "task_id"),
    [
        ({"taskid": 2221}, "2221"),
        ({"taskid": "2221"}, "2221"),
        ({"id": 2221}, "2221"),
        ({"taskid": None, "id": "7"}, "7"),
        ({"taskid": 2221.0}, "2221"),
    ],
)
def test_a_receipt_has_its_id_as_text(reply: dict[str, Any], task_id: str) -> None:
    """A number is an id, and the token may be missing."""
    assert replies.receipt(reply) == Receipt(task_id, None)


@pytest.mark.parametrize("value", [None, "", " ", True, False, [], {}, [5]])
def test_a_reply_without_a_task_is_no_receipt(value: object) -> None:
    """Other values are no id."""
    assert replies.receipt({"taskid": value, "socketaccesstoken": "t"}) is None


def test_a_token_of_the_wrong_type_is_none() -> None:
    """The task can be followed by its id alone."""
    assert replies.receipt({"taskid": 5, "socketaccesstoken": ["t"]}) == Receipt("5", None)


def test_an_output_of_a_file() -> None:
    """Numbers as text, both spellings of the content type."""
    item = {
        "id": 7,
        "name": "0.png",
        "contentType": "image/png",
        "size": "202472",
        "url": "https://f.example/0.png",
    }
    expected = OutputInfo("0.png", "image/png", 202472, "https://f.example/0.png", "7")
    assert replies.outputs([item]) == (expected,)


def test_an_output_without_a_name_is_named_by_its_address() -> None:
    """Without a URL it is named by its place in the list."""
    outputs = replies.outputs(
        [{"url": "https://f.example/a/7.webp?x=1"}, {"size": 5}, "https://f.example/b.mp4"]
    )
    assert [item.name for item in outputs] == ["7.webp", "1", "b.mp4"]


def test_outputs_as_json_text() -> None:
    """The list can be JSON text."""
    assert replies.outputs('[{"name": "a.png"}]') == (OutputInfo("a.png"),)


@pytest.mark.parametrize("value", [None, "", "none", 5, True, {}, {"0": {"name": "a"}}])
def test_no_outputs(value: object) -> None:
    """Anything but a list has no outputs."""
    assert replies.outputs(value) == ()


def test_senseless_entries_are_left_out() -> None:
    """Nulls, numbers and empty texts in the list are no outputs."""
    assert replies.outputs([None, 5, "", [], {"name": "a.png"}]) == (OutputInfo("a.png"),)


def test_a_language_models_output() -> None:
    """Its content is in the lists of the older documentation."""
    content = {"prompt": "Hi", "raw": "<think>x</think>Hello", "thinking": ["x"], "answer": ["Hello"]}
    [output] = replies.outputs([{"contenttype": "raw", "content": content}])
    assert output.content == TextContent(("x",), ("Hello",), "<think>x</think>Hello", "Hi")
    assert output.content.text == "Hello"


def test_segments_are_thinking_and_answer() -> None:
    """The newer segments give the same; other segments are left out."""
    segments = [
        {"type": "thinking", "text": "x"},
        {"type": "answer", "text": "Hel"},
        {"type": "answer", "text": "lo"},
        {"type": "citation", "text": "z"},
        None,
    ]
    content = text_content({"segments": segments, "thinking": [], "answer": []})
    assert content == TextContent(("x",), ("Hel", "lo"))


@pytest.mark.parametrize("answer", ["[1] First of all", '["not", "a list"]', "{}", "  indented", "5"])
def test_an_answer_that_looks_like_json_stays_text(answer: str) -> None:
    """A model may answer with brackets."""
    content = text_content({"answer": answer})
    assert content is not None
    assert content.answer == (answer,)


def test_parts_of_other_types_are_text_or_left_out() -> None:
    """A number in an answer is a part of it; null is none."""
    assert text_content({"answer": ["a", None, 5, [], ""]}) == TextContent(answer=("a", "5"))


def test_raw_text_is_all_there_is_without_an_answer() -> None:
    """The raw text counts if thinking and answer are not separated."""
    content = text_content({"raw": "Hello"})
    assert content is not None
    assert content.text == "Hello"


@pytest.mark.parametrize("value", [None, "Hello", 5, [], {}, {"percentage": 5}])
def test_no_text(value: object) -> None:
    """An object without a language model's fields is no text."""
    assert text_content(value) is None


@pytest.mark.parametrize("entry", [[{"title": "A"}], {"title": "A"}, '[{"title": "A"}]'])
def test_the_catalogue_entry(entry: object) -> None:
    """Tool/Detail has its entry in a list; a single entry or JSON text is read too."""
    assert replies.tool({"tool": entry}) == {"title": "A"}


@pytest.mark.parametrize("entry", [None, [], {}, "", 5, [None]])
def test_no_catalogue_entry(entry: object) -> None:
    """A missing model has no entry."""
    assert replies.tool({"tool": entry}) is None


def test_a_list_of_models() -> None:
    """Clean slugs go first, without spaces around them; an entry without owner and name is left out."""
    reply = {
        "tool": [
            {
                "slugowner": "A",
                "slugproject": "B 2",
                "cleanslugowner": "a ",
                "cleanslugproject": " b-2",
                "title": "B",
            },
            {
                "slugowner": "c",
                "slugproject": " d.5",
                "categories": '["tool"]',
                "image": "https://f.example/d.png",
            },
            {"title": "nowhere"},
            None,
        ]
    }
    assert replies.models(reply) == (
        ModelSummary("a/b-2", "B", ""),
        ModelSummary("c/d.5", "d.5", "", ("tool",), "https://f.example/d.png"),
    )
