"""The words of a run: its status, its price, what went wrong. The page and the static card show them as they are."""

from __future__ import annotations

from collections.abc import Sequence

from wiro_widgets.protocol.errors import (
    ApiError,
    BudgetExceeded,
    InvalidParameter,
    OutputError,
    RunOutcomeUnknown,
    SetUpFailed,
    TaskCancelled,
    TaskFailed,
    WiroError,
)
from wiro_widgets.protocol.state import Status, TaskState
from wiro_widgets.protocol.text.text_content import CUT_OFF, cut_off_reason
from wiro_widgets.render.run_words import STATUS_WORDS, UNKNOWN, count, join_facts, price, seconds
from wiro_widgets.widget.wire.messages import Choice

_PLACEHOLDER: dict[Status, str] = {
    "succeeded": "The run ended without a result",
    "cancelled": "Stopped before there was a result",
    "failed": "The run failed",
    "unknown": UNKNOWN,
}
_ERROR_TITLES: tuple[tuple[type[WiroError], str], ...] = (
    (RunOutcomeUnknown, UNKNOWN),
    (BudgetExceeded, "This would exceed the budget"),
    (ApiError, "Wiro refused"),
    (WiroError, "This did not work"),
)
_MAX_NOTE = 500  # characters, the last ones, of Wiro's report on a failed set-up
_THOUSAND = 1000


def status_label(status: Status, elapsed: float) -> str:
    """Return the word for a status; a run that is done has its time too."""
    return join_facts("Done", seconds(elapsed)) if status == "succeeded" else STATUS_WORDS[status]


def run_line(status: Status, fraction: float | None, cost: float | None) -> str:
    """Return the end of a line in the list of runs: the progress, the cost or the status."""
    if status == "running" and fraction is not None:
        return f"{fraction:.0%}"
    if status == "succeeded" and cost is not None:
        return price(cost).capitalize()
    return STATUS_WORDS[status]


def announcement(
    status: Status,
    elapsed: float,
    *,
    problem: str | None,
    has_answer: bool,
    is_cut_off: bool = False,
    content_types: Sequence[str],
) -> str:
    """Return what a screen reader reads when the status changes.

    `problem` is the title of the notice, `has_answer` is for a language model, and `content_types` has one for each
    output.
    """
    if status == "idle":
        return ""
    if status == "failed" and problem:
        return f"Failed. {problem}"
    if status != "succeeded":
        return STATUS_WORDS[status]
    if has_answer:
        result = f"{CUT_OFF}." if is_cut_off else "The answer is shown."
    elif content_types:
        pictures = all(item.startswith("image/") for item in content_types)
        result = count(len(content_types), "picture" if pictures else "file")
    else:
        result = ""
    return f"Done in {seconds(elapsed)}. {result}".strip()


def placeholder(status: Status) -> str:
    """Return the text in place of a result."""
    return _PLACEHOLDER.get(status, "Results appear here")


def notice(error: WiroError) -> dict[str, str]:
    """Return the notice of an error: its kind, a title, and a sentence that says what to do."""
    text = str(error)
    if isinstance(error, TaskCancelled):
        return {"kind": "info", "title": "Stopped", "text": text}
    if isinstance(error, SetUpFailed):
        return {"kind": "error", "title": "The set-up failed", "text": text}
    if isinstance(error, TaskFailed):
        code = "" if error.exit_code is None else f" with exit code {error.exit_code}"
        return {"kind": "error", "title": f"The model stopped{code}", "text": text}
    if isinstance(error, OutputError) and error.may_come:
        return {"kind": "info", "title": "Pictures still to come", "text": text}
    if isinstance(error, InvalidParameter):
        return {"kind": "error", "title": f"{error.parameter} needs another value", "text": text}
    title = next(title for kind, title in _ERROR_TITLES if isinstance(error, kind))
    return {"kind": "error", "title": title, "text": text}


def cut_off(finish_reason: str | None) -> str:
    """Return the note under an answer that ended before it was complete; an empty text under any other."""
    reason = cut_off_reason(finish_reason)
    return f"{CUT_OFF}. {reason}" if reason else ""


def choice(name: Choice, run_count: int = 1) -> dict[str, str | None]:
    """Return one thing that the user may do about a run, as a button: its label, its title, and a second question.

    `run_count` is how many runs it concerns.
    """
    several = run_count > 1
    which = f"Send {run_count:,} again" if several else "Send again"
    label, title, confirm = {
        "look": ("Look again", "Looks at Wiro once more for the task. Sends nothing.", None),
        "send": (
            which,
            "Runs it again with the same values. If a task exists already, both are billed.",
            f"{which}? {'They' if several else 'It'} may be billed twice",
        ),
        "close": (
            "It never ran",
            "Closes the run in the history as one that never became a task. Later it may be sent anew.",
            "It never ran? Close it",
        ),
        "fetch": ("Fetch again", "Downloads what is missing. Nothing is billed.", None),
    }[name]
    return {"name": name, "label": label, "title": title, "confirm": confirm}


def retry_notice(state: TaskState) -> dict[str, str] | None:
    """Return the notice of a failed set-up while Wiro tries again."""
    if state.settled or not state.note:
        return None
    return {"kind": "info", "title": "Wiro tries again", "text": state.note.strip()[-_MAX_NOTE:]}


def file_size(size: int) -> str:
    """Return a number of bytes as "202 kB" or "2.3 MB"."""
    if size < _THOUSAND:
        return f"{size} B"
    value, units = size / _THOUSAND, ["kB", "MB", "GB"]
    while value >= _THOUSAND - 0.5 and len(units) > 1:
        value /= _THOUSAND
        units.pop(0)
    return f"{value:.1f} {units[0]}" if value < 10 else f"{value:.0f} {units[0]}"  # noqa: PLR2004 - two figures
