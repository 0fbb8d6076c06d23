"""Any JSON at every reader of the wire gives a typed result or a documented error, and shows no secret."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.json_strategies import (
    FRAME_WORDS,
    KINDS,
    MESSAGE_WORDS,
    REPLY_WORDS,
    SPEC_WORDS,
    TASK_WORDS,
    TOOL_WORDS,
    few_examples,
    json_objects,
    json_values,
)
from wiro_widgets.protocol import events, replies, wire_values
from wiro_widgets.protocol.backoff import retry_after
from wiro_widgets.protocol.detail import TaskDetail, read_task, read_tasks
from wiro_widgets.protocol.errors import ApiError, ConfigurationError, InvalidParameter, WiroError
from wiro_widgets.protocol.record import TaskRecord
from wiro_widgets.protocol.record_of import record_of
from wiro_widgets.protocol.requests import Request, run
from wiro_widgets.protocol.schema.schema import ModelSchema, split_model
from wiro_widgets.protocol.state import TaskState, advance

TOKEN = "PlantedTokenPlantedTokenPlant"


def _outcome(call: Callable[[], object]) -> object:
    """Return the call's result, or the WiroError that it raises."""
    try:
        return call()
    except WiroError as error:
        return error


def _json_body(request: Request) -> bytes:
    return json.dumps(request.json, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_json_or_value_error(data: bytes | str) -> None:
    """Any bytes are JSON or a ValueError."""
    with suppress(ValueError):
        wire_values.loads(data)


@few_examples
@given(st.binary(max_size=200) | json_values(REPLY_WORDS), st.integers(100, 599))
def test_a_reply_is_an_object_or_an_api_error(body: Any, http_status: int) -> None:
    """Any body with any HTTP status."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    outcome = _outcome(lambda: replies.payload(data, http_status=http_status, endpoint="/Run"))
    assert isinstance(outcome, dict | ApiError)
    assert str(outcome)


@few_examples
@given(json_objects(TASK_WORDS))
def test_a_receipt_is_one_or_none(reply: dict[str, Any]) -> None:
    """Any object; its repr has no token."""
    receipt = replies.receipt(reply | {"socketaccesstoken": TOKEN})
    assert receipt is None or receipt.task_id
    assert TOKEN not in repr(receipt)


@few_examples
@given(json_objects(f"{TASK_WORDS} {MESSAGE_WORDS}"))
def test_a_task_is_a_detail_and_a_row(task: dict[str, Any]) -> None:
    """Any object is a detail, and its row is JSON."""
    detail = read_task(task | {"socketaccesstoken": TOKEN})
    assert isinstance(detail, TaskDetail)
    state = advance(TaskState(), detail)
    assert state.settled is detail.terminal
    record = record_of(state, task_id=detail.id, model=None, parameters={})
    assert TaskRecord.from_dict(json.loads(json.dumps(record.to_dict()))).outcome == record.outcome
    assert TOKEN not in f"{detail!r} {state!r} {record!r}"


@few_examples
@given(json_values(f"{TASK_WORDS} {REPLY_WORDS}"))
def test_lists_of_tasks_and_models(value: Any) -> None:
    """Anything in `tasklist` and `tool` is a tuple."""
    assert isinstance(read_tasks({"tasklist": value}), tuple)
    assert isinstance(replies.models({"tool": value}), tuple)
    tool = replies.tool({"tool": value})
    assert tool is None or isinstance(tool, dict)


@few_examples
@given(json_objects(f"{FRAME_WORDS} {MESSAGE_WORDS}"), st.sampled_from(KINDS), json_values(MESSAGE_WORDS))
def test_a_frame_is_an_event_and_advances_a_state(fields: dict[str, Any], kind: str, message: Any) -> None:
    """Any object is an event and gives a state, and neither shows the token."""
    for frame_fields in (fields, fields | {"type": kind, "message": message, "tasktoken": TOKEN}):
        frame = events.parse_frame(json.dumps(frame_fields))
        assert frame is not None
        assert isinstance(frame.belongs_to(task_id="5", token=TOKEN), bool)
        event = events.read_event(frame, 5.0)
        state = advance(advance(TaskState(), event), event)
        assert not state.settled
        assert TOKEN not in f"{frame!r} {event!r} {state!r}"


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_data_that_is_no_frame_is_an_unknown_event(data: bytes | str) -> None:
    """Any other data gives an event without the token."""
    if events.parse_frame(data) is None:
        assert events.unreadable(data, 5.0).type == "invalid"
    with_token = f"{data}{TOKEN}|{data}" if isinstance(data, str) else data + TOKEN.encode() + data
    assert TOKEN not in repr(events.unreadable(with_token, 5.0))


@few_examples
@given(json_objects(TOOL_WORDS), json_values(TOOL_WORDS))
def test_an_entry_is_a_schema(tool: dict[str, Any], items: Any) -> None:
    """Any object is a schema, and any default is accepted or refused by name."""
    for entry in (tool, tool | {"parameters": [{"items": items}, {"items": [items]}]}):
        schema = ModelSchema.from_tool(entry)
        assert all(error.parameter for error in schema.problems(schema.defaults).values())


@few_examples
@given(json_objects(SPEC_WORDS) | st.lists(json_objects(SPEC_WORDS), max_size=3), json_values(SPEC_WORDS))
def test_a_description_is_a_schema_or_none(spec: Any, body: Any) -> None:
    """Any description is a schema or a ConfigurationError."""
    post = {"requestBody": {"content": {"application/json": {"schema": body}}}}
    for description in (spec, {"paths": {"/Run/a/b": body}}, {"paths": {"/Run/a/b": {"post": post}}}):
        outcome = _outcome(lambda value=description: ModelSchema.from_openapi(value))  # type: ignore[misc] # bound now
        assert isinstance(outcome, ModelSchema | ConfigurationError)


@few_examples
@given(
    st.sampled_from(["text", "select", "range", "integer", "checkbox", "combinefileinput"]),
    json_values(TOOL_WORDS),
)
def test_any_value_is_bound_or_refused_by_name(kind: str, value: Any) -> None:
    """Bound values can be sent."""
    item = {"id": "x", "type": kind, "options": ["a", "5", ""], "min": 0, "max": 100, "default": 5}
    schema = ModelSchema.from_tool({"parameters": [{"items": [item]}]})
    outcome = _outcome(lambda: _json_body(run("a/b", schema.bind({"x": value}), schema)))
    assert isinstance(outcome, bytes) or (isinstance(outcome, InvalidParameter) and outcome.parameter == "x")


@few_examples
@given(st.dictionaries(st.text(max_size=5), json_values(TOOL_WORDS), max_size=4))
def test_any_values_of_a_model_without_a_schema(values: dict[str, Any]) -> None:
    """They are JSON or refused by name."""
    outcome = _outcome(lambda: _json_body(run("a/b", values)))
    assert isinstance(outcome, bytes) or (
        isinstance(outcome, InvalidParameter) and outcome.parameter in values
    )


@given(st.text(max_size=40) | st.text("/.: ?#models%[]", max_size=20))
def test_an_address_is_two_names_or_refused(text: str) -> None:
    """Any text."""
    outcome = _outcome(lambda: split_model(text))
    if isinstance(outcome, tuple):
        assert run("/".join(outcome), {}).path.count("/") == 3
    else:
        assert isinstance(outcome, InvalidParameter)


@given(st.text(max_size=40))
def test_any_retry_after(header: str) -> None:
    """Seconds or nothing."""
    seconds = retry_after(header, datetime(2026, 3, 1, tzinfo=UTC))
    assert seconds is None or seconds >= 0
