"""What a language model wrote, in each shape of the wire (docs/protocol.md, Language models)."""

import json
from typing import Any

import pytest

from tests.protocol.payload_files import detail_with, event_of, state_after
from wiro_widgets.protocol.detail import TaskDetail
from wiro_widgets.protocol.events import Progress, TaskEvent, TextSnapshot
from wiro_widgets.protocol.record_of import record_of
from wiro_widgets.protocol.replies import outputs
from wiro_widgets.protocol.text.text_content import TextContent, ToolCall, cut_off_reason, text_content

SEGMENTS = [{"type": "thinking", "text": "hm"}, {"type": "answer", "text": "hi"}]
PROGRESS = {"type": "progressGenerate", "task": "Generate", "speed": "12.4"}
FINISHED = {"status": "task_postprocess_end", "pexit": "0"}


Items = list[list[TaskEvent | TaskDetail]]


def snapshot(message: object) -> TextSnapshot:
    """Return the event of a `task_output` with this message."""
    event = event_of({"type": "task_output", "message": message}, 5.0)
    assert isinstance(event, TextSnapshot)
    return event


def output_text(content: object, **more: object) -> TextContent | None:
    """Return the text of an output with this content."""
    [output] = outputs([{"contenttype": "raw", "content": content, **more}])
    return output.content


# Live


@pytest.mark.parametrize(
    "message",
    [
        {**PROGRESS, "segments": SEGMENTS, "isThinking": False},
        {**PROGRESS, "thinking": ["hm"], "answer": ["hi"]},
        {**PROGRESS, "thinking": "hm", "answer": "hi"},
        {**PROGRESS, "percentage": "40", "segments": json.dumps(SEGMENTS)},
        {**PROGRESS, "answer": [], "raw": "<thinking>hm</thinking><answer>hi"},
        {**PROGRESS, "raw": "<think>hm</think>hi"},
    ],
)
@pytest.mark.parametrize("write", [dict, json.dumps, lambda message: f"\n {json.dumps(message)}"])
def test_one_object_is_a_snapshot_and_a_progress(message: dict[str, object], write: Any) -> None:
    """Progress and text in one object, as Wiro documents it: both advance."""
    event = snapshot(write(message))
    assert (event.content.thinking, event.content.text) == (("hm",), "hi")
    state = state_after([event])
    assert state.text is not None
    assert state.text.text == "hi"
    assert state.step is not None
    assert (state.step.label, state.step.speed) == ("Generate", "12.4")
    assert state.progress == (0.4 if "percentage" in message else None)


@pytest.mark.parametrize(
    "more", [{}, {"answer": []}, {"answer": [], "thinking": "", "segments": []}, {"raw": ""}]
)
def test_a_progress_without_text_is_a_progress(more: dict[str, object]) -> None:
    """Empty lists beside it are no text of a model that paints."""
    event = event_of({"type": "task_output", "message": {**PROGRESS, "percentage": "40", **more}})
    assert isinstance(event, Progress)


def test_a_line_beside_a_progress_is_no_answer() -> None:
    """A raw text without tags is a log line of a model that paints."""
    assert isinstance(event_of({"type": "task_output", "message": {**PROGRESS, "raw": "Step 6"}}), Progress)


def test_the_pace_of_a_language_model_is_the_last_one() -> None:
    """Without percentage and steps the last progress counts."""
    events = [
        event_of({"type": "task_output", "message": {**PROGRESS, "speed": speed, "segments": SEGMENTS}}, at)
        for at, speed in enumerate(("1", "2", "3"))
    ]
    for order in (events, events[::-1]):
        step = state_after(order).step
        assert step is not None
        assert step.speed == "3"


def test_a_raw_text_in_tags_grows() -> None:
    """`answer` is empty to the end; no piece of a tag is ever shown, and nothing shrinks."""
    raw = "<thinking>So, so.</thinking>\n<answer>Hello there, <b>friend</b>.</answer>"
    state, texts = None, []
    for end in range(1, len(raw) + 1):
        state = state_after([snapshot({"thinking": [], "answer": [], "raw": raw[:end]})], state)
        assert state.text is not None
        texts.append(state.text.text)
    assert state is not None
    assert state.text is not None
    assert (state.text.thinking, state.text.text) == (("So, so.",), "Hello there, <b>friend</b>.")
    assert texts == sorted(texts, key=len)
    assert not any("thinking" in text or "</a" in text for text in texts)


