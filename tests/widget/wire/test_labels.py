"""The words of a panel: its lines, its notices, and what it announces."""

import pytest

from wiro_widgets import (
    ApiError,
    ConfigurationError,
    InvalidParameter,
    OutputError,
    RunOutcomeUnknown,
    SetUpFailed,
    TaskCancelled,
    TaskFailed,
    TransportError,
    WiroError,
)
from wiro_widgets.protocol.state import Status
from wiro_widgets.widget.wire import labels

DOT = "\N{MIDDLE DOT}"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("idle", "Ready"),
        ("running", "Running"),
        ("succeeded", f"Done {DOT} 18.2 s"),
        ("cancelled", "Stopped"),
    ],
)
def test_the_word_for_a_status(status: Status, text: str) -> None:
    """One word, and the time of a run that is done."""
    assert labels.status_label(status, 18.2) == text


@pytest.mark.parametrize(
    ("status", "fraction", "cost", "text"),
    [
        ("running", 0.42, None, "42%"),
        ("running", None, None, "Running"),
        ("queued", 0.42, None, "Queued"),
        ("succeeded", 1.0, 0.00351, "$0.00351"),
        ("succeeded", 1.0, 0.0, "Free"),
        ("succeeded", 1.0, None, "Done"),
        ("failed", None, 0.0, "Failed"),
    ],
)
def test_a_line_of_the_list(status: Status, fraction: float | None, cost: float | None, text: str) -> None:
    """The progress, or the cost."""
    assert labels.run_line(status, fraction, cost) == text


@pytest.mark.parametrize(
    ("status", "problem", "has_answer", "content_types", "text"),
    [
        ("idle", None, False, [], ""),
        ("running", None, False, [], "Running"),
        ("failed", "The model stopped", False, [], "Failed. The model stopped"),
        ("failed", None, False, [], "Failed"),
        ("succeeded", None, True, ["raw"], "Done in 18.2 s. The answer is shown."),
        ("succeeded", None, False, ["image/png"], "Done in 18.2 s. 1 picture"),
        ("succeeded", None, False, ["image/png", "image/webp"], "Done in 18.2 s. 2 pictures"),
        ("succeeded", None, False, ["image/png", "video/mp4"], "Done in 18.2 s. 2 files"),
        ("succeeded", None, False, [], "Done in 18.2 s."),
    ],
)
def test_the_announcement_for_screen_readers(
    status: Status, problem: str | None, has_answer: bool, content_types: list[str], text: str
) -> None:
    """The outcome and the results in a sentence; nothing before the first run."""
    announcement = labels.announcement(
        status, 18.2, problem=problem, has_answer=has_answer, content_types=content_types
    )
    assert announcement == text


@pytest.mark.parametrize(
    ("error", "kind", "title"),
    [
        (TaskCancelled(task_id="1"), "info", "Stopped"),
        (TaskFailed(task_id="1", exit_code=3, error_text="x"), "error", "The model stopped with exit code 3"),
        (TaskFailed(task_id="1", exit_code=None, error_text="x"), "error", "The model stopped"),
        (SetUpFailed(task_id="1", patience=600, error_text="x"), "error", "The set-up failed"),
        (InvalidParameter("steps", "is wrong"), "error", "steps needs another value"),
        (
            RunOutcomeUnknown("a/b", "x", journal_id=None),
            "error",
            "Unknown: a task may exist",
        ),
        (ApiError("no"), "error", "Wiro refused"),
        (TransportError("x", endpoint="/Run", safe_to_retry=True), "error", "This did not work"),
        (ConfigurationError("no key"), "error", "This did not work"),
        (OutputError("is gone"), "error", "This did not work"),
        (WiroError("x"), "error", "This did not work"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_notice(error: WiroError, kind: str, title: str) -> None:
    """Every error has a title, and its own text."""
    assert labels.notice(error) == {"kind": kind, "title": title, "text": str(error)}
