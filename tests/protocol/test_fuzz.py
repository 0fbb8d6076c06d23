"""Arbitrary JSON at every reader of the wire: typed results or the documented errors, and no secret shown."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.arbitrary import (
    FRAME_WORDS,
    KINDS,
    MESSAGE_WORDS,
    REPLY_WORDS,
    SPEC_WORDS,
    TASK_WORDS,
    TOOL_WORDS,
    anything,
    few,
    objects,
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
    """Return what the call returns, or the error of ours that it raises."""
    try:
        return call()
    except WiroError as error:
        return error


def _sent(request: Request) -> bytes:
    return json.dumps(request.json, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_json_or_value_error(data: bytes | str) -> None:
    """Any bytes are JSON or a ValueError."""
    with suppress(ValueError):
        wire_values.loads(data)


@few
@given(st.binary(max_size=200) | anything(REPLY_WORDS), st.integers(100, 599))
def test_a_reply_is_an_object_or_an_api_error(body: Any, http_status: int) -> None:
    """Any body under any status."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = _outcome(lambda: replies.payload(data, http_status=http_status, endpoint="/Run"))
    assert isinstance(found, dict | ApiError)
    assert str(found)


@few
@given(objects(TASK_WORDS))
def test_a_receipt_is_one_or_none(reply: dict[str, Any]) -> None:
    """Any object; the token is not shown."""
    found = replies.receipt(reply | {"socketaccesstoken": TOKEN})
    assert found is None or found.task_id
    assert TOKEN not in repr(found)


@few
@given(objects(f"{TASK_WORDS} {MESSAGE_WORDS}"))
def test_a_task_is_a_detail_and_a_row(task: dict[str, Any]) -> None:
    """Any object is a detail; it settles or not, and its row is JSON."""
    found = read_task(task | {"socketaccesstoken": TOKEN})
    assert isinstance(found, TaskDetail)
    state = advance(TaskState(), found)
    assert state.settled is found.terminal
    record = record_of(state, task_id=found.id, model=None, parameters={})
    assert TaskRecord.from_dict(json.loads(json.dumps(record.to_dict()))).outcome == record.outcome
    assert TOKEN not in f"{found!r} {state!r} {record!r}"


@few
@given(anything(f"{TASK_WORDS} {REPLY_WORDS}"))
def test_lists_of_tasks_and_models(value: Any) -> None:
    """Anything in `tasklist` and `tool` is a tuple."""
    assert isinstance(read_tasks({"tasklist": value}), tuple)
    assert isinstance(replies.models({"tool": value}), tuple)
    tool = replies.tool({"tool": value})
    assert tool is None or isinstance(tool, dict)


@few
@given(objects(f"{FRAME_WORDS} {MESSAGE_WORDS}"), st.sampled_from(KINDS), anything(MESSAGE_WORDS))
def test_a_frame_is_an_event_and_advances_a_state(fields: dict[str, Any], kind: str, message: Any) -> None:
    """Any object is an event, any event leaves a state that can be shown, and the token is in neither."""
    for told in (fields, fields | {"type": kind, "message": message, "tasktoken": TOKEN}):
        frame = events.parse_frame(json.dumps(told))
        assert frame is not None
        assert isinstance(frame.belongs_to(task_id="5", token=TOKEN), bool)
        event = events.read_event(frame, 5.0)
        state = advance(advance(TaskState(), event), event)
        assert not state.settled
        assert TOKEN not in f"{frame!r} {event!r} {state!r}"


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_what_is_no_frame_is_nonsense(data: bytes | str) -> None:
    """Any data is a frame or an event that says what it was, without the token in it."""
    if events.parse_frame(data) is None:
        assert events.unreadable(data, 5.0).type == "invalid"
    mixed = f"{data}{TOKEN}|{data}" if isinstance(data, str) else data + TOKEN.encode() + data
    assert TOKEN not in repr(events.unreadable(mixed, 5.0))


@few
@given(objects(TOOL_WORDS), anything(TOOL_WORDS))
def test_an_entry_is_a_schema(tool: dict[str, Any], items: Any) -> None:
    """Any object is one, and any default that it has is taken or refused by name."""
    for entry in (tool, tool | {"parameters": [{"items": items}, {"items": [items]}]}):
        schema = ModelSchema.from_tool(entry)
        assert all(error.parameter for error in schema.problems(schema.defaults).values())


@few
@given(objects(SPEC_WORDS) | st.lists(objects(SPEC_WORDS), max_size=3), anything(SPEC_WORDS))
def test_a_description_is_a_schema_or_none(spec: Any, body: Any) -> None:
    """Any description is a schema or a ConfigurationError."""
    post = {"requestBody": {"content": {"application/json": {"schema": body}}}}
    for told in (spec, {"paths": {"/Run/a/b": body}}, {"paths": {"/Run/a/b": {"post": post}}}):
        found = _outcome(lambda told=told: ModelSchema.from_openapi(told))  # type: ignore[misc] # bound now
        assert isinstance(found, ModelSchema | ConfigurationError)


@few
@given(
    st.sampled_from(["text", "select", "range", "integer", "checkbox", "combinefileinput"]),
    anything(TOOL_WORDS),
)
def test_any_value_is_bound_or_refused_by_name(kind: str, value: Any) -> None:
    """What is bound can be sent."""
    item = {"id": "x", "type": kind, "options": ["a", "5", ""], "min": 0, "max": 100, "default": 5}
    schema = ModelSchema.from_tool({"parameters": [{"items": [item]}]})
    found = _outcome(lambda: _sent(run("a/b", schema.bind({"x": value}), schema)))
    assert isinstance(found, bytes) or (isinstance(found, InvalidParameter) and found.parameter == "x")


@few
@given(st.dictionaries(st.text(max_size=5), anything(TOOL_WORDS), max_size=4))
def test_any_values_of_a_model_without_a_schema(values: dict[str, Any]) -> None:
    """They are JSON or refused by name."""
    found = _outcome(lambda: _sent(run("a/b", values)))
    assert isinstance(found, bytes) or (isinstance(found, InvalidParameter) and found.parameter in values)


@given(st.text(max_size=40) | st.text("/.: ?#models%[]", max_size=20))
def test_an_address_is_two_names_or_refused(text: str) -> None:
    """Any text."""
    found = _outcome(lambda: split_model(text))
    if isinstance(found, tuple):
        assert run("/".join(found), {}).path.count("/") == 3
    else:
        assert isinstance(found, InvalidParameter)


@given(st.text(max_size=40))
def test_any_retry_after(header: str) -> None:
    """Seconds or nothing."""
    found = retry_after(header, datetime(2026, 3, 1, tzinfo=UTC))
    assert found is None or found >= 0
