"""Socket frames: every type with every form of its message (docs/protocol.md, Socket)."""

import json

import pytest

from tests.protocol.payload_files import event_of
from wiro_widgets.protocol import events
from wiro_widgets.protocol.events import (
    Frame,
    Lifecycle,
    Log,
    Notice,
    Outputs,
    Progress,
    TaskEvent,
    TextSnapshot,
    Unknown,
)
from wiro_widgets.protocol.replies import OutputInfo
from wiro_widgets.protocol.text.text_content import TextContent

TOKEN = "LighthouseTokenLighthouseToken"
PROGRESS = {
    "type": "progressGenerate",
    "task": "Generate",
    "percentage": "60",
    "stepCurrent": "6",
    "stepTotal": "10",
    "speed": "1.2",
    "speedType": "it/s",
    "elapsedTime": "5s",
    "remainingTime": "3s",
}
SIXTY = Progress(1.0, 0.6, 6, 10, "1.2 it/s", "5s", "3s", "Generate")


@pytest.mark.parametrize(
    "kind",
    [
        "task_queue",
        "task_accept",
        "task_preprocess_start",
        "task_preprocess_end",
        "task_assign",
        "task_start",
        "task_end",
        "task_postprocess_start",
        "task_cancel",
    ],
)
@pytest.mark.parametrize("message", [{}, {"message": None}, {"message": "words"}])
def test_lifecycle(kind: str, message: dict[str, object]) -> None:
    """Each stage is a Lifecycle event, with a null message, without one and with an unexpected one."""
    assert event_of({"type": kind, **message}, 7.0) == Lifecycle(kind, 7.0)


def test_newer_lifecycle_frames_tell_the_outcome() -> None:
    """`success` and `exitCode` in any spelling."""
    event = event_of({"type": "task_end", "success": "true", "exitCode": "0"})
    assert event == Lifecycle("task_end", 0.0, success=True, exit_code=0)


@pytest.mark.parametrize("message", [PROGRESS, json.dumps(PROGRESS)])
def test_progress_as_object_or_json_text(message: object) -> None:
    """Numbers as text become numbers, sixty percent a fraction."""
    assert event_of({"type": "task_output", "message": message}, 1.0) == SIXTY


def test_progress_as_numbers() -> None:
    """The same with real numbers."""
    message = PROGRESS | {"percentage": 60, "stepCurrent": 6, "stepTotal": 10.0, "speed": 1.2}
    assert event_of({"type": "task_output", "message": message}, 1.0) == SIXTY


@pytest.mark.parametrize(
    ("message", "fraction"),
    [
        ({"stepCurrent": "5", "stepTotal": "20"}, 0.25),
        ({"percentage": "garbage", "stepCurrent": 1, "stepTotal": 2}, 0.5),
        ({"percentage": 250}, 1.0),
        ({"percentage": "-5"}, 0.0),
        ({"percentage": None, "stepCurrent": 3, "stepTotal": 0}, None),
        ({"percentage": None, "stepCurrent": "1" + "0" * 400, "stepTotal": "1"}, None),
        ({"type": "progressLoad", "task": "Load"}, None),
    ],
)
def test_the_fraction(message: dict[str, object], fraction: float | None) -> None:
    """The percentage, else the steps; from 0 to 1, or None if unknown."""
    event = event_of({"type": "task_output", "message": message})
    assert isinstance(event, Progress)
    assert event.fraction == fraction


@pytest.mark.parametrize("text", ["loading weights", "", "{not json", "[1/20] sampling", " {}", "60%"])
def test_output_text_is_a_log_line(text: str) -> None:
    """A string is a log line, even if it begins like JSON."""
    assert event_of({"type": "task_output", "message": text}) == Log("output", text, 0.0)


@pytest.mark.parametrize(
    ("message", "text"),
    [(None, ""), (5, "5"), (True, "true"), (["a"], '["a"]'), ({"loss": 1}, '{"loss": 1}')],
)
def test_output_of_other_types_is_a_log_line(message: object, text: str) -> None:
    """Every output of a model is kept."""
    assert event_of({"type": "task_output", "message": message}) == Log("output", text, 0.0)


def test_stderr_is_a_log_line() -> None:
    """`task_error` on the socket is a line of stderr and ends nothing."""
    event = event_of({"type": "task_error", "message": "warning: slow"})
    assert event == Log("error", "warning: slow", 0.0)
    assert event.type == "task_error"


@pytest.mark.parametrize(("kind", "stream"), [("task_output_full", "output"), ("task_error_full", "error")])
@pytest.mark.parametrize("message", [{"raw": "all of it"}, '{"raw": "all of it"}', "all of it"])
def test_full_logs(kind: str, stream: str, message: object) -> None:
    """The whole stream in `raw`, or by itself."""
    event = event_of({"type": kind, "message": message})
    assert isinstance(event, Log)
    assert (event.stream, event.text, event.full, event.type) == (stream, "all of it", True, kind)


@pytest.mark.parametrize(
    "message", [{}, {"message": None}, {"message": {}}, {"message": []}, {"message": {"raw": None}}]
)
def test_full_logs_without_text(message: dict[str, object]) -> None:
    """Newer frames leave the text out."""
    assert event_of({"type": "task_output_full", **message}) == Log("output", "", 0.0, full=True)


def test_long_texts_are_cut() -> None:
    """A line keeps its beginning; a whole log keeps its end, where the error stands."""
    long = "a" + "x" * events.MAX_TEXT + "z"
    line, whole = (
        event_of({"type": "task_error", "message": long}),
        event_of({"type": "task_error_full", "message": long}),
    )
    assert isinstance(line, Log)
    assert isinstance(whole, Log)
    assert (len(line.text), line.text[0]) == (events.MAX_TEXT, "a")
    assert (len(whole.text), whole.text[-1]) == (events.MAX_TEXT, "z")