def test_thinking_alone_is_no_answer() -> None:
    """Neither in lists beside a raw text, nor in tags, nor in segments."""
    for message in (
        {"thinking": ["hm"], "answer": [], "raw": "<think>hm</think>\n"},
        {"raw": "<think>hm"},
        {"segments": SEGMENTS[:1]},
    ):
        event = snapshot({**message, "isThinking": True})
        assert (event.content.thinking, event.content.text, event.done) == (("hm",), "", False)


def test_a_snapshot_that_shrinks_waits_for_the_end() -> None:
    """An earlier snapshot that comes late takes nothing away; the text of the detail is the last word."""
    state = state_after([snapshot({"answer": ["Hello there"]}), snapshot({"answer": ["Hello"]})])
    assert state.text is not None
    assert state.text.text == "Hello there"
    end = detail_with(**FINISHED, outputs=[{"contenttype": "raw", "content": {"answer": ["Hello"]}}])
    state = state_after([end], state)
    assert state.text is not None
    assert state.text.text == "Hello"


# Segments


@pytest.mark.parametrize(
    ("segment", "call"),
    [
        (
            {"type": "function_call", "name": "weather", "arguments": '{"city": "Oslo"}', "call_id": "c1"},
            ToolCall("weather", '{"city": "Oslo"}', "c1"),
        ),
        (
            {
                "type": "function_call",
                "id": 7,
                "function": {"name": "weather", "arguments": {"city": "Oslo"}},
            },
            ToolCall("weather", '{"city": "Oslo"}', "7"),
        ),
        ({"type": "custom_tool_call", "name": "sql", "input": "select 1"}, ToolCall("sql", "select 1")),
        ({"type": "customToolCall", "name": "sql", "text": "select 1"}, ToolCall("sql", "select 1")),
        ({"type": "function_call", "text": "weather"}, ToolCall("", "weather")),
    ],
)
def test_calls_are_kept_and_stand_for_a_missing_answer(segment: dict[str, object], call: ToolCall) -> None:
    """A call is the text only where there is no answer."""
    content = text_content({"segments": [SEGMENTS[0], segment], "raw": "{}", "answer": []})
    assert content is not None
    assert (content.calls, content.text) == ((call,), str(call))
    content = text_content({"segments": [segment, *SEGMENTS]})
    assert content is not None
    assert (content.calls, content.text) == ((call,), "hi")


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        ([{"type": "output_text", "text": "hi"}], "hi"),
        ([{"text": "hi"}], "hi"),
        (["hi"], "hi"),
        ([{"type": "Answer", "content": "hi"}], "hi"),
        ([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "hi"}], "hi"),
        ([{"type": "citation", "text": "z"}, *SEGMENTS, {"type": 5, "text": None}, None, 5, []], "hi"),
        ([{"type": "answer", "text": ""}], ""),
        ([], ""),
        (None, ""),
    ],
)
def test_segments_of_unknown_types(segments: object, text: str) -> None:
    """They are the answer where nothing else is, and spoil none."""
    content = text_content({"segments": segments})
    assert content is not None
    assert content.text == text


# Results


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"message": "hi"}, "hi"),
        ({"message": {"role": "assistant", "content": "hi"}}, "hi"),
        ({"text": "hi"}, "hi"),
        ("hi", "hi"),
        ("<think>hm</think>hi", "hi"),
        ('{"message": "hi"}', "hi"),
        (json.dumps({"prompt": "p", "answer": ["hi"], "raw": "hi"}), "hi"),
        ('{"answer": "yes"}', '{"answer": "yes"}'),
        ('["a", "b"]', '["a", "b"]'),
        (["hi"], "hi"),
        (SEGMENTS, "hi"),
        ({"boxes": [1, 2]}, '{"boxes": [1, 2]}'),
    ],
)
def test_the_places_of_a_result(content: object, text: str) -> None:
    """A message, a plain text, JSON of a whole content; what nobody knows is kept as its JSON."""
    result = output_text(content)
    assert result is not None
    assert result.text == text


@pytest.mark.parametrize("content", [None, "", "  ", {}, [], 5])
def test_an_empty_content_is_no_text(content: object) -> None:
    """An output without one is a file."""
    assert output_text(content) is None


