import json
from typing import Any

import pytest

from tests.sandbox.raw import CHAT, FLUX, Caller
from wiro_widgets.sandbox.faults.wire_shapes import CHANGING, DRIFTS


def drift_entry(caller: Caller, drift: str) -> dict[str, Any]:
    """Return a finished task as this drift shows it."""
    receipt = caller.run()
    caller.wait_until_settled(receipt)
    caller.server.faults = {"drift": drift}
    return caller.detail(receipt)


@pytest.mark.parametrize(
    ("drift", "name", "kind"),
    [
        ("numbers", "elapsedseconds", float),
        ("numbers", "starttime", int),
        ("number_ids", "id", int),
        ("pexit_number", "pexit", int),
        ("parameters_text", "parameters", str),
        ("categories_list", "categories", list),
        ("task_id", "taskid", str),
        ("task_output", "output", list),
        ("extra_fields", "zznew", dict),
        ("pexit_unknown", "pexit", type(None)),
    ],
)
def test_a_field_takes_another_shape(caller: Caller, drift: str, name: str, kind: type) -> None:
    """The same fact, otherwise written."""
    assert type(drift_entry(caller, drift)[name]) is kind


def test_times_may_be_milliseconds_or_iso_text(caller: Caller) -> None:
    """Both name the same second."""
    receipt = caller.run()
    seconds = int(caller.wait_until_settled(receipt)["starttime"])
    caller.server.faults = {"drift": "milliseconds"}
    assert caller.detail(receipt)["starttime"] == str(seconds * 1000)
    caller.server.faults = {"drift": "iso_times"}
    assert caller.detail(receipt)["starttime"].endswith(".000Z")


@pytest.mark.parametrize(("drift", "value"), [("pexit_null", None), ("pexit_garbage", "undefined")])
def test_pexit_is_strange_before_the_end(caller: Caller, drift: str, value: str | None) -> None:
    """And right once the task has ended."""
    caller.server.faults = {"drift": drift, "stuck": "queue"}
    receipt = caller.run()
    assert caller.detail(receipt)["pexit"] == value
    caller.server.faults = {"drift": drift}
    assert caller.wait_until_settled(receipt)["pexit"] == "0"


def test_categories_may_be_malformed_as_in_the_seed(caller: Caller) -> None:
    """The inner quotes are not escaped, so the whole reply is no JSON."""
    receipt = caller.run()
    caller.wait_until_settled(receipt)
    caller.server.faults = {"drift": "categories_broken"}
    text = caller.post("Task/Detail", {"taskid": receipt["taskid"]}).text
    assert '"categories": "["tool","image-to-image","quick-showcase","compare-landscape"]"' in text
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(text)


@pytest.mark.parametrize(
    ("drift", "value"), [("result_text", "1"), ("result_number", 1), ("result_missing", None)]
)
def test_result_takes_other_shapes(caller: Caller, drift: str, value: object) -> None:
    """Text, number, or not there."""
    caller.server.faults = {"drift": drift}
    assert caller.call("Task/List").get("result") == value


@pytest.mark.parametrize(
    ("drift", "error"),
    [
        ("code_text", {"code": "1", "message": "There is no task yet."}),
        ("errors_text", "There is no task yet."),
    ],
)
def test_errors_take_other_shapes(caller: Caller, drift: str, error: object) -> None:
    """A code as text, or the message alone."""
    caller.server.faults = {"drift": drift}
    assert caller.call("Task/Detail", {"taskid": "1"})["errors"] == [error]


def test_an_error_may_be_a_message_beside(caller: Caller) -> None:
    """No errors at all, and the message at the top level."""
    caller.server.faults = {"drift": "errors_message"}
    assert caller.call("Task/Detail", {"taskid": "1"}) == {
        "message": "There is no task yet.",
        "result": False,
    }


def test_a_receipt_may_have_a_number(caller: Caller) -> None:
    """The task's id, as a number."""
    caller.server.faults = {"drift": "number_ids"}
    assert isinstance(caller.run()["taskid"], int)


def test_schemas_take_other_shapes(caller: Caller) -> None:
    """A JSON text, whole or for each item, nothing in four ways, or defaults under another name."""
    body = {"slugowner": "tencent", "slugproject": "hunyuan-flux-srpo"}
    shapes = {}
    for drift in ("items_text", *(name for name in DRIFTS if name.startswith("schema_"))):
        caller.server.faults = {"drift": drift}
        shapes[drift] = caller.call("Tool/Detail", body)["tool"][0].get("parameters", "missing")
    assert json.loads(shapes["schema_text"])[0]["title"] == "Input"
    nothing = [shapes[f"schema_{kind}"] for kind in ("null", "list", "empty", "missing")]
    assert nothing == [None, [], "", "missing"]
    assert shapes["schema_value"][1]["items"][0]["value"] == "20"
    assert json.loads(shapes["items_text"][0]["items"][1])["id"] == "prompt"


def test_slugs_may_have_spaces(caller: Caller) -> None:
    """In front, as two real ones have."""
    caller.server.faults = {"drift": "slug_spaces"}
    assert caller.tool(FLUX)["cleanslugproject"] == " hunyuan-flux-srpo"


def test_frames_may_lack_their_names(caller: Caller) -> None:
    """Neither id nor token nor target."""
    assert {tuple(frame) for frame in caller.frames(FLUX, {"drift": "frames_bare"})} == {
        ("type", "message", "result")
    }


def test_newer_frames_say_how_it_ended(caller: Caller) -> None:
    """success, terminal and exitCode; the full output has no message."""
    frames = caller.frames(FLUX, {"drift": "frames_newer"})
    assert (frames[-1]["terminal"], frames[-1]["exitCode"]) == (True, 0)
    assert all("message" not in frame for frame in frames if frame["type"] == "task_output_full")