def test_the_end_lists_the_outputs() -> None:
    """`task_postprocess_end` has the outputs in its message."""
    item = {"name": "0.png", "contenttype": "image/png", "size": "5", "url": "https://f.example/0.png"}
    event = event_of({"type": "task_postprocess_end", "message": [item], "exitCode": 0})
    assert event == Outputs(
        (OutputInfo("0.png", "image/png", 5, "https://f.example/0.png"),), 0.0, exit_code=0
    )


@pytest.mark.parametrize(
    "message", [{}, {"message": None}, {"message": []}, {"message": "done"}, {"message": {}}]
)
def test_the_end_without_outputs(message: dict[str, object]) -> None:
    """It is still the end."""
    assert event_of({"type": "task_postprocess_end", **message}) == Outputs((), 0.0)


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "task_stream_ready"},
        {"type": "task_stream_end", "message": None},
        {"type": "task_cost", "message": {"turnCost": "0.01", "cumulativeCost": 0.02, "usage": {}}},
        {"type": "task_teleport", "message": ["what"]},
    ],
)
def test_unknown_types_pass_through(frame: dict[str, object]) -> None:
    """Realtime frames and future types are events with their own name."""
    event = event_of(frame)
    assert isinstance(event, Unknown)
    assert event.type == frame["type"]


@pytest.mark.parametrize("kind", [None, [], {}, ""])
def test_a_frame_without_a_type_is_untyped(kind: object) -> None:
    """It is shown, not dropped."""
    assert event_of({"type": kind, "message": "hello"}) == Unknown("untyped", 0.0, "hello")
    assert event_of({"message": "hello"}) == Unknown("untyped", 0.0, "hello")


@pytest.mark.parametrize(
    "data", ["", "ping", "[]", "5", "null", '{"type":', "[" * 100_000, b"token|\x00\x01\xff", b"\xff"]
)
def test_other_data_is_no_frame(data: str | bytes) -> None:
    """Text, other JSON, cut JSON, deep nesting and the binary frames of realtime models."""
    assert events.parse_frame(data) is None


def test_unreadable_data_is_an_event_with_its_beginning() -> None:
    """The beginning of the data is reported."""
    assert events.unreadable("server restarts", 5.0) == Unknown("invalid", 5.0, "server restarts")
    assert len(events.unreadable("word " * 1000, 5.0).text) == 200
    assert events.unreadable(b"token|\x00\x01", 5.0) == Unknown("invalid", 5.0, "8 bytes")


def test_unreadable_data_shows_no_token() -> None:
    """A cut frame, or a text frame of a realtime model, can begin with a token."""
    for data in (
        f'{{"type": "task_output", "tasktoken": "{TOKEN}", "mess',
        f"{TOKEN}|AAAA",
        '{"tasktoken":"short1","',
    ):
        excerpt = events.unreadable(data, 0.0).text
        assert TOKEN not in excerpt
        assert "short1" not in excerpt


def test_an_unknown_message_shows_no_token() -> None:
    """An unknown message is shown without anything like a token."""
    event = event_of({"type": "task_hello", "message": {"socketaccesstoken": TOKEN, "n": 1}})
    assert isinstance(event, Unknown)
    assert TOKEN not in event.text


def test_a_frame_shows_nothing() -> None:
    """Its repr shows no field."""
    assert repr(Frame({"tasktoken": TOKEN})) == "Frame()"


def test_words_beside_a_progress_bar_are_words() -> None:
    """A long label is cut."""
    words = dict.fromkeys(("task", "speed", "speedType", "elapsedTime", "remainingTime"), "w" * 1_000_000)
    event = event_of(
        {"type": "task_output", "message": {"type": "progressGenerate", "percentage": 5, **words}}
    )
    assert isinstance(event, Progress)
    assert max(map(len, (event.label or "", event.elapsed or "", event.remaining or ""))) == 200
    assert len(event.speed or "") <= 401


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Lifecycle("task_start", 1.0), "<Lifecycle task_start>"),
        (Lifecycle("task_end", 1.0, exit_code=1), "<Lifecycle task_end, exit code 1>"),
        (Log("error", "Loading\nweights", 1.0), "<Log error: Loading weights>"),
        (Log("output", "x" * 500, 1.0, full=True), "<Log output, 500 characters>"),
        (SIXTY, "<Progress 60%, step 6 of 10, 1.2 it/s, 3s left>"),
        (Progress(1.0), "<Progress of unknown extent>"),
        (TextSnapshot(TextContent(answer=("It is",)), 1.0), "<TextSnapshot 5 characters: It is>"),
        (
            TextSnapshot(TextContent(answer=("a" * 40 + "b" * 40,)), 1.0),
            f"<TextSnapshot 80 characters: ...{'b' * 40}>",
        ),
        (
            Outputs((OutputInfo("0.png", url="https://example.com/0.png?key=secret"),), 1.0),
            "<Outputs 1: 0.png>",
        ),
        (Unknown("task_new", 1.0, "x"), "<Unknown task_new x>"),
        (Notice("connecting again", 1.0, "warning"), "<Notice warning: connecting again>"),
        (Log("output", "y" * 500, 1.0), f"<Log output: {'y' * 69}...>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_repr_is_one_short_line(event: TaskEvent, text: str) -> None:
    """It says what happened, and no address, which may hold a key."""
    assert repr(event) == text