@pytest.mark.parametrize("name", ["finishreason", "finishReason", "finish_reason", "stop_reason"])
@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": "12", "total": 40}, '{"prompt_tokens": 12, "total": "40"}']
)
@pytest.mark.parametrize("place", ["content", "output", "message"])
def test_finish_reason_and_usage(name: str, usage: object, place: str) -> None:
    """In any spelling, as an object or as JSON text, in the content or beside it."""
    ends = {name: "length", "usage": usage}
    content: dict[str, object] = {"message": "hi"} if place == "message" else {"answer": ["hi"]}
    result = output_text(content, **ends) if place == "output" else output_text({**content, **ends})
    assert result is not None
    assert (result.finish_reason, result.usage) == ("length", {"prompt_tokens": 12, "total": 40})


@pytest.mark.parametrize("value", [None, "", [], 5, "many", {"a": None}])
def test_a_senseless_usage_is_none(value: object) -> None:
    """A usage without counts is none."""
    result = output_text({"answer": ["hi"], "usage": value, "finishreason": []})
    assert result is not None
    assert (result.finish_reason, result.usage) == (None, {})


def test_the_end_of_a_snapshot_counts_if_the_result_has_none() -> None:
    """The last snapshot said why the model stopped, the detail does not."""
    live = snapshot({"answer": ["hi"], "finish_reason": "length", "usage": {"total": 2}})
    end = detail_with(**FINISHED, outputs=[{"contenttype": "raw", "content": {"answer": ["hi!"]}}])
    orders: Items = [[live, end], [end, live]]
    for items in orders:
        record = record_of(state_after(items), task_id="1", model=None, parameters={})
        assert (record.text, record.finish_reason, record.usage) == ("hi!", "length", {"total": 2})


@pytest.mark.parametrize(
    ("stdout", "answer", "text"),
    [
        ("hi", None, "hi"),
        ("<think>hm</think>hi", None, "hi"),
        ("Loading\nhi there", "hi", "hi there"),
        ("Loading\nhi", "hi", "hi"),
        ("Loading\nDone", "hi", "hi"),
        ("", "hi", "hi"),
        (" \n", None, None),
    ],
)
def test_an_answer_on_stdout(stdout: str, answer: str | None, text: str | None) -> None:
    """Where a task left no outputs its stdout has the answer; a snapshot says where it begins."""
    end = detail_with(**FINISHED, outputs=[], debugoutput=stdout)
    events = [] if answer is None else [snapshot({"answer": [answer]})]
    orders: Items = [[*events, end], [end, *events]]
    for items in orders:
        state = state_after(items)
        assert (state.text.text if state.text else None) == text


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "task_postprocess_end", "pexit": "1"},
        {"status": "task_cancel"},
        {**FINISHED, "outputs": [{"name": "0.png", "url": "https://f.example/0.png"}]},
    ],
)
def test_stdout_is_no_answer_elsewhere(fields: dict[str, object]) -> None:
    """Of a task that failed, was stopped, or left files it is a log."""
    assert state_after([detail_with(debugoutput="Loading", **fields)]).text is None


def test_an_empty_result_does_not_take_a_snapshot_away() -> None:
    """The answer that was seen stays if the detail has an empty one."""
    end = detail_with(**FINISHED, outputs=[{"contenttype": "raw", "content": {"answer": [], "raw": ""}}])
    live = snapshot({"answer": ["hi"]})
    orders: Items = [[live, end], [end, live]]
    for items in orders:
        state = state_after(items)
        assert state.text is not None
        assert state.text.text == "hi"


@pytest.mark.parametrize(
    "reason", ["length", "max_tokens", "MAX_TOKENS", "content_filter", "contentFilter", "content-filter"]
)
def test_a_cut_off_is_said(reason: str) -> None:
    """A sentence with what to do."""
    sentence = cut_off_reason(reason)
    assert sentence is not None
    assert ("filter" in reason.lower()) == ("filter" in sentence)


@pytest.mark.parametrize("reason", [None, "", "stop", "tool_calls", "end_turn"])
def test_another_end_needs_no_words(reason: str | None) -> None:
    """The model said all it wanted."""
    assert cut_off_reason(reason) is None
