"""Events as lines of the log."""

from dataclasses import replace

import pytest

from wiro_widgets.protocol.detail import FINISHED
from wiro_widgets.protocol.events import (
    STAGES,
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
from wiro_widgets.protocol.state import TaskState, advance
from wiro_widgets.protocol.text.text_content import TextContent
from wiro_widgets.widget.wire.log_rows import MAX_LINES, MAX_TEXT, missing_rows, rows, shorten


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Log("output", "one line", 0), [("output", "one line")]),
        (Log("error", "on stderr", 0), [("stderr", "on stderr")]),
        (
            Log("output", "two\nlines\r\nand a third\n", 0),
            [("output", "two"), ("output", "lines"), ("output", "and a third")],
        ),
        (Log("output", "", 0), [("output", "")]),
        (Log("output", "all of it again", 0, full=True), []),
        (Lifecycle("task_queue", 0), [("queue", "Waiting for a worker")]),
        (Lifecycle("task_cancel", 0), [("cancel", "Stopped")]),
        (Progress(0, 0.5, 10, 20, "2.5 it/s"), [("progress", "step 10 of 20, 2.5 it/s")]),
        (Progress(0, 0.333), [("progress", "33 %")]),
        (Progress(0), [("progress", "0 %")]),
        (TextSnapshot(TextContent(answer=("abc",)), 0), [("text", "3 characters so far")]),
        (Outputs((), 0), [("finish", "Finished")]),
        (Outputs((OutputInfo("0.png"),), 0), [("finish", "1 output")]),
        (Outputs((OutputInfo("0.png"), OutputInfo("1.png")), 0), [("finish", "2 outputs")]),
        (Notice("trying again", 0), [("note", "trying again")]),
        (Notice("lost", 0, "error"), [("error", "lost")]),
        (Unknown("task_dance", 0, "x"), [("note", "task_dance x")]),
        (Unknown("invalid", 0), [("note", "invalid")]),
    ],
    ids=str,
)
def test_an_event_in_words(event: TaskEvent, expected: list[tuple[str, str]]) -> None:
    """Each event is a line, or the lines of its text, or none if it repeats earlier lines."""
    assert list(rows(event)) == expected


@pytest.mark.parametrize(
    "stage", [stage for stage in STAGES if not stage.endswith("_full") and stage != FINISHED]
)
def test_every_stage_has_words(stage: str) -> None:
    """No stage of a task is shown by its name on the wire."""
    [(kind, text)] = rows(Lifecycle(stage, 0))
    assert (kind == "note", text == stage) == (False, False)


def test_long_lines_are_cut() -> None:
    """A line has a maximum length."""
    assert [len(text) for _, text in rows(Log("output", "x" * 100_000, 0))] == [MAX_TEXT + 3]
    assert shorten("x" * MAX_TEXT) == "x" * MAX_TEXT


def test_many_lines_are_cut() -> None:
    """One event has a maximum of lines."""
    assert len(list(rows(Log("output", "x\n" * 10_000, 0)))) == MAX_LINES


def test_lines_that_the_socket_left_out() -> None:
    """The lines of a stream that the socket left out come from Task/Detail; other streams are not repeated."""
    state_before = advance(TaskState(), Log("output", "seen", 1.0))
    state = replace(state_before, output_text="seen\nnot repeated", error_text="Traceback\nRuntimeError: no")
    assert list(missing_rows(state)) == [("stderr", "Traceback"), ("stderr", "RuntimeError: no")]