def test_the_last_frame_may_have_no_outputs(caller: Caller) -> None:
    """Task/Detail has them."""
    frames = caller.frames(FLUX, {"drift": "frames_no_outputs"})
    assert "message" not in frames[-1]


def test_progress_may_be_numbers(caller: Caller) -> None:
    """Where the wire usually has text."""
    frames = caller.frames(FLUX, {"drift": "numbers"})
    progress = next(frame["message"] for frame in frames if isinstance(frame["message"], dict))
    assert progress["percentage"] == 50


@pytest.mark.parametrize(("drift", "name"), [("snapshot_text", "answer"), ("snapshot_segments", "segments")])
def test_snapshots_take_other_shapes(caller: Caller, drift: str, name: str) -> None:
    """Text instead of lists, or segments instead of both."""
    frames = caller.frames(CHAT, {"drift": drift}, prompt="Why?")
    messages = [frame["message"] for frame in frames if isinstance(frame["message"], dict)]
    last = [message for message in messages if "isThinking" in message][-1]
    expected = str if drift == "snapshot_text" else list
    assert isinstance(last[name], expected)


def test_a_snapshot_may_be_a_progress_too(caller: Caller) -> None:
    """One object is both: its type is that of a progress, and it has segments."""
    frames = caller.frames(CHAT, {"drift": "snapshot_progress"}, prompt="Why?")
    message = next(frame["message"] for frame in frames if isinstance(frame["message"], dict))
    assert message["type"] == "progressGenerate"
    assert message["segments"][0]["type"] == "thinking"


def test_an_answer_may_stand_in_the_raw_text_alone(caller: Caller) -> None:
    """`answer` is empty to the end, and the text stands inside tags."""
    frames = caller.frames(CHAT, {"drift": "snapshot_raw"}, prompt="Why?")
    last = [frame["message"] for frame in frames if isinstance(frame["message"], dict)][-2]
    assert last["answer"] == []
    assert last["raw"].startswith("<answer>You asked: Why?")


def test_a_text_may_stand_in_tags(caller: Caller) -> None:
    """Both lists are empty, and the raw text ends in the middle of a tag."""
    frames = caller.frames(CHAT, {"drift": "snapshot_tags"}, prompt="Why?")
    last = [frame["message"] for frame in frames if isinstance(frame["message"], dict)][-2]
    assert (last["thinking"], last["answer"]) == ([], [])
    assert last["raw"].startswith("<thinking>The question")
    assert last["raw"].endswith("</answ")


def test_a_model_may_call_a_function(caller: Caller) -> None:
    """The answer is a segment with the arguments of a call."""
    frames = caller.frames(CHAT, {"drift": "snapshot_calls"}, prompt="Why?")
    last = [frame["message"] for frame in frames if isinstance(frame["message"], dict)][-2]
    assert [segment["type"] for segment in last["segments"]] == ["thinking", "function_call"]
    assert last["segments"][1]["arguments"].startswith('{"text": "You asked: Why?')


def test_a_snapshot_may_be_json_text(caller: Caller) -> None:
    """With any other shape of it."""
    frames = caller.frames(CHAT, {"drift": "snapshot_json,snapshot_progress"}, prompt="Why?")
    messages = [frame["message"] for frame in frames if str(frame["message"]).startswith("{")]
    assert all(isinstance(message, str) for message in messages[:-1])
    assert json.loads(messages[0])["segments"][0]["type"] == "thinking"


def test_a_result_may_end_in_another_spelling(caller: Caller) -> None:
    """`finishReason`, and the usage as JSON text; in the terminal frame as well."""
    caller.server.faults = {"drift": "content_ends", "finish_reason": "length"}
    content = caller.finish(CHAT, prompt="Why?")["outputs"][0]["content"]
    assert content["finishReason"] == "length"
    assert json.loads(content["usage"])["prompt_tokens"] == 1
    assert not content["answer"][0].endswith("costs nothing.")
    last = caller.frames(CHAT, {"drift": "content_message"}, prompt="Why?")[-1]
    assert set(last["message"][0]["content"]) == {"message"}


@pytest.mark.parametrize(
    ("drift", "kind"), [("content_message", dict), ("content_text", str), ("content_debug", None)]
)
def test_a_text_takes_other_places(caller: Caller, drift: str, kind: type | None) -> None:
    """As a message, as plain text, or in debugoutput beside no outputs at all."""
    receipt = caller.run(CHAT)
    answer = caller.wait_until_settled(receipt)["outputs"][0]["content"]["answer"][0]
    caller.server.faults = {"drift": drift}
    task = caller.detail(receipt)
    content = task["outputs"][0]["content"] if kind else task["debugoutput"]
    assert answer == (content["message"] if kind is dict else content)


def test_all_drifts_at_once_keep_the_facts(caller: Caller) -> None:
    """Of kinds that exclude each other every reply takes one; the task still ends well."""
    caller.server.faults = {"drift": "all"}
    receipt = caller.run()
    body = {"taskid": str(receipt["taskid"])}
    for _ in range(50):
        text = caller.post("Task/Detail", body).text
        if '"task_postprocess_end"' in text:
            break
    caller.server.faults = None
    assert caller.wait_until_settled(body)["pexit"] == "0"


@pytest.mark.parametrize("drift", sorted(set(DRIFTS) - set(CHANGING)))
def test_every_drift_can_be_run_with(caller: Caller, drift: str) -> None:
    """No kind breaks the sandbox itself, before or after the end."""
    frames = caller.frames(FLUX, {"drift": drift})
    assert frames[-1]["type"] == "task_postprocess_end"
    assert caller.post("Task/List").status_code == 200
